//! IncrementalAlterConfigs, AlterConfigs: in force when they are answered, durable, and each resource on its own.

use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::alter_configs::{
    AlterConfigsRequest, AlterConfigsResource, AlterConfigsResponse, AlterableConfig,
};
use headwater_protocol::messages::describe_configs::{
    ConfigSource, DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResponse,
    RESOURCE_TYPE_BROKER, RESOURCE_TYPE_BROKER_LOGGER, RESOURCE_TYPE_TOPIC,
};
use headwater_protocol::messages::incremental_alter_configs::{
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResource,
    IncrementalAlterConfigsResponse, IncrementalAlterableConfig, OPERATION_APPEND,
    OPERATION_DELETE, OPERATION_SET, OPERATION_SUBTRACT,
};

use crate::harness::batches;
use crate::harness::broker::Options;
use crate::harness::client::Client;
use crate::harness::on_both;

/// Kind, name.
type Resource<'a> = (i8, &'a str);
/// Operation, name, value.
type Edit<'a> = (i8, &'a str, Option<&'a str>);

const TOPIC: Resource<'_> = (RESOURCE_TYPE_TOPIC, "t");
const BROKER: Resource<'_> = (RESOURCE_TYPE_BROKER, "1");
const BROKERS: Resource<'_> = (RESOURCE_TYPE_BROKER, "");

fn edited<'a>(
    (resource_type, resource_name): Resource<'a>,
    edits: &[Edit<'a>],
) -> IncrementalAlterConfigsResource<'a> {
    let config = |&(config_operation, name, value): &Edit<'a>| IncrementalAlterableConfig {
        name,
        config_operation,
        value,
    };
    let configs = edits.iter().map(config).collect();
    IncrementalAlterConfigsResource { resource_type, resource_name, configs }
}

/// The code and the words for each resource.
fn alter_all(
    client: &mut Client,
    resources: Vec<IncrementalAlterConfigsResource<'_>>,
    validate_only: bool,
) -> Vec<(ErrorCode, String)> {
    let request = IncrementalAlterConfigsRequest { resources, validate_only };
    let frame = client.call(ApiKey::IncrementalAlterConfigs, 1, |w| request.encode(w, 1));
    let response = frame.body(IncrementalAlterConfigsResponse::decode);
    let words = |words: Option<&str>| words.unwrap_or_default().to_owned();
    response.responses.iter().map(|r| (r.error_code, words(r.error_message.as_deref()))).collect()
}

fn alter(client: &mut Client, resource: Resource<'_>, edits: &[Edit<'_>]) -> ErrorCode {
    alter_all(client, vec![edited(resource, edits)], false)[0].0
}

fn set(client: &mut Client, resource: Resource<'_>, name: &str, value: &str) {
    assert_eq!(
        alter(client, resource, &[(OPERATION_SET, name, Some(value))]),
        ErrorCode::None,
        "{name}"
    );
}

/// Value and source.
fn described(
    client: &mut Client,
    (resource_type, resource_name): Resource<'_>,
    name: &str,
) -> (String, i8) {
    let configuration_keys = Some(vec![name]);
    let resources =
        vec![DescribeConfigsResource { resource_type, resource_name, configuration_keys }];
    let request = DescribeConfigsRequest { resources, ..Default::default() };
    let frame = client.call(ApiKey::DescribeConfigs, 4, |w| request.encode(w, 4));
    let response = frame.body(DescribeConfigsResponse::decode);
    let config = &response.results[0].configs[0];
    (config.value.as_deref().unwrap_or_default().to_owned(), config.config_source)
}

#[test]
fn a_topic_follows_its_settings_at_once_and_after_a_kill() {
    on_both(|backend| {
        let broker = Options::new(backend).shards(2).start();
        let mut client = broker.connect();
        client.create("t", 2, &[("max.message.bytes", "100000")]);
        let large = batches::sized(1, 5000, 1);
        for partition in 0..2 {
            assert_eq!(client.produce("t", partition, &large).error, ErrorCode::None);
        }
        set(&mut client, TOPIC, "max.message.bytes", "1000");
        // On every shard, whichever has the connection.
        for partition in 0..2 {
            let mut other = broker.connect();
            assert_eq!(other.produce("t", partition, &large).error, ErrorCode::MessageTooLarge);
        }
        let broker = broker.kill_and_restart();
        let mut client = broker.connect();
        assert_eq!(client.produce("t", 0, &large).error, ErrorCode::MessageTooLarge);
        let of_topic = ConfigSource::DynamicTopic as i8;
        assert_eq!(
            described(&mut client, TOPIC, "max.message.bytes"),
            ("1000".to_owned(), of_topic)
        );
        assert_eq!(
            alter(&mut client, TOPIC, &[(OPERATION_DELETE, "max.message.bytes", None)]),
            ErrorCode::None
        );
        assert_eq!(client.produce("t", 0, &large).error, ErrorCode::None);
        assert_eq!(client.read_all("t", 0, 0).len() % 2, 0);
    });
}

