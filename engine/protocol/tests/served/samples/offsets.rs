//! OffsetCommit, OffsetFetch, OffsetDelete, OffsetForLeaderEpoch: bodies in which every field has a
//! value of its own; every list ends with an element of defaults.

use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::offset_commit::{
    OffsetCommitPartition, OffsetCommitPartitionResult, OffsetCommitRequest, OffsetCommitResponse,
    OffsetCommitTopic, OffsetCommitTopicResult,
};
use headwater_protocol::messages::offset_delete::{
    OffsetDeletePartition, OffsetDeletePartitionResult, OffsetDeleteRequest, OffsetDeleteResponse,
    OffsetDeleteTopic, OffsetDeleteTopicResult,
};
use headwater_protocol::messages::offset_fetch::{
    OffsetFetchGroup, OffsetFetchGroupResult, OffsetFetchPartitionResult, OffsetFetchRequest,
    OffsetFetchResponse, OffsetFetchTopic, OffsetFetchTopicResult,
};
use headwater_protocol::messages::offset_for_leader_epoch::{
    OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, OffsetForLeaderPartition,
    OffsetForLeaderPartitionResult, OffsetForLeaderTopic, OffsetForLeaderTopicResult,
};
use headwater_protocol::wire::uuid::Uuid;

/// Not symmetric, so that a byte in the wrong place shows.
const ID: Uuid = Uuid([1, 8, 15, 22, 29, 36, 43, 50, 57, 64, 71, 78, 85, 92, 99, 106]);

pub fn offset_commit_request() -> OffsetCommitRequest<'static> {
    OffsetCommitRequest {
        group_id: "group",
        generation_id_or_member_epoch: 4,
        member_id: "member",
        group_instance_id: Some("instance"),
        retention_time_ms: 1 << 37,
        topics: vec![
            OffsetCommitTopic {
                name: "flights",
                topic_id: ID,
                partitions: vec![
                    OffsetCommitPartition {
                        partition_index: 3,
                        committed_offset: 1 << 34,
                        committed_leader_epoch: 5,
                        committed_metadata: Some("committed metadata"),
                    },
                    OffsetCommitPartition::default(),
                ],
            },
            OffsetCommitTopic::default(),
        ],
    }
}

pub fn offset_commit_response() -> OffsetCommitResponse<'static> {
    OffsetCommitResponse {
        throttle_time_ms: 3,
        topics: vec![
            OffsetCommitTopicResult {
                name: "flights".into(),
                topic_id: ID,
                partitions: vec![
                    OffsetCommitPartitionResult {
                        partition_index: 3,
                        error_code: ErrorCode::OffsetMetadataTooLarge,
                    },
                    OffsetCommitPartitionResult::default(),
                ],
            },
            OffsetCommitTopicResult::default(),
        ],
    }
}

pub fn offset_fetch_request() -> OffsetFetchRequest<'static> {
    OffsetFetchRequest {
        groups: vec![
            OffsetFetchGroup {
                group_id: "group",
                member_id: Some("member"),
                member_epoch: 5,
                topics: Some(vec![
                    OffsetFetchTopic {
                        name: "flights",
                        topic_id: ID,
                        partition_indexes: vec![5, 9],
                    },
                    OffsetFetchTopic::default(),
                ]),
            },
            OffsetFetchGroup::default(),
        ],
        require_stable: true,
    }
}

pub fn offset_fetch_response() -> OffsetFetchResponse<'static> {
    OffsetFetchResponse {
        throttle_time_ms: 3,
        groups: vec![
            OffsetFetchGroupResult {
                group_id: "group".into(),
                topics: vec![
                    OffsetFetchTopicResult {
                        name: "flights".into(),
                        topic_id: ID,
                        partitions: vec![
                            OffsetFetchPartitionResult {
                                partition_index: 3,
                                committed_offset: 1 << 34,
                                committed_leader_epoch: 5,
                                metadata: Some("metadata".into()),
                                error_code: ErrorCode::UnknownMemberId,
                            },
                            OffsetFetchPartitionResult::default(),
                        ],
                    },
                    OffsetFetchTopicResult::default(),
                ],
                error_code: ErrorCode::NotCoordinator,
            },
            OffsetFetchGroupResult::default(),
        ],
    }
}

pub fn offset_delete_request() -> OffsetDeleteRequest<'static> {
    OffsetDeleteRequest {
        group_id: "group",
        topics: vec![
            OffsetDeleteTopic {
                name: "flights",
                partitions: vec![
                    OffsetDeletePartition { partition_index: 3 },
                    OffsetDeletePartition::default(),
                ],
            },
            OffsetDeleteTopic::default(),
        ],
    }
}

pub fn offset_delete_response() -> OffsetDeleteResponse<'static> {
    OffsetDeleteResponse {
        error_code: ErrorCode::NonEmptyGroup,
        throttle_time_ms: 4,
        topics: vec![
            OffsetDeleteTopicResult {
                name: "flights".into(),
                partitions: vec![
                    OffsetDeletePartitionResult {
                        partition_index: 3,
                        error_code: ErrorCode::GroupSubscribedToTopic,
                    },
                    OffsetDeletePartitionResult::default(),
                ],
            },
            OffsetDeleteTopicResult::default(),
        ],
    }
}

pub fn offset_for_leader_epoch_request() -> OffsetForLeaderEpochRequest<'static> {
    OffsetForLeaderEpochRequest {
        replica_id: 3,
        topics: vec![
            OffsetForLeaderTopic {
                topic: "flights",
                partitions: vec![
                    OffsetForLeaderPartition {
                        partition: 3,
                        current_leader_epoch: 4,
                        leader_epoch: 5,
                    },
                    OffsetForLeaderPartition::default(),
                ],
            },
            OffsetForLeaderTopic::default(),
        ],
    }
}

pub fn offset_for_leader_epoch_response() -> OffsetForLeaderEpochResponse<'static> {
    OffsetForLeaderEpochResponse {
        throttle_time_ms: 3,
        topics: vec![
            OffsetForLeaderTopicResult {
                topic: "flights".into(),
                partitions: vec![
                    OffsetForLeaderPartitionResult {
                        error_code: ErrorCode::UnknownLeaderEpoch,
                        partition: 4,
                        leader_epoch: 5,
                        end_offset: 1 << 36,
                    },
                    OffsetForLeaderPartitionResult::default(),
                ],
            },
            OffsetForLeaderTopicResult::default(),
        ],
    }
}
