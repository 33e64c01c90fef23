//! DeleteRecords, key 21, versions 0 to 2.
//!
//! Moves the log start offset of partitions: records below it are gone. Streams empties its
//! repartition topics with it.
//!
//! | version | adds |
//! | --- | --- |
//! | 1 | throttled after the response is sent (KIP-219) |
//! | 2 | flexible (KIP-482) |
//!
//! Skipped: nothing.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// `offset`: the high watermark, that is everything.
pub const HIGH_WATERMARK: i64 = -1;

/// Records to delete.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeleteRecordsRequest<'a> {
    /// By topic.
    pub topics: Vec<DeleteRecordsTopic<'a>>,
    /// How long the broker may take.
    pub timeout_ms: i32,
}

/// Records to delete of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeleteRecordsTopic<'a> {
    /// Name.
    pub name: &'a str,
    /// By partition.
    pub partitions: Vec<DeleteRecordsPartition>,
}

/// Records to delete of one partition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeleteRecordsPartition {
    /// Partition.
    pub partition_index: i32,
    /// First offset to keep, or [`HIGH_WATERMARK`].
    pub offset: i64,
}

impl<'a> DeleteRecordsRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let request =
            Self { topics: r.array(2, DeleteRecordsTopic::decode)?, timeout_ms: r.i32()? };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, _version: i16) {
        w.array(&self.topics, |w, topic| topic.encode(w));
        w.i32(self.timeout_ms);
        w.no_tags();
    }
}

impl<'a> DeleteRecordsTopic<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let topic =
            Self { name: r.string()?, partitions: r.array(12, DeleteRecordsPartition::decode)? };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(self.name);
        w.array(&self.partitions, |w, partition| partition.encode(w));
        w.no_tags();
    }
}

impl DeleteRecordsPartition {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let partition = Self { partition_index: r.i32()?, offset: r.i64()? };
        r.skip_tags()?;
        Ok(partition)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.i32(self.partition_index);
        w.i64(self.offset);
        w.no_tags();
    }
}

/// What became of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeleteRecordsResponse<'a> {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// By topic.
    pub topics: Vec<DeleteRecordsTopicResult<'a>>,
}

/// What became of the records of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeleteRecordsTopicResult<'a> {
    /// Name.
    pub name: Cow<'a, str>,
    /// By partition.
    pub partitions: Vec<DeleteRecordsPartitionResult>,
}

/// What became of the records of one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteRecordsPartitionResult {
    /// Partition.
    pub partition_index: i32,
    /// Lowest log start offset of all replicas, -1 after an error.
    pub low_watermark: i64,
    /// Error, or none.
    pub error_code: ErrorCode,
}

impl Default for DeleteRecordsPartitionResult {
    fn default() -> Self {
        Self { partition_index: 0, low_watermark: -1, error_code: ErrorCode::None }
    }
}

impl<'a> DeleteRecordsResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: r.i32()?,
            topics: r.array(2, DeleteRecordsTopicResult::decode)?,
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

impl<'a> DeleteRecordsTopicResult<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let topic = Self {
            name: r.string()?.into(),
            partitions: r.array(14, DeleteRecordsPartitionResult::decode)?,
        };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(&self.name);
        w.array(&self.partitions, |w, partition| partition.encode(w));
        w.no_tags();
    }
}

impl DeleteRecordsPartitionResult {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let partition = Self {
            partition_index: r.i32()?,
            low_watermark: r.i64()?,
            error_code: ErrorCode::from_code(r.i16()?),
        };
        r.skip_tags()?;
        Ok(partition)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.i32(self.partition_index);
        w.i64(self.low_watermark);
        w.error_code(self.error_code);
        w.no_tags();
    }
}
