//! Changes while the broker runs: what they come to, what they may touch, and what DescribeConfigs says of them.

use super::configure;
use crate::config::broker::BrokerConfig;
use crate::config::describe::{describe_broker, describe_brokers, describe_topic};
use crate::config::dynamic::{Change, Dynamic, Edit, Values, alter_broker, alter_topic};
use crate::config::setting::{Effect, Scope};
use crate::config::table;
use headwater_protocol::messages::describe_configs::ConfigSource;

fn values(stated: &[(&str, &str)]) -> Values {
    stated.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn edit(edits: &[(&str, Edit)]) -> Change {
    Change::Edit(edits.iter().map(|(name, edit)| ((*name).to_owned(), edit.clone())).collect())
}

fn set(value: &str) -> Edit {
    Edit::Set(value.to_owned())
}

fn append(words: &str) -> Edit {
    Edit::Append(words.to_owned())
}

fn subtract(words: &str) -> Edit {
    Edit::Subtract(words.to_owned())
}

#[test]
fn edits_of_a_topic() {
    let broker = configure(&["log.cleanup.policy=compact"]).expect("accepted");
    let before = values(&[("segment.bytes", "8192"), ("retention.ms", "5")]);
    let alter = |edits: &[(&str, Edit)]| alter_topic(&broker, &before, &edit(edits));
    let after = alter(&[("retention.ms", Edit::Delete), ("segment.bytes", set("16384"))]);
    assert_eq!(after.expect("accepted"), values(&[("segment.bytes", "16384")]));
    // A list that the topic does not state begins with the broker's.
    for (edit, expected) in [
        (append("delete"), "compact,delete"),
        (append("compact"), "compact"),
        (append("delete, compact"), "delete,compact"),
        (subtract("delete"), "compact"),
    ] {
        let after = alter(&[("cleanup.policy", edit)]).expect("accepted");
        assert_eq!(after["cleanup.policy"], expected);
    }
    assert_eq!(alter(&[("no.such.setting", Edit::Delete)]).expect("no-op"), before);
    let replaced = alter_topic(&broker, &before, &Change::Replace(values(&[("flush.ms", "1")])));
    assert_eq!(replaced.expect("accepted"), values(&[("flush.ms", "1")]));
}

#[test]
fn what_a_topic_does_not_take() {
    let broker = BrokerConfig::default();
    let told = |name, edit_| {
        let change = edit(&[(name, edit_)]);
        alter_topic(&broker, &Values::new(), &change).expect_err(name).to_string()
    };
    assert_eq!(
        told("segment.ms", append("1")),
        "`segment.ms` is not a list: set its value as a whole"
    );
    assert!(told("retention_ms", set("1")).starts_with("unknown setting `retention_ms`"));
    assert!(told("retention.ms", set("soon")).starts_with("`retention.ms=soon` is not accepted"));
    assert!(told("cleanup.policy", subtract("delete")).starts_with("`cleanup.policy=`"));
    assert!(told("num.partitions", set("1")).contains("no topic can override it"));
}

#[test]
fn a_broker_takes_what_needs_no_restart() {
    let broker = BrokerConfig::default();
    let alter = |name, value| alter_broker(&broker, &Values::new(), &edit(&[(name, set(value))]));
    assert_eq!(
        alter("log.retention.hours", "1").expect("accepted"),
        values(&[("log.retention.hours", "1")])
    );
    assert_eq!(
        alter("shards", "2").expect_err("at the start only").to_string(),
        "`shards` cannot be changed while the broker runs: set it where the broker is started"
    );
    assert!(alter("log.retention.hours", "x").is_err() && alter("retention.ms", "1").is_err());
}

#[test]
fn each_level_wins_over_those_below_under_whatever_name() {
    let started = configure(&["log.retention.ms=1", "num.partitions=2"]).expect("accepted");
    let stating = |own: &[(&str, &str)], all: &[(&str, &str)]| {
        started.with(Dynamic::new(&values(own), &values(all))).expect("accepted")
    };
    let all = stating(&[], &[("log.retention.minutes", "1"), ("num.partitions", "3")]);
    assert_eq!((all.topic_defaults.retention_ms, all.num_partitions), (Some(60_000), 3));
    let own = all.with(Dynamic::new(&values(&[("num.partitions", "4")]), &Values::new()));
    let own = own.expect("accepted");
    // From what was stated at the start, not from what was stated in between.
    assert_eq!((own.topic_defaults.retention_ms, own.num_partitions), (Some(1), 4));
    let none = own.with(Dynamic::default()).expect("accepted");
    assert_eq!(
        (none.topic_defaults.clone(), none.num_partitions),
        (started.topic_defaults.clone(), 2)
    );
}

#[test]
fn what_a_program_has_changed_in_the_typed_settings_stays() {
    let started = BrokerConfig { commit_depth: 7, ..BrokerConfig::default() };
    let all = values(&[("log.segment.bytes", "65536")]);
    let changed = started.with(Dynamic::new(&Values::new(), &all)).expect("accepted");
    assert_eq!((changed.commit_depth, changed.topic_defaults.segment_bytes), (7, 65536));
}

#[test]
fn every_active_setting_of_the_broker_that_needs_no_restart_reaches_a_field() {
    let started = BrokerConfig::default();
    let dynamic = table::all().filter(|s| s.scope == Scope::Broker && !s.restart);
    for setting in dynamic.filter(|setting| setting.effect == Effect::Active) {
        let value = super::table::another(setting);
        let mut changed = started
            .with(Dynamic::new(&Values::new(), &values(&[(setting.name, &value)])))
            .expect("accepted");
        changed.dynamic = Dynamic::default();
        changed.started = None;
        assert_ne!(changed, started, "`{}` reaches no field", setting.name);
    }
}

#[test]
fn sources_of_what_was_stated_while_the_broker_ran() {
    let started = configure(&["log.segment.bytes=65536"]).expect("accepted");
    let (own, all) = (
        values(&[("log.segment.bytes", "16384")]),
        values(&[("log.segment.bytes", "32768"), ("log.cleaner.threads", "2")]),
    );
    let broker = started.with(Dynamic::new(&own, &all)).expect("accepted");
    let expected = [
        ("16384", ConfigSource::DynamicBroker),
        ("32768", ConfigSource::DynamicDefaultBroker),
        ("65536", ConfigSource::StaticBroker),
        ("1073741824", ConfigSource::Default),
    ]
    .map(|(value, source)| ("log.segment.bytes".to_owned(), Some(value.to_owned()), source));
    let of_topic = describe_topic(&broker, &Values::new());
    let of_topic = of_topic.iter().find(|setting| setting.name == "segment.bytes").expect("there");
    assert_eq!((of_topic.value.as_deref(), &of_topic.synonyms[..]), (Some("16384"), &expected[..]));
    let of_broker = describe_broker(&broker);
    let find = |name: &str| of_broker.iter().find(|setting| setting.name == name).expect("there");
    let segment = find("log.segment.bytes");
    assert_eq!((segment.value.as_deref(), &segment.synonyms[..]), (Some("16384"), &expected[..]));
    assert!(!segment.read_only && find("shards").read_only);
    assert_eq!(find("log.cleaner.threads").source, ConfigSource::DynamicDefaultBroker);
    let names: Vec<String> = describe_brokers(&broker).into_iter().map(|s| s.name).collect();
    assert_eq!(names, ["log.cleaner.threads", "log.segment.bytes"]);
}
