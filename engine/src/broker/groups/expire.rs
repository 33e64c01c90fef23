//! What happens by itself: sessions end, rebalances run out of time, offsets expire.

use std::ops::Bound;

use headwater_io::clock::Nanos;

use super::Groups;
use super::group::Group;
use super::offsets::expiry::{self, Found};
use super::timers::Timer;
use super::turn::{Moment, Step, Turn};

impl<W: Copy> Groups<W> {
    /// When [`Groups::expire`] has something to do.
    pub fn deadline(&self) -> Option<Nanos> {
        self.timers.next()
    }

    /// Does the first thing that is due, if any: call again while the deadline has passed.
    pub fn expire(&mut self, at: Moment) -> Turn<W> {
        let Some(timer) = self.timers.due(at.now) else {
            return Turn { answers: Vec::new(), write: None };
        };
        if timer == Timer::Sweep {
            return self.sweep(at);
        }
        let mut step = Step::new(&self.settings, &mut self.timers, at);
        let id = match &timer {
            Timer::Join { group } | Timer::Sync { group } => group.clone(),
            Timer::Session { group, .. }
            | Timer::Revoke { group, .. }
            | Timer::Rejoin { group, .. }
            | Timer::Resync { group, .. } => group.clone(),
            Timer::Sweep => unreachable!("seen to"),
        };
        match (self.groups.get_mut(&id), timer) {
            (Some(Group::Classic(classic)), Timer::Session { member, .. }) => {
                classic.session_is_over(&mut step, &member);
            }
            (Some(Group::Classic(classic)), Timer::Join { .. }) => {
                classic.join_time_is_up(&mut step)
            }
            (Some(Group::Classic(classic)), Timer::Sync { .. }) => {
                classic.sync_time_is_up(&mut step)
            }
            (
                Some(Group::Consumer(consumer)),
                Timer::Session { member, .. }
                | Timer::Revoke { member, .. }
                | Timer::Rejoin { member, .. }
                | Timer::Resync { member, .. },
            ) => consumer.fence(&mut step, &self.topics, &member),
            // Of a group that has been deleted or has changed its protocol.
            _ => {}
        }
        let turn = step.finish();
        self.drop_if_bare(&id, &turn);
        turn
    }

    /// Looks for expired offsets until one batch is full, and goes on where it stopped. A group that has
    /// neither members nor offsets is removed.
    fn sweep(&mut self, at: Moment) -> Turn<W> {
        let mut step = Step::new(&self.settings, &mut self.timers, at);
        let from = self.swept.take().map_or(Bound::Unbounded, Bound::Excluded);
        let mut last = None;
        for (id, group) in self.groups.range::<String, _>((from.clone(), Bound::Unbounded)) {
            match expiry::expire(group, id, (&self.offsets, &*self.topics), &mut step) {
                Found::More => break,
                Found::AllGone if group.is_empty() && !group.is_being_joined() => {
                    step.entries.extend(group.tombstones());
                }
                Found::AllGone | Found::Kept => {}
            }
            last = Some(id.clone());
            if !step.entries.is_empty() && step.entries.len() >= expiry::ENOUGH {
                break;
            }
        }
        let finished =
            last.as_ref().is_some_and(|last| self.groups.keys().next_back() == Some(last))
                || self.groups.is_empty();
        let again =
            if finished { step.settings.retention_check_interval } else { Default::default() };
        if !finished {
            self.swept = last.or(match from {
                Bound::Excluded(id) => Some(id),
                _ => None,
            });
        }
        step.timers.set(Timer::Sweep, at.now.after(again));
        step.finish()
    }
}
