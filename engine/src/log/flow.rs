//! From the tail to the disk: what is written next, when a sync is due, and what a completion means.
//!
//! One rule makes group commit: while a write is in flight everything that arrives gathers, and goes
//! with the next one. Beyond that, when much is waiting, several writes of whole blocks are in flight at
//! once. They never overlap: a padded last block is alone until it has completed.

use std::io;

use headwater_io::buffer::BLOCK;
use headwater_io::clock::Nanos;
use headwater_io::driver::Driver;
use headwater_io::op::{Done, Op};

use super::segments::{RoomJob, Segment, SegmentState};
use super::{Health, Log};
use crate::model::{LogByte, Offset, Position};
use crate::rare::{self, Rare};
use crate::segment::room::Step;
use crate::segment::tail::{OutOfMemory, Part};
use crate::token::LogOp;

/// With a write in flight another one is started only for at least this much: a small one does better
/// to gather.
const PIPELINE_BYTES: usize = 256 << 10;

/// How long a full disk is left alone before room is asked for again.
pub(super) const FULL_RETRY: std::time::Duration = std::time::Duration::from_millis(500);

/// What to do when no descriptor is left.
pub(super) const NO_DESCRIPTOR: &str =
    "no file descriptor is left; raise the limit (`ulimit -Hn`, LimitNOFILE of a service)";

impl Log {
    /// Somebody waits for everything before `offset` to be durable.
    pub fn want_durable(&mut self, offset: Offset) {
        let appended = self.marks.appended();
        // Waiters come in log order, so the end of the log covers every one of them; a commit that is
        // gathering makes all of it durable in any case.
        if offset > self.marks.durable().offset {
            self.durable_wanted = self.durable_wanted.max(appended.byte);
        }
    }

    /// Starts every write, sync and job that is due.
    pub fn pump(&mut self, io: &mut Driver, now: Nanos) {
        match self.health {
            Health::Failed(_) | Health::Quarantined(_) => return,
            Health::Full { retry_at } if now >= retry_at => self.health = Health::Serving,
            _ => {}
        }
        self.write_delayed(io, now);
        self.step_room(io);
        self.step_next(io, now);
        if self.is_journaled() {
            self.write_back(io, now);
        } else {
            while self.write_one(io, now) {}
            self.sync_if_due(io, now);
        }
        self.seal_rolled(io, now);
        self.step_retention(io, now);
        self.close_idle(now);
    }

    /// When [`Log::pump`] must be called although nothing happens.
    pub fn deadline(&self) -> Option<Nanos> {
        let flush = self.unsynced_since.map(|since| since.after(self.settings.flush_after));
        let linger = self.gathering_since.map(|since| since.after(self.settings.linger));
        let linger =
            linger.filter(|_| !self.settings.linger.is_zero() && self.commits.in_flight() == 0);
        let retry = match self.health {
            Health::Full { retry_at } => Some(retry_at),
            _ => None,
        };
        let due = match self.is_journaled() {
            true => [self.write_back_at(), None],
            false => [flush, linger],
        };
        let always =
            [retry, self.prepare_at, self.seal_at, self.removes_at(), self.descriptor_at()];
        due.into_iter().chain(always).flatten().min()
    }

    /// Whether nothing is gathered, in flight or unsynced.
    pub fn is_quiet(&self) -> bool {
        self.marks.appended() == self.marks.durable()
            && self.commits.in_flight() == 0
            && self.room_job.is_none()
            && !self.is_writing_point()
            && !self.is_moving_start()
            && !self.compaction.is_busy()
            && self.is_journal_quiet()
            && (self.seal_at.is_some() || !self.segments.iter().any(Segment::is_sealing))
    }

    /// Whether bytes are gathered and nothing is in flight that would call [`Log::pump`] again.
    pub fn is_stuck(&self) -> bool {
        !self.is_journaled()
            && self.outstanding == 0
            && !self.is_delayed()
            && self.settings.linger.is_zero()
            && matches!(self.health, Health::Serving)
            && self.marks.appended().byte > self.commits.submitted_to()
    }

    /// An operation of this log has ended.
    pub fn complete(&mut self, op: LogOp, result: io::Result<Done>, now: Nanos) {
        self.outstanding -= 1;
        match (op, result) {
            (LogOp::Write(serial), Ok(_)) => {
                self.commits.complete(serial);
                self.unit_written(serial);
                if self.commits.unsynced_segment().is_some() {
                    self.unsynced_since.get_or_insert(now);
                }
                self.advance();
            }
            (LogOp::Sync(serial), Ok(_)) => {
                self.commits.complete_sync(serial);
                self.unsynced_since = self.commits.unsynced_segment().map(|_| now);
                self.advance();
            }
            (LogOp::Room, Ok(Done::Job(answer))) => {
                self.room_done(*answer.downcast().expect("room"), now)
            }
            (LogOp::Prepare, Ok(Done::Job(answer))) => {
                self.prepared(*answer.downcast().expect("next"), now)
            }
            (LogOp::Name, Ok(Done::Job(answer))) => {
                self.named(*answer.downcast().expect("name"), now)
            }
            (LogOp::Seal, Ok(Done::Job(answer))) => {
                self.sealed(*answer.downcast().expect("seal"), now)
            }
            (LogOp::Look, Ok(Done::Job(answer))) => self.looked(*answer.downcast().expect("look")),
            (LogOp::Point, Ok(Done::Job(answer))) => {
                self.point_written(*answer.downcast().expect("point"));
            }
            (LogOp::Start, Ok(Done::Job(answer))) => {
                self.start_noted(*answer.downcast().expect("start"));
            }
            (LogOp::Forget, Ok(Done::Job(answer))) => {
                self.forgotten(*answer.downcast().expect("forgotten"), now);
            }
            (LogOp::Clean, Ok(Done::Job(answer))) => {
                self.cleaned(*answer.downcast().expect("a step of a cleaning"), now);
            }
            (LogOp::Write(serial), Err(error)) if self.delays(serial, &error, now) => {}
            (op, Ok(_)) => unreachable!("{op:?} ended as something else"),
            (op, Err(error)) => self.fail(&format!("{op:?}"), &error),
        }
    }

