//! Produce, key 0. Announced from version 0, decoded from 3 to 13 (see
//! [`crate::api_key::Versions::decodable_min`]).
//!
//! Appends record batches to partitions. With `acks` 0 there is no response at all.
//!
//! | version | adds |
//! | --- | --- |
//! | 3 | transactional id; only record format v2 (KIP-98) |
//! | 4 | KafkaStorageError may be answered (KIP-112) |
//! | 5 | log start offset in the response (KIP-107) |
//! | 6 | throttled after the response is sent (KIP-219) |
//! | 7 | zstd (KIP-110) |
//! | 8 | errors of single batches, an error message (KIP-467) |
//! | 9 | flexible (KIP-482) |
//! | 10 | who leads now, tagged (KIP-951) |
//! | 11 | TransactionAbortable may be answered (KIP-890) |
//! | 12 | adds a partition to its transaction without being asked (KIP-890) |
//! | 13 | topics by id instead of name (KIP-516) |
//!
//! Skipped: nothing.

use super::leader_hint::{LeaderIdAndEpoch, NodeEndpoint};
use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::uuid::Uuid;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// Batches to append.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProduceRequest<'a> {
    /// Set by a transactional producer.
    pub transactional_id: Option<&'a str>,
    /// Who must have a batch before it is acknowledged: 0 nobody, 1 the leader, -1 all in-sync
    /// replicas.
    pub acks: i16,
    /// How long the broker may wait for those replicas.
    pub timeout_ms: i32,
    /// By topic.
    pub topics: Vec<ProduceTopic<'a>>,
}

/// Batches for one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProduceTopic<'a> {
    /// Name, up to version 12.
    pub name: &'a str,
    /// Identity, from version 13.
    pub topic_id: Uuid,
    /// By partition.
    pub partitions: Vec<ProducePartition<'a>>,
}

/// Batches for one partition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProducePartition<'a> {
    /// Partition.
    pub index: i32,
    /// Record batches, one after the other; see [`crate::batch`].
    pub records: Option<&'a [u8]>,
}

impl<'a> ProduceRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            transactional_id: r.nullable_string()?,
            acks: r.i16()?,
            timeout_ms: r.i32()?,
            topics: r.array(3, |r| ProduceTopic::decode(r, version))?,
        };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.nullable_string(self.transactional_id);
        w.i16(self.acks);
        w.i32(self.timeout_ms);
        w.array(&self.topics, |w, topic| topic.encode(w, version));
        w.no_tags();
    }
}

impl<'a> ProduceTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let topic = Self {
            name: if version <= 12 { r.string()? } else { "" },
            topic_id: if version >= 13 { r.uuid()? } else { Uuid::ZERO },
            partitions: r.array(5, ProducePartition::decode)?,
        };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        match version {
            13.. => w.uuid(self.topic_id),
            _ => w.string(self.name),
        }
        w.array(&self.partitions, |w, partition| partition.encode(w));
        w.no_tags();
    }
}

impl<'a> ProducePartition<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let partition = Self { index: r.i32()?, records: r.nullable_bytes()? };
        r.skip_tags()?;
        Ok(partition)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.i32(self.index);
        w.nullable_bytes(self.records);
        w.no_tags();
    }
}

/// What became of the batches.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProduceResponse<'a> {
    /// By topic.
    pub topics: Vec<ProduceTopicResponse<'a>>,
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// From version 10: where the leaders named in `current_leader` listen.
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

/// What became of the batches of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProduceTopicResponse<'a> {
    /// Name, up to version 12.
    pub name: Cow<'a, str>,
    /// Identity, from version 13.
    pub topic_id: Uuid,
    /// By partition.
    pub partitions: Vec<ProducePartitionResponse<'a>>,
}

