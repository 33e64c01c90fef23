//! Walks the batches of a segment file. Every way the walk can end has a name, so that recovery can
//! decide by name and a person can read why.

use std::io;

use headwater_io::file::{File, Fs};
use headwater_protocol::batch::control::End;
use headwater_protocol::batch::header::{self, BatchError, BatchHeader, HEADER_BYTES};

use super::newest::Newest;
use crate::model::{Offset, Position};
use crate::planted::{self, Bug};

/// Bytes read at a time.
const CHUNK: usize = 1 << 20;

/// How thoroughly batches are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Headers only: length, magic, offsets.
    Headers,
    /// Every byte, by checksum.
    Checksums,
}

/// How the offsets of batches follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// Without gaps: a gap is damage.
    Whole,
    /// Compaction has been here: some may be missing, and none goes back.
    Gapped,
}

impl Chain {
    /// Whether a batch with the offset `found` may come where everything before `next` has been.
    pub fn joins(self, next: Offset, found: Offset) -> bool {
        match self {
            Chain::Whole => found == next,
            Chain::Gapped => found >= next,
        }
    }
}

/// Why a walk ended, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanEnd {
    /// The last batch ends exactly where the walk was to end.
    AtEnd,
    /// The caller had seen enough.
    Stopped,
    /// Only zeros follow: allocated and never written.
    ZeroFill,
    /// What follows is no batch, or not a whole one.
    Broken(BatchError),
    /// A sound batch follows whose offset is not the next one.
    OffsetGap {
        /// The offset that should come here.
        expected: Offset,
        /// The one that is there.
        found: Offset,
    },
}

/// The sound part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scan {
    /// End of the last sound batch.
    pub end: Position,
    /// The offset after the last sound batch.
    pub next_offset: Offset,
    /// Why it ends there.
    pub why: ScanEnd,
}

/// What to walk.
pub struct Walk<'a> {
    /// The file system of `file`.
    pub fs: &'a Fs,
    /// The segment file.
    pub file: &'a File,
    /// Where to start: the start of a batch.
    pub from: Position,
    /// Where to stop at the latest.
    pub upto: Position,
    /// The offset that the first batch must have.
    pub next_offset: Offset,
    /// How those of the others follow.
    pub chain: Chain,
    /// How thoroughly.
    pub depth: Depth,
    /// What the file does not have yet.
    pub newest: Newest,
}

impl Walk<'_> {
    /// Calls `visit` for every sound batch in order.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn run(self, mut visit: impl FnMut(Position, &BatchHeader)) -> io::Result<Scan> {
        self.run_until(|position, header| {
            visit(position, header);
            true
        })
    }

    /// As [`Walk::run`], but stops behind the batch for which `visit` says false.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn run_until(
        self,
        mut visit: impl FnMut(Position, &BatchHeader) -> bool,
    ) -> io::Result<Scan> {
        self.walk(|position, header, _| Ok(visit(position, header)))
    }

    /// As [`Walk::run`], and says what a batch is the marker of: that stands in its record.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn run_marked(
        self,
        mut visit: impl FnMut(Position, &BatchHeader, Option<End>),
    ) -> io::Result<Scan> {
        self.walk(|position, header, window| {
            let end = match header.attributes.is_control {
                true => End::of(header, window.bytes(position, header.total_bytes())?),
                false => None,
            };
            visit(position, header, end);
            Ok(true)
        })
    }

    fn walk(
        self,
        mut visit: impl FnMut(Position, &BatchHeader, &mut Window<'_>) -> io::Result<bool>,
    ) -> io::Result<Scan> {
        let mut window = Window::new(self.fs, self.file, self.upto, self.newest);
        let (mut at, mut next_offset) = (self.from, self.next_offset);
        let why = loop {
            if at >= self.upto {
                break ScanEnd::AtEnd;
            }
            let header = match window.batch(at, self.depth)? {
                Ok(header) => header,
                Err(error) => break window.name_end(at, error)?,
            };
            let found = Offset(header.base_offset);
            if !self.chain.joins(next_offset, found) && !planted::is(Bug::BelieveStaleBatches) {
                break ScanEnd::OffsetGap { expected: next_offset, found };
            }
            let go_on = visit(at, &header, &mut window)?;
            at = Position(at.0 + header.total_bytes() as u64);
            next_offset = Offset(header.next_offset());
            if !go_on {
                break ScanEnd::Stopped;
            }
        };
        Ok(Scan { end: at, next_offset, why })
    }
}

