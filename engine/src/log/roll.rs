//! From one segment to the next: the next one is made ready on an I/O thread before it is needed, so
//! that a roll costs the append path a few assignments.
//!
//! 1. *prepare*: create `next.segment`, allocate it; 2. *roll*: appends go to it at once; 3. *name*:
//!    rename it to its base offset and sync the folder, until when nothing in it counts as written;
//!    The first segment of a log has its name from the start, and is named, which then means the sync,
//!    with the first append: a topic of many partitions is made without a sync for each;
//! 4. *seal* the old one, once all of it is durable: cut off the allocated rest, write index and
//!    producers beside it.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use headwater_io::clock::Nanos;
use headwater_io::driver::Driver;
use headwater_io::file::{Access, File, Fs};
use headwater_io::op::Op;

use super::flow::{FULL_RETRY, is_full, is_out_of_files, may_pass};
use super::segments::{NextSegment, Segment, SegmentState, Writer};
use super::writing::Writing;
use super::{Health, Log, LogSettings, aborted, directory, producers};
use crate::model::{Offset, Position};
use crate::planted::{self, Bug};
use crate::rare::{self, Rare};
use crate::segment::index::{self, Index};
use crate::segment::room::Room;
use crate::segment::tail::Tail;
use crate::token::LogOp;

/// What a fresh segment is allocated to when it is made ready, in bytes; the rest comes as it fills.
const READY_BYTES: u64 = 4 << 20;
/// When the disk has no room for that.
const READY_BYTES_MIN: u64 = 256 << 10;

type Prepared = io::Result<(File, File, Room)>;
type Sealed = (u32, io::Result<()>);

impl Log {
    /// How many segments it has.
    pub fn segment_count(&self) -> usize {
        self.segments.len()
    }

    /// Starts a new segment if the next one is ready; otherwise `pump` will prepare it.
    pub(super) fn roll(&mut self) -> bool {
        let (writing, reader, room) = match std::mem::replace(&mut self.next, NextSegment::None) {
            NextSegment::Ready(writing, reader, room) => (writing, reader, room),
            other => {
                self.next = other;
                self.roll_wanted = true;
                rare::reached(Rare::RollWaits);
                return false;
            }
        };
        let base = self.marks.appended().offset;
        let snapshot = producers::file::encode(&self.producers, base);
        let aborted = self.producers.begin_segment();
        let old = self.active();
        old.aborted = aborted;
        old.index.shrink();
        let log_base = old.log_byte(old.end());
        old.writer().expect("the active segment is open").snapshot = Some(snapshot);
        let tail = Tail::new(Position(0), &[], &self.pool).expect("an empty tail takes no memory");
        let serial = self.next_serial;
        self.next_serial += 1;
        self.segments.push_back(Segment {
            serial,
            base,
            log_base,
            index: Index::new(base, self.settings.index_interval_bytes),
            aborted: Vec::new(),
            reader,
            has_snapshot: false,
            named: false,
            scrub_at: Nanos(0),
            state: SegmentState::Open(Writer {
                writing,
                tail,
                room,
                first_append: None,
                snapshot: None,
            }),
        });
        self.pointed.rolled();
        self.name_wanted = true;
        self.roll_wanted = false;
        true
    }

    /// Starts a new segment if the active one has had something in it for so long; whether it was due.
    pub fn roll_if_older(&mut self, age_max: Duration, now: Nanos) -> bool {
        if !matches!(self.health, Health::Serving) {
            return false;
        }
        let first = self.active().writer().and_then(|writer| writer.first_append);
        let is_due = first.is_some_and(|first| now.since(first) >= age_max);
        if is_due {
            self.roll();
        }
        is_due
    }

    /// Prepares the next segment when it will be needed, and names the one just begun.
    pub(super) fn step_next(&mut self, io: &mut Driver, now: Nanos) {
        let early = self.prepare_at.is_none_or(|at| now >= at);
        if early && self.name_begun(io) {
            self.prepare_at = None;
        }
        let segment_bytes = self.settings.segment_bytes;
        let due = self.roll_wanted || (early && self.active().end().0 > segment_bytes / 2);
        let unnamed = self.segments.iter().any(|segment| !segment.named);
        let full = matches!(self.health, super::Health::Full { .. });
        if !due || unnamed || !matches!(self.next, NextSegment::None) || full {
            return;
        }
        self.prepare_at = None;
        self.next = NextSegment::Preparing;
        let settings = self.settings.clone();
        let job = self.job_within(move |fs, dir| prepare(fs, dir, &settings));
        self.submit(io, job, LogOp::Prepare);
    }

