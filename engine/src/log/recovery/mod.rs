//! Opening a log: what may be found after a stop of any kind, and what is done about it.
//!
//! The cases are a table ([`decide()`]) with one decision each. The rule behind it: a log is never cut
//! where something may have been acknowledged without saying so. Who kept a journal knows where the
//! acknowledged part ends ([`Journaled`]). Otherwise the bytes alone must tell: appends are acknowledged
//! in log order, and at most [`window_bytes`] of them are on their way at once; so a break in the chain
//! of batches with more sound bytes behind it than that cannot be a torn write, it is damage.
//!
//! | module | what it does |
//! | --- | --- |
//! | `decide` | the table |
//! | `read` | what is on the disk |
//! | `mend` | what is changed there |
//! | `acknowledged` | remembers what a log that is not whole must have |
//! | `build` | the log in memory |

pub mod acknowledged;
mod build;
mod decide;
mod mend;
mod read;

use std::io;
use std::path::PathBuf;

use headwater_io::buffer::BufferPool;
use headwater_io::file::{Access, Fs};
use serde::{Deserialize, Serialize};

use super::producers::Producers;
use super::{Health, Log, LogSettings, directory};
use crate::model::{LeaderEpoch, Offset, Position};
use crate::segment::scan::{Scan, ScanEnd};
pub use decide::{Behind, Decision, Promise, decide, window_bytes};
use read::Found;

/// Where a log ended when it was stopped cleanly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CleanEnd {
    /// The last segment.
    pub segment_base: Offset,
    /// Its size.
    pub position: Position,
    /// The offset after the last record.
    pub next_offset: Offset,
}

/// What the shard's journal knows of a log, once it has put back what was missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Journaled {
    /// Up to here the segments were synced before the stop: sound, unless the device lost it.
    pub floor: Option<CleanEnd>,
    /// Up to here commits were acknowledged: the log ends here, no earlier and no later.
    pub end: CleanEnd,
}

impl CleanEnd {
    /// The later one of two ends of one log.
    #[must_use]
    pub fn further(self, other: CleanEnd) -> CleanEnd {
        let place = |end: &CleanEnd| (end.segment_base, end.position);
        if place(&other) > place(&self) { other } else { self }
    }
}

/// What is needed to open a log.
pub struct OpenLog<'a> {
    /// The file system.
    pub fs: &'a Fs,
    /// The log's folder; it exists.
    pub dir: PathBuf,
    /// How it will behave.
    pub settings: LogSettings,
    /// Where its memory comes from.
    pub pool: BufferPool,
    /// The epoch under which it will append.
    pub epoch: LeaderEpoch,
    /// Where it ended, if it was stopped cleanly.
    pub clean: Option<CleanEnd>,
    /// What the journal knows of it, if there is one.
    pub journaled: Option<Journaled>,
    /// The largest batch that may be in it, in bytes.
    pub batch_bytes_max: usize,
}

