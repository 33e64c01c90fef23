//! One committed offset: key 0 or 1.

use bytes::Bytes;

use super::{Unreadable, read_value, write_value};
use crate::model::TopicId;

const NAME: &str = "OffsetCommitValue";
const FLEXIBLE: i16 = 4;

/// The only version with an expiry of its own, which clients before Kafka 2.1 may ask for.
const WITH_EXPIRY: i16 = 1;

/// An offset with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetCommit {
    /// The next offset to read.
    pub offset: i64,
    /// Leader epoch of the last record read, -1 when unknown.
    pub leader_epoch: i32,
    /// The client's own note.
    pub metadata: String,
    /// When it was committed, wall clock.
    pub commit_ms: i64,
    /// When it expires, if the client said so.
    pub expire_ms: Option<i64>,
    /// The topic's id, zero when unknown.
    pub topic_id: TopicId,
}

impl OffsetCommit {
    /// As bytes. An expiry costs the leader epoch and the topic's id, as in Kafka.
    pub fn encode(&self) -> Bytes {
        let version = if self.expire_ms.is_some() { WITH_EXPIRY } else { 4 };
        write_value(version, FLEXIBLE, |w| {
            w.i64(self.offset);
            if version >= 3 {
                w.i32(self.leader_epoch);
            }
            w.string(&self.metadata);
            w.i64(self.commit_ms);
            if let Some(expire_ms) = self.expire_ms {
                w.i64(expire_ms);
            }
            if self.topic_id.is_zero() {
                w.no_tags();
            } else if version >= FLEXIBLE {
                w.tag_count(1);
                w.tag(0, |w| w.uuid(self.topic_id));
            }
        })
    }

    /// From bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        read_value(NAME, bytes, 4, FLEXIBLE, |r, version| {
            let offset = r.i64()?;
            let leader_epoch = if version >= 3 { r.i32()? } else { -1 };
            let metadata = r.string()?.to_owned();
            let commit_ms = r.i64()?;
            let expire_ms = if version == WITH_EXPIRY { r.i64()? } else { -1 };
            let mut topic_id = TopicId::ZERO;
            r.tags(|tag, r| {
                if tag == 0 {
                    topic_id = r.uuid()?;
                }
                Ok(())
            })?;
            let expire_ms = (expire_ms != -1).then_some(expire_ms);
            Ok(OffsetCommit { offset, leader_epoch, metadata, commit_ms, expire_ms, topic_id })
        })
    }
}
