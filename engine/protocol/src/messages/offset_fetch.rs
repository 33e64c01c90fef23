//! OffsetFetch, key 9, versions 1 to 10.
//!
//! Tells how far groups have read: what OffsetCommit and TxnOffsetCommit kept.
//!
//! | version | adds |
//! | --- | --- |
//! | 2 | all topics of a group, asked for by null; an error of the whole group |
//! | 3 | throttle time |
//! | 4 | throttled after the response is sent (KIP-219) |
//! | 5 | leader epoch (KIP-320) |
//! | 6 | flexible (KIP-482) |
//! | 7 | UnstableOffsetCommit instead of an offset that an open transaction may change (KIP-447) |
//! | 8 | several groups at once (KIP-709) |
//! | 9 | groups of the consumer protocol: who asks, and in which member epoch (KIP-848) |
//! | 10 | topic ids instead of names (KIP-848) |
//!
//! Skipped: version 0, as in Kafka 4.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::uuid::Uuid;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// Offsets asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OffsetFetchRequest<'a> {
    /// By group; exactly one before version 8.
    pub groups: Vec<OffsetFetchGroup<'a>>,
    /// Rather no offset than one that an open transaction may change, from version 7.
    pub require_stable: bool,
}

/// Offsets asked for of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetFetchGroup<'a> {
    /// Group.
    pub group_id: &'a str,
    /// Who asks, if a member of a consumer group does; from version 9.
    pub member_id: Option<&'a str>,
    /// Its member epoch, -1 if none; from version 9.
    pub member_epoch: i32,
    /// By topic; `None` for all, from version 2.
    pub topics: Option<Vec<OffsetFetchTopic<'a>>>,
}

/// Offsets asked for of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OffsetFetchTopic<'a> {
    /// Name, up to version 9.
    pub name: &'a str,
    /// Identity, from version 10.
    pub topic_id: Uuid,
    /// Partitions.
    pub partition_indexes: Vec<i32>,
}

impl Default for OffsetFetchGroup<'_> {
    fn default() -> Self {
        Self { group_id: "", member_id: None, member_epoch: -1, topics: None }
    }
}

impl<'a> OffsetFetchRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            groups: match version {
                8.. => r.array(2, |r| OffsetFetchGroup::decode(r, version))?,
                _ => vec![OffsetFetchGroup::decode_single(r, version)?],
            },
            require_stable: if version >= 7 { r.bool()? } else { false },
        };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        match (version, self.groups.first()) {
            (8.., _) => w.array(&self.groups, |w, group| group.encode(w, version)),
            (_, Some(group)) => group.encode_single(w, version),
            (_, None) => OffsetFetchGroup::default().encode_single(w, version),
        }
        if version >= 7 {
            w.bool(self.require_stable);
        }
        w.no_tags();
    }
}

impl<'a> OffsetFetchGroup<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let group = Self {
            group_id: r.string()?,
            member_id: if version >= 9 { r.nullable_string()? } else { None },
            member_epoch: if version >= 9 { r.i32()? } else { -1 },
            topics: r.nullable_array(2, |r| OffsetFetchTopic::decode(r, version))?,
        };
        r.skip_tags()?;
        Ok(group)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.string(self.group_id);
        if version >= 9 {
            w.nullable_string(self.member_id);
            w.i32(self.member_epoch);
        }
        w.nullable_array(self.topics.as_deref(), |w, topic| topic.encode(w, version));
        w.no_tags();
    }

    fn decode_single(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let group_id = r.string()?;
        let topics = match version {
            2.. => r.nullable_array(2, |r| OffsetFetchTopic::decode(r, version))?,
            _ => Some(r.array(2, |r| OffsetFetchTopic::decode(r, version))?),
        };
        Ok(Self { group_id, topics, ..Self::default() })
    }

    fn encode_single(&self, w: &mut Writer<'_>, version: i16) {
        w.string(self.group_id);
        let topics = self.topics.as_deref();
        match version {
            2.. => w.nullable_array(topics, |w, topic| topic.encode(w, version)),
            _ => w.array(topics.unwrap_or_default(), |w, topic| topic.encode(w, version)),
        }
    }
}

impl<'a> OffsetFetchTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let topic = Self {
            name: if version <= 9 { r.string()? } else { "" },
            topic_id: if version >= 10 { r.uuid()? } else { Uuid::default() },
            partition_indexes: r.array(4, Reader::i32)?,
        };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        match version {
            10.. => w.uuid(self.topic_id),
            _ => w.string(self.name),
        }
        w.array(&self.partition_indexes, |w, index| w.i32(*index));
        w.no_tags();
    }
}

