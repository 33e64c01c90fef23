//! The response to Fetch, versions 4 to 18; what each version adds is listed in [`super`].
//!
//! A broker need not have the record bytes in memory to answer: a partition may carry
//! [`FetchRecords::Hole`], and the encoder then returns where in its buffer how many bytes are
//! missing. The sender writes the buffer up to the hole, the bytes from the file, and so on:
//!
//! ```text
//! buffer:  [ length, header, topic, partition 0 | partition 1, topic, partition 0 | tail ]
//!                                               ^ hole 0 (at, len)                ^ hole 1
//! wire:    [ ........................... bytes of hole 0 ............ bytes of hole 1 ... ]
//! ```
//!
//! All length prefixes count the missing bytes, so the frame has `buffer.len() + sum of hole
//! lengths` bytes.

use super::super::leader_hint::{LeaderIdAndEpoch, NodeEndpoint};
use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::uuid::Uuid;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// Batches found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FetchResponse<'a> {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// Error of the whole request, or none; from version 7.
    pub error_code: ErrorCode,
    /// Session, 0 if none; from version 7.
    pub session_id: i32,
    /// By topic. In a session: only partitions with something new.
    pub topics: Vec<FetchTopicResponse<'a>>,
    /// Where the leaders named in `current_leader` listen; tagged, from version 16.
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

/// Batches found in one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FetchTopicResponse<'a> {
    /// Name, up to version 12.
    pub name: Cow<'a, str>,
    /// Identity, from version 13.
    pub topic_id: Uuid,
    /// By partition.
    pub partitions: Vec<FetchPartitionResponse<'a>>,
}

/// Batches found in one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchPartitionResponse<'a> {
    /// Partition.
    pub index: i32,
    /// Error, or none.
    pub error_code: ErrorCode,
    /// First offset that is not yet safe, -1 after an error.
    pub high_watermark: i64,
    /// First offset of the oldest open transaction, or the high watermark.
    pub last_stable_offset: i64,
    /// First offset of the partition, from version 5.
    pub log_start_offset: i64,
    /// Where the follower's log differs from the leader's; tagged, from version 12.
    pub diverging_epoch: Option<EpochEndOffset>,
    /// With NotLeaderOrFollower: who leads now; tagged, from version 12.
    pub current_leader: Option<LeaderIdAndEpoch>,
    /// For read committed: what to leave out. Null when reading uncommitted.
    pub aborted_transactions: Option<Vec<AbortedTransaction>>,
    /// Replica to read from instead, or -1; from version 11.
    pub preferred_read_replica: i32,
    /// Record batches, one after the other.
    pub records: FetchRecords<'a>,
}

/// Where the bytes of a partition's batches are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchRecords<'a> {
    /// Null on the wire. Brokers send empty bytes instead: some clients do not expect null.
    Null,
    /// Here.
    Inline(&'a [u8]),
    /// Elsewhere: to be sent by whoever sends the buffer.
    Hole {
        /// How many.
        len: u32,
    },
}

/// A place in an encoded response where record bytes are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hole {
    /// Position in the writer's buffer: bytes before it go out first.
    pub at: usize,
    /// Bytes to send from elsewhere. May be 0.
    pub len: usize,
    /// Index into [`FetchResponse::topics`].
    pub topic_index: usize,
    /// Index into [`FetchTopicResponse::partitions`].
    pub partition_index: usize,
}

/// Records that were aborted: those of this producer from this offset on, up to its abort marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AbortedTransaction {
    /// Producer.
    pub producer_id: i64,
    /// First offset of the transaction.
    pub first_offset: i64,
}

/// Where a leader epoch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochEndOffset {
    /// Leader epoch.
    pub epoch: i32,
    /// First offset after it.
    pub end_offset: i64,
}

impl<'a> FetchRecords<'a> {
    /// The bytes, if they are here; empty for null.
    pub fn inline(&self) -> Option<&'a [u8]> {
        match *self {
            Self::Null => Some(&[]),
            Self::Inline(bytes) => Some(bytes),
            Self::Hole { .. } => None,
        }
    }
}

impl Default for FetchPartitionResponse<'_> {
    fn default() -> Self {
        Self {
            index: 0,
            error_code: ErrorCode::None,
            high_watermark: -1,
            last_stable_offset: -1,
            log_start_offset: -1,
            diverging_epoch: None,
            current_leader: None,
            aborted_transactions: None,
            preferred_read_replica: -1,
            records: FetchRecords::Inline(&[]),
        }
    }
}

