//! What damage excuses, and what it does not: a partition whose files, or whose journal, were damaged in
//! silence.
//!
//! It may be offline, and fetches of it may be refused. Its clients leave it alone from then on, for what
//! they were told may not hold any more. What stays is the promise that matters: a record that was
//! acknowledged is there, or somebody says that it is not.

use std::path::Path;

use headwater_io::buffer::BLOCK;
use headwater_io::clock::Nanos;
use headwater_io::sim::disk::Damage;

use super::{Batch, Level, Model, Violation};
use crate::plan::End;

/// What the fetch of an acknowledged record of a damaged partition has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Read back, byte for byte.
    There,
    /// The broker said that the storage has failed, or that the records are corrupt.
    Refused,
    /// Served, and its checksum or its place in the chain of offsets says that it is damaged.
    Broken,
    /// The log ends before it, and nobody says why.
    Missing,
    /// A sound batch is in its place.
    Replaced,
}

const CHECKER: &str = "damage is always found";

impl Model {
    /// A partition says that it is offline right after a start.
    ///
    /// # Errors
    /// When nothing of it was damaged.
    pub fn quarantined(&mut self, partition: usize) -> Result<(), Violation> {
        let facts = "offline after a start".to_owned();
        self.violated(partition, "quarantine only where there is damage", facts)
    }

    /// A checker has spoken: an error, unless the partition's files were damaged on purpose.
    ///
    /// # Errors
    /// Just that.
    pub fn violated(
        &mut self,
        partition: usize,
        checker: &'static str,
        facts: String,
    ) -> Result<(), Violation> {
        let folder = &self.partitions[partition].folder;
        if self.damages_of(partition).is_empty() {
            let facts = match facts.starts_with(folder) {
                true => facts,
                false => format!("{folder}: {facts}"),
            };
            return Err(Violation { checker, facts });
        }
        self.excused.push(format!("{folder}: {checker}"));
        self.partitions[partition].given_up = true;
        Ok(())
    }

    /// Where the acknowledged batches of a partition are, and their names.
    pub fn acknowledged_in(&self, partition: usize) -> Vec<(i64, u64)> {
        let of = self.batches.iter().enumerate().filter(|(_, batch)| batch.partition == partition);
        of.filter_map(|(id, batch)| {
            let ack = batch.ack.filter(|_| !batch.lost)?;
            Some((ack.offset?, id as u64))
        })
        .collect()
    }

    /// What came of all acknowledged batches of a damaged partition. `scrubbed` when the scrubber has been
    /// round since the last damage.
    ///
    /// # Errors
    /// When something is lost, or not what it was, and nobody says so.
    pub fn assess(
        &mut self,
        partition: usize,
        fates: &[(i64, u64, Fate)],
        how: Option<End>,
        scrubbed: bool,
    ) -> Result<(), Violation> {
        let folder = self.partitions[partition].folder.clone();
        let mut missing = Vec::new();
        for &(offset, id, fate) in fates {
            let batch = &mut self.batches[id as usize];
            let level = batch.ack.and_then(|ack| ack.level);
            let promised = level.is_some_and(|level| how.is_none_or(|how| level.survives(how)));
            let why = match fate {
                Fate::Missing | Fate::Replaced if !promised => {
                    batch.lost = true;
                    continue;
                }
                Fate::There | Fate::Refused => continue,
                Fate::Broken if !scrubbed || offset >= self.active_base(&folder) => continue,
                Fate::Missing => {
                    missing.push(id);
                    continue;
                }
                Fate::Broken => "is served from a sealed segment that was read again",
                Fate::Replaced => "is another batch now",
            };
            let facts = format!("{folder}: batch {id}, acknowledged at offset {offset}, {why}");
            return Err(Violation { checker: CHECKER, facts });
        }
        self.excuse_missing(partition, &missing, how)
    }

    /// Nobody says that these are gone. With a journal that can be so only for what no later commit vouches
    /// for. Without one, damage near the end looks like a torn write, and a stop writes no end down for a
    /// log that is full or has failed.
    fn excuse_missing(
        &mut self,
        partition: usize,
        missing: &[u64],
        how: Option<End>,
    ) -> Result<(), Violation> {
        let folder = &self.partitions[partition].folder;
        let (found, excused) = match how {
            // Nothing has ended since everything was there, or refused.
            None => (missing.len() as u64, 0),
            Some(_) if self.journaled => (self.vouched(missing), self.commits_hit(partition)),
            Some(_) => (0, 0),
        };
        if found > excused {
            let facts = format!(
                "{folder}: batches {missing:?} were acknowledged and are gone: {found} commits one after the other, \
                 and damage explains {excused}; the partition is served as if it were whole"
            );
            return Err(Violation { checker: CHECKER, facts });
        }
        for &id in missing {
            self.batches[id as usize].lost = true;
        }
        Ok(())
    }

    /// How many commits there were one after the other, at least: each batch was sent when the one before
    /// was acknowledged, so its frame said that the one before is durable.
    fn vouched(&self, missing: &[u64]) -> u64 {
        let durable =
            |batch: &&Batch| batch.ack.is_some_and(|ack| ack.level == Some(Level::Durable));
        let batches = missing.iter().map(|id| &self.batches[*id as usize]).filter(durable);
        let mut spans: Vec<(Nanos, Nanos)> =
            batches.filter_map(|batch| Some((batch.ack?.at, batch.sent))).collect();
        spans.sort();
        let (mut commits, mut last) = (0, None);
        for (acknowledged, sent) in spans {
            if last.is_none_or(|last| sent > last) {
                commits += 1;
                last = Some(acknowledged);
            }
        }
        commits
    }

    /// How many commits the damage may have hit, at most.
    fn commits_hit(&self, partition: usize) -> u64 {
        let hit = |damage: &Damage| 1 + damage.len.div_ceil(BLOCK as u64);
        self.damages_of(partition).iter().map(hit).sum()
    }

    /// The first offset of the last segment: the scrubber leaves that one alone.
    fn active_base(&self, folder: &str) -> i64 {
        let files = self.disk.record_files();
        let of = files.iter().filter(|(path, _)| name(path.parent()) == folder);
        of.filter_map(|(path, _)| path.file_stem()?.to_str()?.parse().ok()).max().unwrap_or(0)
    }

    /// Whether any file of records or journal was damaged in silence.
    pub fn is_damaged(&self) -> bool {
        !self.disk.damages().is_empty()
    }

    /// Damage to a partition's files, and to what may speak for them: journals, and on the journal's path other
    /// segments, too. The last commit is believed as a whole or not at all, so the damaged extent of one log
    /// costs what the others had in it.
    fn damages_of(&self, partition: usize) -> Vec<Damage> {
        let folder = &self.partitions[partition].folder;
        let mut damages = self.disk.damages();
        damages.retain(|damage| {
            name(damage.path.parent()) == *folder
                || name(Some(&damage.path)).starts_with("journal-")
                || self.journaled && damage.path.extension().is_some_and(|kind| kind == "log")
        });
        damages
    }
}

fn name(path: Option<&Path>) -> String {
    let name = path.and_then(Path::file_name).unwrap_or_default();
    name.to_string_lossy().into_owned()
}
