//! One file of a log: contiguous record batches from byte 0 and nothing else.
//!
//! `scan` walks the batches of a file and names every way the walk can end; `index` finds a batch by
//! offset or time; `tail` gathers what is appended into blocks a disk can take; `room` decides how far
//! the file is allocated and zeroed ahead. Must not know partitions, producers or requests.

pub mod index;
pub mod newest;
pub mod room;
pub mod scan;
pub mod tail;
