//! Joining: who may, under which id, and whether that makes the others join again.

use headwater_protocol::error_code::ErrorCode;

use super::super::rpc::Answer;
use super::super::rpc::classic::{JoinGroup, Joined, JoinedMember};
use super::super::timers::Timer;
use super::super::turn::{Before, Step, Then};
use super::member::Member;
use super::{Classic, State};
use crate::broker::groups::classic_member_id;

/// How long a new member may take to hear of its join: it has no id yet, so nothing else tells whether it is
/// still there.
const NEW_MEMBER_JOIN_TIMEOUT_MS: i32 = 5 * 60 * 1000;

impl<W: Copy> Classic<W> {
    /// JoinGroup. The group was made for it if there was none.
    pub(in crate::broker::groups) fn join(
        &mut self,
        step: &mut Step<'_, W>,
        request: JoinGroup,
        waiter: W,
    ) {
        let id = request.member_id.clone();
        if !self.has_room(step, &id) {
            self.forget(step, &id);
            return reject(step, waiter, "", ErrorCode::GroupMaxSizeReached);
        }
        if !self.supports(&request.protocol_type, &request.protocols) {
            return reject(step, waiter, &id, ErrorCode::InconsistentGroupProtocol);
        }
        if id.is_empty() {
            self.join_new(step, request, waiter);
        } else if self.promised.contains(&id) {
            self.add(step, id, request, waiter);
        } else if let Err(code) = self.check_member(&id, request.group_instance_id.as_deref()) {
            reject(step, waiter, &id, code);
        } else {
            self.join_again(step, request, waiter);
        }
    }

    /// In a rebalance those count that have come; else those that are in.
    fn has_room(&self, step: &Step<'_, W>, id: &str) -> bool {
        let most = step.settings.members_max;
        match self.state {
            State::Empty => self.promised.contains(id) || self.promised.len() < most,
            State::PreparingRebalance => {
                let waits = |member: &Member<W>| member.joining.is_some();
                self.members.get(id).is_some_and(waits)
                    || self.members.values().filter(|member| waits(member)).count() < most
            }
            State::CompletingRebalance | State::Stable => {
                self.members.contains_key(id) || self.members.len() < most
            }
        }
    }

    fn join_new(&mut self, step: &mut Step<'_, W>, request: JoinGroup, waiter: W) {
        let instance = request.group_instance_id.as_deref();
        let id = classic_member_id(instance.unwrap_or(&request.client.id), step.at.fresh_id);
        match instance {
            Some(instance) => match self.statics.get(instance).cloned() {
                Some(old) => self.come_back(step, old, id, request, waiter),
                None => self.add(step, id, request, waiter),
            },
            None if request.requires_known_member_id => {
                // Whoever does not come back with it never becomes a member (KIP-394).
                step.set(self.session(&id), request.session_timeout_ms);
                reject(step, waiter, &id, ErrorCode::MemberIdRequired);
                self.promised.insert(id);
            }
            None => self.add(step, id, request, waiter),
        }
    }

    fn add(&mut self, step: &mut Step<'_, W>, id: String, request: JoinGroup, waiter: W) {
        if let Some(first) = &mut self.first {
            first.somebody_came = true;
        }
        self.promised.remove(&id);
        if self.members.is_empty() {
            self.protocol_type = Some(request.protocol_type.clone());
        }
        let member = Member::new(id.clone(), request, waiter);
        if let Some(instance) = &member.instance {
            self.statics.insert(instance.clone(), id.clone());
        }
        self.leader.get_or_insert_with(|| id.clone());
        step.set(self.session(&id), NEW_MEMBER_JOIN_TIMEOUT_MS);
        self.members.insert(id, member);
        self.rebalance(step);
    }

    /// A member that we know joins: nothing changes unless its protocols did, or the leader wants it.
    fn join_again(&mut self, step: &mut Step<'_, W>, request: JoinGroup, waiter: W) {
        let id = request.member_id.clone();
        let member = &self.members[&id];
        let same = member.protocols == request.protocols;
        let nothing_new = match self.state {
            State::Empty => return reject(step, waiter, &id, ErrorCode::UnknownMemberId),
            State::PreparingRebalance => false,
            State::CompletingRebalance => same,
            State::Stable => same && !self.is_leader(&id),
        };
        if nothing_new {
            return step.answer(waiter, Answer::JoinGroup(self.joined(&id, false)));
        }
        self.update(step, &id, request, waiter);
        self.rebalance(step);
    }

    fn update(&mut self, step: &mut Step<'_, W>, id: &str, request: JoinGroup, waiter: W) {
        let member = self.members.get_mut(id).expect("a member");
        if let Some(older) = member.joining.replace(waiter) {
            // The same member asked twice: only the newer request is waited for by anybody.
            reject(step, older, id, ErrorCode::UnknownMemberId);
        }
        member.protocols = request.protocols;
        member.rebalance_timeout_ms = request.rebalance_timeout_ms;
        member.session_timeout_ms = request.session_timeout_ms;
    }

