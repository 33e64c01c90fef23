//! DeleteGroups (key 42, versions 0 to 2): empty groups and all their offsets go.

use bytes::Bytes;
use headwater_protocol::messages::delete_groups::{
    DeletableGroupResult, DeleteGroupsRequest, DeleteGroupsResponse,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::ask_each;
use crate::api::access::Allowed;
use crate::api::{Context, Origin, Step, Work};
use crate::broker::groups::rpc::admin::DeleteGroups;
use crate::broker::groups::rpc::{Answer, Request};

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = DeleteGroupsRequest::decode(r, origin.version)?;
    let names = &request.groups_names;
    let one = |n: usize| Request::DeleteGroups(DeleteGroups { groups: vec![names[n].to_owned()] });
    Ok(ask_each(origin, context, names, one, |origin, answers| {
        let results = answers.into_iter().flat_map(|answer| match answer {
            Answer::DeleteGroups(groups) => groups,
            _ => unreachable!("deletions were asked for"),
        });
        let result = |(group_id, error_code): (String, _)| DeletableGroupResult {
            group_id: group_id.into(),
            error_code,
        };
        let results = results.map(result).collect();
        let response = DeleteGroupsResponse { throttle_time_ms: 0, results };
        origin.reply(|w| response.encode(w, origin.version))
    }))
}
