//! The groups of one partition of `__consumer_offsets`: members, assignments, committed offsets.
//!
//! A pure state machine. It is told of requests, times and what the log took, and says what to answer and
//! what to append; it knows no sockets, shards, logs, clocks or chance. One value lives on the shard that owns
//! the partition. Its state is what the records say ([`records`]) and what is only true while the process
//! lives: members that wait in a join, sessions, timers.
//!
//! ```text
//! handle ──► Turn { answers, write } ──► the log ──► appended ──► Turn { answers, .. }
//! expire ──►                                └──────► refused  ──► Turn { answers, .. }
//! ```
//!
//! `handle` decides without changing what the records say; `appended` applies them, by the same function as
//! `replay`. A turn's write is appended and reported before anything else happens; the turn of that report
//! may hold a write again. Answers wait until everything appended so far is durable.

mod admin;
mod assignors;
mod classic;
mod consumer;
mod dispatch;
mod expire;
mod group;
mod matches;
mod measure;
mod offsets;
pub mod records;
pub mod rpc;
pub mod settings;
mod timers;
pub mod topics;
pub mod turn;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::wire::uuid::Uuid;

use crate::model::Offset;
use classic::Classic;
use consumer::Consumer;
use group::Group;
use offsets::Offsets;
use records::{Entry, Unreadable};
use settings::Settings;
use timers::{Timer, Timers};
use topics::Topics;
use turn::{Moment, Producer, Step, Then, Turn, Write, as_commit, as_coordinator};

/// The groups of one partition.
pub struct Groups<W> {
    settings: Settings,
    topics: Arc<Topics>,
    groups: BTreeMap<String, Group<W>>,
    offsets: Offsets,
    timers: Timers,
    /// The group after which the sweep for expired offsets goes on.
    swept: Option<String>,
}

impl<W: Copy> Groups<W> {
    /// No groups yet: replay the partition's records, then say [`Groups::loaded`].
    pub fn new(settings: Settings, topics: Arc<Topics>) -> Self {
        let (groups, offsets, timers) = (BTreeMap::new(), Offsets::default(), Timers::default());
        Groups { settings, topics, groups, offsets, timers, swept: None }
    }