impl OpenLog<'_> {
    /// Opens the log. Damage is not an error: it yields a log that is quarantined.
    ///
    /// # Errors
    /// When files cannot be read or written.
    pub fn open(mut self) -> io::Result<Log> {
        self.remove_leftovers()?;
        self.journaled = self.promised()?;
        let mut bases = self.segment_bases()?;
        if bases.is_empty() {
            drop(self.fs.create_new(&directory::segment(&self.dir, Offset(0)), Access::Write)?);
            self.fs.sync_dir(&self.dir)?;
            bases.push(Offset(0));
        }
        let unacknowledged = self.split_unacknowledged(&mut bases);
        let mut found = Vec::new();
        for (n, &base) in bases.iter().enumerate() {
            let next = bases.get(n + 1).copied();
            let sealed = next.is_some().then(|| self.sealed(base)).transpose()?.flatten();
            match sealed {
                Some(segment) if next != Some(segment.index.next_offset()) => {
                    return self.gap_after(found, segment);
                }
                Some(segment) => found.push(segment),
                None => return self.open_tail(found, &bases[n..], &unacknowledged),
            }
        }
        unreachable!("the last segment is never sealed")
    }

    /// What the log must hold, from all who know; also what an earlier start noted and missed.
    fn promised(&self) -> io::Result<Option<Journaled>> {
        let clean = self.clean;
        let given = self.journaled.map(|journaled| Journaled {
            end: clean.map_or(journaled.end, |clean| journaled.end.further(clean)),
            ..journaled
        });
        let Some(noted) = acknowledged::read(self.fs, &self.dir)? else { return Ok(given) };
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

    /// A sealed segment does not end where the next one starts: a file in between is missing.
    fn gap_after(&self, mut found: Vec<Found>, segment: Found) -> io::Result<Log> {
        let (end, next_offset) = (segment.end, segment.index.next_offset());
        let reason = format!(
            "segment {} ends at offset {next_offset}, the next one does not start there",
            segment.base
        );
        found.push(segment);
        let scan = Scan { end, next_offset, why: ScanEnd::AtEnd };
        self.quarantine(found, scan, Producers::default(), reason)
    }

    /// Walks the segments from the first that was not sealed; usually only the last one.
    fn open_tail(
        &self,
        mut found: Vec<Found>,
        bases: &[Offset],
        unacknowledged: &[Offset],
    ) -> io::Result<Log> {
        let mut producers = Producers::default();
        for (n, &base) in bases.iter().enumerate() {
            let point = self.point(base)?;
            if n == 0 && point.is_none() {
                producers = self.producers_after(&found, base)?;
            }
            let (segment, scan) = self.walk(base, point, &mut producers)?;
            let next = bases.get(n + 1).copied();
            let continues = next.is_none_or(|next| next == scan.next_offset);
            let whole = matches!(scan.why, ScanEnd::AtEnd | ScanEnd::ZeroFill) && continues;
            found.push(segment);
            // A clean stop wrote down where the log ends: whatever ends before is no torn write.
            if let Some(clean) = self.clean_end_of(base).filter(|clean| scan.end < clean.position) {
                return self.missed(found, scan, producers, clean);
            }
            match (next, self.journaled) {
                (Some(_), _) if whole => self.seal(found.last().expect("pushed"), scan.end)?,
                (_, Some(Journaled { end, .. })) => {
                    let later = [&bases[n + 1..], unacknowledged].concat();
                    return self.judge_by_promise(found, scan, &later, producers, end);
                }
                (None, None) if whole => {
                    self.cut(found.last().expect("pushed"), &[])?;
                    return self.build(found, scan, producers, Health::Serving);
                }
                _ => return self.judge_by_bytes(found, scan, &bases[n + 1..], producers),
            }
        }
        unreachable!("the last segment ends the loop")
    }

    /// It is known where the acknowledged part ends: the chain of batches gets there, or it does not.
    fn judge_by_promise(
        &self,
        found: Vec<Found>,
        scan: Scan,
        later: &[Offset],
        producers: Producers,
        end: CleanEnd,
    ) -> io::Result<Log> {
        let base = found.last().expect("the one just walked").base;
        let here =
            CleanEnd { segment_base: base, position: scan.end, next_offset: scan.next_offset };
        // A segment that was begun and got nothing need not be there.
        let before_empty = end.position == Position(0)
            && base < end.segment_base
            && scan.next_offset == end.next_offset;
        let promise = if here == end || before_empty { Promise::Met } else { Promise::Missed };
        let behind = match promise {
            Promise::Met => self.look_past(base, &scan, later)?,
            _ => Behind::Nothing,
        };
        match decide(scan.why, behind, promise) {
            Decision::Quarantine => return self.missed(found, scan, producers, end),
            Decision::CutUnacknowledged => tracing::info!(
                log = %self.dir.display(), offset = %scan.next_offset, position = %scan.end, ?behind,
                "cut off what lies behind the last acknowledged commit"
            ),
            _ => {}
        }
        self.cut(found.last().expect("the one just walked"), later)?;
        self.build(found, scan, producers, Health::Serving)
    }

    /// The log lacks what was acknowledged.
    fn missed(
        &self,
        found: Vec<Found>,
        scan: Scan,
        producers: Producers,
        end: CleanEnd,
    ) -> io::Result<Log> {
        let base = found.last().expect("the one just walked").base;
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
        acknowledged::write(self.fs, &self.dir, end)?;
        self.quarantine(found, scan, producers, reason)
    }

    /// The chain of batches breaks in `found.last()`, before its end or before the next segment's start,
    /// and nothing but the bytes can tell why.
    fn judge_by_bytes(
        &self,
        found: Vec<Found>,
        scan: Scan,
        later: &[Offset],
        producers: Producers,
    ) -> io::Result<Log> {
        let base = found.last().expect("the broken one").base;
        let behind = self.look_behind(base, &scan, later)?;
        let why = match scan.why {
            ScanEnd::AtEnd | ScanEnd::ZeroFill => {
                ScanEnd::OffsetGap { expected: scan.next_offset, found: later[0] }
            }
            other => other,
        };
        let decision = decide(why, behind, Promise::None);
        let (log, offset, position) = (self.dir.display(), scan.next_offset, scan.end);
        match decision {
            Decision::Quarantine => {
                let reason = format!(
                    "damaged at byte {position} of segment {base}, offset {offset}: {why:?}"
                );
                return self.quarantine(found, scan, producers, reason);
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
        self.cut(found.last().expect("the one just walked"), later)?;
        self.build(found, scan, producers, Health::Serving)
    }

    /// Keeps every byte and serves nothing.
    fn quarantine(
        &self,
        found: Vec<Found>,
        scan: Scan,
        producers: Producers,
        reason: String,
    ) -> io::Result<Log> {
        tracing::error!(
            log = %self.dir.display(),
            reason,
            "acknowledged data is damaged: the partition is offline, its bytes are kept"
        );
        self.build(found, scan, producers, Health::Quarantined(reason.into()))
    }
}

#[cfg(test)]
mod point_tests;
#[cfg(test)]
pub(super) mod tests;