/// A sound batch behind a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoundBatch {
    /// Where it starts.
    pub start: Position,
    /// Where it ends.
    pub end: Position,
    /// Its first offset.
    pub offset: Offset,
}

/// The first sound batch with an offset of at least `least` that starts at any byte in the range: the difference between a torn tail and damage in the middle. Looks at every byte, for no
/// length field after a broken batch can be trusted.
///
/// # Errors
/// When the file cannot be read.
pub fn find_batch(
    fs: &Fs,
    file: &File,
    from: Position,
    upto: Position,
    least: Offset,
) -> io::Result<Option<SoundBatch>> {
    let mut window = Window::new(fs, file, upto, Newest::none());
    let mut at = from;
    while at.0 + HEADER_BYTES as u64 <= upto.0 {
        let bytes = window.bytes(at, HEADER_BYTES)?;
        if bytes.len() < HEADER_BYTES {
            return Ok(None);
        }
        // Offset, length and magic make a false alarm rare; the checksum decides.
        let header = BatchHeader::parse(bytes).ok().filter(|header| header.base_offset >= least.0);
        let sound = header.map(|header| SoundBatch {
            start: at,
            end: Position(at.0 + header.total_bytes() as u64),
            offset: Offset(header.base_offset),
        });
        let sound = sound.filter(|sound| sound.end <= upto);
        if sound.is_some() && window.batch(at, Depth::Checksums)?.is_ok() {
            return Ok(sound);
        }
        at = Position(at.0 + 1);
    }
    Ok(None)
}

/// A part of the file in memory that follows the walk.
struct Window<'a> {
    fs: &'a Fs,
    file: &'a File,
    upto: Position,
    start: Position,
    bytes: Vec<u8>,
    newest: Newest,
}

impl<'a> Window<'a> {
    fn new(fs: &'a Fs, file: &'a File, upto: Position, newest: Newest) -> Self {
        Window { fs, file, upto, start: Position(0), bytes: Vec::new(), newest }
    }

    /// Up to `len` bytes from `at`; fewer only at the end of the walk or of the file.
    fn bytes(&mut self, at: Position, len: usize) -> io::Result<&[u8]> {
        let len = len.min((self.upto.0 - at.0) as usize);
        let held =
            self.start.0 <= at.0 && at.0 + len as u64 <= self.start.0 + self.bytes.len() as u64;
        if !held {
            self.bytes.resize(len.max(CHUNK.min((self.upto.0 - at.0) as usize)), 0);
            let n = self.newest.read_at(self.fs, self.file, at.0, &mut self.bytes)?;
            self.bytes.truncate(n);
            self.start = at;
        }
        let from = (at.0 - self.start.0) as usize;
        let to = self.bytes.len().min(from + len);
        Ok(&self.bytes[from..to])
    }

    fn batch(&mut self, at: Position, depth: Depth) -> io::Result<Result<BatchHeader, BatchError>> {
        let header = match BatchHeader::parse(self.bytes(at, HEADER_BYTES)?) {
            Ok(header) => header,
            Err(error) => return Ok(Err(error)),
        };
        let needed = header.total_bytes();
        let left = (self.upto.0 - at.0) as usize;
        if needed > left {
            return Ok(Err(BatchError::TornBatch { needed, had: left }));
        }
        if depth == Depth::Headers {
            return Ok(Ok(header));
        }
        Ok(header::check(self.bytes(at, needed)?))
    }

    /// Zeros to the end are a clean tail; zeros with something behind them are not.
    fn name_end(&mut self, at: Position, error: BatchError) -> io::Result<ScanEnd> {
        let mut here = at;
        while here < self.upto {
            let bytes = self.bytes(here, CHUNK)?;
            if bytes.is_empty() {
                break;
            }
            if bytes.iter().any(|&byte| byte != 0) {
                let torn_header = matches!(error, BatchError::ZeroFill);
                let error =
                    if torn_header { BatchError::BadLength { batch_length: 0 } } else { error };
                return Ok(ScanEnd::Broken(error));
            }
            here = Position(here.0 + bytes.len() as u64);
        }
        Ok(ScanEnd::ZeroFill)
    }
}
