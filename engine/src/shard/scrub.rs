//! When which sealed segment of a shard is read again: one log after the other, a piece at a time, no
//! faster than the settings allow.
//!
//! The pieces are read and checked on I/O threads ([`crate::log::scrub`]); here is only the pace and the
//! place. A stop does not wait for it, and nothing of it is kept: after a start all segments are due.

use std::time::Duration;

use headwater_io::clock::Nanos;

use super::Shard;
use crate::config::broker::BrokerConfig;
use crate::log::Log;
use crate::log::scrub::{Passage, Passed};
use crate::model::{PartitionKey, Position};

/// Bytes read at once, unless the pace is slower than that in a second.
const PIECE_BYTES_MAX: u64 = 1 << 20;
/// And no fewer.
const PIECE_BYTES_MIN: u64 = 64 << 10;
/// Logs looked at in one tick, in search of a segment that is due.
const LOGS_PER_LOOK: usize = 256;
/// Then the shard serves others for a moment.
const LOOK_AGAIN: Duration = Duration::from_millis(1);
/// When no segment is due; meanwhile one may be sealed.
const REST: Duration = Duration::from_secs(1);

/// How fast, and how often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// 0 for never.
    bytes_per_second: u64,
    /// Between two readings of the same segment.
    interval: Duration,
}

impl Pace {
    /// One shard's share of what the settings allow.
    pub fn of(config: &BrokerConfig, shards: usize) -> Self {
        Pace {
            bytes_per_second: config.scrub_bytes_per_second.div_ceil(shards.max(1) as u64),
            interval: Duration::from_secs(config.scrub_interval_hours * 3600),
        }
    }

    fn piece_bytes(self) -> u64 {
        self.bytes_per_second.clamp(PIECE_BYTES_MIN, PIECE_BYTES_MAX)
    }

    /// How long these bytes may last.
    fn time_of(self, bytes: u64) -> Duration {
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(self.bytes_per_second.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// What a shard's scrubber has done since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scrubbed {
    /// Bytes read again.
    pub bytes: u64,
    /// Segments read from their start to their end.
    pub segments: u64,
    /// Damaged ranges found.
    pub damages: u64,
}

/// Where a shard's scrubber is.
#[derive(Debug, Default)]
pub(super) struct Scrubber {
    pace: Pace,
    /// What it does next.
    step: Step,
    /// The log to look at next.
    next_slot: usize,
    /// Logs looked at since the last segment that was due.
    looked_at: usize,
    done: Scrubbed,
}

#[derive(Debug, Default)]
enum Step {
    /// It is off, for good.
    #[default]
    Off,
    /// Looks for a segment that is due.
    Look(Nanos),
    /// Goes on in this segment.
    GoOn(Nanos, Place),
    /// Waits for an I/O thread.
    Reading { since: Nanos, place: Place },
}

/// A position in a segment of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    slot: u32,
    /// Whose log it was: slots are used again.
    key: PartitionKey,
    segment: u32,
    position: Position,
}

impl Scrubber {
    fn start(&mut self, pace: Pace) {
        self.pace = pace;
        self.step = if pace.bytes_per_second > 0 { Step::Look(Nanos(0)) } else { Step::Off };
    }

    /// Begins nothing any more.
    pub(super) fn stop(&mut self) {
        self.step = Step::Off;
    }

    /// Whether an I/O thread reads something of the log in this slot.
    pub(super) fn is_reading(&self, slot: u32) -> bool {
        matches!(self.step, Step::Reading { place, .. } if place.slot == slot)
    }

    /// When it has something to do.
    pub(super) fn deadline(&self) -> Option<Nanos> {
        match self.step {
            Step::Look(at) | Step::GoOn(at, _) => Some(at),
            Step::Off | Step::Reading { .. } => None,
        }
    }

    /// The next log to look at of `slots`; `None` when it has looked at enough for now, or at all.
    fn next_log(&mut self, looks: usize, slots: usize) -> Option<usize> {
        if looks >= LOGS_PER_LOOK || self.looked_at >= slots {
            return None;
        }
        self.looked_at += 1;
        let slot = if self.next_slot < slots { self.next_slot } else { 0 };
        self.next_slot = slot + 1;
        Some(slot)
    }

