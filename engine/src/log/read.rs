//! Reading: an offset in, where the bytes are out. Decides, copies nothing: hot bytes come as slices of
//! the buffers they were written from, older ones as a range of a file.

use std::io;

use bytes::Bytes;
use headwater_io::file::{File, Fs};
use headwater_protocol::batch::header::{BatchHeader, HEADER_BYTES};

use super::aborted::end_offset;
use super::look::{Look, Looked};
use super::segments::Segment;
use super::watermarks::Mark;
use super::{Health, Log};
use crate::model::{LogByte, Offset, Position};
use crate::segment::index::BatchStart;

/// Where reads ended lately; a few consumers may follow one log.
const CURSORS: usize = 16;

/// A batch start that the sparse index does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    offset: Offset,
    byte: LogByte,
}

impl Cursor {
    /// Whether it speaks of this byte or a later one.
    pub fn is_at_or_after(&self, byte: LogByte) -> bool {
        self.byte >= byte
    }
}

/// A run of a log's bytes.
#[derive(Clone)]
pub enum Piece {
    /// In memory.
    Memory(Bytes),
    /// In a file, to be sent without a copy.
    File {
        /// The segment, opened through the page cache.
        file: File,
        /// First byte.
        at: u64,
        /// How many.
        len: u64,
    },
}

impl Piece {
    /// The bytes of some pieces in one place. Blocks where they are in files.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or has fewer bytes.
    pub fn gather(fs: &Fs, pieces: &[Piece]) -> io::Result<Vec<u8>> {
        let mut all = Vec::with_capacity(pieces.iter().map(Piece::len).sum::<u64>() as usize);
        for piece in pieces {
            match piece {
                Piece::Memory(bytes) => all.extend_from_slice(bytes),
                Piece::File { file, at, len } => {
                    let (start, len) = (all.len(), *len as usize);
                    all.resize(start + len, 0);
                    let read = fs.read_at(file, *at, &mut all[start..])?;
                    if read < len {
                        let why = format!("{read} of {len} bytes at {at} are in the segment");
                        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why));
                    }
                }
            }
        }
        Ok(all)
    }

    /// Its length in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Piece::Memory(bytes) => bytes.len() as u64,
            Piece::File { len, .. } => *len,
        }
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What a read found: whole batches but for a last one that may be cut; the first holds the offset.
#[derive(Clone, Default)]
pub struct Read {
    /// The bytes, in order. Empty at the end of the log.
    pub pieces: Vec<Piece>,
    /// Their length together.
    pub bytes: u64,
    /// Whether it ends before the visible end, because of its limit or that of a segment.
    pub more: bool,
    /// No record in it has this offset or a higher one.
    pub upto: Offset,
}

/// Why nothing can be read.
pub enum ReadError {
    /// Before the start or after the end of the log.
    OutOfRange,
    /// The log has failed or is quarantined.
    Offline,
    /// What is asked for is known to be damaged on the disk.
    Corrupt,
    /// A batch must be looked for in the file first, on an I/O thread; then the read will succeed.
    Look(Look),
}

impl Log {
    /// Where the batches from `offset` on are, about `bytes_max` of them but at least one batch, up to
    /// `visible`.
    pub fn read(
        &mut self,
        offset: Offset,
        bytes_max: u64,
        visible: Mark,
    ) -> Result<Read, ReadError> {
        // After a failure, too: nobody knows what the device holds until it is read again.
        if matches!(self.health, Health::Quarantined(_) | Health::Failed(_)) {
            return Err(ReadError::Offline);
        }
        if offset < self.log_start || offset > self.marks.appended().offset {
            return Err(ReadError::OutOfRange);
        }
        if offset >= visible.offset {
            return Ok(Read::default());
        }
        if self.damaged.holds(offset) {
            return Err(ReadError::Corrupt);
        }
        let (n, offset) = self.first_at(offset);
        if offset >= visible.offset {
            return Ok(Read::default());
        }
        if self.damaged.holds(offset) {
            return Err(ReadError::Corrupt);
        }
        let start = self.locate(n, offset)?;
        let segment = &self.segments[n];
        let segment_end = segment.log_byte(segment.end()).min(visible.byte);
        let limit = segment_end.min(self.damaged.next_byte(offset));
        if limit <= start {
            return Err(ReadError::Corrupt);
        }
        let end = cut(segment, start, bytes_max, limit);
        let pieces = self.pieces(n, start, end);
        if end == visible.byte {
            self.remember(Cursor { offset: visible.offset, byte: end });
        }
        let upto = end_offset(&self.segments[n], end, visible);
        Ok(Read { pieces, bytes: end.0 - start.0, more: end < visible.byte, upto })
    }

