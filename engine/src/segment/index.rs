//! Finds a batch in a segment by offset, position or time: sparse, in memory, one entry for every few
//! kilobytes, each at the *start* of a batch.
//!
//! A sealed segment's index is written beside it with a checksum. It is never trusted: one that does
//! not check is rebuilt from the batches.

use headwater_protocol::batch::header::BatchHeader;
use serde::{Deserialize, Serialize};

use super::scan::Chain;
use crate::model::{Offset, Position};

/// No matter what was asked for, entries are no further apart than this and a batch: what lies between
/// two of them is read as one piece.
const INTERVAL_BYTES_MAX: u32 = 1 << 20;

/// The index of one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    base: Offset,
    interval_bytes: u32,
    entries: Vec<Entry>,
    times: Vec<TimeEntry>,
    max_timestamp_ms: i64,
    /// The offset after the last batch.
    next_offset: Offset,
    aborted: AbortedCheck,
    /// Compaction has made this segment out of everything before this offset.
    cleaned_upto: Option<Offset>,
}

/// The list of aborted transactions that a sealed segment has beside it, so that one which is missing or is
/// another one is noticed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AbortedCheck {
    /// How many there are; with none there is no file.
    pub count: u32,
    /// CRC32C of the file.
    pub crc: u32,
}

/// A batch starts here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    relative_offset: u32,
    position: u32,
}

/// All batches before the one at `position` have timestamps of at most `max_timestamp_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TimeEntry {
    max_timestamp_ms: i64,
    position: u32,
}

/// How far an index had come. Cheap to take, and enough to have the index as of then later: entries are
/// only added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexMark {
    entries: usize,
    max_timestamp_ms: i64,
    next_offset: Offset,
}

/// A batch's start: its offset and where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchStart {
    /// Base offset of the batch.
    pub offset: Offset,
    /// Where it starts.
    pub position: Position,
}

impl Index {
    /// An empty index for the segment that starts at `base`.
    pub fn new(base: Offset, interval_bytes: u32) -> Self {
        Index {
            base,
            interval_bytes,
            entries: Vec::new(),
            times: Vec::new(),
            max_timestamp_ms: -1,
            next_offset: base,
            aborted: AbortedCheck::default(),
            cleaned_upto: None,
        }
    }

    /// The segment is what compaction has left of everything from its base offset up to this one: offsets may be
    /// missing between its batches and behind the last one.
    pub fn set_cleaned(&mut self, upto: Offset) {
        self.cleaned_upto = Some(upto);
    }

    /// How the batches of the segment follow one another.
    pub fn chain(&self) -> Chain {
        if self.cleaned_upto.is_some() { Chain::Gapped } else { Chain::Whole }
    }

    /// The base offset of the segment that follows.
    pub fn upto(&self) -> Offset {
        self.cleaned_upto.unwrap_or(self.next_offset)
    }

    /// What the list of aborted transactions must be.
    pub fn aborted(&self) -> AbortedCheck {
        self.aborted
    }

    /// The segment is complete, and this is its list of aborted transactions.
    pub fn set_aborted(&mut self, aborted: AbortedCheck) {
        self.aborted = aborted;
    }

    /// Takes note of the batch at `position`; batches come in order.
    pub fn add(&mut self, position: Position, header: &BatchHeader) {
        let due = self.entries.last().is_none_or(|last| {
            position.0
                >= u64::from(last.position) + u64::from(self.interval_bytes.min(INTERVAL_BYTES_MAX))
        });
        if due {
            let relative_offset = (header.base_offset - self.base.0) as u32;
            let position = position.0 as u32;
            self.entries.push(Entry { relative_offset, position });
            self.times.push(TimeEntry { max_timestamp_ms: self.max_timestamp_ms, position });
        }
        // Of a batch without records compaction has left the time.
        if header.record_count > 0 {
            self.max_timestamp_ms = self.max_timestamp_ms.max(header.max_timestamp);
        }
        self.next_offset = Offset(header.next_offset());
    }

    /// How far it has come.
    pub fn mark(&self) -> IndexMark {
        IndexMark {
            entries: self.entries.len(),
            max_timestamp_ms: self.max_timestamp_ms,
            next_offset: self.next_offset,
        }
    }

    /// The index as it was at a mark that it gave.
    #[must_use]
    pub fn as_of(&self, mark: IndexMark) -> Index {
        Index {
            base: self.base,
            interval_bytes: self.interval_bytes,
            entries: self.entries[..mark.entries].to_vec(),
            times: self.times[..mark.entries].to_vec(),
            max_timestamp_ms: mark.max_timestamp_ms,
            next_offset: mark.next_offset,
            aborted: AbortedCheck::default(),
            cleaned_upto: None,
        }
    }