    /// Nothing was due among the logs looked at.
    fn found_nothing(&mut self, slots: usize, now: Nanos) {
        let all = self.looked_at >= slots;
        self.step = Step::Look(now.after(if all { REST } else { LOOK_AGAIN }));
        if all {
            self.looked_at = 0;
        }
    }

    fn reads(&mut self, place: Place, now: Nanos) {
        self.looked_at = 0;
        self.step = Step::Reading { since: now, place };
    }

    /// A piece was read from `place` on, begun at `since`: what comes next, and when.
    fn has_read(&mut self, since: Nanos, place: Place, end: Position, segment_done: bool) {
        let bytes = end.0 - place.position.0;
        self.done.bytes += bytes;
        let at = since.after(self.pace.time_of(bytes));
        self.step = match segment_done {
            true => {
                self.done.segments += 1;
                // Its log may have another one.
                self.next_slot = place.slot as usize;
                Step::Look(at)
            }
            false => Step::GoOn(at, Place { position: end, ..place }),
        };
    }
}

impl Shard {
    /// Reads sealed segments again at this pace.
    pub fn scrub_at(&mut self, pace: Pace) {
        self.scrubber.start(pace);
    }

    /// What the scrubber has done since the start.
    pub fn scrubbed_so_far(&self) -> Scrubbed {
        self.scrubber.done
    }

    /// What is to be read again now; [`Shard::scrubbed`] takes what came of it.
    pub fn scrub(&mut self, now: Nanos) -> Option<Passage> {
        if self.scrubber.deadline().is_none_or(|at| now < at) {
            return None;
        }
        let going_on = match self.scrubber.step {
            Step::GoOn(_, place) => self.passage(place).map(|passage| (place, passage)),
            _ => None,
        };
        // What it was reading may be gone.
        let Some((place, passage)) = going_on.or_else(|| self.look(now)) else {
            self.scrubber.found_nothing(self.slots.capacity(), now);
            return None;
        };
        self.scrubber.reads(place, now);
        Some(passage)
    }

    /// A passage was read; `None` if that could not be done at all.
    pub fn scrubbed(&mut self, passed: Option<Passed>, now: Nanos) {
        let Step::Reading { since, place } = self.scrubber.step else { return };
        let again = now.after(self.scrubber.pace.interval);
        self.scrubber.step = Step::Look(now.after(LOOK_AGAIN));
        let Some(log) = self.log_at(place) else { return };
        let Some(passed) = passed else {
            tracing::error!(log = %log.dir().display(), "a segment could not be read again");
            return log.scrubbed(place.segment, again);
        };
        let damages = log.passed(&passed);
        let done = log.passage(place.segment, passed.end, 1).is_none();
        if done {
            log.scrubbed(place.segment, again);
        }
        self.scrubber.done.damages += damages;
        self.scrubber.has_read(since, place, passed.end, done);
    }

    /// Looks for a log with a segment that is due.
    fn look(&mut self, now: Nanos) -> Option<(Place, Passage)> {
        let slots = self.slots.capacity();
        let mut looks = 0;
        while let Some(slot) = self.scrubber.next_log(looks, slots) {
            looks += 1;
            let Some(partition) = self.slots.get(slot).filter(|found| !found.released) else {
                continue;
            };
            let Some(segment) = partition.log.segment_to_scrub(now) else { continue };
            let (slot, key, position) = (slot as u32, partition.key, Position(0));
            let place = Place { slot, key, segment, position };
            if let Some(passage) = self.passage(place) {
                return Some((place, passage));
            }
        }
        None
    }

    fn passage(&mut self, place: Place) -> Option<Passage> {
        let bytes = self.scrubber.pace.piece_bytes();
        self.log_at(place)?.passage(place.segment, place.position, bytes)
    }

    fn log_at(&mut self, place: Place) -> Option<&mut Log> {
        let partition = self.slots.get_mut(place.slot as usize)?;
        (partition.key == place.key && !partition.released).then_some(&mut partition.log)
    }
}
