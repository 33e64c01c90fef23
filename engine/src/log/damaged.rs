//! What of a log is known to be damaged on the disk: fetches are kept out of it, and led around it.
//!
//! The segments are not touched. A note in the log's folder keeps it over restarts: the scrubber may take
//! weeks to come by again, and until then consumers would be given what has rotted.
//!
//! ```text
//! crc   4   CRC32C of the JSON, big-endian
//! JSON      [{"segment": base offset, "from": {"offset": n, "position": n}, "to": {...}}, ...]
//! ```

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::path::Path;

use headwater_io::file::Fs;
use serde::{Deserialize, Serialize};

use super::segments::Segment;
use super::{directory, noted, scrub};
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

/// A damaged range of a segment, as the note has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Noted {
    /// Base offset of the segment.
    pub segment: Offset,
    /// The first damaged batch.
    pub from: BatchStart,
    /// The next sound one.
    pub to: BatchStart,
}

/// Ranges in one note; what is found beyond that is found again after a start.
const NOTED_MAX: usize = 1000;

/// Adds to a log's note; durable when this returns.
///
/// # Errors
/// When it cannot be read or written.
pub(super) fn note(fs: &Fs, dir: &Path, new: &[Noted]) -> io::Result<()> {
    let mut all = read(fs, dir)?;
    let before = all.len();
    all.extend(new.iter().filter(|one| !all.contains(one)).copied().collect::<Vec<_>>());
    all.truncate(NOTED_MAX);
    if all.len() == before {
        return Ok(());
    }
    fs.replace(&dir.join(directory::DAMAGED), &noted::encode(&all))
}

/// Takes the segments from `base` on before `upto` off a log's note: they are replaced by others.
///
/// # Errors
/// When it cannot be read or written.
pub(super) fn forget(fs: &Fs, dir: &Path, base: Offset, upto: Offset) -> io::Result<()> {
    let all = read(fs, dir)?;
    let left = all.iter().filter(|one| one.segment < base || one.segment >= upto);
    let left: Vec<Noted> = left.copied().collect();
    match left.len() == all.len() {
        true => Ok(()),
        false => fs.replace(&dir.join(directory::DAMAGED), &noted::encode(&left)),
    }
}

/// What a log's note says; one that cannot be understood says nothing.
fn read(fs: &Fs, dir: &Path) -> io::Result<Vec<Noted>> {
    let path = dir.join(directory::DAMAGED);
    if !fs.exists(&path) {
        return Ok(Vec::new());
    }
    Ok(noted::decode(&fs.read(&path)?).unwrap_or_default())
}

impl Damaged {
    /// What the note of a log says about the segments that it still has, as far as that is still so: the
    /// topic may be another one, the segment a compacted one.
    ///
    /// # Errors
    /// When the note cannot be read.
    pub fn noted(fs: &Fs, dir: &Path, segments: &VecDeque<Segment>) -> io::Result<Self> {
        let mut damaged = Damaged::default();
        for one in read(fs, dir)? {
            let segment = segments.iter().find(|segment| segment.base == one.segment);
            let Some(segment) = segment.filter(|segment| one.to.position <= segment.end()) else {
                continue;
            };
            if scrub::is_damaged(fs, segment, one.from, one.to) {
                damaged.add(segment, one.from, one.to);
            }
        }
        Ok(damaged)
    }

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

    /// A segment begins so many bytes earlier in its log.
    pub fn shift(&mut self, segment: &Segment, by: u64) {
        let (base, upto) = (segment.base, segment.index.upto());
        for place in &mut self.0 {
            let (start, end) = (place.offsets.start, place.offsets.end);
            if base <= start && start < upto {
                place.bytes.start.0 -= by;
            }
            // Damage may go on in the next segment.
            if base < end && end <= upto {
                place.bytes.end.0 -= by;
            }
        }
    }

    /// Whether any of these offsets is damaged.
    pub fn is_in(&self, offsets: &Range<Offset>) -> bool {
        let meets =
            |place: &Place| place.offsets.start < offsets.end && offsets.start < place.offsets.end;
        self.0.iter().any(meets)
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
