//! Short questions with long answers, and questions that are more work than they look.

use std::time::{Duration, Instant};

use headwater_protocol::api_key::ApiKey;
use headwater_protocol::batch::builder::Producer;
use headwater_protocol::batch::compression::Compression;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::create_topics::{
    CreatableTopic, CreateTopicsRequest, CreateTopicsResponse,
};
use headwater_protocol::messages::describe_configs::{
    DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResponse,
};
use headwater_protocol::messages::fetch::response::FetchResponse;
use headwater_protocol::messages::fetch::{
    FetchPartition, FetchRequest, FetchTopic, ForgottenTopic,
};
use headwater_protocol::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopic,
};
use headwater_protocol::messages::metadata::{
    MetadataRequest, MetadataRequestTopic, MetadataResponse,
};
use headwater_protocol::wire::uuid::Uuid;

use super::{Bystander, is_well, start};
use crate::harness::batches::{THEN_MS, batch, plain, sized};
use crate::harness::broker::Broker;
use crate::harness::client::encode;
use crate::harness::on_both;
use crate::harness::requests::Want;

/// A debug build on a loaded machine answers a large question within this.
const SOON: Duration = Duration::from_secs(10);

/// Whoever asks the same thing a hundred thousand times gets one answer.
#[test]
fn a_topic_is_described_once_however_often_it_is_mentioned() {
    on_both(|backend| {
        let broker = start(backend);
        let mut bystander = Bystander::of(&broker);
        bystander.client.create("wide", 200, &[]);
        let mut client = broker.connect();
        let started = Instant::now();
        let topics =
            vec![MetadataRequestTopic { topic_id: Uuid::ZERO, name: Some("wide") }; 200_000];
        let request = MetadataRequest { topics: Some(topics), ..MetadataRequest::default() };
        let frame = client.call(ApiKey::Metadata, 9, |w| request.encode(w, 9));
        assert_eq!(frame.body(MetadataResponse::decode).topics.len(), 1);
        let resource = DescribeConfigsResource {
            resource_type: 2,
            resource_name: "wide",
            configuration_keys: None,
        };
        let request = DescribeConfigsRequest {
            resources: vec![resource; 100_000],
            include_synonyms: true,
            include_documentation: true,
        };
        let frame = client.call(ApiKey::DescribeConfigs, 4, |w| request.encode(w, 4));
        assert_eq!(frame.body(DescribeConfigsResponse::decode).results.len(), 1);
        assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
        bystander.works_soon();
        is_well(&broker);
    });
}

/// Times as long as the square of the question would be felt by everybody.
#[test]
fn long_lists_take_time_in_proportion() {
    on_both(|backend| {
        let broker = start(backend);
        let mut bystander = Bystander::of(&broker);
        let mut client = broker.connect();
        let started = Instant::now();
        let twice = CreatableTopic {
            name: "twice",
            num_partitions: 1,
            replication_factor: 1,
            ..Default::default()
        };
        let request = CreateTopicsRequest {
            topics: vec![twice; 100_000],
            timeout_ms: 1000,
            validate_only: true,
        };
        let frame = client.call(ApiKey::CreateTopics, 5, |w| request.encode(w, 5));
        assert_eq!(
            frame.body(CreateTopicsResponse::decode).topics[0].error_code,
            ErrorCode::InvalidRequest
        );

        let all: Vec<(i32, i64)> = (0..80_000).map(|index| (index, 0)).collect();
        let answer = client.fetch(&Want { session: (0, 0), ..Want::from("nowhere", &all) });
        assert_eq!(answer.partitions.len(), all.len());
        let partitions = all.iter().map(|(index, _)| *index).collect();
        let forgotten_topics =
            vec![ForgottenTopic { name: "nowhere", topic_id: Uuid::ZERO, partitions }];
        let (session_id, session_epoch) = (answer.session, 1);
        let request =
            FetchRequest { session_id, session_epoch, forgotten_topics, ..Default::default() };
        let frame = client.call(ApiKey::Fetch, 12, |w| request.encode(w, 12));
        assert_eq!(frame.body(FetchResponse::decode).topics.len(), 0);
        assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
        bystander.works_soon();
        is_well(&broker);
    });
}

/// A record by time is a look into a file: once for each partition.
#[test]
fn a_partition_is_searched_once_however_often_it_is_mentioned() {
    on_both(|backend| {
        let broker = start(backend);
        let mut bystander = Bystander::of(&broker);
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        client.append("t", 0, &plain(&["a", "b"]));
        let started = Instant::now();
        let partition = ListOffsetsPartition { timestamp: THEN_MS, ..Default::default() };
        let topics = vec![ListOffsetsTopic { name: "t", partitions: vec![partition; 50_000] }];
        let request = ListOffsetsRequest { topics, ..Default::default() };
        let frame = client.call(ApiKey::ListOffsets, 7, |w| request.encode(w, 7));
        let response = frame.body(ListOffsetsResponse::decode);
        let partitions = &response.topics[0].partitions;
        assert_eq!((partitions[0].error_code, partitions[0].offset), (ErrorCode::None, 0));
        assert!(partitions[1..].iter().all(|p| p.error_code == ErrorCode::InvalidRequest));
        assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
        bystander.works_soon();
    });
}

