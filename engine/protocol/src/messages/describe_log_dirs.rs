//! DescribeLogDirs, key 35, versions 1 to 5.
//!
//! Tells where replicas are on the disks of a broker, and how large they are. Each broker tells its
//! own.
//!
//! | version | adds |
//! | --- | --- |
//! | 2 | flexible (KIP-482) |
//! | 3 | an error of the whole request (KIP-784) |
//! | 4 | size of the volume and what is free (KIP-827) |
//! | 5 | whether a directory is closed to new replicas (KIP-1066) |
//!
//! Skipped: version 0, as in Kafka 4.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// Partitions asked about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DescribeLogDirsRequest<'a> {
    /// By topic; `None` for all.
    pub topics: Option<Vec<DescribableLogDirTopic<'a>>>,
}

/// Partitions asked about of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DescribableLogDirTopic<'a> {
    /// Name.
    pub topic: &'a str,
    /// Partitions.
    pub partitions: Vec<i32>,
}

impl<'a> DescribeLogDirsRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let request = Self { topics: r.nullable_array(2, DescribableLogDirTopic::decode)? };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, _version: i16) {
        w.nullable_array(self.topics.as_deref(), |w, topic| topic.encode(w));
        w.no_tags();
    }
}

impl<'a> DescribableLogDirTopic<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let topic = Self { topic: r.string()?, partitions: r.array(4, Reader::i32)? };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(self.topic);
        w.array(&self.partitions, |w, partition| w.i32(*partition));
        w.no_tags();
    }
}

/// Directories found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DescribeLogDirsResponse<'a> {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// Error of the whole request, or none; from version 3.
    pub error_code: ErrorCode,
    /// By directory.
    pub results: Vec<DescribeLogDirsResult<'a>>,
}

/// A directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribeLogDirsResult<'a> {
    /// Error, or none.
    pub error_code: ErrorCode,
    /// Path.
    pub log_dir: Cow<'a, str>,
    /// By topic.
    pub topics: Vec<DescribeLogDirsTopic<'a>>,
    /// Size of the volume it is on, -1 if unknown; from version 4.
    pub total_bytes: i64,
    /// What is free on it, -1 if unknown; from version 4.
    pub usable_bytes: i64,
    /// True if it gets no new replicas, from version 5.
    pub is_cordoned: bool,
}

/// Replicas of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DescribeLogDirsTopic<'a> {
    /// Name.
    pub name: Cow<'a, str>,
    /// By partition.
    pub partitions: Vec<DescribeLogDirsPartition>,
}

/// A replica.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DescribeLogDirsPartition {
    /// Partition.
    pub partition_index: i32,
    /// Bytes of its segments.
    pub partition_size: i64,
    /// How far its end is behind: the high watermark's, or for a future replica the present one's.
    pub offset_lag: i64,
    /// True if it is being moved here and will replace the present one.
    pub is_future_key: bool,
}

impl Default for DescribeLogDirsResult<'_> {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::None,
            log_dir: Cow::default(),
            topics: Vec::new(),
            total_bytes: -1,
            usable_bytes: -1,
            is_cordoned: false,
        }
    }
}

impl<'a> DescribeLogDirsResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: r.i32()?,
            error_code: match version {
                3.. => ErrorCode::from_code(r.i16()?),
                _ => ErrorCode::None,
            },
            results: r.array(4, |r| DescribeLogDirsResult::decode(r, version))?,
        };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.i32(self.throttle_time_ms);
        if version >= 3 {
            w.error_code(self.error_code);
        }
        w.array(&self.results, |w, result| result.encode(w, version));
        w.no_tags();
    }
}

impl<'a> DescribeLogDirsResult<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let dirs = Self {
            error_code: ErrorCode::from_code(r.i16()?),
            log_dir: r.string()?.into(),
            topics: r.array(2, DescribeLogDirsTopic::decode)?,
            total_bytes: if version >= 4 { r.i64()? } else { -1 },
            usable_bytes: if version >= 4 { r.i64()? } else { -1 },
            is_cordoned: if version >= 5 { r.bool()? } else { false },
        };
        r.skip_tags()?;
        Ok(dirs)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.error_code(self.error_code);
        w.string(&self.log_dir);
        w.array(&self.topics, |w, topic| topic.encode(w));
        if version >= 4 {
            w.i64(self.total_bytes);
            w.i64(self.usable_bytes);
        }
        if version >= 5 {
            w.bool(self.is_cordoned);
        }
        w.no_tags();
    }
}

impl<'a> DescribeLogDirsTopic<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let topic = Self {
            name: r.string()?.into(),
            partitions: r.array(21, DescribeLogDirsPartition::decode)?,
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

impl DescribeLogDirsPartition {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let partition = Self {
            partition_index: r.i32()?,
            partition_size: r.i64()?,
            offset_lag: r.i64()?,
            is_future_key: r.bool()?,
        };
        r.skip_tags()?;
        Ok(partition)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.i32(self.partition_index);
        w.i64(self.partition_size);
        w.i64(self.offset_lag);
        w.bool(self.is_future_key);
        w.no_tags();
    }
}
