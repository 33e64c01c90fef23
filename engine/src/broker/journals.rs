//! The shards' journals at a start: what they protect is put into the segments, then each is begun anew.
//!
//! All of it is settled before any journal says so, and every step may be repeated: a start that is cut
//! anywhere is followed by one that finds the same.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use headwater_io::file::Fs;

use super::catalog::Catalog;
use crate::config::broker::{BrokerConfig, DurabilityPath};
use crate::journal::chain::{End, Verdict};
use crate::journal::checkpoint::{self, Checkpoint, Found};
use crate::journal::redo::{self, Plan};
use crate::journal::scan::{self, Case, Since};
use crate::log::recovery::{CleanEnd, Journaled, acknowledged};
use crate::log::{Log, directory};
use crate::model::{Offset, PartitionKey, ShardId, TopicId};
use crate::rare::{self, Rare};
use crate::shard::journal::files::{self, Ended};
use crate::shard::journal::linger::Wait;
use crate::shard::journal::{Journal, JournalIdentity, JournalSettings};

/// Frames in flight at once: with two, the device always has one while the other gathers (io.md 1.3).
const DEPTH: usize = 2;

/// What the journals knew.
#[derive(Default)]
pub struct Recovered {
    /// Of each partition.
    pub known: HashMap<PartitionKey, Journaled>,
    /// Of the journals, and of segments to see whether they have what a journal says.
    pub read_bytes: u64,
    ended: BTreeMap<ShardId, Ended>,
}

/// Reads all journals and puts what they protect into the segments.
///
/// # Errors
/// When a file cannot be read or written, or a journal is there whose checkpoints are both damaged.
pub fn recover(
    fs: &Fs,
    data_dir: &Path,
    directory: TopicId,
    catalog: &Catalog,
) -> io::Result<Recovered> {
    let mut recovered = Recovered::default();
    for shard in files::shards(fs, data_dir)? {
        let dir = files::folder(data_dir, shard);
        let ended = match checkpoint::newest(fs, &dir)? {
            Found::Newest(found) if !found.in_use => {
                let since = since(&found, directory, shard);
                // Every use since has a newer checkpoint; it is gone if there was one.
                if scan::scan(fs, &dir, since)?.used_since {
                    return Err(no_checkpoint(&dir));
                }
                Ended {
                    serial: found.serial,
                    next_epoch: found.epoch_floor,
                    next_seq: found.first_needed_seq,
                }
            }
            Found::Newest(found) => {
                let identity = JournalIdentity { directory, shard };
                let site = Site { fs, data_dir, dir: &dir, identity, catalog };
                site.recover(&found, &mut recovered)?
            }
            // A first start that was cut. Files come after the first checkpoint.
            Found::None | Found::Damaged if !has_files(fs, &dir)? => Ended::NOTHING,
            Found::None | Found::Damaged => return Err(no_checkpoint(&dir)),
        };
        recovered.ended.insert(shard, ended);
    }
    Ok(recovered)
}

fn since(found: &Checkpoint, directory: TopicId, shard: ShardId) -> Since {
    let Checkpoint { epoch_floor, first_needed_seq, .. } = *found;
    Since { directory, shard, epoch_floor, first_needed_seq }
}

fn has_files(fs: &Fs, dir: &Path) -> io::Result<bool> {
    Ok(fs.list(dir)?.iter().any(|entry| scan::parse(&entry.name).is_some()))
}

fn no_checkpoint(dir: &Path) -> io::Error {
    let what = format!(
        "the checkpoints in {} are damaged or missing: it is unknown which records of its journal are in the segments; \
         restore the directory from a copy, or give up what only the journal has with `headwater repair --accept-loss`",
        dir.display()
    );
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// One shard's journal and the logs it speaks of.
struct Site<'a> {
    fs: &'a Fs,
    data_dir: &'a Path,
    dir: &'a Path,
    identity: JournalIdentity,
    catalog: &'a Catalog,
}