/// Offsets inside batches of old records must be looked for in files. Many of them for one partition in
/// one request would never all be found at the same time.
#[test]
fn a_partition_is_fetched_once_however_often_it_is_mentioned() {
    on_both(|backend| {
        let broker = start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        for n in 0..40 {
            client.append("t", 0, &sized(10, 1000, n));
        }
        drop(client);
        let broker = broker.restart();
        let mut client = broker.connect();
        let started = Instant::now();
        let partitions = (0..400).map(|fetch_offset| FetchPartition {
            fetch_offset,
            partition_max_bytes: 100,
            ..Default::default()
        });
        let topics =
            vec![FetchTopic { name: "t", topic_id: Uuid::ZERO, partitions: partitions.collect() }];
        let request =
            FetchRequest { max_bytes: 1 << 20, session_epoch: -1, topics, ..Default::default() };
        let frame = client.call(ApiKey::Fetch, 12, |w| request.encode(w, 12));
        let response = frame.body(FetchResponse::decode);
        assert_eq!(response.topics[0].partitions.len(), 1);
        assert!(started.elapsed() < SOON);
    });
}

/// Many consumers that each start inside another batch of old records.
#[test]
fn many_offsets_inside_old_batches_are_all_found() {
    on_both(|backend| {
        let broker = start(backend);
        let mut client = broker.connect();
        client.create("t", 2, &[]);
        for n in 0..60 {
            client.append("t", 0, &sized(10, 1000, n));
            client.append("t", 1, &sized(10, 1000, n));
        }
        drop(client);
        let broker = broker.restart();
        let mut consumers: Vec<_> = (0..60).map(|n| (n, broker.connect())).collect();
        let asked: Vec<_> = consumers
            .iter_mut()
            .map(|(n, consumer)| {
                let from = [(0, *n * 10 + 5), (1, *n * 10 + 7)];
                consumer.ask_fetch(&Want { partition_bytes: 1000, ..Want::from("t", &from) }, 12)
            })
            .collect();
        for ((n, consumer), asked) in consumers.iter_mut().zip(asked) {
            for fetched in consumer.fetched(asked).partitions {
                assert_eq!(
                    (fetched.error, fetched.records()[0].offset),
                    (ErrorCode::None, *n * 10)
                );
            }
        }
    });
}

/// A kilobyte that becomes a gigabyte is stored and sent as it came; to look into it has its limit.
#[test]
fn records_that_unpack_to_a_gigabyte_are_not_unpacked() {
    on_both(|backend| {
        let broker = start(backend);
        let mut bystander = Bystander::of(&broker);
        bystander.client.create("bomb", 1, &[]);
        let zeros = vec![0; 300 << 20];
        let bomb = batch(
            Compression::Zstd,
            Producer::NONE,
            [(THEN_MS, &zeros[..]), (THEN_MS + 9, b"x")].into_iter(),
        );
        drop(zeros);
        assert!(bomb.len() < 100_000, "{}", bomb.len());
        bystander.client.append("bomb", 0, &bomb);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                let broker = &broker;
                scope.spawn(move || {
                    let found = broker.connect().offset_at("bomb", 0, THEN_MS + 1);
                    assert_eq!(found.0, ErrorCode::None);
                });
            }
        });
        bystander.works_soon();
        is_well(&broker);
    });
}

/// Only records may be large: a question that is decoded takes many times its size.
#[test]
fn questions_have_a_limit_of_their_own() {
    on_both(|backend| {
        let broker = start(backend);
        let mut bystander = Bystander::of(&broker);
        let topics =
            vec![MetadataRequestTopic { topic_id: Uuid::ZERO, name: Some("") }; 30_000_000];
        let request = MetadataRequest { topics: Some(topics), ..MetadataRequest::default() };
        let frame = encode(ApiKey::Metadata, 5, 1, |w| request.encode(w, 5));
        drop(request);
        refused(&broker, &frame);
        bystander.works_soon();
        // The request itself is held once.
        let most = crate::harness::facts::resident_bytes_max(broker.pid());
        assert!(most < 400 << 20, "{} MiB were resident", most >> 20);
    });
}

fn refused(broker: &Broker, frame: &[u8]) {
    let mut client = broker.connect();
    drop(client.send(frame));
    assert!(client.is_closed());
}
