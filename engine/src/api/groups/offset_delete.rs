//! OffsetDelete (key 47, version 0): a group forgets offsets of topics that it does not read.

use bytes::Bytes;
use headwater_protocol::messages::offset_delete::{
    OffsetDeletePartitionResult, OffsetDeleteRequest, OffsetDeleteResponse, OffsetDeleteTopicResult,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::ask_one;
use crate::api::access::Allowed;
use crate::api::{Context, Origin, Step, Work};
use crate::broker::groups::rpc::offsets::{Deleted, OffsetDelete};
use crate::broker::groups::rpc::{Answer, Request};

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = OffsetDeleteRequest::decode(r, origin.version)?;
    let topics = request.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| partition.partition_index);
        (topic.name.to_owned(), partitions.collect())
    });
    let group_id = request.group_id.to_owned();
    let delete = OffsetDelete { group_id, topics: topics.collect() };
    let group_id = request.group_id;
    Ok(ask_one(origin, context, group_id, Request::OffsetDelete(delete), |origin, answer| {
        let Answer::OffsetDelete(deleted) = answer else {
            unreachable!("a deletion was asked for")
        };
        respond(origin, deleted)
    }))
}

fn respond(origin: Origin, deleted: Deleted) -> Step {
    let partition =
        |(partition_index, error_code)| OffsetDeletePartitionResult { partition_index, error_code };
    let topics = deleted.topics.into_iter().map(|(name, partitions)| OffsetDeleteTopicResult {
        name: name.into(),
        partitions: partitions.into_iter().map(partition).collect(),
    });
    let response = OffsetDeleteResponse {
        error_code: deleted.error_code,
        throttle_time_ms: 0,
        topics: topics.collect(),
    };
    origin.reply(|w| response.encode(w, origin.version))
}
