//! A log whose shard keeps a journal: what goes into the next frame; `write_back` carries it to the segments.
//!
//! Here the marks follow the journal: bytes are written and durable when the frame that holds them is.
//! `commits` counts what the segment files have. Between the two lies what only the journal protects:
//!
//! `appended >= framed >= durable >= written back >= settled` (written back and synced)
//!
//! Invariants (io.md 1.2): a block that holds acknowledged bytes and is on the disk already is written
//! again only when a stable frame holds its whole prefix, its *image* (I2); journal space goes when what
//! it protects is settled (I3).

mod write_back;

use std::collections::VecDeque;

use bytes::Bytes;
use headwater_io::buffer::BLOCK;
use headwater_io::clock::Nanos;
use headwater_io::driver::Driver;

use super::Log;
use super::segments::SegmentState;
use super::watermarks::Mark;
use crate::journal::frame::Kind;
use crate::model::{LogByte, Offset, Position};
use crate::rare::{self, Rare};

/// An increment at least this large goes straight into its segment: half of it twice would cost the
/// device more than a second operation (io.md 1.2).
pub const EXTENT_BYTES_MIN: u64 = 64 << 10;

/// What a log remembers for its journal.
#[derive(Debug)]
pub(super) struct Journaled {
    /// Everything before it is in a frame.
    framed: Mark,
    image: Image,
    /// The segment that `image` speaks of, by its serial number.
    image_of: u32,
    /// What frames protect, oldest first: once the segments have everything before `end`, synced, the
    /// frame is not needed for this log any more.
    protected: VecDeque<Protected>,
    /// Everything before it is to be settled, padded blocks and all.
    settle_wanted: LogByte,
    /// When the oldest whole block that waits was framed.
    waiting_since: Option<Nanos>,
    /// Frames on their way that hold something of this log.
    frames: usize,
    /// Writes to the segments that may be begun now.
    write_back_room: usize,
    /// One more was due, and there was no room.
    is_held_back: bool,
}

/// Whether the block that the tail starts with may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Image {
    /// It is not on the disk, or a stable frame holds all of it.
    None,
    /// It is on the disk, padded: the next entry must begin with its first byte.
    Needed,
    /// That entry is in the frame with this number, which is not stable yet.
    Framed(u64),
}

#[derive(Clone, Copy, Debug)]
struct Protected {
    seq: u64,
    end: LogByte,
}

/// A part of a log that goes into the next frame, or beside it.
pub struct Increment {
    /// Base offset of its segment.
    pub segment_base: Offset,
    /// Where it begins in the segment.
    pub from: Position,
    /// Where it ends.
    pub to: Position,
    /// The offset after its last record.
    pub next_offset: Offset,
    /// Inside the frame, or straight into the segment.
    pub kind: Kind,
    /// Checksum of an extent's bytes.
    pub crc: u32,
    /// Writes that an extent consists of: their serial numbers in this log.
    pub units: Vec<u32>,
    segment: u32,
    /// Bytes at its start that were framed before.
    repeated: usize,
    /// An extent's bytes, for readers.
    fresh: Vec<Bytes>,
}

impl Increment {
    /// Bytes it adds to the frame.
    pub fn inline_bytes(&self) -> usize {
        match self.kind {
            Kind::Inline => (self.to.0 - self.from.0) as usize,
            Kind::Extent => 0,
        }
    }
}

impl Journaled {
    /// Of a log that ends at `end`, which is `position` in the segment with this serial number.
    pub(super) fn new(end: Mark, position: Position, serial: u32) -> Self {
        let is_whole = position.0.is_multiple_of(BLOCK as u64);
        Journaled {
            framed: end,
            image: if is_whole { Image::None } else { Image::Needed },
            image_of: serial,
            protected: VecDeque::new(),
            settle_wanted: LogByte(0),
            waiting_since: None,
            frames: 0,
            write_back_room: usize::MAX,
            is_held_back: false,
        }
    }

    fn image(&self, serial: u32) -> Image {
        if self.image_of == serial { self.image } else { Image::None }
    }

    fn set_image(&mut self, serial: u32, image: Image) {
        (self.image_of, self.image) = (serial, image);
    }
}

impl Log {
    /// Whether the marks follow a journal.
    pub fn is_journaled(&self) -> bool {
        self.journaled.is_some()
    }

    /// Appended and in no frame yet, in bytes.
    pub fn unframed_bytes(&self) -> u64 {
        self.journaled.as_ref().map_or(0, |j| self.marks.appended().byte.0 - j.framed.byte.0)
    }

    /// Whether these increments are all that is in no frame yet.
    pub fn is_all(&self, increments: &[Increment]) -> bool {
        let new_bytes = |one: &Increment| one.to.0 - one.from.0 - one.repeated as u64;
        increments.iter().map(new_bytes).sum::<u64>() == self.unframed_bytes()
    }

