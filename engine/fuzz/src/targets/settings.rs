//! Settings of topics, as CreateTopics brings them from anybody, and of the broker, as its user writes them.
//!
//! Promises: refused in words, or in force: then a topic with them can be described.

use std::collections::BTreeMap;

use headwater::config::broker::BrokerConfig;
use headwater::config::describe::{describe_broker, describe_topic};
use headwater::config::parse::Assignment;
use headwater::config::topic::TopicConfig;
use headwater_io::sim::rng::Rng;

use super::Target;
use crate::damage;

pub const TARGET: Target = Target {
    name: "settings",
    about: "names and values of settings: refused in words, or in force and described",
    make,
    check,
    smoke: 400,
    found: &[],
};

/// Values that somebody has written somewhere, for some setting.
const VALUES: [&str; 16] = [
    "0",
    "1",
    "-1",
    "true",
    "false",
    "all",
    "none",
    "zstd",
    "delete,compact",
    "direct",
    "durable",
    "1073741824",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "PLAINTEXT://127.0.0.1:9092",
];

/// Lines of `name=value`.
fn make(rng: &mut Rng) -> Vec<u8> {
    let known = describe_broker(&BrokerConfig::default());
    let topics = describe_topic(&BrokerConfig::default(), &BTreeMap::new());
    let mut lines = String::new();
    for _ in 0..=rng.below(4) {
        let names = if rng.chance(50) { &known } else { &topics };
        let setting = &names[rng.below(names.len() as u64) as usize];
        let own = setting.value.clone().filter(|_| rng.chance(50));
        let value = own.unwrap_or_else(|| VALUES[rng.below(16) as usize].to_owned());
        lines.push_str(&format!("{}={value}\n", setting.name));
    }
    let mut bytes = lines.into_bytes();
    damage::damage(rng, &mut bytes);
    bytes
}

fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (mut assignments, mut overrides) = (Vec::new(), BTreeMap::new());
    for line in text.lines() {
        match Assignment::from_command_line(line) {
            Ok(assignment) => assignments.push(assignment),
            Err(e) => assert!(!e.to_string().is_empty()),
        }
        let (name, value) = line.split_once('=').unwrap_or((line, ""));
        overrides.insert(name.to_owned(), value.to_owned());
    }
    let broker = BrokerConfig::from_sources(&assignments).unwrap_or_else(|e| {
        assert!(!e.to_string().is_empty());
        BrokerConfig::default()
    });
    describe_broker(&broker);
    match TopicConfig::resolve(&broker, &overrides) {
        Ok(_) => drop(describe_topic(&broker, &overrides)),
        Err(e) => assert!(!e.to_string().is_empty()),
    }
}
