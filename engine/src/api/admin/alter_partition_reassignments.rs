//! AlterPartitionReassignments (key 45, versions 0 and 1): moves partitions to other nodes.
//!
//! There is one: to stay on it is granted, everything else refused, and nothing is ever on its way.

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::alter_partition_reassignments::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, ReassignablePartition,
    ReassignablePartitionResponse, ReassignableTopicResponse,
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
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = AlterPartitionReassignmentsRequest::decode(r, origin.version)?;
    let responses = request.topics.iter().map(|asked| {
        let topic = context.catalog.by_name(asked.name);
        let partitions = asked.partitions.iter().map(|partition| {
            let exists = topic.is_some_and(|topic| topic.has(partition.partition_index));
            reassigned(partition, exists, context.node.id)
        });
        ReassignableTopicResponse { name: asked.name.into(), partitions: partitions.collect() }
    });
    let response = AlterPartitionReassignmentsResponse {
        allow_replication_factor_change: request.allow_replication_factor_change,
        responses: responses.collect(),
        ..Default::default()
    };
    Ok((Work::Done, origin.reply(|w| response.encode(w, origin.version))))
}

fn reassigned(
    asked: &ReassignablePartition,
    exists: bool,
    node_id: i32,
) -> ReassignablePartitionResponse<'static> {
    let refused = match &asked.replicas {
        _ if !exists => Some((ErrorCode::UnknownTopicOrPartition, "there is no such partition")),
        None => Some((ErrorCode::NoReassignmentInProgress, "it is not on its way anywhere")),
        Some(replicas) if *replicas == [node_id] => None,
        Some(_) => {
            Some((ErrorCode::InvalidReplicaAssignment, "assign it to the one node there is"))
        }
    };
    ReassignablePartitionResponse {
        partition_index: asked.partition_index,
        error_code: refused.map_or(ErrorCode::None, |(code, _)| code),
        error_message: refused.map(|(_, why)| why.into()),
    }
}
