//! Reading sealed segments again, to find what has rotted while nobody read it.
//!
//! The index knows the offset and the position of a batch every few kilobytes. Between two of these the
//! batches must fit exactly: each one's checksum is right, each one's offset is the one after the last.
//! The chain matters as much as the checksum, which does not cover a batch's first 21 bytes: its offset,
//! its length, its format.
//!
//! Decides nothing about when: that is the shard's. Changes nothing on the disk, but leaves a note of what
//! it has found.

use std::io;

use headwater_io::buffer::{AlignedBuf, BLOCK};
use headwater_io::clock::Nanos;
use headwater_io::file::{File, Fs};
use headwater_protocol::batch::header::{self, BatchError, BatchHeader};

use super::damaged::{self, Noted};
use super::folder::Folder;
use super::segments::{Segment, SegmentState};
use super::{Health, Log};
use crate::model::{Offset, Position};
use crate::segment::index::BatchStart;
use crate::segment::scan::Chain;

/// A piece of a sealed segment that is to be read again.
pub struct Passage {
    /// The folder of the log.
    folder: Folder,
    /// Of the segment.
    base: Offset,
    file: File,
    /// Past the page cache, which has better things to keep.
    direct: bool,
    segment: u32,
    /// Batch starts that the index knows; the last one is where the passage ends.
    starts: Vec<BatchStart>,
    /// How the batches between them follow one another.
    chain: Chain,
}

/// A passage that was read.
#[derive(Debug)]
pub struct Passed {
    segment: u32,
    /// Where it ended.
    pub end: Position,
    /// How long it was.
    pub bytes: u64,
    damages: Vec<Damage>,
}

/// Batches that are not what was written; from the first of them to the next sound one.
#[derive(Debug, PartialEq, Eq)]
struct Damage {
    from: BatchStart,
    to: BatchStart,
    why: Why,
}

/// What is wrong with the first of them.
#[derive(Debug, PartialEq, Eq)]
enum Why {
    Broken(BatchError),
    OffsetGap { expected: Offset, found: Offset },
    Unreadable(String),
}

impl Log {
    /// A sealed segment that is due to be read again, by its serial number.
    pub fn segment_to_scrub(&self, now: Nanos) -> Option<u32> {
        let due = |segment: &&Segment| {
            let sealed = matches!(segment.state, SegmentState::Sealed { end } if end.0 > 0);
            sealed && segment.scrub_at <= now
        };
        self.is_scrubbed().then(|| self.segments.iter().find(due))?.map(|segment| segment.serial)
    }

    /// About `bytes` of such a segment from a position on. Nothing behind its end, or when it is gone.
    pub fn passage(&self, serial: u32, from: Position, bytes: u64) -> Option<Passage> {
        let segment = self.segments.iter().find(|segment| segment.serial == serial)?;
        if from >= segment.end() || !self.is_scrubbed() {
            return None;
        }
        Some(Passage {
            folder: self.folder.clone(),
            base: segment.base,
            file: segment.reader.clone(),
            direct: self.settings.direct,
            segment: serial,
            starts: segment.index.run(from, bytes, segment.end()),
            chain: segment.index.chain(),
        })
    }

    /// Takes note of what a passage showed; the number of damaged ranges that were not known.
    pub fn passed(&mut self, passed: &Passed) -> u64 {
        let mut segments = self.segments.iter();
        let Some(segment) = segments.find(|segment| segment.serial == passed.segment) else {
            return 0;
        };
        let mut news = 0;
        for Damage { from, to, why } in &passed.damages {
            if self.damaged.add(segment, *from, *to) {
                news += 1;
                tracing::error!(
                    log = %self.dir().display(),
                    segment = %segment.base,
                    offsets = %format_args!("[{}, {})", from.offset, to.offset),
                    bytes = %format_args!("[{}, {})", from.position, to.position),
                    ?why,
                    "a sealed segment is damaged: fetches of these offsets are answered CORRUPT_MESSAGE, the rest of \
                     the partition is served"
                );
            }
        }
        news
    }

    /// All of a segment was read: not again before `next`.
    pub fn scrubbed(&mut self, serial: u32, next: Nanos) {
        if let Some(segment) = self.segment_by_serial(serial) {
            segment.scrub_at = next;
        }
    }

    /// What is quarantined or failed is not served; what it holds is recovery's business.
    fn is_scrubbed(&self) -> bool {
        matches!(self.health, Health::Serving | Health::Full { .. })
            && !self.compaction.is_about_to_swap()
    }
}

impl Passage {
    /// Runs on an I/O thread. What looks damaged is read twice: memory and cables err, too.
    pub fn run(&self, fs: &Fs) -> Passed {
        let mut damages = self.check(fs);
        if !damages.is_empty() {
            let first = std::mem::replace(&mut damages, self.check(fs));
            if damages.is_empty() {
                tracing::warn!(
                    ?first,
                    "a segment looked damaged, and sound when it was read again"
                );
            }
            self.note(fs, &damages);
        }
        let (from, end) = (self.starts[0].position, self.end());
        Passed { segment: self.segment, end, bytes: end.0 - from.0, damages }
    }

    /// Leaves a note for the next start. Without it this start still knows.
    fn note(&self, fs: &Fs, damages: &[Damage]) {
        let noted =
            |damage: &Damage| Noted { segment: self.base, from: damage.from, to: damage.to };
        let noted: Vec<Noted> = damages.iter().map(noted).collect();
        if let Err(error) = self.folder.within(|dir| damaged::note(fs, dir, &noted)) {
            tracing::warn!(log = %self.folder.path().display(), %error, "no note of what is damaged could be left");
        }
    }

