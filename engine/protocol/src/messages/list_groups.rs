//! ListGroups, key 16, versions 0 to 5.
//!
//! Names the groups that the broker coordinates. To see all, ask all brokers.
//!
//! | version | adds |
//! | --- | --- |
//! | 1 | throttle time |
//! | 2 | throttled after the response is sent (KIP-219) |
//! | 3 | flexible (KIP-482) |
//! | 4 | states, to filter and to tell (KIP-518) |
//! | 5 | types, to filter and to tell (KIP-848) |
//!
//! Skipped: nothing.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// Which groups are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListGroupsRequest<'a> {
    /// States wanted, all if empty; from version 4.
    pub states_filter: Vec<&'a str>,
    /// Types wanted, all if empty; from version 5.
    pub types_filter: Vec<&'a str>,
}

impl<'a> ListGroupsRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            states_filter: if version >= 4 { r.array(1, Reader::string)? } else { Vec::new() },
            types_filter: if version >= 5 { r.array(1, Reader::string)? } else { Vec::new() },
        };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        if version >= 4 {
            w.array(&self.states_filter, |w, filter| w.string(filter));
        }
        if version >= 5 {
            w.array(&self.types_filter, |w, filter| w.string(filter));
        }
        w.no_tags();
    }
}

/// Groups found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListGroupsResponse<'a> {
    /// How long the client should stay away for its quota, from version 1.
    pub throttle_time_ms: i32,
    /// Error, or none.
    pub error_code: ErrorCode,
    /// By group.
    pub groups: Vec<ListedGroup<'a>>,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListedGroup<'a> {
    /// Group.
    pub group_id: Cow<'a, str>,
    /// What it is for.
    pub protocol_type: Cow<'a, str>,
    /// State, from version 4.
    pub group_state: Cow<'a, str>,
    /// `classic`, `consumer`, `share` or `streams`; from version 5.
    pub group_type: Cow<'a, str>,
}

impl<'a> ListGroupsResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: if version >= 1 { r.i32()? } else { 0 },
            error_code: ErrorCode::from_code(r.i16()?),
            groups: r.array(2, |r| ListedGroup::decode(r, version))?,
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
        w.array(&self.groups, |w, group| group.encode(w, version));
        w.no_tags();
    }
}

impl<'a> ListedGroup<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let group = Self {
            group_id: r.string()?.into(),
            protocol_type: r.string()?.into(),
            group_state: if version >= 4 { r.string()?.into() } else { Cow::default() },
            group_type: if version >= 5 { r.string()?.into() } else { Cow::default() },
        };
        r.skip_tags()?;
        Ok(group)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.string(&self.group_id);
        w.string(&self.protocol_type);
        if version >= 4 {
            w.string(&self.group_state);
        }
        if version >= 5 {
            w.string(&self.group_type);
        }
        w.no_tags();
    }
}
