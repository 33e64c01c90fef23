//! Produce and Fetch: bodies with something in every list.

use headwater_protocol::messages::fetch::response::{
    AbortedTransaction, EpochEndOffset, FetchPartitionResponse, FetchRecords, FetchResponse,
    FetchTopicResponse,
};
use headwater_protocol::messages::fetch::{
    FetchPartition, FetchRequest, FetchTopic, ForgottenTopic,
};
use headwater_protocol::messages::leader_hint::{LeaderIdAndEpoch, NodeEndpoint};
use headwater_protocol::messages::produce::{
    BatchIndexError, ProducePartition, ProducePartitionResponse, ProduceRequest, ProduceResponse,
    ProduceTopic, ProduceTopicResponse,
};
use headwater_protocol::wire::uuid::Uuid;

const ID: Uuid = Uuid([5; 16]);

pub fn produce_request() -> ProduceRequest<'static> {
    let partitions = vec![ProducePartition { index: 1, records: Some(b"bytes") }];
    ProduceRequest {
        transactional_id: Some("txn"),
        acks: -1,
        timeout_ms: 9,
        topics: vec![ProduceTopic { name: "t", topic_id: ID, partitions }],
    }
}

pub fn produce_response() -> ProduceResponse<'static> {
    let partition = ProducePartitionResponse {
        record_errors: vec![BatchIndexError { batch_index: 1, message: Some("m".into()) }],
        error_message: Some("m".into()),
        current_leader: Some(LeaderIdAndEpoch { leader_id: 1, leader_epoch: 2 }),
        ..ProducePartitionResponse::default()
    };
    let partitions = vec![partition];
    ProduceResponse {
        topics: vec![ProduceTopicResponse { name: "t".into(), topic_id: ID, partitions }],
        throttle_time_ms: 0,
        node_endpoints: vec![endpoint()],
    }
}

pub fn fetch_request() -> FetchRequest<'static> {
    let partition =
        FetchPartition { replica_directory_id: ID, high_watermark: 4, ..Default::default() };
    FetchRequest {
        cluster_id: Some("c"),
        replica_id: 3,
        replica_epoch: 4,
        topics: vec![FetchTopic { name: "t", topic_id: ID, partitions: vec![partition] }],
        forgotten_topics: vec![ForgottenTopic { name: "f", topic_id: ID, partitions: vec![1, 2] }],
        rack_id: "r",
        ..FetchRequest::default()
    }
}

pub fn fetch_response() -> FetchResponse<'static> {
    let partition = FetchPartitionResponse {
        diverging_epoch: Some(EpochEndOffset { epoch: 1, end_offset: 2 }),
        current_leader: Some(LeaderIdAndEpoch { leader_id: 1, leader_epoch: 2 }),
        aborted_transactions: Some(vec![AbortedTransaction { producer_id: 1, first_offset: 2 }]),
        records: FetchRecords::Inline(b"bytes"),
        ..FetchPartitionResponse::default()
    };
    let partitions = vec![partition];
    FetchResponse {
        topics: vec![FetchTopicResponse { name: "t".into(), topic_id: ID, partitions }],
        node_endpoints: vec![endpoint()],
        ..FetchResponse::default()
    }
}

fn endpoint() -> NodeEndpoint<'static> {
    NodeEndpoint { node_id: 1, host: "h".into(), port: 9092, rack: Some("r".into()) }
}
