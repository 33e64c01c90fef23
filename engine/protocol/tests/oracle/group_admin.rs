//! DescribeGroups, ListGroups, DeleteGroups.

use crate::body::{compare, text, versions};
use crate::samples::group_admin as samples;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::messages::delete_groups::{DeleteGroupsRequest, DeleteGroupsResponse};
use headwater_protocol::messages::describe_groups::{
    DescribeGroupsRequest, DescribeGroupsResponse,
};
use headwater_protocol::messages::list_groups::{ListGroupsRequest, ListGroupsResponse};
use kafka_protocol::messages as theirs;

#[test]
fn describe_groups_request() {
    for version in versions(ApiKey::DescribeGroups) {
        let mut theirs = theirs::DescribeGroupsRequest::default()
            .with_groups(vec![theirs::GroupId(text("one")), theirs::GroupId(text("two"))]);
        if version >= 3 {
            theirs.include_authorized_operations = true;
        }
        compare(version, &samples::describe_groups_request(), &theirs);
        compare(
            version,
            &DescribeGroupsRequest::default(),
            &theirs::DescribeGroupsRequest::default(),
        );
    }
}

#[test]
fn describe_groups_response() {
    use theirs::describe_groups_response as response;
    for version in versions(ApiKey::DescribeGroups) {
        let mut member = response::DescribedGroupMember::default()
            .with_member_id(text("member"))
            .with_client_id(text("client id"))
            .with_client_host(text("client host"))
            .with_member_metadata("member metadata".into())
            .with_member_assignment("member assignment".into());
        if version >= 4 {
            member.group_instance_id = Some(text("instance"));
        }
        let mut group = response::DescribedGroup::default()
            .with_error_code(69)
            .with_group_id(theirs::GroupId(text("group")))
            .with_group_state(text("Stable"))
            .with_protocol_type(text("consumer"))
            .with_protocol_data(text("range"))
            .with_members(vec![
                member,
                response::DescribedGroupMember::default().with_group_instance_id(None),
            ]);
        if version >= 6 {
            group.error_message = Some(text("error message"));
        }
        if version >= 3 {
            group.authorized_operations = 264;
        }
        let mut theirs = theirs::DescribeGroupsResponse::default()
            .with_groups(vec![group, response::DescribedGroup::default().with_error_message(None)]);
        if version >= 1 {
            theirs.throttle_time_ms = 3;
        }
        compare(version, &samples::describe_groups_response(), &theirs);
        compare(
            version,
            &DescribeGroupsResponse::default(),
            &theirs::DescribeGroupsResponse::default(),
        );
    }
}

#[test]
fn list_groups_request() {
    for version in versions(ApiKey::ListGroups) {
        let mut theirs = theirs::ListGroupsRequest::default();
        if version >= 4 {
            theirs.states_filter = vec![text("Stable"), text("Empty")];
        }
        if version >= 5 {
            theirs.types_filter = vec![text("classic"), text("consumer")];
        }
        compare(version, &samples::list_groups_request(), &theirs);
        compare(version, &ListGroupsRequest::default(), &theirs::ListGroupsRequest::default());
    }
}

#[test]
fn list_groups_response() {
    use theirs::list_groups_response as response;
    for version in versions(ApiKey::ListGroups) {
        let mut group = response::ListedGroup::default()
            .with_group_id(theirs::GroupId(text("group")))
            .with_protocol_type(text("consumer"));
        if version >= 4 {
            group.group_state = text("Stable");
        }
        if version >= 5 {
            group.group_type = text("classic");
        }
        let mut theirs = theirs::ListGroupsResponse::default()
            .with_error_code(14)
            .with_groups(vec![group, response::ListedGroup::default()]);
        if version >= 1 {
            theirs.throttle_time_ms = 3;
        }
        compare(version, &samples::list_groups_response(), &theirs);
        compare(version, &ListGroupsResponse::default(), &theirs::ListGroupsResponse::default());
    }
}

#[test]
fn delete_groups_request() {
    for version in versions(ApiKey::DeleteGroups) {
        let theirs = theirs::DeleteGroupsRequest::default()
            .with_groups_names(vec![theirs::GroupId(text("one")), theirs::GroupId(text("two"))]);
        compare(version, &samples::delete_groups_request(), &theirs);
        compare(version, &DeleteGroupsRequest::default(), &theirs::DeleteGroupsRequest::default());
    }
}

#[test]
fn delete_groups_response() {
    use theirs::delete_groups_response as response;
    for version in versions(ApiKey::DeleteGroups) {
        let group = response::DeletableGroupResult::default()
            .with_group_id(theirs::GroupId(text("group")))
            .with_error_code(68);
        let theirs = theirs::DeleteGroupsResponse::default()
            .with_throttle_time_ms(3)
            .with_results(vec![group, response::DeletableGroupResult::default()]);
        compare(version, &samples::delete_groups_response(), &theirs);
        compare(
            version,
            &DeleteGroupsResponse::default(),
            &theirs::DeleteGroupsResponse::default(),
        );
    }
}
