//! CreatePartitions, key 37, versions 0 to 3.
//!
//! Raises the number of partitions of topics, or with `validate_only` says whether it could.
//!
//! | version | adds |
//! | --- | --- |
//! | 1 | throttled after the response is sent (KIP-219) |
//! | 2 | flexible (KIP-482) |
//! | 3 | ThrottlingQuotaExceeded may be answered (KIP-599) |
//!
//! Skipped: nothing.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// Topics to grow.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CreatePartitionsRequest<'a> {
    /// By topic.
    pub topics: Vec<CreatePartitionsTopic<'a>>,
    /// How long the broker may take.
    pub timeout_ms: i32,
    /// Check only, change nothing.
    pub validate_only: bool,
}

/// A topic to grow.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CreatePartitionsTopic<'a> {
    /// Name.
    pub name: &'a str,
    /// Partitions it shall have in total.
    pub count: i32,
    /// For each new partition the nodes that get it, the preferred leader first; `None` to let the
    /// broker choose.
    pub assignments: Option<Vec<Vec<i32>>>,
}

impl<'a> CreatePartitionsRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            topics: r.array(6, CreatePartitionsTopic::decode)?,
            timeout_ms: r.i32()?,
            validate_only: r.bool()?,
        };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, _version: i16) {
        w.array(&self.topics, |w, topic| topic.encode(w));
        w.i32(self.timeout_ms);
        w.bool(self.validate_only);
        w.no_tags();
    }
}

impl<'a> CreatePartitionsTopic<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let topic = Self {
            name: r.string()?,
            count: r.i32()?,
            assignments: r.nullable_array(2, |r| {
                let broker_ids = r.array(4, Reader::i32)?;
                r.skip_tags()?;
                Ok(broker_ids)
            })?,
        };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(self.name);
        w.i32(self.count);
        w.nullable_array(self.assignments.as_deref(), |w, broker_ids| {
            w.array(broker_ids, |w, broker| w.i32(*broker));
            w.no_tags();
        });
        w.no_tags();
    }
}

/// What became of the topics.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CreatePartitionsResponse<'a> {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// By topic.
    pub results: Vec<CreatePartitionsTopicResult<'a>>,
}

/// What became of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CreatePartitionsTopicResult<'a> {
    /// Name.
    pub name: Cow<'a, str>,
    /// Error, or none.
    pub error_code: ErrorCode,
    /// Why, in words.
    pub error_message: Option<Cow<'a, str>>,
}

impl<'a> CreatePartitionsResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: r.i32()?,
            results: r.array(5, CreatePartitionsTopicResult::decode)?,
        };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, _version: i16) {
        w.i32(self.throttle_time_ms);
        w.array(&self.results, |w, result| result.encode(w));
        w.no_tags();
    }
}

impl<'a> CreatePartitionsTopicResult<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let result = Self {
            name: r.string()?.into(),
            error_code: ErrorCode::from_code(r.i16()?),
            error_message: r.nullable_string()?.map(Cow::from),
        };
        r.skip_tags()?;
        Ok(result)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(&self.name);
        w.error_code(self.error_code);
        w.nullable_string(self.error_message.as_deref());
        w.no_tags();
    }
}
