//! ConsumerGroupHeartbeat, ConsumerGroupDescribe.

use crate::body::{THEIR_UUID, compare, text, topic, versions};
use crate::samples::consumer_groups as samples;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::messages::consumer_group_describe::{
    ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse,
};
use headwater_protocol::messages::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse,
};
use kafka_protocol::messages as theirs;

#[test]
fn consumer_group_heartbeat_request() {
    use theirs::consumer_group_heartbeat_request as request;
    for version in versions(ApiKey::ConsumerGroupHeartbeat) {
        let partitions = request::TopicPartitions::default()
            .with_topic_id(THEIR_UUID.parse().unwrap())
            .with_partitions(vec![4, 8]);
        let mut theirs = theirs::ConsumerGroupHeartbeatRequest::default()
            .with_group_id(theirs::GroupId(text("group")))
            .with_member_id(text("member"))
            .with_member_epoch(5)
            .with_instance_id(Some(text("instance")))
            .with_rack_id(Some(text("rack id")))
            .with_rebalance_timeout_ms(8)
            .with_subscribed_topic_names(Some(vec![topic("one"), topic("two")]))
            .with_server_assignor(Some(text("server assignor")))
            .with_topic_partitions(Some(vec![partitions, request::TopicPartitions::default()]));
        if version >= 1 {
            theirs.subscribed_topic_regex = Some(text("subscribed topic regex"));
        }
        compare(version, &samples::consumer_group_heartbeat_request(), &theirs);
        compare(
            version,
            &ConsumerGroupHeartbeatRequest::default(),
            &theirs::ConsumerGroupHeartbeatRequest::default()
                .with_instance_id(None)
                .with_rack_id(None)
                .with_rebalance_timeout_ms(-1)
                .with_subscribed_topic_names(None)
                .with_subscribed_topic_regex(None)
                .with_server_assignor(None)
                .with_topic_partitions(None),
        );
    }
}

#[test]
fn consumer_group_heartbeat_response() {
    use theirs::consumer_group_heartbeat_response as response;
    for version in versions(ApiKey::ConsumerGroupHeartbeat) {
        let partitions = response::TopicPartitions::default()
            .with_topic_id(THEIR_UUID.parse().unwrap())
            .with_partitions(vec![4, 8]);
        let assignment = response::Assignment::default()
            .with_topic_partitions(vec![partitions, response::TopicPartitions::default()]);
        let theirs = theirs::ConsumerGroupHeartbeatResponse::default()
            .with_throttle_time_ms(3)
            .with_error_code(110)
            .with_error_message(Some(text("error message")))
            .with_member_id(Some(text("member")))
            .with_member_epoch(7)
            .with_heartbeat_interval_ms(8)
            .with_assignment(Some(assignment));
        compare(version, &samples::consumer_group_heartbeat_response(), &theirs);
        compare(
            version,
            &ConsumerGroupHeartbeatResponse::default(),
            &theirs::ConsumerGroupHeartbeatResponse::default()
                .with_error_message(None)
                .with_member_id(None)
                .with_assignment(None),
        );
    }
}

#[test]
fn consumer_group_describe_request() {
    for version in versions(ApiKey::ConsumerGroupDescribe) {
        let theirs = theirs::ConsumerGroupDescribeRequest::default()
            .with_group_ids(vec![theirs::GroupId(text("one")), theirs::GroupId(text("two"))])
            .with_include_authorized_operations(true);
        compare(version, &samples::consumer_group_describe_request(), &theirs);
        compare(
            version,
            &ConsumerGroupDescribeRequest::default(),
            &theirs::ConsumerGroupDescribeRequest::default(),
        );
    }
}

#[test]
fn consumer_group_describe_response() {
    use theirs::consumer_group_describe_response as response;
    for version in versions(ApiKey::ConsumerGroupDescribe) {
        let partitions = response::TopicPartitions::default()
            .with_topic_id(THEIR_UUID.parse().unwrap())
            .with_topic_name(topic("flights"))
            .with_partitions(vec![5, 9]);
        let assignment = response::Assignment::default()
            .with_topic_partitions(vec![partitions, response::TopicPartitions::default()]);
        let mut member = response::Member::default()
            .with_member_id(text("member"))
            .with_instance_id(Some(text("instance")))
            .with_rack_id(Some(text("rack id")))
            .with_member_epoch(6)
            .with_client_id(text("client id"))
            .with_client_host(text("client host"))
            .with_subscribed_topic_names(vec![topic("one"), topic("two")])
            .with_subscribed_topic_regex(Some(text("subscribed topic regex")))
            .with_assignment(assignment.clone())
            .with_target_assignment(assignment);
        if version >= 1 {
            member.member_type = 13;
        }
        let group = response::DescribedGroup::default()
            .with_error_code(69)
            .with_error_message(Some(text("error message")))
            .with_group_id(theirs::GroupId(text("group")))
            .with_group_state(text("Stable"))
            .with_group_epoch(7)
            .with_assignment_epoch(8)
            .with_assignor_name(text("uniform"))
            .with_members(vec![
                member,
                response::Member::default()
                    .with_instance_id(None)
                    .with_rack_id(None)
                    .with_subscribed_topic_regex(None),
            ])
            .with_authorized_operations(264);
        let theirs = theirs::ConsumerGroupDescribeResponse::default()
            .with_throttle_time_ms(3)
            .with_groups(vec![
                group,
                response::DescribedGroup::default()
                    .with_error_message(None)
                    .with_authorized_operations(i32::MIN),
            ]);
        compare(version, &samples::consumer_group_describe_response(), &theirs);
        compare(
            version,
            &ConsumerGroupDescribeResponse::default(),
            &theirs::ConsumerGroupDescribeResponse::default(),
        );
    }
}
