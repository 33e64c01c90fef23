//! How much is carried to the segments at once. Logs that are written to alike come due at the same moment: without a
//! limit hundreds of writes would stand in the device's queue before the next commit.
//!
//! Who was held back writes later than the others, so that from then on they come due one after the other.

use std::collections::VecDeque;

use slab::Slab;

use super::Journal;
use crate::shard::partition::Partition;

/// Writes in flight, all logs of a shard together. Extents are not counted: somebody waits for them. With 256 KiB in each
/// they keep a device busy for a millisecond or two.
const WRITE_BACKS_MAX: usize = 8;

/// What is under way, and who comes next.
#[derive(Debug, Default)]
pub(super) struct WriteBacks {
    in_flight: usize,
    /// Logs that would write and may not.
    waiting: VecDeque<u32>,
}

impl WriteBacks {
    fn room(&self) -> usize {
        WRITE_BACKS_MAX.saturating_sub(self.in_flight)
    }

    /// One has ended.
    pub fn ended(&mut self) {
        self.in_flight = self.in_flight.checked_sub(1).expect("a write that was counted");
    }

    /// The logs that may try again.
    pub fn next(&mut self) -> impl Iterator<Item = u32> {
        let count = self.room().min(self.waiting.len());
        self.waiting.drain(..count)
    }
}

impl Journal {
    /// The partitions that may go on now.
    pub(super) fn held_back(&mut self, slots: &mut Slab<Partition>) -> Vec<u32> {
        let go_on: Vec<u32> = self.write_backs.next().collect();
        for &slot in &go_on {
            if let Some(partition) = slots.get_mut(slot as usize) {
                partition.waits_to_write_back = false;
            }
        }
        go_on
    }

    /// A partition is about to be pumped.
    pub(in crate::shard) fn allow_write_backs(&self, partition: &mut Partition) {
        partition.log.allow_write_backs(self.write_backs.room());
    }

    /// It was: counts what it has begun, and remembers whether it would have begun more.
    pub(in crate::shard) fn count_write_backs(&mut self, slot: u32, partition: &mut Partition) {
        let (left, is_held_back) = partition.log.write_backs_left();
        let backs = &mut self.write_backs;
        backs.in_flight += backs.room().saturating_sub(left);
        if !is_held_back || std::mem::replace(&mut partition.waits_to_write_back, true) {
            return;
        }
        match partition.log.is_settling() {
            true => backs.waiting.push_front(slot),
            false => backs.waiting.push_back(slot),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_may_try_as_there_is_room_for() {
        let mut backs = WriteBacks { in_flight: WRITE_BACKS_MAX, waiting: (0..5).collect() };
        assert_eq!(backs.next().count(), 0);
        backs.ended();
        backs.ended();
        assert_eq!(backs.next().collect::<Vec<_>>(), [0, 1]);
        assert_eq!(backs.waiting, [2, 3, 4]);
    }
}