    /// Moves the marks to what is written and durable, but not past a segment without a durable name.
    pub(super) fn advance(&mut self) {
        if self.is_journaled() {
            // There the marks follow the frames.
            return;
        }
        let unnamed = self.segments.iter().find(|segment| !segment.named);
        let limit = unnamed.map_or(LogByte(u64::MAX), |segment| segment.log_base);
        self.marks.write(self.commits.written_to().min(limit));
        self.marks.harden(self.commits.durable_to().min(limit));
    }

    /// The first segment with bytes that no write has taken.
    pub(super) fn first_pending(&self) -> Option<usize> {
        self.segments.iter().position(|segment| match &segment.state {
            SegmentState::Open(writer) => writer.tail.pending_bytes() > 0,
            _ => false,
        })
    }

    /// Starts one write if one is due.
    fn write_one(&mut self, io: &mut Driver, now: Nanos) -> bool {
        let Some(n) = self.first_pending() else { return false };
        let rolled = n + 1 < self.segments.len();
        match self.take_part(n, rolled, now) {
            Ok(Some(part)) => {
                self.submit_part(n, part, io);
                true
            }
            // Without memory for the copy of the last block: a completion will free some.
            Ok(None) | Err(OutOfMemory) => false,
        }
    }

    /// Decides how much of a segment's tail is written now.
    fn take_part(
        &mut self,
        n: usize,
        rolled: bool,
        now: Nanos,
    ) -> Result<Option<Part>, OutOfMemory> {
        let (in_flight, block_busy) = (self.commits.in_flight(), self.commits.tail_block_busy());
        let unhardened = self.unhardened_bytes();
        let lingering = !self.settings.linger.is_zero()
            && self.gathering_since.is_some_and(|since| now < since.after(self.settings.linger));
        let zeroing = self.zeroing_from(n);
        let unit_bytes = self.settings.unit_bytes;
        let depth = self.settings.depth;
        let pool = self.pool.clone();
        let tail = &mut self.segments[n].writer().expect("has pending bytes").tail;

        let (pending, whole) = (tail.pending_bytes(), tail.whole_bytes());
        let reach = Position(tail.end().0.next_multiple_of(BLOCK as u64));
        if block_busy
            || in_flight >= depth
            || unhardened >= self.settings.unhardened_bytes_max
            || zeroing.is_some_and(|from| reach > from)
        {
            return Ok(None);
        }
        let all = if in_flight == 0 { !lingering || pending >= PIPELINE_BYTES } else { rolled };
        if pending <= unit_bytes && all {
            return tail.take_all(&pool).map(Some);
        }
        if whole >= PIPELINE_BYTES || (pending > unit_bytes && whole > 0) {
            return tail.take_whole(unit_bytes, &pool).map(Some);
        }
        Ok(None)
    }

    /// Bytes handed to the device and not yet durable.
    fn unhardened_bytes(&self) -> u64 {
        self.commits.submitted_to().0 - self.commits.durable_to().0
    }

    /// Where an I/O thread is writing zeros in this segment: nothing may be written from there on.
    fn zeroing_from(&self, n: usize) -> Option<Position> {
        match self.room_job {
            Some(RoomJob { serial, step: Step::Zero(from, _) })
                if serial == self.segments[n].serial =>
            {
                Some(from)
            }
            _ => None,
        }
    }

    fn submit_part(&mut self, n: usize, part: Part, io: &mut Driver) {
        let segment = &self.segments[n];
        let (mut from, end) = (segment.log_byte(part.from), segment.log_byte(part.end));
        let durable = self.durable_wanted > from;
        for piece in &part.fresh {
            self.hot.push(from, piece.clone());
            from = LogByte(from.0 + piece.len() as u64);
        }
        self.submit_segment_part(n, part, durable, io);
        if end == self.marks.appended().byte {
            self.gathering_since = None;
        }
    }

