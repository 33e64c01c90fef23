//! JoinGroup, SyncGroup, Heartbeat, LeaveGroup.

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;

use super::Client;

/// A member's protocol with its metadata, for instance `range` and its subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// The protocol's name.
    pub name: String,
    /// What the leader needs to know.
    pub metadata: Bytes,
}

/// Join a group, or join it again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JoinGroup {
    /// The group.
    pub group_id: String,
    /// How long the member may be silent.
    pub session_timeout_ms: i32,
    /// How long a rebalance waits for it; as long as the session in version 0.
    pub rebalance_timeout_ms: i32,
    /// Empty at first.
    pub member_id: String,
    /// Set for a static member (KIP-345).
    pub group_instance_id: Option<String>,
    /// `consumer`, `connect` and so on.
    pub protocol_type: String,
    /// In the member's order of preference.
    pub protocols: Vec<Protocol>,
    /// Why, in words for people (KIP-800).
    pub reason: Option<String>,
    /// Who.
    pub client: Client,
    /// Version 4 and later: a new member first gets its id (KIP-394).
    pub requires_known_member_id: bool,
    /// Version 9 and later: a leader may be told not to assign (KIP-814).
    pub supports_skipping_assignment: bool,
}

/// Answer to a join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The error.
    pub error_code: ErrorCode,
    /// The generation, -1 with an error.
    pub generation_id: i32,
    /// The group's protocol type.
    pub protocol_type: Option<String>,
    /// The protocol agreed on.
    pub protocol_name: Option<String>,
    /// The member that assigns.
    pub leader: String,
    /// The leader need not assign: what is assigned stays.
    pub skip_assignment: bool,
    /// The member's id.
    pub member_id: String,
    /// All members, for the leader.
    pub members: Vec<JoinedMember>,
}

/// A member as the leader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinedMember {
    /// Its id.
    pub member_id: String,
    /// Set for a static member.
    pub group_instance_id: Option<String>,
    /// Its metadata for the protocol agreed on.
    pub metadata: Bytes,
}

impl Joined {
    /// Not joined.
    pub fn error(member_id: &str, error_code: ErrorCode) -> Self {
        Joined {
            error_code,
            generation_id: -1,
            protocol_type: None,
            protocol_name: None,
            leader: String::new(),
            skip_assignment: false,
            member_id: member_id.to_owned(),
            members: Vec::new(),
        }
    }
}

/// Give (the leader) and take assignments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncGroup {
    /// The group.
    pub group_id: String,
    /// The generation joined.
    pub generation_id: i32,
    /// The member.
    pub member_id: String,
    /// Set for a static member.
    pub group_instance_id: Option<String>,
    /// What the member takes for the group's (version 5).
    pub protocol_type: Option<String>,
    /// What the member takes for the group's (version 5).
    pub protocol_name: Option<String>,
    /// From the leader: member and its assignment.
    pub assignments: Vec<(String, Bytes)>,
}

/// Answer to a sync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synced {
    /// The error.
    pub error_code: ErrorCode,
    /// The group's protocol type.
    pub protocol_type: Option<String>,
    /// The protocol agreed on.
    pub protocol_name: Option<String>,
    /// What the member shall read.
    pub assignment: Bytes,
}

impl Synced {
    /// No assignment.
    pub fn error(error_code: ErrorCode) -> Self {
        let (protocol_type, protocol_name) = (None, None);
        Synced { error_code, protocol_type, protocol_name, assignment: Bytes::new() }
    }
}

/// I am alive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heartbeat {
    /// The group.
    pub group_id: String,
    /// The generation joined.
    pub generation_id: i32,
    /// The member.
    pub member_id: String,
    /// Set for a static member.
    pub group_instance_id: Option<String>,
}

/// Members leave, or are removed by an operator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaveGroup {
    /// The group.
    pub group_id: String,
    /// Who.
    pub members: Vec<MemberIdentity>,
}

/// Who leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberIdentity {
    /// Empty when a static member is removed by its instance id.
    pub member_id: String,
    /// Set for a static member.
    pub group_instance_id: Option<String>,
    /// Why, in words for people (KIP-800).
    pub reason: Option<String>,
}

/// Answer to a leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The error of the whole.
    pub error_code: ErrorCode,
    /// Member id, instance id and error of each.
    pub members: Vec<(String, Option<String>, ErrorCode)>,
}

impl Left {
    /// Nobody left.
    pub fn error(error_code: ErrorCode) -> Self {
        Left { error_code, members: Vec::new() }
    }
}
