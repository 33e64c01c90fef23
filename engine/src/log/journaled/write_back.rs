//! What frames protect is carried to the segments: whole blocks when there are enough of them or when they are old, padded
//! ones when a round of the journal wants everything there; and synced, so that the journal may forget it.
//!
//! How many such writes a shard has in flight is its own affair ([`Log::allow_write_backs`]).

use std::time::Duration;

use headwater_io::buffer::BLOCK;
use headwater_io::clock::Nanos;
use headwater_io::driver::Driver;
use headwater_io::op::Op;

use super::{Image, Log};
use crate::log::segments::SegmentState;
use crate::model::{LogByte, Position};
use crate::planted::{self, Bug};
use crate::rare::{self, Rare};
use crate::token::LogOp;

/// Whole blocks are carried to their segment when there are this many bytes of them.
const WRITE_BACK_BYTES: u64 = 256 << 10;
/// Or when the oldest of them are this old.
const WRITE_BACK_AGE: Duration = Duration::from_secs(1);
/// Writes to the segments of one log that are in flight at once, extents not counted.
const WRITE_BACK_DEPTH: usize = 2;

impl Log {
    /// The next [`Log::pump`] may begin so many writes to the segments, extents not counted.
    pub fn allow_write_backs(&mut self, room: usize) {
        if let Some(journaled) = &mut self.journaled {
            (journaled.write_back_room, journaled.is_held_back) = (room, false);
        }
    }

    /// How many of them are left, and whether more would have been begun; a log without a journal begins none.
    pub fn write_backs_left(&self) -> (usize, bool) {
        self.journaled.as_ref().map_or((usize::MAX, false), |j| (j.write_back_room, j.is_held_back))
    }

    /// Whether a round of the journal waits for its writes.
    pub fn is_settling(&self) -> bool {
        self.settle_wanted() > self.commits.submitted_to()
    }

    /// Carries to the segments what is due there.
    pub(in crate::log) fn write_back(&mut self, io: &mut Driver, now: Nanos) {
        while self.commits.in_flight() < WRITE_BACK_DEPTH && self.write_back_one(io, now) {}
        self.sync_settled(io);
        self.forget_settled();
    }

    fn write_back_one(&mut self, io: &mut Driver, now: Nanos) -> bool {
        let Some(n) = self.first_pending() else { return false };
        if !self.segments[n].named || !self.may_write_block(self.segments[n].serial) {
            return false;
        }
        let rolled = n + 1 < self.segments.len();
        let settle = self.is_settling();
        let aged = self.write_back_at().is_some_and(|at| now >= at);
        let (durable, framed) = (self.marks.durable().byte, self.framed_to());
        let pool = self.pool.clone();
        let segment = &mut self.segments[n];
        let end = segment.end();
        let within =
            |byte: LogByte| Position((byte.0.saturating_sub(segment.log_base.0)).min(end.0));
        let (stable, framed) = (within(durable), within(framed));
        let tail = &mut segment.writer().expect("has pending bytes").tail;
        let whole = Position(stable.0 / BLOCK as u64 * BLOCK as u64);
        let ready = whole.0.saturating_sub(tail.taken().0);
        let must = rolled || settle || aged || self.pressed;
        let takes_whole = ready > 0 && (must || ready >= WRITE_BACK_BYTES);
        // Nothing of this block is in a frame on its way: see I2.
        let pads = ready == 0 && (rolled || settle) && stable == framed && stable > tail.taken();
        let journaled = self.journaled.as_mut().expect("with a journal");
        if !takes_whole && !pads {
            return false;
        }
        if journaled.write_back_room == 0 {
            journaled.is_held_back = true;
            return false;
        }
        let taken = match takes_whole {
            true => tail.take_settled(whole, must, &pool),
            false => {
                rare::reached(Rare::Padded);
                tail.take_padded(stable, &pool).map(Some)
            }
        };
        let Ok(Some(part)) = taken else { return false };
        if !rolled && part.partial && !planted::is(Bug::OverwriteWithoutImage) {
            let serial = self.segments[n].serial;
            self.journaled.as_mut().expect("with a journal").set_image(serial, Image::Needed);
        }
        self.submit_segment_part(n, part, false, io);
        let journaled = self.journaled.as_mut().expect("with a journal");
        journaled.waiting_since = Some(now);
        journaled.write_back_room -= 1;
        true
    }

    pub(super) fn settle_wanted(&self) -> LogByte {
        self.journaled.as_ref().map_or(LogByte(0), |j| j.settle_wanted)
    }

    /// When whole blocks have waited long enough.
    pub(in crate::log) fn write_back_at(&self) -> Option<Nanos> {
        let waiting = self.journaled.as_ref().filter(|j| !j.is_held_back)?.waiting_since?;
        let segment = self.segments.back()?;
        let SegmentState::Open(writer) = &segment.state else { return None };
        (writer.tail.whole_bytes() > 0).then(|| waiting.after(WRITE_BACK_AGE))
    }

    /// Syncs a segment when somebody wants it settled, or when it is to be sealed.
    fn sync_settled(&mut self, io: &mut Driver) {
        let Some(serial) = self.commits.unsynced_segment() else { return };
        let n = self.segment_index(serial);
        let rolled = n + 1 < self.segments.len();
        let segment = &mut self.segments[n];
        let file = segment.reader.clone();
        let Some(writer) = segment.writer() else { return };
        let is_taken = writer.tail.pending_bytes() == 0;
        let wanted = self.settle_wanted();
        let settle = wanted > self.commits.durable_to() && self.commits.written_to() >= wanted;
        if self.commits.syncing() || self.commits.in_flight() > 0 || !(settle || rolled && is_taken)
        {
            return;
        }
        let sync = self.commits.begin_sync(serial);
        self.submit(io, Op::Sync { file }, LogOp::Sync(sync));
    }

    pub(super) fn forget_settled(&mut self) {
        let settled = match planted::is(Bug::FreeJournalBeforeSync) {
            true => self.commits.submitted_to(),
            // What the segments have of a commit that is not durable no checkpoint speaks of: see `settled`.
            false => self.commits.durable_to().min(self.marks.durable().byte),
        };
        let Some(journaled) = &mut self.journaled else { return };
        while journaled.protected.front().is_some_and(|protected| protected.end <= settled) {
            journaled.protected.pop_front();
        }
    }
}
