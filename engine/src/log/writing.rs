//! The descriptor that a segment is written through: there while the segment is written often, and not otherwise.
//!
//! An open segment holds one descriptor anyway, for reading. With a second one for each, ten thousand partitions
//! that get a record now and then would take twenty thousand. So a write after an idle time opens the file and
//! closes it again, on the I/O thread that writes; only one that soon follows another leaves it open, until
//! nothing was written for a while. Work on file space borrows the descriptor, or does likewise.
//!
//! Opening fails when the process has no descriptor left. Nothing was written then, so it is not a failed write:
//! the unit stays on its way, and the same bytes are written when others have closed some files.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use headwater_io::clock::Nanos;
use headwater_io::driver::Driver;
use headwater_io::file::{Access, File};
use headwater_io::op::Op;

use super::Log;
use super::flow::{FULL_RETRY, NO_DESCRIPTOR, is_out_of_files};
use super::segments::{NextSegment, Segment};
use crate::rare::{self, Rare};
use crate::token::LogOp;

/// Two writes within this time leave the file open, and it is closed after as long without one. Longer than what
/// is written back has to wait, so that a partition that always has something to write keeps its descriptor.
pub(super) const IDLE: Duration = Duration::from_secs(3);

/// How one segment is written.
pub(super) struct Writing {
    reader: File,
    access: Access,
    kept: Option<Kept>,
    written_at: Option<Nanos>,
}

struct Kept {
    file: File,
    /// When to look whether it is idle: not moved by each write, which would cost each write a timer.
    look_at: Nanos,
}

/// A write to a file that was not open.
struct Unopened {
    unit: u32,
    /// Of this segment. Not the handle: what is written and closed again must not stay open here.
    segment: u32,
    at: u64,
    bufs: Vec<Bytes>,
    durable: bool,
    /// It could not be opened.
    is_refused: bool,
}

/// The writes of a log to files that were not open.
#[derive(Default)]
pub(super) struct Delayed {
    writes: Vec<Unopened>,
    retry_at: Option<Nanos>,
}

impl Writing {
    /// Of a segment that nobody writes to, yet.
    pub fn closed(reader: &File, direct: bool) -> Self {
        let access = if direct { Access::WriteDirect } else { Access::Write };
        Writing { reader: reader.clone(), access, kept: None, written_at: None }
    }

    /// Of a segment that was made just now, through `file`.
    pub fn open(file: File, reader: &File, direct: bool, now: Nanos) -> Self {
        let mut writing = Writing::closed(reader, direct);
        writing.keep(file, now);
        writing.written_at = Some(now);
        writing
    }

    /// For work that comes once in a while.
    pub fn borrow(&self) -> File {
        let kept = self.kept.as_ref().map(|kept| kept.file.clone());
        kept.unwrap_or_else(|| self.reader.later(self.access))
    }

    /// For a write.
    pub fn for_write(&mut self, now: Nanos) -> File {
        let is_often = self.written_at.replace(now).is_some_and(|at| now.since(at) < IDLE);
        let file = self.borrow();
        if is_often && self.kept.is_none() {
            self.keep(file.clone(), now);
        }
        file
    }

    fn keep(&mut self, file: File, now: Nanos) {
        assert!(self.kept.is_none(), "a second descriptor for writing");
        self.kept = Some(Kept { file, look_at: now.after(IDLE) });
    }

    /// Lets go of the file after an idle time. A write that takes longer than that still has it.
    fn close_if_idle(&mut self, now: Nanos) {
        let Some(kept) = self.kept.as_mut().filter(|kept| now >= kept.look_at) else { return };
        let idle_at = self.written_at.map_or(now, |at| at.after(IDLE));
        match idle_at > now {
            true => kept.look_at = idle_at,
            false => self.kept = None,
        }
    }

    /// Whether it holds a descriptor of its own.
    #[cfg(test)]
    pub fn is_open(&self) -> bool {
        self.kept.as_ref().is_some_and(|kept| kept.file.is_open())
    }
}

impl Log {
    /// Starts the write of a unit.
    pub(super) fn write_unit(
        &mut self,
        unit: u32,
        segment: u32,
        (at, bufs): (u64, Vec<Bytes>),
        durable: bool,
        io: &mut Driver,
    ) {
        let now = io.clock().now();
        let writer = self.segment_by_serial(segment).and_then(Segment::writer);
        let file =
            writer.expect("a segment with bytes on their way is open").writing.for_write(now);
        if !file.is_open() {
            let (bufs, is_refused) = (bufs.clone(), false);
            self.delayed.writes.push(Unopened { unit, segment, at, bufs, durable, is_refused });
        }
        self.submit(io, Op::Write { file, at, bufs, durable }, LogOp::Write(unit));
    }

    /// A unit was written.
    pub(super) fn unit_written(&mut self, unit: u32) {
        self.delayed.writes.retain(|write| write.unit != unit);
    }

    /// Whether this is no failed write: the file could not be opened, and that will be tried again.
    pub(super) fn delays(&mut self, unit: u32, error: &io::Error, now: Nanos) -> bool {
        let write = self.delayed.writes.iter_mut().find(|write| write.unit == unit);
        let Some(write) = write.filter(|_| is_out_of_files(error)) else { return false };
        write.is_refused = true;
        rare::reached(Rare::NoDescriptor);
        if self.delayed.retry_at.replace(now.after(FULL_RETRY)).is_none() {
            tracing::warn!(log = %self.dir().display(), %error, "writes wait: {NO_DESCRIPTOR}");
        }
        true
    }

    /// Whether writes wait for a descriptor.
    pub(super) fn is_delayed(&self) -> bool {
        self.delayed.retry_at.is_some()
    }

    /// Writes what could not be written when there was no descriptor.
    pub(super) fn write_delayed(&mut self, io: &mut Driver, now: Nanos) {
        if self.delayed.retry_at.is_none_or(|at| now < at) {
            return;
        }
        self.delayed.retry_at = None;
        let refused = self.delayed.writes.extract_if(.., |write| write.is_refused);
        for Unopened { unit, segment, at, bufs, durable, .. } in refused.collect::<Vec<_>>() {
            self.write_unit(unit, segment, (at, bufs), durable, io);
        }
    }

    /// Closes what has not been written to for a while.
    pub(super) fn close_idle(&mut self, now: Nanos) {
        self.writings().for_each(|writing| writing.close_if_idle(now));
    }

    /// When something may have to be closed or opened.
    pub(super) fn descriptor_at(&self) -> Option<Nanos> {
        let active = self.segments.back().and_then(|segment| segment.writing());
        let both = active.into_iter().chain(self.next.writing());
        let kept = both.filter_map(|writing| writing.kept.as_ref());
        kept.map(|kept| kept.look_at).chain(self.delayed.retry_at).min()
    }

    /// Of the active segment and of the next one: what was rolled is sealed soon.
    fn writings(&mut self) -> impl Iterator<Item = &mut Writing> {
        let active = self.segments.back_mut().and_then(|segment| segment.writer());
        let next = match &mut self.next {
            NextSegment::Ready(writing, ..) => Some(writing),
            NextSegment::None | NextSegment::Preparing => None,
        };
        active.map(|writer| &mut writer.writing).into_iter().chain(next)
    }
}
