//! Behind the commits: what frames protect is carried to the segments and synced there, a checkpoint
//! says so, and their space is free again (I3). Also: the next file is made ready before it is needed.
//!
//! A round begins when frames and extents behind the last checkpoint are half as large as the journal,
//! which bounds what a start reads again. It handles few partitions at a time, so that commits do not
//! queue behind a flood of writes.

use std::io;

use headwater_io::driver::Driver;
use headwater_io::file::File;
use headwater_io::op::{Done, Op};
use slab::Slab;

use super::{Journal, Moved, files};
use crate::journal::checkpoint::{Checkpoint, PartitionPoint};
use crate::log::{Health, Log};
use crate::model::PartitionKey;
use crate::planted::{self, Bug};
use crate::rare::{self, Rare};
use crate::shard::partition::Partition;
use crate::token::{JournalOp, Owner};

/// Partitions that are settled at once.
const SETTLING_MAX: usize = 8;

/// Where a round is.
#[derive(Debug)]
pub(super) enum Tidy {
    /// Nothing to do.
    Idle,
    /// Partitions with bytes in commits up to `target` are settled, `extent_bytes` of extents with them.
    Settling { target: u64, extent_bytes: u64, queue: Vec<u32>, active: Vec<u32> },
    /// A checkpoint is on its way: no commit before this one is needed then, nor those extents.
    Writing { first_needed_seq: u64, extent_bytes: u64 },
}

impl Tidy {
    pub(super) fn is_idle(&self) -> bool {
        matches!(self, Tidy::Idle)
    }
}

type Prepared = (usize, io::Result<File>);

impl Journal {
    /// Goes on with the round; the partitions that must be pumped for it.
    pub(super) fn tidy_up(&mut self, slots: &mut Slab<Partition>, io: &mut Driver) -> Vec<u32> {
        if self.tidy.is_idle() && self.is_round_due() {
            self.round_wanted = false;
            let target = self.next_seq - 1;
            let needs = |partition: &Partition| needs(partition, target);
            let queue = slots.iter().filter(|(_, p)| needs(p)).map(|(slot, _)| slot as u32);
            let (queue, extent_bytes) = (queue.collect(), self.extent_bytes);
            self.tidy = Tidy::Settling { target, extent_bytes, queue, active: Vec::new() };
            self.draft_points(slots);
        }
        let Tidy::Settling { target, extent_bytes, queue, active } = &mut self.tidy else {
            return Vec::new();
        };
        let (target, extent_bytes) = (*target, *extent_bytes);
        active.retain(|&slot| slots.get(slot as usize).is_some_and(|p| needs(p, target)));
        let mut begun = Vec::new();
        while active.len() < SETTLING_MAX
            && let Some(slot) = queue.pop()
        {
            if let Some(partition) = slots.get_mut(slot as usize).filter(|p| needs(p, target)) {
                partition.log.want_settled();
                active.push(slot);
                begun.push(slot);
            }
        }
        if active.is_empty() && queue.is_empty() {
            self.write_checkpoint(extent_bytes, slots, io);
        }
        begun
    }

    fn is_round_due(&self) -> bool {
        let behind = self.ring.live_bytes() + self.extent_bytes;
        behind >= self.ring.capacity_bytes() / 2
            || self.full
            || self.is_close_due()
            || self.round_wanted
    }

    /// At the end once more, when the last frame has arrived.
    pub(super) fn is_close_due(&self) -> bool {
        self.closing && self.flights.is_empty() && self.waiting.is_empty()
    }