    /// One record read back at a start, in the order of the log. `producer` is that of its batch if the batch
    /// belongs to a transaction.
    pub fn replay(
        &mut self,
        written_at: Offset,
        producer: Option<Producer>,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<(), Unreadable> {
        if let Some(entry) = Entry::decode(key, value)? {
            self.apply(entry, written_at, producer);
        }
        Ok(())
    }

    /// The marker of a transaction's end is in the log of this partition; both live and in a replay. Only the
    /// producer's id counts, as in Kafka: it has one transaction at a time.
    pub fn marker(&mut self, producer: Producer, commit: bool) {
        self.offsets.end(producer.id, commit);
    }

    /// Everything is replayed: sessions begin.
    pub fn loaded(&mut self, at: Moment) -> Turn<W> {
        self.timers.clear();
        let mut step = Step::new(&self.settings, &mut self.timers, at);
        for group in self.groups.values_mut() {
            match group {
                Group::Classic(classic) => classic.revive(&mut step),
                Group::Consumer(consumer) => consumer.revive(&mut step),
            }
        }
        step.timers.set(Timer::Sweep, at.now.after(step.settings.retention_check_interval));
        step.finish()
    }

    /// Topics were made, changed or deleted: consumer groups see it with their next heartbeat.
    pub fn set_topics(&mut self, topics: Arc<Topics>) {
        self.topics = topics;
    }

    /// A topic is gone, and with it everything that was committed for it.
    pub fn topic_deleted(&mut self, name: &str, at: Moment) -> Turn<W> {
        let mut step = Step::new(&self.settings, &mut self.timers, at);
        offsets::delete::delete_topic(&self.offsets, name, &mut step);
        step.finish()
    }

    /// The log took the records of a write, the first one at `base`.
    pub fn appended(&mut self, write: Write<W>, base: Offset, at: Moment) -> Turn<W> {
        for (n, entry) in (0..).zip(write.entries) {
            self.apply(entry, Offset(base.0 + n), write.producer);
        }
        let mut step = Step::new(&self.settings, &mut self.timers, at);
        for then in write.then {
            match then {
                Then::Answer(waiter, answer) => step.answer(waiter, answer),
                // Nothing else follows such a write.
                Then::Join(request, waiter) => {
                    return self.join_classic_group(*request, waiter, at);
                }
                Then::Assigned { group, generation, assignments } => {
                    if let Some(Group::Classic(classic)) = self.groups.get_mut(&group) {
                        classic.assigned(&mut step, generation, assignments);
                    }
                }
                Then::Returned { group, waiter, before } => {
                    if let Some(Group::Classic(classic)) = self.groups.get_mut(&group) {
                        classic.returned(&mut step, waiter, &before);
                    }
                }
                Then::Downgraded { group, rebalance } => {
                    if let Some(Group::Classic(classic)) = self.groups.get_mut(&group) {
                        classic.downgraded(&mut step, rebalance);
                    }
                }
                Then::Heard { group, member } => {
                    if let Some(Group::Consumer(consumer)) = self.groups.get(&group) {
                        consumer.heard(&mut step, &member);
                    }
                }
            }
        }
        step.finish()
    }

    /// The log did not take them: what the records would have said is not so.
    pub fn refused(&mut self, write: Write<W>, code: ErrorCode, at: Moment) -> Turn<W> {
        let ids: BTreeSet<&str> = write.entries.iter().map(Entry::group).collect();
        let mut step = Step::new(&self.settings, &mut self.timers, at);
        let coordinator = as_coordinator(code);
        for then in write.then {
            match then {
                Then::Answer(waiter, answer) => {
                    let commits = matches!(answer, rpc::Answer::OffsetCommit(_));
                    let code = if commits { as_commit(code) } else { coordinator };
                    step.answer(waiter, answer.refused(code));
                }
                Then::Assigned { group, generation, .. } => {
                    if let Some(Group::Classic(classic)) = self.groups.get_mut(&group) {
                        classic.not_assigned(&mut step, generation, coordinator);
                    }
                }
                Then::Returned { group, waiter, before } => {
                    if let Some(Group::Classic(classic)) = self.groups.get_mut(&group) {
                        classic.not_returned(&mut step, waiter, *before, coordinator);
                    }
                }
                Then::Join(request, waiter) => {
                    let refused = rpc::classic::Joined::error(&request.member_id, coordinator);
                    step.answer(waiter, rpc::Answer::JoinGroup(refused));
                }
                Then::Downgraded { .. } | Then::Heard { .. } => {}
            }
        }
        let turn = step.finish();
        for id in ids {
            self.drop_if_bare(id, &turn);
        }
        turn
    }

    /// Applies a record: the one place where records become state.
    fn apply(&mut self, entry: Entry, written_at: Offset, producer: Option<Producer>) {
        match entry {
            Entry::Offset { group, topic, partition, value } => {
                if value.is_some() && !self.groups.contains_key(&group) {
                    // Somebody who is in no group: a group of the simplest kind.
                    self.groups.insert(group.clone(), Group::Classic(Classic::new(&group)));
                }
                self.offsets.apply(group, topic, partition, value, written_at, producer);
            }
            Entry::Classic { group, value: Some(value) } => {
                let known = self.groups.entry(group.clone());
                let known = known.or_insert_with(|| Group::Classic(Classic::new(&group)));
                if let Group::Consumer(_) = known {
                    *known = Group::Classic(Classic::new(&group));
                }
                if let Group::Classic(classic) = known {
                    classic.stored = Some(value);
                }
            }
            Entry::Classic { group, value: None } => {
                if matches!(self.groups.get(&group), Some(Group::Classic(_))) {
                    self.remove(group);
                }
            }
            Entry::Epoch { group, value: None } => {
                if matches!(self.groups.get(&group), Some(Group::Consumer(_))) {
                    self.remove(group);
                }
            }
            entry => self.apply_to_consumer(entry),
        }
    }

    /// Offsets that are left belong to a group of the simplest kind: else they would never expire.
    fn remove(&mut self, id: String) {
        self.groups.remove(&id);
        if self.offsets.of(&id).is_some() || self.offsets.pending_of(&id).next().is_some() {
            self.groups.insert(id.clone(), Group::Classic(Classic::new(&id)));
        }
    }

    /// A consumer group is made by whatever is said of it first: a record about a member may come before the
    /// group's own when the log was compacted. A classic group that is in the way has only offsets.
    fn apply_to_consumer(&mut self, entry: Entry) {
        let (id, makes) = (entry.group(), !entry.is_tombstone());
        let only_offsets =
            |group: &Group<W>| matches!(group, Group::Classic(c) if c.stored.is_none());
        if makes && self.groups.get(id).is_none_or(only_offsets) {
            self.groups.insert(id.to_owned(), Group::Consumer(Consumer::new(id)));
        }
        if let Some(Group::Consumer(consumer)) = self.groups.get_mut(id) {
            consumer.apply(entry);
        }
    }
}

/// An id for a member of a classic group: its name, and a random UUID in the usual form.
fn classic_member_id(name: &str, fresh: Uuid) -> String {
    let hex: String = fresh.0.iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |from, to| &hex[from..to];
    format!(
        "{name}-{}-{}-{}-{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32)
    )
}

#[cfg(test)]
impl<W: Copy> Groups<W> {
    /// What the records say, without what is only true while the process lives.
    fn durable(&self) -> (BTreeMap<&String, String>, &Offsets) {
        let groups = self.groups.iter().filter_map(|(id, group)| match group {
            Group::Classic(classic)
                if self.offsets.of(id).is_none() && classic.stored.is_none() =>
            {
                None
            }
            Group::Classic(classic) => Some((id, format!("{:?}", classic.stored))),
            Group::Consumer(consumer) => Some((id, format!("{consumer:?}"))),
        });
        (groups.collect(), &self.offsets)
    }
}
