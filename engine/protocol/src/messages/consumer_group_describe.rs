//! ConsumerGroupDescribe, key 69, versions 0 and 1. Flexible.
//!
//! Tells the state of consumer groups and of their members (KIP-848).
//!
//! | version | adds |
//! | --- | --- |
//! | 1 | whether a member speaks the consumer or the classic protocol (KIP-1099) |
//!
//! Skipped: nothing.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::uuid::Uuid;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// `member_type`: not known.
pub const MEMBER_TYPE_UNKNOWN: i8 = -1;
/// `member_type`: speaks the classic protocol, in a group that is being upgraded.
pub const MEMBER_TYPE_CLASSIC: i8 = 0;
/// `member_type`: speaks the consumer protocol.
pub const MEMBER_TYPE_CONSUMER: i8 = 1;

/// Groups asked about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConsumerGroupDescribeRequest<'a> {
    /// Group ids.
    pub group_ids: Vec<&'a str>,
    /// Whether to tell what the client may do.
    pub include_authorized_operations: bool,
}

impl<'a> ConsumerGroupDescribeRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            group_ids: r.array(1, Reader::string)?,
            include_authorized_operations: r.bool()?,
        };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, _version: i16) {
        w.array(&self.group_ids, |w, id| w.string(id));
        w.bool(self.include_authorized_operations);
        w.no_tags();
    }
}

/// Groups found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConsumerGroupDescribeResponse<'a> {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// By group.
    pub groups: Vec<DescribedConsumerGroup<'a>>,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedConsumerGroup<'a> {
    /// Error, or none.
    pub error_code: ErrorCode,
    /// Why, in words.
    pub error_message: Option<Cow<'a, str>>,
    /// Group.
    pub group_id: Cow<'a, str>,
    /// State, as `Stable`; empty after an error.
    pub group_state: Cow<'a, str>,
    /// Grows with each change of members or subscriptions.
    pub group_epoch: i32,
    /// Group epoch that the target assignment was made for.
    pub assignment_epoch: i32,
    /// How it shares out.
    pub assignor_name: Cow<'a, str>,
    /// Members.
    pub members: Vec<DescribedConsumerMember<'a>>,
    /// What the client may do, one bit each; `i32::MIN` if not asked.
    pub authorized_operations: i32,
}

/// A member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedConsumerMember<'a> {
    /// Id.
    pub member_id: Cow<'a, str>,
    /// Set for a static member.
    pub instance_id: Option<Cow<'a, str>>,
    /// Where it is.
    pub rack_id: Option<Cow<'a, str>>,
    /// Epoch it is in.
    pub member_epoch: i32,
    /// Name the client gave itself.
    pub client_id: Cow<'a, str>,
    /// Where it connects from.
    pub client_host: Cow<'a, str>,
    /// Topics it wants.
    pub subscribed_topic_names: Vec<Cow<'a, str>>,
    /// Topics it wants, as a regular expression.
    pub subscribed_topic_regex: Option<Cow<'a, str>>,
    /// What it has.
    pub assignment: MemberAssignment<'a>,
    /// What it shall have.
    pub target_assignment: MemberAssignment<'a>,
    /// One of the `MEMBER_TYPE` constants, from version 1.
    pub member_type: i8,
}

/// Partitions of a member.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemberAssignment<'a> {
    /// By topic.
    pub topic_partitions: Vec<MemberTopicPartitions<'a>>,
}

/// Partitions of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemberTopicPartitions<'a> {
    /// Identity.
    pub topic_id: Uuid,
    /// Name.
    pub topic_name: Cow<'a, str>,
    /// Partitions.
    pub partitions: Vec<i32>,
}

impl Default for DescribedConsumerGroup<'_> {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::None,
            error_message: None,
            group_id: Cow::default(),
            group_state: Cow::default(),
            group_epoch: 0,
            assignment_epoch: 0,
            assignor_name: Cow::default(),
            members: Vec::new(),
            authorized_operations: i32::MIN,
        }
    }
}