    fn write_checkpoint(
        &mut self,
        extent_bytes: u64,
        slots: &mut Slab<Partition>,
        io: &mut Driver,
    ) {
        let needed = slots.iter().filter_map(|(_, partition)| first_needed(partition));
        let first_needed_seq = needed.min().unwrap_or(self.next_seq);
        self.serial += 1;
        let checkpoint = Checkpoint {
            serial: self.serial,
            directory: self.identity.directory,
            shard: self.identity.shard,
            in_use: true,
            epoch_floor: self.ring.oldest_live_epoch(),
            first_needed_seq,
            partitions: slots
                .iter()
                .filter(|(_, partition)| !partition.released)
                .filter_map(|(_, partition)| point_of(partition.key, &partition.log))
                .collect(),
        };
        for (_, partition) in slots.iter_mut() {
            partition.log.vouch_for_draft();
            partition.log.checkpoint_begun();
        }
        self.tidy = Tidy::Writing { first_needed_seq, extent_bytes };
        if planted::is(Bug::FreeJournalBeforeSync) {
            self.ring.retire(first_needed_seq);
        }
        let dir = self.dir.clone();
        let job =
            Op::Job(Box::new(move |fs| Box::new(files::write_checkpoint(fs, &dir, &checkpoint))));
        io.submit(job, Owner::Journal(JournalOp::Checkpoint).token());
    }

    pub(super) fn checkpoint_written(
        &mut self,
        done: Done,
        slots: &mut Slab<Partition>,
    ) -> io::Result<Moved> {
        let Done::Job(answer) = done else { unreachable!("a checkpoint is written by a job") };
        (*answer.downcast::<io::Result<()>>().expect("a checkpoint's result"))?;
        let Tidy::Writing { first_needed_seq, extent_bytes } =
            std::mem::replace(&mut self.tidy, Tidy::Idle)
        else {
            unreachable!("a checkpoint was being written");
        };
        self.counted.rounds += 1;
        self.ring.retire(first_needed_seq);
        self.extent_bytes -= extent_bytes;
        self.queue_points(slots);
        self.full = false;
        self.closing &= first_needed_seq < self.next_seq;
        // Old segments may go that were needed until now.
        let mut moved = Moved::default();
        for (slot, partition) in slots.iter_mut() {
            if partition.log.awaits_checkpoint() {
                moved.slots.push(slot as u32);
            }
            partition.log.checkpoint_done();
        }
        Ok(moved)
    }

    /// Makes the next file ready, ahead of need.
    pub(super) fn prepare_file(&mut self, io: &mut Driver) {
        if !self.full && !self.ring.is_low() {
            return;
        }
        let Some((file, epoch)) = self.ring.wants_prepared() else { return };
        self.ring.preparing(file);
        let spec = files::FileSpec {
            dir: self.dir.clone(),
            file,
            epoch,
            bytes: self.settings.file_bytes,
            identity: self.identity,
        };
        let job = Op::Job(Box::new(move |fs| {
            let prepared: Prepared = (spec.file, spec.prepare(fs));
            Box::new(prepared)
        }));
        io.submit(job, Owner::Journal(JournalOp::Prepare).token());
    }

    pub(super) fn file_prepared(&mut self, done: Done) -> io::Result<()> {
        let Done::Job(answer) = done else { unreachable!("a file is prepared by a job") };
        let (file, prepared) = *answer.downcast::<Prepared>().expect("a prepared file");
        if self.files[file].replace(prepared?).is_some() {
            rare::reached(Rare::JournalWrap);
        }
        self.ring.prepared(file);
        self.full = false;
        Ok(())
    }
}

/// Whether commits up to `target` hold something of it that its segments do not.
fn needs(partition: &Partition, target: u64) -> bool {
    first_needed(partition).is_some_and(|seq| seq <= target)
}

/// The oldest commit that a partition needs; none for one that is being deleted.
fn first_needed(partition: &Partition) -> Option<u64> {
    partition.log.first_needed_seq().filter(|_| !partition.released)
}

/// Where a log stands, for recovery; `None` when nothing is known about it that may be relied on.
pub fn point_of(key: PartitionKey, log: &Log) -> Option<PartitionPoint> {
    if !log.is_journaled() || matches!(log.health(), Health::Quarantined(_) | Health::Failed(_)) {
        return None;
    }
    let (segment_base, position) = log.settled();
    Some(PartitionPoint {
        key,
        segment_base,
        position,
        next_offset: log.marks().durable().offset,
        log_start: log.log_start(),
        epoch: log.epoch(),
    })
}
