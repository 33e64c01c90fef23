//! LeaveGroup (key 13, versions 0 to 5): a member leaves, or an operator removes several (KIP-345).

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::leave_group::{
    LeaveGroupRequest, LeaveGroupResponse, LeavingMemberResult,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::{ask_one, owned};
use crate::api::access::Allowed;
use crate::api::{Context, Origin, Step, Work};
use crate::broker::groups::rpc::classic::{LeaveGroup, Left, MemberIdentity};
use crate::broker::groups::rpc::{Answer, Request};

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = LeaveGroupRequest::decode(r, origin.version)?;
    let members = request.members.iter().map(|member| MemberIdentity {
        member_id: member.member_id.to_owned(),
        group_instance_id: owned(member.group_instance_id),
        reason: owned(member.reason),
    });
    let group_id = request.group_id.to_owned();
    let leave = LeaveGroup { group_id, members: members.collect() };
    let group_id = request.group_id;
    Ok(ask_one(origin, context, group_id, Request::LeaveGroup(leave), |origin, answer| {
        let Answer::LeaveGroup(left) = answer else { unreachable!("a leave was asked for") };
        respond(origin, left)
    }))
}

fn respond(origin: Origin, left: Left) -> Step {
    // Before version 3 there was one member, and its error was that of the request.
    let alone = left.members.first().map_or(ErrorCode::None, |(.., code)| *code);
    let error_code = match left.error_code {
        ErrorCode::None if origin.version < 3 => alone,
        code => code,
    };
    let members = left.members.into_iter().map(|(member, instance, error_code)| {
        let group_instance_id = instance.map(Into::into);
        LeavingMemberResult { member_id: member.into(), group_instance_id, error_code }
    });
    let response =
        LeaveGroupResponse { throttle_time_ms: 0, error_code, members: members.collect() };
    origin.reply(|w| response.encode(w, origin.version))
}
