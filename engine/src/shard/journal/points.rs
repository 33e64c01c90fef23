//! Recovery points of this shard's logs (`crate::log::pointed`): drafted when a round begins, vouched for by
//! its checkpoint, and written once that is durable; few at a time, for I/O threads have more urgent work.

use headwater_io::driver::Driver;
use slab::Slab;

use super::Journal;
use crate::shard::partition::Partition;

/// Points that are written at once.
const WRITING_MAX: usize = 2;
/// A segment that has grown by less than this part of the journal waits for a later round: 4 MiB of 256.
const GROWTH_SHARE: u64 = 64;

/// Slots whose points are to be written, and those whose are.
#[derive(Default)]
pub(super) struct Points {
    queue: Vec<u32>,
    active: Vec<u32>,
}

impl Journal {
    /// A round begins.
    pub(super) fn draft_points(&self, slots: &mut Slab<Partition>) {
        // At a clean stop every log writes its own, at its very end.
        if self.closing {
            return;
        }
        let growth_min = self.ring.capacity_bytes() / GROWTH_SHARE;
        for (_, partition) in slots.iter_mut().filter(|(_, partition)| !partition.released) {
            partition.log.draft_point(growth_min);
        }
    }

    /// The round's checkpoint is durable.
    pub(super) fn queue_points(&mut self, slots: &Slab<Partition>) {
        let vouched = slots.iter().filter(|(_, partition)| partition.log.has_vouched_draft());
        self.points.queue = vouched.map(|(slot, _)| slot as u32).collect();
    }

    /// Goes on with what is queued.
    pub(super) fn write_points(&mut self, slots: &mut Slab<Partition>, io: &mut Driver) {
        let Points { queue, active } = &mut self.points;
        let is_writing = |slot: u32| slots.get(slot as usize).map(|p| p.log.is_writing_point());
        active.retain(|&slot| is_writing(slot) == Some(true));
        if self.closing {
            queue.clear();
        }
        while active.len() < WRITING_MAX
            && let Some(slot) = queue.pop()
        {
            let partition = slots.get_mut(slot as usize).filter(|partition| !partition.released);
            if let Some(partition) = partition {
                partition.log.write_point(io);
                active.push(slot);
            }
        }
    }
}
