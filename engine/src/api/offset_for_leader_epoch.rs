//! OffsetForLeaderEpoch (key 23, versions 2 to 4): where a leader epoch ended (KIP-320).
//!
//! Every start of the broker raises the epoch of all partitions, and a consumer that was here before asks whether what
//! it has read is still there.
//!
//! * The end of the current epoch is the log's; that of an older one is where the next began; of a later one nothing is
//!   known: -1.
//! * A client that knows another leader epoch than the current one is told so.
//! * A partition that is mentioned again is an invalid request: each is a search in files.

use std::collections::HashSet;

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::offset_for_leader_epoch::{
    OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, OffsetForLeaderPartitionResult,
    OffsetForLeaderTopicResult,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::access::Allowed;
use super::admin::asked;
use super::{Context, Origin, Step, Work};
use crate::shard::letters::{Answer, Ask};

/// Results by topic.
type Results = Vec<(String, Vec<OffsetForLeaderPartitionResult>)>;

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = OffsetForLeaderEpochRequest::decode(r, origin.version)?;
    let mut seen = HashSet::new();
    let (mut asks, mut places) = (Vec::new(), Vec::new());
    let mut results = Results::new();
    for sent in &request.topics {
        let mut partitions = Vec::new();
        for asked in &sent.partitions {
            let index = asked.partition;
            let mut result =
                OffsetForLeaderPartitionResult { partition: index, ..Default::default() };
            match context.catalog.by_name(sent.topic).filter(|topic| topic.has(index)) {
                _ if !seen.insert((sent.topic, index)) => {
                    result.error_code = ErrorCode::InvalidRequest;
                }
                None => result.error_code = ErrorCode::UnknownTopicOrPartition,
                Some(topic) => {
                    places.push((results.len(), partitions.len()));
                    let ask = Ask::EpochEnd {
                        partition: topic.key(index),
                        known: asked.current_leader_epoch,
                        epoch: asked.leader_epoch,
                    };
                    asks.push((topic.shard(index, context.node.shards), ask));
                }
            }
            partitions.push(result);
        }
        results.push((sent.topic.to_owned(), partitions));
    }
    Ok(asked::ask(origin, asks, move |origin, answers| respond(origin, results, &places, answers)))
}

fn respond(
    origin: Origin,
    mut results: Results,
    places: &[(usize, usize)],
    answers: Vec<Answer>,
) -> Step {
    for ((topic, partition), answer) in places.iter().zip(answers) {
        let result = &mut results[*topic].1[*partition];
        match answer {
            Answer::EpochEnd(Ok(None)) => {}
            Answer::EpochEnd(Ok(Some(found))) => {
                result.leader_epoch = found.epoch.0;
                result.end_offset = found.end.0;
            }
            Answer::EpochEnd(Err(refusal)) => result.error_code = refusal.code(),
            _ => unreachable!("ends of epochs were asked for"),
        }
    }
    let topics = results
        .into_iter()
        .map(|(topic, partitions)| OffsetForLeaderTopicResult { topic: topic.into(), partitions });
    let response = OffsetForLeaderEpochResponse { throttle_time_ms: 0, topics: topics.collect() };
    origin.reply(|w| response.encode(w, origin.version))
}
