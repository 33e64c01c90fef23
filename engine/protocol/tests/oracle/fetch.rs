//! Fetch, with records in place and with holes.

use crate::body::{OUR_UUID, THEIR_UUID, compare, decode, encode, text, topic, versions};
use bytes::BytesMut;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::fetch::response::{
    AbortedTransaction, EpochEndOffset, FetchPartitionResponse, FetchRecords, FetchResponse,
    FetchTopicResponse,
};
use headwater_protocol::messages::fetch::{
    FetchPartition, FetchRequest, FetchTopic, ForgottenTopic,
};
use headwater_protocol::messages::leader_hint::{LeaderIdAndEpoch, NodeEndpoint};
use headwater_protocol::wire::writer::Writer;
use kafka_protocol::messages as theirs;
use theirs::{fetch_request as request, fetch_response as response};

fn our_request(version: i16) -> FetchRequest<'static> {
    FetchRequest {
        cluster_id: Some("cluster"),
        replica_id: 4,
        replica_epoch: 5,
        max_wait_ms: 500,
        min_bytes: 1,
        max_bytes: 50 << 20,
        isolation_level: 1,
        session_id: 77,
        session_epoch: 3,
        topics: vec![FetchTopic {
            name: if version <= 12 { "flights" } else { "" },
            topic_id: OUR_UUID,
            partitions: vec![FetchPartition {
                index: 6,
                current_leader_epoch: 7,
                fetch_offset: 1 << 40,
                last_fetched_epoch: 8,
                log_start_offset: 9,
                partition_max_bytes: 1 << 20,
                replica_directory_id: OUR_UUID,
                high_watermark: 10,
            }],
        }],
        forgotten_topics: vec![ForgottenTopic {
            name: if version <= 12 { "landings" } else { "" },
            topic_id: OUR_UUID,
            partitions: vec![1, 2],
        }],
        rack_id: "rack",
    }
}

fn their_request(version: i16) -> theirs::FetchRequest {
    let mut partition = request::FetchPartition::default()
        .with_partition(6)
        .with_fetch_offset(1 << 40)
        .with_partition_max_bytes(1 << 20);
    let mut fetch_topic = request::FetchTopic::default();
    let mut forgotten = request::ForgottenTopic::default();
    let mut body = theirs::FetchRequest::default()
        .with_max_wait_ms(500)
        .with_min_bytes(1)
        .with_max_bytes(50 << 20)
        .with_isolation_level(1);
    if version >= 5 {
        partition.log_start_offset = 9;
    }
    if version >= 7 {
        body.session_id = 77;
        body.session_epoch = 3;
        forgotten.partitions = vec![1, 2];
    }
    if version >= 9 {
        partition.current_leader_epoch = 7;
    }
    if version >= 11 {
        body.rack_id = text("rack");
    }
    if version >= 12 {
        partition.last_fetched_epoch = 8;
        body.cluster_id = Some(text("cluster"));
    }
    match version {
        13.. => {
            fetch_topic.topic_id = THEIR_UUID.parse().unwrap();
            forgotten.topic_id = THEIR_UUID.parse().unwrap();
        }
        _ => {
            fetch_topic.topic = topic("flights");
            forgotten.topic = topic("landings");
        }
    }
    match version {
        15.. => {
            body.replica_state =
                request::ReplicaState::default().with_replica_id(4.into()).with_replica_epoch(5);
        }
        _ => body.replica_id = 4.into(),
    }
    if version >= 17 {
        partition.replica_directory_id = THEIR_UUID.parse().unwrap();
    }
    if version >= 18 {
        partition.high_watermark = 10;
    }
    if version >= 7 {
        body.forgotten_topics_data = vec![forgotten];
    }
    body.with_topics(vec![fetch_topic.with_partitions(vec![partition])])
}

#[test]
fn requests() {
    for version in versions(ApiKey::Fetch) {
        compare(version, &our_request(version), &their_request(version));
        compare(version, &FetchRequest::default(), &theirs::FetchRequest::default());
    }
}

fn our_response(version: i16) -> FetchResponse<'static> {
    let full = FetchPartitionResponse {
        index: 6,
        error_code: ErrorCode::FencedLeaderEpoch,
        high_watermark: 100,
        last_stable_offset: 90,
        log_start_offset: 17,
        diverging_epoch: Some(EpochEndOffset { epoch: 8, end_offset: 55 }),
        current_leader: Some(LeaderIdAndEpoch { leader_id: 2, leader_epoch: 9 }),
        aborted_transactions: Some(vec![AbortedTransaction { producer_id: 5, first_offset: 60 }]),
        preferred_read_replica: 1,
        records: FetchRecords::Inline(b"some record batches"),
    };
    let null = FetchPartitionResponse {
        index: 7,
        records: FetchRecords::Null,
        ..FetchPartitionResponse::default()
    };
    let empty = FetchPartitionResponse { index: 8, ..FetchPartitionResponse::default() };
    FetchResponse {
        throttle_time_ms: 11,
        error_code: ErrorCode::None,
        session_id: 77,
        topics: vec![FetchTopicResponse {
            name: if version <= 12 { "flights".into() } else { "".into() },
            topic_id: OUR_UUID,
            partitions: vec![full, null, empty],
        }],
        node_endpoints: vec![NodeEndpoint {
            node_id: 2,
            host: "two".into(),
            port: 9092,
            rack: None,
        }],
    }
}

