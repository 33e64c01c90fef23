//! The way of a cleaning through segments: whole batches in log order, about so many bytes at a time, each one checked
//! as the scrubber would. A batch that is not what was written ends the cleaning: nothing is concluded from damage.

use std::collections::VecDeque;
use std::io;

use headwater_io::file::{File, Fs};
use headwater_protocol::batch::header::{self, BatchHeader, HEADER_BYTES};

use crate::log::segments::Segment;
use crate::model::{Offset, Position};
use crate::segment::scan::Chain;

/// A sealed segment on the way.
pub(in crate::log) struct Source {
    /// Names it in its log.
    pub serial: u32,
    file: File,
    base: Offset,
    end: Position,
    chain: Chain,
    /// Where the next one begins.
    upto: Offset,
}

impl Source {
    /// This segment.
    pub fn of(segment: &Segment) -> Self {
        Source {
            serial: segment.serial,
            file: segment.reader.clone(),
            base: segment.base,
            end: segment.end(),
            chain: segment.index.chain(),
            upto: segment.index.upto(),
        }
    }
}

impl Source {
    /// Whether a batch may come where everything before `next` has been. No checksum covers its offset: where some may
    /// be missing, at least it does not lead out of the segment.
    fn follows(&self, next: Offset, header: &BatchHeader) -> bool {
        self.chain.joins(next, Offset(header.base_offset)) && header.next_offset() <= self.upto.0
    }
}

/// Segments that are still to be read.
pub(in crate::log) struct Way {
    sources: VecDeque<Source>,
    /// Where the first of them goes on.
    at: Position,
    passed: Offset,
}

impl Way {
    /// All of these, the first one from a batch on that starts at `at` and has the offset `from`.
    pub fn new(sources: Vec<Source>, at: Position, from: Offset) -> Self {
        Way { sources: sources.into(), at, passed: from }
    }

    /// Everything before it was read.
    pub fn passed(&self) -> Offset {
        self.passed
    }

    /// The next whole batches, about so many bytes but at least one; of one segment. Nothing at the end.
    ///
    /// # Errors
    /// `InvalidData` when they are not what was written, and what reading the file gives.
    pub fn read(&mut self, fs: &Fs, bytes: usize) -> io::Result<Option<Vec<u8>>> {
        while let Some(source) = self.sources.front() {
            if self.at < source.end {
                let batches = read_batches(fs, source, self.at, self.passed, bytes)?;
                self.passed = batches.next;
                self.at = Position(self.at.0 + batches.bytes.len() as u64);
                self.leave_read();
                return Ok(Some(batches.bytes));
            }
            self.leave_read();
        }
        Ok(None)
    }

    /// Of a segment that was read no offset is missing: those behind its last batch were cleaned away.
    fn leave_read(&mut self) {
        if let Some(source) = self.sources.pop_front_if(|source| self.at >= source.end) {
            self.at = Position(0);
            self.passed = source.upto;
        }
    }
}

struct Batches {
    bytes: Vec<u8>,
    next: Offset,
}

fn read_batches(
    fs: &Fs,
    source: &Source,
    at: Position,
    passed: Offset,
    bytes: usize,
) -> io::Result<Batches> {
    let left = (source.end.0 - at.0) as usize;
    let mut read = read(fs, source, at, left.min(bytes.max(HEADER_BYTES)))?;
    if let Ok(first) = BatchHeader::parse(&read)
        && first.total_bytes() > read.len()
        && first.total_bytes() <= left
    {
        read = self::read(fs, source, at, first.total_bytes())?;
    }
    let (mut end, mut next) = (0, passed);
    while end < read.len() {
        match header::check(&read[end..]) {
            Ok(header) if source.follows(next, &header) => {
                end += header.total_bytes();
                next = Offset(header.next_offset());
            }
            // The next piece begins with it.
            Err(_) if end > 0 && read.len() < left && is_torn(&read[end..]) => break,
            other => return Err(damaged(source, at, end, next, &other)),
        }
    }
    read.truncate(end);
    Ok(Batches { bytes: read, next })
}

/// Whether the bytes may be the start of a batch that is longer.
fn is_torn(bytes: &[u8]) -> bool {
    use header::BatchError::{TornBatch, TornHeader};
    matches!(header::check(bytes), Err(TornHeader { .. } | TornBatch { .. }))
}

fn read(fs: &Fs, source: &Source, at: Position, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    let n = fs.read_at(&source.file, at.0, &mut bytes)?;
    bytes.truncate(n);
    match n == len {
        true => Ok(bytes),
        false => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("segment {} ends at byte {}", source.base, at.0 + n as u64),
        )),
    }
}

fn damaged(
    source: &Source,
    at: Position,
    behind: usize,
    next: Offset,
    found: &dyn std::fmt::Debug,
) -> io::Error {
    let position = at.0 + behind as u64;
    let what =
        format!("segment {} at byte {position}, offset {next} expected: {found:?}", source.base);
    io::Error::new(io::ErrorKind::InvalidData, what)
}
