//! A group of either protocol, as far as both are alike.

use super::classic::Classic;
use super::consumer::Consumer;
use super::offsets::expiry::Since;
use super::records::Entry;
use super::rpc::admin::ListedGroup;
use super::topics::Topics;

/// A group.
#[derive(Debug)]
pub(super) enum Group<W> {
    Classic(Classic<W>),
    Consumer(Consumer),
}

impl<W: Copy> Group<W> {
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Group::Classic(classic) => classic.state() == super::classic::State::Empty,
            Group::Consumer(consumer) => consumer.members.is_empty(),
        }
    }

    pub(super) fn member_count(&self) -> usize {
        match self {
            Group::Classic(classic) => classic.member_count(),
            Group::Consumer(consumer) => consumer.members.len(),
        }
    }

    /// Whether somebody was given an id and may come back with it.
    pub(super) fn is_being_joined(&self) -> bool {
        matches!(self, Group::Classic(classic) if classic.is_promised())
    }

    /// Whether offsets of this topic are in use.
    pub(super) fn is_subscribed(&self, topic: &str, topics: &Topics) -> bool {
        match self {
            Group::Classic(classic) => classic.is_subscribed(topic),
            Group::Consumer(consumer) => consumer.is_subscribed(topic, topics),
        }
    }

    /// Since when offsets count as unused. A consumer group counts from each commit, with members and without.
    pub(super) fn retention_since(&self) -> Since {
        match self {
            Group::Classic(classic) => classic.retention_since(),
            Group::Consumer(_) => Since::Commit,
        }
    }

    /// What removes the group, without its offsets.
    pub(super) fn tombstones(&self) -> Vec<Entry> {
        match self {
            Group::Classic(classic) => {
                vec![Entry::Classic { group: classic.id.clone(), value: None }]
            }
            Group::Consumer(consumer) => consumer.tombstones(),
        }
    }

    pub(super) fn listed(&self, group_id: &str) -> ListedGroup {
        let (protocol_type, group_state, group_type) = match self {
            Group::Classic(classic) => (classic.protocol_type(), classic.state().name(), "classic"),
            Group::Consumer(consumer) => (super::classic::CONSUMER, consumer.state(), "consumer"),
        };
        let (group_id, protocol_type) = (group_id.to_owned(), protocol_type.to_owned());
        ListedGroup { group_id, protocol_type, group_state, group_type }
    }
}

impl Consumer {
    /// In Kafka's order: what a member has, what it shall have, who it is; then the group.
    pub(super) fn tombstones(&self) -> Vec<Entry> {
        let group = || self.id.clone();
        let ids: Vec<&String> = self.members.keys().collect();
        let targets = self.targets.keys().filter(|id| !self.members.contains_key(*id));
        let mut all = Vec::with_capacity(3 * ids.len() + 2);
        for id in &ids {
            all.push(Entry::Current { group: group(), member: (*id).clone(), value: None });
        }
        for id in ids.iter().copied().chain(targets) {
            all.push(Entry::Target { group: group(), member: id.clone(), value: None });
        }
        all.push(Entry::TargetEpoch { group: group(), value: None });
        for id in &ids {
            all.push(Entry::Member { group: group(), member: (*id).clone(), value: None });
        }
        all.push(Entry::Epoch { group: group(), value: None });
        all
    }
}
