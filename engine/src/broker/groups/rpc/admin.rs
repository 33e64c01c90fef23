//! DescribeGroups, ListGroups, DeleteGroups.

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;

/// Tell about classic groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DescribeGroups {
    /// Which.
    pub groups: Vec<String>,
}

/// A classic group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedGroup {
    /// GROUP_ID_NOT_FOUND with state `Dead` when there is none; before version 6 that was no error.
    pub error_code: ErrorCode,
    /// Why there is none, in words.
    pub error_message: Option<String>,
    /// Its id.
    pub group_id: String,
    /// Its state, in Kafka's words.
    pub group_state: &'static str,
    /// Its protocol type.
    pub protocol_type: String,
    /// The protocol agreed on, while the group is stable.
    pub protocol_data: String,
    /// Members.
    pub members: Vec<DescribedMember>,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedMember {
    /// Its id.
    pub member_id: String,
    /// Set for a static member.
    pub group_instance_id: Option<String>,
    /// The client's name.
    pub client_id: String,
    /// The client's address.
    pub client_host: String,
    /// What it subscribes to, while the group is stable.
    pub member_metadata: Bytes,
    /// What it was given, while the group is stable.
    pub member_assignment: Bytes,
}

/// Which groups are there?
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListGroups {
    /// Only in these states, in any case; all when empty.
    pub states_filter: Vec<String>,
    /// Only of these types, in any case; all when empty.
    pub types_filter: Vec<String>,
}

/// A group in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedGroup {
    /// Its id.
    pub group_id: String,
    /// Its protocol type.
    pub protocol_type: String,
    /// Its state.
    pub group_state: &'static str,
    /// `classic` or `consumer`.
    pub group_type: &'static str,
}

/// Forget groups with all their offsets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteGroups {
    /// Which.
    pub groups: Vec<String>,
}
