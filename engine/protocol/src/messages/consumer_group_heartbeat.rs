//! ConsumerGroupHeartbeat, key 68, versions 0 and 1. Flexible.
//!
//! The one request of a member of a consumer group (KIP-848): it joins with epoch 0, lives, tells
//! what it still has, leaves with epoch -1 (or -2 if it is static and comes back), and is told what
//! it shall have. What has not changed since the last heartbeat is null, both ways.
//!
//! | version | adds |
//! | --- | --- |
//! | 1 | regular expression of topics; the member chooses its own id (KIP-848, KIP-1082) |
//!
//! Skipped: nothing.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::uuid::Uuid;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// `member_epoch`: joins.
pub const JOIN_EPOCH: i32 = 0;
/// `member_epoch`: leaves for good.
pub const LEAVE_EPOCH: i32 = -1;
/// `member_epoch`: a static member leaves and will be back.
pub const LEAVE_STATIC_EPOCH: i32 = -2;

/// A member that is alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerGroupHeartbeatRequest<'a> {
    /// Group.
    pub group_id: &'a str,
    /// Member; empty if the broker shall choose an id, in version 0.
    pub member_id: &'a str,
    /// Epoch the member is in, or one of the constants.
    pub member_epoch: i32,
    /// Set by a static member.
    pub instance_id: Option<&'a str>,
    /// Where it is, if that has changed.
    pub rack_id: Option<&'a str>,
    /// How long it may take to give partitions up, -1 if that has not changed.
    pub rebalance_timeout_ms: i32,
    /// Topics it wants, if that has changed.
    pub subscribed_topic_names: Option<Vec<&'a str>>,
    /// Topics it wants, as a regular expression, if that has changed; from version 1.
    pub subscribed_topic_regex: Option<&'a str>,
    /// How to share out, if that has changed; `None` at first for the broker's choice.
    pub server_assignor: Option<&'a str>,
    /// Partitions it has, if that has changed.
    pub topic_partitions: Option<Vec<OwnedTopicPartitions>>,
}

/// Partitions of one topic that a member has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OwnedTopicPartitions {
    /// Identity.
    pub topic_id: Uuid,
    /// Partitions.
    pub partitions: Vec<i32>,
}

impl Default for ConsumerGroupHeartbeatRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: "",
            member_id: "",
            member_epoch: 0,
            instance_id: None,
            rack_id: None,
            rebalance_timeout_ms: -1,
            subscribed_topic_names: None,
            subscribed_topic_regex: None,
            server_assignor: None,
            topic_partitions: None,
        }
    }
}

impl<'a> ConsumerGroupHeartbeatRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            group_id: r.string()?,
            member_id: r.string()?,
            member_epoch: r.i32()?,
            instance_id: r.nullable_string()?,
            rack_id: r.nullable_string()?,
            rebalance_timeout_ms: r.i32()?,
            subscribed_topic_names: r.nullable_array(1, Reader::string)?,
            subscribed_topic_regex: if version >= 1 { r.nullable_string()? } else { None },
            server_assignor: r.nullable_string()?,
            topic_partitions: r.nullable_array(17, OwnedTopicPartitions::decode)?,
        };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.string(self.group_id);
        w.string(self.member_id);
        w.i32(self.member_epoch);
        w.nullable_string(self.instance_id);
        w.nullable_string(self.rack_id);
        w.i32(self.rebalance_timeout_ms);
        w.nullable_array(self.subscribed_topic_names.as_deref(), |w, name| w.string(name));
        if version >= 1 {
            w.nullable_string(self.subscribed_topic_regex);
        }
        w.nullable_string(self.server_assignor);
        w.nullable_array(self.topic_partitions.as_deref(), |w, partition| partition.encode(w));
        w.no_tags();
    }
}

impl OwnedTopicPartitions {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let partitions = Self { topic_id: r.uuid()?, partitions: r.array(4, Reader::i32)? };
        r.skip_tags()?;
        Ok(partitions)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.uuid(self.topic_id);
        w.array(&self.partitions, |w, partition| w.i32(*partition));
        w.no_tags();
    }
}

/// What the member shall have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConsumerGroupHeartbeatResponse<'a> {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// Error, or none.
    pub error_code: ErrorCode,
    /// Why, in words.
    pub error_message: Option<Cow<'a, str>>,
    /// Id, when the broker chose it.
    pub member_id: Option<Cow<'a, str>>,
    /// Epoch the member is in now.
    pub member_epoch: i32,
    /// When to come again.
    pub heartbeat_interval_ms: i32,
    /// What it shall have, if that has changed.
    pub assignment: Option<Assignment>,
}

/// What a member shall have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Assignment {
    /// By topic.
    pub topic_partitions: Vec<AssignedTopicPartitions>,
}

/// Partitions of one topic that a member shall have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AssignedTopicPartitions {
    /// Identity.
    pub topic_id: Uuid,
    /// Partitions.
    pub partitions: Vec<i32>,
}

impl<'a> ConsumerGroupHeartbeatResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: r.i32()?,
            error_code: ErrorCode::from_code(r.i16()?),
            error_message: r.nullable_string()?.map(Cow::from),
            member_id: r.nullable_string()?.map(Cow::from),
            member_epoch: r.i32()?,
            heartbeat_interval_ms: r.i32()?,
            assignment: match r.i8()? {
                0.. => Some(Assignment::decode(r)?),
                _ => None,
            },
        };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, _version: i16) {
        w.i32(self.throttle_time_ms);
        w.error_code(self.error_code);
        w.nullable_string(self.error_message.as_deref());
        w.nullable_string(self.member_id.as_deref());
        w.i32(self.member_epoch);
        w.i32(self.heartbeat_interval_ms);
        match &self.assignment {
            Some(assignment) => {
                w.i8(1);
                assignment.encode(w);
            }
            None => w.i8(-1),
        }
        w.no_tags();
    }
}

impl Assignment {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let assignment = Self { topic_partitions: r.array(17, AssignedTopicPartitions::decode)? };
        r.skip_tags()?;
        Ok(assignment)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.array(&self.topic_partitions, |w, partition| partition.encode(w));
        w.no_tags();
    }
}

impl AssignedTopicPartitions {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let partitions = Self { topic_id: r.uuid()?, partitions: r.array(4, Reader::i32)? };
        r.skip_tags()?;
        Ok(partitions)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.uuid(self.topic_id);
        w.array(&self.partitions, |w, partition| w.i32(*partition));
        w.no_tags();
    }
}
