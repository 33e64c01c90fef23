//! Committed offsets of all groups of a partition, and those that wait for the end of a transaction.
//!
//! State only: who may commit is decided in [`commit`], what has expired in [`expiry`].

pub(super) mod commit;
pub(super) mod delete;
pub(super) mod expiry;
pub(super) mod fetch;

use std::collections::BTreeMap;

use super::records::offset_commit::OffsetCommit;
use super::turn::Producer;
use crate::model::Offset;
use crate::planted::{self, Bug};

/// An offset with the place of its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Committed {
    pub(super) value: OffsetCommit,
    /// Where it was written: of two commits the later one counts, also when it was part of a transaction
    /// that ended later.
    pub(super) written_at: Offset,
}

/// Offsets of one group by topic and partition.
pub(super) type OfGroup = BTreeMap<String, BTreeMap<i32, Committed>>;

/// The store.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Offsets {
    committed: BTreeMap<String, OfGroup>,
    /// By producer id, then by group.
    pending: BTreeMap<i64, BTreeMap<String, OfGroup>>,
}

impl Offsets {
    /// What a group has committed.
    pub(super) fn of(&self, group: &str) -> Option<&OfGroup> {
        self.committed.get(group)
    }

    pub(super) fn get(&self, group: &str, topic: &str, partition: i32) -> Option<&Committed> {
        self.committed.get(group)?.get(topic)?.get(&partition)
    }

    /// Whether an open transaction would change this offset.
    pub(super) fn is_pending(&self, group: &str, topic: &str, partition: i32) -> bool {
        self.pending_of(group).any(|topics| {
            topics.get(topic).is_some_and(|partitions| partitions.contains_key(&partition))
        })
    }

    /// What open transactions would commit for a group.
    pub(super) fn pending_of<'a>(&'a self, group: &'a str) -> impl Iterator<Item = &'a OfGroup> {
        self.pending.values().filter_map(move |groups| groups.get(group))
    }

    /// All groups with offsets on this topic, with the partitions, also in open transactions.
    pub(super) fn on_topic(&self, topic: &str) -> Vec<(String, i32)> {
        let all = self.committed.iter().chain(self.pending.values().flatten());
        let mut found: Vec<_> = all
            .filter_map(|(group, topics)| Some((group, topics.get(topic)?)))
            .flat_map(|(group, partitions)| partitions.keys().map(|p| (group.clone(), *p)))
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Applies a record.
    pub(super) fn apply(
        &mut self,
        group: String,
        topic: String,
        partition: i32,
        value: Option<OffsetCommit>,
        written_at: Offset,
        producer: Option<Producer>,
    ) {
        let producer = producer.filter(|_| !planted::is(Bug::OffsetsBeforeMarker));
        match (value, producer) {
            (Some(value), None) => {
                let topics = self.committed.entry(group).or_default();
                let committed = Committed { value, written_at };
                topics.entry(topic).or_default().insert(partition, committed);
            }
            (Some(value), Some(producer)) => {
                let topics = self.pending.entry(producer.id).or_default().entry(group).or_default();
                let committed = Committed { value, written_at };
                topics.entry(topic).or_default().insert(partition, committed);
            }
            (None, _) => self.remove(&group, &topic, partition),
        }
    }

    fn remove(&mut self, group: &str, topic: &str, partition: i32) {
        remove_from(&mut self.committed, group, topic, partition);
        // The transaction itself stays open, with nothing to commit.
        for groups in self.pending.values_mut() {
            remove_from(groups, group, topic, partition);
        }
        self.pending.retain(|_, groups| !groups.is_empty());
    }

    /// Ends a producer's transaction.
    pub(super) fn end(&mut self, producer_id: i64, commit: bool) {
        let ended = self.pending.remove(&producer_id).unwrap_or_default();
        if !commit {
            return;
        }
        for (group, topics) in ended {
            let of_group = self.committed.entry(group).or_default();
            for (topic, partitions) in topics {
                let of_topic = of_group.entry(topic).or_default();
                for (partition, committed) in partitions {
                    let newer = |old: &Committed| old.written_at > committed.written_at;
                    if !of_topic.get(&partition).is_some_and(newer) {
                        of_topic.insert(partition, committed);
                    }
                }
            }
        }
    }
}

fn remove_from(groups: &mut BTreeMap<String, OfGroup>, group: &str, topic: &str, partition: i32) {
    let Some(topics) = groups.get_mut(group) else { return };
    if let Some(partitions) = topics.get_mut(topic) {
        partitions.remove(&partition);
        if partitions.is_empty() {
            topics.remove(topic);
        }
    }
    if topics.is_empty() {
        groups.remove(group);
    }
}
