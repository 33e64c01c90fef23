//! How far ahead of the tail a segment's file is allocated and zeroed.
//!
//! A write must never make the file longer (that leaves the asynchronous path on ext4 and xfs), and a
//! small durable write onto blocks that were never written costs almost twice one onto written blocks,
//! because it must also commit a change of metadata. So the file is allocated in steps ahead of the
//! tail, and for small commits zeroed ahead as well. Large commits write onto fresh blocks: for them
//! zeroing would double the traffic to save little. Pure: decides, does not do.

use crate::model::Position;

/// The first allocation; small, for a partition that gets a few records and is then left alone.
const FIRST_STEP: u64 = 256 << 10;
/// Each step is this much larger than what is there.
const GROWTH: u64 = 4;
/// The largest step.
const STEP_MAX: u64 = 64 << 20;
/// When the disk is short of space, a step is this much smaller than the one that was refused.
const AHEAD_SHRINK: u64 = 8;
/// A step smaller than this is none: then only what is needed is allocated.
const AHEAD_MIN: u64 = 64 << 10;
/// Zeroed in one go; the device is busy with it for about a millisecond.
const ZERO_STEP: u64 = 1 << 20;
/// Zeroed ahead of the tail, as long as commits are small.
const ZERO_AHEAD: u64 = 4 << 20;
/// Commits of at least this size write onto fresh blocks.
const LARGE_COMMIT: usize = 192 << 10;

/// The state of a segment file's space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// The file has this size and its blocks are reserved.
    pub allocated: Position,
    /// Every block before this one was written or zeroed.
    pub zeroed: Position,
    /// Allocated ahead at most, in bytes; less than usual while the disk is short of space.
    pub ahead_bytes_max: u64,
}

/// What to do next about a file's space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Allocate up to here.
    Allocate(Position),
    /// Write zeros over this range and sync.
    Zero(Position, Position),
}

impl Room {
    /// The space of a file that is exactly `len` bytes long.
    pub fn exact(len: Position) -> Self {
        let zeroed = Position(len.0.next_multiple_of(headwater_io::buffer::BLOCK as u64));
        Room::of(len, zeroed)
    }

    /// The space of a file that is allocated and zeroed up to these.
    pub fn of(allocated: Position, zeroed: Position) -> Self {
        Room { allocated, zeroed, ahead_bytes_max: STEP_MAX }
    }

    /// The file is allocated up to here.
    pub fn grant(&mut self, to: Position) {
        self.allocated = to;
        self.ahead_bytes_max = (self.ahead_bytes_max * 2).clamp(AHEAD_MIN, STEP_MAX);
    }

    /// There was no space to allocate up to `to`. Whether less may do: `needed` bytes behind `end`, or
    /// nothing at all for now.
    pub fn refuse(&mut self, to: Position, end: Position, needed: usize) -> bool {
        let least = (end.0 + needed as u64).next_multiple_of(headwater_io::buffer::BLOCK as u64);
        let ahead = (to.0 - self.allocated.0).min(self.ahead_bytes_max) / AHEAD_SHRINK;
        self.ahead_bytes_max = if ahead < AHEAD_MIN { 0 } else { ahead };
        to.0 > least
    }

    /// Whether `bytes` more fit behind `end`, whole blocks counted.
    pub fn fits(&self, end: Position, bytes: usize) -> bool {
        let block = headwater_io::buffer::BLOCK as u64;
        (end.0 + bytes as u64).next_multiple_of(block) <= self.allocated.0
    }

    /// The next step, if one is due. `wanted` is the size of an append that did not fit (0 if none did
    /// not), `commit_bytes` the size of recent commits.
    pub fn next_step(
        &self,
        end: Position,
        wanted: usize,
        commit_bytes: usize,
        segment_bytes: u64,
    ) -> Option<Step> {
        let step = (self.allocated.0 * (GROWTH - 1)).clamp(FIRST_STEP, STEP_MAX);
        let step = step.min(self.ahead_bytes_max);
        let missing = !self.fits(end, wanted);
        // Half used: what is taken ahead is in proportion to what was needed so far.
        let left = self.allocated.0 - end.0.min(self.allocated.0);
        let low = left < self.allocated.0.min(self.ahead_bytes_max) / 2;
        if missing || (low && self.allocated.0 > 0 && self.allocated.0 < segment_bytes) {
            let needed =
                (end.0 + wanted as u64).next_multiple_of(headwater_io::buffer::BLOCK as u64);
            // A whole batch always fits, even one larger than the segment size.
            let target = (self.allocated.0 + step).min(segment_bytes).max(needed);
            let target = target.next_multiple_of(headwater_io::buffer::BLOCK as u64);
            if target > self.allocated.0 {
                return Some(Step::Allocate(Position(target)));
            }
        }
        self.zero_step(end, commit_bytes)
    }

