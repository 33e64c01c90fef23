//! Commits: with and without a transaction.

use headwater_protocol::error_code::ErrorCode;

use crate::broker::groups::group::Group;
use crate::broker::groups::records::Entry;
use crate::broker::groups::records::offset_commit::OffsetCommit as Record;
use crate::broker::groups::rpc::Answer;
use crate::broker::groups::rpc::offsets::{
    CommitPartition, CommitTopic, Committed, OffsetCommit, TxnOffsetCommit,
};
use crate::broker::groups::turn::{Producer, Step};
use crate::model::TopicId;

/// The group that a client without one commits for needs no members; whoever names a generation must be
/// in it.
pub(in crate::broker::groups) fn commit<W: Copy>(
    group: Option<&mut Group<W>>,
    step: &mut Step<'_, W>,
    request: OffsetCommit,
    waiter: W,
) {
    if let Err(code) = may_commit(group.as_deref(), &request) {
        let refused = Committed::error(&request.topics, code);
        return step.answer(waiter, Answer::OffsetCommit(refused));
    }
    if let Some(Group::Classic(classic)) = group {
        // A commit shows that the member is alive.
        classic.heard_by_commit(step, &request.member_id);
    }
    let retention_ms = request.retention_time_ms;
    let expire_ms = (retention_ms >= 0).then(|| step.at.unix_ms.saturating_add(retention_ms));
    write(step, &request.group_id, request.topics, expire_ms, waiter);
}

fn may_commit<W: Copy>(group: Option<&Group<W>>, request: &OffsetCommit) -> Result<(), ErrorCode> {
    let generation = request.generation_id_or_member_epoch;
    let instance = request.group_instance_id.as_deref();
    match group {
        None if generation < 0 => Ok(()),
        None if request.knows_member_epochs => Err(ErrorCode::GroupIdNotFound),
        None => Err(ErrorCode::IllegalGeneration),
        Some(Group::Classic(classic)) => {
            classic.may_commit(&request.member_id, instance, generation, false)
        }
        Some(Group::Consumer(consumer)) => {
            let topics = &request.topics;
            consumer.may_commit(&request.member_id, generation, topics, request.knows_member_epochs)
        }
    }
}

pub(in crate::broker::groups) fn commit_in_transaction<W: Copy>(
    group: Option<&Group<W>>,
    step: &mut Step<'_, W>,
    request: TxnOffsetCommit,
    waiter: W,
) {
    let (member, generation) = (&request.member_id, request.generation_id);
    let allowed = match group {
        None if generation < 0 => Ok(()),
        None => Err(ErrorCode::IllegalGeneration),
        Some(Group::Classic(classic)) => {
            let instance = request.group_instance_id.as_deref();
            classic.may_commit(member, instance, generation, true)
        }
        Some(Group::Consumer(consumer)) => {
            consumer.may_commit_in_transaction(member, generation, &request.topics)
        }
    };
    if let Err(code) = allowed {
        let refused = Committed::error(&request.topics, code);
        return step.answer(waiter, Answer::OffsetCommit(refused));
    }
    step.producer = Some(Producer { id: request.producer_id, epoch: request.producer_epoch });
    write(step, &request.group_id, request.topics, None, waiter);
}

/// Records for what fits; an answer for everything.
fn write<W: Copy>(
    step: &mut Step<'_, W>,
    group: &str,
    topics: Vec<CommitTopic>,
    expire_ms: Option<i64>,
    waiter: W,
) {
    let mut answered = Vec::with_capacity(topics.len());
    for CommitTopic { name, topic_id, partitions } in topics {
        let mut errors = Vec::with_capacity(partitions.len());
        for partition in partitions {
            let index = partition.partition_index;
            let bytes = partition.committed_metadata.as_ref().map_or(0, String::len);
            if bytes > step.settings.metadata_bytes_max {
                errors.push((index, ErrorCode::OffsetMetadataTooLarge));
                continue;
            }
            errors.push((index, ErrorCode::None));
            let value = Some(record(partition, topic_id, step.at.unix_ms, expire_ms));
            let (group, topic) = (group.to_owned(), name.clone());
            step.entries.push(Entry::Offset { group, topic, partition: index, value });
        }
        answered.push((name, topic_id, errors));
    }
    step.answer_after(waiter, Answer::OffsetCommit(Committed { topics: answered }));
}

fn record(
    partition: CommitPartition,
    topic_id: TopicId,
    commit_ms: i64,
    expire_ms: Option<i64>,
) -> Record {
    Record {
        offset: partition.committed_offset,
        leader_epoch: partition.committed_leader_epoch,
        metadata: partition.committed_metadata.unwrap_or_default(),
        commit_ms,
        expire_ms,
        topic_id,
    }
}
