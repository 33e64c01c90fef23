//! What a partition of `__consumer_offsets` holds: Kafka's own records, so that Kafka's tools print them.
//!
//! A key begins with its version (int16), which is also the kind of record; keys are never *flexible*. A
//! value begins with its version, too; without a value the record is a tombstone.
//!
//! | key | key's fields | value | written | read |
//! | --- | --- | --- | --- | --- |
//! | 0, 1 | group, topic, partition (int32) | an offset: [`offset_commit`] | 4, or 1 with an expiry | 0-4 |
//! | 2 | group | a classic group: [`group_metadata`] | 3 | 0-4 |
//! | 3 | group | epoch of a consumer group: [`consumer_group`] | 0 | 0 |
//! | 4 | group | what Kafka before 4.1 knew of topics | tombstones only | skipped |
//! | 5 | group, member | a member: [`member`] | 0 | 0 |
//! | 6 | group | epoch of the target assignment: [`consumer_group`] | 0 | 0 |
//! | 7 | group, member | its target assignment: [`assignment`] | 0 | 0 |
//! | 8 | group, member | its current assignment: [`assignment`] | 0 | 0 |
//! | 16 | group, expression | topics that a regular expression stands for | never | skipped |
//!
//! Other keys (share groups 9 to 15, streams groups 17 to 23, whatever is new) are skipped, as in Kafka.
//! Strings of keys have a length of two bytes. An offset under key 1, group `g`, topic `t`, partition 7:
//!
//! ```text
//! key    00 01 | 00 01 67 | 00 01 74 | 00 00 00 07
//! value  00 04 | offset: 8 | leader epoch: 4 | metadata: varint and bytes | commit time, ms: 8
//!        | tagged fields: 01 | tag 00, 10 bytes (16) | topic id: 16
//! ```
//!
//! Knows bytes, and nothing of what groups do with them.

pub mod assignment;
pub mod consumer_group;
pub mod entry;
pub mod group_metadata;
pub mod member;
pub mod offset_commit;

use std::fmt;

use bytes::{Bytes, BytesMut};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;
use headwater_protocol::wire::writer::Writer;

pub use entry::Entry;

/// A record that says nothing we understand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Key or value of what.
    pub what: &'static str,
    /// Its version; -1 when there is none.
    pub version: i16,
    /// The bytes are wrong; none when the version is unknown.
    pub why: Option<DecodeError>,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.why {
            Some(why) => write!(f, "{} of version {}: {why}", self.what, self.version),
            None => write!(f, "{} has version {}, which is unknown", self.what, self.version),
        }
    }
}

impl std::error::Error for Unreadable {}

type Decoded<T> = Result<T, DecodeError>;

/// A value after its version, which is flexible from `flexible_from`.
fn write_value(version: i16, flexible_from: i16, body: impl FnOnce(&mut Writer<'_>)) -> Bytes {
    let mut bytes = BytesMut::new();
    let mut writer = Writer::new(&mut bytes, false);
    writer.i16(version);
    writer.set_flexible(version >= flexible_from);
    body(&mut writer);
    bytes.freeze()
}

/// Reads a value of a version up to `newest`, flexible from `flexible_from`.
fn read_value<'a, T>(
    what: &'static str,
    bytes: &'a [u8],
    newest: i16,
    flexible_from: i16,
    body: impl FnOnce(&mut Reader<'a>, i16) -> Decoded<T>,
) -> Result<T, Unreadable> {
    let mut reader = Reader::new(bytes, false);
    let version = reader.i16().map_err(|why| Unreadable { what, version: -1, why: Some(why) })?;
    if !(0..=newest).contains(&version) {
        return Err(Unreadable { what, version, why: None });
    }
    reader.set_flexible(version >= flexible_from);
    body(&mut reader, version).map_err(|why| Unreadable { what, version, why: Some(why) })
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
