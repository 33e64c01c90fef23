//! One partition's entries as a chain: does each begin where the one before it ended?
//!
//! Positions tell whether a damaged commit concerned the partition at all: when a later entry continues
//! exactly where ours ended, it did not.

use super::checkpoint::PartitionPoint;
use super::frame::Entry;
use crate::model::{Offset, Position};

/// The end of a partition's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// Base offset of the last segment.
    pub segment_base: Offset,
    /// The byte in it.
    pub position: Position,
    /// The offset after the last record.
    pub next_offset: Offset,
}

/// What is known of a partition up to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything.
    Whole,
    /// Acknowledged bytes are missing.
    Quarantine(Gap),
    /// Acknowledged commits are lost of which nothing is known, and nothing that came after them shows
    /// that this partition was not in them. What is there is sound; there may have been more.
    Doubtful {
        /// The last lost commit of which nothing is known.
        commit: u64,
    },
}

/// Acknowledged bytes that the journal does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The segment in which it begins.
    pub segment_base: Offset,
    /// The byte at which it begins.
    pub from_position: Position,
    /// The segment in which it ends.
    pub to_segment_base: Offset,
    /// The byte before which it ends.
    pub to_position: Position,
    /// The first offset in it.
    pub from_offset: Offset,
    /// The offset before which it ends, at the latest: of a commit that continues a segment only the
    /// end is known.
    pub to_offset: Offset,
}

/// Follows a partition's entries.
#[derive(Clone, Debug)]
pub struct Chain {
    end: End,
    gap: Option<Gap>,
    /// The last commit with an entry that was followed or known to be lost.
    last_seq: u64,
}

impl Chain {
    /// From where a checkpoint says that the partition was.
    pub fn from_point(point: &PartitionPoint) -> Self {
        let PartitionPoint { segment_base, position, next_offset, .. } = *point;
        Chain { end: End { segment_base, position, next_offset }, gap: None, last_seq: 0 }
    }

    /// A partition that no checkpoint knows begins with the segment of its first entry.
    pub fn from_entry(entry: &Entry) -> Self {
        let segment_base = entry.segment_base;
        let end = End { segment_base, position: Position(0), next_offset: segment_base };
        Chain { end, gap: None, last_seq: 0 }
    }

    /// Whether the entry adds nothing to what is known.
    pub fn is_past(&self, entry: &Entry) -> bool {
        let (base, end) = (self.end.segment_base, self.end.position);
        entry.segment_base < base || entry.segment_base == base && entry.end() <= end
    }

    /// Whether the entry is the image of the block in which the log ends: it adds nothing, and is there in
    /// case that the block was being written again.
    pub fn is_image(&self, entry: &Entry) -> bool {
        let End { segment_base, position, .. } = self.end;
        entry.segment_base == segment_base && entry.end() == position && entry.len > 0
    }

    /// The entry is sound. It may begin before the end: with an image of the last block.
    pub fn follow(&mut self, entry: &Entry, seq: u64) {
        let continues = match entry.segment_base == self.end.segment_base {
            true => entry.position <= self.end.position,
            // A roll: the next segment begins with the next offset, at its first byte.
            false => entry.segment_base == self.end.next_offset && entry.position.0 == 0,
        };
        if !continues {
            let exact = entry.position.0 == 0;
            let to_offset = if exact { entry.segment_base } else { entry.next_offset };
            self.widen(entry, entry.position, to_offset);
        }
        self.advance(entry, seq);
    }

    /// The entry is known and its bytes are not sound.
    pub fn lose(&mut self, entry: &Entry, seq: u64) {
        self.widen(entry, entry.end(), entry.next_offset);
        self.advance(entry, seq);
    }

    /// The end and what is known up to there, when the last commit of which nothing is known is
    /// `unknown`.
    pub fn judge(self, unknown: Option<u64>) -> (End, Verdict) {
        let verdict = match (self.gap, unknown) {
            (Some(gap), _) => Verdict::Quarantine(gap),
            (None, Some(commit)) if self.last_seq < commit => Verdict::Doubtful { commit },
            _ => Verdict::Whole,
        };
        (self.end, verdict)
    }

    fn widen(&mut self, entry: &Entry, to_position: Position, to_offset: Offset) {
        let gap = self.gap.get_or_insert(Gap {
            segment_base: self.end.segment_base,
            from_position: self.end.position,
            to_segment_base: entry.segment_base,
            to_position,
            from_offset: self.end.next_offset,
            to_offset,
        });
        gap.to_segment_base = entry.segment_base;
        gap.to_position = to_position;
        gap.to_offset = to_offset;
    }

    fn advance(&mut self, entry: &Entry, seq: u64) {
        let Entry { segment_base, next_offset, .. } = *entry;
        self.end = End { segment_base, position: entry.end(), next_offset };
        self.last_seq = seq;
    }
}
