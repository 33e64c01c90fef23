//! Looks at a log as it lies on the disk and decides what must become of it. Changes nothing: opening a log
//! acts on the verdict, `verify` and `repair` print it.

use std::cmp::Ordering;
use std::io;
use std::path::Path;

use headwater_io::file::Fs;

use super::listing::Listing;
use super::read::{Found, Gaps};
use super::{Behind, CleanEnd, Decision, Journaled, Promise, acknowledged, decide};
use crate::log::compaction::swap;
use crate::log::directory;
use crate::log::producers::Producers;
use crate::log::start;
use crate::model::{Offset, Position};
use crate::segment::scan::{Scan, ScanEnd};

/// What to look at, and what is known of it.
pub struct Survey<'a> {
    /// The file system.
    pub fs: &'a Fs,
    /// The log's folder.
    pub dir: &'a Path,
    /// Where it ended, if it was stopped cleanly.
    pub clean: Option<CleanEnd>,
    /// What the journal knows of it, if there is one.
    pub journaled: Option<Journaled>,
    /// See [`super::window_bytes`].
    pub window_bytes: u64,
    /// Bytes between two entries of an index that is built.
    pub index_interval_bytes: u32,
}

/// What was found, and what is to be done.
pub(super) struct Verdict {
    /// The segments that stay, up to the end of the sound part.
    pub found: Vec<Found>,
    /// How the walk over the last of them ended.
    pub scan: Scan,
    pub producers: Producers,
    /// Segments behind it.
    pub later: Vec<Offset>,
    /// Where the log starts, if that is noted.
    pub start: Option<Offset>,
    pub ruling: Ruling,
}

pub(super) enum Ruling {
    /// Cut it at the end of what was found, and serve it.
    Serve,
    /// Keep every byte, and serve nothing.
    Quarantine {
        reason: String,
        /// An end that is promised and not reached.
        missed: Option<CleanEnd>,
    },
}

/// Why a log would be taken offline, and where its sound part ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// In words.
    pub reason: String,
    /// The sound part ends here.
    pub end: CleanEnd,
    /// The acknowledged part ends here, if that is known.
    pub acknowledged: Option<CleanEnd>,
    /// Segments behind the sound part's last.
    pub later: Vec<Offset>,
}

