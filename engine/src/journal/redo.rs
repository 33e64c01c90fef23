//! What a scan means for each partition, and putting it into the segments.
//!
//! Redo is physical and may be repeated: bytes go where they belong, whether they are there or not.
//! Must not know logs: where a segment's file is, the caller says.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use headwater_io::file::{Access, File, Fs};

use super::chain::{Chain, End, Verdict};
use super::checkpoint::PartitionPoint;
use super::frame::{Entry, Kind};
use super::scan::{FoundFrame, Scan};
use crate::model::{Offset, PartitionKey};
use crate::rare::{self, Rare};

/// The file of a partition's segment; `None` when there is no such partition any more.
pub type PathOf<'a> = dyn Fn(&PartitionKey, Offset) -> Option<PathBuf> + 'a;

/// What is to be done.
#[derive(Debug)]
pub struct Plan {
    /// For each partition with a point or an entry.
    pub partitions: Vec<PartitionPlan>,
    /// Commits from this one on are given up.
    pub end_seq: u64,
    /// Commits at the end that were given up because an extent's bytes do not check. Whether they were
    /// never durable or became damaged since cannot be told; no frame knows them to be durable.
    pub ambiguous_commits: u64,
    /// Acknowledged commits of which not even the entries are known.
    pub unknown_commits: u64,
    /// Bytes of extents and payloads that were read to check them.
    pub read_bytes: u64,
}

/// One partition's part of it.
#[derive(Debug)]
pub struct PartitionPlan {
    /// The partition.
    pub key: PartitionKey,
    /// What to write, in order.
    pub writes: Vec<Write>,
    /// Up to here its records are acknowledged.
    pub end: End,
    /// Whether all up to there is known.
    pub verdict: Verdict,
}

/// Inline bytes that belong in a segment.
#[derive(Clone, Debug)]
pub struct Write {
    /// What they are and where they go.
    pub entry: Entry,
    /// The journal file that has them.
    pub from: PathBuf,
    /// Where in it.
    pub at: u64,
}

/// What redo did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Entries written.
    pub entries: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Segment files that did not exist.
    pub created: Vec<PathBuf>,
    /// Entries of partitions that exist no more.
    pub of_deleted_partitions: u64,
}

/// Decides for each partition. Reads the extents that count, and payloads of damaged frames.
pub fn plan(
    fs: &Fs,
    scan: &Scan,
    points: &[PartitionPoint],
    path_of: &PathOf<'_>,
) -> io::Result<Plan> {
    let mut chains: BTreeMap<PartitionKey, (Chain, Vec<Write>)> =
        points.iter().map(|point| (point.key, (Chain::from_point(point), Vec::new()))).collect();
    let (mut end_seq, mut read_bytes) = (scan.decision.end_seq, 0);
    for found in &scan.frames {
        let sound = sound_entries(fs, found, &chains, path_of, &mut read_bytes)?;
        let durable = found.seq() <= scan.stable_seq;
        if !durable && sound.contains(&false) {
            end_seq = found.seq();
            break;
        }
        for (n, entry) in found.frame.entries.iter().enumerate() {
            let (chain, writes) =
                chains.entry(entry.key).or_insert_with(|| (Chain::from_entry(entry), Vec::new()));
            if chain.is_past(entry) {
                if chain.is_image(entry) && sound[n] && found.whole {
                    rare::reached(Rare::ImageRedone);
                    writes.extend(write(found, n));
                }
                continue;
            }
            if sound[n] {
                chain.follow(entry, found.seq());
                writes.extend(write(found, n));
            } else {
                chain.lose(entry, found.seq());
            }
        }
    }
    let (unknown_commits, last_unknown) = unknown_commits(scan);
    let partitions = chains.into_iter().map(|(key, (chain, writes))| {
        let (end, verdict) = chain.judge(last_unknown);
        PartitionPlan { key, writes, end, verdict }
    });
    Ok(Plan {
        partitions: partitions.collect(),
        end_seq,
        ambiguous_commits: scan.decision.end_seq - end_seq,
        unknown_commits,
        read_bytes,
    })
}