#[test]
fn an_open_log_rolls_as_its_settings_say_now() {
    on_both(|backend| {
        let broker = Options::new(backend).start();
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        let batch = batches::sized(1, 3000, 1);
        client.append("t", 0, &batch);
        set(&mut client, TOPIC, "segment.bytes", "8192");
        let written = (0..20).map(|_| client.append("t", 0, &batch)).last();
        let folder = broker.data().join("t-0");
        let names = std::fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| entry.expect("a name").file_name());
        let segments = names.filter(|name| name.to_string_lossy().ends_with(".log")).count();
        assert!(segments >= 8, "{segments} segments");
        let all = client.read_all("t", 0, 0);
        assert!(all.last().map(|record| record.offset) >= written);
    });
}

#[test]
fn durability_may_be_raised_and_lowered_under_a_consumer() {
    on_both(|backend| {
        let broker = Options::new(backend).set("commit.flush.ms=3600000").start();
        let mut client = broker.connect();
        client.create("t", 1, &[("durability", "written")]);
        for (round, durability) in
            ["durable", "written", "appended", "durable"].into_iter().enumerate()
        {
            client.append("t", 0, &batches::plain(&["a"]));
            let (_, before) = client.ends("t", 0);
            // From memory a record is acknowledged before it is visible.
            assert!(before <= round as i64 + 1);
            set(&mut client, TOPIC, "durability", durability);
            // What was shown is not taken back.
            assert!(client.ends("t", 0).1 >= before);
            assert_eq!(client.fetch_from("t", 0, before).error, ErrorCode::None);
        }
    });
}

#[test]
fn each_resource_is_answered_on_its_own() {
    on_both(|backend| {
        let broker = Options::new(backend).start();
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        client.create("u", 1, &[]);
        let one = |name, value| [(OPERATION_SET, name, Some(value))];
        let cases: Vec<(Resource<'_>, Vec<Edit<'_>>, ErrorCode)> = vec![
            (
                (RESOURCE_TYPE_TOPIC, "nowhere"),
                one("flush.ms", "1").to_vec(),
                ErrorCode::UnknownTopicOrPartition,
            ),
            (
                (RESOURCE_TYPE_TOPIC, "no/name"),
                one("flush.ms", "1").to_vec(),
                ErrorCode::InvalidTopic,
            ),
            (TOPIC, one("no.such.setting", "1").to_vec(), ErrorCode::InvalidConfig),
            (TOPIC, one("segment.ms", "soon").to_vec(), ErrorCode::InvalidConfig),
            (TOPIC, vec![(OPERATION_APPEND, "segment.ms", Some("1"))], ErrorCode::InvalidConfig),
            (TOPIC, vec![(OPERATION_SET, "segment.ms", None)], ErrorCode::InvalidRequest),
            (TOPIC, vec![(9, "segment.ms", Some("1"))], ErrorCode::InvalidRequest),
            (
                TOPIC,
                [one("flush.ms", "1"), one("flush.ms", "2")].concat(),
                ErrorCode::InvalidRequest,
            ),
            (BROKER, one("shards", "2").to_vec(), ErrorCode::InvalidRequest),
            (BROKER, one("retention.ms", "2").to_vec(), ErrorCode::InvalidRequest),
            (
                (RESOURCE_TYPE_BROKER, "7"),
                one("log.retention.ms", "2").to_vec(),
                ErrorCode::InvalidRequest,
            ),
            (
                (RESOURCE_TYPE_BROKER, "x"),
                one("log.retention.ms", "2").to_vec(),
                ErrorCode::InvalidRequest,
            ),
            (
                (RESOURCE_TYPE_BROKER_LOGGER, "1"),
                one("root", "INFO").to_vec(),
                ErrorCode::InvalidRequest,
            ),
        ];
        for (resource, edits, expected) in cases {
            let sound =
                edited((RESOURCE_TYPE_TOPIC, "u"), &[(OPERATION_SET, "flush.ms", Some("5"))]);
            let told = alter_all(&mut client, vec![edited(resource, &edits), sound], false);
            assert_eq!(
                (told[0].0, told[1].0),
                (expected, ErrorCode::None),
                "{resource:?} {edits:?}"
            );
            assert!(!told[0].1.is_empty(), "{resource:?} {edits:?}: no words");
        }
        let twice =
            vec![edited(TOPIC, &one("flush.ms", "1")), edited(TOPIC, &one("flush.ms", "2"))];
        let told = alter_all(&mut client, twice, false);
        assert!(told.iter().all(|(code, _)| *code == ErrorCode::InvalidRequest));
        assert_eq!(
            alter_all(&mut client, vec![edited(TOPIC, &one("flush.ms", "1"))], true)[0].0,
            ErrorCode::None
        );
        let default = ConfigSource::Default as i8;
        assert_eq!(described(&mut client, TOPIC, "flush.ms").1, default);
        assert_eq!(alter_all(&mut client, Vec::new(), false), []);
    });
}

