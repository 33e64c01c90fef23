//! DescribeConfigs: settings in force, and where each comes from.

use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::describe_configs::{
    ConfigSource, DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResponse,
    RESOURCE_TYPE_BROKER, RESOURCE_TYPE_BROKER_LOGGER, RESOURCE_TYPE_TOPIC,
};

use crate::harness::broker::Options;
use crate::harness::client::Client;
use crate::harness::on_both;

/// Name, value, source.
type Described = (String, String, i8);

fn describe(
    client: &mut Client,
    version: i16,
    (resource_type, resource_name): (i8, &str),
    keys: Option<&[&'static str]>,
) -> Result<Vec<Described>, ErrorCode> {
    let configuration_keys = keys.map(<[_]>::to_vec);
    let request = DescribeConfigsRequest {
        resources: vec![DescribeConfigsResource {
            resource_type,
            resource_name,
            configuration_keys,
        }],
        include_synonyms: true,
        include_documentation: true,
    };
    let frame = client.call(ApiKey::DescribeConfigs, version, |w| request.encode(w, version));
    let response = frame.body(DescribeConfigsResponse::decode);
    let result = &response.results[0];
    assert_eq!((result.resource_type, &*result.resource_name), (resource_type, resource_name));
    if result.error_code != ErrorCode::None {
        return Err(result.error_code);
    }
    let value = |value: &Option<_>| value.as_ref().map(ToString::to_string).unwrap_or_default();
    Ok(result
        .configs
        .iter()
        .map(|c| (c.name.to_string(), value(&c.value), c.config_source))
        .collect())
}

#[test]
fn a_topics_settings_come_with_their_sources() {
    on_both(|backend| {
        let broker = Options::new(backend).set("log.segment.bytes=2097152").start();
        let mut client = broker.connect();
        client.create("t", 1, &[("max.message.bytes", "5000")]);
        let keys = ["max.message.bytes", "segment.bytes", "flush.ms", "no.such"];
        for version in 1..=4 {
            let described =
                describe(&mut client, version, (RESOURCE_TYPE_TOPIC, "t"), Some(&keys)).unwrap();
            let of = |name: &str| {
                described.iter().find(|(found, ..)| found == name).map(|(_, v, s)| (v.as_str(), *s))
            };
            assert_eq!(
                of("max.message.bytes"),
                Some(("5000", ConfigSource::DynamicTopic as i8)),
                "version {version}"
            );
            assert_eq!(of("segment.bytes"), Some(("2097152", ConfigSource::StaticBroker as i8)));
            assert_eq!(of("flush.ms").map(|(_, source)| source), Some(ConfigSource::Default as i8));
            assert_eq!(described.len(), 3);
        }
        let all = describe(&mut client, 4, (RESOURCE_TYPE_TOPIC, "t"), None).unwrap();
        assert!(all.len() > 20, "{}", all.len());
    });
}

#[test]
fn other_resources_are_answered_one_by_one() {
    on_both(|backend| {
        let broker = Options::new(backend).set("node.id=3").start();
        let mut client = broker.connect();
        let mut ask = |kind, name| describe(&mut client, 4, (kind, name), None);
        let settings = ask(RESOURCE_TYPE_BROKER, "3").unwrap();
        let of = |name: &str| settings.iter().find(|(found, ..)| found == name).unwrap().1.clone();
        assert_eq!((of("node.id"), of("shards")), ("3".to_owned(), "1".to_owned()));
        assert_eq!(ask(RESOURCE_TYPE_BROKER, "4"), Err(ErrorCode::InvalidRequest));
        assert_eq!(ask(RESOURCE_TYPE_TOPIC, "nowhere"), Err(ErrorCode::UnknownTopicOrPartition));
        assert_eq!(ask(RESOURCE_TYPE_TOPIC, "no/name"), Err(ErrorCode::InvalidTopic));
        assert_eq!(ask(RESOURCE_TYPE_BROKER_LOGGER, "3"), Err(ErrorCode::InvalidRequest));
        assert_eq!(ask(77, "x"), Err(ErrorCode::InvalidRequest));
    });
}