/// For each entry of a frame: whether its bytes are where they should be and check. Entries before a
/// partition's point are not looked at: their bytes were synced, and may have been deleted since.
fn sound_entries(
    fs: &Fs,
    found: &FoundFrame,
    chains: &BTreeMap<PartitionKey, (Chain, Vec<Write>)>,
    path_of: &PathOf<'_>,
    read_bytes: &mut u64,
) -> io::Result<Vec<bool>> {
    let mut holds = |path: &Path, at, entry: &Entry| {
        *read_bytes += u64::from(entry.len);
        holds(fs, path, at, entry)
    };
    let check = |(n, entry): (usize, &Entry)| {
        let past = chains.get(&entry.key).is_some_and(|(chain, _)| chain.is_past(entry));
        match entry.kind {
            _ if past => Ok(true),
            Kind::Inline if found.whole => Ok(true),
            Kind::Inline => holds(&found.path, payload_at(found, n), entry),
            Kind::Extent => match path_of(&entry.key, entry.segment_base) {
                Some(path) => holds(&path, entry.position.0, entry),
                None => Ok(true),
            },
        }
    };
    found.frame.entries.iter().enumerate().map(check).collect()
}

/// Whether the file holds the entry's bytes at `at`.
fn holds(fs: &Fs, path: &Path, at: u64, entry: &Entry) -> io::Result<bool> {
    if !fs.exists(path) {
        return Ok(false);
    }
    let file = fs.open(path, Access::Read)?;
    if fs.len(&file)? < at.saturating_add(u64::from(entry.len)) {
        return Ok(false);
    }
    let mut bytes = vec![0; entry.len as usize];
    let n = fs.read_at(&file, at, &mut bytes)?;
    Ok(n == bytes.len() && crc32c::crc32c(&bytes) == entry.crc)
}

fn write(found: &FoundFrame, n: usize) -> Option<Write> {
    let entry = found.frame.entries[n];
    let inline = entry.kind == Kind::Inline && entry.len > 0;
    inline.then(|| Write { entry, from: found.path.clone(), at: payload_at(found, n) })
}

fn payload_at(found: &FoundFrame, n: usize) -> u64 {
    found.at + found.frame.payloads[n].start as u64
}

/// How many lost commits left no entries behind, and the last of them. Never counted one by one: a
/// damaged number may claim any.
fn unknown_commits(scan: &Scan) -> (u64, Option<u64>) {
    let known = |seq: u64| scan.frames.binary_search_by_key(&seq, FoundFrame::seq).is_ok();
    let (mut count, mut last) = (0, None);
    for range in &scan.decision.lost {
        let within = scan.frames.iter().filter(|found| range.contains(&found.seq())).count();
        count += range.end - range.start - within as u64;
        last = range.clone().rev().find(|&seq| !known(seq)).or(last);
    }
    (count, last)
}

/// Writes the inline bytes into the segments, creates segments that are missing, and syncs all.
pub fn apply(fs: &Fs, plan: &Plan, path_of: &PathOf<'_>) -> io::Result<Report> {
    let mut report = Report::default();
    for partition in &plan.partitions {
        let by_segment =
            partition.writes.chunk_by(|a, b| a.entry.segment_base == b.entry.segment_base);
        for writes in by_segment {
            match path_of(&partition.key, writes[0].entry.segment_base) {
                Some(path) => apply_to_segment(fs, &path, writes, &mut report)?,
                None => report.of_deleted_partitions += writes.len() as u64,
            }
        }
    }
    Ok(report)
}

fn apply_to_segment(fs: &Fs, path: &Path, writes: &[Write], report: &mut Report) -> io::Result<()> {
    let (segment, created) = open_or_create(fs, path)?;
    for write in writes {
        let bytes = payload(fs, write)?;
        fs.write_all_at(&segment, write.entry.position.0, &bytes)?;
        report.entries += 1;
        report.bytes += bytes.len() as u64;
    }
    fs.sync(&segment)?;
    if created {
        fs.sync_dir(path.parent().unwrap_or(Path::new(".")))?;
        rare::reached(Rare::SegmentRemade);
        report.created.push(path.into());
    }
    Ok(())
}

fn open_or_create(fs: &Fs, path: &Path) -> io::Result<(File, bool)> {
    match fs.exists(path) {
        true => Ok((fs.open(path, Access::Write)?, false)),
        false => Ok((fs.create_new(path, Access::Write)?, true)),
    }
}

/// The bytes of an inline entry, read again; the scan keeps none of them.
fn payload(fs: &Fs, write: &Write) -> io::Result<Vec<u8>> {
    let journal = fs.open(&write.from, Access::Read)?;
    let mut bytes = vec![0; write.entry.len as usize];
    let n = fs.read_at(&journal, write.at, &mut bytes)?;
    if n == bytes.len() && crc32c::crc32c(&bytes) == write.entry.crc {
        return Ok(bytes);
    }
    let what = format!("{} at {} does not hold what it held", write.from.display(), write.at);
    Err(io::Error::new(io::ErrorKind::InvalidData, what))
}

#[cfg(test)]
#[path = "redo_tests.rs"]
mod tests;
