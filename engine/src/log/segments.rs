//! The segments of a log in memory: what each one is, and the one that comes next.

use std::sync::Arc;
use std::time::Duration;

use headwater_io::clock::Nanos;
use headwater_io::file::File;

use super::aborted::Aborted;
use super::record_set::RecordSet;
use super::roll::Seal;
use super::writing::Writing;
use crate::model::{LogByte, Offset, Position};
use crate::segment::index::Index;
use crate::segment::room::{Room, Step};
use crate::segment::tail::Tail;

/// One segment of an open log.
pub(super) struct Segment {
    /// Names the segment in operations in flight.
    pub serial: u32,
    pub base: Offset,
    /// Where its first byte is in the log.
    pub log_base: LogByte,
    pub index: Index,
    /// Transactions whose abort markers are in it; of the last segment the producers know them.
    pub aborted: Vec<Aborted>,
    /// For reading, through the page cache.
    pub reader: File,
    /// Whether the producers as of its start are on the disk; what recovery has sealed leaves none behind it.
    pub has_snapshot: bool,
    /// Whether its name is durable: until then nothing in it counts as written.
    pub named: bool,
    /// Once it is sealed: not to be read again by the scrubber before this.
    pub scrub_at: Nanos,
    pub state: SegmentState,
}

pub(super) enum SegmentState {
    /// Appended to, or rolled with bytes still on their way.
    Open(Writer),
    /// Rolled, everything durable, being truncated and indexed on an I/O thread.
    Sealing(Arc<Seal>),
    /// Never changes again.
    Sealed { end: Position },
}

/// The writing side of a segment.
pub(super) struct Writer {
    pub writing: Writing,
    pub tail: Tail,
    pub room: Room,
    /// When its first batch was appended in this process; `None` while it is empty.
    pub first_append: Option<Nanos>,
    /// The producers when it was rolled, to be written beside its successor.
    pub snapshot: Option<Vec<u8>>,
}

/// A step of file space under way on an I/O thread.
#[derive(Clone, Copy, Debug)]
pub(super) struct RoomJob {
    pub serial: u32,
    pub step: Step,
}

/// The segment that will follow the active one.
pub(super) enum NextSegment {
    /// Not asked for.
    None,
    /// Being made on an I/O thread.
    Preparing,
    /// Ready under its temporary name.
    Ready(Writing, File, Room),
}

impl NextSegment {
    /// How it is written, once it is there.
    pub fn writing(&self) -> Option<&Writing> {
        match self {
            NextSegment::Ready(writing, ..) => Some(writing),
            NextSegment::None | NextSegment::Preparing => None,
        }
    }
}

impl Segment {
    /// Position after its last appended byte.
    pub fn end(&self) -> Position {
        match &self.state {
            SegmentState::Open(writer) => writer.tail.end(),
            SegmentState::Sealing(seal) => seal.end,
            SegmentState::Sealed { end } => *end,
        }
    }

    /// The log byte at a position.
    pub fn log_byte(&self, position: Position) -> LogByte {
        LogByte(self.log_base.0 + position.0)
    }

    /// The position of a log byte; the byte must lie in or right behind the segment.
    pub fn position(&self, byte: LogByte) -> Position {
        Position(byte.0 - self.log_base.0)
    }

    /// Whether it never changes again.
    pub fn is_sealed(&self) -> bool {
        matches!(self.state, SegmentState::Sealed { .. })
    }

    /// Whether nothing was appended to it so far. A sealed one without batches is what compaction has left.
    pub fn is_fresh(&self) -> bool {
        self.end() == Position(0) && !self.is_sealed()
    }

    /// Whether it is being sealed.
    pub fn is_sealing(&self) -> bool {
        matches!(self.state, SegmentState::Sealing(_))
    }

    pub fn writing(&self) -> Option<&Writing> {
        match &self.state {
            SegmentState::Open(writer) => Some(&writer.writing),
            _ => None,
        }
    }

    pub fn writer(&mut self) -> Option<&mut Writer> {
        match &mut self.state {
            SegmentState::Open(writer) => Some(writer),
            _ => None,
        }
    }

    /// Whether the next batch must start a new segment.
    pub fn is_due(
        &self,
        set: &RecordSet,
        segment_bytes: u64,
        age_max: Duration,
        now: Nanos,
    ) -> bool {
        let SegmentState::Open(writer) = &self.state else { return true };
        if self.index.next_offset().0 + set.record_count() - self.base.0 > i64::from(i32::MAX) {
            // Indexes, and Kafka's tools, count offsets inside a segment in 31 bits.
            return self.end().0 > 0;
        }
        let bytes = set.bytes().len();
        let Some(first_append) = writer.first_append else { return false };
        self.end().0 > 0
            && (self.end().0 + bytes as u64 > segment_bytes || now.since(first_append) >= age_max)
    }
}
