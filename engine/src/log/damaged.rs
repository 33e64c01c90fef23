//! What of a log is known to be damaged on the disk: fetches are kept out of it, and led around it.
//!
//! Known to this process only: the files are not touched, and the scrubber finds it again after a start.

use std::ops::Range;

use super::segments::Segment;
use crate::model::{LogByte, Offset, Position};
use crate::segment::index::BatchStart;

/// Damaged ranges in order, none of them touching another.
#[derive(Debug, Default)]
pub(super) struct Damaged(Vec<Place>);

/// Begins and ends at the start of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    offsets: Range<Offset>,
    bytes: Range<LogByte>,
}

impl Damaged {
    /// Takes note of a damaged range of a segment; whether any of it is news.
    pub fn add(&mut self, segment: &Segment, from: BatchStart, to: BatchStart) -> bool {
        let mut new = Place {
            offsets: from.offset..to.offset,
            bytes: segment.log_byte(from.position)..segment.log_byte(to.position),
        };
        let known = |old: &Place| {
            old.offsets.start <= new.offsets.start && new.offsets.end <= old.offsets.end
        };
        if self.0.iter().any(known) {
            return false;
        }
        self.0.retain(|old| {
            let apart = old.offsets.end < new.offsets.start || new.offsets.end < old.offsets.start;
            if !apart {
                new.offsets.start = new.offsets.start.min(old.offsets.start);
                new.offsets.end = new.offsets.end.max(old.offsets.end);
                new.bytes.start = new.bytes.start.min(old.bytes.start);
                new.bytes.end = new.bytes.end.max(old.bytes.end);
            }
            apart
        });
        let n = self.0.partition_point(|old| old.offsets.end < new.offsets.start);
        self.0.insert(n, new);
        true
    }

    /// Whether this offset is damaged.
    pub fn holds(&self, offset: Offset) -> bool {
        self.0.iter().any(|place| place.offsets.contains(&offset))
    }

    /// Where a read from a sound offset must end at the latest.
    pub fn next_byte(&self, offset: Offset) -> LogByte {
        let next = self.0.iter().find(|place| place.offsets.start > offset);
        next.map_or(LogByte(u64::MAX), |place| place.bytes.start)
    }

    /// Where to look for a sound offset: `noted` by the index, or behind damage that would be in the way.
    pub fn floor(&self, segment: &Segment, noted: BatchStart, offset: Offset) -> BatchStart {
        let before = self.0.iter().rev().find(|place| place.offsets.end <= offset);
        match before {
            Some(place) if place.offsets.end > noted.offset => place.end_in(segment),
            _ => noted,
        }
    }

    /// The sound parts of a segment from a batch on, up to a position.
    pub fn around(
        &self,
        segment: &Segment,
        mut from: BatchStart,
        upto: Position,
    ) -> Vec<(BatchStart, Position)> {
        let mut parts = Vec::new();
        let ends = segment.log_byte(from.position)..segment.log_byte(upto);
        let in_way = |place: &&Place| place.bytes.end > ends.start && place.bytes.start < ends.end;
        for place in self.0.iter().filter(in_way) {
            if place.bytes.start > segment.log_byte(from.position) {
                parts.push((from, segment.position(place.bytes.start)));
            }
            // Damage may go on in the next segment.
            if place.bytes.end >= ends.end {
                return parts;
            }
            from = place.end_in(segment);
        }
        parts.push((from, upto));
        parts
    }
}

impl Place {
    fn end_in(&self, segment: &Segment) -> BatchStart {
        BatchStart { offset: self.offsets.end, position: segment.position(self.bytes.end) }
    }
}
