//! FindCoordinator (key 10, versions 0 to 6): who keeps the state of a group or transactional id.
//!
//! Nobody yet: groups and transactions are not served, so every key is answered with
//! `COORDINATOR_NOT_AVAILABLE`, which clients take for "try again later". The API is on offer because
//! librdkafka decides by it whether a broker understands lz4.

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::find_coordinator::{
    Coordinator, FindCoordinatorRequest, FindCoordinatorResponse,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::access::Allowed;
use super::{Context, Origin, Step, Work};

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    _context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = FindCoordinatorRequest::decode(r, origin.version)?;
    let coordinators = request.keys.iter().map(|key| Coordinator {
        key: (*key).into(),
        node_id: -1,
        port: -1,
        error_code: ErrorCode::CoordinatorNotAvailable,
        error_message: Some("groups and transactions are not served yet".into()),
        ..Coordinator::default()
    });
    let response =
        FindCoordinatorResponse { throttle_time_ms: 0, coordinators: coordinators.collect() };
    Ok((Work::Done, origin.reply(|w| response.encode(w, origin.version))))
}
