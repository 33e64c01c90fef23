//! A Kafka client that measures and doubts: offers load to Headwater's library or to any broker that
//! speaks Kafka's protocol, and says what it took and whether everything acknowledged is really there.
//!
//! One call does it all: [`run::run`] takes a [`spec::RunSpec`] and returns a [`result::RunResult`].
//! The command line is a thin layer over that; `bench` and the simulator call it directly.
//!
//! In the order in which a record meets them:
//!
//! | module | what it does |
//! | --- | --- |
//! | [`spec`], [`spec_rules`] | what is asked for, and whether it makes sense |
//! | [`run`] | a thread with a driver for one run |
//! | [`session`] | the loop: events in, records out, phase by phase |
//! | [`schedule`], [`pace`] | when records are meant to be sent, and whether the generator kept to it |
//! | [`source`], [`payload`], [`input`] | what the records are |
//! | [`partitioner`], [`batch`], [`producer`] | which partition, which batch, which request |
//! | [`client`] | connections |
//! | [`consumer`] | reading while it is written, or only reading |
//! | [`verify`] | what was acknowledged against what is there |
//! | [`meter`], [`latency`], [`result`] | what is measured, and its schema |
//! | [`progress`], [`report`] | what a person sees |
//!
//! It must not know how a broker works: it links the protocol and the I/O seam, and from the engine
//! only what any user of the library sees.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod args;
pub mod batch;
pub mod client;
pub mod consumer;
pub mod input;
pub mod latency;
pub mod meter;
pub mod pace;
pub mod partitioner;
pub mod payload;
pub mod producer;
pub mod progress;
pub mod report;
pub mod result;
pub mod run;
pub mod schedule;
pub mod session;
pub mod source;
pub mod spec;
pub mod spec_rules;
pub mod verify;

/// Keeps the examples of the README true.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
