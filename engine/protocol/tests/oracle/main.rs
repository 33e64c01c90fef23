//! Differential test: for every API and every version we speak, both directions, the bytes we write
//! are the bytes that the independent crate `kafka-protocol` writes, and each side reads the
//! other's.
//!
//! A broker and a load generator that share one codec cannot see its mistakes; this can. What it
//! cannot see, because `kafka-protocol` 0.18 does not have it, is checked against bytes written by
//! hand: ListOffsets 0 and 11, and what stands in [`by_hand`].

mod alter_configs;
mod batches;
mod body;
mod by_hand;
mod cluster;
mod configs;
mod consumer_groups;
mod describe_topic_partitions;
mod fetch;
mod group_admin;
mod groups;
mod headers;
mod list_offsets;
mod log_dirs;
mod metadata;
mod offsets;
mod partitions;
mod producer;
mod quotas;
mod samples;
mod topics;
mod transaction_admin;
mod transactions;
