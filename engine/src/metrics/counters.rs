//! What is counted on the way: plain integers of one thread, each kept by whoever it happens to.

use super::histogram::Histogram;

/// What went through a partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// Bytes of batches that were appended.
    pub produced_bytes: u64,
    /// Their records.
    pub produced_records: u64,
    /// Bytes of batches that were read.
    pub read_bytes: u64,
}

/// What a shard's journal has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Journaled {
    /// Frames handed to the device.
    pub commits: u64,
    /// Their bytes.
    pub frame_bytes: u64,
    /// Bytes of extents.
    pub extent_bytes: u64,
    /// Rounds of write-back that have ended.
    pub rounds: u64,
    /// Times that no frame fitted.
    pub full: u64,
}

/// What a shard's connections have done.
#[derive(Clone, Debug, Default)]
pub struct Connected {
    /// Connections that were accepted.
    pub accepted: u64,
    /// And those that were not, as there were too many.
    pub refused: u64,
    /// Those that were ended for what their clients did.
    pub ended: u64,
    /// How long sockets took to take what they were given.
    pub sends: Histogram,
}

impl Flow {
    /// So much was appended.
    pub fn appended(&mut self, bytes: usize, records: i64) {
        self.produced_bytes += bytes as u64;
        self.produced_records += records as u64;
    }

    /// Adds another one.
    pub fn add(&mut self, other: Flow) {
        self.produced_bytes += other.produced_bytes;
        self.produced_records += other.produced_records;
        self.read_bytes += other.read_bytes;
    }
}
