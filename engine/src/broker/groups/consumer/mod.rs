//! A group of the consumer protocol (KIP-848): the broker assigns, and each member moves at its own pace.
//!
//! Three things with an epoch each, all in the log:
//!
//! ```text
//! group epoch       grows when members, subscriptions or topics change
//! target epoch      the group epoch that the target assignment was made for: who shall have what
//! member epoch      the target epoch that a member has reached, once it gave back what it must
//! ```
//!
//! A partition has one owner at any time ([`Consumer::owner`]): a member gets it when the former owner has
//! said that it has let go of it, or is gone. State only; [`heartbeat`] decides.

mod classic;
mod describe;
mod draft;
mod heartbeat;
mod migrate;
mod offsets;
mod reconcile;
mod timers;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::records::Entry;
use super::records::assignment::{CurrentAssignment, MemberState, OwnedPartitions, Partitions};
use super::records::consumer_group::{GroupEpoch, TargetEpoch};
use super::records::member::MemberMetadata;
use super::settings::{Assignor, Settings};
use super::topics::Topics;
use crate::model::TopicId;

/// The epoch of a static member that has left for a while.
const AWAY: i32 = -2;

/// Before the first member.
const NO_EPOCH: GroupEpoch = GroupEpoch { epoch: 0, metadata_hash: 0 };
const NO_TARGET: TargetEpoch = TargetEpoch { epoch: 0, made_ms: 0 };

/// A member: what it said, and what it has.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Member {
    pub(super) metadata: MemberMetadata,
    pub(super) current: CurrentAssignment,
}

impl Member {
    /// Whether it speaks the classic protocol.
    pub(super) fn is_classic(&self) -> bool {
        self.metadata.classic.is_some()
    }

    /// Topics that its regular expression matches.
    fn matching(&self, topics: &Topics) -> Arc<[String]> {
        self.metadata.regex.as_ref().map_or(Arc::new([]), |regex| topics.matching(regex))
    }
}

/// A consumer group.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Consumer {
    pub(super) id: String,
    pub(super) epoch: GroupEpoch,
    pub(super) target_epoch: TargetEpoch,
    pub(super) members: BTreeMap<String, Member>,
    pub(super) targets: BTreeMap<String, Partitions>,
    /// Member ids by instance id.
    pub(super) statics: BTreeMap<String, String>,
    /// Who has a partition, or has still to give it back.
    owners: BTreeMap<(TopicId, i32), String>,
}

impl Consumer {
    /// A group without members.
    pub(super) fn new(id: &str) -> Self {
        Consumer {
            id: id.to_owned(),
            epoch: NO_EPOCH,
            target_epoch: NO_TARGET,
            members: BTreeMap::new(),
            targets: BTreeMap::new(),
            statics: BTreeMap::new(),
            owners: BTreeMap::new(),
        }
    }

    /// The member that has this partition, or has still to give it back.
    pub(super) fn owner(&self, topic: TopicId, partition: i32) -> Option<&str> {
        self.owners.get(&(topic, partition)).map(String::as_str)
    }

    pub(super) fn static_member(&self, instance: &str) -> Option<&str> {
        self.statics.get(instance).map(String::as_str)
    }

    /// Kafka's word for where the group is.
    pub(super) fn state(&self) -> &'static str {
        let reached = |member: &Member| {
            member.current.state == MemberState::Stable
                && member.current.epoch == self.target_epoch.epoch
        };
        if self.members.is_empty() {
            "Empty"
        } else if self.epoch.epoch > self.target_epoch.epoch {
            "Assigning"
        } else if self.members.values().all(reached) {
            "Stable"
        } else {
            "Reconciling"
        }
    }

    /// Whether a member reads this topic.
    pub(super) fn is_subscribed(&self, topic: &str, topics: &Topics) -> bool {
        let reads = |member: &Member| {
            let named = &member.metadata.topics;
            named.iter().any(|own| own == topic)
                || member.matching(topics).iter().any(|own| own == topic)
        };
        self.members.values().any(reads)
    }

    /// Applies a record of this group, except the one that removes it.
    pub(super) fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Epoch { value, .. } => self.epoch = value.unwrap_or(NO_EPOCH),
            Entry::TargetEpoch { value, .. } => self.target_epoch = value.unwrap_or(NO_TARGET),
            Entry::Member { member, value, .. } => self.apply_member(member, value),
            Entry::Target { member, value, .. } => self.apply_target(member, value),
            Entry::Current { member, value, .. } => self.apply_current(member, value),
            Entry::Offset { .. } | Entry::Classic { .. } => {}
        }
    }

    /// The assignor that most members ask for, else the first of the settings.
    pub(super) fn assignor(&self, settings: &Settings) -> Assignor {
        let wanted = |assignor: &Assignor| {
            let names =
                self.members.values().map(|member| member.metadata.server_assignor.as_deref());
            names.filter(|name| *name == Some(assignor.name())).count()
        };
        let assignors = settings.consumer_assignors.iter().rev().copied();
        assignors.max_by_key(wanted).unwrap_or(Assignor::Uniform)
    }

    fn apply_member(&mut self, id: String, value: Option<MemberMetadata>) {
        if let Some(instance) = self.members.get(&id).and_then(|m| m.metadata.instance_id.clone())
            && self.statics.get(&instance) == Some(&id)
        {
            self.statics.remove(&instance);
        }
        match value {
            Some(metadata) => {
                if let Some(instance) = &metadata.instance_id {
                    self.statics.insert(instance.clone(), id.clone());
                }
                self.members.entry(id).or_default().metadata = metadata;
            }
            None => {
                self.apply_current(id.clone(), None);
                self.members.remove(&id);
            }
        }
    }

    fn apply_target(&mut self, id: String, value: Option<Partitions>) {
        match value {
            Some(partitions) => self.targets.insert(id, partitions),
            None => self.targets.remove(&id),
        };
    }

    fn apply_current(&mut self, id: String, value: Option<CurrentAssignment>) {
        // A compacted log may tell first what a member has, then who it is.
        if value.is_some() {
            self.members.entry(id.clone()).or_default();
        }
        let new = value.unwrap_or_default();
        let Some(member) = self.members.get_mut(&id) else { return };
        for partition in held(&member.current) {
            if self.owners.get(&partition) == Some(&id) {
                self.owners.remove(&partition);
            }
        }
        for partition in held(&new) {
            self.owners.insert(partition, id.clone());
        }
        member.current = new;
    }
}

/// Every partition that a member has or has still to give back.
fn held(current: &CurrentAssignment) -> Vec<(TopicId, i32)> {
    let all = |owned: &OwnedPartitions| {
        let topics = owned.iter();
        topics
            .flat_map(|(t, ps)| ps.keys().map(|p| (*t, *p)).collect::<Vec<_>>())
            .collect::<Vec<_>>()
    };
    let mut held = all(&current.assigned);
    held.extend(all(&current.revoking));
    held
}