    /// A static member is back after a restart (KIP-345): it takes the place of its former self, and if it
    /// wants the same, nobody else is disturbed.
    fn come_back(
        &mut self,
        step: &mut Step<'_, W>,
        old: String,
        id: String,
        request: JoinGroup,
        waiter: W,
    ) {
        let former = &self.members[&old];
        let before = Box::new(Before {
            old_id: old.clone(),
            new_id: id.clone(),
            leader: self.leader.clone(),
            protocols: former.protocols.clone(),
            rebalance_timeout_ms: former.rebalance_timeout_ms,
            session_timeout_ms: former.session_timeout_ms,
            skips_assignment: request.supports_skipping_assignment,
        });
        self.replace_static(step, &old, &id);
        self.update(step, &id, request, waiter);
        step.set(self.session(&id), self.members[&id].session_timeout_ms);
        match self.state {
            State::Stable if self.protocol == self.select_protocol() => {
                let group = self.id.clone();
                step.entries.push(self.entry(&self.assignments()));
                step.then.push(Then::Returned { group, waiter, before });
            }
            State::Stable => self.rebalance(step),
            // The leader may be assigning to the id that is gone.
            State::CompletingRebalance => self.prepare(step),
            State::PreparingRebalance => self.complete_if_all_joined(step),
            State::Empty => unreachable!("an empty group has no static members"),
        }
    }

    /// Whoever waits under the old id is fenced.
    fn replace_static(&mut self, step: &mut Step<'_, W>, old: &str, id: &str) {
        let mut member = self.members.remove(old).expect("a static member");
        step.timers.cancel(&self.session(old));
        if let Some(waiter) = member.joining.take() {
            reject(step, waiter, old, ErrorCode::FencedInstanceId);
        }
        if let Some(waiter) = member.syncing.take() {
            let fenced = super::sync::error(ErrorCode::FencedInstanceId);
            step.answer(waiter, fenced);
        }
        if self.unsynced.remove(old) {
            self.unsynced.insert(id.to_owned());
        }
        if self.is_leader(old) {
            self.leader = Some(id.to_owned());
        }
        let instance = member.instance.clone().expect("a static member");
        member.id = id.to_owned();
        self.statics.insert(instance, id.to_owned());
        self.members.insert(id.to_owned(), member);
    }

    /// The record with the new id is in the log: no rebalance was needed.
    pub(in crate::broker::groups) fn returned(
        &mut self,
        step: &mut Step<'_, W>,
        waiter: W,
        before: &Before,
    ) {
        let mut joined = self.joined(&before.new_id, true);
        if !before.skips_assignment {
            // An older leader would assign again if it heard that it leads (KIP-814).
            joined.leader = before.leader.clone().unwrap_or_default();
            joined.members.clear();
            joined.skip_assignment = false;
        }
        self.members.get_mut(&before.new_id).expect("just replaced").joining = None;
        step.answer(waiter, Answer::JoinGroup(joined));
    }

    /// The record was refused: the former self is back.
    pub(in crate::broker::groups) fn not_returned(
        &mut self,
        step: &mut Step<'_, W>,
        waiter: W,
        before: Before,
        code: ErrorCode,
    ) {
        self.members.get_mut(&before.new_id).expect("just replaced").joining = None;
        self.replace_static(step, &before.new_id, &before.old_id);
        let member = self.members.get_mut(&before.old_id).expect("just replaced");
        member.protocols = before.protocols;
        member.rebalance_timeout_ms = before.rebalance_timeout_ms;
        member.session_timeout_ms = before.session_timeout_ms;
        step.set(self.session(&before.old_id), before.session_timeout_ms);
        reject(step, waiter, "", code);
    }

    /// The current generation as a member sees it. The leader of a generation that is assigned already is
    /// told to leave it so.
    pub(super) fn joined(&self, id: &str, assigned: bool) -> Joined {
        let leads = self.is_leader(id);
        Joined {
            error_code: ErrorCode::None,
            generation_id: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol.clone(),
            leader: self.leader.clone().unwrap_or_default(),
            skip_assignment: leads && assigned,
            member_id: id.to_owned(),
            members: if leads { self.joined_members() } else { Vec::new() },
        }
    }

    fn joined_members(&self) -> Vec<JoinedMember> {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        let members = self.members.values().map(|member| JoinedMember {
            member_id: member.id.clone(),
            group_instance_id: member.instance.clone(),
            metadata: member.metadata(protocol).unwrap_or_default(),
        });
        members.collect()
    }

    pub(super) fn session(&self, member: &str) -> Timer {
        Timer::Session { group: self.id.clone(), member: member.to_owned() }
    }
}

pub(super) fn reject<W>(step: &mut Step<'_, W>, waiter: W, member_id: &str, code: ErrorCode) {
    step.answer(waiter, Answer::JoinGroup(Joined::error(member_id, code)));
}
