//! When which log of a shard is cleaned: the dirtiest first, one at a time, a step at a time, no faster than the settings
//! allow.
//!
//! What is done is the log's ([`crate::log::compaction`]), on I/O threads; here is only the pace and the choice. A stop
//! waits for the step at hand and nothing more: what is half-way is begun again after the next start.

use std::time::Duration;

use headwater_io::clock::Nanos;
use headwater_io::driver::Driver;

use super::Shard;
use super::letters::Isolation;
use super::serve::Moment;
use crate::config::broker::BrokerConfig;
use crate::log::Log;
use crate::log::compaction::plan::{Cleanable, Policy};
use crate::log::compaction::run::Tally;
use crate::log::compaction::{Begun, Ended};
use crate::model::PartitionKey;

/// Bytes read in one step, unless the pace is slower than that in a second.
const STEP_BYTES_MAX: u64 = 1 << 20;
/// And no fewer.
const STEP_BYTES_MIN: u64 = 64 << 10;
/// Logs looked at in one tick, in search of the dirtiest.
const LOGS_PER_LOOK: usize = 256;
/// Then the shard serves others for a moment; also when something is in the way of a step.
const LOOK_AGAIN: Duration = Duration::from_millis(1);
/// The first look comes this long after the start.
const FIRST_LOOK: Duration = Duration::from_secs(1);

/// How fast, how often, and with how much memory: one shard's share of what the settings allow.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pace {
    bytes_per_second: f64,
    backoff: Duration,
    map_bytes_max: u64,
}

impl Pace {
    /// Of these settings.
    pub fn of(config: &BrokerConfig, shards: usize) -> Self {
        let shards = shards.max(1);
        Pace {
            bytes_per_second: config.cleaner_bytes_per_second / shards as f64,
            backoff: Duration::from_millis(config.cleaner_backoff_ms).max(LOOK_AGAIN),
            map_bytes_max: config.cleaner_dedupe_bytes / shards as u64,
        }
    }

    fn step_bytes(&self) -> u64 {
        (self.bytes_per_second as u64).clamp(STEP_BYTES_MIN, STEP_BYTES_MAX)
    }

    /// How long these bytes may last.
    fn time_of(&self, bytes: u64) -> Duration {
        Duration::try_from_secs_f64(bytes as f64 / self.bytes_per_second.max(1.0))
            .unwrap_or(Duration::MAX)
    }
}

/// What a shard's cleaner has done since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CleanedSoFar {
    /// What its steps have come to.
    pub tally: Tally,
    /// Runs that were finished.
    pub runs: u64,
    /// Runs that failed.
    pub failures: u64,
    /// How long it has been at work.
    pub busy: Duration,
    /// Of the last look at all logs: the highest dirty ratio.
    pub dirty_ratio_max: f64,
    /// And what was to be cleaned, in bytes.
    pub dirty_bytes: u64,
    /// And logs that are given up until the next start.
    pub uncleanable: u64,
}

/// Where a shard's cleaner is.
#[derive(Default)]
pub(super) struct Cleaner {
    pace: Pace,
    step: Step,
    look: Look,
    done: CleanedSoFar,
}

#[derive(Clone, Copy, Debug, Default)]
enum Step {
    /// It is off, for good.
    #[default]
    Off,
    /// Looks for the dirtiest log.
    Look(Nanos),
    /// Goes on with this log.
    GoOn(Nanos, Place),
    /// Waits for an I/O thread.
    Working { since: Nanos, place: Place },
}

/// A log by its slot, and whose it is: slots are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    slot: u32,
    key: PartitionKey,
}

/// A look at all logs, some in each tick.
#[derive(Clone, Copy, Debug, Default)]
struct Look {
    next_slot: usize,
    dirtiest: Option<(Place, f64)>,
    dirty_ratio_max: f64,
    dirty_bytes: u64,
    uncleanable: u64,
}

impl Cleaner {
    /// Begins nothing any more.
    pub(super) fn stop(&mut self) {
        self.step = Step::Off;
    }

    /// When it has something to do.
    pub(super) fn deadline(&self) -> Option<Nanos> {
        match self.step {
            Step::Look(at) | Step::GoOn(at, _) => Some(at),
            Step::Off | Step::Working { .. } => None,
        }
    }
}

impl Look {
    fn sees(&mut self, place: Place, found: &Cleanable, policy: &Policy) {
        let ratio = found.dirty_ratio();
        self.dirty_ratio_max = self.dirty_ratio_max.max(ratio);
        self.dirty_bytes += found.dirty_bytes;
        let is_dirtier = self.dirtiest.is_none_or(|(_, most)| ratio > most);
        if is_dirtier && found.is_due(policy) {
            self.dirtiest = Some((place, ratio));
        }
    }
}

impl Shard {
    /// Cleans logs from now on.
    pub fn clean_at(&mut self, pace: Pace, now: Nanos) {
        self.cleaner.step = Step::Look(now.after(FIRST_LOOK.min(pace.backoff)));
    }

    /// What the cleaner has done since the start.
    pub fn cleaned_so_far(&self) -> CleanedSoFar {
        self.cleaner.done
    }

