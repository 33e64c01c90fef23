//! OffsetCommit (key 8, versions 2 to 10): how far a group has read.
//!
//! Offsets of topics or partitions that do not exist are refused here; the coordinator judges the rest.

use std::collections::VecDeque;

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::offset_commit::{
    OffsetCommitPartitionResult, OffsetCommitRequest, OffsetCommitResponse, OffsetCommitTopic,
    OffsetCommitTopicResult,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::{ask_one, owned};
use crate::api::access::Allowed;
use crate::api::{Context, Origin, Step, Work};
use crate::broker::catalog::{Catalog, Topic};
use crate::broker::groups::rpc::offsets::{CommitPartition, CommitTopic, Committed, OffsetCommit};
use crate::broker::groups::rpc::{Answer, Request};
use crate::model::TopicId;

/// From this version on topics are named by their ids.
const TOPIC_IDS: i16 = 10;

/// A partition as it was asked about: with the error that it has already, or for the coordinator.
type Judged = (i32, Option<ErrorCode>);

/// A topic of the request.
struct Asked {
    name: String,
    topic_id: TopicId,
    partitions: Vec<Judged>,
}

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let version = origin.version;
    let request = OffsetCommitRequest::decode(r, version)?;
    let mut asked = Vec::with_capacity(request.topics.len());
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in &request.topics {
        let (judged, commit) = judge(topic, version, context.catalog);
        asked.push(judged);
        topics.extend(commit);
    }
    let commit = OffsetCommit {
        group_id: request.group_id.to_owned(),
        generation_id_or_member_epoch: request.generation_id_or_member_epoch,
        member_id: request.member_id.to_owned(),
        group_instance_id: owned(request.group_instance_id),
        retention_time_ms: request.retention_time_ms,
        topics,
        knows_member_epochs: version >= 9,
    };
    if commit.topics.is_empty() {
        return Ok((Work::Done, respond(origin, asked, Committed { topics: Vec::new() })));
    }
    let (group_id, commit) = (request.group_id, Request::OffsetCommit(commit));
    Ok(ask_one(origin, context, group_id, commit, |origin, answer| {
        let Answer::OffsetCommit(committed) = answer else {
            unreachable!("a commit was asked for")
        };
        respond(origin, asked, committed)
    }))
}

/// What of a topic is refused at once, and what is for the coordinator.
fn judge(
    topic: &OffsetCommitTopic<'_>,
    version: i16,
    catalog: &Catalog,
) -> (Asked, Option<CommitTopic>) {
    let (found, unknown) = match version {
        TOPIC_IDS.. => (catalog.by_id(topic.topic_id), ErrorCode::UnknownTopicId),
        _ => (catalog.by_name(topic.name), ErrorCode::UnknownTopicOrPartition),
    };
    let error = |index| match found {
        None => Some(unknown),
        Some(found) if !found.has(index) => Some(ErrorCode::UnknownTopicOrPartition),
        Some(_) => None,
    };
    let indexes = topic.partitions.iter().map(|partition| partition.partition_index);
    let asked = Asked {
        name: found.map_or(topic.name, |found| &found.name).to_owned(),
        topic_id: topic.topic_id,
        partitions: indexes.map(|index| (index, error(index))).collect(),
    };
    (asked, found.and_then(|found| sound(topic, found)))
}

/// The offsets of partitions that exist.
fn sound(topic: &OffsetCommitTopic<'_>, found: &Topic) -> Option<CommitTopic> {
    let sound = topic.partitions.iter().filter(|partition| found.has(partition.partition_index));
    let partitions: Vec<_> = sound
        .map(|partition| CommitPartition {
            partition_index: partition.partition_index,
            committed_offset: partition.committed_offset,
            committed_leader_epoch: partition.committed_leader_epoch,
            committed_metadata: owned(partition.committed_metadata),
        })
        .collect();
    let (name, topic_id) = (found.name.clone(), found.id);
    (!partitions.is_empty()).then_some(CommitTopic { name, topic_id, partitions })
}

fn respond(origin: Origin, asked: Vec<Asked>, committed: Committed) -> Step {
    let answers = committed.topics.into_iter().flat_map(|(_, _, partitions)| partitions);
    let mut answers: VecDeque<(i32, ErrorCode)> = answers.collect();
    let topics = asked.into_iter().map(|topic| OffsetCommitTopicResult {
        name: topic.name.into(),
        topic_id: topic.topic_id,
        partitions: topic
            .partitions
            .into_iter()
            .map(|(partition_index, error)| {
                let judged = || answers.pop_front().map_or(ErrorCode::UnknownServerError, |a| a.1);
                let error_code = error.unwrap_or_else(judged);
                OffsetCommitPartitionResult { partition_index, error_code }
            })
            .collect(),
    });
    let response = OffsetCommitResponse { throttle_time_ms: 0, topics: topics.collect() };
    origin.reply(|w| response.encode(w, origin.version))
}
