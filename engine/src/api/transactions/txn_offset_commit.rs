//! TxnOffsetCommit (key 28, versions 0 to 5): offsets that count when a transaction does.
//!
//! Two coordinators: that of the transaction says whether the group's offsets belong to it (version 5 and
//! later adds them on the way, KIP-890), that of the group keeps them.

use std::collections::VecDeque;

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::txn_offset_commit::{
    TxnOffsetCommitPartitionResult, TxnOffsetCommitRequest, TxnOffsetCommitResponse,
    TxnOffsetCommitTopicResult,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::{answer, producer};
use crate::api::access::Allowed;
use crate::api::{Context, Origin, Step, Work, coordinated};
use crate::broker::catalog::Catalog;
use crate::broker::coordination::{Kind, OFFSETS_TOPIC, Reply, Spread};
use crate::broker::groups::rpc::offsets::{CommitPartition, CommitTopic, TxnOffsetCommit};
use crate::broker::groups::rpc::{self, Request as GroupRequest};
use crate::broker::txn::requests::{
    AddPartitionsToTxn, Answer, Request, TopicPartition, TransactionVersion,
};
use crate::model::TopicId;

/// From this version on clients leave it to the broker to add partitions.
const ADDS_PARTITIONS: i16 = 5;

/// Topics with their partitions as they were asked about: the error that each has already, if any.
type Asked = Vec<(String, Vec<(i32, Option<ErrorCode>)>)>;

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = TxnOffsetCommitRequest::decode(r, origin.version)?;
    let asked = judge(&request, context.catalog);
    let commit = commit(&request, &asked);
    let spread = |kind| Spread::of(context.catalog, kind, context.node.shards);
    let (Some(groups), Some(transactions)) = (spread(Kind::Groups), spread(Kind::Transactions))
    else {
        let code = ErrorCode::CoordinatorNotAvailable;
        return Ok((Work::Done, respond(origin, asked, |_| code)));
    };
    if commit.topics.is_empty() {
        return Ok((Work::Done, respond(origin, asked, |_| ErrorCode::UnknownServerError)));
    }
    let offsets = TopicPartition::new(OFFSETS_TOPIC, groups.partition(request.group_id));
    let add = AddPartitionsToTxn {
        transactional_id: request.transactional_id.to_owned(),
        producer: producer(request.producer_id, request.producer_epoch),
        verify_only: origin.version < ADDS_PARTITIONS,
        then_appends: true,
        partitions: vec![offsets],
        client: TransactionVersion::of_add_partitions(ADDS_PARTITIONS),
    };
    let id = request.transactional_id;
    let question = transactions.ask_transaction(id, Request::AddPartitionsToTxn(add));
    Ok(coordinated::ask_on(origin, vec![question], |origin, replies, context| {
        match verified(replies) {
            ErrorCode::None => ask_group(origin, asked, commit, context),
            code => (Work::Done, respond(origin, asked, |_| code)),
        }
    }))
}

/// What the transaction's coordinator says about the group's offsets, as the client understands it.
fn verified(replies: Vec<Reply>) -> ErrorCode {
    let Some(Answer::AddPartitionsToTxn(each)) = replies.into_iter().next().map(answer) else {
        unreachable!("an addition was asked for")
    };
    match each.first().map_or(ErrorCode::UnknownServerError, |(_, code)| *code) {
        // The client looks for the group's coordinator, not for that of the transaction.
        ErrorCode::NotCoordinator => ErrorCode::CoordinatorNotAvailable,
        code => code,
    }
}

fn ask_group(
    origin: Origin,
    asked: Asked,
    commit: TxnOffsetCommit,
    context: &mut Context<'_>,
) -> (Work, Step) {
    let Some(groups) = Spread::of(context.catalog, Kind::Groups, context.node.shards) else {
        return (Work::Done, respond(origin, asked, |_| ErrorCode::CoordinatorNotAvailable));
    };
    let group_id = commit.group_id.clone();
    let question = groups.ask_group(&group_id, GroupRequest::TxnOffsetCommit(commit));
    coordinated::ask(origin, vec![question], |origin, replies| {
        let Some(Reply::Groups(rpc::Answer::OffsetCommit(done))) = replies.into_iter().next()
        else {
            unreachable!("a commit was asked for")
        };
        let codes = done.topics.into_iter().flat_map(|(_, _, partitions)| partitions);
        let mut codes: VecDeque<ErrorCode> = codes.map(|(_, code)| code).collect();
        respond(origin, asked, |_| codes.pop_front().unwrap_or(ErrorCode::UnknownServerError))
    })
}

fn judge(request: &TxnOffsetCommitRequest<'_>, catalog: &Catalog) -> Asked {
    let topics = request.topics.iter().map(|topic| {
        let found = catalog.by_name(topic.name);
        let partitions = topic.partitions.iter().map(|partition| {
            let exists = found.is_some_and(|found| found.has(partition.partition_index));
            let code = (!exists).then_some(ErrorCode::UnknownTopicOrPartition);
            (partition.partition_index, code)
        });
        (topic.name.to_owned(), partitions.collect())
    });
    topics.collect()
}

/// What is for the group's coordinator.
fn commit(request: &TxnOffsetCommitRequest<'_>, asked: &Asked) -> TxnOffsetCommit {
    let topics = request.topics.iter().zip(asked).filter_map(|(topic, (_, judged))| {
        let sound = topic.partitions.iter().zip(judged).filter(|(_, (_, code))| code.is_none());
        let partitions: Vec<_> = sound
            .map(|(partition, _)| CommitPartition {
                partition_index: partition.partition_index,
                committed_offset: partition.committed_offset,
                committed_leader_epoch: partition.committed_leader_epoch,
                committed_metadata: partition.committed_metadata.map(str::to_owned),
            })
            .collect();
        let (name, topic_id) = (topic.name.to_owned(), TopicId::ZERO);
        (!partitions.is_empty()).then_some(CommitTopic { name, topic_id, partitions })
    });
    TxnOffsetCommit {
        group_id: request.group_id.to_owned(),
        producer_id: request.producer_id,
        producer_epoch: request.producer_epoch,
        generation_id: request.generation_id,
        member_id: request.member_id.to_owned(),
        group_instance_id: request.group_instance_id.map(str::to_owned),
        topics: topics.collect(),
    }
}

/// The response: of what was not refused here, `code` tells the error, in order.
fn respond(origin: Origin, asked: Asked, mut code: impl FnMut(i32) -> ErrorCode) -> Step {
    let topics = asked.into_iter().map(|(name, partitions)| TxnOffsetCommitTopicResult {
        name: name.into(),
        partitions: partitions
            .into_iter()
            .map(|(partition_index, refused)| {
                let error_code = refused.unwrap_or_else(|| code(partition_index));
                TxnOffsetCommitPartitionResult { partition_index, error_code }
            })
            .collect(),
    });
    let response = TxnOffsetCommitResponse { throttle_time_ms: 0, topics: topics.collect() };
    origin.reply(|w| response.encode(w, origin.version))
}