    /// Whether somebody waits for bytes that are in no frame, or in one that is not durable.
    pub fn awaits_durable(&self) -> bool {
        self.durable_wanted > self.marks.durable().byte
    }

    /// The oldest frame that this log still needs.
    pub fn first_needed_seq(&self) -> Option<u64> {
        self.journaled.as_ref()?.protected.front().map(|protected| protected.seq)
    }

    /// Up to where the segments have the log, synced.
    pub fn settled(&self) -> (Offset, Position) {
        // Extents of a commit whose frame has not arrived are there, and promised to nobody.
        let to = self.commits.durable_to().min(self.marks.durable().byte);
        let n = self.segments.partition_point(|s| s.log_byte(s.end()) <= to);
        let segment = &self.segments[n.min(self.segments.len() - 1)];
        (segment.base, segment.position(to))
    }

    /// Asks for everything in frames to be carried to the segments and synced there.
    pub fn want_settled(&mut self) {
        let Some(journaled) = &mut self.journaled else { return };
        // An image that nothing was written on is given up: the next entry brings another one.
        let unused = LogByte(journaled.framed.byte.0 + 1);
        if journaled.protected.pop_back_if(|last| last.end == unused).is_some() {
            journaled.image = Image::Needed;
        }
        journaled.settle_wanted = journaled.framed.byte;
    }

    /// What the next frame should hold of this log; empty when there is nothing, or nothing that can go
    /// now. Changes nothing.
    pub fn increments(&self, inline_max: u64) -> Vec<Increment> {
        let Some(journaled) = &self.journaled else { return Vec::new() };
        if !matches!(self.health, super::Health::Serving | super::Health::Full { .. }) {
            return Vec::new();
        }
        let mut increments = Vec::new();
        for n in 0..self.segments.len() {
            let segment = &self.segments[n];
            let (SegmentState::Open(_), end) = (&segment.state, segment.end()) else { continue };
            let framed = journaled.framed.byte.0.saturating_sub(segment.log_base.0);
            if end.0 <= framed {
                continue;
            }
            let next = self.segments.get(n + 1).map(|next| next.base);
            let next_offset = next.unwrap_or(self.marks.appended().offset);
            let before = increments.len();
            if !self.add_increments(n, Position(framed), next_offset, inline_max, &mut increments) {
                break;
            }
            // Of many short segments a frame takes as much as of one.
            let inline_bytes = increments.iter().map(|one| one.inline_bytes() as u64).sum::<u64>();
            if before > 0 && inline_bytes > inline_max {
                increments.truncate(before);
                break;
            }
        }
        increments
    }

    /// The increments of one segment; false when it must wait, and with it everything behind it.
    fn add_increments(
        &self,
        n: usize,
        framed: Position,
        next_offset: Offset,
        inline_max: u64,
        into: &mut Vec<Increment>,
    ) -> bool {
        let journaled = self.journaled.as_ref().expect("asked by a log with a journal");
        let (segment, block) = (&self.segments[n], BLOCK as u64);
        let end = segment.end();
        let increment = |kind, from, to, next_offset, repeated| Increment {
            segment_base: segment.base,
            from,
            to,
            next_offset,
            kind,
            crc: 0,
            units: Vec::new(),
            segment: segment.serial,
            repeated,
            fresh: Vec::new(),
        };
        let inline = |from: Position, to| {
            increment(Kind::Inline, from, to, next_offset, (framed.0 - from.0) as usize)
        };
        let whole_end = Position(end.0 / block * block);
        let is_large = end.0 - framed.0 >= EXTENT_BYTES_MIN && whole_end > framed;
        if is_large
            && segment.named
            && self.is_next_to_write(n)
            && self.may_write_block(segment.serial)
        {
            into.push(increment(Kind::Extent, framed, whole_end, next_offset, 0));
            if whole_end < end {
                into.push(increment(Kind::Inline, whole_end, end, next_offset, 0));
            }
            return true;
        }
        let needs_image = journaled.image(segment.serial) == Image::Needed;
        let from = match needs_image {
            true => Position(framed.0 / block * block),
            false => framed,
        };
        if end.0 - from.0 <= inline_max {
            if !segment.named {
                rare::reached(Rare::UnnamedFramed);
            }
            into.push(inline(from, end));
            return true;
        }
        // Too much for a frame, and the segment may not be written yet. An image alone makes that
        // possible; a name that is not durable will be.
        if needs_image && from < framed && into.is_empty() {
            let image = increment(
                Kind::Inline,
                from,
                framed,
                journaled.framed.offset,
                (framed.0 - from.0) as usize,
            );
            into.push(image);
        }
        false
    }

    /// Whether everything before this segment has been handed to the device: writes begin in log order.
    fn is_next_to_write(&self, n: usize) -> bool {
        self.segments.iter().take(n).all(|segment| match &segment.state {
            SegmentState::Open(writer) => writer.tail.pending_bytes() == 0,
            _ => true,
        })
    }

