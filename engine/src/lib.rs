//! Headwater: a durable log engine that keeps Kafka's promises at device speed.
//!
//! The modules in the order in which data meets them. Each may use only what is below it; a test holds
//! the order (`cargo test -p xtask`).
//!
//! * [`cli`]: the program `headwater`; [`embedded`]: the engine inside another program; [`boot`]: starts
//!   the cores for either;
//! * [`worker`]: one core's loop, the only place that knows sockets, shards and the controller together;
//! * [`net`]: sockets to frames and back;
//! * [`api`]: frames to meaning, one file per Kafka API;
//! * [`broker`]: decisions and their records: topics, identity, producer ids, fetch sessions;
//! * [`shard`]: the partitions of one core: who waits for what;
//! * [`journal`]: one core's journal: frames, files, checkpoints, what a scan of them means; pure;
//! * [`log`]: one partition's log: append, read, group commit, recovery;
//! * [`segment`]: one file of a log: batches, index, tail, space.
//!
//! Free to all: [`config`] (every setting once), [`metrics`] (every metric once), [`model`] (offsets,
//! positions, epochs as types), [`token`] (names of operations in flight), [`planted`] (mistakes for the
//! simulator to find), [`rare`] (paths for it to reach).
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod boot;
pub mod cli;
pub mod embedded;
pub mod worker;

pub mod net;

pub mod api;

pub mod broker;

pub mod shard;

pub mod journal;
pub mod log;

pub mod segment;

pub mod config;
pub mod metrics;
pub mod model;
pub mod planted;
pub mod rare;
pub mod token;
