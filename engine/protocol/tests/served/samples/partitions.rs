//! DeleteRecords, ElectLeaders, AlterPartitionReassignments, ListPartitionReassignments: bodies in
//! which every field has a value of its own; every list ends with an element of defaults.

use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::alter_partition_reassignments::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, ReassignablePartition,
    ReassignablePartitionResponse, ReassignableTopic, ReassignableTopicResponse,
};
use headwater_protocol::messages::delete_records::{
    DeleteRecordsPartition, DeleteRecordsPartitionResult, DeleteRecordsRequest,
    DeleteRecordsResponse, DeleteRecordsTopic, DeleteRecordsTopicResult,
};
use headwater_protocol::messages::elect_leaders::{
    ElectLeadersRequest, ElectLeadersResponse, ElectableTopic, ElectedPartitionResult,
    ElectedTopicResult,
};
use headwater_protocol::messages::list_partition_reassignments::{
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
    ListPartitionReassignmentsTopic, ReassigningPartition, ReassigningTopic,
};

pub fn delete_records_request() -> DeleteRecordsRequest<'static> {
    DeleteRecordsRequest {
        topics: vec![
            DeleteRecordsTopic {
                name: "flights",
                partitions: vec![
                    DeleteRecordsPartition { partition_index: 3, offset: 1 << 34 },
                    DeleteRecordsPartition::default(),
                ],
            },
            DeleteRecordsTopic::default(),
        ],
        timeout_ms: 4,
    }
}

pub fn delete_records_response() -> DeleteRecordsResponse<'static> {
    DeleteRecordsResponse {
        throttle_time_ms: 3,
        topics: vec![
            DeleteRecordsTopicResult {
                name: "flights".into(),
                partitions: vec![
                    DeleteRecordsPartitionResult {
                        partition_index: 3,
                        low_watermark: 1 << 34,
                        error_code: ErrorCode::OffsetOutOfRange,
                    },
                    DeleteRecordsPartitionResult::default(),
                ],
            },
            DeleteRecordsTopicResult::default(),
        ],
    }
}

pub fn elect_leaders_request() -> ElectLeadersRequest<'static> {
    ElectLeadersRequest {
        election_type: 3,
        topic_partitions: Some(vec![
            ElectableTopic { topic: "flights", partitions: vec![4, 8] },
            ElectableTopic::default(),
        ]),
        timeout_ms: 5,
    }
}

pub fn elect_leaders_response() -> ElectLeadersResponse<'static> {
    ElectLeadersResponse {
        throttle_time_ms: 3,
        error_code: ErrorCode::InvalidRequest,
        replica_election_results: vec![
            ElectedTopicResult {
                topic: "flights".into(),
                partition_result: vec![
                    ElectedPartitionResult {
                        partition_id: 3,
                        error_code: ErrorCode::ElectionNotNeeded,
                        error_message: Some("error message".into()),
                    },
                    ElectedPartitionResult::default(),
                ],
            },
            ElectedTopicResult::default(),
        ],
    }
}

pub fn alter_partition_reassignments_request() -> AlterPartitionReassignmentsRequest<'static> {
    AlterPartitionReassignmentsRequest {
        timeout_ms: 3,
        allow_replication_factor_change: false,
        topics: vec![
            ReassignableTopic {
                name: "flights",
                partitions: vec![
                    ReassignablePartition { partition_index: 3, replicas: Some(vec![4, 8]) },
                    ReassignablePartition::default(),
                ],
            },
            ReassignableTopic::default(),
        ],
    }
}

pub fn alter_partition_reassignments_response() -> AlterPartitionReassignmentsResponse<'static> {
    AlterPartitionReassignmentsResponse {
        throttle_time_ms: 3,
        allow_replication_factor_change: false,
        error_code: ErrorCode::InvalidRequest,
        error_message: Some("error message".into()),
        responses: vec![
            ReassignableTopicResponse {
                name: "flights".into(),
                partitions: vec![
                    ReassignablePartitionResponse {
                        partition_index: 3,
                        error_code: ErrorCode::NoReassignmentInProgress,
                        error_message: Some("error message".into()),
                    },
                    ReassignablePartitionResponse::default(),
                ],
            },
            ReassignableTopicResponse::default(),
        ],
    }
}

pub fn list_partition_reassignments_request() -> ListPartitionReassignmentsRequest<'static> {
    ListPartitionReassignmentsRequest {
        timeout_ms: 3,
        topics: Some(vec![
            ListPartitionReassignmentsTopic { name: "flights", partition_indexes: vec![4, 8] },
            ListPartitionReassignmentsTopic::default(),
        ]),
    }
}

pub fn list_partition_reassignments_response() -> ListPartitionReassignmentsResponse<'static> {
    ListPartitionReassignmentsResponse {
        throttle_time_ms: 3,
        error_code: ErrorCode::InvalidRequest,
        error_message: Some("error message".into()),
        topics: vec![
            ReassigningTopic {
                name: "flights".into(),
                partitions: vec![
                    ReassigningPartition {
                        partition_index: 3,
                        replicas: vec![4, 8],
                        adding_replicas: vec![5, 9],
                        removing_replicas: vec![6, 10],
                    },
                    ReassigningPartition::default(),
                ],
            },
            ReassigningTopic::default(),
        ],
    }
}