    /// The segment that has this offset, or else the next one that there is: of a cleaned segment there may be nothing
    /// left from an offset on. And from where on it is to be read.
    fn first_at(&self, offset: Offset) -> (usize, Offset) {
        let first = self.segments.partition_point(|segment| segment.base <= offset) - 1;
        let last = self.segments.len() - 1;
        let has_it = |n: &usize| {
            let segment = &self.segments[*n];
            offset.max(segment.base) < segment.index.next_offset()
        };
        let n = (first..last).find(has_it).unwrap_or(last);
        (n, offset.max(self.segments[n].base))
    }

    /// Takes note of what [`Look`] found.
    pub(super) fn looked(&mut self, found: io::Result<Looked>) {
        self.look_failed = found.is_err();
        match found {
            Ok(Looked { segment, offset, position }) => {
                // One that was replaced meanwhile is looked into again.
                if let Some(segment) = self.segment_by_serial(segment) {
                    let byte = segment.log_byte(position);
                    self.remember(Cursor { offset, byte });
                }
            }
            Err(error) => {
                tracing::error!(log = %self.dir().display(), %error, "a batch could not be found in its segment")
            }
        }
    }

    /// Whether the last look failed; said once.
    pub fn take_look_failure(&mut self) -> bool {
        std::mem::take(&mut self.look_failed)
    }

    fn remember(&mut self, cursor: Cursor) {
        if self.cursors.contains(&cursor) {
            return;
        }
        if self.cursors.len() == CURSORS {
            self.cursors.pop_front();
        }
        self.cursors.push_back(cursor);
    }

    /// The start of the batch that holds `offset`.
    fn locate(&self, n: usize, offset: Offset) -> Result<LogByte, ReadError> {
        let segment = &self.segments[n];
        let floor = self.damaged.floor(segment, segment.index.floor(offset), offset);
        if floor.offset == offset {
            return Ok(segment.log_byte(floor.position));
        }
        if let Some(cursor) = self.cursors.iter().find(|cursor| cursor.offset == offset) {
            return Ok(cursor.byte);
        }
        if self.hot.start().is_some_and(|hot| hot <= segment.log_byte(floor.position)) {
            return Ok(self.walk_hot(segment, floor, offset));
        }
        let newest = self.newest(segment, segment.end());
        Err(ReadError::Look(Look::batch(segment, floor, offset, newest)))
    }

    /// Walks batch headers in memory from a known start.
    fn walk_hot(&self, segment: &Segment, floor: BatchStart, offset: Offset) -> LogByte {
        let mut at = segment.log_byte(floor.position);
        loop {
            let bytes = self.hot.slice(at, LogByte(at.0 + HEADER_BYTES as u64));
            let header = match &bytes[..] {
                [one] => BatchHeader::parse(one),
                several => BatchHeader::parse(&several.concat()),
            };
            let header = header.expect("memory holds whole batches up to the visible end");
            if header.next_offset() > offset.0 {
                return at;
            }
            at = LogByte(at.0 + header.total_bytes() as u64);
        }
    }

    fn pieces(&self, n: usize, start: LogByte, end: LogByte) -> Vec<Piece> {
        let segment = &self.segments[n];
        let hot_start = self.hot.start().unwrap_or(LogByte(u64::MAX)).clamp(start, end);
        let mut pieces = Vec::new();
        if start < hot_start {
            let (at, len) = (segment.position(start).0, hot_start.0 - start.0);
            pieces.push(Piece::File { file: segment.reader.clone(), at, len });
        }
        pieces.extend(self.hot.slice(hot_start, end).into_iter().map(Piece::Memory));
        pieces
    }
}

/// Where a read of `bytes_max` ends: at a batch that the index knows, so that the next read starts
/// there without looking; never inside the first batch.
fn cut(segment: &Segment, start: LogByte, bytes_max: u64, limit: LogByte) -> LogByte {
    if limit.0 - start.0 <= bytes_max {
        return limit;
    }
    let wanted = Position(segment.position(start).0 + bytes_max);
    let floor = segment.log_byte(segment.index.floor_position(wanted));
    if floor > start {
        return floor;
    }
    // The index has no start in reach: the first batch, or a run of them, is longer than was asked for.
    let after = segment.index.after(segment.position(start));
    after.map_or(limit, |position| segment.log_byte(position)).min(limit)
}
