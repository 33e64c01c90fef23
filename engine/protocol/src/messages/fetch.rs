//! Fetch, key 1, versions 4 to 18. Request here, response in [`response`].
//!
//! Reads record batches from partitions. Waits until `min_bytes` are there or `max_wait_ms` have
//! passed. The first batch is answered even if it is larger than the limits, so that a consumer can
//! always make progress.
//!
//! | version | adds |
//! | --- | --- |
//! | 4 | isolation level, aborted transactions; record format v2 (KIP-98) |
//! | 5 | log start offset both ways (KIP-107) |
//! | 6 | KafkaStorageError may be answered (KIP-112) |
//! | 7 | incremental sessions (KIP-227) |
//! | 8 | throttled after the response is sent (KIP-219) |
//! | 9 | current leader epoch of a partition (KIP-320) |
//! | 10 | zstd (KIP-110) |
//! | 11 | rack of the consumer, preferred replica (KIP-392) |
//! | 12 | flexible; last fetched epoch, diverging epoch, current leader (KIP-595) |
//! | 13 | topics by id instead of name (KIP-516) |
//! | 14 | OffsetMovedToTieredStorage may be answered (KIP-405) |
//! | 15 | replica id and epoch move to a tagged field (KIP-903) |
//! | 16 | endpoints of current leaders, tagged (KIP-951) |
//! | 17 | directory id of a follower, tagged (KIP-853) |
//! | 18 | high watermark a follower knows, tagged (KIP-1166) |
//!
//! Skipped: `snapshot_id` in the response, which only Kafka's own metadata log uses.

pub mod response;

use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::uuid::Uuid;
use crate::wire::writer::Writer;

/// Batches asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchRequest<'a> {
    /// Id of the cluster the client believes in; tagged, from version 12.
    pub cluster_id: Option<&'a str>,
    /// Node id of a follower, -1 for a consumer.
    pub replica_id: i32,
    /// Epoch of that follower, -1 if unknown; from version 15.
    pub replica_epoch: i64,
    /// How long the broker may wait for `min_bytes`.
    pub max_wait_ms: i32,
    /// Bytes worth answering for.
    pub min_bytes: i32,
    /// Bytes of records in the whole response, at most.
    pub max_bytes: i32,
    /// 0 read uncommitted, 1 read committed.
    pub isolation_level: i8,
    /// Session to continue, 0 if none; from version 7.
    pub session_id: i32,
    /// 0 opens a session, -1 is a full fetch without one or closes one; from version 7.
    pub session_epoch: i32,
    /// By topic. In a session: only what changed since the last request.
    pub topics: Vec<FetchTopic<'a>>,
    /// Partitions to drop from the session, from version 7.
    pub forgotten_topics: Vec<ForgottenTopic<'a>>,
    /// Rack of the consumer, from version 11.
    pub rack_id: &'a str,
}

/// Batches asked for in one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FetchTopic<'a> {
    /// Name, up to version 12.
    pub name: &'a str,
    /// Identity, from version 13.
    pub topic_id: Uuid,
    /// By partition.
    pub partitions: Vec<FetchPartition>,
}

/// Batches asked for in one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchPartition {
    /// Partition.
    pub index: i32,
    /// Leader epoch the client believes in, -1 if none; from version 9.
    pub current_leader_epoch: i32,
    /// First offset wanted.
    pub fetch_offset: i64,
    /// Leader epoch of the last record the follower has, -1 if unknown; from version 12.
    pub last_fetched_epoch: i32,
    /// First offset of the follower's log, -1 for a consumer; from version 5.
    pub log_start_offset: i64,
    /// Bytes of records of this partition, at most.
    pub partition_max_bytes: i32,
    /// Directory of the follower's replica; tagged, from version 17.
    pub replica_directory_id: Uuid,
    /// High watermark the follower knows, `i64::MAX` if it does not say; tagged, from version 18.
    pub high_watermark: i64,
}

/// Partitions to drop from a session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ForgottenTopic<'a> {
    /// Name, up to version 12.
    pub name: &'a str,
    /// Identity, from version 13.
    pub topic_id: Uuid,
    /// Partitions.
    pub partitions: Vec<i32>,
}

impl Default for FetchRequest<'_> {
    fn default() -> Self {
        Self {
            cluster_id: None,
            replica_id: -1,
            replica_epoch: -1,
            max_wait_ms: 0,
            min_bytes: 0,
            max_bytes: i32::MAX,
            isolation_level: 0,
            session_id: 0,
            session_epoch: -1,
            topics: Vec::new(),
            forgotten_topics: Vec::new(),
            rack_id: "",
        }
    }
}

impl Default for FetchPartition {
    fn default() -> Self {
        Self {
            index: 0,
            current_leader_epoch: -1,
            fetch_offset: 0,
            last_fetched_epoch: -1,
            log_start_offset: -1,
            partition_max_bytes: 0,
            replica_directory_id: Uuid::ZERO,
            high_watermark: i64::MAX,
        }
    }
}

