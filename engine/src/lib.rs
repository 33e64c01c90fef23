//! Headwater: a durable log engine that keeps Kafka's promises at device speed.
//!
//! The modules in the order in which data meets them; each may use only what is below it, which a test
//! holds (`cargo test -p xtask`):
//!
//! * [`log`]: one partition's log: append, read, group commit, recovery;
//! * [`segment`]: one file of a log: batches, index, tail, space.
//!
//! Free to all: [`model`] (offsets, positions, epochs as types), [`token`] (names of operations).
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod log;
pub mod model;
pub mod segment;
pub mod token;
