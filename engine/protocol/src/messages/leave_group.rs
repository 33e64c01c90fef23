//! LeaveGroup, key 13, versions 0 to 5.
//!
//! Members leave a classic group: one that says goodbye, or several that an administrator removes,
//! by member id or, for static members, by instance id.
//!
//! | version | adds |
//! | --- | --- |
//! | 1 | throttle time |
//! | 2 | throttled after the response is sent (KIP-219) |
//! | 3 | several members, static ones too, and an answer for each (KIP-345) |
//! | 4 | flexible (KIP-482) |
//! | 5 | why a member leaves (KIP-800) |
//!
//! Skipped: nothing.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// Members that leave.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeaveGroupRequest<'a> {
    /// Group.
    pub group_id: &'a str,
    /// Who leaves; exactly one before version 3.
    pub members: Vec<LeavingMember<'a>>,
}

/// A member that leaves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeavingMember<'a> {
    /// Member; empty if it is named by its instance id.
    pub member_id: &'a str,
    /// Set for a static member, from version 3.
    pub group_instance_id: Option<&'a str>,
    /// Why it leaves, in words, from version 5.
    pub reason: Option<&'a str>,
}

impl<'a> LeaveGroupRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            group_id: r.string()?,
            members: match version {
                3.. => r.array(2, |r| LeavingMember::decode(r, version))?,
                _ => vec![LeavingMember { member_id: r.string()?, ..Default::default() }],
            },
        };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.string(self.group_id);
        match version {
            3.. => w.array(&self.members, |w, member| member.encode(w, version)),
            _ => w.string(self.members.first().map_or("", |member| member.member_id)),
        }
        w.no_tags();
    }
}

impl<'a> LeavingMember<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let member = Self {
            member_id: r.string()?,
            group_instance_id: r.nullable_string()?,
            reason: if version >= 5 { r.nullable_string()? } else { None },
        };
        r.skip_tags()?;
        Ok(member)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.string(self.member_id);
        w.nullable_string(self.group_instance_id);
        if version >= 5 {
            w.nullable_string(self.reason);
        }
        w.no_tags();
    }
}

/// What became of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeaveGroupResponse<'a> {
    /// How long the client should stay away for its quota, from version 1.
    pub throttle_time_ms: i32,
    /// Error of the whole request, or none. Before version 3 that of the one member, too.
    pub error_code: ErrorCode,
    /// By member, from version 3.
    pub members: Vec<LeavingMemberResult<'a>>,
}

/// What became of a member.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeavingMemberResult<'a> {
    /// Member, as in the request.
    pub member_id: Cow<'a, str>,
    /// Instance id, as in the request.
    pub group_instance_id: Option<Cow<'a, str>>,
    /// Error, or none.
    pub error_code: ErrorCode,
}

impl<'a> LeaveGroupResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: if version >= 1 { r.i32()? } else { 0 },
            error_code: ErrorCode::from_code(r.i16()?),
            members: match version {
                3.. => r.array(4, LeavingMemberResult::decode)?,
                _ => Vec::new(),
            },
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
        if version >= 3 {
            w.array(&self.members, |w, member| member.encode(w));
        }
        w.no_tags();
    }
}

impl<'a> LeavingMemberResult<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let member = Self {
            member_id: r.string()?.into(),
            group_instance_id: r.nullable_string()?.map(Cow::from),
            error_code: ErrorCode::from_code(r.i16()?),
        };
        r.skip_tags()?;
        Ok(member)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(&self.member_id);
        w.nullable_string(self.group_instance_id.as_deref());
        w.error_code(self.error_code);
        w.no_tags();
    }
}
