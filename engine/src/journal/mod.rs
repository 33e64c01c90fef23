//! One core's journal: what its partitions gather is made durable together, by one write.
//!
//! Pure: formats, the state of the ring of files, and what a scan of them means. Submits nothing; must
//! not know logs, shards or requests.
//!
//! * [`frame`]: one group commit as bytes;
//! * [`header`]: the first block of a file;
//! * [`ring`]: which file and byte the next frame goes to, and which files are free again;
//! * [`checkpoint`]: from which commit on the journal is needed.

pub mod checkpoint;
pub mod frame;
pub mod header;
pub mod ring;

mod fields;
