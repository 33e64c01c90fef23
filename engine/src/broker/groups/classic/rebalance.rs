//! A rebalance: from the moment that somebody must join to the answers of all joins.

use headwater_protocol::error_code::ErrorCode;

use super::super::rpc::Answer;
use super::super::timers::Timer;
use super::super::turn::Step;
use super::join::reject;
use super::{Classic, First, State};

impl<W: Copy> Classic<W> {
    /// Something has changed: begins a rebalance, or goes on with the one that is in preparation.
    pub(super) fn rebalance(&mut self, step: &mut Step<'_, W>) {
        match self.state {
            State::PreparingRebalance => self.complete_if_all_joined(step),
            _ => self.prepare(step),
        }
    }

    /// Everybody must join again.
    pub(super) fn prepare(&mut self, step: &mut Step<'_, W>) {
        if self.state == State::CompletingRebalance {
            self.reset_assignments(step, ErrorCode::RebalanceInProgress);
        }
        self.unsynced.clear();
        step.timers.cancel(&self.sync_timer());
        let was_empty = self.state == State::Empty;
        self.go(State::PreparingRebalance, step.at.unix_ms);
        if was_empty {
            self.wait_for_first_members(step);
        } else if self.all_joined() {
            self.complete(step);
        } else {
            step.set(self.join_timer(), self.rebalance_timeout_ms());
        }
    }

    /// A group begins: others will come soon, and each would be a rebalance.
    fn wait_for_first_members(&mut self, step: &mut Step<'_, W>) {
        let delay = step.settings.initial_rebalance_delay.as_millis();
        let step_ms = i32::try_from(delay).unwrap_or(i32::MAX);
        let left_ms = self.rebalance_timeout_ms().saturating_sub(step_ms).max(0);
        self.first = Some(First { step_ms, left_ms, somebody_came: false });
        step.set(self.join_timer(), step_ms);
    }

    /// The time to join is up.
    pub(in crate::broker::groups) fn join_time_is_up(&mut self, step: &mut Step<'_, W>) {
        if self.state != State::PreparingRebalance {
            return;
        }
        match self.first {
            Some(First { step_ms, left_ms, somebody_came: true }) if left_ms > 0 => {
                let whole = step.settings.initial_rebalance_delay.as_millis();
                let next_ms = i32::try_from(whole).unwrap_or(i32::MAX).min(left_ms);
                let left_ms = left_ms.saturating_sub(step_ms).max(0);
                self.first = Some(First { step_ms: next_ms, left_ms, somebody_came: false });
                step.set(self.join_timer(), next_ms);
            }
            _ => self.complete(step),
        }
    }

    /// The first rebalance of a group waits its time, whoever has come.
    pub(super) fn complete_if_all_joined(&mut self, step: &mut Step<'_, W>) {
        if self.state == State::PreparingRebalance && self.first.is_none() && self.all_joined() {
            self.complete(step);
        }
    }

    pub(super) fn all_joined(&self) -> bool {
        self.promised.is_empty() && self.members.values().all(|member| member.joining.is_some())
    }

    /// The next generation, of those who joined. Static members may still come back; the others are out.
    pub(super) fn complete(&mut self, step: &mut Step<'_, W>) {
        step.timers.cancel(&self.join_timer());
        let absent = self.members.values().filter(|member| member.joining.is_none());
        let out: Vec<String> = absent
            .filter(|member| member.instance.is_none())
            .map(|member| member.id.clone())
            .collect();
        for id in out {
            self.forget(step, &id);
        }
        if !self.elect_leader() && !self.members.is_empty() {
            // Static members only, and none has come: their sessions will end.
            self.first = None;
            return step.set(self.join_timer(), self.rebalance_timeout_ms());
        }
        self.first = None;
        self.generation = self.generation.checked_add(1).unwrap_or(1);
        if self.members.is_empty() {
            self.become_empty(step);
        } else {
            self.begin_generation(step);
        }
    }

    /// Whether a leader is there that has joined.
    fn elect_leader(&mut self) -> bool {
        let joined = |id: &String| self.members.get(id).is_some_and(|m| m.joining.is_some());
        if self.leader.as_ref().is_some_and(joined) {
            return true;
        }
        let first = self.members.values().find(|member| member.joining.is_some());
        match first.map(|member| member.id.clone()) {
            Some(id) => {
                self.leader = Some(id);
                true
            }
            None => false,
        }
    }

    fn become_empty(&mut self, step: &mut Step<'_, W>) {
        self.protocol = None;
        self.leader = None;
        self.go(State::Empty, step.at.unix_ms);
        step.entries.push(self.entry(&Default::default()));
    }

    fn begin_generation(&mut self, step: &mut Step<'_, W>) {
        self.protocol = self.select_protocol();
        self.go(State::CompletingRebalance, step.at.unix_ms);
        let ids: Vec<String> = self.members.keys().cloned().collect();
        for id in &ids {
            let answer = Answer::JoinGroup(self.joined(id, false));
            let session = self.session(id);
            let member = self.members.get_mut(id).expect("just listed");
            member.is_new = false;
            step.set(session, member.session_timeout_ms);
            if let Some(waiter) = member.joining.take() {
                step.answer(waiter, answer);
            }
        }
        self.unsynced = ids.into_iter().collect();
        step.set(self.sync_timer(), self.rebalance_timeout_ms());
    }

    /// The time to sync is up: whoever has not asked for its assignment is out.
    pub(in crate::broker::groups) fn sync_time_is_up(&mut self, step: &mut Step<'_, W>) {
        let waits = matches!(self.state, State::CompletingRebalance | State::Stable);
        if !waits || self.unsynced.is_empty() {
            return;
        }
        for id in std::mem::take(&mut self.unsynced) {
            self.forget(step, &id);
        }
        self.prepare(step);
    }

    /// A member is no more; nobody else hears of it yet.
    pub(super) fn forget(&mut self, step: &mut Step<'_, W>, id: &str) {
        self.promised.remove(id);
        self.unsynced.remove(id);
        step.timers.cancel(&self.session(id));
        let Some(member) = self.members.remove(id) else { return };
        if let Some(waiter) = member.joining {
            // It may still be there, with a request that took too long: it joins anew.
            reject(step, waiter, "", ErrorCode::UnknownMemberId);
        }
        if let Some(waiter) = member.syncing {
            step.answer(waiter, super::sync::error(ErrorCode::UnknownMemberId));
        }
        if let Some(instance) = member.instance {
            self.statics.remove(&instance);
        }
        if self.is_leader(id) {
            self.leader = self.members.keys().next().cloned();
        }
    }

    fn join_timer(&self) -> Timer {
        Timer::Join { group: self.id.clone() }
    }

    pub(super) fn sync_timer(&self) -> Timer {
        Timer::Sync { group: self.id.clone() }
    }
}
