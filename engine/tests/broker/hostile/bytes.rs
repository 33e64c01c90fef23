//! Frames that are none, are not whole, or have been changed on the way.

use bytes::BytesMut;
use headwater_protocol::api_key::{ApiKey, served};
use headwater_protocol::messages::create_partitions::{
    CreatePartitionsRequest, CreatePartitionsTopic,
};
use headwater_protocol::messages::create_topics::{CreatableTopic, CreateTopicsRequest};
use headwater_protocol::messages::describe_configs::{
    DescribeConfigsRequest, DescribeConfigsResource,
};
use headwater_protocol::messages::fetch::{
    FetchPartition, FetchRequest, FetchTopic, ForgottenTopic,
};
use headwater_protocol::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic,
};
use headwater_protocol::messages::metadata::{MetadataRequest, MetadataRequestTopic};
use headwater_protocol::messages::produce::{ProducePartition, ProduceRequest, ProduceTopic};
use headwater_protocol::wire::uuid::Uuid;
use headwater_protocol::wire::writer::Writer;

use super::{Bystander, is_well, start};
use crate::harness::batches::plain;
use crate::harness::broker::{Broker, Options};
use crate::harness::client::encode;
use crate::harness::{Seeded, on_both};

#[test]
fn garbage_ends_its_connection_and_no_other() {
    on_both(|backend| {
        let broker = start(backend);
        let mut bystander = Bystander::of(&broker);
        let mut random = Seeded::new(1);
        for _ in 0..200 {
            let mut client = broker.connect();
            let garbage: Vec<u8> = (0..1 + random.below(300)).map(|_| random.byte()).collect();
            // Whatever came before may have ended the connection already.
            drop(client.send(&garbage));
        }
        bystander.works_soon();
        is_well(&broker);
    });
}

#[test]
fn lengths_that_make_no_sense_end_the_connection_at_once() {
    on_both(|backend| {
        let broker = Options::new(backend).set("socket.request.max.bytes=1000000").start();
        for length in [-1, i32::MIN, i32::MAX, 1_000_001, i32::from_be_bytes(*b"GET ")] {
            let mut client = broker.connect();
            client.send(&length.to_be_bytes()).unwrap();
            assert!(client.is_closed(), "{length}");
        }
        // Nothing is shorter than a header.
        for length in 0..10i32 {
            let mut client = broker.connect();
            client.send(&length.to_be_bytes()).unwrap();
            client.send(&vec![0; length as usize]).unwrap();
            client.finish();
            assert!(client.is_closed(), "{length}");
        }
        is_well(&broker);
    });
}

/// Frames of every API that mean something, in the highest version of each.
fn samples(topic: &str, id: Uuid) -> Vec<BytesMut> {
    let records = plain(&["one", "two"]);
    let configuration_keys = None;
    let request = |api: ApiKey| {
        let version = api.versions().expect("served").max;
        encode(api, version, 1, |w| {
            body(api, version, topic, id, &records, configuration_keys.clone(), w)
        })
    };
    served().map(|(api, _)| request(api)).collect()
}

