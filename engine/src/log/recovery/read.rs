//! What is on the disk: segments, sealed or walked batch by batch, and the producers that go with them.
//! Reads only.

use std::io;

use headwater_io::file::Access;

use super::listing::Listing;
use super::{Behind, CleanEnd, Survey};
use crate::log::aborted::{self, Aborted};
use crate::log::directory;
use crate::log::point::{self, Point};
use crate::log::producers::transactions::Place;
use crate::log::producers::{self, Producers};
use crate::model::{Offset, Position};
use crate::rare::{self, Rare};
use crate::segment::index::{self, AbortedCheck, Index};
use crate::segment::newest::Newest;
use crate::segment::scan::{self, Chain, Depth, Scan, ScanEnd, Walk};

/// A segment as found, with its index.
pub(super) struct Found {
    pub base: Offset,
    pub end: Position,
    pub index: Index,
    /// Transactions aborted in it; of the last segment the producers know them.
    pub aborted: Vec<Aborted>,
    /// Whether it had its index, and so was not walked.
    pub sealed: bool,
    /// Where its recovery point was, if that was used and so is good for another start.
    pub pointed: Option<Position>,
}

/// Where offsets may be missing in a segment, and behind its last batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gaps {
    /// Nowhere: it was not cleaned.
    None,
    /// Before this offset; `end` is where the segment ended when it was cleaned, if that is known.
    UpTo { offset: Offset, end: Option<Position> },
}

impl Gaps {
    pub fn chain(self) -> Chain {
        if self == Gaps::None { Chain::Whole } else { Chain::Gapped }
    }

    /// Whether the next segment may begin at `next` when the batches of this one end as `scan` says.
    pub fn reach(self, scan: &Scan, next: Offset) -> bool {
        match self {
            Gaps::None => next == scan.next_offset,
            Gaps::UpTo { offset, end: Some(end) } => next == offset && scan.end == end,
            Gaps::UpTo { offset, end: None } => scan.next_offset <= next && next <= offset,
        }
    }
}

