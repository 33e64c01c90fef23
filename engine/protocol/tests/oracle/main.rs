//! Differential test: for every API and every version we serve, both directions, the bytes we write
//! are the bytes that the independent crate `kafka-protocol` writes, and each side reads the
//! other's.
//!
//! A broker and a load generator that share one codec cannot see its mistakes; this can. What it
//! cannot see, because `kafka-protocol` 0.18 does not have it, is checked against bytes written by
//! hand: ListOffsets 0 and 11.

mod batches;
mod body;
mod cluster;
mod configs;
mod fetch;
mod headers;
mod list_offsets;
mod metadata;
mod producer;
mod topics;
