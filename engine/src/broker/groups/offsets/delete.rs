//! Forgetting offsets because somebody says so.

use headwater_protocol::error_code::ErrorCode;

use super::Offsets;
use crate::broker::groups::group::Group;
use crate::broker::groups::records::Entry;
use crate::broker::groups::rpc::Answer;
use crate::broker::groups::rpc::offsets::{Deleted, OffsetDelete};
use crate::broker::groups::topics::Topics;
use crate::broker::groups::turn::Step;

/// Offsets of topics that the group is not subscribed to.
pub(in crate::broker::groups) fn delete<W: Copy>(
    group: Option<&Group<W>>,
    (offsets, existing): (&Offsets, &Topics),
    step: &mut Step<'_, W>,
    request: OffsetDelete,
    waiter: W,
) {
    let group = match group.ok_or(ErrorCode::GroupIdNotFound).and_then(may_delete) {
        Ok(group) => group,
        Err(code) => return step.answer(waiter, Answer::OffsetDelete(Deleted::error(code))),
    };
    let id = &request.group_id;
    let mut topics = Vec::with_capacity(request.topics.len());
    for (topic, partitions) in request.topics {
        let subscribed = group.is_subscribed(&topic, existing);
        let code = if subscribed { ErrorCode::GroupSubscribedToTopic } else { ErrorCode::None };
        for &partition in partitions.iter().filter(|_| !subscribed) {
            if offsets.get(id, &topic, partition).is_some()
                || offsets.is_pending(id, &topic, partition)
            {
                step.entries.push(tombstone(id, &topic, partition));
            }
        }
        topics.push((topic, partitions.into_iter().map(|partition| (partition, code)).collect()));
    }
    let deleted = Deleted { error_code: ErrorCode::None, topics };
    step.answer_after(waiter, Answer::OffsetDelete(deleted));
}

fn may_delete<W: Copy>(group: &Group<W>) -> Result<&Group<W>, ErrorCode> {
    match group {
        Group::Classic(classic) => classic.may_delete_offsets().map(|()| group),
        Group::Consumer(_) => Ok(group),
    }
}

/// All offsets of a group, also those of open transactions.
pub(in crate::broker::groups) fn delete_all<W>(
    offsets: &Offsets,
    group: &str,
    step: &mut Step<'_, W>,
) {
    let committed = offsets.of(group).into_iter();
    let mut all: Vec<(&String, i32)> = committed
        .chain(offsets.pending_of(group))
        .flatten()
        .flat_map(|(topic, partitions)| partitions.keys().map(move |partition| (topic, *partition)))
        .collect();
    all.sort_unstable();
    all.dedup();
    step.entries
        .extend(all.into_iter().map(|(topic, partition)| tombstone(group, topic, partition)));
}

pub(super) fn tombstone(group: &str, topic: &str, partition: i32) -> Entry {
    Entry::Offset { group: group.to_owned(), topic: topic.to_owned(), partition, value: None }
}

/// The offsets of a topic that is gone.
pub(in crate::broker::groups) fn delete_topic<W>(
    offsets: &Offsets,
    topic: &str,
    step: &mut Step<'_, W>,
) {
    let found = offsets.on_topic(topic).into_iter();
    step.entries.extend(found.map(|(group, partition)| tombstone(&group, topic, partition)));
}