impl Survey<'_> {
    /// A segment that has an index which fits it was sealed.
    pub(super) fn sealed(&self, base: Offset, listing: &Listing) -> io::Result<Option<Found>> {
        let file = self.fs.open(&directory::segment(self.dir, base), Access::Read)?;
        let end = Position(self.fs.len(&file)?);
        let path = directory::index(self.dir, base);
        if !listing.has(&path) {
            return Ok(None);
        }
        let bytes = self.fs.read(&path)?;
        listing.count(Position(0), Position(bytes.len() as u64));
        let Some(index) = index::file::decode(&bytes, base, end) else { return Ok(None) };
        let aborted = self.aborted(base, index.aborted(), listing)?;
        // Without its list of aborted transactions it is walked, and sealed again.
        Ok(aborted.map(|aborted| Found { base, end, index, aborted, sealed: true, pointed: None }))
    }

    /// The list of what was aborted in a sealed segment, if it is the one that the index speaks of.
    fn aborted(
        &self,
        base: Offset,
        check: AbortedCheck,
        listing: &Listing,
    ) -> io::Result<Option<Vec<Aborted>>> {
        if check.count == 0 {
            return Ok(Some(Vec::new()));
        }
        let path = directory::aborted(self.dir, base);
        if !listing.has(&path) {
            tracing::warn!(path = %path.display(), "is missing: rebuilt from batches");
            return Ok(None);
        }
        let bytes = self.fs.read(&path)?;
        listing.count(Position(0), Position(bytes.len() as u64));
        if aborted::file::check(&bytes) != check {
            tracing::warn!(path = %path.display(), "does not check: rebuilt from batches");
            return Ok(None);
        }
        Ok(aborted::file::decode(&bytes))
    }

    /// What a segment was when it was sealed, as its index has it: also one that does not fit any more.
    pub(super) fn was_sealed(
        &self,
        base: Offset,
        listing: &Listing,
    ) -> io::Result<Option<(Index, Position)>> {
        let path = directory::index(self.dir, base);
        if !listing.has(&path) {
            return Ok(None);
        }
        Ok(index::file::decode_any(&self.fs.read(&path)?, base))
    }

    /// What is known of gaps in a segment that has to be walked: from its index, or else from the log's note.
    pub(super) fn gaps(&self, base: Offset, listing: &Listing) -> io::Result<Gaps> {
        let noted = listing.cleaned().gaps_below;
        Ok(match self.was_sealed(base, listing)? {
            Some((index, end)) if index.chain() == Chain::Gapped => {
                Gaps::UpTo { offset: index.upto(), end: Some(end) }
            }
            Some(_) => Gaps::None,
            None if base < noted => Gaps::UpTo { offset: noted, end: None },
            None => Gaps::None,
        })
    }

    /// The recovery point of a segment, if somebody vouches for the log up to there.
    pub(super) fn point(&self, base: Offset, listing: &Listing) -> io::Result<Option<Point>> {
        let path = point::path(self.dir, base);
        if !listing.has(&path) {
            return Ok(None);
        }
        let file = self.fs.open(&directory::segment(self.dir, base), Access::Read)?;
        let size = Position(self.fs.len(&file)?);
        let sound = self.sound_upto(base, size);
        let bytes = self.fs.read(&path)?;
        listing.count(Position(0), Position(bytes.len() as u64));
        let point = point::decode(&bytes, base);
        let point = point.filter(|point| point.position <= sound.min(size));
        if point.is_some() {
            rare::reached(Rare::PointUsed);
        }
        Ok(point)
    }

    /// Walks a segment, from its point if there is one, to its end or to the end of what was acknowledged.
    pub(super) fn walk(
        &self,
        base: Offset,
        point: Option<Point>,
        producers: &mut Producers,
        gaps: Gaps,
        listing: &Listing,
    ) -> io::Result<(Found, Scan)> {
        let file = self.fs.open(&directory::segment(self.dir, base), Access::Read)?;
        let size = Position(self.fs.len(&file)?);
        let upto = self.acknowledged_in(base).map_or(size, |end| end.min(size));
        let sound = self.sound_upto(base, size).min(upto);
        let pointed = point.as_ref().map(|point| point.position);
        let mut index = Index::new(base, self.index_interval_bytes);
        let mut scan = Scan { end: Position(0), next_offset: base, why: ScanEnd::AtEnd };
        producers.begin_segment();
        if let Some(point) = point {
            (scan.end, scan.next_offset) = (point.position, point.next_offset);
            (index, *producers) = (point.index, point.producers);
        }
        // What is known to be sound is not read again; its headers still make the index. That part may end
        // inside a batch, which is then read whole.
        for (upto, depth) in [(sound, Depth::Headers), (upto, Depth::Checksums)] {
            let (from, next_offset) = (scan.end, scan.next_offset);
            let walk = Walk {
                fs: self.fs,
                file: &file,
                from,
                upto,
                next_offset,
                chain: gaps.chain(),
                depth,
                newest: Newest::none(),
            };
            scan = walk.run_marked(|position, header, end| {
                index.add(position, header);
                producers.note(header, Place { segment: base, position }, end);
            })?;
            listing.count(from, scan.end);
        }
        let (end, aborted) = (scan.end, Vec::new());
        Ok((Found { base, end, index, aborted, sealed: false, pointed }, scan))
    }

    pub(super) fn clean_end_of(&self, base: Offset) -> Option<CleanEnd> {
        self.clean.filter(|clean| clean.segment_base == base)
    }

    /// Where the acknowledged part of the log ends, if that is in this segment.
    fn acknowledged_in(&self, base: Offset) -> Option<Position> {
        let end = self.journaled?.end;
        (end.segment_base == base).then_some(end.position)
    }

    /// Up to where a segment need not be read to be believed.
    fn sound_upto(&self, base: Offset, size: Position) -> Position {
        if self.clean_end_of(base).is_some_and(|clean| clean.position == size) {
            return size;
        }
        match self.journaled.and_then(|journaled| journaled.floor) {
            Some(floor) if floor.segment_base > base => size,
            Some(floor) if floor.segment_base == base => floor.position,
            _ => Position(0),
        }
    }

    /// What follows a break in the chain of batches.
    pub(super) fn look_behind(
        &self,
        base: Offset,
        scan: &Scan,
        later: &[Offset],
    ) -> io::Result<Behind> {
        let window = self.window_bytes;
        let file = self.fs.open(&directory::segment(self.dir, base), Access::Read)?;
        let size = Position(self.fs.len(&file)?);
        let mut behind = Behind::Rubbish;
        let mut from = Position(scan.end.0 + 1);
        while let Some(sound) = scan::find_batch(self.fs, &file, from, size, scan.next_offset)? {
            behind = Behind::NearBatch;
            if sound.end.0 - scan.end.0 > window {
                return Ok(Behind::FarBatch);
            }
            from = sound.end;
        }
        let mut later_bytes = 0;
        for &base in later {
            later_bytes += self.look_at(base, Position(0), base, u64::MAX)?.end.0;
        }
        Ok(match later_bytes {
            0 => behind,
            n if n > window => Behind::FarBatch,
            _ => Behind::NearBatch,
        })
    }

    /// What follows the end of what was acknowledged. For whoever reads the log: all of it is cut off.
    pub(super) fn look_past(
        &self,
        base: Offset,
        scan: &Scan,
        later: &[Offset],
    ) -> io::Result<Behind> {
        let window = self.window_bytes;
        let here = (base, scan.end, scan.next_offset);
        let mut behind = Behind::Nothing;
        for (base, from, next_offset) in
            [here].into_iter().chain(later.iter().map(|&base| (base, Position(0), base)))
        {
            let past = self.look_at(base, from, next_offset, window)?;
            if past.end > from {
                return Ok(Behind::NearBatch);
            }
            if !matches!(past.why, ScanEnd::AtEnd | ScanEnd::ZeroFill) {
                behind = Behind::Rubbish;
            }
        }
        Ok(behind)
    }

    /// Walks at most `bytes_max` of a segment for its own sake.
    fn look_at(
        &self,
        base: Offset,
        from: Position,
        next_offset: Offset,
        bytes_max: u64,
    ) -> io::Result<Scan> {
        let file = self.fs.open(&directory::segment(self.dir, base), Access::Read)?;
        let upto = Position(self.fs.len(&file)?.min(from.0.saturating_add(bytes_max)));
        // What is sound counts, whether offsets are missing or not.
        let (chain, depth, newest) = (Chain::Gapped, Depth::Checksums, Newest::none());
        Walk { fs: self.fs, file: &file, from, upto, next_offset, chain, depth, newest }
            .run(|_, _| {})
    }

    /// The producers as of `base`, behind all sealed segments.
    pub(super) fn producers_after(
        &self,
        sealed: &[Found],
        base: Offset,
        listing: &Listing,
    ) -> io::Result<Producers> {
        let (mut producers, from) = self.producers_at(base, listing)?;
        self.replay(sealed, from, &mut producers, listing)?;
        Ok(producers)
    }

    /// The newest sound snapshot at or before `offset`, and where it was taken.
    fn producers_at(&self, offset: Offset, listing: &Listing) -> io::Result<(Producers, Offset)> {
        let taken = listing.names().filter_map(directory::parse_snapshot);
        let mut taken: Vec<Offset> = taken.filter(|taken| *taken <= offset).collect();
        while let Some(at) = taken.pop() {
            let bytes = self.fs.read(&directory::snapshot(self.dir, at))?;
            listing.count(Position(0), Position(bytes.len() as u64));
            if let Some(producers) = producers::file::decode(&bytes, at) {
                return Ok((producers, at));
            }
            tracing::warn!(log = %self.dir.display(), offset = %at, "snapshot of producers is damaged: rebuilt from batches");
        }
        Ok((Producers::default(), Offset(0)))
    }

    /// Brings producers up to the end of the sealed segments.
    fn replay(
        &self,
        sealed: &[Found],
        from: Offset,
        producers: &mut Producers,
        listing: &Listing,
    ) -> io::Result<()> {
        // A snapshot may lie inside a segment: a roll at its offset was undone by a stop.
        for found in sealed.iter().filter(|found| found.index.next_offset() > from) {
            let file = self.fs.open(&directory::segment(self.dir, found.base), Access::Read)?;
            let walk = Walk {
                fs: self.fs,
                file: &file,
                from: Position(0),
                upto: found.end,
                next_offset: found.base,
                chain: found.index.chain(),
                depth: Depth::Headers,
                newest: Newest::none(),
            };
            producers.begin_segment();
            let scan = walk.run_marked(|position, header, end| {
                if header.base_offset >= from.0 {
                    producers.note(header, Place { segment: found.base, position }, end);
                }
            })?;
            listing.count(Position(0), scan.end);
        }
        Ok(())
    }
}