    /// The last noted batch that starts at or before `offset`.
    pub fn floor(&self, offset: Offset) -> BatchStart {
        let relative = offset.0 - self.base.0;
        let n = self.entries.partition_point(|e| i64::from(e.relative_offset) <= relative);
        match n.checked_sub(1) {
            Some(n) => self.start(self.entries[n]),
            None => BatchStart { offset: self.base, position: Position(0) },
        }
    }

    /// Where the last noted batch that starts at or before `position` starts.
    pub fn floor_position(&self, position: Position) -> Position {
        self.start_at(position).position
    }

    /// The last noted batch that starts at or before `position`.
    pub fn start_at(&self, position: Position) -> BatchStart {
        let n = self.entries.partition_point(|e| u64::from(e.position) <= position.0);
        match n.checked_sub(1) {
            Some(n) => self.start(self.entries[n]),
            None => BatchStart { offset: self.base, position: Position(0) },
        }
    }

    /// The first noted batch that starts after `position`.
    pub fn after(&self, position: Position) -> Option<Position> {
        let n = self.entries.partition_point(|e| u64::from(e.position) <= position.0);
        self.entries.get(n).map(|e| Position(e.position.into()))
    }

    /// The noted batch starts from `from` on that bound about `bytes` of the segment: two at least, and
    /// the last one may be its end.
    pub fn run(&self, from: Position, bytes: u64, end: Position) -> Vec<BatchStart> {
        let first = self.entries.partition_point(|e| u64::from(e.position) < from.0);
        let noted = self.entries[first..].iter().map(|entry| self.start(*entry));
        let mut run: Vec<BatchStart> = Vec::new();
        for start in noted.chain([BatchStart { offset: self.next_offset, position: end }]) {
            run.push(start);
            if run.len() > 1 && start.position.0 - run[0].position.0 >= bytes {
                break;
            }
        }
        run
    }

    /// Where to start looking for the first record at or after `timestamp_ms`; everything before it is
    /// older. `None` when all of the segment is.
    pub fn floor_time(&self, timestamp_ms: i64) -> Option<Position> {
        if timestamp_ms > self.max_timestamp_ms {
            return None;
        }
        let n = self.times.partition_point(|t| t.max_timestamp_ms < timestamp_ms);
        Some(n.checked_sub(1).map_or(Position(0), |n| Position(self.times[n].position.into())))
    }

    /// The highest timestamp in the segment; -1 when it is empty.
    pub fn max_timestamp_ms(&self) -> i64 {
        self.max_timestamp_ms
    }

    /// About the timestamp of the first batch: the highest before the second entry. -1 when it is empty.
    pub fn first_timestamp_ms(&self) -> i64 {
        self.times.get(1).map_or(self.max_timestamp_ms, |second| second.max_timestamp_ms)
    }

    /// The offset after the last batch.
    pub fn next_offset(&self) -> Offset {
        self.next_offset
    }

    /// Memory it takes, in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>()
            + self.times.capacity() * size_of::<TimeEntry>()
    }

    /// Gives back memory that only growth needed.
    pub fn shrink(&mut self) {
        self.entries.shrink_to_fit();
        self.times.shrink_to_fit();
    }

    fn start(&self, entry: Entry) -> BatchStart {
        BatchStart {
            offset: Offset(self.base.0 + i64::from(entry.relative_offset)),
            position: Position(entry.position.into()),
        }
    }
}

/// The file: everything big-endian, as in batches.
///
/// ```text
/// magic "HWIX"      4
/// version           4   2; 3 of a segment that compaction has made
/// base offset       8
/// segment bytes     8   size of the segment it belongs to: another size, another segment
/// max timestamp     8
/// next offset       8   the offset after its last record
/// entry count       4
/// interval bytes    4
/// crc               4   CRC32C of everything before it and of what follows
/// aborted count     4   transactions in the segment's `.txnindex`; 0: it has none
/// aborted crc       4   CRC32C of that file
/// cleaned up to     8   version 3 only: the base offset of the segment that follows
/// entries               relative offset 4, position 4, max timestamp before it 8
/// ```
///
/// Version 1 is read: there the entries follow the crc, and nothing is aborted.
pub mod file {
    use super::{AbortedCheck, Entry, Index, TimeEntry};
    use crate::model::{Offset, Position};

