//! ConsumerGroupHeartbeat, ConsumerGroupDescribe: bodies in which every field has a value of its
//! own; every list ends with an element of defaults.

use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::consumer_group_describe::{
    ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, DescribedConsumerGroup,
    DescribedConsumerMember, MemberAssignment, MemberTopicPartitions,
};
use headwater_protocol::messages::consumer_group_heartbeat::{
    AssignedTopicPartitions, Assignment, ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse, OwnedTopicPartitions,
};
use headwater_protocol::wire::uuid::Uuid;

/// Not symmetric, so that a byte in the wrong place shows.
const ID: Uuid = Uuid([1, 8, 15, 22, 29, 36, 43, 50, 57, 64, 71, 78, 85, 92, 99, 106]);

pub fn consumer_group_heartbeat_request() -> ConsumerGroupHeartbeatRequest<'static> {
    ConsumerGroupHeartbeatRequest {
        group_id: "group",
        member_id: "member",
        member_epoch: 5,
        instance_id: Some("instance"),
        rack_id: Some("rack id"),
        rebalance_timeout_ms: 8,
        subscribed_topic_names: Some(vec!["one", "two"]),
        subscribed_topic_regex: Some("subscribed topic regex"),
        server_assignor: Some("server assignor"),
        topic_partitions: Some(vec![
            OwnedTopicPartitions { topic_id: ID, partitions: vec![4, 8] },
            OwnedTopicPartitions::default(),
        ]),
    }
}

pub fn consumer_group_heartbeat_response() -> ConsumerGroupHeartbeatResponse<'static> {
    ConsumerGroupHeartbeatResponse {
        throttle_time_ms: 3,
        error_code: ErrorCode::FencedMemberEpoch,
        error_message: Some("error message".into()),
        member_id: Some("member".into()),
        member_epoch: 7,
        heartbeat_interval_ms: 8,
        assignment: Some(Assignment {
            topic_partitions: vec![
                AssignedTopicPartitions { topic_id: ID, partitions: vec![4, 8] },
                AssignedTopicPartitions::default(),
            ],
        }),
    }
}

pub fn consumer_group_describe_request() -> ConsumerGroupDescribeRequest<'static> {
    ConsumerGroupDescribeRequest {
        group_ids: vec!["one", "two"],
        include_authorized_operations: true,
    }
}

pub fn consumer_group_describe_response() -> ConsumerGroupDescribeResponse<'static> {
    ConsumerGroupDescribeResponse {
        throttle_time_ms: 3,
        groups: vec![
            DescribedConsumerGroup {
                error_code: ErrorCode::GroupIdNotFound,
                error_message: Some("error message".into()),
                group_id: "group".into(),
                group_state: "Stable".into(),
                group_epoch: 7,
                assignment_epoch: 8,
                assignor_name: "uniform".into(),
                members: vec![
                    DescribedConsumerMember {
                        member_id: "member".into(),
                        instance_id: Some("instance".into()),
                        rack_id: Some("rack id".into()),
                        member_epoch: 6,
                        client_id: "client id".into(),
                        client_host: "client host".into(),
                        subscribed_topic_names: vec!["one".into(), "two".into()],
                        subscribed_topic_regex: Some("subscribed topic regex".into()),
                        assignment: MemberAssignment {
                            topic_partitions: vec![
                                MemberTopicPartitions {
                                    topic_id: ID,
                                    topic_name: "flights".into(),
                                    partitions: vec![5, 9],
                                },
                                MemberTopicPartitions::default(),
                            ],
                        },
                        target_assignment: MemberAssignment {
                            topic_partitions: vec![
                                MemberTopicPartitions {
                                    topic_id: ID,
                                    topic_name: "flights".into(),
                                    partitions: vec![5, 9],
                                },
                                MemberTopicPartitions::default(),
                            ],
                        },
                        member_type: 13,
                    },
                    DescribedConsumerMember::default(),
                ],
                authorized_operations: 264,
            },
            DescribedConsumerGroup::default(),
        ],
    }
}
