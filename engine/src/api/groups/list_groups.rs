//! ListGroups (key 16, versions 0 to 5): all groups, from all coordinators.

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::list_groups::{
    ListGroupsRequest, ListGroupsResponse, ListedGroup,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::answer;
use crate::api::access::Allowed;
use crate::api::{Context, Origin, Step, Work, coordinated};
use crate::broker::coordination::{Kind, Question, Reply, Spread};
use crate::broker::groups::rpc::admin::ListGroups;
use crate::broker::groups::rpc::{Answer, Request};

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = ListGroupsRequest::decode(r, origin.version)?;
    let texts = |filter: &[&str]| filter.iter().map(|&text| text.to_owned()).collect();
    let list = ListGroups {
        states_filter: texts(&request.states_filter),
        types_filter: texts(&request.types_filter),
    };
    let questions = match Spread::of(context.catalog, Kind::Groups, context.node.shards) {
        Some(groups) => groups.ask_all(|n| Question::Groups(n, Request::ListGroups(list.clone()))),
        None => Vec::new(),
    };
    Ok(coordinated::ask(origin, questions, respond))
}

fn respond(origin: Origin, replies: Vec<Reply>) -> Step {
    let groups = replies.into_iter().map(answer).flat_map(|answer| match answer {
        Answer::ListGroups(groups) => groups,
        _ => unreachable!("lists were asked for"),
    });
    let groups = groups.map(|group| ListedGroup {
        group_id: group.group_id.into(),
        protocol_type: group.protocol_type.into(),
        group_state: group.group_state.into(),
        group_type: group.group_type.into(),
    });
    let (error_code, groups) = (ErrorCode::None, groups.collect());
    let response = ListGroupsResponse { throttle_time_ms: 0, error_code, groups };
    origin.reply(|w| response.encode(w, origin.version))
}
