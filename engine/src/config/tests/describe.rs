//! DescribeConfigs: values, sources and synonyms as Kafka tells them.

use super::configure;
use crate::config::broker::BrokerConfig;
use crate::config::describe::{DescribedSetting, describe_broker, describe_topic};
use crate::config::table;
use headwater_protocol::messages::describe_configs::{ConfigSource, ConfigType};
use std::collections::BTreeMap;

fn find<'a>(settings: &'a [DescribedSetting], name: &str) -> &'a DescribedSetting {
    settings.iter().find(|setting| setting.name == name).expect(name)
}

fn synonym(
    name: &str,
    value: &str,
    source: ConfigSource,
) -> (String, Option<String>, ConfigSource) {
    (name.to_owned(), Some(value.to_owned()), source)
}

#[test]
fn a_topic_tells_every_setting_of_topics() {
    let settings = describe_topic(&BrokerConfig::default(), &BTreeMap::new());
    assert_eq!(settings.len(), table::for_topics().count());
    for setting in &settings {
        assert!(setting.default && setting.source == ConfigSource::Default, "`{}`", setting.name);
        assert!(!setting.read_only && setting.value.is_some() && !setting.documentation.is_empty());
        assert_eq!(setting.synonyms.len(), 1, "`{}`", setting.name);
    }
    assert_eq!(find(&settings, "segment.bytes").kind, ConfigType::Int);
    assert_eq!(find(&settings, "retention.ms").kind, ConfigType::Long);
}

#[test]
fn sources_and_synonyms_of_a_topics_setting() {
    let broker =
        configure(&["log.retention.hours=2", "log.segment.bytes=65536"]).expect("accepted");
    let overrides = BTreeMap::from([("segment.bytes".to_owned(), "8192".to_owned())]);
    let settings = describe_topic(&broker, &overrides);

    let segment = find(&settings, "segment.bytes");
    assert_eq!((segment.value.as_deref(), segment.default), (Some("8192"), false));
    assert_eq!(segment.source, ConfigSource::DynamicTopic);
    let expected = [
        synonym("segment.bytes", "8192", ConfigSource::DynamicTopic),
        synonym("log.segment.bytes", "65536", ConfigSource::StaticBroker),
        synonym("log.segment.bytes", "1073741824", ConfigSource::Default),
    ];
    assert_eq!(segment.synonyms, expected);

    let retention = find(&settings, "retention.ms");
    assert_eq!(retention.value.as_deref(), Some("7200000"));
    assert_eq!(retention.source, ConfigSource::StaticBroker);
    let expected = [
        synonym("log.retention.hours", "2", ConfigSource::StaticBroker),
        synonym("log.retention.hours", "168", ConfigSource::Default),
    ];
    assert_eq!(retention.synonyms, expected);
}

#[test]
fn a_broker_tells_all_its_names_and_hides_secrets() {
    let broker =
        configure(&["node.id=3", "ssl.key.password=", "group.new.thing=1"]).expect("accepted");
    let settings = describe_broker(&broker);
    let node_id = find(&settings, "node.id");
    assert_eq!(node_id.value.as_deref(), Some("3"));
    assert_eq!((node_id.source, node_id.read_only), (ConfigSource::StaticBroker, true));
    assert_eq!(find(&settings, "log.retention.hours").value.as_deref(), Some("168"));
    assert_eq!(find(&settings, "log.retention.ms").value, None);
    assert_eq!(find(&settings, "log.segment.bytes").value.as_deref(), Some("1073741824"));
    assert_eq!(find(&settings, "group.new.thing").value.as_deref(), Some("1"));
    let secret = find(&settings, "ssl.key.password");
    assert_eq!((secret.value.as_deref(), secret.sensitive), (None, true));
    assert_eq!(secret.kind, ConfigType::Password);
    assert!(secret.synonyms.iter().all(|(_, value, _)| value.is_none()));
    assert!(settings.iter().all(|setting| !setting.name.contains('*')));
}
