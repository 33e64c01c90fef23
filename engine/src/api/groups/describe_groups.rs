//! DescribeGroups (key 15, versions 0 to 6): state and members of classic groups.

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::describe_groups::{
    DescribeGroupsRequest, DescribeGroupsResponse, DescribedGroup, DescribedGroupMember,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::ask_each;
use crate::api::access::Allowed;
use crate::api::{Context, OPERATIONS_NOT_ASKED, Origin, Step, Work};
use crate::broker::groups::rpc::admin::{self, DescribeGroups};
use crate::broker::groups::rpc::{Answer, Request};

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = DescribeGroupsRequest::decode(r, origin.version)?;
    let one = |n: usize| {
        Request::DescribeGroups(DescribeGroups { groups: vec![request.groups[n].to_owned()] })
    };
    Ok(ask_each(origin, context, &request.groups, one, |origin, answers| {
        let groups = answers.into_iter().flat_map(|answer| match answer {
            Answer::DescribeGroups(groups) => groups,
            _ => unreachable!("descriptions were asked for"),
        });
        let groups = groups.map(|group| described(group, origin.version)).collect();
        let response = DescribeGroupsResponse { throttle_time_ms: 0, groups };
        origin.reply(|w| response.encode(w, origin.version))
    }))
}

fn described(group: admin::DescribedGroup, version: i16) -> DescribedGroup<'static> {
    let error_code = match group.error_code {
        // Until version 6 a group that is not there was a dead one.
        ErrorCode::GroupIdNotFound if version < 6 => ErrorCode::None,
        code => code,
    };
    let members = group.members.into_iter().map(|member| DescribedGroupMember {
        member_id: member.member_id.into(),
        group_instance_id: member.group_instance_id.map(Into::into),
        client_id: member.client_id.into(),
        client_host: member.client_host.into(),
        member_metadata: Vec::from(member.member_metadata).into(),
        member_assignment: Vec::from(member.member_assignment).into(),
    });
    DescribedGroup {
        error_code,
        error_message: group.error_message.map(Into::into),
        group_id: group.group_id.into(),
        group_state: group.group_state.into(),
        protocol_type: group.protocol_type.into(),
        protocol_data: group.protocol_data.into(),
        members: members.collect(),
        authorized_operations: OPERATIONS_NOT_ASKED,
    }
}
