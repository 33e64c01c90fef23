//! ListOffsets, key 2, versions 0 to 11.
//!
//! Finds an offset by timestamp, or by one of the special timestamps below. Answers the first
//! record at or after the time asked for.
//!
//! | version | adds |
//! | --- | --- |
//! | 1 | one offset and its timestamp instead of a list of segment starts (KIP-79) |
//! | 2 | isolation level, throttle time (KIP-98) |
//! | 3 | throttled after the response is sent (KIP-219) |
//! | 4 | leader epoch both ways (KIP-320) |
//! | 5 | OffsetNotAvailable may be answered (KIP-207) |
//! | 6 | flexible (KIP-482) |
//! | 7 | [`MAX_TIMESTAMP`] (KIP-734) |
//! | 8 | [`EARLIEST_LOCAL_TIMESTAMP`] (KIP-405) |
//! | 9 | [`LATEST_TIERED_TIMESTAMP`] (KIP-1005) |
//! | 10 | timeout, for reads from tiered storage (KIP-1075) |
//! | 11 | [`EARLIEST_PENDING_UPLOAD_TIMESTAMP`] (KIP-1023) |
//!
//! Skipped: version 0 asks for up to `max_num_offsets` segment starts; a response holds at most the
//! one offset that later versions hold. Kafka 4 dropped version 0, old monitoring tools did not.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// Asks for the offset that the next record will get.
pub const LATEST_TIMESTAMP: i64 = -1;
/// Asks for the log start offset.
pub const EARLIEST_TIMESTAMP: i64 = -2;
/// Asks for the record with the highest timestamp.
pub const MAX_TIMESTAMP: i64 = -3;
/// Asks for the first offset on local disk.
pub const EARLIEST_LOCAL_TIMESTAMP: i64 = -4;
/// Asks for the last offset in tiered storage.
pub const LATEST_TIERED_TIMESTAMP: i64 = -5;
/// Asks for the first offset that tiered storage does not have yet.
pub const EARLIEST_PENDING_UPLOAD_TIMESTAMP: i64 = -6;

/// Offsets asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListOffsetsRequest<'a> {
    /// Node id of a follower, -1 for a client.
    pub replica_id: i32,
    /// 0 read uncommitted, 1 read committed; from version 2.
    pub isolation_level: i8,
    /// By topic.
    pub topics: Vec<ListOffsetsTopic<'a>>,
    /// How long the broker may wait for tiered storage, from version 10.
    pub timeout_ms: i32,
}

/// Offsets asked for in one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListOffsetsTopic<'a> {
    /// Name.
    pub name: &'a str,
    /// By partition.
    pub partitions: Vec<ListOffsetsPartition>,
}

/// The offset asked for in one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListOffsetsPartition {
    /// Partition.
    pub index: i32,
    /// Leader epoch the client believes in, -1 if none; from version 4.
    pub current_leader_epoch: i32,
    /// Milliseconds since 1970, or one of the special values of this module.
    pub timestamp: i64,
    /// How many offsets at most, in version 0.
    pub max_num_offsets: i32,
}

impl Default for ListOffsetsRequest<'_> {
    fn default() -> Self {
        Self { replica_id: -1, isolation_level: 0, topics: Vec::new(), timeout_ms: 0 }
    }
}

impl Default for ListOffsetsPartition {
    fn default() -> Self {
        Self { index: 0, current_leader_epoch: -1, timestamp: 0, max_num_offsets: 1 }
    }
}

impl<'a> ListOffsetsRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            replica_id: r.i32()?,
            isolation_level: if version >= 2 { r.i8()? } else { 0 },
            topics: r.array(3, |r| ListOffsetsTopic::decode(r, version))?,
            timeout_ms: if version >= 10 { r.i32()? } else { 0 },
        };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.i32(self.replica_id);
        if version >= 2 {
            w.i8(self.isolation_level);
        }
        w.array(&self.topics, |w, topic| topic.encode(w, version));
        if version >= 10 {
            w.i32(self.timeout_ms);
        }
        w.no_tags();
    }
}

impl<'a> ListOffsetsTopic<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let topic = Self {
            name: r.string()?,
            partitions: r.array(12, |r| ListOffsetsPartition::decode(r, version))?,
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

impl ListOffsetsPartition {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let partition = Self {
            index: r.i32()?,
            current_leader_epoch: if version >= 4 { r.i32()? } else { -1 },
            timestamp: r.i64()?,
            max_num_offsets: if version == 0 { r.i32()? } else { 1 },
        };
        r.skip_tags()?;
        Ok(partition)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.i32(self.index);
        if version >= 4 {
            w.i32(self.current_leader_epoch);
        }
        w.i64(self.timestamp);
        if version == 0 {
            w.i32(self.max_num_offsets);
        }
        w.no_tags();
    }
}

/// Offsets found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListOffsetsResponse<'a> {
    /// How long the client should stay away for its quota, from version 2.
    pub throttle_time_ms: i32,
    /// By topic.
    pub topics: Vec<ListOffsetsTopicResponse<'a>>,
}

/// Offsets found in one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListOffsetsTopicResponse<'a> {
    /// Name.
    pub name: Cow<'a, str>,
    /// By partition.
    pub partitions: Vec<ListOffsetsPartitionResponse>,
}

/// The offset found in one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListOffsetsPartitionResponse {
    /// Partition.
    pub index: i32,
    /// Error, or none.
    pub error_code: ErrorCode,
    /// Timestamp of the record found, -1 if none or if a special timestamp was asked for; from
    /// version 1.
    pub timestamp: i64,
    /// Offset of the record found, -1 if none.
    pub offset: i64,
    /// Leader epoch in which it was appended, -1 if unknown; from version 4.
    pub leader_epoch: i32,
}

impl Default for ListOffsetsPartitionResponse {
    fn default() -> Self {
        Self { index: 0, error_code: ErrorCode::None, timestamp: -1, offset: -1, leader_epoch: -1 }
    }
}

impl<'a> ListOffsetsResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: if version >= 2 { r.i32()? } else { 0 },
            topics: r.array(3, |r| ListOffsetsTopicResponse::decode(r, version))?,
        };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        if version >= 2 {
            w.i32(self.throttle_time_ms);
        }
        w.array(&self.topics, |w, topic| topic.encode(w, version));
        w.no_tags();
    }
}

impl<'a> ListOffsetsTopicResponse<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let topic = Self {
            name: r.string()?.into(),
            partitions: r.array(10, |r| ListOffsetsPartitionResponse::decode(r, version))?,
        };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.string(&self.name);
        w.array(&self.partitions, |w, partition| partition.encode(w, version));
        w.no_tags();
    }
}

impl ListOffsetsPartitionResponse {
    fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let mut partition =
            Self { index: r.i32()?, error_code: ErrorCode::from_code(r.i16()?), ..Self::default() };
        if version == 0 {
            partition.offset = r.array(8, Reader::i64)?.first().copied().unwrap_or(-1);
        } else {
            partition.timestamp = r.i64()?;
            partition.offset = r.i64()?;
        }
        if version >= 4 {
            partition.leader_epoch = r.i32()?;
        }
        r.skip_tags()?;
        Ok(partition)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.i32(self.index);
        w.error_code(self.error_code);
        if version == 0 {
            let found = if self.offset >= 0 { &[self.offset][..] } else { &[] };
            w.array(found, |w, offset| w.i64(*offset));
        } else {
            w.i64(self.timestamp);
            w.i64(self.offset);
        }
        if version >= 4 {
            w.i32(self.leader_epoch);
        }
        w.no_tags();
    }
}
