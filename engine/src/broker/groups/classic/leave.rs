//! Staying and leaving: heartbeats, their absence, and goodbyes.

use headwater_protocol::error_code::ErrorCode;

use super::super::rpc::Answer;
use super::super::rpc::classic::{Heartbeat, LeaveGroup, Left, MemberIdentity};
use super::super::turn::Step;
use super::{Classic, State};

impl<W: Copy> Classic<W> {
    /// Heartbeat.
    pub(in crate::broker::groups) fn heartbeat(
        &mut self,
        step: &mut Step<'_, W>,
        request: &Heartbeat,
        waiter: W,
    ) {
        let code = self.heard(step, request).err().unwrap_or(ErrorCode::None);
        step.answer(waiter, Answer::Heartbeat(code));
    }

    fn heard(&mut self, step: &mut Step<'_, W>, request: &Heartbeat) -> Result<(), ErrorCode> {
        let id = &request.member_id;
        self.check_member(id, request.group_instance_id.as_deref())?;
        if request.generation_id != self.generation {
            return Err(ErrorCode::IllegalGeneration);
        }
        step.set(self.session(id), self.members[id].session_timeout_ms);
        match self.state {
            State::Empty => Err(ErrorCode::UnknownMemberId),
            State::PreparingRebalance => Err(ErrorCode::RebalanceInProgress),
            State::CompletingRebalance | State::Stable => Ok(()),
        }
    }

    /// A commit is a sign of life, too.
    pub(in crate::broker::groups) fn heard_by_commit(&self, step: &mut Step<'_, W>, id: &str) {
        let counts = matches!(self.state, State::Stable | State::PreparingRebalance);
        if let Some(member) = self.members.get(id).filter(|_| counts) {
            step.set(self.session(id), member.session_timeout_ms);
        }
    }

    /// A member was silent for too long.
    pub(in crate::broker::groups) fn session_is_over(&mut self, step: &mut Step<'_, W>, id: &str) {
        if self.promised.remove(id) {
            self.complete_if_ready(step);
        } else if self.members.get(id).is_some_and(|member| !member.waits_for_us()) {
            self.forget(step, id);
            self.after_leave(step);
        }
    }

    /// LeaveGroup.
    pub(in crate::broker::groups) fn leave(
        &mut self,
        step: &mut Step<'_, W>,
        request: LeaveGroup,
        waiter: W,
    ) {
        let mut left = Vec::with_capacity(request.members.len());
        let mut somebody_left = false;
        for member in request.members {
            let code = self.leave_one(step, &member).err().unwrap_or(ErrorCode::None);
            somebody_left |= code.is_none();
            left.push((member.member_id, member.group_instance_id, code));
        }
        if somebody_left {
            self.after_leave(step);
        }
        // Not after the record that the group is empty: if that is refused, nobody is in it all the same.
        let left = Left { error_code: ErrorCode::None, members: left };
        step.answer(waiter, Answer::LeaveGroup(left));
    }

    fn leave_one(
        &mut self,
        step: &mut Step<'_, W>,
        member: &MemberIdentity,
    ) -> Result<(), ErrorCode> {
        let instance = member.group_instance_id.as_deref();
        let id = if member.member_id.is_empty() {
            // An operator removes a static member without knowing its id.
            let known = instance.and_then(|instance| self.statics.get(instance));
            known.cloned().ok_or(ErrorCode::UnknownMemberId)?
        } else if self.promised.contains(&member.member_id) {
            member.member_id.clone()
        } else {
            self.check_member(&member.member_id, instance)?;
            member.member_id.clone()
        };
        self.forget(step, &id);
        Ok(())
    }

    fn after_leave(&mut self, step: &mut Step<'_, W>) {
        match self.state {
            State::Empty => {}
            State::PreparingRebalance => self.complete_if_ready(step),
            State::CompletingRebalance | State::Stable => self.prepare(step),
        }
    }

    /// Nobody is left to wait for. Also in a first rebalance that has lost everybody.
    fn complete_if_ready(&mut self, step: &mut Step<'_, W>) {
        let lost_all = self.members.is_empty() && self.promised.is_empty();
        if self.state == State::PreparingRebalance
            && self.all_joined()
            && (self.first.is_none() || lost_all)
        {
            self.complete(step);
        }
    }
}
