//! DescribeProducers, key 61, version 0. Flexible.
//!
//! Tells which producers a partition knows, and since when each has a transaction open: the way to
//! find one that hangs (KIP-664).
//!
//! Skipped: nothing.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// Partitions asked about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DescribeProducersRequest<'a> {
    /// By topic.
    pub topics: Vec<DescribeProducersTopic<'a>>,
}

/// Partitions asked about of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DescribeProducersTopic<'a> {
    /// Name.
    pub name: &'a str,
    /// Partitions.
    pub partition_indexes: Vec<i32>,
}

impl<'a> DescribeProducersRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let request = Self { topics: r.array(2, DescribeProducersTopic::decode)? };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, _version: i16) {
        w.array(&self.topics, |w, topic| topic.encode(w));
        w.no_tags();
    }
}

impl<'a> DescribeProducersTopic<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let topic = Self { name: r.string()?, partition_indexes: r.array(4, Reader::i32)? };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(self.name);
        w.array(&self.partition_indexes, |w, index| w.i32(*index));
        w.no_tags();
    }
}

/// Producers known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DescribeProducersResponse<'a> {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// By topic.
    pub topics: Vec<DescribeProducersTopicResult<'a>>,
}

/// Producers known in one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DescribeProducersTopicResult<'a> {
    /// Name.
    pub name: Cow<'a, str>,
    /// By partition.
    pub partitions: Vec<DescribeProducersPartitionResult<'a>>,
}

/// Producers known in one partition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DescribeProducersPartitionResult<'a> {
    /// Partition.
    pub partition_index: i32,
    /// Error, or none.
    pub error_code: ErrorCode,
    /// Why, in words.
    pub error_message: Option<Cow<'a, str>>,
    /// By producer.
    pub active_producers: Vec<ProducerState>,
}

/// A producer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProducerState {
    /// Producer.
    pub producer_id: i64,
    /// Its epoch, in 32 bits here.
    pub producer_epoch: i32,
    /// Sequence of its last record, -1 if none.
    pub last_sequence: i32,
    /// Timestamp of its last batch, -1 if none.
    pub last_timestamp: i64,
    /// Of its last marker.
    pub coordinator_epoch: i32,
    /// First offset of its open transaction, -1 if none.
    pub current_txn_start_offset: i64,
}

impl Default for ProducerState {
    fn default() -> Self {
        Self {
            producer_id: -1,
            producer_epoch: -1,
            last_sequence: -1,
            last_timestamp: -1,
            coordinator_epoch: 0,
            current_txn_start_offset: -1,
        }
    }
}

impl<'a> DescribeProducersResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: r.i32()?,
            topics: r.array(2, DescribeProducersTopicResult::decode)?,
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

impl<'a> DescribeProducersTopicResult<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let topic = Self {
            name: r.string()?.into(),
            partitions: r.array(8, DescribeProducersPartitionResult::decode)?,
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

impl<'a> DescribeProducersPartitionResult<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let partition = Self {
            partition_index: r.i32()?,
            error_code: ErrorCode::from_code(r.i16()?),
            error_message: r.nullable_string()?.map(Cow::from),
            active_producers: r.array(36, ProducerState::decode)?,
        };
        r.skip_tags()?;
        Ok(partition)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.i32(self.partition_index);
        w.error_code(self.error_code);
        w.nullable_string(self.error_message.as_deref());
        w.array(&self.active_producers, |w, producer| producer.encode(w));
        w.no_tags();
    }
}

impl ProducerState {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let state = Self {
            producer_id: r.i64()?,
            producer_epoch: r.i32()?,
            last_sequence: r.i32()?,
            last_timestamp: r.i64()?,
            coordinator_epoch: r.i32()?,
            current_txn_start_offset: r.i64()?,
        };
        r.skip_tags()?;
        Ok(state)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.i64(self.producer_id);
        w.i32(self.producer_epoch);
        w.i32(self.last_sequence);
        w.i64(self.last_timestamp);
        w.i32(self.coordinator_epoch);
        w.i64(self.current_txn_start_offset);
        w.no_tags();
    }
}
