//! Overrides of topics, and what the three ways to say *durable* come to.

use super::configure;
use crate::config::broker::BrokerConfig;
use crate::config::error::ConfigError;
use crate::config::topic::{Durability, TopicConfig, validate_topic_override};
use std::collections::BTreeMap;

fn resolve(broker: &BrokerConfig, overrides: &[(&str, &str)]) -> Result<TopicConfig, ConfigError> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    TopicConfig::resolve(broker, &overrides.iter().map(owned).collect::<BTreeMap<_, _>>())
}

#[test]
fn kafkas_defaults() {
    let config = TopicConfig::default();
    assert_eq!(config, BrokerConfig::default().topic_defaults);
    assert_eq!(config.durability, Durability::Durable);
    assert_eq!((config.segment_bytes, config.segment_ms), (1 << 30, 604_800_000));
    assert_eq!((config.max_message_bytes, config.index_interval_bytes), (1_048_588, 4096));
    assert_eq!((config.retention_ms, config.retention_bytes), (Some(604_800_000), None));
    assert_eq!((config.cleanup_delete, config.cleanup_compact), (true, false));
    assert_eq!(config.message_timestamp_before_max_ms, i64::MAX);
    assert_eq!(config.message_timestamp_after_max_ms, 3_600_000);
}

#[test]
fn a_topic_wins_over_the_broker_and_the_strongest_synonym_over_the_others() {
    let broker = configure(&[
        "log.retention.hours=1",
        "log.retention.minutes=2",
        "log.segment.bytes=65536",
        "log.cleanup.policy=compact, delete",
        "log.roll.hours=1",
    ])
    .expect("accepted");
    let config = resolve(&broker, &[("segment.bytes", "8192")]).expect("accepted");
    assert_eq!(config.segment_bytes, 8192);
    assert_eq!(config.retention_ms, Some(120_000));
    assert_eq!(config.segment_ms, 3_600_000);
    assert!(config.cleanup_compact && config.cleanup_delete);
    let config = resolve(&broker, &[("retention.ms", "-1")]).expect("accepted");
    assert_eq!((config.retention_ms, config.segment_bytes), (None, 65_536));
    let broker = configure(&["log.retention.hours=-1"]).expect("accepted");
    assert_eq!(broker.topic_defaults.retention_ms, None);
}

#[test]
fn durability_can_be_said_in_three_ways() {
    use Durability::{Appended, Durable, Written};
    for (broker, topic, expected) in [
        (vec![], vec![], Durable),
        (vec!["durability=written"], vec![], Written),
        (vec!["durability=written"], vec![("durability", "appended")], Appended),
        (vec!["durability=written"], vec![("flush.messages", "1")], Durable),
        (vec!["durability=written"], vec![("flush.messages", "1000")], Written),
        (vec!["durability=appended"], vec![("write.caching", "false")], Durable),
        (vec!["durability=appended"], vec![("write.caching", "default")], Appended),
        (vec![], vec![("write.caching", "true")], Written),
        (vec![], vec![("write.caching", "true"), ("flush.messages", "1")], Durable),
        (vec![], vec![("durability", "appended"), ("flush.messages", "1")], Appended),
        (vec!["write.caching.default=true"], vec![], Written),
        (vec!["write.caching.default=true", "log.flush.interval.messages=1"], vec![], Durable),
        (vec!["log.flush.interval.messages=1"], vec![("write.caching", "true")], Written),
    ] {
        let config = resolve(&configure(&broker).expect("accepted"), &topic).expect("accepted");
        assert_eq!(config.durability, expected, "{broker:?} {topic:?}");
    }
    assert!(Durable > Written && Written > Appended);
}

#[test]
fn overrides_are_checked() {
    assert_eq!(
        validate_topic_override("segment.bytes", "4096").expect("accepted"),
        "segment.bytes"
    );
    for (name, value, expected) in [
        (
            "log.segment.bytes",
            "1",
            "`log.segment.bytes` is the broker's name: for a topic, set `segment.bytes`",
        ),
        ("shards", "1", "`shards` is a setting of the broker: no topic can override it"),
        ("retention_ms", "1", "unknown setting `retention_ms`: did you mean `retention.ms`?"),
        (
            "cleanup.policy",
            "shred",
            "`cleanup.policy=shred` is not accepted: give any of delete, compact, separated by commas",
        ),
        (
            "remote.storage.enable",
            "true",
            "`remote.storage.enable=true` cannot be honoured: tiered storage is not built yet; remove the setting",
        ),
    ] {
        let error = validate_topic_override(name, value).expect_err(name).to_string();
        assert_eq!(error, expected);
    }
    let lags = [("min.compaction.lag.ms", "2"), ("max.compaction.lag.ms", "1")];
    let error = resolve(&BrokerConfig::default(), &lags).expect_err("a conflict").to_string();
    assert_eq!(
        error,
        "`min.compaction.lag.ms=2` and `max.compaction.lag.ms=1` exclude each other: let the minimum be at \
         most the maximum"
    );
}
