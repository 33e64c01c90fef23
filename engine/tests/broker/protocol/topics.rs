//! CreateTopics and DeleteTopics: what is made, what is refused and why.

use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest, CreateTopicsResponse,
    ReplicaAssignment,
};
use headwater_protocol::messages::delete_topics::{
    DeleteTopicState, DeleteTopicsRequest, DeleteTopicsResponse,
};
use headwater_protocol::wire::uuid::Uuid;

use crate::harness::batches::plain;
use crate::harness::broker::{Broker, Options};
use crate::harness::client::Client;
use crate::harness::on_both;

fn create(
    client: &mut Client,
    version: i16,
    topics: Vec<CreatableTopic<'_>>,
    validate_only: bool,
) -> Vec<ErrorCode> {
    let request = CreateTopicsRequest { topics, timeout_ms: 10_000, validate_only };
    let frame = client.call(ApiKey::CreateTopics, version, |w| request.encode(w, version));
    let response = frame.body(CreateTopicsResponse::decode);
    response.topics.iter().map(|topic| topic.error_code).collect()
}

fn named(name: &str) -> CreatableTopic<'_> {
    CreatableTopic { name, num_partitions: 1, replication_factor: 1, ..Default::default() }
}

#[test]
fn topics_are_created_in_every_version() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        for version in 2..=7 {
            let name = format!("v{version}");
            assert_eq!(create(&mut client, version, vec![named(&name)], false), [ErrorCode::None]);
            assert_eq!(client.append(&name, 0, &plain(&["x"])), 0, "it can be used at once");
        }
        assert_eq!(client.topics(), ["v2", "v3", "v4", "v5", "v6", "v7"]);
    });
}

#[test]
fn each_topic_is_refused_by_its_own_fault() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("there", 1, &[]);
        let long = "x".repeat(250);
        let configured = |name, value| vec![CreatableTopicConfig { name, value: Some(value) }];
        let assigned = |indexes: &[(i32, i32)]| {
            let assignment = |&(partition_index, node)| ReplicaAssignment {
                partition_index,
                broker_ids: vec![node],
            };
            indexes.iter().map(assignment).collect::<Vec<_>>()
        };
        let auto =
            CreatableTopic { num_partitions: -1, replication_factor: -1, ..named("assigned") };
        let cases = [
            (named("good"), ErrorCode::None),
            (named("there"), ErrorCode::TopicAlreadyExists),
            (named(""), ErrorCode::InvalidTopic),
            (named("."), ErrorCode::InvalidTopic),
            (named("a/b"), ErrorCode::InvalidTopic),
            (named(&long), ErrorCode::InvalidTopic),
            (CreatableTopic { num_partitions: 0, ..named("none") }, ErrorCode::InvalidPartitions),
            (CreatableTopic { num_partitions: -2, ..named("less") }, ErrorCode::InvalidPartitions),
            (
                CreatableTopic { replication_factor: 3, ..named("three") },
                ErrorCode::InvalidReplicationFactor,
            ),
            (
                CreatableTopic { replication_factor: 0, ..named("zero") },
                ErrorCode::InvalidReplicationFactor,
            ),
            (
                CreatableTopic { configs: configured("no.such", "1"), ..named("c1") },
                ErrorCode::InvalidConfig,
            ),
            (
                CreatableTopic { configs: configured("segment.bytes", "x"), ..named("c2") },
                ErrorCode::InvalidConfig,
            ),
            (
                CreatableTopic { configs: configured("node.id", "7"), ..named("c3") },
                ErrorCode::InvalidConfig,
            ),
            (
                CreatableTopic { assignments: assigned(&[(0, 1), (1, 1)]), ..auto.clone() },
                ErrorCode::None,
            ),
            (
                CreatableTopic { name: "a2", assignments: assigned(&[(0, 9)]), ..auto.clone() },
                ErrorCode::InvalidReplicaAssignment,
            ),
            (
                CreatableTopic { name: "a3", assignments: assigned(&[(1, 1)]), ..auto.clone() },
                ErrorCode::InvalidReplicaAssignment,
            ),
            (
                CreatableTopic { name: "a4", assignments: assigned(&[(0, 1)]), ..named("") },
                ErrorCode::InvalidRequest,
            ),
        ];
        let (topics, expected): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
        assert_eq!(create(&mut client, 7, topics, false), expected);
        assert_eq!(client.topics(), ["assigned", "good", "there"]);
        let twice = create(&mut client, 7, vec![named("twice"), named("twice")], false);
        assert!(twice.iter().all(|code| *code == ErrorCode::InvalidRequest), "{twice:?}");
        // Too much for one request is refused as a whole.
        let many = CreatableTopic { num_partitions: i32::MAX, ..named("many") };
        let refused = create(&mut client, 7, vec![named("few"), many], false);
        assert_eq!(refused, [ErrorCode::PolicyViolation; 2]);
        assert_eq!(create(&mut client, 7, Vec::new(), false), []);
        assert_eq!(client.topics(), ["assigned", "good", "there"]);
    });
}