    /// Whether the block that a segment's tail starts with may be written: see [`Image`].
    fn may_write_block(&self, serial: u32) -> bool {
        self.journaled.as_ref().is_some_and(|j| j.image(serial) == Image::None)
            && !self.commits.tail_block_busy()
    }

    /// Starts the writes of an extent.
    pub fn write_extent(&mut self, increment: &mut Increment, io: &mut Driver) {
        let n = self.segment_index(increment.segment);
        let (unit_bytes, pool) = (self.settings.unit_bytes, self.pool.clone());
        let mut skip = increment.from.0;
        loop {
            let tail = &mut self.segments[n].writer().expect("has pending bytes").tail;
            if tail.whole_bytes() == 0 {
                break;
            }
            let part = tail.take_whole(unit_bytes, &pool).expect("a block is always there");
            let mut at = part.from.0;
            for piece in &part.fresh {
                let next = at + piece.len() as u64;
                if next > skip {
                    let fresh = piece.slice((skip.saturating_sub(at)) as usize..);
                    increment.crc = crc32c::crc32c_append(increment.crc, &fresh);
                    increment.fresh.push(fresh);
                    skip = next;
                }
                at = next;
            }
            let unit = self.submit_segment_part(n, part, true, io);
            increment.units.push(unit);
        }
        assert_eq!(skip, increment.to.0, "an extent is its whole blocks");
    }

    /// The bytes of an increment that goes inside the frame.
    pub fn inline_slices(&self, increment: &Increment) -> Vec<&[u8]> {
        match &self.segments[self.segment_index(increment.segment)].state {
            SegmentState::Open(writer) => writer.tail.slices(increment.from, increment.to),
            _ => unreachable!("a segment with unframed bytes is open"),
        }
    }

    /// An increment is in the frame `seq`; `inline` is its copy there.
    pub fn framed(&mut self, increment: Increment, seq: u64, inline: Option<Bytes>, now: Nanos) {
        let segment = &self.segments[self.segment_index(increment.segment)];
        let end = Mark { byte: segment.log_byte(increment.to), offset: increment.next_offset };
        let mut from = segment.log_byte(Position(increment.from.0 + increment.repeated as u64));
        let inline = inline.map(|bytes| bytes.slice(increment.repeated..));
        for piece in inline.into_iter().chain(increment.fresh) {
            let len = piece.len() as u64;
            self.hot.push(from, piece);
            from = LogByte(from.0 + len);
        }
        let (appended, linger_over) = (self.marks.appended().byte, end.byte);
        let journaled = self.journaled.as_mut().expect("framed by a journal");
        if journaled.image(increment.segment) == Image::Needed {
            rare::reached(Rare::ImageLogged);
            journaled.set_image(increment.segment, Image::Framed(seq));
        }
        // An image alone protects its block until more of it has been settled.
        let adds_nothing = end.byte == journaled.framed.byte;
        let protects = if adds_nothing { LogByte(end.byte.0 + 1) } else { end.byte };
        journaled.protected.push_back(Protected { seq, end: protects });
        journaled.framed = end;
        journaled.waiting_since.get_or_insert(now);
        if linger_over == appended {
            self.gathering_since = None;
        }
    }

    /// One more frame is on its way that holds something of this log.
    pub fn frame_begun(&mut self) {
        self.journaled.as_mut().expect("framed by a journal").frames += 1;
    }

    /// The frames up to `seq` are written, or durable: so is everything before `end`.
    pub fn frame_stable(&mut self, seq: u64, end: LogByte, durable: bool) {
        self.marks.write(end);
        if !durable {
            return;
        }
        self.marks.harden(end);
        let journaled = self.journaled.as_mut().expect("framed by a journal");
        journaled.frames -= 1;
        if matches!(journaled.image, Image::Framed(image) if image <= seq) {
            journaled.image = Image::None;
        }
        self.forget_settled();
    }

    /// A mistake, for the simulator to find: everything before `end` is believed to be durable.
    pub fn frame_stable_early(&mut self, end: LogByte) {
        self.marks.write(end);
        self.marks.harden(end);
    }

    /// End of what is in frames.
    pub fn framed_to(&self) -> LogByte {
        self.journaled.as_ref().map_or(LogByte(0), |j| j.framed.byte)
    }

    /// Whether frames on their way will still tell this log that they have arrived.
    pub(super) fn has_frames(&self) -> bool {
        self.journaled.as_ref().is_some_and(|j| j.frames > 0)
    }

    /// Whether nothing is gathered, in flight or wanted.
    pub(super) fn is_journal_quiet(&self) -> bool {
        !self.has_frames()
            && self.unframed_bytes() == 0
            && self.settle_wanted() <= self.commits.durable_to()
    }

    fn segment_index(&self, serial: u32) -> usize {
        let found = self.segments.iter().position(|segment| segment.serial == serial);
        found.expect("segments with bytes on their way stay")
    }
}
