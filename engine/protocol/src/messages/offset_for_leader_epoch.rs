//! OffsetForLeaderEpoch, key 23, versions 2 to 4.
//!
//! Where a leader epoch ended. A consumer that was told of a new leader asks whether what it has
//! read is still in the log (KIP-320).
//!
//! | version | adds |
//! | --- | --- |
//! | 3 | which replica asks (KIP-392) |
//! | 4 | flexible (KIP-482) |
//!
//! Skipped: versions 0 and 1, as in Kafka 4.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// Epochs asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetForLeaderEpochRequest<'a> {
    /// Node id of a follower, -1 for a client, -2 if not said; from version 3.
    pub replica_id: i32,
    /// By topic.
    pub topics: Vec<OffsetForLeaderTopic<'a>>,
}

/// Epochs asked about in one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OffsetForLeaderTopic<'a> {
    /// Name.
    pub topic: &'a str,
    /// By partition.
    pub partitions: Vec<OffsetForLeaderPartition>,
}

/// The epoch asked about in one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetForLeaderPartition {
    /// Partition.
    pub partition: i32,
    /// Leader epoch the client believes in, -1 if none.
    pub current_leader_epoch: i32,
    /// Epoch whose end is wanted.
    pub leader_epoch: i32,
}

impl Default for OffsetForLeaderEpochRequest<'_> {
    fn default() -> Self {
        Self { replica_id: -2, topics: Vec::new() }
    }
}

impl Default for OffsetForLeaderPartition {
    fn default() -> Self {
        Self { partition: 0, current_leader_epoch: -1, leader_epoch: 0 }
    }
}

impl<'a> OffsetForLeaderEpochRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            replica_id: if version >= 3 { r.i32()? } else { -2 },
            topics: r.array(2, OffsetForLeaderTopic::decode)?,
        };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        if version >= 3 {
            w.i32(self.replica_id);
        }
        w.array(&self.topics, |w, topic| topic.encode(w));
        w.no_tags();
    }
}

impl<'a> OffsetForLeaderTopic<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let topic =
            Self { topic: r.string()?, partitions: r.array(12, OffsetForLeaderPartition::decode)? };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(self.topic);
        w.array(&self.partitions, |w, partition| partition.encode(w));
        w.no_tags();
    }
}

impl OffsetForLeaderPartition {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let partition =
            Self { partition: r.i32()?, current_leader_epoch: r.i32()?, leader_epoch: r.i32()? };
        r.skip_tags()?;
        Ok(partition)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.i32(self.partition);
        w.i32(self.current_leader_epoch);
        w.i32(self.leader_epoch);
        w.no_tags();
    }
}

/// Where they ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OffsetForLeaderEpochResponse<'a> {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// By topic.
    pub topics: Vec<OffsetForLeaderTopicResult<'a>>,
}

/// Where epochs ended in one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OffsetForLeaderTopicResult<'a> {
    /// Name.
    pub topic: Cow<'a, str>,
    /// By partition.
    pub partitions: Vec<OffsetForLeaderPartitionResult>,
}

/// Where an epoch ended in one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetForLeaderPartitionResult {
    /// Error, or none.
    pub error_code: ErrorCode,
    /// Partition.
    pub partition: i32,
    /// The last epoch that is not later than the one asked about, -1 if none.
    pub leader_epoch: i32,
    /// First offset after that epoch, -1 if none.
    pub end_offset: i64,
}

impl Default for OffsetForLeaderPartitionResult {
    fn default() -> Self {
        Self { error_code: ErrorCode::None, partition: 0, leader_epoch: -1, end_offset: -1 }
    }
}

impl<'a> OffsetForLeaderEpochResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: r.i32()?,
            topics: r.array(2, OffsetForLeaderTopicResult::decode)?,
        };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, _version: i16) {
        w.i32(self.throttle_time_ms);
        w.array(&self.topics, |w, topic| topic.encode(w));
        w.no_tags();
    }
}

impl<'a> OffsetForLeaderTopicResult<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let topic = Self {
            topic: r.string()?.into(),
            partitions: r.array(18, OffsetForLeaderPartitionResult::decode)?,
        };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(&self.topic);
        w.array(&self.partitions, |w, partition| partition.encode(w));
        w.no_tags();
    }
}

impl OffsetForLeaderPartitionResult {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let partition = Self {
            error_code: ErrorCode::from_code(r.i16()?),
            partition: r.i32()?,
            leader_epoch: r.i32()?,
            end_offset: r.i64()?,
        };
        r.skip_tags()?;
        Ok(partition)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.error_code(self.error_code);
        w.i32(self.partition);
        w.i32(self.leader_epoch);
        w.i64(self.end_offset);
        w.no_tags();
    }
}
