//! From one segment to the next: the next one is made ready on an I/O thread before it is needed, so
//! that a roll costs the append path a few assignments.
//!
//! 1. *prepare*: create `next.segment`, allocate it; 2. *roll*: appends go to it at once; 3. *name*:
//!    rename it to its base offset and sync the folder, until when nothing in it counts as written;
//! 4. *seal* the old one, once all of it is durable: cut off the allocated rest, write index and
//!    producers beside it.

use std::io;
use std::path::Path;

use headwater_io::clock::Nanos;
use headwater_io::driver::Driver;
use headwater_io::file::{Access, File, Fs};
use headwater_io::op::Op;

use super::segments::{NextSegment, Segment, SegmentState, Writer};
use super::{Log, LogSettings, directory, producers};
use crate::model::{Offset, Position};
use crate::segment::index::{self, Index};
use crate::segment::room::Room;
use crate::segment::tail::Tail;
use crate::token::LogOp;

/// What a fresh segment is allocated to when it is made ready, in bytes; the rest comes as it fills.
const READY_BYTES: u64 = 4 << 20;

type Prepared = io::Result<(File, File, Room)>;
type Sealed = (u32, io::Result<()>);

impl Log {
    /// Starts a new segment if the next one is ready; otherwise `pump` will prepare it.
    pub(super) fn roll(&mut self) -> bool {
        let (file, reader, room) = match std::mem::replace(&mut self.next, NextSegment::None) {
            NextSegment::Ready(file, reader, room) => (file, reader, room),
            other => {
                self.next = other;
                self.roll_wanted = true;
                return false;
            }
        };
        let base = self.marks.appended().offset;
        let snapshot = producers::file::encode(&self.producers, base);
        let old = self.active();
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
            reader,
            named: false,
            state: SegmentState::Open(Writer {
                file,
                tail,
                room,
                first_append: None,
                snapshot: None,
            }),
        });
        self.name_wanted = true;
        self.roll_wanted = false;
        true
    }

    /// Prepares the next segment when it will be needed, and names the one just begun.
    pub(super) fn step_next(&mut self, io: &mut Driver) {
        if std::mem::take(&mut self.name_wanted) {
            let (dir, base) = (self.dir.clone(), self.active().base);
            let job = Op::Job(Box::new(move |fs| Box::new(name(fs, &dir, base))));
            self.submit(io, job, LogOp::Name);
        }
        let segment_bytes = self.settings.segment_bytes;
        let due = self.roll_wanted || self.active().end().0 > segment_bytes / 2;
        let unnamed = self.segments.iter().any(|segment| !segment.named);
        if !due || unnamed || !matches!(self.next, NextSegment::None) || self.is_full() {
            return;
        }
        self.next = NextSegment::Preparing;
        let (dir, settings) = (self.dir.clone(), self.settings.clone());
        let job = Op::Job(Box::new(move |fs| Box::new(prepare(fs, &dir, &settings))));
        self.submit(io, job, LogOp::Prepare);
    }

    fn is_full(&self) -> bool {
        matches!(self.health, super::Health::Full { .. })
    }

    pub(super) fn prepared(&mut self, result: Prepared, now: Nanos) {
        match result {
            Ok((file, reader, room)) => {
                self.next = NextSegment::Ready(file, reader, room);
            }
            Err(error) => {
                self.next = NextSegment::None;
                self.no_room(&error, now);
            }
        }
    }

    pub(super) fn named(&mut self, result: io::Result<()>) {
        match result {
            Ok(()) => {
                for segment in &mut self.segments {
                    segment.named = true;
                }
                self.advance();
            }
            Err(error) => self.fail("naming a segment", &error),
        }
    }

    /// Seals the oldest rolled segment once all of it is durable.
    pub(super) fn seal_rolled(&mut self, io: &mut Driver) {
        if self.segments.len() < 2 || self.room_job.is_some() {
            return;
        }
        let Some(n) = self.segments.iter().position(|s| matches!(s.state, SegmentState::Open(_)))
        else {
            return;
        };
        let busy = self.segments.iter().any(|s| matches!(s.state, SegmentState::Sealing { .. }));
        if busy || n + 1 == self.segments.len() || self.commits.busy(self.segments[n].serial) {
            return;
        }
        let next_base = self.segments[n + 1].base;
        let segment = &mut self.segments[n];
        let end = segment.end();
        let writer = segment.writer().expect("open");
        if writer.tail.pending_bytes() > 0 {
            return;
        }
        let (file, snapshot) =
            (writer.file.clone(), writer.snapshot.take().expect("taken at the roll"));
        let index = index::file::encode(&segment.index, end);
        let (dir, base, serial) = (self.dir.clone(), segment.base, segment.serial);
        segment.state = SegmentState::Sealing { end };
        let job = Op::Job(Box::new(move |fs| {
            Box::new((serial, seal(fs, &dir, base, &file, end, &index, next_base, &snapshot)))
        }));
        self.submit(io, job, LogOp::Seal);
    }

    pub(super) fn sealed(&mut self, (serial, result): Sealed) {
        if let Err(error) = result {
            return self.fail("sealing a segment", &error);
        }
        let segment = self.segment_by_serial(serial).expect("segments being sealed stay");
        segment.state = SegmentState::Sealed { end: segment.end() };
    }
}

fn prepare(fs: &Fs, dir: &Path, settings: &LogSettings) -> Prepared {
    let path = dir.join(directory::NEXT_SEGMENT);
    if fs.exists(&path) {
        fs.remove_file(&path)?;
    }
    let access = if settings.direct { Access::WriteDirect } else { Access::Write };
    let file = fs.create_new(&path, access)?;
    let len = if settings.preallocate {
        settings.segment_bytes
    } else {
        READY_BYTES.min(settings.segment_bytes)
    };
    let len = len.next_multiple_of(headwater_io::buffer::BLOCK as u64);
    fs.allocate(&file, len)?;
    let zeroed = if settings.preallocate { len } else { 0 };
    fs.write_zeros(&file, 0, zeroed)?;
    fs.sync(&file)?;
    let reader = fs.open(&path, Access::Read)?;
    Ok((file, reader, Room { allocated: Position(len), zeroed: Position(zeroed) }))
}

fn name(fs: &Fs, dir: &Path, base: Offset) -> io::Result<()> {
    fs.rename(&dir.join(directory::NEXT_SEGMENT), &directory::segment(dir, base))?;
    fs.sync_dir(dir)
}

#[expect(clippy::too_many_arguments, reason = "one call; the values are captured one by one")]
fn seal(
    fs: &Fs,
    dir: &Path,
    base: Offset,
    file: &File,
    end: Position,
    index: &[u8],
    next_base: Offset,
    snapshot: &[u8],
) -> io::Result<()> {
    fs.set_len(file, end.0)?;
    fs.sync(file)?;
    fs.replace(&directory::snapshot(dir, next_base), snapshot)?;
    // Last: an index that fits says that its segment was sealed.
    fs.replace(&directory::index(dir, base), index)
}
