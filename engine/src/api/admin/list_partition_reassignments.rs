//! ListPartitionReassignments (key 46, version 0): partitions on their way to other nodes; on one node there are none.

use bytes::Bytes;
use headwater_protocol::messages::list_partition_reassignments::{
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use crate::api::access::Allowed;
use crate::api::{Context, Origin, Step, Work};

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    _context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    ListPartitionReassignmentsRequest::decode(r, origin.version)?;
    let response = ListPartitionReassignmentsResponse::default();
    Ok((Work::Done, origin.reply(|w| response.encode(w, origin.version))))
}
