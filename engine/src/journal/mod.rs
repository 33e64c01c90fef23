//! One core's journal: what its partitions gather is made durable together, by one write.
//!
//! Pure: formats, the state of the ring of files, and what a scan of them means. Submits nothing; must
//! not know logs, shards or requests.
