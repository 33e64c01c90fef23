//! Group commit: from what the partitions have gathered to a frame, and from its completion to their
//! marks.

use std::mem;

use bytes::Bytes;
use headwater_io::buffer::{AlignedBuf, BLOCK, BufferPool};
use headwater_io::clock::Nanos;
use headwater_io::driver::Driver;
use headwater_io::op::Op;
use slab::Slab;

use super::{Journal, Moved};
use crate::journal::frame::{self, Entry, FrameHead, Kind};
use crate::journal::ring::{Place, Ring};
use crate::journal::seal::Seal;
use crate::log::journaled::{EXTENT_BYTES_MIN, Increment};
use crate::model::LogByte;
use crate::planted::{self, Bug};
use crate::rare::{self, Rare};
use crate::shard::partition::Partition;
use crate::token::{JournalOp, Owner};

/// With a commit in flight another one is begun only for at least this much (io.md 1.3): a small one
/// does better to gather.
const PIPELINE_BYTES: u64 = 256 << 10;
/// A frame takes in no further partition once it is this long.
const FRAME_BYTES_MAX: u64 = 1 << 20;
/// Or this part of a file.
const FRAME_SHARE: u64 = 2;
/// What one partition may put into a frame, as a part of a file. At least an extent's smallest size and
/// the block around it, or bytes that are too few for one and too many for the other would wait for ever.
const INCREMENT_SHARE: u64 = 4;

/// Asserts that what is too little for an extent always fits into a frame.
pub(super) fn assert_increments_fit(ring: &Ring) {
    let inline_max = ring.frame_bytes_max() / INCREMENT_SHARE;
    let least = EXTENT_BYTES_MIN + 2 * BLOCK as u64;
    assert!(inline_max >= least, "journal files are too small: {inline_max} < {least}");
}

/// A commit on its way.
pub(super) struct Flight {
    seq: u64,
    /// Its serial number as a unit.
    unit: u32,
    /// When it was handed to the device, and when that had taken it.
    begun: Nanos,
    written: Nanos,
    /// Writes that have not completed: the frame and its extents.
    open: usize,
    /// Whether its frame was written to be durable on completion.
    durable: bool,
    /// Whose bytes it holds, and where they end.
    ends: Vec<(u32, LogByte)>,
    is_told_written: bool,
}

/// What goes into one frame.
struct Load {
    parts: Vec<(u32, Vec<Increment>)>,
    entries: usize,
    inline_bytes: usize,
}

impl Journal {
    /// Whether a commit should begin now.
    pub(super) fn is_due(&self, slots: &Slab<Partition>, now: Nanos) -> bool {
        if self.waiting.is_empty() || self.full {
            return false;
        }
        let in_flight = self.flights.iter().filter(|flight| flight.open > 0).count();
        if in_flight == 0 {
            let wait = self.linger.wait();
            return self.gathering_since.is_none_or(|since| now >= since.after(wait));
        }
        in_flight < self.settings.depth && self.waiting_bytes(slots) >= PIPELINE_BYTES
    }

    fn waiting_bytes(&self, slots: &Slab<Partition>) -> u64 {
        let logs = self.waiting.iter().filter_map(|&slot| slots.get(slot as usize));
        logs.map(|partition| partition.log.unframed_bytes()).sum()
    }

    /// Begins a commit; false when there is nothing that can go now.
    pub(super) fn commit(
        &mut self,
        slots: &mut Slab<Partition>,
        pool: &BufferPool,
        io: &mut Driver,
        now: Nanos,
    ) -> bool {
        let mut load = self.load(slots);
        if load.parts.is_empty() {
            self.gathering_since = None;
            return false;
        }
        let seq = self.next_seq;
        let bytes = frame::frame_bytes(load.entries, load.inline_bytes);
        let Some(place) = self.ring.place(bytes as u64, seq) else {
            self.full = true;
            self.counted.full += 1;
            rare::reached(Rare::JournalFull);
            self.waiting.extend(load.parts.iter().map(|(slot, _)| slot));
            return false;
        };
        self.next_seq += 1;
        for (slot, increments) in &mut load.parts {
            let log = &mut slots[*slot as usize].log;
            let extents = increments.iter_mut().filter(|one| one.kind == Kind::Extent);
            for extent in extents {
                log.write_extent(extent, io);
                self.extent_bytes += extent.to.0 - extent.from.0;
                self.counted.extent_bytes += extent.to.0 - extent.from.0;
            }
        }
        self.counted.commits += 1;
        self.counted.frame_bytes += bytes as u64;
        let (entries, buf) = self.encode(&load, slots, pool, place, seq);
        self.launch(load, &entries, buf.freeze(), place, slots, io, now);
        true
    }

