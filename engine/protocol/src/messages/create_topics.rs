//! CreateTopics, key 19, versions 2 to 7.
//!
//! Creates topics, or with `validate_only` says whether it could.
//!
//! | version | adds |
//! | --- | --- |
//! | 2 | the oldest version Kafka 4 has |
//! | 3 | throttled after the response is sent (KIP-219) |
//! | 4 | -1 partitions or replicas mean the broker's default (KIP-464) |
//! | 5 | flexible; the response tells partitions, replicas and configs of the new topic (KIP-525) |
//! | 6 | ThrottlingQuotaExceeded may be answered (KIP-599) |
//! | 7 | topic id in the response (KIP-516) |
//!
//! Skipped: versions 0 and 1, as in Kafka 4.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::uuid::Uuid;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// Topics to create.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CreateTopicsRequest<'a> {
    /// By topic.
    pub topics: Vec<CreatableTopic<'a>>,
    /// How long the broker may take.
    pub timeout_ms: i32,
    /// Check only, change nothing.
    pub validate_only: bool,
}

/// A topic to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatableTopic<'a> {
    /// Name.
    pub name: &'a str,
    /// Partitions; -1 for the broker's default or if `assignments` say it.
    pub num_partitions: i32,
    /// Replicas; -1 for the broker's default or if `assignments` say it.
    pub replication_factor: i16,
    /// Which nodes get which partition; empty to let the broker choose.
    pub assignments: Vec<ReplicaAssignment>,
    /// Settings of the topic.
    pub configs: Vec<CreatableTopicConfig<'a>>,
}

/// Which nodes get a partition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReplicaAssignment {
    /// Partition.
    pub partition_index: i32,
    /// Nodes, the preferred leader first.
    pub broker_ids: Vec<i32>,
}

/// A setting of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CreatableTopicConfig<'a> {
    /// Name.
    pub name: &'a str,
    /// Value.
    pub value: Option<&'a str>,
}

impl Default for CreatableTopic<'_> {
    fn default() -> Self {
        Self {
            name: "",
            num_partitions: -1,
            replication_factor: -1,
            assignments: Vec::new(),
            configs: Vec::new(),
        }
    }
}

impl<'a> CreateTopicsRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            topics: r.array(10, CreatableTopic::decode)?,
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

impl<'a> CreatableTopic<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let topic = Self {
            name: r.string()?,
            num_partitions: r.i32()?,
            replication_factor: r.i16()?,
            assignments: r.array(6, ReplicaAssignment::decode)?,
            configs: r.array(3, CreatableTopicConfig::decode)?,
        };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(self.name);
        w.i32(self.num_partitions);
        w.i16(self.replication_factor);
        w.array(&self.assignments, |w, assignment| assignment.encode(w));
        w.array(&self.configs, |w, config| config.encode(w));
        w.no_tags();
    }
}

impl ReplicaAssignment {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let assignment = Self { partition_index: r.i32()?, broker_ids: r.array(4, Reader::i32)? };
        r.skip_tags()?;
        Ok(assignment)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.i32(self.partition_index);
        w.array(&self.broker_ids, |w, broker| w.i32(*broker));
        w.no_tags();
    }
}

impl<'a> CreatableTopicConfig<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let config = Self { name: r.string()?, value: r.nullable_string()? };
        r.skip_tags()?;
        Ok(config)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(self.name);
        w.nullable_string(self.value);
        w.no_tags();
    }
}

/// What became of the topics.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CreateTopicsResponse<'a> {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// By topic.
    pub topics: Vec<CreatableTopicResult<'a>>,
}

/// What became of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatableTopicResult<'a> {
    /// Name.
    pub name: Cow<'a, str>,
    /// Identity, from version 7.
    pub topic_id: Uuid,
    /// Error, or none.
    pub error_code: ErrorCode,
    /// Why, in words.
    pub error_message: Option<Cow<'a, str>>,
    /// Why `configs` is null, if the client may not see them; tagged, from version 5.
    pub topic_config_error_code: ErrorCode,
    /// Partitions, from version 5; -1 if unknown.
    pub num_partitions: i32,
    /// Replicas, from version 5; -1 if unknown.
    pub replication_factor: i16,
    /// Settings, from version 5.
    pub configs: Option<Vec<CreatedTopicConfig<'a>>>,
}

/// A setting of a new topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CreatedTopicConfig<'a> {
    /// Name.
    pub name: Cow<'a, str>,
    /// Value.
    pub value: Option<Cow<'a, str>>,
    /// True if it cannot be changed.
    pub read_only: bool,
    /// Where it comes from; see [`super::describe_configs`].
    pub config_source: i8,
    /// True if the value is hidden.
    pub is_sensitive: bool,
}

impl Default for CreatableTopicResult<'_> {
    fn default() -> Self {
        Self {
            name: Cow::default(),
            topic_id: Uuid::ZERO,
            error_code: ErrorCode::None,
            error_message: None,
            topic_config_error_code: ErrorCode::None,
            num_partitions: -1,
            replication_factor: -1,
            configs: Some(Vec::new()),
        }
    }
}

impl<'a> CreateTopicsResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: r.i32()?,
            topics: r.array(5, |r| CreatableTopicResult::decode(r, version))?,
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

impl<'a> CreatableTopicResult<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut topic = Self {
            name: r.string()?.into(),
            topic_id: if version >= 7 { r.uuid()? } else { Uuid::ZERO },
            error_code: ErrorCode::from_code(r.i16()?),
            error_message: r.nullable_string()?.map(Cow::from),
            ..Self::default()
        };
        if version >= 5 {
            topic.num_partitions = r.i32()?;
            topic.replication_factor = r.i16()?;
            topic.configs = r.nullable_array(6, CreatedTopicConfig::decode)?;
        }
        r.tags(|tag, r| {
            if tag == 0 {
                topic.topic_config_error_code = ErrorCode::from_code(r.i16()?);
            }
            Ok(())
        })?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.string(&self.name);
        if version >= 7 {
            w.uuid(self.topic_id);
        }
        w.error_code(self.error_code);
        w.nullable_string(self.error_message.as_deref());
        if version >= 5 {
            w.i32(self.num_partitions);
            w.i16(self.replication_factor);
            w.nullable_array(self.configs.as_deref(), |w, config| config.encode(w));
        }
        if version >= 5 && !self.topic_config_error_code.is_none() {
            w.tag_count(1);
            w.tag(0, |w| w.error_code(self.topic_config_error_code));
        } else {
            w.no_tags();
        }
    }
}

impl<'a> CreatedTopicConfig<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let config = Self {
            name: r.string()?.into(),
            value: r.nullable_string()?.map(Cow::from),
            read_only: r.bool()?,
            config_source: r.i8()?,
            is_sensitive: r.bool()?,
        };
        r.skip_tags()?;
        Ok(config)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(&self.name);
        w.nullable_string(self.value.as_deref());
        w.bool(self.read_only);
        w.i8(self.config_source);
        w.bool(self.is_sensitive);
        w.no_tags();
    }
}
