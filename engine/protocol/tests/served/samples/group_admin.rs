//! DescribeGroups, ListGroups, DeleteGroups: bodies in which every field has a value of its own;
//! every list ends with an element of defaults.

use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::delete_groups::{
    DeletableGroupResult, DeleteGroupsRequest, DeleteGroupsResponse,
};
use headwater_protocol::messages::describe_groups::{
    DescribeGroupsRequest, DescribeGroupsResponse, DescribedGroup, DescribedGroupMember,
};
use headwater_protocol::messages::list_groups::{
    ListGroupsRequest, ListGroupsResponse, ListedGroup,
};

pub fn describe_groups_request() -> DescribeGroupsRequest<'static> {
    DescribeGroupsRequest { groups: vec!["one", "two"], include_authorized_operations: true }
}

pub fn describe_groups_response() -> DescribeGroupsResponse<'static> {
    DescribeGroupsResponse {
        throttle_time_ms: 3,
        groups: vec![
            DescribedGroup {
                error_code: ErrorCode::GroupIdNotFound,
                error_message: Some("error message".into()),
                group_id: "group".into(),
                group_state: "Stable".into(),
                protocol_type: "consumer".into(),
                protocol_data: "range".into(),
                members: vec![
                    DescribedGroupMember {
                        member_id: "member".into(),
                        group_instance_id: Some("instance".into()),
                        client_id: "client id".into(),
                        client_host: "client host".into(),
                        member_metadata: b"member metadata"[..].into(),
                        member_assignment: b"member assignment"[..].into(),
                    },
                    DescribedGroupMember::default(),
                ],
                authorized_operations: 264,
            },
            DescribedGroup::default(),
        ],
    }
}

pub fn list_groups_request() -> ListGroupsRequest<'static> {
    ListGroupsRequest {
        states_filter: vec!["Stable", "Empty"],
        types_filter: vec!["classic", "consumer"],
    }
}

pub fn list_groups_response() -> ListGroupsResponse<'static> {
    ListGroupsResponse {
        throttle_time_ms: 3,
        error_code: ErrorCode::CoordinatorLoadInProgress,
        groups: vec![
            ListedGroup {
                group_id: "group".into(),
                protocol_type: "consumer".into(),
                group_state: "Stable".into(),
                group_type: "classic".into(),
            },
            ListedGroup::default(),
        ],
    }
}

pub fn delete_groups_request() -> DeleteGroupsRequest<'static> {
    DeleteGroupsRequest { groups_names: vec!["one", "two"] }
}

pub fn delete_groups_response() -> DeleteGroupsResponse<'static> {
    DeleteGroupsResponse {
        throttle_time_ms: 3,
        results: vec![
            DeletableGroupResult { group_id: "group".into(), error_code: ErrorCode::NonEmptyGroup },
            DeletableGroupResult::default(),
        ],
    }
}
