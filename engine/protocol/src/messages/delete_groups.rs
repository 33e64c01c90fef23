//! DeleteGroups, key 42, versions 0 to 2.
//!
//! Forgets groups that have no members, with all their offsets.
//!
//! | version | adds |
//! | --- | --- |
//! | 1 | throttled after the response is sent (KIP-219) |
//! | 2 | flexible (KIP-482) |
//!
//! Skipped: nothing.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// Groups to forget.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeleteGroupsRequest<'a> {
    /// Group ids.
    pub groups_names: Vec<&'a str>,
}

impl<'a> DeleteGroupsRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let request = Self { groups_names: r.array(1, Reader::string)? };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, _version: i16) {
        w.array(&self.groups_names, |w, name| w.string(name));
        w.no_tags();
    }
}

/// What became of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeleteGroupsResponse<'a> {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// By group.
    pub results: Vec<DeletableGroupResult<'a>>,
}

/// What became of a group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeletableGroupResult<'a> {
    /// Group.
    pub group_id: Cow<'a, str>,
    /// Error, or none.
    pub error_code: ErrorCode,
}

impl<'a> DeleteGroupsResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let response =
            Self { throttle_time_ms: r.i32()?, results: r.array(3, DeletableGroupResult::decode)? };
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

impl<'a> DeletableGroupResult<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let group =
            Self { group_id: r.string()?.into(), error_code: ErrorCode::from_code(r.i16()?) };
        r.skip_tags()?;
        Ok(group)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(&self.group_id);
        w.error_code(self.error_code);
        w.no_tags();
    }
}
