//! DescribeGroups, key 15, versions 0 to 6.
//!
//! Tells the state of classic groups and of their members. Groups of the consumer protocol are told
//! by ConsumerGroupDescribe.
//!
//! | version | adds |
//! | --- | --- |
//! | 1 | throttle time |
//! | 2 | throttled after the response is sent (KIP-219) |
//! | 3 | authorized operations (KIP-430) |
//! | 4 | static members (KIP-345) |
//! | 5 | flexible (KIP-482) |
//! | 6 | error message; GroupIdNotFound instead of a group in state `Dead` (KIP-1043) |
//!
//! Skipped: nothing.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// Groups asked about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DescribeGroupsRequest<'a> {
    /// Group ids.
    pub groups: Vec<&'a str>,
    /// Whether to tell what the client may do, from version 3.
    pub include_authorized_operations: bool,
}

impl<'a> DescribeGroupsRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            groups: r.array(1, Reader::string)?,
            include_authorized_operations: if version >= 3 { r.bool()? } else { false },
        };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.array(&self.groups, |w, group| w.string(group));
        if version >= 3 {
            w.bool(self.include_authorized_operations);
        }
        w.no_tags();
    }
}

/// Groups found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DescribeGroupsResponse<'a> {
    /// How long the client should stay away for its quota, from version 1.
    pub throttle_time_ms: i32,
    /// By group.
    pub groups: Vec<DescribedGroup<'a>>,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedGroup<'a> {
    /// Error, or none.
    pub error_code: ErrorCode,
    /// Why, in words, from version 6.
    pub error_message: Option<Cow<'a, str>>,
    /// Group.
    pub group_id: Cow<'a, str>,
    /// State, as `Stable`; empty after an error.
    pub group_state: Cow<'a, str>,
    /// What the group is for.
    pub protocol_type: Cow<'a, str>,
    /// Protocol chosen, if the state is `Stable`.
    pub protocol_data: Cow<'a, str>,
    /// Members.
    pub members: Vec<DescribedGroupMember<'a>>,
    /// What the client may do, one bit each; `i32::MIN` if not asked. From version 3.
    pub authorized_operations: i32,
}

/// A member.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DescribedGroupMember<'a> {
    /// Id.
    pub member_id: Cow<'a, str>,
    /// Set for a static member, from version 4.
    pub group_instance_id: Option<Cow<'a, str>>,
    /// Name the client gave itself.
    pub client_id: Cow<'a, str>,
    /// Where it connects from.
    pub client_host: Cow<'a, str>,
    /// Of the protocol chosen, if the state is `Stable`.
    pub member_metadata: Cow<'a, [u8]>,
    /// What the leader gave it, if the state is `Stable`.
    pub member_assignment: Cow<'a, [u8]>,
}

impl Default for DescribedGroup<'_> {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::None,
            error_message: None,
            group_id: Cow::default(),
            group_state: Cow::default(),
            protocol_type: Cow::default(),
            protocol_data: Cow::default(),
            members: Vec::new(),
            authorized_operations: i32::MIN,
        }
    }
}

impl<'a> DescribeGroupsResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: if version >= 1 { r.i32()? } else { 0 },
            groups: r.array(7, |r| DescribedGroup::decode(r, version))?,
        };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        if version >= 1 {
            w.i32(self.throttle_time_ms);
        }
        w.array(&self.groups, |w, group| group.encode(w, version));
        w.no_tags();
    }
}

impl<'a> DescribedGroup<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let group = Self {
            error_code: ErrorCode::from_code(r.i16()?),
            error_message: match version {
                6.. => r.nullable_string()?.map(Cow::from),
                _ => None,
            },
            group_id: r.string()?.into(),
            group_state: r.string()?.into(),
            protocol_type: r.string()?.into(),
            protocol_data: r.string()?.into(),
            members: r.array(5, |r| DescribedGroupMember::decode(r, version))?,
            authorized_operations: if version >= 3 { r.i32()? } else { i32::MIN },
        };
        r.skip_tags()?;
        Ok(group)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.error_code(self.error_code);
        if version >= 6 {
            w.nullable_string(self.error_message.as_deref());
        }
        w.string(&self.group_id);
        w.string(&self.group_state);
        w.string(&self.protocol_type);
        w.string(&self.protocol_data);
        w.array(&self.members, |w, member| member.encode(w, version));
        if version >= 3 {
            w.i32(self.authorized_operations);
        }
        w.no_tags();
    }
}

impl<'a> DescribedGroupMember<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let member = Self {
            member_id: r.string()?.into(),
            group_instance_id: match version {
                4.. => r.nullable_string()?.map(Cow::from),
                _ => None,
            },
            client_id: r.string()?.into(),
            client_host: r.string()?.into(),
            member_metadata: r.bytes()?.into(),
            member_assignment: r.bytes()?.into(),
        };
        r.skip_tags()?;
        Ok(member)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.string(&self.member_id);
        if version >= 4 {
            w.nullable_string(self.group_instance_id.as_deref());
        }
        w.string(&self.client_id);
        w.string(&self.client_host);
        w.bytes(&self.member_metadata);
        w.bytes(&self.member_assignment);
        w.no_tags();
    }
}
