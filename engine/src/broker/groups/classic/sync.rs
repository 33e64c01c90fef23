//! From the leader's assignment to the members: it holds when it is in the log.

use std::collections::BTreeMap;

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;

use super::super::rpc::Answer;
use super::super::rpc::classic::{SyncGroup, Synced};
use super::super::turn::{Step, Then};
use super::{Classic, State};

impl<W: Copy> Classic<W> {
    /// SyncGroup.
    pub(in crate::broker::groups) fn sync(
        &mut self,
        step: &mut Step<'_, W>,
        request: SyncGroup,
        waiter: W,
    ) {
        if let Err(code) = self.may_sync(&request) {
            return step.answer(waiter, error(code));
        }
        let id = request.member_id;
        match self.state {
            State::Empty | State::PreparingRebalance => unreachable!("may not sync"),
            State::Stable => {
                self.has_synced(step, &id);
                let answer = self.synced(&self.members[&id].assignment);
                step.answer(waiter, answer);
            }
            State::CompletingRebalance => {
                self.has_synced(step, &id);
                let member = self.members.get_mut(&id).expect("checked");
                if let Some(older) = member.syncing.replace(waiter) {
                    step.answer(older, error(ErrorCode::RebalanceInProgress));
                }
                if self.is_leader(&id) {
                    self.store(step, request.assignments);
                }
            }
        }
    }

    fn may_sync(&self, request: &SyncGroup) -> Result<(), ErrorCode> {
        self.check_member(&request.member_id, request.group_instance_id.as_deref())?;
        if request.generation_id != self.generation {
            return Err(ErrorCode::IllegalGeneration);
        }
        let other = |asked: &Option<String>, own: &Option<String>| matches!((asked, own), (Some(asked), Some(own)) if asked != own);
        if other(&request.protocol_type, &self.protocol_type)
            || other(&request.protocol_name, &self.protocol)
        {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        match self.state {
            State::Empty => Err(ErrorCode::UnknownMemberId),
            State::PreparingRebalance => Err(ErrorCode::RebalanceInProgress),
            State::CompletingRebalance | State::Stable => Ok(()),
        }
    }

    fn has_synced(&mut self, step: &mut Step<'_, W>, id: &str) {
        self.unsynced.remove(id);
        if self.unsynced.is_empty() {
            step.timers.cancel(&self.sync_timer());
        }
    }

    /// Writes the generation; members that the leader forgot get nothing.
    fn store(&mut self, step: &mut Step<'_, W>, assignments: Vec<(String, Bytes)>) {
        let mut all: BTreeMap<String, Bytes> = assignments.into_iter().collect();
        all.retain(|id, _| self.members.contains_key(id));
        for id in self.members.keys() {
            all.entry(id.clone()).or_default();
        }
        step.entries.push(self.entry(&all));
        let assignments = all.into_iter().collect();
        let (group, generation) = (self.id.clone(), self.generation);
        step.then.push(Then::Assigned { group, generation, assignments });
    }

    /// The assignment is in the log.
    pub(in crate::broker::groups) fn assigned(
        &mut self,
        step: &mut Step<'_, W>,
        generation: i32,
        assignments: Vec<(String, Bytes)>,
    ) {
        if self.state != State::CompletingRebalance || generation != self.generation {
            return;
        }
        for (id, assignment) in assignments {
            if let Some(member) = self.members.get_mut(&id) {
                member.assignment = assignment;
            }
        }
        self.propagate(step, ErrorCode::None);
        self.go(State::Stable, step.at.unix_ms);
    }

    /// The log did not take it: the members try again.
    pub(in crate::broker::groups) fn not_assigned(
        &mut self,
        step: &mut Step<'_, W>,
        generation: i32,
        code: ErrorCode,
    ) {
        if self.state == State::CompletingRebalance && generation == self.generation {
            self.reset_assignments(step, code);
            self.prepare(step);
        }
    }

    pub(super) fn reset_assignments(&mut self, step: &mut Step<'_, W>, code: ErrorCode) {
        for member in self.members.values_mut() {
            member.assignment = Bytes::new();
        }
        self.propagate(step, code);
    }

    /// Answers everybody who waits for an assignment; their sessions begin anew.
    fn propagate(&mut self, step: &mut Step<'_, W>, code: ErrorCode) {
        let ids: Vec<String> = self.members.keys().cloned().collect();
        for id in ids {
            let session = self.session(&id);
            let member = self.members.get_mut(&id).expect("just listed");
            let Some(waiter) = member.syncing.take() else { continue };
            step.set(session, member.session_timeout_ms);
            let answer = match code {
                ErrorCode::None => self.synced(&self.members[&id].assignment),
                code => error(code),
            };
            step.answer(waiter, answer);
        }
    }

    fn synced(&self, assignment: &Bytes) -> Answer {
        Answer::SyncGroup(Synced {
            error_code: ErrorCode::None,
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol.clone(),
            assignment: assignment.clone(),
        })
    }

    pub(super) fn assignments(&self) -> BTreeMap<String, Bytes> {
        let members = self.members.iter();
        members.map(|(id, member)| (id.clone(), member.assignment.clone())).collect()
    }
}

pub(super) fn error(code: ErrorCode) -> Answer {
    Answer::SyncGroup(Synced::error(code))
}
