//! What the broker decides: which topics exist and where their partitions are, who the directory
//! belongs to, which producer ids are given out, how fast clients may be. Its state is records in the metadata store.
//!
//! Must not know bytes of requests or logs; [`start`] alone opens logs, to hand them to their shards.

pub mod abreast;
pub mod catalog;
pub mod controller;
pub mod coordination;
pub mod fetch_sessions;
pub mod groups;
pub mod identity;
pub mod journals;
pub mod meta_store;
pub mod pattern;
pub mod quotas;
pub mod start;
pub mod topics;
pub mod txn;
