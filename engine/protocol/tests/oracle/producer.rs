//! Produce and InitProducerId.

use crate::body::{OUR_UUID, THEIR_UUID, compare, text, topic, versions};
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::init_producer_id::{
    InitProducerIdRequest, InitProducerIdResponse,
};
use headwater_protocol::messages::leader_hint::{LeaderIdAndEpoch, NodeEndpoint};
use headwater_protocol::messages::produce::{
    BatchIndexError, ProducePartition, ProducePartitionResponse, ProduceRequest, ProduceResponse,
    ProduceTopic, ProduceTopicResponse,
};
use kafka_protocol::messages as theirs;
use theirs::produce_request::{PartitionProduceData, TopicProduceData};
use theirs::produce_response as response;

#[test]
fn produce_request() {
    let partitions = vec![
        ProducePartition { index: 3, records: Some(b"batches") },
        ProducePartition { index: 4, records: None },
    ];
    let ours = |version| ProduceRequest {
        transactional_id: Some("txn"),
        acks: -1,
        timeout_ms: 30_000,
        topics: vec![ProduceTopic {
            name: if version <= 12 { "flights" } else { "" },
            topic_id: OUR_UUID,
            partitions: partitions.clone(),
        }],
    };
    for version in versions(ApiKey::Produce) {
        let mut topic_data = TopicProduceData::default().with_partition_data(vec![
            PartitionProduceData::default().with_index(3).with_records(Some("batches".into())),
            PartitionProduceData::default().with_index(4).with_records(None),
        ]);
        match version {
            13.. => topic_data.topic_id = THEIR_UUID.parse().unwrap(),
            _ => topic_data.name = topic("flights"),
        }
        let theirs = theirs::ProduceRequest::default()
            .with_transactional_id(Some(theirs::TransactionalId(text("txn"))))
            .with_acks(-1)
            .with_timeout_ms(30_000)
            .with_topic_data(vec![topic_data]);
        compare(version, &ours(version), &theirs);

        let plain = ProduceRequest { transactional_id: None, topics: vec![], ..ours(version) };
        compare(version, &plain, &theirs.with_transactional_id(None).with_topic_data(vec![]));
    }
}

fn our_produce_response(version: i16) -> ProduceResponse<'static> {
    let refused = ProducePartitionResponse {
        index: 3,
        error_code: ErrorCode::NotLeaderOrFollower,
        base_offset: 1 << 40,
        log_append_time_ms: 1_700_000_000_000,
        log_start_offset: 17,
        record_errors: vec![
            BatchIndexError { batch_index: 5, message: Some("no key".into()) },
            BatchIndexError { batch_index: 6, message: None },
        ],
        error_message: Some("go away".into()),
        current_leader: Some(LeaderIdAndEpoch { leader_id: 2, leader_epoch: 9 }),
    };
    let appended = ProducePartitionResponse { index: 4, base_offset: 8, ..Default::default() };
    ProduceResponse {
        topics: vec![ProduceTopicResponse {
            name: if version <= 12 { "flights".into() } else { "".into() },
            topic_id: OUR_UUID,
            partitions: vec![refused, appended],
        }],
        throttle_time_ms: 11,
        node_endpoints: vec![NodeEndpoint {
            node_id: 2,
            host: "two".into(),
            port: 9092,
            rack: Some("r".into()),
        }],
    }
}

fn their_produce_response(version: i16) -> theirs::ProduceResponse {
    let mut refused = response::PartitionProduceResponse::default()
        .with_index(3)
        .with_error_code(6)
        .with_base_offset(1 << 40)
        .with_log_append_time_ms(1_700_000_000_000);
    let mut appended =
        response::PartitionProduceResponse::default().with_index(4).with_base_offset(8);
    if version >= 5 {
        refused.log_start_offset = 17;
        appended.log_start_offset = -1;
    }
    if version >= 8 {
        refused.record_errors = vec![
            response::BatchIndexAndErrorMessage::default()
                .with_batch_index(5)
                .with_batch_index_error_message(Some(text("no key"))),
            response::BatchIndexAndErrorMessage::default().with_batch_index(6),
        ];
        refused.error_message = Some(text("go away"));
    }
    let mut body = theirs::ProduceResponse::default().with_throttle_time_ms(11);
    if version >= 10 {
        refused.current_leader =
            response::LeaderIdAndEpoch::default().with_leader_id(2.into()).with_leader_epoch(9);
        body.node_endpoints = vec![
            response::NodeEndpoint::default()
                .with_node_id(2.into())
                .with_host(text("two"))
                .with_port(9092)
                .with_rack(Some(text("r"))),
        ];
    }
    let mut topic_response =
        response::TopicProduceResponse::default().with_partition_responses(vec![refused, appended]);
    match version {
        13.. => topic_response.topic_id = THEIR_UUID.parse().unwrap(),
        _ => topic_response.name = topic("flights"),
    }
    body.with_responses(vec![topic_response])
}

#[test]
fn produce_response() {
    for version in versions(ApiKey::Produce) {
        compare(version, &our_produce_response(version), &their_produce_response(version));
        compare(version, &ProduceResponse::default(), &theirs::ProduceResponse::default());
    }
}

#[test]
fn init_producer_id_request() {
    let ours = InitProducerIdRequest {
        transactional_id: Some("txn"),
        transaction_timeout_ms: 60_000,
        producer_id: 1 << 40,
        producer_epoch: 3,
    };
    for version in versions(ApiKey::InitProducerId) {
        let mut theirs = theirs::InitProducerIdRequest::default()
            .with_transactional_id(Some(theirs::TransactionalId(text("txn"))))
            .with_transaction_timeout_ms(60_000);
        if version >= 3 {
            theirs.producer_id = (1 << 40).into();
            theirs.producer_epoch = 3;
        }
        compare(version, &ours, &theirs);
        let plain = InitProducerIdRequest::default();
        let theirs = theirs::InitProducerIdRequest::default()
            .with_transactional_id(None)
            .with_transaction_timeout_ms(i32::MAX);
        compare(version, &plain, &theirs);
    }
}

#[test]
fn init_producer_id_response() {
    let ours = InitProducerIdResponse {
        throttle_time_ms: 11,
        error_code: ErrorCode::InvalidProducerEpoch,
        producer_id: 1 << 40,
        producer_epoch: 3,
    };
    let theirs = theirs::InitProducerIdResponse::default()
        .with_throttle_time_ms(11)
        .with_error_code(47)
        .with_producer_id((1 << 40).into())
        .with_producer_epoch(3);
    for version in versions(ApiKey::InitProducerId) {
        compare(version, &ours, &theirs);
    }
}
