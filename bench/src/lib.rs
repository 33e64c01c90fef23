//! The laboratory beside the engine: measures what a disk and a machine allow, runs the engine (or any
//! broker that speaks Kafka's protocol) under every durability setting, and shows each result as a
//! share of the limit measured in the same minutes.
//!
//! In the order in which a run meets them:
//!
//! | module | what it does |
//! | --- | --- |
//! | [`args`], [`commands`] | what was asked for, and the straight line from there to a report |
//! | [`host`] | the machine: facts, device counters, processes, and how noisy it was |
//! | [`limits`] | the best this machine can do, with the engine's ring and no log |
//! | [`setting`], [`plan`] | which cells are measured, in which order |
//! | [`compare`], [`tune`], [`figures`], [`journal`], [`eos`] | the cells of each command, and what is concluded from them |
//! | [`scale`] | many topics, partitions and groups that nobody loads |
//! | [`target`] | brokers: started beside the bench, or found running |
//! | [`runner`] | runs the plan; a failed run is a row, not a gap |
//! | [`evidence`] | the results folder: raw rows in, raw rows out |
//! | [`analysis`], [`stats`] | rows to medians, spreads and shares |
//! | [`gate`] | whether the measurement itself can be trusted |
//! | [`report`] | terminal, Markdown and HTML; reads evidence, never measures |
//!
//! It must not know how a broker works inside: everything is seen from the socket, the device and
//! `/proc`.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod analysis;
pub mod args;
pub mod commands;
pub mod compare;
pub mod eos;
pub mod evidence;
pub mod figures;
pub mod gate;
pub mod host;
pub mod interrupt;
pub mod journal;
pub mod limits;
pub mod number;
pub mod plan;
pub mod progress;
pub mod report;
pub mod runner;
pub mod scale;
pub mod scratch;
pub mod setting;
pub mod stats;
#[cfg(test)]
mod synthetic;
pub mod table;
pub mod target;
pub mod tune;
