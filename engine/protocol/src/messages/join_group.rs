//! JoinGroup, key 11, versions 0 to 9.
//!
//! A member joins a classic group, or joins again when it rebalances. The answer waits until the
//! members are known; it then names the generation and the leader, and tells the leader alone who
//! the members are.
//!
//! A protocol's metadata is opaque here: the consumers' own subscription, or whatever Connect and
//! Streams agree on.
//!
//! | version | adds |
//! | --- | --- |
//! | 1 | rebalance timeout; before, the session timeout was it (KIP-62) |
//! | 2 | throttle time |
//! | 3 | throttled after the response is sent (KIP-219) |
//! | 4 | MemberIdRequired may be answered to a member without an id (KIP-394) |
//! | 5 | static members (KIP-345) |
//! | 6 | flexible (KIP-482) |
//! | 7 | protocol type in the response; no protocol is null (KIP-559) |
//! | 8 | why the member joins (KIP-800) |
//! | 9 | a static leader that returns may skip the assignment (KIP-814) |
//!
//! Skipped: nothing.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// A member that wants in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinGroupRequest<'a> {
    /// Group.
    pub group_id: &'a str,
    /// Without a heartbeat for this long the member is dead.
    pub session_timeout_ms: i32,
    /// How long the others wait for this member in a rebalance, from version 1; -1 if not known.
    pub rebalance_timeout_ms: i32,
    /// Id that the coordinator gave, empty if none yet.
    pub member_id: &'a str,
    /// Set by a static member, from version 5.
    pub group_instance_id: Option<&'a str>,
    /// What the group is for: `consumer`, `connect` and so on.
    pub protocol_type: &'a str,
    /// What the member can do, best first.
    pub protocols: Vec<JoinGroupProtocol<'a>>,
    /// Why it joins, in words, from version 8.
    pub reason: Option<&'a str>,
}

/// A way to share out partitions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JoinGroupProtocol<'a> {
    /// Name, as `range`.
    pub name: &'a str,
    /// What the leader needs to know of the member.
    pub metadata: &'a [u8],
}

impl Default for JoinGroupRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: "",
            session_timeout_ms: 0,
            rebalance_timeout_ms: -1,
            member_id: "",
            group_instance_id: None,
            protocol_type: "",
            protocols: Vec::new(),
            reason: None,
        }
    }
}

impl<'a> JoinGroupRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            group_id: r.string()?,
            session_timeout_ms: r.i32()?,
            rebalance_timeout_ms: if version >= 1 { r.i32()? } else { -1 },
            member_id: r.string()?,
            group_instance_id: if version >= 5 { r.nullable_string()? } else { None },
            protocol_type: r.string()?,
            protocols: r.array(2, JoinGroupProtocol::decode)?,
            reason: if version >= 8 { r.nullable_string()? } else { None },
        };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.string(self.group_id);
        w.i32(self.session_timeout_ms);
        if version >= 1 {
            w.i32(self.rebalance_timeout_ms);
        }
        w.string(self.member_id);
        if version >= 5 {
            w.nullable_string(self.group_instance_id);
        }
        w.string(self.protocol_type);
        w.array(&self.protocols, |w, protocol| protocol.encode(w));
        if version >= 8 {
            w.nullable_string(self.reason);
        }
        w.no_tags();
    }
}

impl<'a> JoinGroupProtocol<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let protocol = Self { name: r.string()?, metadata: r.bytes()? };
        r.skip_tags()?;
        Ok(protocol)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(self.name);
        w.bytes(self.metadata);
        w.no_tags();
    }
}

/// A generation of the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinGroupResponse<'a> {
    /// How long the client should stay away for its quota, from version 2.
    pub throttle_time_ms: i32,
    /// Error, or none.
    pub error_code: ErrorCode,
    /// Generation, -1 after an error.
    pub generation_id: i32,
    /// What the group is for, from version 7.
    pub protocol_type: Option<Cow<'a, str>>,
    /// Protocol that all members can do. Null from version 7 only; before, that is sent as empty.
    pub protocol_name: Option<Cow<'a, str>>,
    /// Member id of the leader.
    pub leader: Cow<'a, str>,
    /// True if the leader must not assign, from version 9.
    pub skip_assignment: bool,
    /// Id of the member that is answered.
    pub member_id: Cow<'a, str>,
    /// Everybody, for the leader; empty for the others.
    pub members: Vec<JoinGroupMember<'a>>,
}

/// A member, as the leader sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JoinGroupMember<'a> {
    /// Id.
    pub member_id: Cow<'a, str>,
    /// Set for a static member, from version 5.
    pub group_instance_id: Option<Cow<'a, str>>,
    /// Of the protocol that was chosen.
    pub metadata: Cow<'a, [u8]>,
}

impl Default for JoinGroupResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: ErrorCode::None,
            generation_id: -1,
            protocol_type: None,
            protocol_name: None,
            leader: Cow::default(),
            skip_assignment: false,
            member_id: Cow::default(),
            members: Vec::new(),
        }
    }
}

impl<'a> JoinGroupResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: if version >= 2 { r.i32()? } else { 0 },
            error_code: ErrorCode::from_code(r.i16()?),
            generation_id: r.i32()?,
            protocol_type: match version {
                7.. => r.nullable_string()?.map(Cow::from),
                _ => None,
            },
            protocol_name: match version {
                7.. => r.nullable_string()?.map(Cow::from),
                _ => Some(r.string()?.into()),
            },
            leader: r.string()?.into(),
            skip_assignment: if version >= 9 { r.bool()? } else { false },
            member_id: r.string()?.into(),
            members: r.array(2, |r| JoinGroupMember::decode(r, version))?,
        };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        if version >= 2 {
            w.i32(self.throttle_time_ms);
        }
        w.error_code(self.error_code);
        w.i32(self.generation_id);
        if version >= 7 {
            w.nullable_string(self.protocol_type.as_deref());
        }
        match version {
            7.. => w.nullable_string(self.protocol_name.as_deref()),
            _ => w.string(self.protocol_name.as_deref().unwrap_or_default()),
        }
        w.string(&self.leader);
        if version >= 9 {
            w.bool(self.skip_assignment);
        }
        w.string(&self.member_id);
        w.array(&self.members, |w, member| member.encode(w, version));
        w.no_tags();
    }
}

impl<'a> JoinGroupMember<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let member = Self {
            member_id: r.string()?.into(),
            group_instance_id: match version {
                5.. => r.nullable_string()?.map(Cow::from),
                _ => None,
            },
            metadata: r.bytes()?.into(),
        };
        r.skip_tags()?;
        Ok(member)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.string(&self.member_id);
        if version >= 5 {
            w.nullable_string(self.group_instance_id.as_deref());
        }
        w.bytes(&self.metadata);
        w.no_tags();
    }
}
