//! OffsetCommit, key 8, versions 2 to 10.
//!
//! Keeps how far a group has read: for each partition the offset of the next record to read, with a
//! word from the client.
//!
//! Also for consumers without a group of members: generation -1 and an empty member id.
//!
//! | version | adds |
//! | --- | --- |
//! | 3 | throttle time |
//! | 4 | throttled after the response is sent (KIP-219) |
//! | 5 | no retention time any more: the broker's setting counts (KIP-211) |
//! | 6 | leader epoch (KIP-320) |
//! | 7 | static members (KIP-345) |
//! | 8 | flexible (KIP-482) |
//! | 9 | groups of the consumer protocol: a member epoch, StaleMemberEpoch (KIP-848) |
//! | 10 | topic ids instead of names (KIP-848) |
//!
//! Skipped: versions 0 and 1, as in Kafka 4.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::uuid::Uuid;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// Offsets to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetCommitRequest<'a> {
    /// Group.
    pub group_id: &'a str,
    /// Generation of a classic group, member epoch of a consumer group, -1 if committed from
    /// outside.
    pub generation_id_or_member_epoch: i32,
    /// Member, empty if committed from outside.
    pub member_id: &'a str,
    /// Set by a static member, from version 7.
    pub group_instance_id: Option<&'a str>,
    /// How long to keep them, -1 for the broker's setting; up to version 4.
    pub retention_time_ms: i64,
    /// By topic.
    pub topics: Vec<OffsetCommitTopic<'a>>,
}

/// Offsets to keep of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OffsetCommitTopic<'a> {
    /// Name, up to version 9.
    pub name: &'a str,
    /// Identity, from version 10.
    pub topic_id: Uuid,
    /// By partition.
    pub partitions: Vec<OffsetCommitPartition<'a>>,
}

/// The offset to keep of one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetCommitPartition<'a> {
    /// Partition.
    pub partition_index: i32,
    /// Offset of the next record to read.
    pub committed_offset: i64,
    /// Leader epoch of the last record read, -1 if not known; from version 6.
    pub committed_leader_epoch: i32,
    /// Whatever the client wants to remember.
    pub committed_metadata: Option<&'a str>,
}

impl Default for OffsetCommitRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: "",
            generation_id_or_member_epoch: -1,
            member_id: "",
            group_instance_id: None,
            retention_time_ms: -1,
            topics: Vec::new(),
        }
    }
}

impl Default for OffsetCommitPartition<'_> {
    fn default() -> Self {
        Self {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            committed_metadata: None,
        }
    }
}

impl<'a> OffsetCommitRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            group_id: r.string()?,
            generation_id_or_member_epoch: r.i32()?,
            member_id: r.string()?,
            group_instance_id: if version >= 7 { r.nullable_string()? } else { None },
            retention_time_ms: if version <= 4 { r.i64()? } else { -1 },
            topics: r.array(1, |r| OffsetCommitTopic::decode(r, version))?,
        };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.string(self.group_id);
        w.i32(self.generation_id_or_member_epoch);
        w.string(self.member_id);
        if version >= 7 {
            w.nullable_string(self.group_instance_id);
        }
        if version <= 4 {
            w.i64(self.retention_time_ms);
        }
        w.array(&self.topics, |w, topic| topic.encode(w, version));
        w.no_tags();
    }
}

impl<'a> OffsetCommitTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let topic = Self {
            name: if version <= 9 { r.string()? } else { "" },
            topic_id: if version >= 10 { r.uuid()? } else { Uuid::default() },
            partitions: r.array(13, |r| OffsetCommitPartition::decode(r, version))?,
        };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        if version <= 9 {
            w.string(self.name);
        }
        if version >= 10 {
            w.uuid(self.topic_id);
        }
        w.array(&self.partitions, |w, partition| partition.encode(w, version));
        w.no_tags();
    }
}

impl<'a> OffsetCommitPartition<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let partition = Self {
            partition_index: r.i32()?,
            committed_offset: r.i64()?,
            committed_leader_epoch: if version >= 6 { r.i32()? } else { -1 },
            committed_metadata: r.nullable_string()?,
        };
        r.skip_tags()?;
        Ok(partition)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.i32(self.partition_index);
        w.i64(self.committed_offset);
        if version >= 6 {
            w.i32(self.committed_leader_epoch);
        }
        w.nullable_string(self.committed_metadata);
        w.no_tags();
    }
}

/// What became of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OffsetCommitResponse<'a> {
    /// How long the client should stay away for its quota, from version 3.
    pub throttle_time_ms: i32,
    /// By topic.
    pub topics: Vec<OffsetCommitTopicResult<'a>>,
}

/// What became of the offsets of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OffsetCommitTopicResult<'a> {
    /// Name, up to version 9.
    pub name: Cow<'a, str>,
    /// Identity, from version 10.
    pub topic_id: Uuid,
    /// By partition.
    pub partitions: Vec<OffsetCommitPartitionResult>,
}

/// What became of one offset.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OffsetCommitPartitionResult {
    /// Partition.
    pub partition_index: i32,
    /// Error, or none.
    pub error_code: ErrorCode,
}

impl<'a> OffsetCommitResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: if version >= 3 { r.i32()? } else { 0 },
            topics: r.array(1, |r| OffsetCommitTopicResult::decode(r, version))?,
        };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        if version >= 3 {
            w.i32(self.throttle_time_ms);
        }
        w.array(&self.topics, |w, topic| topic.encode(w, version));
        w.no_tags();
    }
}

impl<'a> OffsetCommitTopicResult<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let topic = Self {
            name: if version <= 9 { r.string()?.into() } else { Cow::default() },
            topic_id: if version >= 10 { r.uuid()? } else { Uuid::default() },
            partitions: r.array(6, OffsetCommitPartitionResult::decode)?,
        };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        if version <= 9 {
            w.string(&self.name);
        }
        if version >= 10 {
            w.uuid(self.topic_id);
        }
        w.array(&self.partitions, |w, partition| partition.encode(w));
        w.no_tags();
    }
}

impl OffsetCommitPartitionResult {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let partition =
            Self { partition_index: r.i32()?, error_code: ErrorCode::from_code(r.i16()?) };
        r.skip_tags()?;
        Ok(partition)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.i32(self.partition_index);
        w.error_code(self.error_code);
        w.no_tags();
    }
}
