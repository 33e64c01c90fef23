//! ListOffsets (key 2, versions 0 to 11): offsets by time.
//!
//! * -2 earliest, -1 latest (the high watermark; the last stable offset for read_committed), -3 that of the highest timestamp, a time in
//!   milliseconds: the first record at or after it, to the record.
//! * -4 (earliest local) equals earliest; -5 (tiered) and -6 (to be uploaded) answer none: nothing is
//!   tiered.
//! * A partition that is mentioned again is an invalid request.

use std::collections::HashSet;

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::list_offsets::{
    EARLIEST_LOCAL_TIMESTAMP, EARLIEST_TIMESTAMP, LATEST_TIMESTAMP, ListOffsetsPartitionResponse,
    ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopicResponse, MAX_TIMESTAMP,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::access::Allowed;
use super::{Context, Origin, Step, Work};
use crate::shard::letters::{Answer, Ask, Isolation, OffsetAt};

/// A request in progress.
pub struct Call {
    origin: Origin,
    topics: Vec<(String, Vec<ListOffsetsPartitionResponse>)>,
    parts: Vec<(usize, usize)>,
}

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = ListOffsetsRequest::decode(r, origin.version)?;
    let mut call = Call { origin, topics: Vec::new(), parts: Vec::new() };
    let mut asks = Vec::new();
    // A look by time reads a file: one for each partition, however often a request mentions it.
    let mut seen = HashSet::new();
    for sent in &request.topics {
        let mut partitions = Vec::new();
        for partition in &sent.partitions {
            let index = partition.index;
            let mut response = nothing(index);
            let topic = context.catalog.by_name(sent.name).filter(|topic| topic.has(index));
            match (topic, offset_at(partition.timestamp)) {
                _ if !seen.insert((sent.name, index)) => {
                    response.error_code = ErrorCode::InvalidRequest
                }
                (None, _) => response.error_code = ErrorCode::UnknownTopicOrPartition,
                (Some(_), None) => {}
                (Some(topic), Some(at)) => {
                    call.parts.push((call.topics.len(), partitions.len()));
                    let ask = Ask::Offset {
                        partition: topic.key(index),
                        at,
                        epoch: partition.current_leader_epoch,
                        isolation: Isolation::of(request.isolation_level),
                    };
                    asks.push((topic.shard(index, context.node.shards), ask));
                }
            }
            partitions.push(response);
        }
        call.topics.push((sent.name.to_owned(), partitions));
    }
    if asks.is_empty() {
        let step = call.reply();
        return Ok((Work::ListOffsets(call), step));
    }
    Ok((Work::ListOffsets(call), Step::Ask(asks)))
}

fn nothing(index: i32) -> ListOffsetsPartitionResponse {
    ListOffsetsPartitionResponse {
        index,
        error_code: ErrorCode::None,
        timestamp: -1,
        offset: -1,
        leader_epoch: -1,
    }
}

fn offset_at(timestamp: i64) -> Option<OffsetAt> {
    match timestamp {
        EARLIEST_TIMESTAMP | EARLIEST_LOCAL_TIMESTAMP => Some(OffsetAt::Start),
        LATEST_TIMESTAMP => Some(OffsetAt::End),
        MAX_TIMESTAMP => Some(OffsetAt::MaxTimestamp),
        0.. => Some(OffsetAt::Time(timestamp)),
        _ => None,
    }
}

impl Call {
    /// One partition has answered.
    pub fn answer(&mut self, part: u32, answer: Answer) {
        let (topic, partition) = self.parts[part as usize];
        let response = &mut self.topics[topic].1[partition];
        match answer {
            Answer::Offset(Ok((hit, epoch))) => {
                if let Some(hit) = hit {
                    response.offset = hit.offset.0;
                    response.timestamp = hit.timestamp_ms;
                    response.leader_epoch = epoch.0;
                }
            }
            Answer::Offset(Err(refusal)) => response.error_code = refusal.code(),
            _ => unreachable!("an offset was asked for"),
        }
    }

    /// The answer.
    pub fn reply(&mut self) -> Step {
        let topics = std::mem::take(&mut self.topics).into_iter();
        let topics = topics
            .map(|(name, partitions)| ListOffsetsTopicResponse { name: name.into(), partitions });
        let response = ListOffsetsResponse { throttle_time_ms: 0, topics: topics.collect() };
        self.origin.reply(|w| response.encode(w, self.origin.version))
    }
}
