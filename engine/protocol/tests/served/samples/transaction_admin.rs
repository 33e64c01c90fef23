//! WriteTxnMarkers, DescribeProducers, DescribeTransactions, ListTransactions: bodies in which
//! every field has a value of its own; every list ends with an element of defaults.

use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::describe_producers::{
    DescribeProducersPartitionResult, DescribeProducersRequest, DescribeProducersResponse,
    DescribeProducersTopic, DescribeProducersTopicResult, ProducerState,
};
use headwater_protocol::messages::describe_transactions::{
    DescribeTransactionsRequest, DescribeTransactionsResponse, TransactionState, TransactionTopic,
};
use headwater_protocol::messages::list_transactions::{
    ListTransactionsRequest, ListTransactionsResponse, ListedTransaction,
};
use headwater_protocol::messages::write_txn_markers::{
    WritableTxnMarker, WritableTxnMarkerPartitionResult, WritableTxnMarkerResult,
    WritableTxnMarkerTopic, WritableTxnMarkerTopicResult, WriteTxnMarkersRequest,
    WriteTxnMarkersResponse,
};

pub fn write_txn_markers_request() -> WriteTxnMarkersRequest<'static> {
    WriteTxnMarkersRequest {
        markers: vec![
            WritableTxnMarker {
                producer_id: 1 << 33,
                producer_epoch: 4,
                transaction_result: true,
                topics: vec![
                    WritableTxnMarkerTopic { name: "flights", partition_indexes: vec![4, 8] },
                    WritableTxnMarkerTopic::default(),
                ],
                coordinator_epoch: 7,
                transaction_version: 8,
            },
            WritableTxnMarker::default(),
        ],
    }
}

pub fn write_txn_markers_response() -> WriteTxnMarkersResponse<'static> {
    WriteTxnMarkersResponse {
        markers: vec![
            WritableTxnMarkerResult {
                producer_id: 1 << 33,
                topics: vec![
                    WritableTxnMarkerTopicResult {
                        name: "flights".into(),
                        partitions: vec![
                            WritableTxnMarkerPartitionResult {
                                partition_index: 3,
                                error_code: ErrorCode::NotLeaderOrFollower,
                            },
                            WritableTxnMarkerPartitionResult::default(),
                        ],
                    },
                    WritableTxnMarkerTopicResult::default(),
                ],
            },
            WritableTxnMarkerResult::default(),
        ],
    }
}

pub fn describe_producers_request() -> DescribeProducersRequest<'static> {
    DescribeProducersRequest {
        topics: vec![
            DescribeProducersTopic { name: "flights", partition_indexes: vec![4, 8] },
            DescribeProducersTopic::default(),
        ],
    }
}

pub fn describe_producers_response() -> DescribeProducersResponse<'static> {
    DescribeProducersResponse {
        throttle_time_ms: 3,
        topics: vec![
            DescribeProducersTopicResult {
                name: "flights".into(),
                partitions: vec![
                    DescribeProducersPartitionResult {
                        partition_index: 3,
                        error_code: ErrorCode::NotLeaderOrFollower,
                        error_message: Some("error message".into()),
                        active_producers: vec![
                            ProducerState {
                                producer_id: 1 << 33,
                                producer_epoch: 4,
                                last_sequence: 5,
                                last_timestamp: 1 << 36,
                                coordinator_epoch: 7,
                                current_txn_start_offset: 1 << 38,
                            },
                            ProducerState::default(),
                        ],
                    },
                    DescribeProducersPartitionResult::default(),
                ],
            },
            DescribeProducersTopicResult::default(),
        ],
    }
}

pub fn describe_transactions_request() -> DescribeTransactionsRequest<'static> {
    DescribeTransactionsRequest { transactional_ids: vec!["one", "two"] }
}

pub fn describe_transactions_response() -> DescribeTransactionsResponse<'static> {
    DescribeTransactionsResponse {
        throttle_time_ms: 3,
        transaction_states: vec![
            TransactionState {
                error_code: ErrorCode::TransactionalIdNotFound,
                transactional_id: "txn".into(),
                transaction_state: "Ongoing".into(),
                transaction_timeout_ms: 6,
                transaction_start_time_ms: 1 << 37,
                producer_id: 1 << 38,
                producer_epoch: 9,
                topics: vec![
                    TransactionTopic { topic: "flights".into(), partitions: vec![4, 8] },
                    TransactionTopic::default(),
                ],
            },
            TransactionState::default(),
        ],
    }
}

pub fn list_transactions_request() -> ListTransactionsRequest<'static> {
    ListTransactionsRequest {
        state_filters: vec!["Ongoing", "Empty"],
        producer_id_filters: vec![4, 8],
        duration_filter: 1 << 35,
        transactional_id_pattern: Some("transactional id pattern"),
    }
}

pub fn list_transactions_response() -> ListTransactionsResponse<'static> {
    ListTransactionsResponse {
        throttle_time_ms: 3,
        error_code: ErrorCode::CoordinatorLoadInProgress,
        unknown_state_filters: vec!["one".into(), "two".into()],
        transaction_states: vec![
            ListedTransaction {
                transactional_id: "txn".into(),
                producer_id: 1 << 34,
                transaction_state: "Ongoing".into(),
            },
            ListedTransaction::default(),
        ],
    }
}
