//! JoinGroup, SyncGroup, Heartbeat, LeaveGroup: bodies in which every field has a value of its own;
//! every list ends with an element of defaults.

use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use headwater_protocol::messages::join_group::{
    JoinGroupMember, JoinGroupProtocol, JoinGroupRequest, JoinGroupResponse,
};
use headwater_protocol::messages::leave_group::{
    LeaveGroupRequest, LeaveGroupResponse, LeavingMember, LeavingMemberResult,
};
use headwater_protocol::messages::sync_group::{
    SyncGroupAssignment, SyncGroupRequest, SyncGroupResponse,
};

pub fn join_group_request() -> JoinGroupRequest<'static> {
    JoinGroupRequest {
        group_id: "group",
        session_timeout_ms: 4,
        rebalance_timeout_ms: 5,
        member_id: "member",
        group_instance_id: Some("instance"),
        protocol_type: "protocol type",
        protocols: vec![
            JoinGroupProtocol { name: "range", metadata: b"metadata" },
            JoinGroupProtocol::default(),
        ],
        reason: Some("reason"),
    }
}

pub fn join_group_response() -> JoinGroupResponse<'static> {
    JoinGroupResponse {
        throttle_time_ms: 3,
        error_code: ErrorCode::RebalanceInProgress,
        generation_id: 5,
        protocol_type: Some("protocol type".into()),
        protocol_name: Some("protocol name".into()),
        leader: "leader".into(),
        skip_assignment: true,
        member_id: "member".into(),
        members: vec![
            JoinGroupMember {
                member_id: "member".into(),
                group_instance_id: Some("instance".into()),
                metadata: b"metadata"[..].into(),
            },
            JoinGroupMember::default(),
        ],
    }
}

pub fn sync_group_request() -> SyncGroupRequest<'static> {
    SyncGroupRequest {
        group_id: "group",
        generation_id: 4,
        member_id: "member",
        group_instance_id: Some("instance"),
        protocol_type: Some("protocol type"),
        protocol_name: Some("protocol name"),
        assignments: vec![
            SyncGroupAssignment { member_id: "member", assignment: b"assignment" },
            SyncGroupAssignment::default(),
        ],
    }
}

pub fn sync_group_response() -> SyncGroupResponse<'static> {
    SyncGroupResponse {
        throttle_time_ms: 3,
        error_code: ErrorCode::RebalanceInProgress,
        protocol_type: Some("protocol type".into()),
        protocol_name: Some("protocol name".into()),
        assignment: b"assignment"[..].into(),
    }
}

pub fn heartbeat_request() -> HeartbeatRequest<'static> {
    HeartbeatRequest {
        group_id: "group",
        generation_id: 4,
        member_id: "member",
        group_instance_id: Some("instance"),
    }
}

pub fn heartbeat_response() -> HeartbeatResponse {
    HeartbeatResponse { throttle_time_ms: 3, error_code: ErrorCode::RebalanceInProgress }
}

pub fn leave_group_request() -> LeaveGroupRequest<'static> {
    LeaveGroupRequest {
        group_id: "group",
        members: vec![
            LeavingMember {
                member_id: "member",
                group_instance_id: Some("instance"),
                reason: Some("reason"),
            },
            LeavingMember::default(),
        ],
    }
}

pub fn leave_group_response() -> LeaveGroupResponse<'static> {
    LeaveGroupResponse {
        throttle_time_ms: 3,
        error_code: ErrorCode::NotCoordinator,
        members: vec![
            LeavingMemberResult {
                member_id: "member".into(),
                group_instance_id: Some("instance".into()),
                error_code: ErrorCode::UnknownMemberId,
            },
            LeavingMemberResult::default(),
        ],
    }
}
