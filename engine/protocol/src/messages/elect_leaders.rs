//! ElectLeaders, key 43, versions 0 to 2.
//!
//! Elects leaders: back to the preferred replica, or any replica that lives although it is not in
//! sync, which loses records.
//!
//! | version | adds |
//! | --- | --- |
//! | 1 | kind of election; an error of the whole request (KIP-460) |
//! | 2 | flexible (KIP-482) |
//!
//! Skipped: nothing.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// `election_type`: the first replica, if it is in sync.
pub const ELECTION_TYPE_PREFERRED: i8 = 0;
/// `election_type`: any live replica, if none is in sync.
pub const ELECTION_TYPE_UNCLEAN: i8 = 1;

/// Elections wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElectLeadersRequest<'a> {
    /// One of the `ELECTION_TYPE` constants; from version 1, before always preferred.
    pub election_type: i8,
    /// By topic; `None` for all partitions.
    pub topic_partitions: Option<Vec<ElectableTopic<'a>>>,
    /// How long the broker may take.
    pub timeout_ms: i32,
}

/// Elections wanted in one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ElectableTopic<'a> {
    /// Name.
    pub topic: &'a str,
    /// Partitions.
    pub partitions: Vec<i32>,
}

impl Default for ElectLeadersRequest<'_> {
    fn default() -> Self {
        Self { election_type: 0, topic_partitions: None, timeout_ms: 60_000 }
    }
}

impl<'a> ElectLeadersRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            election_type: if version >= 1 { r.i8()? } else { 0 },
            topic_partitions: r.nullable_array(2, ElectableTopic::decode)?,
            timeout_ms: r.i32()?,
        };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        if version >= 1 {
            w.i8(self.election_type);
        }
        w.nullable_array(self.topic_partitions.as_deref(), |w, partition| partition.encode(w));
        w.i32(self.timeout_ms);
        w.no_tags();
    }
}

impl<'a> ElectableTopic<'a> {
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

/// What became of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ElectLeadersResponse<'a> {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// Error of the whole request, or none; from version 1.
    pub error_code: ErrorCode,
    /// By topic.
    pub replica_election_results: Vec<ElectedTopicResult<'a>>,
}

/// What became of the elections in one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ElectedTopicResult<'a> {
    /// Name.
    pub topic: Cow<'a, str>,
    /// By partition.
    pub partition_result: Vec<ElectedPartitionResult<'a>>,
}

/// What became of one election.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ElectedPartitionResult<'a> {
    /// Partition.
    pub partition_id: i32,
    /// Error, or none.
    pub error_code: ErrorCode,
    /// Why, in words.
    pub error_message: Option<Cow<'a, str>>,
}

impl<'a> ElectLeadersResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: r.i32()?,
            error_code: match version {
                1.. => ErrorCode::from_code(r.i16()?),
                _ => ErrorCode::None,
            },
            replica_election_results: r.array(2, ElectedTopicResult::decode)?,
        };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.i32(self.throttle_time_ms);
        if version >= 1 {
            w.error_code(self.error_code);
        }
        w.array(&self.replica_election_results, |w, result| result.encode(w));
        w.no_tags();
    }
}

impl<'a> ElectedTopicResult<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let topic = Self {
            topic: r.string()?.into(),
            partition_result: r.array(7, ElectedPartitionResult::decode)?,
        };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(&self.topic);
        w.array(&self.partition_result, |w, result| result.encode(w));
        w.no_tags();
    }
}

impl<'a> ElectedPartitionResult<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let partition = Self {
            partition_id: r.i32()?,
            error_code: ErrorCode::from_code(r.i16()?),
            error_message: r.nullable_string()?.map(Cow::from),
        };
        r.skip_tags()?;
        Ok(partition)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.i32(self.partition_id);
        w.error_code(self.error_code);
        w.nullable_string(self.error_message.as_deref());
        w.no_tags();
    }
}