    /// Starts to give the segment just begun its name; whether it did.
    fn name_begun(&mut self, io: &mut Driver) -> bool {
        let active = self.active();
        let (base, first, empty) = (active.base, active.serial == 0, active.end() == Position(0));
        if !self.name_wanted || (first && empty) {
            return false;
        }
        self.name_wanted = false;
        let job = self.job_within(move |fs, dir| match first {
            true => settle_folder(fs, dir),
            false => name(fs, dir, base),
        });
        self.submit(io, job, LogOp::Name);
        true
    }

    pub(super) fn prepared(&mut self, result: Prepared, now: Nanos) {
        match result {
            Ok((file, reader, room)) => {
                let writing = Writing::open(file, &reader, self.settings.direct, now);
                self.next = NextSegment::Ready(writing, reader, room);
            }
            Err(error) => {
                self.next = NextSegment::None;
                // Ahead of time: the segment in use may have room for a long while yet.
                match may_pass(&error) && !self.roll_wanted {
                    true => self.prepare_at = Some(now.after(FULL_RETRY)),
                    false => self.no_room(&error, now),
                }
            }
        }
    }

    pub(super) fn named(&mut self, result: io::Result<()>, now: Nanos) {
        match result {
            Ok(()) => {
                for segment in &mut self.segments {
                    segment.named = true;
                }
                self.advance();
            }
            // Nothing was changed: when others have closed some files it is done.
            Err(error) if is_out_of_files(&error) => {
                self.name_wanted = true;
                self.prepare_at = Some(now.after(FULL_RETRY));
            }
            Err(error) => self.fail("naming a segment", &error),
        }
    }

    /// Seals the oldest rolled segment once all of it is durable.
    pub(super) fn seal_rolled(&mut self, io: &mut Driver, now: Nanos) {
        if self.segments.len() < 2 || self.room_job.is_some() || self.is_writing_point() {
            return;
        }
        let sealing = self.segments.iter().find_map(|segment| match &segment.state {
            SegmentState::Sealing(seal) => Some((segment.serial, Arc::clone(seal))),
            _ => None,
        });
        let next = match (sealing, self.seal_at) {
            (Some(again), Some(at)) if now >= at => Some(again),
            (Some(_), _) => None,
            (None, _) => self.begin_seal(),
        };
        let Some((serial, seal)) = next else { return };
        self.seal_at = None;
        let folder = self.folder.clone();
        let job =
            Op::Job(Box::new(move |fs| Box::new((serial, folder.within(|dir| seal.run(fs, dir))))));
        self.submit(io, job, LogOp::Seal);
    }

    fn begin_seal(&mut self) -> Option<(u32, Arc<Seal>)> {
        let open = |segment: &Segment| matches!(segment.state, SegmentState::Open(_));
        let n = self.segments.iter().position(open)?;
        if n + 1 == self.segments.len() || self.commits.busy(self.segments[n].serial) {
            return None;
        }
        let next_base = self.segments[n + 1].base;
        let segment = &mut self.segments[n];
        let (base, end) = (segment.base, segment.end());
        let aborted = aborted::file::encode(&segment.aborted);
        segment.index.set_aborted(aborted::file::check(&aborted));
        let index = index::file::encode(&segment.index, end);
        let writer = segment.writer().expect("open");
        if writer.tail.pending_bytes() > 0 {
            return None;
        }
        let snapshot = writer.snapshot.take().expect("taken at the roll");
        let reader = segment.reader.clone();
        let seal = Arc::new(Seal { base, reader, end, index, aborted, next_base, snapshot });
        segment.state = SegmentState::Sealing(Arc::clone(&seal));
        Some((segment.serial, seal))
    }

    pub(super) fn sealed(&mut self, (serial, result): Sealed, now: Nanos) {
        match result {
            Ok(()) => {
                let segment = self.segment_by_serial(serial).expect("segments being sealed stay");
                segment.state = SegmentState::Sealed { end: segment.end() };
                let next = self.segments.iter_mut().skip_while(|one| one.serial != serial).nth(1);
                next.expect("a sealed segment has a successor").has_snapshot = true;
            }
            // It lacks its index, which nothing needs before the next start.
            Err(error) if may_pass(&error) => self.seal_at = Some(now.after(FULL_RETRY)),
            Err(error) => self.fail("sealing a segment", &error),
        }
    }
}

