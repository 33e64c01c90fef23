//! ListPartitionReassignments, key 46, version 0. Flexible.
//!
//! Tells which partitions are being moved (KIP-455).
//!
//! Skipped: nothing.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// Partitions asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPartitionReassignmentsRequest<'a> {
    /// How long the broker may take.
    pub timeout_ms: i32,
    /// By topic; `None` for all.
    pub topics: Option<Vec<ListPartitionReassignmentsTopic<'a>>>,
}

/// Partitions asked about of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListPartitionReassignmentsTopic<'a> {
    /// Name.
    pub name: &'a str,
    /// Partitions.
    pub partition_indexes: Vec<i32>,
}

impl Default for ListPartitionReassignmentsRequest<'_> {
    fn default() -> Self {
        Self { timeout_ms: 60_000, topics: None }
    }
}

impl<'a> ListPartitionReassignmentsRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            timeout_ms: r.i32()?,
            topics: r.nullable_array(2, ListPartitionReassignmentsTopic::decode)?,
        };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, _version: i16) {
        w.i32(self.timeout_ms);
        w.nullable_array(self.topics.as_deref(), |w, topic| topic.encode(w));
        w.no_tags();
    }
}

impl<'a> ListPartitionReassignmentsTopic<'a> {
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

/// Moves under way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListPartitionReassignmentsResponse<'a> {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// Error, or none.
    pub error_code: ErrorCode,
    /// Why, in words.
    pub error_message: Option<Cow<'a, str>>,
    /// By topic.
    pub topics: Vec<ReassigningTopic<'a>>,
}

/// Moves under way in one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReassigningTopic<'a> {
    /// Name.
    pub name: Cow<'a, str>,
    /// By partition.
    pub partitions: Vec<ReassigningPartition>,
}

/// A move under way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReassigningPartition {
    /// Partition.
    pub partition_index: i32,
    /// Nodes that have it or get it.
    pub replicas: Vec<i32>,
    /// Nodes that get it.
    pub adding_replicas: Vec<i32>,
    /// Nodes that lose it.
    pub removing_replicas: Vec<i32>,
}

impl<'a> ListPartitionReassignmentsResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: r.i32()?,
            error_code: ErrorCode::from_code(r.i16()?),
            error_message: r.nullable_string()?.map(Cow::from),
            topics: r.array(2, ReassigningTopic::decode)?,
        };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, _version: i16) {
        w.i32(self.throttle_time_ms);
        w.error_code(self.error_code);
        w.nullable_string(self.error_message.as_deref());
        w.array(&self.topics, |w, topic| topic.encode(w));
        w.no_tags();
    }
}

impl<'a> ReassigningTopic<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let topic = Self {
            name: r.string()?.into(),
            partitions: r.array(7, ReassigningPartition::decode)?,
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

impl ReassigningPartition {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let partition = Self {
            partition_index: r.i32()?,
            replicas: r.array(4, Reader::i32)?,
            adding_replicas: r.array(4, Reader::i32)?,
            removing_replicas: r.array(4, Reader::i32)?,
        };
        r.skip_tags()?;
        Ok(partition)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.i32(self.partition_index);
        w.array(&self.replicas, |w, replica| w.i32(*replica));
        w.array(&self.adding_replicas, |w, replica| w.i32(*replica));
        w.array(&self.removing_replicas, |w, replica| w.i32(*replica));
        w.no_tags();
    }
}