    fn zero_step(&self, end: Position, commit_bytes: usize) -> Option<Step> {
        if commit_bytes >= LARGE_COMMIT {
            return None;
        }
        // Blocks that the tail has already passed need no zeros any more; one step of distance keeps
        // zeros from being written where data is on its way.
        let block = headwater_io::buffer::BLOCK as u64;
        let from = self
            .zeroed
            .0
            .max((end.0 + ZERO_STEP / 4).next_multiple_of(block) * u64::from(end > self.zeroed));
        let to = (from + ZERO_STEP).min(self.allocated.0 / block * block);
        (from < to && from < end.0 + ZERO_AHEAD).then_some(Step::Zero(Position(from), Position(to)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEGMENT: u64 = 1 << 30;

    #[test]
    fn an_idle_file_takes_no_space_and_a_busy_one_stays_ahead() {
        let mut room = Room::exact(Position(0));
        assert_eq!(room.next_step(Position(0), 0, 0, SEGMENT), None);
        assert!(!room.fits(Position(0), 1));
        let mut end = Position(0);
        for _ in 0..20_000 {
            while let Some(step) = room.next_step(end, 15_000, 15_000, SEGMENT) {
                match step {
                    Step::Allocate(to) => {
                        assert!(to > room.allocated);
                        room.grant(to);
                    }
                    Step::Zero(from, to) => {
                        assert!(from >= end, "zeros over data: {from} < {end}");
                        assert!(to <= room.allocated);
                        room.zeroed = to;
                    }
                }
            }
            assert!(room.fits(end, 15_000));
            assert!(room.zeroed >= Position(end.0 + 15_000), "{room:?} {end}");
            end.0 += 15_000;
        }
    }

    /// A thousand partitions with a record each must not take a thousand times the largest step.
    #[test]
    fn a_file_with_little_in_it_takes_little_space() {
        let mut room = Room::exact(Position(0));
        for (records, most) in [(1, 256 << 10), (1000, 1 << 20), (2000, 4 << 20)] {
            let end = Position(records * 300);
            while let Some(step) = room.next_step(end, 300, 300, SEGMENT) {
                match step {
                    Step::Allocate(to) => room.grant(to),
                    Step::Zero(_, to) => room.zeroed = to,
                }
            }
            assert!(room.allocated.0 <= most, "{} for {records} records", room.allocated);
        }
    }

    #[test]
    fn never_allocates_beyond_the_segment_but_for_one_batch() {
        let room = Room::of(Position(SEGMENT), Position(SEGMENT));
        assert_eq!(room.next_step(Position(SEGMENT - 10), 0, 0, SEGMENT), None);
        let tiny = Room::exact(Position(0));
        assert_eq!(
            tiny.next_step(Position(0), 5_000, 0, 4096),
            Some(Step::Allocate(Position(8192)))
        );
    }

    /// A disk with a few megabytes left is not full for a batch of a few kilobytes.
    #[test]
    fn with_little_space_left_less_is_asked_for_until_only_the_need_is() {
        let mut room = Room::of(Position(16 << 20), Position(16 << 20));
        let (mut end, mut free, mut refused) = (Position(15 << 20), 3u64 << 20, 0);
        loop {
            let wanted = if room.fits(end, 15_000) { 0 } else { 15_000 };
            match room.next_step(end, wanted, 1 << 20, SEGMENT) {
                Some(Step::Allocate(to)) if to.0 - room.allocated.0 <= free => {
                    free -= to.0 - room.allocated.0;
                    room.grant(to);
                }
                Some(Step::Allocate(to)) => {
                    refused += 1;
                    if !room.refuse(to, end, wanted) {
                        break;
                    }
                }
                _ => end.0 += 15_000,
            }
        }
        assert!(free < 20_000, "{free} bytes were left when it gave up");
        assert!(refused < 40, "{refused} times there was not as much as was asked for");
    }

    #[test]
    fn large_commits_do_without_zeros() {
        let room = Room::of(Position(64 << 20), Position(0));
        assert_eq!(room.next_step(Position(1 << 20), 0, 1 << 20, SEGMENT), None);
        assert!(matches!(
            room.next_step(Position(1 << 20), 0, 4096, SEGMENT),
            Some(Step::Zero(..))
        ));
    }
}
