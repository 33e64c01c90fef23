//! Aborted transactions, per segment, as readers of committed records must know them: the records of this
//! producer from this offset on, up to its marker, are to be left out.
//!
//! In memory for every segment: an entry of 32 bytes stands for at least a batch and a marker, of 150. On the
//! disk beside each sealed segment in which there are any, in Kafka's format, so that its tools print it;
//! the segment's index has the number of entries and their checksum, which that format lacks. What does not
//! check is made again from the segment.

use super::producers::transactions::Open;
use super::watermarks::Mark;
use super::{Log, segments::Segment};
use crate::model::{LogByte, Offset};

/// One transaction that was aborted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aborted {
    /// Whose.
    pub producer_id: i64,
    /// Offset of its first record.
    pub first_offset: Offset,
    /// Offset of its marker.
    pub last_offset: Offset,
    /// The last stable offset behind the marker: nothing that was aborted later begins before it.
    pub last_stable_offset: Offset,
}

impl Log {
    /// The end of what readers of committed records see: where the oldest transaction begins that is open,
    /// or of which nobody can see the marker yet (`unseen`); `visible` when there is none.
    pub fn stable(&self, visible: Mark, unseen: Option<Open>) -> Mark {
        let open = [self.producers.first_open(), unseen].into_iter().flatten();
        match open.min_by_key(|open| open.first_offset) {
            Some(open) if open.first_offset < visible.offset => self.mark_of(open),
            _ => visible,
        }
    }

    fn mark_of(&self, open: Open) -> Mark {
        let n = self.segments.partition_point(|segment| segment.base < open.place.segment);
        let offset = open.first_offset.max(self.log_start);
        match self.segments.get(n).filter(|segment| segment.base == open.place.segment) {
            Some(segment) => Mark { byte: segment.log_byte(open.place.position), offset },
            // Its first records are deleted.
            None => Mark { byte: self.segments[0].log_base, offset: self.log_start },
        }
    }

    /// What a reader of committed records must leave out of `from..upto`, in order of the markers.
    pub fn aborted_in(&self, from: Offset, upto: Offset) -> Vec<Aborted> {
        let mut found = Vec::new();
        if from >= upto {
            return found;
        }
        let first = self.segments.partition_point(|segment| segment.base <= from).max(1) - 1;
        for n in first..self.segments.len() {
            for aborted in self.aborted_of(n) {
                if aborted.last_offset >= from && aborted.first_offset < upto {
                    found.push(*aborted);
                }
                if aborted.last_stable_offset >= upto {
                    return found;
                }
            }
        }
        found
    }

    fn aborted_of(&self, n: usize) -> &[Aborted] {
        match n + 1 == self.segments.len() {
            true => self.producers.aborted(),
            false => &self.segments[n].aborted,
        }
    }
}

/// The offset at which a read of a segment ends that ends at this byte, or a later one of the same segment.
pub(super) fn end_offset(segment: &Segment, end: LogByte, visible: Mark) -> Offset {
    if end == visible.byte {
        return visible.offset;
    }
    let position = segment.position(end);
    let start = segment.index.start_at(position);
    match start.position == position {
        true => start.offset,
        false => segment.index.next_offset().min(visible.offset),
    }
}

/// The file: big-endian, for each transaction
///
/// ```text
/// version              2   0
/// producer id          8
/// first offset         8
/// last offset          8   of the marker
/// last stable offset   8
/// ```
pub mod file {
    use super::Aborted;
    use crate::model::Offset;
    use crate::segment::index::AbortedCheck;
    use headwater_protocol::wire::reader::Reader;

    const VERSION: i16 = 0;
    /// Bytes of an entry.
    pub const ENTRY_BYTES: usize = 2 + 4 * 8;

    /// The bytes of the file.
    pub fn encode(all: &[Aborted]) -> Vec<u8> {
        let mut out = Vec::with_capacity(all.len() * ENTRY_BYTES);
        for aborted in all {
            out.extend(VERSION.to_be_bytes());
            out.extend(aborted.producer_id.to_be_bytes());
            for offset in [aborted.first_offset, aborted.last_offset, aborted.last_stable_offset] {
                out.extend(offset.0.to_be_bytes());
            }
        }
        out
    }

    /// What an index says of this file.
    pub fn check(bytes: &[u8]) -> AbortedCheck {
        let count = (bytes.len() / ENTRY_BYTES) as u32;
        match count {
            0 => AbortedCheck::default(),
            _ => AbortedCheck { count, crc: crc32c::crc32c(bytes) },
        }
    }

    /// The transactions in `bytes`, if these are whole entries of the version that we know.
    pub fn decode(bytes: &[u8]) -> Option<Vec<Aborted>> {
        bytes.len().is_multiple_of(ENTRY_BYTES).then_some(())?;
        bytes.chunks_exact(ENTRY_BYTES).map(decode_entry).collect()
    }

    fn decode_entry(bytes: &[u8]) -> Option<Aborted> {
        let mut r = Reader::new(bytes, false);
        (r.i16().ok()? == VERSION).then_some(())?;
        Some(Aborted {
            producer_id: r.i64().ok()?,
            first_offset: Offset(r.i64().ok()?),
            last_offset: Offset(r.i64().ok()?),
            last_stable_offset: Offset(r.i64().ok()?),
        })
    }
}
