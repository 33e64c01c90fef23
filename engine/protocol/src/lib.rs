//! Kafka's wire protocol: bytes to types and back.
//!
//! Pure functions over byte slices: no sockets, no files, no clocks, no threads. The broker, the
//! load generator and the fuzzers all link this crate, so it must not know who is calling.
//! Everything that arrives is treated as hostile: a decoder looks at the bytes that are really
//! there before it reserves memory, and a bad frame ends in a [`wire::error::DecodeError`] that
//! says what was missing and where.
//!
//! Where to look:
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`api_key`] | the table of APIs and versions, spoken and served; `ApiVersions` and the docs are read from it |
//! | [`error_code`] | Kafka's error codes: number, name, retriable or not |
//! | [`frame`] | length prefix, request and response headers |
//! | [`wire`] | primitive types: reader, writer, their errors |
//! | [`messages`] | one file per API, request and response, both directions |
//! | [`batch`] | record batches, format v2: header, records, builder, compression |
//! | [`murmur2`] | the hash that assigns keys to partitions |
//!
//! Not here: message formats v0 and v1 (Kafka 4 dropped them), the meaning of a request, and
//! anything that keeps state.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod api_key;
pub mod batch;
pub mod error_code;
pub mod frame;
pub mod messages;
pub mod murmur2;
pub mod wire;
