//! From a classic group to a consumer group while its members change over, and back.
//!
//! A classic group becomes a consumer group when the first member comes with the consumer protocol; its members
//! go on under the classic one ([`super::classic`]), with what they have as their assignment. When the last
//! member with the consumer protocol goes, the group becomes classic again, and those who are left join.

use std::collections::BTreeSet;

use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::{Consumer, Member};
use crate::broker::groups::classic::subscription::{Subscription, encode_assignment};
use crate::broker::groups::classic::{CONSUMER, Classic, State, Stored};
use crate::broker::groups::records::Entry;
use crate::broker::groups::records::assignment::{CurrentAssignment, OwnedPartitions};
use crate::broker::groups::records::consumer_group::{GroupEpoch, TargetEpoch};
use crate::broker::groups::records::group_metadata::{GroupMetadata, StoredMember};
use crate::broker::groups::records::member::{ClassicMember, MemberMetadata};
use crate::broker::groups::settings::Settings;
use crate::broker::groups::topics::Topics;
use crate::broker::groups::turn::{Step, Then};

impl Consumer {
    /// A classic group as a consumer group, with the records that make it one.
    pub(super) fn upgraded<W: Copy>(
        classic: &Classic<W>,
        settings: &Settings,
        topics: &Topics,
    ) -> Result<(Consumer, Vec<Entry>), (ErrorCode, &'static str)> {
        let mut group = Consumer::new(&classic.id);
        let mut entries = vec![Entry::Classic { group: classic.id.clone(), value: None }];
        if classic.state() == State::Empty {
            return Ok((group, entries));
        }
        let refused = |why| Err((ErrorCode::GroupIdNotFound, why));
        if !settings.migration_policy.upgrades() {
            return refused(
                "The classic group cannot be upgraded: group.consumer.migration.policy.",
            );
        }
        if classic.protocol_type() != CONSUMER {
            return refused("The classic group cannot be upgraded: its members are no consumers.");
        }
        let members = classic.stored_members();
        if members.len() >= settings.consumer_members_max {
            return refused("The classic group cannot be upgraded: it is too large.");
        }
        let mut owned = BTreeSet::new();
        let epoch = classic.generation();
        for member in members {
            let Some((metadata, mut assigned)) = upgraded_member(&member, topics) else {
                return refused(
                    "The classic group cannot be upgraded: a member's metadata is its own.",
                );
            };
            // Two that say they have the same: one of them is wrong, and will hear of it.
            assigned.retain(|topic, all| {
                all.retain(|partition, _| owned.insert((*topic, *partition)));
                !all.is_empty()
            });
            let id = member.member.member_id;
            let target = assigned.iter().map(|(t, all)| (*t, all.keys().copied().collect()));
            let target = Some(target.collect());
            let current =
                CurrentAssignment { epoch, previous_epoch: epoch, assigned, ..Default::default() };
            let group = || classic.id.clone();
            entries.extend([
                Entry::Member { group: group(), member: id.clone(), value: Some(metadata) },
                Entry::Target { group: group(), member: id.clone(), value: target },
                Entry::Current { group: group(), member: id, value: Some(current) },
            ]);
        }
        for entry in &entries {
            group.apply(entry.clone());
        }
        let metadata_hash = group.metadata_hash(topics);
        for entry in [
            Entry::Epoch {
                group: classic.id.clone(),
                value: Some(GroupEpoch { epoch, metadata_hash }),
            },
            Entry::TargetEpoch {
                group: classic.id.clone(),
                value: Some(TargetEpoch { epoch, made_ms: 0 }),
            },
        ] {
            group.apply(entry.clone());
            entries.push(entry);
        }
        Ok((group, entries))
    }

    /// Members go. If only members of the classic protocol are left, so does the consumer group.
    pub(super) fn remove_members<W>(
        &self,
        step: &mut Step<'_, W>,
        topics: &Topics,
        gone: &[String],
    ) {
        let mut draft = self.draft(step, topics);
        for id in gone {
            self.cancel_timers(step, id);
            draft.remove(id);
        }
        draft.bump(true);
        let left = &draft.group.members;
        let settings = step.settings;
        let all_classic = !left.is_empty() && left.values().all(Member::is_classic);
        let fits = settings.migration_policy.downgrades() && left.len() <= settings.members_max;
        if all_classic && fits {
            let stored = draft.group.as_classic(topics, step.at.unix_ms);
            step.entries.extend(self.tombstones());
            step.entries.push(Entry::Classic { group: self.id.clone(), value: Some(stored) });
            step.then.push(Then::Downgraded { group: self.id.clone(), rebalance: true });
        } else {
            step.entries.extend(draft.entries);
        }
    }