/// What became of the batches of one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProducePartitionResponse<'a> {
    /// Partition.
    pub index: i32,
    /// Error, or none.
    pub error_code: ErrorCode,
    /// Offset of the first record appended, -1 after an error.
    pub base_offset: i64,
    /// When the broker appended the batch, if the topic uses that time; otherwise -1.
    pub log_append_time_ms: i64,
    /// First offset of the partition, from version 5; -1 if unknown.
    pub log_start_offset: i64,
    /// Batches that made the whole request fail, from version 8.
    pub record_errors: Vec<BatchIndexError<'a>>,
    /// Why, in words, from version 8.
    pub error_message: Option<Cow<'a, str>>,
    /// From version 10, with NotLeaderOrFollower: who leads now.
    pub current_leader: Option<LeaderIdAndEpoch>,
}

/// A batch that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BatchIndexError<'a> {
    /// Which one of the request, or which record.
    pub batch_index: i32,
    /// Why.
    pub message: Option<Cow<'a, str>>,
}

impl Default for ProducePartitionResponse<'_> {
    fn default() -> Self {
        Self {
            index: 0,
            error_code: ErrorCode::None,
            base_offset: -1,
            log_append_time_ms: -1,
            log_start_offset: -1,
            record_errors: Vec::new(),
            error_message: None,
            current_leader: None,
        }
    }
}

impl<'a> ProduceResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut response = Self {
            topics: r.array(3, |r| ProduceTopicResponse::decode(r, version))?,
            throttle_time_ms: r.i32()?,
            node_endpoints: Vec::new(),
        };
        r.tags(|tag, r| {
            if tag == 0 && version >= 10 {
                response.node_endpoints = r.array(NodeEndpoint::BYTES_MIN, NodeEndpoint::decode)?;
            }
            Ok(())
        })?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.array(&self.topics, |w, topic| topic.encode(w, version));
        w.i32(self.throttle_time_ms);
        if version >= 10 && !self.node_endpoints.is_empty() {
            w.tag_count(1);
            w.tag(0, |w| w.array(&self.node_endpoints, |w, endpoint| endpoint.encode(w)));
        } else {
            w.no_tags();
        }
    }
}

impl<'a> ProduceTopicResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let topic = Self {
            name: if version <= 12 { r.string()?.into() } else { Cow::default() },
            topic_id: if version >= 13 { r.uuid()? } else { Uuid::ZERO },
            partitions: r.array(22, |r| ProducePartitionResponse::decode(r, version))?,
        };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        match version {
            13.. => w.uuid(self.topic_id),
            _ => w.string(&self.name),
        }
        w.array(&self.partitions, |w, partition| partition.encode(w, version));
        w.no_tags();
    }
}

impl<'a> ProducePartitionResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut partition = Self {
            index: r.i32()?,
            error_code: ErrorCode::from_code(r.i16()?),
            base_offset: r.i64()?,
            log_append_time_ms: r.i64()?,
            ..Self::default()
        };
        if version >= 5 {
            partition.log_start_offset = r.i64()?;
        }
        if version >= 8 {
            partition.record_errors = r.array(6, BatchIndexError::decode)?;
            partition.error_message = r.nullable_string()?.map(Cow::from);
        }
        r.tags(|tag, r| {
            if tag == 0 && version >= 10 {
                partition.current_leader = Some(LeaderIdAndEpoch::decode(r)?);
            }
            Ok(())
        })?;
        Ok(partition)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.i32(self.index);
        w.error_code(self.error_code);
        w.i64(self.base_offset);
        w.i64(self.log_append_time_ms);
        if version >= 5 {
            w.i64(self.log_start_offset);
        }
        if version >= 8 {
            w.array(&self.record_errors, |w, error| error.encode(w));
            w.nullable_string(self.error_message.as_deref());
        }
        match self.current_leader {
            Some(leader) if version >= 10 => {
                w.tag_count(1);
                w.tag(0, |w| leader.encode(w));
            }
            _ => w.no_tags(),
        }
    }
}

impl<'a> BatchIndexError<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let error = Self { batch_index: r.i32()?, message: r.nullable_string()?.map(Cow::from) };
        r.skip_tags()?;
        Ok(error)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.i32(self.batch_index);
        w.nullable_string(self.message.as_deref());
        w.no_tags();
    }
}
