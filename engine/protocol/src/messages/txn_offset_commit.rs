//! TxnOffsetCommit, key 28, versions 0 to 5.
//!
//! Commits offsets of a group as part of a transaction: they count when the transaction is
//! committed.
//!
//! | version | adds |
//! | --- | --- |
//! | 1 | throttled after the response is sent (KIP-219) |
//! | 2 | leader epoch (KIP-320) |
//! | 3 | flexible (KIP-482); the member, so that one that was thrown out is fenced (KIP-447) |
//! | 4 | TransactionAbortable may be answered (KIP-890) |
//! | 5 | transaction version 2: adds itself to the transaction, no AddOffsetsToTxn before (KIP-890) |
//!
//! Skipped: nothing.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// Offsets to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TxnOffsetCommitRequest<'a> {
    /// Transactional id.
    pub transactional_id: &'a str,
    /// Group.
    pub group_id: &'a str,
    /// Producer.
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i16,
    /// Generation or member epoch, -1 if the producer is no member; from version 3.
    pub generation_id: i32,
    /// Member, empty if the producer is none; from version 3.
    pub member_id: &'a str,
    /// Set by a static member, from version 3.
    pub group_instance_id: Option<&'a str>,
    /// By topic.
    pub topics: Vec<TxnOffsetCommitTopic<'a>>,
}

/// Offsets to keep of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TxnOffsetCommitTopic<'a> {
    /// Name.
    pub name: &'a str,
    /// By partition.
    pub partitions: Vec<TxnOffsetCommitPartition<'a>>,
}

/// The offset to keep of one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TxnOffsetCommitPartition<'a> {
    /// Partition.
    pub partition_index: i32,
    /// Offset of the next record to read.
    pub committed_offset: i64,
    /// Leader epoch of the last record read, -1 if not known; from version 2.
    pub committed_leader_epoch: i32,
    /// Whatever the client wants to remember.
    pub committed_metadata: Option<&'a str>,
}

impl Default for TxnOffsetCommitRequest<'_> {
    fn default() -> Self {
        Self {
            transactional_id: "",
            group_id: "",
            producer_id: -1,
            producer_epoch: -1,
            generation_id: -1,
            member_id: "",
            group_instance_id: None,
            topics: Vec::new(),
        }
    }
}

impl Default for TxnOffsetCommitPartition<'_> {
    fn default() -> Self {
        Self {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            committed_metadata: None,
        }
    }
}

impl<'a> TxnOffsetCommitRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            transactional_id: r.string()?,
            group_id: r.string()?,
            producer_id: r.i64()?,
            producer_epoch: r.i16()?,
            generation_id: if version >= 3 { r.i32()? } else { -1 },
            member_id: if version >= 3 { r.string()? } else { "" },
            group_instance_id: if version >= 3 { r.nullable_string()? } else { None },
            topics: r.array(2, |r| TxnOffsetCommitTopic::decode(r, version))?,
        };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.string(self.transactional_id);
        w.string(self.group_id);
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        if version >= 3 {
            w.i32(self.generation_id);
            w.string(self.member_id);
            w.nullable_string(self.group_instance_id);
        }
        w.array(&self.topics, |w, topic| topic.encode(w, version));
        w.no_tags();
    }
}

impl<'a> TxnOffsetCommitTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let topic = Self {
            name: r.string()?,
            partitions: r.array(13, |r| TxnOffsetCommitPartition::decode(r, version))?,
        };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.string(self.name);
        w.array(&self.partitions, |w, partition| partition.encode(w, version));
        w.no_tags();
    }
}

impl<'a> TxnOffsetCommitPartition<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let partition = Self {
            partition_index: r.i32()?,
            committed_offset: r.i64()?,
            committed_leader_epoch: if version >= 2 { r.i32()? } else { -1 },
            committed_metadata: r.nullable_string()?,
        };
        r.skip_tags()?;
        Ok(partition)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.i32(self.partition_index);
        w.i64(self.committed_offset);
        if version >= 2 {
            w.i32(self.committed_leader_epoch);
        }
        w.nullable_string(self.committed_metadata);
        w.no_tags();
    }
}

/// What became of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TxnOffsetCommitResponse<'a> {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// By topic.
    pub topics: Vec<TxnOffsetCommitTopicResult<'a>>,
}

/// What became of the offsets of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TxnOffsetCommitTopicResult<'a> {
    /// Name.
    pub name: Cow<'a, str>,
    /// By partition.
    pub partitions: Vec<TxnOffsetCommitPartitionResult>,
}

/// What became of one offset.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TxnOffsetCommitPartitionResult {
    /// Partition.
    pub partition_index: i32,
    /// Error, or none.
    pub error_code: ErrorCode,
}

impl<'a> TxnOffsetCommitResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: r.i32()?,
            topics: r.array(2, TxnOffsetCommitTopicResult::decode)?,
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

impl<'a> TxnOffsetCommitTopicResult<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let topic = Self {
            name: r.string()?.into(),
            partitions: r.array(6, TxnOffsetCommitPartitionResult::decode)?,
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

impl TxnOffsetCommitPartitionResult {
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
