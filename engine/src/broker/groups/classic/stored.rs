//! Between a living group and its record.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::super::records::Entry;
use super::super::records::group_metadata::{GroupMetadata, StoredMember};
use super::super::rpc::admin::{DescribedGroup, DescribedMember};
use super::super::rpc::classic::Protocol;
use super::super::turn::Step;
use super::member::Member;
use super::{Classic, State};
use headwater_protocol::error_code::ErrorCode;

impl<W: Copy> Classic<W> {
    /// This generation with these assignments as a record.
    pub(super) fn entry(&self, assignments: &BTreeMap<String, Bytes>) -> Entry {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        let members = self.members.values().map(|member| StoredMember {
            member_id: member.id.clone(),
            group_instance_id: member.instance.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            rebalance_timeout_ms: member.rebalance_timeout_ms,
            session_timeout_ms: member.session_timeout_ms,
            subscription: member.metadata(protocol).unwrap_or_default(),
            assignment: assignments.get(&member.id).cloned().unwrap_or_default(),
        });
        let value = GroupMetadata {
            protocol_type: self.protocol_type().to_owned(),
            generation: self.generation,
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            state_since_ms: self.state_since_ms.unwrap_or(-1),
            members: members.collect(),
        };
        Entry::Classic { group: self.id.clone(), value: Some(value) }
    }

    /// The members with all their protocols, for a consumer group.
    pub(in crate::broker::groups) fn stored_members(&self) -> Vec<Stored> {
        let Entry::Classic { value: Some(group), .. } = self.entry(&self.assignments()) else {
            unreachable!("a group with a value")
        };
        let one = |member: StoredMember| {
            let known = self.members[&member.member_id].protocols.iter();
            let protocols = known.map(|p| (p.name.clone(), p.metadata.clone())).collect();
            Stored { member, protocols, generation: self.generation }
        };
        group.members.into_iter().map(one).collect()
    }

    pub(in crate::broker::groups) fn member_ids(&self) -> Vec<String> {
        self.members.keys().cloned().collect()
    }

    /// The group is to become a consumer group: whoever waits shall ask again.
    pub(in crate::broker::groups) fn release(&mut self, step: &mut Step<'_, W>) {
        for member in self.members.values_mut() {
            if let Some(waiter) = member.joining.take() {
                super::join::reject(step, waiter, &member.id, ErrorCode::RebalanceInProgress);
            }
            if let Some(waiter) = member.syncing.take() {
                step.answer(waiter, super::sync::error(ErrorCode::RebalanceInProgress));
            }
        }
    }

    /// After a start: the group lives on as it was stored, and its members have a session's time to say that
    /// they are there.
    pub(in crate::broker::groups) fn revive(&mut self, step: &mut Step<'_, W>) {
        let Some(stored) = &self.stored else { return };
        let some = |text: &String| (!text.is_empty()).then(|| text.clone());
        self.state = if stored.members.is_empty() { State::Empty } else { State::Stable };
        self.state_since_ms = (stored.state_since_ms != -1).then_some(stored.state_since_ms);
        self.generation = stored.generation;
        self.protocol_type = some(&stored.protocol_type);
        self.protocol = stored.protocol.clone();
        self.leader = stored.leader.clone();
        let protocol = stored.protocol.clone().unwrap_or_default();
        let members = stored.members.iter().map(|member| revived(member, &protocol));
        self.members = members.map(|member| (member.id.clone(), member)).collect();
        let statics = self.members.values();
        self.statics = statics
            .filter_map(|member| Some((member.instance.clone()?, member.id.clone())))
            .collect();
        for member in self.members.values() {
            step.set(self.session(&member.id), member.session_timeout_ms);
        }
    }

    /// The group was a consumer group until now: its members go on under the classic protocol, and join
    /// again unless one of them has just done so.
    pub(in crate::broker::groups) fn downgraded(
        &mut self,
        step: &mut Step<'_, W>,
        rebalance: bool,
    ) {
        self.revive(step);
        if rebalance {
            self.prepare(step);
        }
    }

    /// For people.
    pub(in crate::broker::groups) fn describe(&self) -> DescribedGroup {
        let stable = self.state == State::Stable;
        let protocol = self.protocol.clone().filter(|_| stable).unwrap_or_default();
        let members = self.members.values().map(|member| DescribedMember {
            member_id: member.id.clone(),
            group_instance_id: member.instance.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            member_metadata: member.metadata(&protocol).filter(|_| stable).unwrap_or_default(),
            member_assignment: if stable { member.assignment.clone() } else { Bytes::new() },
        });
        DescribedGroup {
            error_code: ErrorCode::None,
            error_message: None,
            group_id: self.id.clone(),
            group_state: self.state.name(),
            protocol_type: self.protocol_type().to_owned(),
            members: members.collect(),
            protocol_data: protocol,
        }
    }
}

/// A member as it is stored, with what the record of a classic group leaves out.
pub(in crate::broker::groups) struct Stored {
    pub(in crate::broker::groups) member: StoredMember,
    pub(in crate::broker::groups) protocols: Vec<(String, Bytes)>,
    pub(in crate::broker::groups) generation: i32,
}

fn revived<W>(stored: &StoredMember, protocol: &str) -> Member<W> {
    let session = stored.session_timeout_ms;
    let rebalance = stored.rebalance_timeout_ms;
    let metadata = stored.subscription.clone();
    Member {
        id: stored.member_id.clone(),
        instance: stored.group_instance_id.clone(),
        client_id: stored.client_id.clone(),
        client_host: stored.client_host.clone(),
        rebalance_timeout_ms: if rebalance == -1 { session } else { rebalance },
        session_timeout_ms: session,
        protocols: vec![Protocol { name: protocol.to_owned(), metadata }],
        assignment: stored.assignment.clone(),
        joining: None,
        syncing: None,
        is_new: false,
    }
}
