//! AddPartitionsToTxn, AddOffsetsToTxn, EndTxn, TxnOffsetCommit: bodies in which every field has a
//! value of its own; every list ends with an element of defaults.

use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::add_offsets_to_txn::{
    AddOffsetsToTxnRequest, AddOffsetsToTxnResponse,
};
use headwater_protocol::messages::add_partitions_to_txn::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnRequest, AddPartitionsToTxnResponse,
    AddPartitionsToTxnResult, AddPartitionsToTxnTopic, AddPartitionsToTxnTopicResult,
    AddPartitionsToTxnTransaction,
};
use headwater_protocol::messages::end_txn::{EndTxnRequest, EndTxnResponse};
use headwater_protocol::messages::txn_offset_commit::{
    TxnOffsetCommitPartition, TxnOffsetCommitPartitionResult, TxnOffsetCommitRequest,
    TxnOffsetCommitResponse, TxnOffsetCommitTopic, TxnOffsetCommitTopicResult,
};

pub fn add_partitions_to_txn_request() -> AddPartitionsToTxnRequest<'static> {
    AddPartitionsToTxnRequest {
        transactions: vec![
            AddPartitionsToTxnTransaction {
                transactional_id: "txn",
                producer_id: 1 << 34,
                producer_epoch: 5,
                verify_only: true,
                topics: vec![
                    AddPartitionsToTxnTopic { name: "flights", partitions: vec![4, 8] },
                    AddPartitionsToTxnTopic::default(),
                ],
            },
            AddPartitionsToTxnTransaction::default(),
        ],
    }
}

pub fn add_partitions_to_txn_response() -> AddPartitionsToTxnResponse<'static> {
    AddPartitionsToTxnResponse {
        throttle_time_ms: 3,
        error_code: ErrorCode::NotCoordinator,
        results_by_transaction: vec![
            AddPartitionsToTxnResult {
                transactional_id: "txn".into(),
                topic_results: vec![
                    AddPartitionsToTxnTopicResult {
                        name: "flights".into(),
                        results_by_partition: vec![
                            AddPartitionsToTxnPartitionResult {
                                partition_index: 3,
                                partition_error_code: ErrorCode::InvalidTxnState,
                            },
                            AddPartitionsToTxnPartitionResult::default(),
                        ],
                    },
                    AddPartitionsToTxnTopicResult::default(),
                ],
            },
            AddPartitionsToTxnResult::default(),
        ],
    }
}

pub fn add_offsets_to_txn_request() -> AddOffsetsToTxnRequest<'static> {
    AddOffsetsToTxnRequest {
        transactional_id: "txn",
        producer_id: 1 << 34,
        producer_epoch: 5,
        group_id: "group",
    }
}

pub fn add_offsets_to_txn_response() -> AddOffsetsToTxnResponse {
    AddOffsetsToTxnResponse { throttle_time_ms: 3, error_code: ErrorCode::InvalidTxnState }
}

pub fn end_txn_request() -> EndTxnRequest<'static> {
    EndTxnRequest {
        transactional_id: "txn",
        producer_id: 1 << 34,
        producer_epoch: 5,
        committed: true,
    }
}

pub fn end_txn_response() -> EndTxnResponse {
    EndTxnResponse {
        throttle_time_ms: 3,
        error_code: ErrorCode::ProducerFenced,
        producer_id: 1 << 35,
        producer_epoch: 6,
    }
}

pub fn txn_offset_commit_request() -> TxnOffsetCommitRequest<'static> {
    TxnOffsetCommitRequest {
        transactional_id: "txn",
        group_id: "group",
        producer_id: 1 << 35,
        producer_epoch: 6,
        generation_id: 7,
        member_id: "member",
        group_instance_id: Some("instance"),
        topics: vec![
            TxnOffsetCommitTopic {
                name: "flights",
                partitions: vec![
                    TxnOffsetCommitPartition {
                        partition_index: 3,
                        committed_offset: 1 << 34,
                        committed_leader_epoch: 5,
                        committed_metadata: Some("committed metadata"),
                    },
                    TxnOffsetCommitPartition::default(),
                ],
            },
            TxnOffsetCommitTopic::default(),
        ],
    }
}

pub fn txn_offset_commit_response() -> TxnOffsetCommitResponse<'static> {
    TxnOffsetCommitResponse {
        throttle_time_ms: 3,
        topics: vec![
            TxnOffsetCommitTopicResult {
                name: "flights".into(),
                partitions: vec![
                    TxnOffsetCommitPartitionResult {
                        partition_index: 3,
                        error_code: ErrorCode::ProducerFenced,
                    },
                    TxnOffsetCommitPartitionResult::default(),
                ],
            },
            TxnOffsetCommitTopicResult::default(),
        ],
    }
}
