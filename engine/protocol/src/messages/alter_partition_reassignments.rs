//! AlterPartitionReassignments, key 45, versions 0 and 1. Flexible.
//!
//! Moves partitions to other brokers, or stops a move (KIP-455).
//!
//! | version | adds |
//! | --- | --- |
//! | 1 | whether the number of replicas may change (KIP-860) |
//!
//! Skipped: nothing.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// Moves wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterPartitionReassignmentsRequest<'a> {
    /// How long the broker may take.
    pub timeout_ms: i32,
    /// False to refuse another number of replicas, from version 1.
    pub allow_replication_factor_change: bool,
    /// By topic.
    pub topics: Vec<ReassignableTopic<'a>>,
}

/// Moves wanted of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReassignableTopic<'a> {
    /// Name.
    pub name: &'a str,
    /// By partition.
    pub partitions: Vec<ReassignablePartition>,
}

/// A move.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReassignablePartition {
    /// Partition.
    pub partition_index: i32,
    /// Nodes to move to, the preferred leader first; `None` to stop a move.
    pub replicas: Option<Vec<i32>>,
}

impl Default for AlterPartitionReassignmentsRequest<'_> {
    fn default() -> Self {
        Self { timeout_ms: 60_000, allow_replication_factor_change: true, topics: Vec::new() }
    }
}

impl<'a> AlterPartitionReassignmentsRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            timeout_ms: r.i32()?,
            allow_replication_factor_change: if version >= 1 { r.bool()? } else { true },
            topics: r.array(2, ReassignableTopic::decode)?,
        };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.i32(self.timeout_ms);
        if version >= 1 {
            w.bool(self.allow_replication_factor_change);
        }
        w.array(&self.topics, |w, topic| topic.encode(w));
        w.no_tags();
    }
}

impl<'a> ReassignableTopic<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let topic =
            Self { name: r.string()?, partitions: r.array(5, ReassignablePartition::decode)? };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(self.name);
        w.array(&self.partitions, |w, partition| partition.encode(w));
        w.no_tags();
    }
}

impl ReassignablePartition {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let partition =
            Self { partition_index: r.i32()?, replicas: r.nullable_array(4, Reader::i32)? };
        r.skip_tags()?;
        Ok(partition)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.i32(self.partition_index);
        w.nullable_array(self.replicas.as_deref(), |w, replica| w.i32(*replica));
        w.no_tags();
    }
}

/// What became of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterPartitionReassignmentsResponse<'a> {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// As in the request, from version 1.
    pub allow_replication_factor_change: bool,
    /// Error of the whole request, or none.
    pub error_code: ErrorCode,
    /// Why, in words.
    pub error_message: Option<Cow<'a, str>>,
    /// By topic.
    pub responses: Vec<ReassignableTopicResponse<'a>>,
}

/// What became of the moves of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReassignableTopicResponse<'a> {
    /// Name.
    pub name: Cow<'a, str>,
    /// By partition.
    pub partitions: Vec<ReassignablePartitionResponse<'a>>,
}

/// What became of one move.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReassignablePartitionResponse<'a> {
    /// Partition.
    pub partition_index: i32,
    /// Error, or none.
    pub error_code: ErrorCode,
    /// Why, in words.
    pub error_message: Option<Cow<'a, str>>,
}

impl Default for AlterPartitionReassignmentsResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            allow_replication_factor_change: true,
            error_code: ErrorCode::None,
            error_message: None,
            responses: Vec::new(),
        }
    }
}

impl<'a> AlterPartitionReassignmentsResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: r.i32()?,
            allow_replication_factor_change: if version >= 1 { r.bool()? } else { true },
            error_code: ErrorCode::from_code(r.i16()?),
            error_message: r.nullable_string()?.map(Cow::from),
            responses: r.array(2, ReassignableTopicResponse::decode)?,
        };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.i32(self.throttle_time_ms);
        if version >= 1 {
            w.bool(self.allow_replication_factor_change);
        }
        w.error_code(self.error_code);
        w.nullable_string(self.error_message.as_deref());
        w.array(&self.responses, |w, response| response.encode(w));
        w.no_tags();
    }
}

impl<'a> ReassignableTopicResponse<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let topic = Self {
            name: r.string()?.into(),
            partitions: r.array(7, ReassignablePartitionResponse::decode)?,
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

impl<'a> ReassignablePartitionResponse<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let partition = Self {
            partition_index: r.i32()?,
            error_code: ErrorCode::from_code(r.i16()?),
            error_message: r.nullable_string()?.map(Cow::from),
        };
        r.skip_tags()?;
        Ok(partition)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.i32(self.partition_index);
        w.error_code(self.error_code);
        w.nullable_string(self.error_message.as_deref());
        w.no_tags();
    }
}