impl Survey<'_> {
    /// Whether recovery would take the log offline.
    ///
    /// # Errors
    /// When files cannot be read.
    pub fn diagnose(self) -> io::Result<Option<Diagnosis>> {
        let listing = Listing::of(self.fs, self.dir)?;
        if swap::any_decided(listing.names()) {
            // The next start finishes that first.
            return Ok(None);
        }
        let Some(verdict) = self.judge(&listing)? else { return Ok(None) };
        let Ruling::Quarantine { reason, missed: acknowledged } = verdict.ruling else {
            return Ok(None);
        };
        let segment_base = verdict.found.last().expect("at least one").base;
        let Scan { end: position, next_offset, .. } = verdict.scan;
        let end = CleanEnd { segment_base, position, next_offset };
        Ok(Some(Diagnosis { reason, end, acknowledged, later: verdict.later }))
    }

    /// Walks it and decides; `None` when it has no segment at all.
    pub(super) fn judge(mut self, listing: &Listing) -> io::Result<Option<Verdict>> {
        self.journaled = self.promised(listing)?;
        let start = start::read(self.fs, self.dir)?;
        let acknowledged = self.journaled.map(|journaled| journaled.end.segment_base);
        let has_snapshot = |base| listing.has(&directory::snapshot(self.dir, base));
        let mut bases = start::since(start, acknowledged, has_snapshot, listing.segment_bases());
        let unacknowledged = self.split_unacknowledged(&mut bases);
        let mut found = Vec::new();
        for (n, &base) in bases.iter().enumerate() {
            let next = bases.get(n + 1).copied();
            let sealed = next.is_some().then(|| self.sealed(base, listing)).transpose()?.flatten();
            match sealed {
                Some(segment) if next != Some(segment.index.upto()) => {
                    found.push(segment);
                    let later = [&bases[n + 1..], &unacknowledged].concat();
                    return Ok(Some(gap_after(found, later, start)));
                }
                Some(segment) => found.push(segment),
                None => {
                    let mut verdict =
                        self.judge_tail(found, &bases[n..], &unacknowledged, listing)?;
                    verdict.starting_at(start);
                    return Ok(Some(verdict));
                }
            }
        }
        Ok(None)
    }

    /// What the log must hold, from all who know; also what an earlier start noted and missed.
    fn promised(&self, listing: &Listing) -> io::Result<Option<Journaled>> {
        let clean = self.clean;
        let given = self.journaled.map(|journaled| Journaled {
            end: clean.map_or(journaled.end, |clean| journaled.end.further(clean)),
            ..journaled
        });
        if !listing.has(Path::new(directory::ACKNOWLEDGED)) {
            return Ok(given);
        }
        let Some(noted) = acknowledged::read(self.fs, self.dir)? else { return Ok(given) };
        let end = given.map_or(noted, |given| given.end.further(noted));
        // Something is missing below that end: nothing there is taken as sound without reading it.
        Ok(Some(Journaled { floor: None, end }))
    }

    /// Takes off the segments behind the acknowledged end: they belong to commits that nobody was
    /// promised.
    fn split_unacknowledged(&self, bases: &mut Vec<Offset>) -> Vec<Offset> {
        let Some(Journaled { end, .. }) = self.journaled else { return Vec::new() };
        match bases.partition_point(|base| *base <= end.segment_base) {
            // Nothing of what was acknowledged is there; what is, is kept.
            0 => Vec::new(),
            n => bases.split_off(n),
        }
    }

    /// Walks the segments from the first that was not sealed; usually only the last one.
    fn judge_tail(
        &self,
        mut found: Vec<Found>,
        bases: &[Offset],
        unacknowledged: &[Offset],
        listing: &Listing,
    ) -> io::Result<Verdict> {
        let mut producers = Producers::default();
        for (n, &base) in bases.iter().enumerate() {
            let point = self.point(base, listing)?;
            if n == 0 && point.is_none() {
                producers = self.producers_after(&found, base, listing)?;
            }
            let gaps = self.gaps(base, listing)?;
            let (mut segment, scan) = self.walk(base, point, &mut producers, gaps, listing)?;
            let next = bases.get(n + 1).copied();
            let continues = next.is_none_or(|next| gaps.reach(&scan, next));
            if let (Some(next), Gaps::UpTo { .. }, true) = (next, gaps, continues) {
                segment.index.set_cleaned(next);
            }
            // Where the next segment takes up the chain nothing follows in this one, whatever a write of its
            // last, padded block left behind.
            let joins = next == Some(scan.next_offset) && self.journaled.is_some();
            let ends = matches!(scan.why, ScanEnd::AtEnd | ScanEnd::ZeroFill);
            let whole = (ends || joins) && continues;
            // A clean stop wrote down where the log ends: whatever ends before is no torn write.
            let missed = self.clean.filter(|clean| ends_before(base, &scan, clean));
            let goes_on = whole && next.is_some();
            if goes_on {
                segment.aborted = producers.begin_segment();
            }
            found.push(segment);
            if goes_on && missed.is_none_or(|clean| clean.segment_base > base) {
                continue;
            }
            let later = [&bases[n + 1..], unacknowledged].concat();
            let ruling = match (missed, self.journaled) {
                (Some(end), _) => self.missed(base, &scan, end),
                (None, Some(journaled)) => {
                    self.judge_by_promise(base, &scan, &later, journaled.end)?
                }
                (None, None) if whole => Ruling::Serve,
                (None, None) if next.is_some() && self.sealed_upto(base, listing)? == next => {
                    Ruling::Quarantine { reason: was_sealed(base, &scan), missed: None }
                }
                (None, None) => self.judge_by_bytes(base, &scan, &later)?,
            };
            return Ok(Verdict { found, scan, producers, later, start: None, ruling });
        }
        unreachable!("the last segment ends the loop")
    }

    fn sealed_upto(&self, base: Offset, listing: &Listing) -> io::Result<Option<Offset>> {
        Ok(self.was_sealed(base, listing)?.map(|(index, _)| index.upto()))
    }

    /// It is known where the acknowledged part ends: the chain of batches gets there, or it does not.
    fn judge_by_promise(
        &self,
        base: Offset,
        scan: &Scan,
        later: &[Offset],
        end: CleanEnd,
    ) -> io::Result<Ruling> {
        let here =
            CleanEnd { segment_base: base, position: scan.end, next_offset: scan.next_offset };
        // A segment that was begun and got nothing need not be there.
        let before_empty = end.position == Position(0)
            && base < end.segment_base
            && scan.next_offset == end.next_offset;
        let promise = if here == end || before_empty { Promise::Met } else { Promise::Missed };
        let behind = match promise {
            Promise::Met => self.look_past(base, scan, later)?,
            _ => Behind::Nothing,
        };
        match decide(scan.why, behind, promise) {
            Decision::Quarantine => return Ok(self.missed(base, scan, end)),
            Decision::CutUnacknowledged => tracing::info!(
                log = %self.dir.display(), offset = %scan.next_offset, position = %scan.end, ?behind,
                "cut off what lies behind the last acknowledged commit"
            ),
            _ => {}
        }
        Ok(Ruling::Serve)
    }

    /// The log lacks what was acknowledged.
    fn missed(&self, base: Offset, scan: &Scan, end: CleanEnd) -> Ruling {
        let reason = format!(
            "{}: offsets [{}, {}) were acknowledged and are missing or damaged: the batches end at byte {} of \
             segment {base} ({:?}), not at byte {} of segment {}; every byte is kept",
            self.dir.display(),
            scan.next_offset,
            end.next_offset,
            scan.end,
            scan.why,
            end.position,
            end.segment_base,
        );
        Ruling::Quarantine { reason, missed: Some(end) }
    }

    /// The chain of batches breaks in segment `base`, before its end or before the next segment's start,
    /// and nothing but the bytes can tell why.
    fn judge_by_bytes(&self, base: Offset, scan: &Scan, later: &[Offset]) -> io::Result<Ruling> {
        let behind = self.look_behind(base, scan, later)?;
        let why = match scan.why {
            ScanEnd::AtEnd | ScanEnd::ZeroFill => {
                ScanEnd::OffsetGap { expected: scan.next_offset, found: later[0] }
            }
            other => other,
        };
        let (log, offset, position) = (self.dir.display(), scan.next_offset, scan.end);
        match decide(why, behind, Promise::None) {
            Decision::Quarantine => {
                let reason = format!(
                    "damaged at byte {position} of segment {base}, offset {offset}: {why:?}"
                );
                return Ok(Ruling::Quarantine { reason, missed: None });
            }
            Decision::CutAndTell => tracing::warn!(
                %log, %offset, %position, ?why,
                "cut off a torn tail with sound batches in it: the last commits before the stop were not \
                 acknowledged, or were damaged afterwards, which cannot be told here"
            ),
            _ => {
                tracing::info!(%log, %offset, %position, ?why, "cut off a write that never completed")
            }
        }
        Ok(Ruling::Serve)
    }
}