impl<'a> FetchResponse<'a> {
    /// Reads the body of a response. Records are never holes.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut response = Self {
            throttle_time_ms: r.i32()?,
            error_code: match version {
                7.. => ErrorCode::from_code(r.i16()?),
                _ => ErrorCode::None,
            },
            session_id: if version >= 7 { r.i32()? } else { 0 },
            topics: r.array(3, |r| FetchTopicResponse::decode(r, version))?,
            node_endpoints: Vec::new(),
        };
        r.tags(|tag, r| {
            if tag == 0 && version >= 16 {
                response.node_endpoints = r.array(NodeEndpoint::BYTES_MIN, NodeEndpoint::decode)?;
            }
            Ok(())
        })?;
        Ok(response)
    }

    /// Writes the body of a response that has no holes.
    ///
    /// # Panics
    ///
    /// If a partition's records are a hole: the caller would send a frame with bytes missing.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        let holes = self.encode_with_holes(w, version);
        assert!(holes.is_empty(), "a response with holes needs encode_with_holes");
    }

    /// Writes the body of a response and returns its holes in the order of their positions.
    pub fn encode_with_holes(&self, w: &mut Writer<'_>, version: i16) -> Vec<Hole> {
        let mut holes = Vec::new();
        w.i32(self.throttle_time_ms);
        if version >= 7 {
            w.error_code(self.error_code);
            w.i32(self.session_id);
        }
        let mut topic_index = 0;
        w.array(&self.topics, |w, topic| {
            topic.encode(w, version, topic_index, &mut holes);
            topic_index += 1;
        });
        if version >= 16 && !self.node_endpoints.is_empty() {
            w.tag_count(1);
            w.tag(0, |w| w.array(&self.node_endpoints, |w, endpoint| endpoint.encode(w)));
        } else {
            w.no_tags();
        }
        holes
    }
}

impl<'a> FetchTopicResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let topic = Self {
            name: if version <= 12 { r.string()?.into() } else { Cow::default() },
            topic_id: if version >= 13 { r.uuid()? } else { Uuid::ZERO },
            partitions: r.array(24, |r| FetchPartitionResponse::decode(r, version))?,
        };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16, topic_index: usize, holes: &mut Vec<Hole>) {
        match version {
            13.. => w.uuid(self.topic_id),
            _ => w.string(&self.name),
        }
        let mut partition_index = 0;
        w.array(&self.partitions, |w, partition| {
            if let Some((at, len)) = partition.encode(w, version) {
                holes.push(Hole { at, len, topic_index, partition_index });
            }
            partition_index += 1;
        });
        w.no_tags();
    }
}

impl<'a> FetchPartitionResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut partition = Self {
            index: r.i32()?,
            error_code: ErrorCode::from_code(r.i16()?),
            high_watermark: r.i64()?,
            last_stable_offset: r.i64()?,
            log_start_offset: if version >= 5 { r.i64()? } else { -1 },
            diverging_epoch: None,
            current_leader: None,
            aborted_transactions: r.nullable_array(16, AbortedTransaction::decode)?,
            preferred_read_replica: if version >= 11 { r.i32()? } else { -1 },
            records: r.nullable_bytes()?.map_or(FetchRecords::Null, FetchRecords::Inline),
        };
        r.tags(|tag, r| {
            match tag {
                0 => partition.diverging_epoch = Some(EpochEndOffset::decode(r)?),
                1 => partition.current_leader = Some(LeaderIdAndEpoch::decode(r)?),
                _ => {}
            }
            Ok(())
        })?;
        Ok(partition)
    }

    /// Returns position and length of the hole, if there is one.
    fn encode(&self, w: &mut Writer<'_>, version: i16) -> Option<(usize, usize)> {
        w.i32(self.index);
        w.error_code(self.error_code);
        w.i64(self.high_watermark);
        w.i64(self.last_stable_offset);
        if version >= 5 {
            w.i64(self.log_start_offset);
        }
        w.nullable_array(self.aborted_transactions.as_deref(), |w, aborted| aborted.encode(w));
        if version >= 11 {
            w.i32(self.preferred_read_replica);
        }
        let hole = self.encode_records(w);
        if version >= 12 {
            self.encode_tags(w);
        }
        hole
    }

    fn encode_records(&self, w: &mut Writer<'_>) -> Option<(usize, usize)> {
        match self.records {
            FetchRecords::Null => w.nullable_bytes(None),
            FetchRecords::Inline(bytes) => w.bytes(bytes),
            FetchRecords::Hole { len } => return Some((w.hole(len as usize), len as usize)),
        }
        None
    }

    fn encode_tags(&self, w: &mut Writer<'_>) {
        let has_diverging_epoch = u32::from(self.diverging_epoch.is_some());
        w.tag_count(has_diverging_epoch + u32::from(self.current_leader.is_some()));
        if let Some(diverging) = self.diverging_epoch {
            w.tag(0, |w| diverging.encode(w));
        }
        if let Some(leader) = self.current_leader {
            w.tag(1, |w| leader.encode(w));
        }
    }
}

impl AbortedTransaction {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let aborted = Self { producer_id: r.i64()?, first_offset: r.i64()? };
        r.skip_tags()?;
        Ok(aborted)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.i64(self.producer_id);
        w.i64(self.first_offset);
        w.no_tags();
    }
}

impl EpochEndOffset {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let end = Self { epoch: r.i32()?, end_offset: r.i64()? };
        r.skip_tags()?;
        Ok(end)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.i32(self.epoch);
        w.i64(self.end_offset);
        w.no_tags();
    }
}
