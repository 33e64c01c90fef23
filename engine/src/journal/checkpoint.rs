//! A checkpoint: from which commit on the journal is needed, and where every partition was then.
//!
//! Two files take turns; the newer one that checks counts, so a torn one costs nothing. Written by the
//! shard after the segments were synced, and only then is journal space used again.
//!
//! ```text
//! magic "HWJC"      4
//! version           4   1
//! serial            8   grows by one; even goes to checkpoint-a, odd to checkpoint-b
//! directory id     16
//! shard             2
//! in use            2   1: partitions of this shard were served through the journal since
//! epoch floor       4   frames of lower epochs do not count
//! first needed seq  8   neither do commits before this one
//! partition count   4
//! crc               4   CRC32C of everything before it and of the partitions
//! partitions            56 bytes each: topic id 16, partition 4, segment base 8, position 8,
//!                       next offset 8, log start 8, leader epoch 4
//! ```

use std::io;
use std::path::{Path, PathBuf};

use headwater_io::file::Fs;

use super::fields::{id_at, u16_at, u32_at, u64_at};
use crate::model::{LeaderEpoch, Offset, PartitionKey, Position, ShardId, TopicId};
use crate::rare::{self, Rare};

const MAGIC: u32 = u32::from_be_bytes(*b"HWJC");
const VERSION: u32 = 1;
const CRC_AT: usize = 4 + 4 + 8 + 16 + 2 + 2 + 4 + 8 + 4;
const HEADER_BYTES: usize = CRC_AT + 4;
const PARTITION_BYTES: usize = 16 + 4 + 8 + 8 + 8 + 8 + 4;

/// What a recovery starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The newer of two has the higher.
    pub serial: u64,
    /// The data directory's identity.
    pub directory: TopicId,
    /// The shard.
    pub shard: ShardId,
    /// Whether logs were served through the journal since.
    pub in_use: bool,
    /// Frames of lower epochs do not count.
    pub epoch_floor: u32,
    /// Earlier commits are in their segments.
    pub first_needed_seq: u64,
    /// Where each partition was.
    pub partitions: Vec<PartitionPoint>,
}

/// Up to here a partition's bytes are durable in its segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionPoint {
    /// The partition.
    pub key: PartitionKey,
    /// Base offset of the active segment.
    pub segment_base: Offset,
    /// The byte in it.
    pub position: Position,
    /// The offset after the last record before that byte.
    pub next_offset: Offset,
    /// Where the log started.
    pub log_start: Offset,
    /// The leader epoch.
    pub epoch: LeaderEpoch,
}

/// Why there is no checkpoint here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckpointFault {
    /// Not as it was written, or never wholly written.
    Damaged,
    /// Sound, and of a version that this program does not know.
    Newer(u32),
}

/// What a shard's folder has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// No checkpoint file: no start has ended yet.
    None,
    /// The newest that checks.
    Newest(Checkpoint),
    /// Files, and none checks. The very first one may have been cut while it was written: then the
    /// journal has no frames either, since none is written before it.
    Damaged,
}

/// Where the checkpoint of this serial goes.
pub fn path(dir: &Path, serial: u64) -> PathBuf {
    dir.join(if serial.is_multiple_of(2) { "checkpoint-a" } else { "checkpoint-b" })
}

/// The newest sound checkpoint of a shard's folder.
pub fn newest(fs: &Fs, dir: &Path) -> Result<Found, io::Error> {
    let mut found = Found::None;
    for turn in 0..2 {
        let path = path(dir, turn);
        if !fs.exists(&path) {
            continue;
        }
        match decode(&fs.read(&path)?) {
            Ok(checkpoint) => match &found {
                Found::Newest(other) if other.serial > checkpoint.serial => {}
                _ => found = Found::Newest(checkpoint),
            },
            Err(CheckpointFault::Damaged) => {
                rare::reached(Rare::CheckpointTorn);
                if found == Found::None {
                    found = Found::Damaged;
                }
            }
            Err(CheckpointFault::Newer(version)) => return Err(newer(&path, version)),
        }
    }
    Ok(found)
}

