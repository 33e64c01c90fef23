//! Heartbeat (key 12, versions 0 to 4): a member of a classic group is alive, and hears when it must
//! join again.

use bytes::Bytes;
use headwater_protocol::messages::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::{ask_one, owned};
use crate::api::access::Allowed;
use crate::api::{Context, Origin, Step, Work};
use crate::broker::groups::rpc::classic::Heartbeat;
use crate::broker::groups::rpc::{Answer, Request};

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = HeartbeatRequest::decode(r, origin.version)?;
    let heartbeat = Heartbeat {
        group_id: request.group_id.to_owned(),
        generation_id: request.generation_id,
        member_id: request.member_id.to_owned(),
        group_instance_id: owned(request.group_instance_id),
    };
    let group_id = request.group_id;
    Ok(ask_one(origin, context, group_id, Request::Heartbeat(heartbeat), |origin, answer| {
        let Answer::Heartbeat(error_code) = answer else { unreachable!("a heartbeat was sent") };
        let response = HeartbeatResponse { throttle_time_ms: 0, error_code };
        origin.reply(|w| response.encode(w, origin.version))
    }))
}
