//! DescribeTopicPartitions, key 75, version 0. Flexible.
//!
//! Tells partitions of topics, page by page, with what Metadata leaves out: replicas that may lead
//! although the in-sync set is too small (KIP-966). Java's administration client asks it first and
//! Metadata if it is not served.
//!
//! Skipped: nothing.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::uuid::Uuid;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// Topics asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribeTopicPartitionsRequest<'a> {
    /// By topic; all if empty.
    pub topics: Vec<DescribeTopicPartitionsTopic<'a>>,
    /// Partitions in one answer, at most.
    pub response_partition_limit: i32,
    /// Where to begin; `None` at the beginning.
    pub cursor: Option<PartitionCursor<'a>>,
}

/// A topic asked about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DescribeTopicPartitionsTopic<'a> {
    /// Name.
    pub name: &'a str,
}

/// A place in the sequence of all partitions, in the order of topic names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PartitionCursor<'a> {
    /// Name of the topic.
    pub topic_name: &'a str,
    /// Partition.
    pub partition_index: i32,
}

impl Default for DescribeTopicPartitionsRequest<'_> {
    fn default() -> Self {
        Self { topics: Vec::new(), response_partition_limit: 2000, cursor: None }
    }
}

impl<'a> DescribeTopicPartitionsRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            topics: r.array(1, DescribeTopicPartitionsTopic::decode)?,
            response_partition_limit: r.i32()?,
            cursor: match r.i8()? {
                0.. => Some(PartitionCursor::decode(r)?),
                _ => None,
            },
        };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, _version: i16) {
        w.array(&self.topics, |w, topic| topic.encode(w));
        w.i32(self.response_partition_limit);
        match &self.cursor {
            Some(cursor) => {
                w.i8(1);
                cursor.encode(w);
            }
            None => w.i8(-1),
        }
        w.no_tags();
    }
}

impl<'a> DescribeTopicPartitionsTopic<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let topic = Self { name: r.string()? };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(self.name);
        w.no_tags();
    }
}

impl<'a> PartitionCursor<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let cursor = Self { topic_name: r.string()?, partition_index: r.i32()? };
        r.skip_tags()?;
        Ok(cursor)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(self.topic_name);
        w.i32(self.partition_index);
        w.no_tags();
    }
}

/// Partitions found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DescribeTopicPartitionsResponse<'a> {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// By topic.
    pub topics: Vec<DescribedTopic<'a>>,
    /// Where the next page begins; `None` after the last.
    pub next_cursor: Option<NextPartitionCursor<'a>>,
}

/// A topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedTopic<'a> {
    /// Error, or none.
    pub error_code: ErrorCode,
    /// Name.
    pub name: Option<Cow<'a, str>>,
    /// Identity.
    pub topic_id: Uuid,
    /// True for the broker's own topics.
    pub is_internal: bool,
    /// By partition.
    pub partitions: Vec<DescribedPartition>,
    /// What the client may do, one bit each; `i32::MIN` if not known.
    pub topic_authorized_operations: i32,
}

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedPartition {
    /// Error, or none.
    pub error_code: ErrorCode,
    /// Partition.
    pub partition_index: i32,
    /// Node that leads, -1 if none.
    pub leader_id: i32,
    /// Leader epoch.
    pub leader_epoch: i32,
    /// Nodes that have it.
    pub replica_nodes: Vec<i32>,
    /// Nodes that are in sync.
    pub isr_nodes: Vec<i32>,
    /// Nodes that have all that was committed, although not in sync.
    pub eligible_leader_replicas: Option<Vec<i32>>,
    /// What those were last.
    pub last_known_elr: Option<Vec<i32>>,
    /// Nodes that have it and are down.
    pub offline_replicas: Vec<i32>,
}

/// A place in the sequence of all partitions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NextPartitionCursor<'a> {
    /// Name of the topic.
    pub topic_name: Cow<'a, str>,
    /// Partition.
    pub partition_index: i32,
}

impl Default for DescribedTopic<'_> {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::None,
            name: None,
            topic_id: Uuid::default(),
            is_internal: false,
            partitions: Vec::new(),
            topic_authorized_operations: i32::MIN,
        }
    }
}

impl Default for DescribedPartition {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::None,
            partition_index: 0,
            leader_id: -1,
            leader_epoch: -1,
            replica_nodes: Vec::new(),
            isr_nodes: Vec::new(),
            eligible_leader_replicas: None,
            last_known_elr: None,
            offline_replicas: Vec::new(),
        }
    }
}

impl<'a> DescribeTopicPartitionsResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: r.i32()?,
            topics: r.array(25, DescribedTopic::decode)?,
            next_cursor: match r.i8()? {
                0.. => Some(NextPartitionCursor::decode(r)?),
                _ => None,
            },
        };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, _version: i16) {
        w.i32(self.throttle_time_ms);
        w.array(&self.topics, |w, topic| topic.encode(w));
        match &self.next_cursor {
            Some(cursor) => {
                w.i8(1);
                cursor.encode(w);
            }
            None => w.i8(-1),
        }
        w.no_tags();
    }
}

impl<'a> DescribedTopic<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let topic = Self {
            error_code: ErrorCode::from_code(r.i16()?),
            name: r.nullable_string()?.map(Cow::from),
            topic_id: r.uuid()?,
            is_internal: r.bool()?,
            partitions: r.array(19, DescribedPartition::decode)?,
            topic_authorized_operations: r.i32()?,
        };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.error_code(self.error_code);
        w.nullable_string(self.name.as_deref());
        w.uuid(self.topic_id);
        w.bool(self.is_internal);
        w.array(&self.partitions, |w, partition| partition.encode(w));
        w.i32(self.topic_authorized_operations);
        w.no_tags();
    }
}

impl DescribedPartition {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let partition = Self {
            error_code: ErrorCode::from_code(r.i16()?),
            partition_index: r.i32()?,
            leader_id: r.i32()?,
            leader_epoch: r.i32()?,
            replica_nodes: r.array(4, Reader::i32)?,
            isr_nodes: r.array(4, Reader::i32)?,
            eligible_leader_replicas: r.nullable_array(4, Reader::i32)?,
            last_known_elr: r.nullable_array(4, Reader::i32)?,
            offline_replicas: r.array(4, Reader::i32)?,
        };
        r.skip_tags()?;
        Ok(partition)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.error_code(self.error_code);
        w.i32(self.partition_index);
        w.i32(self.leader_id);
        w.i32(self.leader_epoch);
        w.array(&self.replica_nodes, |w, node| w.i32(*node));
        w.array(&self.isr_nodes, |w, node| w.i32(*node));
        w.nullable_array(self.eligible_leader_replicas.as_deref(), |w, replica| w.i32(*replica));
        w.nullable_array(self.last_known_elr.as_deref(), |w, node| w.i32(*node));
        w.array(&self.offline_replicas, |w, replica| w.i32(*replica));
        w.no_tags();
    }
}

impl<'a> NextPartitionCursor<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let cursor = Self { topic_name: r.string()?.into(), partition_index: r.i32()? };
        r.skip_tags()?;
        Ok(cursor)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(&self.topic_name);
        w.i32(self.partition_index);
        w.no_tags();
    }
}