#[test]
fn to_validate_is_not_to_create() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("there", 1, &[]);
        let codes = create(&mut client, 7, vec![named("a"), named("there"), named("b/")], true);
        assert_eq!(
            codes,
            [ErrorCode::None, ErrorCode::TopicAlreadyExists, ErrorCode::InvalidTopic]
        );
        assert_eq!(client.topics(), ["there"]);
        assert!(!broker.data().join("a-0").exists());
    });
}

#[test]
fn the_answer_tells_settings_counts_and_id() {
    on_both(|backend| {
        let broker = Options::new(backend).set("num.partitions=4").start();
        let mut client = broker.connect();
        let configs = vec![CreatableTopicConfig { name: "segment.bytes", value: Some("1048576") }];
        let topic = CreatableTopic {
            name: "t",
            num_partitions: -1,
            replication_factor: -1,
            configs,
            ..Default::default()
        };
        let request =
            CreateTopicsRequest { topics: vec![topic], timeout_ms: 1000, validate_only: false };
        let frame = client.call(ApiKey::CreateTopics, 7, |w| request.encode(w, 7));
        let response = frame.body(CreateTopicsResponse::decode);
        let topic = &response.topics[0];
        assert_eq!((topic.num_partitions, topic.replication_factor), (4, 1));
        assert!(!topic.topic_id.is_zero());
        let settings = topic.configs.as_ref().unwrap();
        let value = |name: &str| {
            settings.iter().find(|setting| setting.name == name).unwrap().value.clone().unwrap()
        };
        assert_eq!((&*value("segment.bytes"), &*value("durability")), ("1048576", "durable"));
    });
}

#[test]
fn topics_are_deleted_by_name_and_by_id() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("a", 2, &[]);
        let id = client.create("b", 1, &[]);
        client.append("a", 1, &plain(&["x"]));
        let by_id = |topic_id| DeleteTopicState { name: None, topic_id };
        let by_name = |name| DeleteTopicState { name: Some(name), topic_id: Uuid::ZERO };
        let topics =
            vec![by_name("a"), by_id(id), by_name("c"), by_id(Uuid([1; 16])), by_name("a")];
        let request = DeleteTopicsRequest { topics, timeout_ms: 1000 };
        let frame = client.call(ApiKey::DeleteTopics, 6, |w| request.encode(w, 6));
        let response = frame.body(DeleteTopicsResponse::decode);
        let codes: Vec<_> = response.topics.iter().map(|topic| topic.error_code).collect();
        let unknown = ErrorCode::UnknownTopicOrPartition;
        assert_eq!(
            codes,
            [ErrorCode::None, ErrorCode::None, unknown, ErrorCode::UnknownTopicId, unknown]
        );
        assert_eq!(response.topics[1].name.as_deref(), Some("b"));
        assert_eq!(client.topics(), Vec::<String>::new());
        assert_eq!(client.produce("a", 0, &plain(&["x"])).error, unknown);
        // Of the same name, and yet another topic.
        client.create("a", 1, &[]);
        assert_eq!(client.ends("a", 0), (0, 0));
        let request = DeleteTopicsRequest { topics: vec![by_name("a")], timeout_ms: 1000 };
        for version in 1..=5 {
            let frame = client.call(ApiKey::DeleteTopics, version, |w| request.encode(w, version));
            let code = frame.body(DeleteTopicsResponse::decode).topics[0].error_code;
            assert_eq!(code, ErrorCode::None, "version {version}");
            client.create("a", 1, &[]);
        }
    });
}

/// The longest name leaves no room for what a folder that is being deleted is called.
#[test]
fn the_longest_name_can_be_used_deleted_and_forgotten() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        let name = "x".repeat(249);
        for _ in 0..2 {
            client.create(&name, 2, &[]);
            assert_eq!(client.append(&name, 1, &plain(&["x"])), 0);
            assert_eq!(client.delete(&name), ErrorCode::None);
        }
        let leftovers = std::fs::read_dir(broker.data())
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().path().is_dir())
            .filter(|entry| entry.as_ref().unwrap().file_name() != "shards");
        assert_eq!(leftovers.count(), 0);
        let broker = broker.restart();
        assert_eq!(broker.connect().topics(), Vec::<String>::new());
    });
}

#[test]
fn deletion_can_be_forbidden() {
    on_both(|backend| {
        let broker = Options::new(backend).set("delete.topic.enable=false").start();
        let mut client = broker.connect();
        client.create("a", 1, &[]);
        assert_eq!(client.delete("a"), ErrorCode::TopicDeletionDisabled);
        assert_eq!(client.topics(), ["a"]);
    });
}
