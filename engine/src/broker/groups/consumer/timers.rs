//! When a member of a consumer group must have been heard, and when it must have given partitions back.

use super::{Consumer, Member};
use crate::broker::groups::records::assignment::MemberState;
use crate::broker::groups::timers::Timer;
use crate::broker::groups::turn::Step;

impl Consumer {
    /// After a start, everybody has a session's time.
    pub(in crate::broker::groups) fn revive<W>(&self, step: &mut Step<'_, W>) {
        for member in self.members.keys() {
            self.heard(step, member);
        }
    }

    /// A member was heard: its session begins anew, and the time to give back what it must goes on.
    pub(in crate::broker::groups) fn heard<W>(&self, step: &mut Step<'_, W>, id: &str) {
        let Some(member) = self.members.get(id) else { return };
        let session = match &member.metadata.classic {
            Some(classic) => step.after(classic.session_timeout_ms),
            None => step.at.now.after(step.settings.consumer_session_timeout),
        };
        step.timers.set(self.session(id), session);
        let revoke = self.revoke(id);
        if member.current.state == MemberState::UnrevokedPartitions && !member.is_classic() {
            let at = step.after(member.metadata.rebalance_timeout_ms);
            step.timers.set_once(revoke, at);
        } else {
            step.timers.cancel(&revoke);
        }
    }

    /// A classic member must join again in time, since the group has changed.
    pub(super) fn must_rejoin<W>(&self, step: &mut Step<'_, W>, id: &str, member: &Member) {
        let at = step.after(member.metadata.rebalance_timeout_ms);
        step.timers.set_once(self.rejoin(id), at);
    }

    /// A member that has gone needs no timers.
    pub(super) fn cancel_timers<W>(&self, step: &mut Step<'_, W>, id: &str) {
        for timer in [self.session(id), self.revoke(id), self.rejoin(id), self.resync(id)] {
            step.timers.cancel(&timer);
        }
    }

    fn session(&self, id: &str) -> Timer {
        Timer::Session { group: self.id.clone(), member: id.to_owned() }
    }

    pub(super) fn revoke(&self, id: &str) -> Timer {
        Timer::Revoke { group: self.id.clone(), member: id.to_owned() }
    }

    pub(super) fn rejoin(&self, id: &str) -> Timer {
        Timer::Rejoin { group: self.id.clone(), member: id.to_owned() }
    }

    pub(super) fn resync(&self, id: &str) -> Timer {
        Timer::Resync { group: self.id.clone(), member: id.to_owned() }
    }
}