fn body(
    api: ApiKey,
    version: i16,
    topic: &str,
    topic_id: Uuid,
    records: &[u8],
    configuration_keys: Option<Vec<&str>>,
    w: &mut Writer<'_>,
) {
    match api {
        ApiKey::Produce => {
            let partitions = vec![ProducePartition { index: 0, records: Some(records) }];
            let topics = vec![ProduceTopic { name: topic, topic_id, partitions }];
            ProduceRequest { transactional_id: None, acks: 1, timeout_ms: 100, topics }
                .encode(w, version);
        }
        ApiKey::Fetch => {
            let partitions =
                vec![FetchPartition { partition_max_bytes: 1000, ..Default::default() }];
            let topics = vec![FetchTopic { name: topic, topic_id, partitions }];
            let forgotten_topics =
                vec![ForgottenTopic { name: topic, topic_id, partitions: vec![1] }];
            let request =
                FetchRequest { max_bytes: 1000, topics, forgotten_topics, ..Default::default() };
            request.encode(w, version);
        }
        ApiKey::ListOffsets => {
            let topics = vec![ListOffsetsTopic {
                name: topic,
                partitions: vec![ListOffsetsPartition::default()],
            }];
            ListOffsetsRequest { topics, ..Default::default() }.encode(w, version);
        }
        ApiKey::Metadata => {
            let topics = Some(vec![MetadataRequestTopic { topic_id, name: Some(topic) }]);
            MetadataRequest { topics, ..MetadataRequest::default() }.encode(w, version);
        }
        ApiKey::CreateTopics => {
            let topics =
                vec![CreatableTopic { name: topic, num_partitions: 1, ..Default::default() }];
            CreateTopicsRequest { topics, timeout_ms: 100, validate_only: true }.encode(w, version);
        }
        ApiKey::CreatePartitions => {
            let topics = vec![CreatePartitionsTopic { name: topic, count: 2, assignments: None }];
            CreatePartitionsRequest { topics, timeout_ms: 100, validate_only: true }
                .encode(w, version);
        }
        ApiKey::DescribeConfigs => {
            let resource = DescribeConfigsResource {
                resource_type: 2,
                resource_name: topic,
                configuration_keys,
            };
            let resources = vec![resource];
            DescribeConfigsRequest {
                resources,
                include_synonyms: true,
                include_documentation: false,
            }
            .encode(w, version);
        }
        // Their defaults mean something, or nothing in them can be wrong.
        _ => w.no_tags(),
    }
}

#[test]
fn frames_cut_off_anywhere_are_forgotten() {
    on_both(|backend| {
        let broker = start(backend);
        let mut bystander = Bystander::of(&broker);
        for frame in samples("bystander", Uuid::ZERO) {
            for cut in (0..frame.len()).step_by(5) {
                let mut client = broker.connect();
                client.send(&frame[..cut]).unwrap();
            }
            // The length says less than there is: the rest is taken for the next frame.
            for shorter in 1..4 {
                let mut client = broker.connect();
                let mut frame = frame.to_vec();
                let length = i32::from_be_bytes(frame[..4].try_into().unwrap()) - shorter;
                frame[..4].copy_from_slice(&length.to_be_bytes());
                client.send(&frame).unwrap();
            }
        }
        bystander.works_soon();
        is_well(&broker);
    });
}

/// Everything behind the length may change; what comes back is an answer or the end of the connection.
#[test]
fn changed_frames_break_nothing() {
    on_both(|backend| {
        let broker = start(backend);
        let mut bystander = Bystander::of(&broker);
        let id = bystander.client.create("target", 1, &[]);
        let samples = samples("target", id);
        for seed in 0..600 {
            let mut random = Seeded::new(seed);
            let mut frame = samples[random.below(samples.len())].to_vec();
            for _ in 0..1 + random.below(6) {
                let at = 8 + random.below(frame.len() - 8);
                frame[at] = match random.below(4) {
                    0 => 0xff,
                    1 => 0,
                    2 => frame[at] ^ 1 << random.below(8),
                    _ => random.byte(),
                };
            }
            answered_or_closed(&broker, &frame, seed);
        }
        bystander.works_soon();
        is_well(&broker);
    });
}

fn answered_or_closed(broker: &Broker, frame: &[u8], seed: u64) {
    let mut client = broker.connect();
    client.send(frame).unwrap();
    client.finish();
    // A fetch may wait as long as it was told to; everybody else is answered.
    client.stream().set_read_timeout(Some(std::time::Duration::from_millis(500))).unwrap();
    if let Ok(bytes) = client.try_receive() {
        assert!(bytes.len() >= 4, "seed {seed}");
    }
}

/// A frame of every API with nothing behind its header.
#[test]
fn empty_bodies_are_refused_or_answered() {
    on_both(|backend| {
        let broker = start(backend);
        for (api, versions) in served() {
            for version in versions.decodable_min..=versions.max {
                let mut client = broker.connect();
                client.send(&encode(api, version, 1, |_| {})).unwrap();
                client.finish();
                drop(client.try_receive());
            }
        }
        Bystander::of(&broker).works_soon();
        is_well(&broker);
    });
}
