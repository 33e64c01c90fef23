//! Record batches, format v2 (magic 2): what producers send, what segment files hold, what
//! consumers get. The bytes are the same in all three places, but for base offset and leader epoch,
//! which the broker fills in.
//!
//! ```text
//! base offset      8   filled in by the broker; not under the checksum
//! batch length     4   bytes that follow this field
//! leader epoch     4   filled in by the broker; not under the checksum
//! magic            1   2
//! crc              4   CRC32C of everything below
//! attributes       2   compression, timestamp type, transactional, control
//! last offset delta 4
//! base timestamp   8
//! max timestamp    8
//! producer id      8   -1 if the producer is not idempotent
//! producer epoch   2
//! base sequence    4
//! record count     4
//! records              compressed as one block, if at all
//! ```
//!
//! Must not know where batches are kept, or whether a sequence number is the expected one.
pub mod attributes;
pub mod builder;
pub mod compression;
pub mod control;
pub mod header;
pub mod record;
pub mod retained;
pub mod snappy;
