//! One core's journal: what its partitions gather is made durable together, by one write.
//!
//! Pure: formats, the state of the ring of files, and what a scan of them means. Submits nothing; must
//! not know logs, shards or requests.
//!
//! * [`frame`]: one group commit as bytes;
//! * [`seal`]: why no client can forge one;
//! * [`header`]: the first block of a file;
//! * [`ring`]: which file and byte the next frame goes to, and which files are free again;
//! * [`checkpoint`]: from which commit on the journal is needed;
//! * [`scan`]: what the files say after a stop, and the one table that decides;
//! * [`chain`]: whether a partition is concerned by what is damaged;
//! * [`redo`]: puts the rest into the segments.

pub mod chain;
pub mod checkpoint;
pub mod frame;
pub mod header;
pub mod redo;
pub mod ring;
pub mod scan;
pub mod seal;

mod fields;