fn their_response(version: i16) -> theirs::FetchResponse {
    let mut full = response::PartitionData::default()
        .with_partition_index(6)
        .with_error_code(74)
        .with_high_watermark(100)
        .with_last_stable_offset(90)
        .with_aborted_transactions(Some(vec![
            response::AbortedTransaction::default()
                .with_producer_id(5.into())
                .with_first_offset(60),
        ]))
        .with_records(Some("some record batches".into()));
    let null = response::PartitionData::default()
        .with_partition_index(7)
        .with_high_watermark(-1)
        .with_aborted_transactions(None)
        .with_records(None);
    let empty = null.clone().with_partition_index(8).with_records(Some("".into()));
    let mut body = theirs::FetchResponse::default().with_throttle_time_ms(11);
    if version >= 5 {
        full.log_start_offset = 17;
    }
    if version >= 7 {
        body.session_id = 77;
    }
    if version >= 11 {
        full.preferred_read_replica = 1.into();
    }
    if version >= 12 {
        full.diverging_epoch =
            response::EpochEndOffset::default().with_epoch(8).with_end_offset(55);
        full.current_leader =
            response::LeaderIdAndEpoch::default().with_leader_id(2.into()).with_leader_epoch(9);
    }
    if version >= 16 {
        body.node_endpoints = vec![
            response::NodeEndpoint::default()
                .with_node_id(2.into())
                .with_host(text("two"))
                .with_port(9092)
                .with_rack(None),
        ];
    }
    let mut topic_response =
        response::FetchableTopicResponse::default().with_partitions(vec![full, null, empty]);
    match version {
        13.. => topic_response.topic_id = THEIR_UUID.parse().unwrap(),
        _ => topic_response.topic = topic("flights"),
    }
    body.with_responses(vec![topic_response])
}

#[test]
fn responses() {
    for version in versions(ApiKey::Fetch) {
        compare(version, &our_response(version), &their_response(version));
        compare(version, &FetchResponse::default(), &theirs::FetchResponse::default());
    }
}

#[test]
fn filling_the_holes_gives_the_same_bytes() {
    // Lengths on both sides of a wider varint, and none at all.
    let blocks: [&[u8]; 4] = [&[1; 126], &[2; 127], b"", &[3; 20_000]];
    let response = |records: [FetchRecords<'static>; 4]| {
        let partition = |records| FetchPartitionResponse { records, ..Default::default() };
        let topics = records.chunks(2).map(|pair| FetchTopicResponse {
            partitions: pair.iter().copied().map(partition).collect(),
            ..Default::default()
        });
        FetchResponse { topics: topics.collect(), ..Default::default() }
    };
    for version in versions(ApiKey::Fetch) {
        let in_place = encode(&response(blocks.map(FetchRecords::Inline)), version);
        let with_holes = response(blocks.map(|b| FetchRecords::Hole { len: b.len() as u32 }));

        let mut buffer = BytesMut::from(&b"earlier frame"[..]);
        let before = buffer.len();
        let mut writer = Writer::new(&mut buffer, ApiKey::Fetch.is_flexible(version));
        let holes = with_holes.encode_with_holes(&mut writer, version);
        assert_eq!(writer.hole_bytes(), blocks.iter().map(|block| block.len()).sum::<usize>());
        let indices: Vec<_> = holes.iter().map(|h| (h.topic_index, h.partition_index)).collect();
        assert_eq!(indices, [(0, 0), (0, 1), (1, 0), (1, 1)]);

        let mut sent = Vec::new();
        let mut done = before;
        for (hole, block) in holes.iter().zip(blocks) {
            assert_eq!(hole.len, block.len());
            sent.extend_from_slice(&buffer[done..hole.at]);
            sent.extend_from_slice(block);
            done = hole.at;
        }
        sent.extend_from_slice(&buffer[done..]);
        assert_eq!(sent, in_place, "version {version}");
        let read: FetchResponse<'_> = decode(&sent, version);
        let last = &read.topics[1].partitions[1];
        assert_eq!(last.records.inline().map(<[u8]>::len), Some(20_000));
    }
}
