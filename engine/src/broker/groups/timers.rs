//! What shall happen later: one alarm clock for all groups of a partition.

use std::collections::{BTreeMap, BTreeSet};

use headwater_io::clock::Nanos;

/// Something that is due at a time. Each exists once: setting it again moves it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// A member was silent for too long.
    Session { group: String, member: String },
    /// A classic group waited long enough for members to join.
    Join { group: String },
    /// A classic group waited long enough for members to sync.
    Sync { group: String },
    /// A member of a consumer group had time enough to give partitions back.
    Revoke { group: String, member: String },
    /// A classic member of a consumer group had time enough to join again.
    Rejoin { group: String, member: String },
    /// A classic member of a consumer group had time enough to ask for its assignment.
    Resync { group: String, member: String },
    /// Offsets and groups that nobody wants any more are looked for, from this group on.
    Sweep,
}

/// The alarm clock.
#[derive(Debug, Default)]
pub(super) struct Timers {
    by_time: BTreeSet<(Nanos, Timer)>,
    by_timer: BTreeMap<Timer, Nanos>,
}

impl Timers {
    /// Sets or moves a timer.
    pub(super) fn set(&mut self, timer: Timer, at: Nanos) {
        self.cancel(&timer);
        self.by_time.insert((at, timer.clone()));
        self.by_timer.insert(timer, at);
    }

    /// Sets a timer unless it is set.
    pub(super) fn set_once(&mut self, timer: Timer, at: Nanos) {
        if !self.by_timer.contains_key(&timer) {
            self.set(timer, at);
        }
    }

    pub(super) fn cancel(&mut self, timer: &Timer) {
        if let Some((timer, at)) = self.by_timer.remove_entry(timer) {
            self.by_time.remove(&(at, timer));
        }
    }

    /// When the first is due.
    pub(super) fn next(&self) -> Option<Nanos> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// Takes one that is due.
    pub(super) fn due(&mut self, now: Nanos) -> Option<Timer> {
        if self.next()? > now {
            return None;
        }
        let (_, timer) = self.by_time.pop_first()?;
        self.by_timer.remove(&timer);
        Some(timer)
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Timers::default();
    }
}
