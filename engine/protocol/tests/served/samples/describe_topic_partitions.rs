//! DescribeTopicPartitions: bodies in which every field has a value of its own; every list ends
//! with an element of defaults.

use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::describe_topic_partitions::{
    DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, DescribeTopicPartitionsTopic,
    DescribedPartition, DescribedTopic, NextPartitionCursor, PartitionCursor,
};
use headwater_protocol::wire::uuid::Uuid;

/// Not symmetric, so that a byte in the wrong place shows.
const ID: Uuid = Uuid([1, 8, 15, 22, 29, 36, 43, 50, 57, 64, 71, 78, 85, 92, 99, 106]);

pub fn describe_topic_partitions_request() -> DescribeTopicPartitionsRequest<'static> {
    DescribeTopicPartitionsRequest {
        topics: vec![
            DescribeTopicPartitionsTopic { name: "flights" },
            DescribeTopicPartitionsTopic::default(),
        ],
        response_partition_limit: 4,
        cursor: Some(PartitionCursor { topic_name: "flights", partition_index: 4 }),
    }
}

pub fn describe_topic_partitions_response() -> DescribeTopicPartitionsResponse<'static> {
    DescribeTopicPartitionsResponse {
        throttle_time_ms: 3,
        topics: vec![
            DescribedTopic {
                error_code: ErrorCode::UnknownTopicOrPartition,
                name: Some("flights".into()),
                topic_id: ID,
                is_internal: true,
                partitions: vec![
                    DescribedPartition {
                        error_code: ErrorCode::NotLeaderOrFollower,
                        partition_index: 4,
                        leader_id: 5,
                        leader_epoch: 6,
                        replica_nodes: vec![7, 11],
                        isr_nodes: vec![8, 12],
                        eligible_leader_replicas: Some(vec![9, 13]),
                        last_known_elr: Some(vec![10, 14]),
                        offline_replicas: vec![11, 15],
                    },
                    DescribedPartition::default(),
                ],
                topic_authorized_operations: 264,
            },
            DescribedTopic::default(),
        ],
        next_cursor: Some(NextPartitionCursor { topic_name: "flights".into(), partition_index: 4 }),
    }
}
