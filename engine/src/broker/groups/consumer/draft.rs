//! A consumer group as it will be when the records of this turn are in the log.
//!
//! Each record is applied to the draft by the function that a replay uses, and noted; the group itself changes
//! when the log has taken them. A heartbeat that changes nothing needs no draft.

use std::collections::BTreeSet;

use headwater_protocol::error_code::ErrorCode;

use super::reconcile::{self, Target};
use super::{Consumer, Member};
use crate::broker::groups::assignors::{Candidate, Sizes};
use crate::broker::groups::records::Entry;
use crate::broker::groups::records::assignment::{CurrentAssignment, Partitions};
use crate::broker::groups::records::consumer_group::{GroupEpoch, TargetEpoch};
use crate::broker::groups::records::member::MemberMetadata;
use crate::broker::groups::settings::Settings;
use crate::broker::groups::topics::Topics;
use crate::model::TopicId;

/// The draft.
pub(super) struct Draft<'a> {
    pub(super) group: Consumer,
    pub(super) entries: Vec<Entry>,
    pub(super) settings: &'a Settings,
    pub(super) topics: &'a Topics,
    pub(super) unix_ms: i64,
}

impl Draft<'_> {
    pub(super) fn write(&mut self, entry: Entry) {
        self.group.apply(entry.clone());
        self.entries.push(entry);
    }

    pub(super) fn write_member(&mut self, id: &str, value: Option<MemberMetadata>) {
        let group = self.group.id.clone();
        self.write(Entry::Member { group, member: id.to_owned(), value });
    }

    pub(super) fn write_target(&mut self, id: &str, value: Option<Partitions>) {
        let group = self.group.id.clone();
        self.write(Entry::Target { group, member: id.to_owned(), value });
    }

    pub(super) fn write_current(&mut self, id: &str, value: Option<CurrentAssignment>) {
        let group = self.group.id.clone();
        self.write(Entry::Current { group, member: id.to_owned(), value });
    }

    /// A new group epoch, if something has changed or the topics are not what they were.
    pub(super) fn bump(&mut self, changed: bool) {
        let metadata_hash = self.group.metadata_hash(self.topics);
        let GroupEpoch { epoch, metadata_hash: before } = self.group.epoch;
        if changed || metadata_hash != before || epoch == 0 {
            let group = self.group.id.clone();
            let value = Some(GroupEpoch { epoch: epoch + 1, metadata_hash });
            self.write(Entry::Epoch { group, value });
        }
    }

    /// A new target assignment, if the group's epoch is ahead of it. Only what is different is written.
    pub(super) fn retarget(&mut self) {
        let epoch = self.group.epoch.epoch;
        if epoch <= self.group.target_epoch.epoch {
            return;
        }
        let (candidates, sizes) = self.group.candidates(self.topics);
        let assignor = self.group.assignor(self.settings);
        let targets = assignor.assign(&candidates, &sizes);
        for (candidate, target) in candidates.into_iter().zip(targets) {
            if candidate.had != target || !self.group.targets.contains_key(&candidate.id) {
                self.write_target(&candidate.id, Some(target));
            }
        }
        let (group, value) = (self.group.id.clone(), TargetEpoch { epoch, made_ms: self.unix_ms });
        self.write(Entry::TargetEpoch { group, value: Some(value) });
    }

    /// A member's next step; whether it made one.
    pub(super) fn reconcile(
        &mut self,
        id: &str,
        reported: Option<&Partitions>,
    ) -> Result<bool, ErrorCode> {
        let group = &self.group;
        let none = Partitions::new();
        let partitions = group.targets.get(id).unwrap_or(&none);
        let target = Target { epoch: group.target_epoch.epoch, partitions };
        let current = &group.members[id].current;
        let is_free =
            |topic, partition| group.owner(topic, partition).is_none_or(|owner| owner == id);
        let next = reconcile::next(current, &target, reported, is_free)?;
        let moved = next != *current;
        if moved {
            self.write_current(id, Some(next));
        }
        Ok(moved)
    }

    /// A member is gone, and with it what it had.
    pub(super) fn remove(&mut self, id: &str) {
        self.write_current(id, None);
        self.write_target(id, None);
        self.write_member(id, None);
    }

    /// A static member goes on under a new id, with what it had.
    pub(super) fn replace(&mut self, old: &str, id: &str, epoch: i32) {
        let Member { metadata, current } = self.group.members[old].clone();
        let target = self.group.targets.get(old).cloned().unwrap_or_default();
        self.remove(old);
        self.write_member(id, Some(metadata));
        self.write_target(id, Some(target));
        let current = CurrentAssignment { epoch, previous_epoch: epoch, ..current };
        let revoking = Default::default();
        let state = Default::default();
        self.write_current(id, Some(CurrentAssignment { revoking, state, ..current }));
    }
}

impl Consumer {
    /// A digest of what the members read.
    pub(super) fn metadata_hash(&self, topics: &Topics) -> i64 {
        let matching: Vec<_> = self.members.values().map(|m| m.matching(topics)).collect();
        let mut all: BTreeSet<&String> =
            self.members.values().flat_map(|member| &member.metadata.topics).collect();
        all.extend(matching.iter().flat_map(|names| names.iter()));
        topics.hash(all.into_iter())
    }

    fn candidates(&self, topics: &Topics) -> (Vec<Candidate>, Sizes) {
        let mut sizes = Sizes::new();
        let mut wanted = |member: &Member| -> BTreeSet<TopicId> {
            let mut known = BTreeSet::new();
            let matching = member.matching(topics);
            let names = member.metadata.topics.iter().chain(matching.iter());
            for topic in names.filter_map(|name| topics.by_name(name)) {
                sizes.insert(topic.id, topic.partitions);
                known.insert(topic.id);
            }
            known
        };
        let candidates = self.members.iter().map(|(id, member)| Candidate {
            id: id.clone(),
            instance: member.metadata.instance_id.clone(),
            topics: wanted(member),
            had: self.targets.get(id).cloned().unwrap_or_default(),
        });
        (candidates.collect(), sizes)
    }
}