    /// Chooses what goes into the next frame: of the logs that lead, then of the others, in the order in which they
    /// began to wait. As long as leading ones have more than fits, the others wait ([`Partition::leads`]).
    fn load(&mut self, slots: &mut Slab<Partition>) -> Load {
        let mut load = Load { parts: Vec::new(), entries: 0, inline_bytes: 0 };
        let leads = |slot: &u32| slots.get(*slot as usize).is_some_and(|one| one.leads);
        let (first, then): (Vec<_>, Vec<_>) =
            mem::take(&mut self.waiting).into_iter().partition(leads);
        if planted::is(Bug::FollowBeforeLead) && !then.is_empty() {
            self.load_from(then, slots, &mut load);
            self.waiting.extend(first);
            return load;
        }
        match self.load_from(first, slots, &mut load) {
            true => _ = self.load_from(then, slots, &mut load),
            false => self.waiting.extend(then),
        }
        load
    }

    /// Adds what there is of these logs; whether it is all of it.
    fn load_from(
        &mut self,
        waiting: Vec<u32>,
        slots: &mut Slab<Partition>,
        load: &mut Load,
    ) -> bool {
        let inline_max = self.ring.frame_bytes_max() / INCREMENT_SHARE;
        let frame_max = FRAME_BYTES_MAX.min(self.ring.frame_bytes_max() / FRAME_SHARE) as usize;
        let mut is_all = true;
        for slot in waiting {
            let Some(partition) = slots.get_mut(slot as usize) else { continue };
            if frame::frame_bytes(load.entries, load.inline_bytes) >= frame_max {
                self.waiting.push(slot);
                is_all = false;
                continue;
            }
            let increments = partition.log.increments(inline_max);
            is_all &= partition.log.is_all(&increments);
            if increments.is_empty() {
                partition.waits_for_frame = partition.log.unframed_bytes() > 0;
                self.waiting.extend(partition.waits_for_frame.then_some(slot));
                continue;
            }
            load.entries += increments.len();
            load.inline_bytes += increments.iter().map(Increment::inline_bytes).sum::<usize>();
            load.parts.push((slot, increments));
        }
        is_all
    }

    fn encode(
        &self,
        load: &Load,
        slots: &Slab<Partition>,
        pool: &BufferPool,
        place: Place,
        seq: u64,
    ) -> (Vec<Entry>, AlignedBuf) {
        let mut entries = Vec::with_capacity(load.entries);
        let mut inline = Vec::with_capacity(load.entries);
        for (slot, increments) in &load.parts {
            let partition = &slots[*slot as usize];
            for increment in increments {
                let mut crc = increment.crc;
                if increment.kind == Kind::Inline {
                    let slices = partition.log.inline_slices(increment);
                    crc = slices.iter().fold(0, |crc, slice| crc32c::crc32c_append(crc, slice));
                    inline.push(slices);
                }
                entries.push(Entry {
                    key: partition.key,
                    segment_base: increment.segment_base,
                    position: increment.from,
                    len: (increment.to.0 - increment.from.0) as u32,
                    next_offset: increment.next_offset,
                    epoch: partition.log.epoch(),
                    crc,
                    kind: increment.kind,
                });
            }
        }
        let bytes = frame::frame_bytes(load.entries, load.inline_bytes);
        // What frees memory must not wait for memory.
        let mut buf = pool.take(bytes).unwrap_or_else(|| AlignedBuf::unpooled(bytes));
        let stable_seq = self.commits.durable_to().0;
        let head = FrameHead { epoch: place.epoch, seq, stable_seq };
        let seal = Seal::new(self.identity.directory, self.identity.shard);
        frame::encode(&mut buf, seal, head, &entries, &inline);
        (entries, buf)
    }