    /// Does the next step, if it is time; `policy_of` says what topics want that are compacted.
    pub fn clean(
        &mut self,
        at: Moment,
        pace: Pace,
        policy_of: &dyn Fn(PartitionKey) -> Option<Policy>,
        io: &mut Driver,
    ) {
        if self.cleaner.deadline().is_none_or(|due| at.now < due) {
            return;
        }
        self.cleaner.pace = pace;
        match self.cleaner.step {
            Step::GoOn(_, place) => self.clean_on(place, at.now, io),
            _ => self.look_for_dirt(at, policy_of),
        }
    }

    fn clean_on(&mut self, place: Place, now: Nanos, io: &mut Driver) {
        let pace = self.cleaner.pace;
        let is_scrubbed = self.scrubber.is_reading(place.slot);
        let begun = match self.log_of(place) {
            Some(log) => log.clean_step(pace.step_bytes(), is_scrubbed, io),
            None => Begun::No,
        };
        self.cleaner.step = match begun {
            Begun::Yes => Step::Working { since: now, place },
            Begun::NotYet => Step::GoOn(now.after(LOOK_AGAIN), place),
            Begun::No => Step::Look(now.after(pace.backoff)),
        };
    }

    /// A step of a log has ended.
    pub(super) fn cleaned(&mut self, slot: u32, now: Nanos) {
        let worked = self.slots.get_mut(slot as usize).and_then(|found| found.log.take_worked());
        let Step::Working { since, place } = self.cleaner.step else { return };
        let Some(worked) = worked.filter(|_| place.slot == slot) else { return };
        let pace = self.cleaner.pace;
        let done = &mut self.cleaner.done;
        done.tally.add(&worked.tally);
        done.busy += now.since(since);
        self.cleaner.step = match worked.end {
            None => {
                let bytes = worked.tally.moved_bytes;
                Step::GoOn(since.after(pace.time_of(bytes)), place)
            }
            Some(Ended::Done) => {
                done.runs += 1;
                Step::Look(now)
            }
            Some(Ended::Failed) => {
                done.failures += 1;
                Step::Look(now.after(pace.backoff))
            }
        };
    }

    /// Looks at the next logs; when all were looked at, begins with the dirtiest.
    fn look_for_dirt(&mut self, at: Moment, policy_of: &dyn Fn(PartitionKey) -> Option<Policy>) {
        let (from, slots) = (self.cleaner.look.next_slot, self.slots.capacity());
        let upto = slots.min(from + LOGS_PER_LOOK);
        for slot in from..upto {
            self.look_at_dirt(slot as u32, at, policy_of);
        }
        self.cleaner.look.next_slot = upto;
        if upto < slots {
            self.cleaner.step = Step::Look(at.now.after(LOOK_AGAIN));
            return;
        }
        let look = std::mem::take(&mut self.cleaner.look);
        let done = &mut self.cleaner.done;
        done.dirty_ratio_max = look.dirty_ratio_max;
        done.dirty_bytes = look.dirty_bytes;
        done.uncleanable = look.uncleanable;
        let begun = look.dirtiest.filter(|(place, _)| self.begin(*place, at, policy_of));
        self.cleaner.step = match begun {
            Some((place, _)) => Step::GoOn(at.now, place),
            None => Step::Look(at.now.after(self.cleaner.pace.backoff)),
        };
    }

    fn look_at_dirt(
        &mut self,
        slot: u32,
        at: Moment,
        policy_of: &dyn Fn(PartitionKey) -> Option<Policy>,
    ) {
        let partition = self.slots.get_mut(slot as usize).filter(|found| !found.released);
        let Some(partition) = partition else { return };
        let Some(policy) = policy_of(partition.key) else { return };
        let key = partition.key;
        let stable = partition.end(Isolation::Committed).offset;
        let log = &mut partition.log;
        self.cleaner.look.uncleanable += u64::from(log.is_uncleanable());
        let waits = log.awaits_checkpoint_to_clean();
        let rolls = log.roll_if_older(Duration::from_millis(policy.lag_ms_max), at.now);
        if let Some(found) = log.cleanable(&policy, stable, at.unix_ms) {
            self.cleaner.look.sees(Place { slot, key }, &found, &policy);
        }
        if let (Some(journal), true) = (&mut self.journal, waits) {
            journal.want_round();
        }
        if rolls || waits {
            self.mark_dirty(slot);
        }
    }

    fn begin(
        &mut self,
        place: Place,
        at: Moment,
        policy_of: &dyn Fn(PartitionKey) -> Option<Policy>,
    ) -> bool {
        let map_bytes_max = self.cleaner.pace.map_bytes_max;
        let partition = self.slots.get_mut(place.slot as usize);
        let Some(partition) = partition.filter(|found| found.key == place.key) else {
            return false;
        };
        let stable = partition.end(Isolation::Committed).offset;
        let Some(policy) = policy_of(place.key).filter(|_| !partition.released) else {
            return false;
        };
        let log = &mut partition.log;
        let found = log.cleanable(&policy, stable, at.unix_ms).filter(|one| one.is_due(&policy));
        let Some(found) = found else { return false };
        log.begin_cleaning(&policy, &found, at.unix_ms, map_bytes_max);
        true
    }

    fn log_of(&mut self, place: Place) -> Option<&mut Log> {
        let partition = self.slots.get_mut(place.slot as usize)?;
        (partition.key == place.key && !partition.released).then_some(&mut partition.log)
    }
}
