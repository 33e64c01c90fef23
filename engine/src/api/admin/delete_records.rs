//! DeleteRecords (key 21, versions 0 to 2): partitions start at a later offset.
//!
//! * -1 is the high watermark. An offset before the start changes nothing and succeeds; one behind the high
//!   watermark is out of range.
//! * Answered when it is durable. The request's own time limit is not kept: it is a matter of milliseconds.
//! * A topic that is only compacted has its records deleted by key (POLICY_VIOLATION); those of internal topics are
//!   the broker's own.
//! * A partition that is mentioned again is an invalid request.

use std::collections::HashSet;

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::delete_records::{
    DeleteRecordsPartitionResult, DeleteRecordsRequest, DeleteRecordsResponse,
    DeleteRecordsTopicResult, HIGH_WATERMARK,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::asked;
use crate::api::access::Allowed;
use crate::api::{Context, Origin, Step, Work};
use crate::broker::catalog::Topic;
use crate::broker::coordination::is_internal;
use crate::model::Offset;
use crate::shard::letters::{Answer, Ask};

type Results = Vec<DeleteRecordsTopicResult<'static>>;

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = DeleteRecordsRequest::decode(r, origin.version)?;
    let (mut results, mut asks, mut places) = (Results::new(), Vec::new(), Vec::new());
    let mut seen = HashSet::new();
    for sent in &request.topics {
        let mut partitions = Vec::new();
        for partition in &sent.partitions {
            let index = partition.partition_index;
            let is_first = seen.insert((sent.name, index));
            let topic = context.catalog.by_name(sent.name).filter(|topic| topic.has(index));
            let error_code = match topic {
                _ if !is_first => ErrorCode::InvalidRequest,
                None => ErrorCode::UnknownTopicOrPartition,
                Some(topic) => refusal(topic),
            };
            if let (Some(topic), ErrorCode::None) = (topic, error_code) {
                let upto = (partition.offset != HIGH_WATERMARK).then_some(Offset(partition.offset));
                let ask = Ask::DeleteRecords { partition: topic.key(index), upto };
                asks.push((topic.shard(index, context.node.shards), ask));
                places.push((results.len(), partitions.len()));
            }
            partitions.push(DeleteRecordsPartitionResult {
                partition_index: index,
                low_watermark: -1,
                error_code,
            });
        }
        results.push(DeleteRecordsTopicResult { name: sent.name.to_owned().into(), partitions });
    }
    Ok(asked::ask(origin, asks, move |origin, answers| respond(origin, results, &places, answers)))
}

/// Why no records of a topic can be deleted.
fn refusal(topic: &Topic) -> ErrorCode {
    match (is_internal(&topic.name), topic.config.cleanup_delete) {
        (true, _) => ErrorCode::InvalidTopic,
        (false, false) => ErrorCode::PolicyViolation,
        (false, true) => ErrorCode::None,
    }
}

fn respond(
    origin: Origin,
    mut topics: Results,
    places: &[(usize, usize)],
    answers: Vec<Answer>,
) -> Step {
    for (&(topic, partition), answer) in places.iter().zip(answers) {
        let result = &mut topics[topic].partitions[partition];
        match answer {
            Answer::LogStart(Ok(start)) => result.low_watermark = start.0,
            Answer::LogStart(Err(refusal)) => result.error_code = refusal.code(),
            _ => unreachable!("a start was asked for"),
        }
    }
    let response = DeleteRecordsResponse { throttle_time_ms: 0, topics };
    origin.reply(|w| response.encode(w, origin.version))
}