/// A file of a version that this release cannot read.
pub(super) fn newer(path: &Path, version: u32) -> io::Error {
    let what = format!("{} has version {version}: written by a newer release", path.display());
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// The bytes of a checkpoint.
pub fn encode(checkpoint: &Checkpoint) -> Vec<u8> {
    let count = checkpoint.partitions.len();
    let mut out = Vec::with_capacity(HEADER_BYTES + count * PARTITION_BYTES);
    out.extend(MAGIC.to_be_bytes());
    out.extend(VERSION.to_be_bytes());
    out.extend(checkpoint.serial.to_be_bytes());
    out.extend(checkpoint.directory.0);
    out.extend(checkpoint.shard.0.to_be_bytes());
    out.extend(u16::from(checkpoint.in_use).to_be_bytes());
    out.extend(checkpoint.epoch_floor.to_be_bytes());
    out.extend(checkpoint.first_needed_seq.to_be_bytes());
    out.extend((count as u32).to_be_bytes());
    out.extend([0; 4]);
    for point in &checkpoint.partitions {
        out.extend(point.key.topic.0);
        out.extend(point.key.index.to_be_bytes());
        out.extend(point.segment_base.0.to_be_bytes());
        out.extend(point.position.0.to_be_bytes());
        out.extend(point.next_offset.0.to_be_bytes());
        out.extend(point.log_start.0.to_be_bytes());
        out.extend(point.epoch.0.to_be_bytes());
    }
    let crc = checksum(&out);
    out[CRC_AT..HEADER_BYTES].copy_from_slice(&crc.to_be_bytes());
    out
}

/// The checkpoint at the start of `bytes`; what an older, longer one left behind it is ignored.
pub fn decode(bytes: &[u8]) -> Result<Checkpoint, CheckpointFault> {
    if bytes.len() < HEADER_BYTES || u32_at(bytes, 0) != MAGIC {
        return Err(CheckpointFault::Damaged);
    }
    let count = u32_at(bytes, 48) as usize;
    let total_bytes = HEADER_BYTES + count * PARTITION_BYTES;
    let bytes = bytes.get(..total_bytes).ok_or(CheckpointFault::Damaged)?;
    if checksum(bytes) != u32_at(bytes, CRC_AT) {
        return Err(CheckpointFault::Damaged);
    }
    match u32_at(bytes, 4) {
        VERSION => {}
        version => return Err(CheckpointFault::Newer(version)),
    }
    let partitions = bytes[HEADER_BYTES..].chunks_exact(PARTITION_BYTES).map(decode_point);
    Ok(Checkpoint {
        serial: u64_at(bytes, 8),
        directory: TopicId(id_at(bytes, 16)),
        shard: ShardId(u16_at(bytes, 32)),
        in_use: u16_at(bytes, 34) == 1,
        epoch_floor: u32_at(bytes, 36),
        first_needed_seq: u64_at(bytes, 40),
        partitions: partitions.collect(),
    })
}

fn decode_point(bytes: &[u8]) -> PartitionPoint {
    PartitionPoint {
        key: PartitionKey { topic: TopicId(id_at(bytes, 0)), index: u32_at(bytes, 16) as i32 },
        segment_base: Offset(u64_at(bytes, 20) as i64),
        position: Position(u64_at(bytes, 28)),
        next_offset: Offset(u64_at(bytes, 36) as i64),
        log_start: Offset(u64_at(bytes, 44) as i64),
        epoch: LeaderEpoch(u32_at(bytes, 52) as i32),
    }
}

fn checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&bytes[..CRC_AT]), &bytes[HEADER_BYTES..])
}

#[cfg(test)]
#[path = "checkpoint_tests.rs"]
mod tests;
