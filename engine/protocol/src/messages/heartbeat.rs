//! Heartbeat, key 12, versions 0 to 4.
//!
//! A member of a classic group is alive. The answer may be RebalanceInProgress: join again.
//!
//! | version | adds |
//! | --- | --- |
//! | 1 | throttle time |
//! | 2 | throttled after the response is sent (KIP-219) |
//! | 3 | static members (KIP-345) |
//! | 4 | flexible (KIP-482) |
//!
//! Skipped: nothing.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;

/// A member that is alive.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeartbeatRequest<'a> {
    /// Group.
    pub group_id: &'a str,
    /// Generation it joined.
    pub generation_id: i32,
    /// Member.
    pub member_id: &'a str,
    /// Set by a static member, from version 3.
    pub group_instance_id: Option<&'a str>,
}

impl<'a> HeartbeatRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            group_id: r.string()?,
            generation_id: r.i32()?,
            member_id: r.string()?,
            group_instance_id: if version >= 3 { r.nullable_string()? } else { None },
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
        w.no_tags();
    }
}

/// Whether it still is a member.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeartbeatResponse {
    /// How long the client should stay away for its quota, from version 1.
    pub throttle_time_ms: i32,
    /// Error, or none.
    pub error_code: ErrorCode,
}

impl HeartbeatResponse {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: if version >= 1 { r.i32()? } else { 0 },
            error_code: ErrorCode::from_code(r.i16()?),
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
        w.no_tags();
    }
}