impl Site<'_> {
    fn recover(&self, found: &Checkpoint, recovered: &mut Recovered) -> io::Result<Ended> {
        let since = since(found, self.identity.directory, self.identity.shard);
        let scan = scan::scan(self.fs, self.dir, since)?;
        let path_of =
            |key: &PartitionKey, base: Offset| Some(directory::segment(&self.log_dir(key)?, base));
        let plan = redo::plan(self.fs, &scan, &found.partitions, &path_of)?;
        let report = redo::apply(self.fs, &plan, &path_of)?;
        self.tell(scan.decision.case, &plan, report.entries);
        recovered.read_bytes += scan.read_bytes + plan.read_bytes + report.bytes;
        let floors: HashMap<PartitionKey, CleanEnd> = found
            .partitions
            .iter()
            .map(|point| {
                let floor = CleanEnd {
                    segment_base: point.segment_base,
                    position: point.position,
                    next_offset: point.next_offset,
                };
                (point.key, floor)
            })
            .collect();
        for partition in &plan.partitions {
            let end = clean_end(partition.end);
            self.note_loss(&partition.key, end, partition.verdict)?;
            let floor = floors.get(&partition.key).copied();
            // Two journals may know a partition that has moved: the later end counts.
            let known = recovered.known.entry(partition.key).or_insert(Journaled { floor, end });
            known.end = known.end.further(end);
        }
        Ok(Ended {
            serial: found.serial,
            next_epoch: scan.highest_epoch + 1,
            next_seq: scan.highest_seq + 1,
        })
    }

    /// The folder of a partition, if it still exists.
    fn log_dir(&self, key: &PartitionKey) -> Option<PathBuf> {
        let topic = self.catalog.by_id(key.topic).filter(|topic| topic.has(key.index))?;
        let dir = directory::partition(self.data_dir, &topic.name, key.index);
        self.fs.exists(&dir).then_some(dir)
    }

    /// Writes down what a log lacks, so that no later start takes it for whole.
    fn note_loss(&self, key: &PartitionKey, end: CleanEnd, verdict: Verdict) -> io::Result<()> {
        match verdict {
            Verdict::Whole => Ok(()),
            Verdict::Quarantine(gap) => {
                let Some(dir) = self.log_dir(key) else { return Ok(()) };
                tracing::error!(log = %dir.display(), from_offset = %gap.from_offset, to_offset = %gap.to_offset, from_position = %gap.from_position, to_position = %gap.to_position, "acknowledged records are damaged in the journal");
                Ok(())
            }
            Verdict::Doubtful { commit } => {
                let Some(dir) = self.log_dir(key) else { return Ok(()) };
                tracing::error!(log = %dir.display(), commit, next_offset = %end.next_offset, "an acknowledged commit is damaged in the journal and may have held records of this log");
                let more = CleanEnd {
                    position: crate::model::Position(end.position.0 + 1),
                    next_offset: Offset(end.next_offset.0 + 1),
                    ..end
                };
                acknowledged::write(self.fs, &dir, more)
            }
        }
    }

    fn tell(&self, case: Case, plan: &Plan, entries: u64) {
        let (dir, ambiguous) = (self.dir.display(), plan.ambiguous_commits);
        match case {
            Case::CleanEnd => {}
            Case::TornLast => rare::reached(Rare::TornFrame),
            Case::UnacknowledgedBehindTorn => rare::reached(Rare::TornBehind),
            Case::AcknowledgedDamaged => rare::reached(Rare::AcknowledgedDamaged),
        }
        match case {
            Case::CleanEnd | Case::TornLast | Case::UnacknowledgedBehindTorn => {
                tracing::info!(journal = %dir, ?case, end_seq = plan.end_seq, entries, "journal recovered");
            }
            Case::AcknowledgedDamaged => {
                tracing::error!(journal = %dir, end_seq = plan.end_seq, entries, unknown_commits = plan.unknown_commits, "acknowledged commits of the journal are damaged");
            }
        }
        if ambiguous > 0 {
            rare::reached(Rare::ExtentTorn);
            tracing::warn!(journal = %dir, ambiguous, "the last commits were given up: whether they were never durable or have been damaged since cannot be told");
        }
    }
}

fn clean_end(end: End) -> CleanEnd {
    CleanEnd {
        segment_base: end.segment_base,
        position: end.position,
        next_offset: end.next_offset,
    }
}

/// Begins the journals of all shards, or puts away what is left of them.
///
/// # Errors
/// When a file cannot be written.
pub fn begin(
    fs: &Fs,
    data_dir: &Path,
    config: &BrokerConfig,
    directory: TopicId,
    shards: usize,
    recovered: &Recovered,
    logs: &[(ShardId, PartitionKey, &Log)],
) -> io::Result<Vec<Option<Journal>>> {
    let settings = settings(config);
    let in_use = config.path == DurabilityPath::Journal;
    let mut journals = Vec::new();
    for shard in (0..shards).map(|n| ShardId(n as u16)) {
        if !in_use {
            journals.push(None);
            continue;
        }
        let dir = files::folder(data_dir, shard);
        let identity = JournalIdentity { directory, shard };
        let ended = recovered.ended.get(&shard).copied().unwrap_or(Ended::NOTHING);
        let own = logs.iter().filter(|(owner, _, _)| *owner == shard);
        let points = own.filter_map(|(_, key, log)| crate::shard::journal::point_of(*key, log));
        let begun = files::begin(fs, &dir, identity, &settings, ended, points.collect())?;
        journals.push(Some(Journal::new(dir, identity, settings.clone(), begun)));
    }
    for (&shard, &ended) in &recovered.ended {
        if !in_use || usize::from(shard.0) >= shards {
            let dir = files::folder(data_dir, shard);
            files::put_away(fs, &dir, JournalIdentity { directory, shard }, ended)?;
        }
    }
    Ok(journals)
}

fn settings(config: &BrokerConfig) -> JournalSettings {
    let block = headwater_io::buffer::BLOCK as u64;
    JournalSettings {
        file_bytes: config.journal_file_bytes / block * block,
        files: config.journal_files,
        depth: DEPTH,
        linger: match config.commit_linger_us {
            Some(us) => Wait::Fixed(Duration::from_micros(us)),
            None => Wait::Auto,
        },
        flush_after: Duration::from_millis(config.commit_flush_ms),
    }
}

/// The identity of a data directory in the form that files carry.
pub fn directory_id(text: &str) -> TopicId {
    let mut id = [0; 16];
    for (byte, digits) in id.iter_mut().zip(text.as_bytes().chunks(2)) {
        let digits = std::str::from_utf8(digits).unwrap_or("0");
        *byte = u8::from_str_radix(digits, 16).unwrap_or(0);
    }
    TopicId(id)
}

#[cfg(test)]
#[path = "journals_tests.rs"]
mod tests;