/// Offsets kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OffsetFetchResponse<'a> {
    /// How long the client should stay away for its quota, from version 3.
    pub throttle_time_ms: i32,
    /// By group; exactly one before version 8.
    pub groups: Vec<OffsetFetchGroupResult<'a>>,
}

/// Offsets kept of one group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OffsetFetchGroupResult<'a> {
    /// Group, from version 8.
    pub group_id: Cow<'a, str>,
    /// By topic.
    pub topics: Vec<OffsetFetchTopicResult<'a>>,
    /// Error of the whole group, or none; from version 2. Before, each partition has to carry it.
    pub error_code: ErrorCode,
}

/// Offsets kept of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OffsetFetchTopicResult<'a> {
    /// Name, up to version 9.
    pub name: Cow<'a, str>,
    /// Identity, from version 10.
    pub topic_id: Uuid,
    /// By partition.
    pub partitions: Vec<OffsetFetchPartitionResult<'a>>,
}

/// The offset kept of one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetFetchPartitionResult<'a> {
    /// Partition.
    pub partition_index: i32,
    /// Offset of the next record to read, -1 if none is kept.
    pub committed_offset: i64,
    /// Leader epoch of the last record read, -1 if not known; from version 5.
    pub committed_leader_epoch: i32,
    /// Whatever the client wanted to remember.
    pub metadata: Option<Cow<'a, str>>,
    /// Error, or none.
    pub error_code: ErrorCode,
}

impl Default for OffsetFetchPartitionResult<'_> {
    fn default() -> Self {
        Self {
            partition_index: 0,
            committed_offset: -1,
            committed_leader_epoch: -1,
            metadata: None,
            error_code: ErrorCode::None,
        }
    }
}

impl<'a> OffsetFetchResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: if version >= 3 { r.i32()? } else { 0 },
            groups: match version {
                8.. => r.array(4, |r| OffsetFetchGroupResult::decode(r, version))?,
                _ => vec![OffsetFetchGroupResult::decode_single(r, version)?],
            },
        };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        if version >= 3 {
            w.i32(self.throttle_time_ms);
        }
        match (version, self.groups.first()) {
            (8.., _) => w.array(&self.groups, |w, group| group.encode(w, version)),
            (_, Some(group)) => group.encode_single(w, version),
            (_, None) => OffsetFetchGroupResult::default().encode_single(w, version),
        }
        w.no_tags();
    }
}

impl<'a> OffsetFetchGroupResult<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let group = Self {
            group_id: r.string()?.into(),
            topics: r.array(2, |r| OffsetFetchTopicResult::decode(r, version))?,
            error_code: ErrorCode::from_code(r.i16()?),
        };
        r.skip_tags()?;
        Ok(group)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.string(&self.group_id);
        w.array(&self.topics, |w, topic| topic.encode(w, version));
        w.error_code(self.error_code);
        w.no_tags();
    }

    fn decode_single(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            group_id: Cow::default(),
            topics: r.array(2, |r| OffsetFetchTopicResult::decode(r, version))?,
            error_code: match version {
                2.. => ErrorCode::from_code(r.i16()?),
                _ => ErrorCode::None,
            },
        })
    }

    fn encode_single(&self, w: &mut Writer<'_>, version: i16) {
        w.array(&self.topics, |w, topic| topic.encode(w, version));
        if version >= 2 {
            w.error_code(self.error_code);
        }
    }
}

impl<'a> OffsetFetchTopicResult<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let topic = Self {
            name: if version <= 9 { r.string()?.into() } else { Cow::default() },
            topic_id: if version >= 10 { r.uuid()? } else { Uuid::default() },
            partitions: r.array(15, |r| OffsetFetchPartitionResult::decode(r, version))?,
        };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        match version {
            10.. => w.uuid(self.topic_id),
            _ => w.string(&self.name),
        }
        w.array(&self.partitions, |w, partition| partition.encode(w, version));
        w.no_tags();
    }
}

impl<'a> OffsetFetchPartitionResult<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let partition = Self {
            partition_index: r.i32()?,
            committed_offset: r.i64()?,
            committed_leader_epoch: if version >= 5 { r.i32()? } else { -1 },
            metadata: r.nullable_string()?.map(Cow::from),
            error_code: ErrorCode::from_code(r.i16()?),
        };
        r.skip_tags()?;
        Ok(partition)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.i32(self.partition_index);
        w.i64(self.committed_offset);
        if version >= 5 {
            w.i32(self.committed_leader_epoch);
        }
        w.nullable_string(self.metadata.as_deref());
        w.error_code(self.error_code);
        w.no_tags();
    }
}
