//! DeleteTopics, key 20, versions 1 to 6.
//!
//! | version | adds |
//! | --- | --- |
//! | 1 | the oldest version Kafka 4 has |
//! | 2 | throttled after the response is sent (KIP-219) |
//! | 3 | TopicDeletionDisabled may be answered (KIP-322) |
//! | 4 | flexible (KIP-482) |
//! | 5 | error message; ThrottlingQuotaExceeded may be answered (KIP-599) |
//! | 6 | topics by id or by name (KIP-516) |
//!
//! Skipped: version 0, as in Kafka 4. Up to version 5 the request is a list of names; here it has
//! the shape of version 6 always.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::uuid::Uuid;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// Topics to delete.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeleteTopicsRequest<'a> {
    /// By topic.
    pub topics: Vec<DeleteTopicState<'a>>,
    /// How long the broker may take.
    pub timeout_ms: i32,
}

/// A topic to delete.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeleteTopicState<'a> {
    /// Name, or `None` if the id says which.
    pub name: Option<&'a str>,
    /// Identity, from version 6; zero if the name says which.
    pub topic_id: Uuid,
}

impl<'a> DeleteTopicsRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            topics: r.array(1, |r| DeleteTopicState::decode(r, version))?,
            timeout_ms: r.i32()?,
        };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.array(&self.topics, |w, topic| topic.encode(w, version));
        w.i32(self.timeout_ms);
        w.no_tags();
    }
}

impl<'a> DeleteTopicState<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        if version <= 5 {
            return Ok(Self { name: Some(r.string()?), topic_id: Uuid::ZERO });
        }
        let topic = Self { name: r.nullable_string()?, topic_id: r.uuid()? };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        if version <= 5 {
            return w.string(self.name.unwrap_or_default());
        }
        w.nullable_string(self.name);
        w.uuid(self.topic_id);
        w.no_tags();
    }
}

/// What became of the topics.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeleteTopicsResponse<'a> {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// By topic.
    pub topics: Vec<DeletableTopicResult<'a>>,
}

/// What became of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeletableTopicResult<'a> {
    /// Name; `None` from version 6 if asked for by an unknown id.
    pub name: Option<Cow<'a, str>>,
    /// Identity, from version 6.
    pub topic_id: Uuid,
    /// Error, or none.
    pub error_code: ErrorCode,
    /// Why, in words; from version 5.
    pub error_message: Option<Cow<'a, str>>,
}

impl<'a> DeleteTopicsResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: r.i32()?,
            topics: r.array(4, |r| DeletableTopicResult::decode(r, version))?,
        };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.i32(self.throttle_time_ms);
        w.array(&self.topics, |w, topic| topic.encode(w, version));
        w.no_tags();
    }
}

impl<'a> DeletableTopicResult<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let topic = Self {
            name: r.nullable_string()?.map(Cow::from),
            topic_id: if version >= 6 { r.uuid()? } else { Uuid::ZERO },
            error_code: ErrorCode::from_code(r.i16()?),
            error_message: match version {
                5.. => r.nullable_string()?.map(Cow::from),
                _ => None,
            },
        };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        match version {
            6.. => w.nullable_string(self.name.as_deref()),
            _ => w.string(self.name.as_deref().unwrap_or_default()),
        }
        if version >= 6 {
            w.uuid(self.topic_id);
        }
        w.error_code(self.error_code);
        if version >= 5 {
            w.nullable_string(self.error_message.as_deref());
        }
        w.no_tags();
    }
}
