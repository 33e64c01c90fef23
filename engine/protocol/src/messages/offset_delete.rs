//! OffsetDelete, key 47, version 0. Never flexible.
//!
//! Forgets how far a group has read topics that it is no longer subscribed to.
//!
//! Skipped: nothing.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// Offsets to forget.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OffsetDeleteRequest<'a> {
    /// Group.
    pub group_id: &'a str,
    /// By topic.
    pub topics: Vec<OffsetDeleteTopic<'a>>,
}

/// Offsets to forget of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OffsetDeleteTopic<'a> {
    /// Name.
    pub name: &'a str,
    /// By partition.
    pub partitions: Vec<OffsetDeletePartition>,
}

/// The offset to forget of one partition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OffsetDeletePartition {
    /// Partition.
    pub partition_index: i32,
}

impl<'a> OffsetDeleteRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { group_id: r.string()?, topics: r.array(6, OffsetDeleteTopic::decode)? })
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, _version: i16) {
        w.string(self.group_id);
        w.array(&self.topics, |w, topic| topic.encode(w));
    }
}

impl<'a> OffsetDeleteTopic<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self { name: r.string()?, partitions: r.array(4, OffsetDeletePartition::decode)? })
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(self.name);
        w.array(&self.partitions, |w, partition| partition.encode(w));
    }
}

impl OffsetDeletePartition {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { partition_index: r.i32()? })
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.i32(self.partition_index);
    }
}

/// What became of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OffsetDeleteResponse<'a> {
    /// Error of the whole request, or none.
    pub error_code: ErrorCode,
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// By topic.
    pub topics: Vec<OffsetDeleteTopicResult<'a>>,
}

/// What became of the offsets of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OffsetDeleteTopicResult<'a> {
    /// Name.
    pub name: Cow<'a, str>,
    /// By partition.
    pub partitions: Vec<OffsetDeletePartitionResult>,
}

/// What became of one offset.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OffsetDeletePartitionResult {
    /// Partition.
    pub partition_index: i32,
    /// Error, or none.
    pub error_code: ErrorCode,
}

impl<'a> OffsetDeleteResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            error_code: ErrorCode::from_code(r.i16()?),
            throttle_time_ms: r.i32()?,
            topics: r.array(6, OffsetDeleteTopicResult::decode)?,
        })
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, _version: i16) {
        w.error_code(self.error_code);
        w.i32(self.throttle_time_ms);
        w.array(&self.topics, |w, topic| topic.encode(w));
    }
}

impl<'a> OffsetDeleteTopicResult<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            name: r.string()?.into(),
            partitions: r.array(6, OffsetDeletePartitionResult::decode)?,
        })
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(&self.name);
        w.array(&self.partitions, |w, partition| partition.encode(w));
    }
}

impl OffsetDeletePartitionResult {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { partition_index: r.i32()?, error_code: ErrorCode::from_code(r.i16()?) })
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.i32(self.partition_index);
        w.error_code(self.error_code);
    }
}
