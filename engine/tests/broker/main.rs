//! The broker as its users meet it: a real process, real files, real sockets, on both backends.
//!
//! | module | what it shows |
//! | --- | --- |
//! | [`admin`] | settings and quotas change while it runs, and questions about places are answered |
//! | [`commands`] | what people type about groups and transactions does what it says |
//! | [`compaction`] | of each key one record is left, also after kills |
//! | [`descriptors`] | an idle partition takes one |
//! | [`metrics`] | what is scraped is what was done, in Prometheus' format, and a scraper disturbs nobody |
//! | [`offline`] | what offline tools say of a journal is what the next start does |
//! | [`protocol`] | every API that is served answers as Kafka does, for good and for bad requests |
//! | [`hostile`] | bytes and clients that mean harm cost nobody else anything |
//! | [`repair`] | a log that lost something is served again when somebody accepts the loss |
//! | [`restart`] | what was acknowledged is there after stops of every kind, once |
//! | [`scrub`] | rot in old records is found before anybody asks for them |
//! | [`trouble`] | what cannot work says so in one line, and changes nothing |
//! | [`blocking`] | a shard's thread never waits in a system call |
//! | [`library`] | the same engine inside a program |
#![forbid(unsafe_code)]

mod harness;

mod admin;
mod blocking;
mod commands;
mod compaction;
mod descriptors;
mod hostile;
mod library;
mod metrics;
mod offline;
mod protocol;
mod repair;
mod restart;
mod scrub;
mod trouble;