    fn end(&self) -> Position {
        self.starts.last().expect("a passage has an end").position
    }

    fn check(&self, fs: &Fs) -> Vec<Damage> {
        let whole = self.read(fs, self.starts[0].position, self.end());
        let mut damages: Vec<Damage> = Vec::new();
        for pair in self.starts.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            let found = match &whole {
                Ok(bytes) => check(bytes.between(from.position, to.position), from, to, self.chain),
                // Perhaps only one sector of it cannot be read.
                Err(_) => match self.read(fs, from.position, to.position) {
                    Ok(bytes) => {
                        check(bytes.between(from.position, to.position), from, to, self.chain)
                    }
                    Err(error) => {
                        Some(Damage { from, to, why: Why::Unreadable(error.to_string()) })
                    }
                },
            };
            match (damages.last_mut(), found) {
                (Some(last), Some(next)) if last.to == next.from => last.to = next.to,
                (_, found) => damages.extend(found),
            }
        }
        damages
    }

    /// Past the page cache if that can be done.
    fn read(&self, fs: &Fs, from: Position, to: Position) -> io::Result<Read> {
        let past_cache =
            self.direct.then(|| Read::of(fs, &fs.reopen_direct(&self.file)?, from, to));
        match past_cache {
            Some(Ok(read)) => Ok(read),
            _ => Read::of(fs, &self.file, from, to),
        }
    }
}

/// Whether the batches between two starts are not what they should be.
pub(super) fn is_damaged(fs: &Fs, segment: &Segment, from: BatchStart, to: BatchStart) -> bool {
    let read = Read::of(fs, &segment.reader, from.position, to.position);
    let bytes = read.as_ref().map(|read| read.between(from.position, to.position));
    bytes.map_or(true, |bytes| check(bytes, from, to, segment.index.chain()).is_some())
}

/// Whole blocks of a file.
struct Read {
    start: Position,
    blocks: AlignedBuf,
}

impl Read {
    fn of(fs: &Fs, file: &File, from: Position, to: Position) -> io::Result<Self> {
        let start = Position(from.0 / BLOCK as u64 * BLOCK as u64);
        let len = (to.0 - start.0).next_multiple_of(BLOCK as u64) as usize;
        let mut blocks = AlignedBuf::unpooled(len);
        blocks.set_len(len);
        let n = fs.read_at(file, start.0, &mut blocks)?;
        blocks.set_len(n);
        Ok(Read { start, blocks })
    }

    /// The bytes between two positions, as far as the file has them.
    fn between(&self, from: Position, to: Position) -> &[u8] {
        let index = |at: Position| ((at.0 - self.start.0) as usize).min(self.blocks.len());
        &self.blocks[index(from)..index(to)]
    }
}

/// Checks that the batches in `bytes` lead from one known start exactly to the next.
fn check(bytes: &[u8], from: BatchStart, to: BatchStart, chain: Chain) -> Option<Damage> {
    let Break { first, last, why } = follow(bytes, from, to, chain).err()?;
    let behind = (last.0 - from.position.0) as usize + 1;
    let next =
        (behind..bytes.len()).find_map(|at| resume(&bytes[at..], at, (from, to, chain), first));
    Some(Damage { from: first, to: next.unwrap_or(to), why })
}

/// Where the way from batch to batch breaks.
struct Break {
    /// The first batch that may be wrong.
    first: BatchStart,
    /// Where the last one starts.
    last: Position,
    why: Why,
}

/// Goes from batch to batch; where it cannot go on, and why.
fn follow(bytes: &[u8], from: BatchStart, to: BatchStart, chain: Chain) -> Result<(), Break> {
    let mut here = from;
    while here.position < to.position {
        let at = ((here.position.0 - from.position.0) as usize).min(bytes.len());
        let last = here.position;
        let breaks = |first, why| Break { first, last, why };
        let header =
            header::check(&bytes[at..]).map_err(|error| breaks(here, Why::Broken(error)))?;
        let (found, next) = (Offset(header.base_offset), Offset(header.next_offset()));
        let gap = Why::OffsetGap { expected: here.offset, found };
        match chain {
            // Where offsets may be missing, one that leads too far shows when a later one goes back: any of them
            // may be wrong.
            Chain::Gapped if !chain.joins(here.offset, found) => return Err(breaks(from, gap)),
            Chain::Gapped if next > to.offset => return Err(breaks(here, gap)),
            Chain::Whole if !chain.joins(here.offset, found) => return Err(breaks(here, gap)),
            _ => {}
        }
        here = BatchStart {
            offset: next,
            position: Position(here.position.0 + header.total_bytes() as u64),
        };
    }
    match chain.joins(here.offset, to.offset) {
        true => Ok(()),
        false => {
            let why = Why::OffsetGap { expected: to.offset, found: here.offset };
            Err(Break { first: from, last: from.position, why })
        }
    }
}

/// The batch at the start of `bytes`, `at` bytes behind `from`, if sound batches lead from it to the end.
fn resume(
    bytes: &[u8],
    at: usize,
    (from, to, chain): (BatchStart, BatchStart, Chain),
    damaged: BatchStart,
) -> Option<BatchStart> {
    let offset = Offset(BatchHeader::parse(bytes).ok()?.base_offset);
    let position = Position(from.position.0 + at as u64);
    let start = BatchStart { offset, position };
    let follows = damaged.offset < offset && offset < to.offset;
    (follows && follow(bytes, start, to, chain).is_ok()).then_some(start)
}

#[cfg(test)]
#[path = "scrub_tests.rs"]
mod tests;