impl Default for DescribedConsumerMember<'_> {
    fn default() -> Self {
        Self {
            member_id: Cow::default(),
            instance_id: None,
            rack_id: None,
            member_epoch: 0,
            client_id: Cow::default(),
            client_host: Cow::default(),
            subscribed_topic_names: Vec::new(),
            subscribed_topic_regex: None,
            assignment: MemberAssignment::default(),
            target_assignment: MemberAssignment::default(),
            member_type: MEMBER_TYPE_UNKNOWN,
        }
    }
}

impl<'a> ConsumerGroupDescribeResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: r.i32()?,
            groups: r.array(19, |r| DescribedConsumerGroup::decode(r, version))?,
        };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.i32(self.throttle_time_ms);
        w.array(&self.groups, |w, group| group.encode(w, version));
        w.no_tags();
    }
}

impl<'a> DescribedConsumerGroup<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let group = Self {
            error_code: ErrorCode::from_code(r.i16()?),
            error_message: r.nullable_string()?.map(Cow::from),
            group_id: r.string()?.into(),
            group_state: r.string()?.into(),
            group_epoch: r.i32()?,
            assignment_epoch: r.i32()?,
            assignor_name: r.string()?.into(),
            members: r.array(13, |r| DescribedConsumerMember::decode(r, version))?,
            authorized_operations: r.i32()?,
        };
        r.skip_tags()?;
        Ok(group)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.error_code(self.error_code);
        w.nullable_string(self.error_message.as_deref());
        w.string(&self.group_id);
        w.string(&self.group_state);
        w.i32(self.group_epoch);
        w.i32(self.assignment_epoch);
        w.string(&self.assignor_name);
        w.array(&self.members, |w, member| member.encode(w, version));
        w.i32(self.authorized_operations);
        w.no_tags();
    }
}

impl<'a> DescribedConsumerMember<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let member = Self {
            member_id: r.string()?.into(),
            instance_id: r.nullable_string()?.map(Cow::from),
            rack_id: r.nullable_string()?.map(Cow::from),
            member_epoch: r.i32()?,
            client_id: r.string()?.into(),
            client_host: r.string()?.into(),
            subscribed_topic_names: r.array(1, |r| Ok(r.string()?.into()))?,
            subscribed_topic_regex: r.nullable_string()?.map(Cow::from),
            assignment: MemberAssignment::decode(r)?,
            target_assignment: MemberAssignment::decode(r)?,
            member_type: if version >= 1 { r.i8()? } else { MEMBER_TYPE_UNKNOWN },
        };
        r.skip_tags()?;
        Ok(member)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.string(&self.member_id);
        w.nullable_string(self.instance_id.as_deref());
        w.nullable_string(self.rack_id.as_deref());
        w.i32(self.member_epoch);
        w.string(&self.client_id);
        w.string(&self.client_host);
        w.array(&self.subscribed_topic_names, |w, name| w.string(name));
        w.nullable_string(self.subscribed_topic_regex.as_deref());
        self.assignment.encode(w);
        self.target_assignment.encode(w);
        if version >= 1 {
            w.i8(self.member_type);
        }
        w.no_tags();
    }
}

impl<'a> MemberAssignment<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let assignment = Self { topic_partitions: r.array(18, MemberTopicPartitions::decode)? };
        r.skip_tags()?;
        Ok(assignment)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.array(&self.topic_partitions, |w, partition| partition.encode(w));
        w.no_tags();
    }
}

impl<'a> MemberTopicPartitions<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let partitions = Self {
            topic_id: r.uuid()?,
            topic_name: r.string()?.into(),
            partitions: r.array(4, Reader::i32)?,
        };
        r.skip_tags()?;
        Ok(partitions)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.uuid(self.topic_id);
        w.string(&self.topic_name);
        w.array(&self.partitions, |w, partition| w.i32(*partition));
        w.no_tags();
    }
}