impl<'a> FetchRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut request = Self {
            cluster_id: None,
            replica_id: if version <= 14 { r.i32()? } else { -1 },
            replica_epoch: -1,
            max_wait_ms: r.i32()?,
            min_bytes: r.i32()?,
            max_bytes: r.i32()?,
            isolation_level: r.i8()?,
            session_id: if version >= 7 { r.i32()? } else { 0 },
            session_epoch: if version >= 7 { r.i32()? } else { -1 },
            topics: r.array(3, |r| FetchTopic::decode(r, version))?,
            forgotten_topics: match version {
                7.. => r.array(3, |r| ForgottenTopic::decode(r, version))?,
                _ => Vec::new(),
            },
            rack_id: if version >= 11 { r.string()? } else { "" },
        };
        r.tags(|tag, r| {
            match tag {
                0 => request.cluster_id = r.nullable_string()?,
                1 if version >= 15 => {
                    request.replica_id = r.i32()?;
                    request.replica_epoch = r.i64()?;
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        if version <= 14 {
            w.i32(self.replica_id);
        }
        w.i32(self.max_wait_ms);
        w.i32(self.min_bytes);
        w.i32(self.max_bytes);
        w.i8(self.isolation_level);
        if version >= 7 {
            w.i32(self.session_id);
            w.i32(self.session_epoch);
        }
        w.array(&self.topics, |w, topic| topic.encode(w, version));
        if version >= 7 {
            w.array(&self.forgotten_topics, |w, topic| topic.encode(w, version));
        }
        if version >= 11 {
            w.string(self.rack_id);
        }
        if version >= 12 {
            self.encode_tags(w, version);
        }
    }

    fn encode_tags(&self, w: &mut Writer<'_>, version: i16) {
        let is_replica = self.replica_id != -1 || self.replica_epoch != -1;
        let has_replica_state = version >= 15 && is_replica;
        w.tag_count(u32::from(self.cluster_id.is_some()) + u32::from(has_replica_state));
        if self.cluster_id.is_some() {
            w.tag(0, |w| w.nullable_string(self.cluster_id));
        }
        if has_replica_state {
            w.tag(1, |w| {
                w.i32(self.replica_id);
                w.i64(self.replica_epoch);
                w.no_tags();
            });
        }
    }
}

impl<'a> FetchTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let topic = Self {
            name: if version <= 12 { r.string()? } else { "" },
            topic_id: if version >= 13 { r.uuid()? } else { Uuid::ZERO },
            partitions: r.array(16, |r| FetchPartition::decode(r, version))?,
        };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        match version {
            13.. => w.uuid(self.topic_id),
            _ => w.string(self.name),
        }
        w.array(&self.partitions, |w, partition| partition.encode(w, version));
        w.no_tags();
    }
}

impl FetchPartition {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let mut partition = Self {
            index: r.i32()?,
            current_leader_epoch: if version >= 9 { r.i32()? } else { -1 },
            fetch_offset: r.i64()?,
            last_fetched_epoch: if version >= 12 { r.i32()? } else { -1 },
            log_start_offset: if version >= 5 { r.i64()? } else { -1 },
            partition_max_bytes: r.i32()?,
            ..Self::default()
        };
        r.tags(|tag, r| {
            match tag {
                0 if version >= 17 => partition.replica_directory_id = r.uuid()?,
                1 if version >= 18 => partition.high_watermark = r.i64()?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(partition)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.i32(self.index);
        if version >= 9 {
            w.i32(self.current_leader_epoch);
        }
        w.i64(self.fetch_offset);
        if version >= 12 {
            w.i32(self.last_fetched_epoch);
        }
        if version >= 5 {
            w.i64(self.log_start_offset);
        }
        w.i32(self.partition_max_bytes);
        let has_directory = version >= 17 && !self.replica_directory_id.is_zero();
        let has_high_watermark = version >= 18 && self.high_watermark != i64::MAX;
        w.tag_count(u32::from(has_directory) + u32::from(has_high_watermark));
        if has_directory {
            w.tag(0, |w| w.uuid(self.replica_directory_id));
        }
        if has_high_watermark {
            w.tag(1, |w| w.i64(self.high_watermark));
        }
    }
}

impl<'a> ForgottenTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let topic = Self {
            name: if version <= 12 { r.string()? } else { "" },
            topic_id: if version >= 13 { r.uuid()? } else { Uuid::ZERO },
            partitions: r.array(4, Reader::i32)?,
        };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        match version {
            13.. => w.uuid(self.topic_id),
            _ => w.string(self.name),
        }
        w.array(&self.partitions, |w, partition| w.i32(*partition));
        w.no_tags();
    }
}
