//! SyncGroup, key 14, versions 0 to 5.
//!
//! The second half of a rebalance of a classic group: the leader brings everybody's assignment, and
//! everybody, waiting, is answered its own.
//!
//! | version | adds |
//! | --- | --- |
//! | 1 | throttle time |
//! | 2 | throttled after the response is sent (KIP-219) |
//! | 3 | static members (KIP-345) |
//! | 4 | flexible (KIP-482) |
//! | 5 | protocol type and name, both ways, to be compared (KIP-559) |
//!
//! Skipped: nothing.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// A member that waits for its assignment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SyncGroupRequest<'a> {
    /// Group.
    pub group_id: &'a str,
    /// Generation it joined.
    pub generation_id: i32,
    /// Member.
    pub member_id: &'a str,
    /// Set by a static member, from version 3.
    pub group_instance_id: Option<&'a str>,
    /// What the member believes the group is for, from version 5.
    pub protocol_type: Option<&'a str>,
    /// Protocol the member believes was chosen, from version 5.
    pub protocol_name: Option<&'a str>,
    /// By member, from the leader; empty from the others.
    pub assignments: Vec<SyncGroupAssignment<'a>>,
}

/// What a member gets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SyncGroupAssignment<'a> {
    /// Member.
    pub member_id: &'a str,
    /// Opaque here.
    pub assignment: &'a [u8],
}

impl<'a> SyncGroupRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            group_id: r.string()?,
            generation_id: r.i32()?,
            member_id: r.string()?,
            group_instance_id: if version >= 3 { r.nullable_string()? } else { None },
            protocol_type: if version >= 5 { r.nullable_string()? } else { None },
            protocol_name: if version >= 5 { r.nullable_string()? } else { None },
            assignments: r.array(2, SyncGroupAssignment::decode)?,
        };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.string(self.group_id);
        w.i32(self.generation_id);
        w.string(self.member_id);
        if version >= 3 {
            w.nullable_string(self.group_instance_id);
        }
        if version >= 5 {
            w.nullable_string(self.protocol_type);
            w.nullable_string(self.protocol_name);
        }
        w.array(&self.assignments, |w, assignment| assignment.encode(w));
        w.no_tags();
    }
}

impl<'a> SyncGroupAssignment<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let assignment = Self { member_id: r.string()?, assignment: r.bytes()? };
        r.skip_tags()?;
        Ok(assignment)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(self.member_id);
        w.bytes(self.assignment);
        w.no_tags();
    }
}

/// What the member got.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SyncGroupResponse<'a> {
    /// How long the client should stay away for its quota, from version 1.
    pub throttle_time_ms: i32,
    /// Error, or none.
    pub error_code: ErrorCode,
    /// What the group is for, from version 5.
    pub protocol_type: Option<Cow<'a, str>>,
    /// Protocol that was chosen, from version 5.
    pub protocol_name: Option<Cow<'a, str>>,
    /// Opaque here.
    pub assignment: Cow<'a, [u8]>,
}

impl<'a> SyncGroupResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: if version >= 1 { r.i32()? } else { 0 },
            error_code: ErrorCode::from_code(r.i16()?),
            protocol_type: match version {
                5.. => r.nullable_string()?.map(Cow::from),
                _ => None,
            },
            protocol_name: match version {
                5.. => r.nullable_string()?.map(Cow::from),
                _ => None,
            },
            assignment: r.bytes()?.into(),
        };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        if version >= 1 {
            w.i32(self.throttle_time_ms);
        }
        w.error_code(self.error_code);
        if version >= 5 {
            w.nullable_string(self.protocol_type.as_deref());
            w.nullable_string(self.protocol_name.as_deref());
        }
        w.bytes(&self.assignment);
        w.no_tags();
    }
}
