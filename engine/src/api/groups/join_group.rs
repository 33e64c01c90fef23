//! JoinGroup (key 11, versions 0 to 9): become a member of a classic group, or join its next generation.
//!
//! Answered when the generation begins: that may take as long as the group's slowest member.

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::join_group::{
    JoinGroupMember, JoinGroupRequest, JoinGroupResponse,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::{ask_one, client, owned};
use crate::api::access::Allowed;
use crate::api::{Context, Origin, Step, Work};
use crate::broker::groups::rpc::classic::{JoinGroup, Joined, Protocol};
use crate::broker::groups::rpc::{Answer, Request};

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let version = origin.version;
    let request = JoinGroupRequest::decode(r, version)?;
    let protocol = |name: &str, metadata: &[u8]| Protocol {
        name: name.to_owned(),
        metadata: Bytes::copy_from_slice(metadata),
    };
    let join = JoinGroup {
        group_id: request.group_id.to_owned(),
        session_timeout_ms: request.session_timeout_ms,
        rebalance_timeout_ms: match version {
            0 => request.session_timeout_ms,
            _ => request.rebalance_timeout_ms,
        },
        member_id: request.member_id.to_owned(),
        group_instance_id: owned(request.group_instance_id),
        protocol_type: request.protocol_type.to_owned(),
        protocols: request.protocols.iter().map(|one| protocol(one.name, one.metadata)).collect(),
        reason: owned(request.reason),
        client: client(frame, context),
        requires_known_member_id: version >= 4,
        supports_skipping_assignment: version >= 9,
    };
    let group_id = request.group_id;
    Ok(ask_one(origin, context, group_id, Request::JoinGroup(join), |origin, answer| {
        let Answer::JoinGroup(joined) = answer else { unreachable!("a join was asked for") };
        respond(origin, joined)
    }))
}

fn respond(origin: Origin, joined: Joined) -> Step {
    // Before version 7 the name could not be missing.
    let name = joined.protocol_name.or((origin.version < 7).then(String::new));
    let response = JoinGroupResponse {
        throttle_time_ms: 0,
        error_code: member_error(joined.error_code, origin.version),
        generation_id: joined.generation_id,
        protocol_type: joined.protocol_type.map(Into::into),
        protocol_name: name.map(Into::into),
        leader: joined.leader.into(),
        skip_assignment: joined.skip_assignment,
        member_id: joined.member_id.into(),
        members: joined
            .members
            .into_iter()
            .map(|member| JoinGroupMember {
                member_id: member.member_id.into(),
                group_instance_id: member.group_instance_id.map(Into::into),
                metadata: Vec::from(member.metadata).into(),
            })
            .collect(),
    };
    origin.reply(|w| response.encode(w, origin.version))
}

/// Clients of the first versions do not know that a group may be full.
fn member_error(code: ErrorCode, version: i16) -> ErrorCode {
    match code {
        ErrorCode::GroupMaxSizeReached if version < 4 => ErrorCode::UnknownServerError,
        code => code,
    }
}