/// Whether the batches of the log, which end in segment `base`, end before a clean stop saw them end.
fn ends_before(base: Offset, scan: &Scan, clean: &CleanEnd) -> bool {
    match base.cmp(&clean.segment_base) {
        // A segment that was begun and got nothing need not be there.
        Ordering::Less => clean.position > Position(0) || scan.next_offset < clean.next_offset,
        Ordering::Equal => scan.end < clean.position,
        Ordering::Greater => false,
    }
}

/// The chain breaks in a segment of which its index says that it was sealed, and reached the next one:
/// these are not the bytes that were sealed, and what was sealed was acknowledged.
fn was_sealed(base: Offset, scan: &Scan) -> String {
    let Scan { end, next_offset, why } = scan;
    format!(
        "segment {base} was sealed, and its batches end at byte {end}, offset {next_offset}: {why:?}"
    )
}

impl Verdict {
    /// A log starts where everything before was durable: one that ends earlier lacks something.
    fn starting_at(&mut self, start: Option<Offset>) {
        self.start = start;
        let end = self.scan.next_offset;
        let missed = start.filter(|start| *start > end);
        if let (Ruling::Serve, Some(start)) = (&self.ruling, missed) {
            let reason = format!("the log starts at offset {start} and ends at {end}");
            self.ruling = Ruling::Quarantine { reason, missed: None };
        }
    }
}

/// A sealed segment does not end where the next one starts: a file in between is missing.
fn gap_after(found: Vec<Found>, later: Vec<Offset>, start: Option<Offset>) -> Verdict {
    let segment = found.last().expect("the one before the gap");
    let (end, next_offset) = (segment.end, segment.index.next_offset());
    let reason = format!(
        "segment {} ends at offset {next_offset}, the next one does not start there",
        segment.base
    );
    let scan = Scan { end, next_offset, why: ScanEnd::AtEnd };
    let ruling = Ruling::Quarantine { reason, missed: None };
    Verdict { found, scan, producers: Producers::default(), later, start, ruling }
}
