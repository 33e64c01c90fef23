//! A record as a value: which thing it is about, and what is said of it; nothing said means removed.

use bytes::{Bytes, BytesMut};
use headwater_protocol::wire::reader::Reader;
use headwater_protocol::wire::writer::Writer;

use super::assignment::{CurrentAssignment, Partitions, decode_target, encode_target};
use super::consumer_group::{GroupEpoch, TargetEpoch};
use super::group_metadata::GroupMetadata;
use super::member::MemberMetadata;
use super::offset_commit::OffsetCommit;
use super::{Decoded, Unreadable};

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "fields are group, member, topic, partition and the value, none for a tombstone"
)]
pub enum Entry {
    /// An offset of a partition.
    Offset { group: String, topic: String, partition: i32, value: Option<OffsetCommit> },
    /// A classic group.
    Classic { group: String, value: Option<GroupMetadata> },
    /// The epoch of a consumer group.
    Epoch { group: String, value: Option<GroupEpoch> },
    /// A member of a consumer group.
    Member { group: String, member: String, value: Option<MemberMetadata> },
    /// The epoch of a target assignment.
    TargetEpoch { group: String, value: Option<TargetEpoch> },
    /// A member's target assignment.
    Target { group: String, member: String, value: Option<Partitions> },
    /// A member's current assignment.
    Current { group: String, member: String, value: Option<CurrentAssignment> },
}

impl Entry {
    /// Key and value as bytes.
    pub fn encode(&self) -> (Bytes, Option<Bytes>) {
        match self {
            Entry::Offset { group, topic, partition, value } => {
                let key = key(1, |w| {
                    w.string(group);
                    w.string(topic);
                    w.i32(*partition);
                });
                (key, value.as_ref().map(OffsetCommit::encode))
            }
            Entry::Classic { group, value } => {
                (group_key(2, group), value.as_ref().map(GroupMetadata::encode))
            }
            Entry::Epoch { group, value } => {
                (group_key(3, group), value.as_ref().map(GroupEpoch::encode))
            }
            Entry::Member { group, member, value } => {
                (member_key(5, group, member), value.as_ref().map(MemberMetadata::encode))
            }
            Entry::TargetEpoch { group, value } => {
                (group_key(6, group), value.as_ref().map(TargetEpoch::encode))
            }
            Entry::Target { group, member, value } => {
                (member_key(7, group, member), value.as_ref().map(encode_target))
            }
            Entry::Current { group, member, value } => {
                (member_key(8, group, member), value.as_ref().map(CurrentAssignment::encode))
            }
        }
    }

    /// The group that it is about.
    pub fn group(&self) -> &str {
        match self {
            Entry::Offset { group, .. }
            | Entry::Classic { group, .. }
            | Entry::Epoch { group, .. }
            | Entry::Member { group, .. }
            | Entry::TargetEpoch { group, .. }
            | Entry::Target { group, .. }
            | Entry::Current { group, .. } => group,
        }
    }

    /// Whether it says that something is no more.
    pub fn is_tombstone(&self) -> bool {
        match self {
            Entry::Offset { value, .. } => value.is_none(),
            Entry::Classic { value, .. } => value.is_none(),
            Entry::Epoch { value, .. } => value.is_none(),
            Entry::Member { value, .. } => value.is_none(),
            Entry::TargetEpoch { value, .. } => value.is_none(),
            Entry::Target { value, .. } => value.is_none(),
            Entry::Current { value, .. } => value.is_none(),
        }
    }

    /// From bytes; none for a kind that we have no use for.
    pub fn decode(key: &[u8], value: Option<&[u8]>) -> Result<Option<Self>, Unreadable> {
        let mut r = Reader::new(key, false);
        let unreadable = |version| move |why| Unreadable { what: "key", version, why: Some(why) };
        let kind = r.i16().map_err(unreadable(-1))?;
        let entry = match kind {
            0 | 1 => {
                let (group, topic, partition) = offset_key(&mut r).map_err(unreadable(kind))?;
                let value = value.map(OffsetCommit::decode).transpose()?;
                Entry::Offset { group, topic, partition, value }
            }
            2 | 3 | 6 => {
                let group = owned(&mut r).map_err(unreadable(kind))?;
                Self::of_group(kind, group, value)?
            }
            5 | 7 | 8 => {
                let group = owned(&mut r).map_err(unreadable(kind))?;
                let member = owned(&mut r).map_err(unreadable(kind))?;
                Self::of_member(kind, group, member, value)?
            }
            _ => return Ok(None),
        };
        Ok(Some(entry))
    }

    fn of_group(kind: i16, group: String, value: Option<&[u8]>) -> Result<Self, Unreadable> {
        Ok(match kind {
            2 => Entry::Classic { group, value: value.map(GroupMetadata::decode).transpose()? },
            3 => Entry::Epoch { group, value: value.map(GroupEpoch::decode).transpose()? },
            _ => Entry::TargetEpoch { group, value: value.map(TargetEpoch::decode).transpose()? },
        })
    }

    fn of_member(
        kind: i16,
        group: String,
        member: String,
        value: Option<&[u8]>,
    ) -> Result<Self, Unreadable> {
        Ok(match kind {
            5 => {
                let value = value.map(MemberMetadata::decode).transpose()?;
                Entry::Member { group, member, value }
            }
            7 => Entry::Target { group, member, value: value.map(decode_target).transpose()? },
            _ => {
                let value = value.map(CurrentAssignment::decode).transpose()?;
                Entry::Current { group, member, value }
            }
        })
    }
}

fn key(kind: i16, body: impl FnOnce(&mut Writer<'_>)) -> Bytes {
    let mut bytes = BytesMut::new();
    let mut writer = Writer::new(&mut bytes, false);
    writer.i16(kind);
    body(&mut writer);
    bytes.freeze()
}

fn group_key(kind: i16, group: &str) -> Bytes {
    key(kind, |w| w.string(group))
}

fn member_key(kind: i16, group: &str, member: &str) -> Bytes {
    key(kind, |w| {
        w.string(group);
        w.string(member);
    })
}

fn offset_key(r: &mut Reader<'_>) -> Decoded<(String, String, i32)> {
    Ok((owned(r)?, owned(r)?, r.i32()?))
}

fn owned(r: &mut Reader<'_>) -> Decoded<String> {
    r.string().map(str::to_owned)
}