#[test]
fn lists_grow_and_shrink() {
    on_both(|backend| {
        let broker = Options::new(backend).start();
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        let policy = "cleanup.policy";
        for (operation, words, expected) in [
            (OPERATION_APPEND, "compact", "delete,compact"),
            (OPERATION_SUBTRACT, "delete", "compact"),
            (OPERATION_SET, "delete", "delete"),
        ] {
            assert_eq!(
                alter(&mut client, TOPIC, &[(operation, policy, Some(words))]),
                ErrorCode::None
            );
            assert_eq!(described(&mut client, TOPIC, policy).0, expected);
        }
    });
}

#[test]
fn the_older_way_unsets_what_it_does_not_state() {
    on_both(|backend| {
        let broker = Options::new(backend).start();
        let mut client = broker.connect();
        client.create("t", 1, &[("flush.ms", "5"), ("segment.ms", "60000")]);
        for version in 0..=2 {
            let configs = vec![AlterableConfig { name: "segment.ms", value: Some("70000") }];
            let resource = AlterConfigsResource {
                resource_type: RESOURCE_TYPE_TOPIC,
                resource_name: "t",
                configs,
            };
            let request = AlterConfigsRequest { resources: vec![resource], validate_only: false };
            let frame = client.call(ApiKey::AlterConfigs, version, |w| request.encode(w, version));
            let response = frame.body(AlterConfigsResponse::decode);
            assert_eq!(response.responses[0].error_code, ErrorCode::None, "version {version}");
        }
        assert_eq!(described(&mut client, TOPIC, "segment.ms").0, "70000");
        assert_eq!(described(&mut client, TOPIC, "flush.ms").1, ConfigSource::Default as i8);
    });
}

#[test]
fn what_the_broker_states_while_it_runs_is_in_force_for_topics_that_state_nothing() {
    on_both(|backend| {
        let broker = Options::new(backend).set("message.max.bytes=100000").start();
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        client.create("own", 1, &[("max.message.bytes", "50000")]);
        let large = batches::sized(1, 5000, 1);
        set(&mut client, BROKERS, "message.max.bytes", "1000");
        set(&mut client, BROKERS, "num.partitions", "3");
        let broker = broker.kill_and_restart();
        let mut client = broker.connect();
        assert_eq!(client.produce("t", 0, &large).error, ErrorCode::MessageTooLarge);
        assert_eq!(client.produce("own", 0, &large).error, ErrorCode::None);
        let told = described(&mut client, TOPIC, "max.message.bytes");
        assert_eq!(told, ("1000".to_owned(), ConfigSource::DynamicDefaultBroker as i8));
        set(&mut client, BROKER, "message.max.bytes", "20000");
        assert_eq!(client.produce("t", 0, &large).error, ErrorCode::None);
        let told = described(&mut client, BROKER, "message.max.bytes");
        assert_eq!(told, ("20000".to_owned(), ConfigSource::DynamicBroker as i8));
        client.create("third", -1, &[]);
        assert_eq!(client.produce("third", 2, &large).error, ErrorCode::None);
        for resource in [BROKER, BROKERS] {
            assert_eq!(
                alter(&mut client, resource, &[(OPERATION_DELETE, "message.max.bytes", None)]),
                ErrorCode::None
            );
        }
        let told = described(&mut client, TOPIC, "max.message.bytes");
        assert_eq!(told, ("100000".to_owned(), ConfigSource::StaticBroker as i8));
    });
}