    /// Hands the frame to the device and tells the logs what of them it holds.
    #[expect(clippy::too_many_arguments, reason = "the second half of one step")]
    fn launch(
        &mut self,
        load: Load,
        entries: &[Entry],
        frame: Bytes,
        place: Place,
        slots: &mut Slab<Partition>,
        io: &mut Driver,
        now: Nanos,
    ) {
        let seq = self.next_seq - 1;
        let is_wanted = |slot: &u32| slots[*slot as usize].log.awaits_durable();
        let wanted = load.parts.iter().any(|(slot, _)| is_wanted(slot));
        // Behind one that was written without a sync, one sync for all of them comes after the write.
        let durable = wanted && self.flights.iter().all(|flight| flight.durable);
        self.sync_wanted |= wanted && !durable;
        let (mut n, mut open, mut ends) = (0, 1, Vec::with_capacity(load.parts.len()));
        for (slot, increments) in load.parts {
            let partition = &mut slots[slot as usize];
            partition.log.frame_begun();
            for increment in increments {
                for unit in &increment.units {
                    self.extents.insert((slot, *unit), seq);
                    open += 1;
                }
                let inline = (increment.kind == Kind::Inline).then(|| {
                    let at = frame::inline_at(entries, n);
                    frame.slice(at..at + increment.inline_bytes())
                });
                partition.log.framed(increment, seq, inline, now);
                n += 1;
            }
            ends.push((slot, partition.log.framed_to()));
            partition.waits_for_frame = partition.log.unframed_bytes() > 0;
            self.waiting.extend(partition.waits_for_frame.then_some(slot));
        }
        self.gathering_since = (!self.waiting.is_empty()).then_some(now);
        let unit = self.commits.begin(place.file as u32, LogByte(seq), durable, false);
        let (begun, written, is_told_written) = (now, now, false);
        let flight = Flight { seq, unit, begun, written, open, durable, ends, is_told_written };
        self.flights.push_back(flight);
        let file = self.files[place.file].clone().expect("frames go to files that were prepared");
        let durable = durable && !planted::is(Bug::AcknowledgeBeforeSync);
        let write = Op::Write { file, at: place.at, bufs: vec![frame], durable };
        io.submit(write, Owner::Journal(JournalOp::Frame(unit)).token());
    }

    pub(super) fn frame_done(
        &mut self,
        unit: u32,
        slots: &mut Slab<Partition>,
        now: Nanos,
    ) -> Moved {
        let flight = self.flights.iter().find(|flight| flight.unit == unit);
        let seq = flight.expect("a frame completes once").seq;
        self.part_done(seq, slots, now)
    }

    /// A write of a log has ended: perhaps an extent.
    pub(in crate::shard) fn unit_done(
        &mut self,
        slot: u32,
        unit: u32,
        slots: &mut Slab<Partition>,
        now: Nanos,
    ) -> Moved {
        match self.extents.remove(&(slot, unit)) {
            Some(seq) => self.part_done(seq, slots, now),
            None => {
                self.write_backs.ended();
                Moved::default()
            }
        }
    }

    fn part_done(&mut self, seq: u64, slots: &mut Slab<Partition>, now: Nanos) -> Moved {
        let flight = self.flights.iter_mut().find(|flight| flight.seq == seq);
        let flight = flight.expect("a commit with open writes is in flight");
        flight.open -= 1;
        if flight.open > 0 {
            return Moved::default();
        }
        let unit = flight.unit;
        if planted::is(Bug::AcknowledgeOutOfOrder) {
            let ends = flight.ends.clone();
            for (slot, end) in &ends {
                slots[*slot as usize].log.frame_stable_early(*end);
            }
        }
        self.commits.complete(unit);
        self.advance(slots, now)
    }

    /// Tells the logs how far the commits have come, in order.
    pub(super) fn advance(&mut self, slots: &mut Slab<Partition>, now: Nanos) -> Moved {
        let (written, durable) = (self.commits.written_to().0, self.commits.durable_to().0);
        let mut moved = Moved::default();
        for flight in self.flights.iter_mut().filter(|flight| flight.seq <= written) {
            if !mem::replace(&mut flight.is_told_written, true) {
                flight.written = now;
                for (slot, end) in &flight.ends {
                    slots[*slot as usize].log.frame_stable(flight.seq, *end, false);
                    slots[*slot as usize].commit_passed(flight.begun, now, false);
                    moved.slots.push(*slot);
                }
            }
        }
        while let Some(flight) = self.flights.pop_front_if(|flight| flight.seq <= durable) {
            self.linger.committed(flight.begun, now);
            for (slot, end) in &flight.ends {
                slots[*slot as usize].log.frame_stable(flight.seq, *end, true);
                slots[*slot as usize].commit_passed(flight.begun, flight.written, true);
                moved.slots.push(*slot);
            }
        }
        let is_soft = self.commits.unsynced_segment().is_some();
        self.unsynced_since = is_soft.then(|| self.unsynced_since.unwrap_or(now));
        self.sync_wanted &= !self.flights.is_empty();
        moved
    }

    /// Syncs frames that were written without, when somebody waits for them or after a while.
    pub(super) fn sync_if_due(&mut self, io: &mut Driver, now: Nanos) {
        let Some(file) = self.commits.unsynced_segment() else { return };
        let since = self.unsynced_since;
        let is_old = since.is_some_and(|since| now >= since.after(self.settings.flush_after));
        if self.commits.syncing() || !(self.sync_wanted || is_old || self.closing) {
            return;
        }
        rare::reached(Rare::SoftFrame);
        let serial = self.commits.begin_sync(file);
        self.unsynced_since = None;
        let file = self.files[file as usize].clone().expect("frames are in files");
        io.submit(Op::Sync { file }, Owner::Journal(JournalOp::Sync(serial)).token());
    }
}
