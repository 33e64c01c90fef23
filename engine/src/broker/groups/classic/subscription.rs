//! What consumers of the classic protocol tell each other: subscription and assignment, as far as the broker
//! must read or write them.
//!
//! ```text
//! subscription   version: 2 | topics: [string] | user data: bytes
//!                | from 1: owned [topic: string, [partition: 4]] | from 2: generation: 4 | from 3: rack: string
//! assignment     version: 2 | [topic: string, [partition: 4]] | user data: bytes
//! ```
//!
//! Every version begins as the one before, and none is flexible.

use bytes::{Bytes, BytesMut};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;
use headwater_protocol::wire::writer::Writer;

/// The newest version that we know.
const NEWEST: i16 = 3;

/// What a consumer subscribes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::broker::groups) struct Subscription {
    pub(in crate::broker::groups) version: i16,
    pub(in crate::broker::groups) topics: Vec<String>,
    /// What it had before it joined, by topic.
    pub(in crate::broker::groups) owned: Vec<(String, Vec<i32>)>,
    pub(in crate::broker::groups) rack: Option<String>,
    /// Something that only the members' own assignor understands.
    pub(in crate::broker::groups) has_user_data: bool,
}

/// The topics alone; none when the bytes are something else.
pub(super) fn topics(bytes: &[u8]) -> Option<Vec<String>> {
    let mut r = Reader::new(bytes, false);
    (r.i16().ok()? >= 0).then_some(())?;
    r.array(2, |r| r.string().map(str::to_owned)).ok()
}

impl Subscription {
    /// From bytes.
    pub(in crate::broker::groups) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes, false);
        let version = r.i16()?.clamp(0, NEWEST);
        let topics = r.array(2, |r| r.string().map(str::to_owned))?;
        let has_user_data = r.nullable_bytes()?.is_some_and(|bytes| !bytes.is_empty());
        let owned = if version >= 1 {
            r.array(6, |r| Ok((r.string()?.to_owned(), r.array(4, Reader::i32)?)))?
        } else {
            Vec::new()
        };
        if version >= 2 {
            r.i32()?;
        }
        let rack = if version >= 3 { r.nullable_string()?.map(str::to_owned) } else { None };
        Ok(Subscription { version, topics, owned, rack, has_user_data })
    }
}

/// An assignment by topic and partition, for a member that speaks this version.
pub(in crate::broker::groups) fn encode_assignment(
    version: i16,
    topics: &[(String, Vec<i32>)],
) -> Bytes {
    let mut bytes = BytesMut::new();
    let mut w = Writer::new(&mut bytes, false);
    w.i16(version);
    w.array(topics, |w, (topic, partitions)| {
        w.string(topic);
        w.array(partitions, |w, partition| w.i32(*partition));
    });
    w.nullable_bytes(None);
    bytes.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_of_a_subscription_is_read() {
        for version in 0..=5 {
            let mut bytes = BytesMut::new();
            let mut w = Writer::new(&mut bytes, false);
            w.i16(version);
            w.array(&["a", "b"], |w, topic| w.string(topic));
            w.nullable_bytes(Some(b"x"));
            w.array(&[7], |w, partition| {
                w.string("a");
                w.array(&[*partition], |w, partition| w.i32(*partition));
            });
            w.i32(3);
            w.nullable_string(Some("r1"));
            let read = Subscription::decode(&bytes).unwrap();
            assert_eq!(read.topics, ["a", "b"], "version {version}");
            assert_eq!(topics(&bytes).unwrap(), ["a", "b"]);
            assert_eq!(read.owned.len(), usize::from(version >= 1));
            assert_eq!(read.rack.is_some(), version >= 3);
            assert!(read.has_user_data);
        }
        assert_eq!(topics(b"\xff\xff\0\0\0\0"), None);
        assert_eq!(topics(b"\0\x01\0\0\0\x09"), None);
    }
}
