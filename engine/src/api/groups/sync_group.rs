//! SyncGroup (key 14, versions 0 to 5): the leader of a generation hands in the assignment, everybody
//! gets his part.

use bytes::Bytes;
use headwater_protocol::messages::sync_group::{SyncGroupRequest, SyncGroupResponse};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::{ask_one, owned};
use crate::api::access::Allowed;
use crate::api::{Context, Origin, Step, Work};
use crate::broker::groups::rpc::classic::SyncGroup;
use crate::broker::groups::rpc::{Answer, Request};

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = SyncGroupRequest::decode(r, origin.version)?;
    let assignment =
        |member: &str, bytes: &[u8]| (member.to_owned(), Bytes::copy_from_slice(bytes));
    let assignments =
        request.assignments.iter().map(|one| assignment(one.member_id, one.assignment));
    let sync = SyncGroup {
        group_id: request.group_id.to_owned(),
        generation_id: request.generation_id,
        member_id: request.member_id.to_owned(),
        group_instance_id: owned(request.group_instance_id),
        protocol_type: owned(request.protocol_type),
        protocol_name: owned(request.protocol_name),
        assignments: assignments.collect(),
    };
    let group_id = request.group_id;
    Ok(ask_one(origin, context, group_id, Request::SyncGroup(sync), |origin, answer| {
        let Answer::SyncGroup(synced) = answer else { unreachable!("a sync was asked for") };
        let response = SyncGroupResponse {
            throttle_time_ms: 0,
            error_code: synced.error_code,
            protocol_type: synced.protocol_type.map(Into::into),
            protocol_name: synced.protocol_name.map(Into::into),
            assignment: Vec::from(synced.assignment).into(),
        };
        origin.reply(|w| response.encode(w, origin.version))
    }))
}
