//! The two epochs of a consumer group (KIP-848): keys 3 and 6.

use bytes::Bytes;

use super::{Unreadable, read_value, write_value};

/// The group's epoch: grows whenever members, subscriptions or topics change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupEpoch {
    /// The epoch.
    pub epoch: i32,
    /// A digest of the subscribed topics as they were; 0 when unknown. How it is made is each broker's own
    /// business: another digest costs one more epoch.
    pub metadata_hash: i64,
}

/// The epoch that the target assignment was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetEpoch {
    /// The epoch.
    pub epoch: i32,
    /// When it was made, wall clock; 0 when unknown.
    pub made_ms: i64,
}

impl GroupEpoch {
    /// As bytes.
    pub fn encode(&self) -> Bytes {
        encode(self.epoch, self.metadata_hash)
    }

    /// From bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        let (epoch, metadata_hash) = decode("ConsumerGroupMetadataValue", bytes)?;
        Ok(GroupEpoch { epoch, metadata_hash })
    }
}

impl TargetEpoch {
    /// As bytes.
    pub fn encode(&self) -> Bytes {
        encode(self.epoch, self.made_ms)
    }

    /// From bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        let (epoch, made_ms) = decode("ConsumerGroupTargetAssignmentMetadataValue", bytes)?;
        Ok(TargetEpoch { epoch, made_ms })
    }
}

/// Both values have the same form: an epoch, and a number under tag 0 that is left out when it is 0.
fn encode(epoch: i32, tagged: i64) -> Bytes {
    write_value(0, 0, |w| {
        w.i32(epoch);
        if tagged == 0 {
            w.no_tags();
        } else {
            w.tag_count(1);
            w.tag(0, |w| w.i64(tagged));
        }
    })
}

fn decode(what: &'static str, bytes: &[u8]) -> Result<(i32, i64), Unreadable> {
    read_value(what, bytes, 0, 0, |r, _| {
        let epoch = r.i32()?;
        let mut tagged = 0;
        r.tags(|tag, r| {
            if tag == 0 {
                tagged = r.i64()?;
            }
            Ok(())
        })?;
        Ok((epoch, tagged))
    })
}