    /// A member was silent, or too slow.
    pub(in crate::broker::groups) fn fence<W>(
        &self,
        step: &mut Step<'_, W>,
        topics: &Topics,
        member: &str,
    ) {
        if self.members.contains_key(member) {
            self.remove_members(step, topics, &[member.to_owned()]);
        }
    }

    /// The protocol that all classic members know, and most like best; the first in the order of names.
    pub(super) fn classic_protocol(&self) -> Option<String> {
        let mut classics =
            self.members.values().filter_map(|member| member.metadata.classic.as_ref());
        let names = |classic: &ClassicMember| {
            classic.protocols.iter().map(|(name, _)| name.clone()).collect::<BTreeSet<_>>()
        };
        let first = names(classics.next()?);
        let common = classics.fold(first, |common, next| &common & &names(next));
        common.into_iter().next()
    }

    fn as_classic(&self, topics: &Topics, unix_ms: i64) -> GroupMetadata {
        let protocol = self.classic_protocol();
        let name = protocol.clone().unwrap_or_default();
        let members = self.members.iter().filter_map(|(id, member)| {
            let classic = member.metadata.classic.as_ref()?;
            let metadata = classic.protocols.iter().find(|(known, _)| *known == name);
            Some(StoredMember {
                member_id: id.clone(),
                group_instance_id: member.metadata.instance_id.clone(),
                client_id: member.metadata.client_id.clone(),
                client_host: member.metadata.client_host.clone(),
                rebalance_timeout_ms: member.metadata.rebalance_timeout_ms,
                session_timeout_ms: classic.session_timeout_ms,
                subscription: metadata.map(|(_, bytes)| bytes.clone()).unwrap_or_default(),
                assignment: encode_assignment(0, &member.by_name(topics)),
            })
        });
        GroupMetadata {
            protocol_type: CONSUMER.to_owned(),
            generation: self.epoch.epoch,
            protocol,
            leader: self.members.keys().next().cloned(),
            state_since_ms: unix_ms,
            members: members.collect(),
        }
    }
}

impl Member {
    /// What it has, by the names of topics.
    pub(super) fn by_name(&self, topics: &Topics) -> Vec<(String, Vec<i32>)> {
        let named = self.current.assigned.iter().filter_map(|(id, partitions)| {
            Some((topics.by_id(*id)?.name.clone(), partitions.keys().copied().collect()))
        });
        named.collect()
    }
}

/// None when the member's assignor has data of its own, which nobody here understands.
fn upgraded_member(stored: &Stored, topics: &Topics) -> Option<(MemberMetadata, OwnedPartitions)> {
    let member = &stored.member;
    let (_, bytes) = stored.protocols.first()?;
    let subscription = Subscription::decode(bytes).ok().filter(|s| !s.has_user_data)?;
    let mut names = subscription.topics;
    names.sort_unstable();
    names.dedup();
    let metadata = MemberMetadata {
        instance_id: member.group_instance_id.clone(),
        rack_id: subscription.rack,
        client_id: member.client_id.clone(),
        client_host: member.client_host.clone(),
        topics: names,
        regex: None,
        rebalance_timeout_ms: member.rebalance_timeout_ms,
        server_assignor: None,
        classic: Some(ClassicMember {
            session_timeout_ms: member.session_timeout_ms,
            protocols: stored.protocols.clone(),
        }),
    };
    let mut assigned = OwnedPartitions::new();
    for (name, partitions) in assigned_by_name(&member.assignment).unwrap_or_default() {
        if let Some(topic) = topics.by_name(&name) {
            let all = partitions.into_iter().map(|partition| (partition, stored.generation));
            assigned.entry(topic.id).or_default().extend(all);
        }
    }
    assigned.retain(|_, all| !all.is_empty());
    Some((metadata, assigned))
}

fn assigned_by_name(bytes: &[u8]) -> Result<Vec<(String, Vec<i32>)>, DecodeError> {
    let mut r = Reader::new(bytes, false);
    r.i16()?;
    r.array(6, |r| Ok((r.string()?.to_owned(), r.array(4, Reader::i32)?)))
}