/// What it takes to seal a segment.
pub(super) struct Seal {
    base: Offset,
    reader: File,
    /// Where its last batch ends.
    pub end: Position,
    index: Vec<u8>,
    /// The list of aborted transactions; empty when there is none.
    aborted: Vec<u8>,
    next_base: Offset,
    snapshot: Vec<u8>,
}

impl Seal {
    fn run(&self, fs: &Fs, dir: &Path) -> io::Result<()> {
        fs.set_len(&self.reader.later(Access::Write), self.end.0)?;
        fs.sync(&self.reader)?;
        fs.replace(&directory::snapshot(dir, self.next_base), &self.snapshot)?;
        if !self.aborted.is_empty() {
            fs.replace(&directory::aborted(dir, self.base), &self.aborted)?;
        }
        // An index that fits says that its segment was sealed.
        fs.replace(&directory::index(dir, self.base), &self.index)?;
        // Only then: until here a start goes by the point.
        let point = directory::point(dir, self.base);
        if fs.exists(&point) { fs.remove_file(&point) } else { Ok(()) }
    }
}

fn prepare(fs: &Fs, dir: &Path, settings: &LogSettings) -> Prepared {
    let path = dir.join(directory::NEXT_SEGMENT);
    if fs.exists(&path) {
        fs.remove_file(&path)?;
    }
    let access = if settings.direct { Access::WriteDirect } else { Access::Write };
    let file = fs.create_new(&path, access)?;
    let ready = allocate_ready(fs, &file, settings).and_then(|room| {
        fs.write_zeros(&file, 0, room.zeroed.0)?;
        fs.sync(&file)?;
        Ok((room, fs.open(&path, Access::Read)?))
    });
    if planted::is(Bug::BelieveStaleBatches) {
        recycle(fs, dir, &file)?;
    }
    match ready {
        Ok((room, reader)) => Ok((file, reader, room)),
        Err(error) => {
            // What it got of a full disk others may need.
            drop(fs.remove_file(&path));
            Err(error)
        }
    }
}

/// A mistake, for the simulator to find: a segment begins with what an old one held.
fn recycle(fs: &Fs, dir: &Path, file: &File) -> io::Result<()> {
    let names = fs.list(dir)?;
    let Some(base) = names.iter().find_map(|entry| directory::parse_segment(&entry.name)) else {
        return Ok(());
    };
    let mut old = fs.read(&directory::segment(dir, base))?;
    old.truncate(fs.len(file)? as usize);
    fs.write_all_at(file, 0, &old)?;
    fs.sync(file)
}

fn allocate_ready(fs: &Fs, file: &File, settings: &LogSettings) -> io::Result<Room> {
    let block = headwater_io::buffer::BLOCK as u64;
    let whole = settings.segment_bytes.next_multiple_of(block);
    if settings.preallocate {
        fs.allocate(file, whole)?;
        return Ok(Room::of(Position(whole), Position(whole)));
    }
    let len = match fs.allocate(file, READY_BYTES.min(whole)) {
        Ok(()) => READY_BYTES.min(whole),
        Err(error) if is_full(&error) => {
            fs.set_len(file, 0)?;
            fs.allocate(file, READY_BYTES_MIN.min(whole))?;
            READY_BYTES_MIN.min(whole)
        }
        Err(error) => return Err(error),
    };
    Ok(Room::of(Position(len), Position(0)))
}

/// Makes durable what is in the folder of a log that gets its first batch.
fn settle_folder(fs: &Fs, dir: &Path) -> io::Result<()> {
    let identity = dir.join(directory::PARTITION_METADATA);
    if fs.exists(&identity) {
        fs.sync(&fs.open(&identity, Access::Write)?)?;
    }
    fs.sync_dir(dir)
}

fn name(fs: &Fs, dir: &Path, base: Offset) -> io::Result<()> {
    fs.rename(&dir.join(directory::NEXT_SEGMENT), &directory::segment(dir, base))?;
    if planted::is(Bug::ForgetDirectorySync) {
        return Ok(());
    }
    fs.sync_dir(dir)
}
