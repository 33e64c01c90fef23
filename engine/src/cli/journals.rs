//! What the shards' journals would put back at the next start, asked without a broker: scanned and planned as a
//! start does it, and nothing applied.

use super::diagnosis::Logs;
use crate::journal::chain::{End, Verdict};
use crate::journal::checkpoint::{self, Checkpoint, Found};
use crate::journal::frame::{self, Entry};
use crate::journal::redo::{self, Write};
use crate::journal::scan::{self, Scan, Since};
use crate::journal::seal::Seal;
use crate::log::recovery::CleanEnd;
use crate::model::{Offset, PartitionKey, Position, ShardId, TopicId};
use crate::segment::newest::Newest;
use crate::shard::journal::files;
use bytes::Bytes;
use headwater_io::buffer::BLOCK;
use headwater_io::file::{Access, Fs};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// All shards' journals.
#[derive(Default)]
pub(super) struct Journals {
    pub shards: Vec<ShardJournal>,
    /// Of each partition that a journal in use knows.
    pub known: BTreeMap<PartitionKey, Pending>,
}

/// One shard's.
pub(super) struct ShardJournal {
    pub shard: ShardId,
    pub dir: PathBuf,
    pub state: State,
}

/// What the next start makes of it.
pub(super) enum State {
    /// It is begun anew: nothing in it is needed.
    Idle,
    /// It is put back into the segments.
    InUse(Summary),
    /// No start: it is unknown what of it is needed.
    NoCheckpoint,
    /// No start, for another reason.
    Refused(String),
}

/// What a journal in use has.
pub(super) struct Summary {
    pub scan: Scan,
    /// Entries and bytes that the segments get from it.
    pub entries: u64,
    pub bytes: u64,
    pub ambiguous_commits: u64,
    pub unknown_commits: u64,
}

/// What journals know of a partition.
pub(super) struct Pending {
    /// Its acknowledged end.
    pub end: CleanEnd,
    /// An acknowledged commit that is damaged and may have held records of it.
    pub doubtful: Option<u64>,
    writes: Vec<Write>,
}

impl Journals {
    /// Reads all of them.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn read(fs: &Fs, dir: &Path, directory: TopicId, logs: &Logs<'_>) -> io::Result<Self> {
        let mut journals = Journals::default();
        for shard in files::shards(fs, dir)? {
            let dir = files::folder(dir, shard);
            let state = match journals.look(fs, &dir, (directory, shard), logs) {
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    State::Refused(error.to_string())
                }
                other => other?,
            };
            journals.shards.push(ShardJournal { shard, dir, state });
        }
        Ok(journals)
    }

    fn look(
        &mut self,
        fs: &Fs,
        dir: &Path,
        (directory, shard): (TopicId, ShardId),
        logs: &Logs<'_>,
    ) -> io::Result<State> {
        let Found::Newest(found) = checkpoint::newest(fs, dir)? else {
            let names = fs.list(dir)?;
            let has_files = names.iter().any(|entry| scan::parse(&entry.name).is_some());
            return Ok(if has_files { State::NoCheckpoint } else { State::Idle });
        };
        let Checkpoint { epoch_floor, first_needed_seq, .. } = found;
        let scan = scan::scan(fs, dir, Since { directory, shard, epoch_floor, first_needed_seq })?;
        match found.in_use {
            // Every use since has a newer checkpoint; it is gone if there was one.
            false if scan.used_since => Ok(State::NoCheckpoint),
            false => Ok(State::Idle),
            true => self.plan(fs, scan, &found, logs),
        }
    }

    fn plan(
        &mut self,
        fs: &Fs,
        scan: Scan,
        found: &Checkpoint,
        logs: &Logs<'_>,
    ) -> io::Result<State> {
        let path_of = |key: &PartitionKey, base: Offset| logs.segment(key, base);
        let plan = redo::plan(fs, &scan, &found.partitions, &path_of)?;
        let (mut entries, mut bytes) = (0, 0);
        for partition in plan.partitions {
            if logs.segment(&partition.key, Offset(0)).is_none() {
                continue;
            }
            entries += partition.writes.len() as u64;
            bytes += partition.writes.iter().map(|write| u64::from(write.entry.len)).sum::<u64>();
            let doubtful = match partition.verdict {
                Verdict::Doubtful { commit } => Some(commit),
                Verdict::Whole | Verdict::Quarantine(_) => None,
            };
            let end = clean_end(partition.end);
            let fresh = Pending { end, doubtful, writes: Vec::new() };
            let known = self.known.entry(partition.key).or_insert(fresh);
            known.end = known.end.further(end);
            known.doubtful = known.doubtful.or(doubtful);
            known.writes.extend(partition.writes);
        }
        let (ambiguous_commits, unknown_commits) = (plan.ambiguous_commits, plan.unknown_commits);
        Ok(State::InUse(Summary { scan, entries, bytes, ambiguous_commits, unknown_commits }))
    }
}

fn clean_end(end: End) -> CleanEnd {
    CleanEnd {
        segment_base: end.segment_base,
        position: end.position,
        next_offset: end.next_offset,
    }
}

/// What any frame of a shard's journal files has, of whatever use and commit.
///
/// # Errors
/// When a file cannot be read.
pub(super) fn all_entries(fs: &Fs, dir: &Path, seal: Seal) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for file in fs.list(dir)?.iter().filter(|entry| scan::parse(&entry.name).is_some()) {
        let bytes = fs.read(&dir.join(&file.name))?;
        let mut at = BLOCK.min(bytes.len());
        while at < bytes.len() {
            // A frame may hold what looks like one, and is passed over as a whole.
            at += frame::decode_head(&bytes[at..], seal).map_or(BLOCK, |head| {
                let frame = frame::salvage(&bytes[at..], seal);
                entries.extend(frame.into_iter().flat_map(|frame| frame.entries));
                head.total_bytes
            });
        }
    }
    Ok(entries)
}

impl Pending {
    /// Whether the segments lack something of it that the journal has.
    pub fn is_to_be_put_back(&self) -> bool {
        !self.writes.is_empty()
    }

    /// The segments that get something, in order.
    pub fn bases(&self) -> impl Iterator<Item = Offset> {
        self.writes.iter().map(|write| write.entry.segment_base)
    }

    /// What a segment of `file_bytes` is to be from the first byte on that it gets; and how long it is to be.
    /// No more than a journal holds and what was written beside it since its checkpoint.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn newest(
        &self,
        fs: &Fs,
        segment: &Path,
        base: Offset,
        file_bytes: Position,
    ) -> io::Result<(Newest, Position)> {
        let writes: Vec<&Write> =
            self.writes.iter().filter(|write| write.entry.segment_base == base).collect();
        let Some(from) = writes.iter().map(|write| write.entry.position).min() else {
            return Ok((Newest::none(), file_bytes));
        };
        let ends = writes.iter().map(|write| write.entry.end());
        let size = ends.max().unwrap_or(from).max(file_bytes);
        let mut bytes = vec![0; (size.0 - from.0) as usize];
        if file_bytes > from {
            fs.read_at(&fs.open(segment, Access::Read)?, from.0, &mut bytes)?;
        }
        for write in writes {
            let at = (write.entry.position.0 - from.0) as usize;
            let journal = fs.open(&write.from, Access::Read)?;
            fs.read_at(&journal, write.at, &mut bytes[at..at + write.entry.len as usize])?;
        }
        Ok((Newest { from, pieces: vec![Bytes::from(bytes)] }, size))
    }
}
