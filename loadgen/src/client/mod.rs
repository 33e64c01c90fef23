//! The client: connections, requests and answers, as explicit state machines on one driver.
//!
//! One thread drives every connection of a run, because a generator that shares two processors with
//! the broker it measures must cost as little as possible. Nothing in here blocks or asks the
//! operating system for the time, so the same client runs on simulated sockets.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`sink`] | where requests go: [`network`] or [`embedded`] |
//! | [`embedded`] | the engine in this process |
//! | [`network`] | all connections of a run: submit, reap, events out |
//! | [`connection`] | one of them: outbox, inbox, answers expected |
//! | [`versions`] | which version of each API both sides speak |
//! | [`messages`] | produce and fetch: requests built without copying batches, answers reduced to facts |
//! | [`cluster`] | brokers and who leads which partition |
//! | [`control`] | single calls as futures, for everything that is not the load itself |
//! | [`setup`] | the topic, its leaders, offsets |
//! | [`identity`] | producer ids, and who coordinates transactions |
//!
//! Must not know what a run measures.

pub mod cluster;
pub mod connection;
pub mod control;
pub mod embedded;
pub mod identity;
pub mod messages;
pub mod network;
pub mod setup;
pub mod sink;
pub mod versions;
