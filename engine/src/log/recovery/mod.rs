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
//! | `survey` | walks a log as it lies on the disk, and decides; changes nothing |
//! | `listing` | the names in the folder, listed once |
//! | `read` | what is on the disk |
//! | `mend` | what is changed there |
//! | `repair` | gives up what is damaged, when a person says so |
//! | `acknowledged` | remembers what a log that is not whole must have |
//! | `build` | the log in memory |

pub mod acknowledged;
mod build;
mod decide;
mod listing;
mod mend;
mod read;
pub mod repair;
mod survey;

use std::io;
use std::path::PathBuf;

use headwater_io::buffer::BufferPool;
use headwater_io::file::{Access, Fs};
use serde::{Deserialize, Serialize};

use super::compaction::swap;
use super::{Health, Log, LogSettings, directory};
use crate::model::{LeaderEpoch, Offset, Position};
pub use decide::{Behind, Decision, Promise, decide, window_bytes};
use listing::Listing;
pub use survey::{Diagnosis, Survey};
use survey::{Ruling, Verdict};

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
    pub fn open(self) -> io::Result<Log> {
        self.open_counted().map(|(log, _)| log)
    }

    /// As [`OpenLog::open`], and how many bytes of the log had to be read.
    ///
    /// # Errors
    /// As there.
    pub fn open_counted(self) -> io::Result<(Log, u64)> {
        let mut listing = Listing::of(self.fs, &self.dir)?;
        if swap::finish_all(self.fs, &self.dir, listing.names())? {
            listing = Listing::of(self.fs, &self.dir)?;
        }
        self.remove_leftovers(&listing)?;
        let verdict = match self.survey().judge(&listing)? {
            Some(verdict) => verdict,
            None => self.survey_fresh(&mut listing)?,
        };
        let Verdict { found, scan, producers, later, start, ruling } = verdict;
        let health = match ruling {
            Ruling::Serve => {
                self.mend(&found, &later, &listing)?;
                Health::Serving
            }
            Ruling::Quarantine { reason, missed } => {
                missed.map_or(Ok(()), |end| acknowledged::write(self.fs, &self.dir, end))?;
                tracing::error!(
                    log = %self.dir.display(),
                    reason,
                    "acknowledged data is damaged: the partition is offline, its bytes are kept"
                );
                Health::Quarantined(reason.into())
            }
        };
        let log = self.build(found, scan, producers, start, &listing, health)?;
        Ok((log, listing.read_bytes()))
    }

    fn survey(&self) -> Survey<'_> {
        Survey {
            fs: self.fs,
            dir: &self.dir,
            clean: self.clean,
            journaled: self.journaled,
            window_bytes: window_bytes(&self.settings, self.batch_bytes_max),
            index_interval_bytes: self.settings.index_interval_bytes,
        }
    }

    /// A log without a segment gets its first. Its name is made durable when there is something in it.
    fn survey_fresh(&self, listing: &mut Listing) -> io::Result<Verdict> {
        let path = directory::segment(&self.dir, Offset(0));
        drop(self.fs.create_new(&path, Access::Write)?);
        listing.add(&path);
        Ok(self.survey().judge(listing)?.expect("it has a segment now"))
    }
}

#[cfg(test)]
mod point_tests;
#[cfg(test)]
mod repair_tests;
#[cfg(test)]
pub(super) mod tests;
