//! JoinGroup, SyncGroup, Heartbeat, LeaveGroup.

use crate::body::{compare, text, versions};
use crate::samples::groups as samples;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::messages::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use headwater_protocol::messages::join_group::{JoinGroupRequest, JoinGroupResponse};
use headwater_protocol::messages::leave_group::{LeaveGroupRequest, LeaveGroupResponse};
use headwater_protocol::messages::sync_group::{SyncGroupRequest, SyncGroupResponse};
use kafka_protocol::messages as theirs;

#[test]
fn join_group_request() {
    use theirs::join_group_request as request;
    for version in versions(ApiKey::JoinGroup) {
        let protocol = request::JoinGroupRequestProtocol::default()
            .with_name(text("range"))
            .with_metadata("metadata".into());
        let mut theirs = theirs::JoinGroupRequest::default()
            .with_group_id(theirs::GroupId(text("group")))
            .with_session_timeout_ms(4)
            .with_member_id(text("member"))
            .with_protocol_type(text("protocol type"))
            .with_protocols(vec![protocol, request::JoinGroupRequestProtocol::default()]);
        if version >= 1 {
            theirs.rebalance_timeout_ms = 5;
        }
        if version >= 5 {
            theirs.group_instance_id = Some(text("instance"));
        }
        if version >= 8 {
            theirs.reason = Some(text("reason"));
        }
        compare(version, &samples::join_group_request(), &theirs);
        compare(
            version,
            &JoinGroupRequest::default(),
            &theirs::JoinGroupRequest::default().with_group_instance_id(None).with_reason(None),
        );
    }
}

#[test]
fn join_group_response() {
    use theirs::join_group_response as response;
    for version in versions(ApiKey::JoinGroup) {
        let mut member = response::JoinGroupResponseMember::default()
            .with_member_id(text("member"))
            .with_metadata("metadata".into());
        if version >= 5 {
            member.group_instance_id = Some(text("instance"));
        }
        let mut theirs = theirs::JoinGroupResponse::default()
            .with_error_code(27)
            .with_generation_id(5)
            .with_protocol_name(Some(text("protocol name")))
            .with_leader(text("leader"))
            .with_member_id(text("member"))
            .with_members(vec![
                member,
                response::JoinGroupResponseMember::default().with_group_instance_id(None),
            ]);
        if version >= 2 {
            theirs.throttle_time_ms = 3;
        }
        if version >= 7 {
            theirs.protocol_type = Some(text("protocol type"));
        }
        if version >= 9 {
            theirs.skip_assignment = true;
        }
        compare(version, &samples::join_group_response(), &theirs);
        let mut plain =
            theirs::JoinGroupResponse::default().with_generation_id(-1).with_protocol_type(None);
        if version >= 7 {
            plain.protocol_name = None;
        }
        compare(version, &JoinGroupResponse::default(), &plain);
    }
}

#[test]
fn sync_group_request() {
    use theirs::sync_group_request as request;
    for version in versions(ApiKey::SyncGroup) {
        let assignment = request::SyncGroupRequestAssignment::default()
            .with_member_id(text("member"))
            .with_assignment("assignment".into());
        let mut theirs = theirs::SyncGroupRequest::default()
            .with_group_id(theirs::GroupId(text("group")))
            .with_generation_id(4)
            .with_member_id(text("member"))
            .with_assignments(vec![assignment, request::SyncGroupRequestAssignment::default()]);
        if version >= 3 {
            theirs.group_instance_id = Some(text("instance"));
        }
        if version >= 5 {
            theirs.protocol_type = Some(text("protocol type"));
            theirs.protocol_name = Some(text("protocol name"));
        }
        compare(version, &samples::sync_group_request(), &theirs);
        compare(
            version,
            &SyncGroupRequest::default(),
            &theirs::SyncGroupRequest::default()
                .with_group_instance_id(None)
                .with_protocol_type(None)
                .with_protocol_name(None),
        );
    }
}

#[test]
fn sync_group_response() {
    for version in versions(ApiKey::SyncGroup) {
        let mut theirs = theirs::SyncGroupResponse::default()
            .with_error_code(27)
            .with_assignment("assignment".into());
        if version >= 1 {
            theirs.throttle_time_ms = 3;
        }
        if version >= 5 {
            theirs.protocol_type = Some(text("protocol type"));
            theirs.protocol_name = Some(text("protocol name"));
        }
        compare(version, &samples::sync_group_response(), &theirs);
        compare(
            version,
            &SyncGroupResponse::default(),
            &theirs::SyncGroupResponse::default().with_protocol_type(None).with_protocol_name(None),
        );
    }
}

#[test]
fn heartbeat_request() {
    for version in versions(ApiKey::Heartbeat) {
        let mut theirs = theirs::HeartbeatRequest::default()
            .with_group_id(theirs::GroupId(text("group")))
            .with_generation_id(4)
            .with_member_id(text("member"));
        if version >= 3 {
            theirs.group_instance_id = Some(text("instance"));
        }
        compare(version, &samples::heartbeat_request(), &theirs);
        compare(
            version,
            &HeartbeatRequest::default(),
            &theirs::HeartbeatRequest::default().with_group_instance_id(None),
        );
    }
}

#[test]
fn heartbeat_response() {
    for version in versions(ApiKey::Heartbeat) {
        let mut theirs = theirs::HeartbeatResponse::default().with_error_code(27);
        if version >= 1 {
            theirs.throttle_time_ms = 3;
        }
        compare(version, &samples::heartbeat_response(), &theirs);
        compare(version, &HeartbeatResponse::default(), &theirs::HeartbeatResponse::default());
    }
}

#[test]
fn leave_group_request() {
    use theirs::leave_group_request::MemberIdentity;
    for version in versions(ApiKey::LeaveGroup) {
        let mut theirs =
            theirs::LeaveGroupRequest::default().with_group_id(theirs::GroupId(text("group")));
        if version <= 2 {
            theirs.member_id = text("member");
        }
        if version >= 3 {
            let mut member = MemberIdentity::default()
                .with_member_id(text("member"))
                .with_group_instance_id(Some(text("instance")));
            if version >= 5 {
                member.reason = Some(text("reason"));
            }
            let plain = MemberIdentity::default().with_group_instance_id(None).with_reason(None);
            theirs.members = vec![member, plain];
        }
        compare(version, &samples::leave_group_request(), &theirs);
        compare(version, &LeaveGroupRequest::default(), &theirs::LeaveGroupRequest::default());
    }
}

#[test]
fn leave_group_response() {
    use theirs::leave_group_response::MemberResponse;
    for version in versions(ApiKey::LeaveGroup) {
        let mut theirs = theirs::LeaveGroupResponse::default().with_error_code(16);
        if version >= 1 {
            theirs.throttle_time_ms = 3;
        }
        if version >= 3 {
            let member = MemberResponse::default()
                .with_member_id(text("member"))
                .with_group_instance_id(Some(text("instance")))
                .with_error_code(25);
            theirs.members = vec![member, MemberResponse::default().with_group_instance_id(None)];
        }
        compare(version, &samples::leave_group_response(), &theirs);
        compare(version, &LeaveGroupResponse::default(), &theirs::LeaveGroupResponse::default());
    }
}