    /// Starts the write of a part of a segment; its serial number.
    pub(super) fn submit_segment_part(
        &mut self,
        n: usize,
        part: Part,
        durable: bool,
        io: &mut Driver,
    ) -> u32 {
        let segment = &mut self.segments[n];
        let (serial, end) = (segment.serial, segment.log_byte(part.end));
        let writer = segment.writer().expect("has pending bytes");
        writer.room.zeroed =
            writer.room.zeroed.max(Position(part.end.0.next_multiple_of(BLOCK as u64)));
        let unit = self.commits.begin(serial, end, durable, part.partial);
        self.write_unit(unit, serial, (part.at.0, part.blocks), durable, io);
        unit
    }

    /// Syncs what is written but not durable, when somebody waits for it or it has waited long enough.
    fn sync_if_due(&mut self, io: &mut Driver, now: Nanos) {
        let Some(segment) = self.commits.unsynced_segment() else { return };
        let wanted = self.durable_wanted > self.marks.durable().byte;
        let old =
            self.unsynced_since.is_some_and(|since| now >= since.after(self.settings.flush_after));
        let much = self.unhardened_bytes() >= self.settings.unhardened_bytes_max / 4;
        if self.commits.syncing() || !(wanted || old || much) {
            return;
        }
        let Some(file) = self.segment_by_serial(segment).map(|s| s.reader.clone()) else { return };
        let sync = self.commits.begin_sync(segment);
        self.unsynced_since = None;
        self.submit(io, Op::Sync { file }, LogOp::Sync(sync));
    }

    /// Allocates or zeroes ahead of the active segment's tail.
    fn step_room(&mut self, io: &mut Driver) {
        if self.room_job.is_some() || matches!(self.health, Health::Full { .. }) {
            return;
        }
        let (wanted, segment_bytes) = (self.room_wanted, self.settings.segment_bytes);
        let journaled = self.is_journaled();
        let active = self.active();
        let serial = active.serial;
        let Some(writer) = active.writer() else { return };
        // Nobody waits for what a journal protects to reach its segment: no zeros for that.
        let commit_bytes = match journaled {
            true => usize::MAX,
            false => writer.tail.recent_bytes().max(writer.tail.pending_bytes()),
        };
        let step = writer.room.next_step(writer.tail.end(), wanted, commit_bytes, segment_bytes);
        let Some(step) = step else { return };
        let (file, allocated) = (writer.writing.borrow(), writer.room.allocated);
        self.room_job = Some(RoomJob { serial, step });
        let job = Op::Job(Box::new(move |fs| {
            Box::new(match step {
                // What a full disk gave of it before it gave up is given back.
                Step::Allocate(to) => {
                    fs.allocate(&file, to.0).inspect_err(|_| drop(fs.set_len(&file, allocated.0)))
                }
                Step::Zero(from, to) => {
                    fs.write_zeros(&file, from.0, to.0 - from.0).and_then(|()| fs.sync(&file))
                }
            })
        }));
        self.submit(io, job, LogOp::Room);
    }

    fn room_done(&mut self, result: io::Result<()>, now: Nanos) {
        let RoomJob { serial, step } = self.room_job.take().expect("a room job was under way");
        match result {
            Ok(()) => {
                let Some(writer) = self.segment_by_serial(serial).and_then(|s| s.writer()) else {
                    return;
                };
                match step {
                    Step::Allocate(to) => writer.room.grant(to),
                    Step::Zero(_, to) => writer.room.zeroed = writer.room.zeroed.max(to),
                }
                if matches!(step, Step::Allocate(_)) {
                    self.room_wanted = 0;
                }
            }
            Err(error) if is_full(&error) && self.makes_do_with_less(serial, step) => {}
            Err(error) => self.no_room(&error, now),
        }
    }

    /// Whether less room than was asked for may do; then that is asked for next.
    fn makes_do_with_less(&mut self, serial: u32, step: Step) -> bool {
        let (wanted, Step::Allocate(to)) = (self.room_wanted, step) else { return false };
        let writer = self.segment_by_serial(serial).and_then(|segment| segment.writer());
        writer.is_none_or(|writer| writer.room.refuse(to, writer.tail.end(), wanted))
    }

    /// A full disk is not a failure: nothing that was acknowledged is touched, reads go on, and room is
    /// asked for again. Likewise when no descriptor is left. Anything else is one.
    pub(super) fn no_room(&mut self, error: &io::Error, now: Nanos) {
        if !may_pass(error) {
            return self.fail("making room", error);
        }
        let what = match is_full(error) {
            true => "disk full: there must be room",
            false => NO_DESCRIPTOR,
        };
        rare::reached(if is_full(error) { Rare::FullDisk } else { Rare::NoDescriptor });
        tracing::warn!(log = %self.dir().display(), %error, "appends are refused: {what}");
        self.health = Health::Full { retry_at: now.after(FULL_RETRY) };
    }
}

/// Whether the disk, or a quota, has no room for it.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Whether it may be done later: nothing was changed, and others may give back what is missing.
pub(super) fn may_pass(error: &io::Error) -> bool {
    is_full(error) || is_out_of_files(error)
}

/// Whether this process, or the system, has no descriptor left for another file.
pub(super) fn is_out_of_files(error: &io::Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    matches!(error.raw_os_error(), Some(ENFILE | EMFILE))
}