    const MAGIC: u32 = u32::from_be_bytes(*b"HWIX");
    const VERSION: u32 = 2;
    /// With gaps between its batches.
    const VERSION_CLEANED: u32 = 3;
    /// Before transactions.
    const VERSION_1: u32 = 1;
    const CRC_AT: usize = 4 + 4 + 8 + 8 + 8 + 8 + 4 + 4;
    const HEADER_BYTES: usize = CRC_AT + 4;
    const ABORTED_BYTES: usize = 4 + 4;
    const CLEANED_BYTES: usize = 8;
    const ENTRY_BYTES: usize = 4 + 4 + 8;

    /// The bytes of the index of a segment that is `segment_end` bytes long.
    pub fn encode(index: &Index, segment_end: Position) -> Vec<u8> {
        let entries_bytes = index.entries.len() * ENTRY_BYTES;
        let version = if index.cleaned_upto.is_some() { VERSION_CLEANED } else { VERSION };
        let mut out =
            Vec::with_capacity(HEADER_BYTES + ABORTED_BYTES + CLEANED_BYTES + entries_bytes);
        out.extend(MAGIC.to_be_bytes());
        out.extend(version.to_be_bytes());
        out.extend(index.base.0.to_be_bytes());
        out.extend(segment_end.0.to_be_bytes());
        out.extend(index.max_timestamp_ms.to_be_bytes());
        out.extend(index.next_offset.0.to_be_bytes());
        out.extend((index.entries.len() as u32).to_be_bytes());
        out.extend(index.interval_bytes.to_be_bytes());
        out.extend([0; 4]);
        out.extend(index.aborted.count.to_be_bytes());
        out.extend(index.aborted.crc.to_be_bytes());
        out.extend(index.cleaned_upto.iter().flat_map(|upto| upto.0.to_be_bytes()));
        for (entry, time) in index.entries.iter().zip(&index.times) {
            out.extend(entry.relative_offset.to_be_bytes());
            out.extend(entry.position.to_be_bytes());
            out.extend(time.max_timestamp_ms.to_be_bytes());
        }
        let crc = checksum(&out);
        out[CRC_AT..HEADER_BYTES].copy_from_slice(&crc.to_be_bytes());
        out
    }

    /// The index in `bytes`, if it is whole and belongs to this very segment.
    pub fn decode(bytes: &[u8], base: Offset, segment_end: Position) -> Option<Index> {
        let (index, end) = decode_any(bytes, base)?;
        (end == segment_end).then_some(index)
    }

    /// The index in `bytes`, if it is whole, and how long the segment was that starts at `base`.
    pub fn decode_any(bytes: &[u8], base: Offset) -> Option<(Index, Position)> {
        if bytes.len() < HEADER_BYTES || checksum(bytes) != u32_at(bytes, CRC_AT) {
            return None;
        }
        let (aborted_bytes, cleaned_bytes) = match u32_at(bytes, 4) {
            VERSION_1 => (0, 0),
            VERSION => (ABORTED_BYTES, 0),
            VERSION_CLEANED => (ABORTED_BYTES, CLEANED_BYTES),
            _ => return None,
        };
        let (aborted, rest) = bytes[HEADER_BYTES..].split_at_checked(aborted_bytes)?;
        let (cleaned, entries) = rest.split_at_checked(cleaned_bytes)?;
        let count = u32_at(bytes, 40) as usize;
        let belongs = u32_at(bytes, 0) == MAGIC
            && u64_at(bytes, 8) == base.0 as u64
            && entries.len() == count * ENTRY_BYTES;
        if !belongs {
            return None;
        }
        let mut index = Index::new(base, u32_at(bytes, 44));
        index.max_timestamp_ms = u64_at(bytes, 24) as i64;
        index.next_offset = Offset(u64_at(bytes, 32) as i64);
        if !aborted.is_empty() {
            index.aborted = AbortedCheck { count: u32_at(aborted, 0), crc: u32_at(aborted, 4) };
        }
        if !cleaned.is_empty() {
            index.cleaned_upto = Some(Offset(u64_at(cleaned, 0) as i64));
        }
        for entry in entries.chunks_exact(ENTRY_BYTES) {
            let position = u32_at(entry, 4);
            index.entries.push(Entry { relative_offset: u32_at(entry, 0), position });
            let max_timestamp_ms = u64_at(entry, 8) as i64;
            index.times.push(TimeEntry { max_timestamp_ms, position });
        }
        Some((index, Position(u64_at(bytes, 16))))
    }

    fn checksum(bytes: &[u8]) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c(&bytes[..CRC_AT]), &bytes[HEADER_BYTES..])
    }

    fn u32_at(bytes: &[u8], at: usize) -> u32 {
        u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
    }

    fn u64_at(bytes: &[u8], at: usize) -> u64 {
        u64::from_be_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
    }
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
