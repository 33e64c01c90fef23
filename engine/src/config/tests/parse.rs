//! Files, the command line, precedence, addresses; every error is one line that says what to do.

use super::{configure, message};
use crate::config::broker::{BackendName, BrokerConfig, DurabilityPath};
use crate::config::listener::{Address, parse_host_port};
use crate::config::parse::{Assignment, parse_properties, parse_toml, read_file};
use crate::config::setting::Effect;
use crate::config::table;
use crate::config::topic::Durability;
use std::path::{Path, PathBuf};

/// As Kafka 4 ships it, comments left out.
const KAFKA_SERVER_PROPERTIES: &str = "\
process.roles=broker,controller
node.id=7
controller.quorum.bootstrap.servers=localhost:9093
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
inter.broker.listener.name=PLAINTEXT
advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
num.network.threads=3
num.io.threads=8
socket.send.buffer.bytes=102400
socket.receive.buffer.bytes=102400
socket.request.max.bytes=104857600
log.dirs=/tmp/kraft-combined-logs
num.partitions=1
num.recovery.threads.per.data.dir=1
offsets.topic.replication.factor=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
#log.flush.interval.messages=10000
log.retention.hours=168
log.segment.bytes=1073741824
log.retention.check.interval.ms=300000
";

fn properties(text: &str) -> Vec<Assignment> {
    parse_properties(text, Path::new("server.properties")).expect("parses")
}

#[test]
fn the_file_that_kafka_ships_is_accepted() {
    let config =
        BrokerConfig::from_sources(&properties(KAFKA_SERVER_PROPERTIES)).expect("accepted");
    assert_eq!(config.node_id, 7);
    assert_eq!(config.listen, Address { host: "0.0.0.0".to_owned(), port: 9092 });
    assert_eq!(config.advertise, Some(Address { host: "localhost".to_owned(), port: 9092 }));
    assert_eq!(config.data_dir, PathBuf::from("/tmp/kraft-combined-logs"));
}

#[test]
fn all_defaults_can_be_stated() {
    let mut text = String::new();
    for setting in table::all().filter(|setting| setting.effect == Effect::Active) {
        for name in setting.broker_names().filter_map(|name| setting.broker_name(name)) {
            if let Some(default) = name.default {
                text.push_str(&format!("{} = {default}\n", name.name));
            }
        }
    }
    let mut config = BrokerConfig::from_sources(&properties(&text)).expect("accepted");
    let default = BrokerConfig::default();
    config.stated.clone_from(&default.stated);
    assert_eq!(config, default);
}

#[test]
fn the_command_line_wins_over_the_file_and_the_later_over_the_earlier() {
    let mut sources = vec![Assignment::stated("commit.depth", "9")];
    sources.extend(properties("commit.depth=3\nnum.partitions=5\nnum.partitions=6\n"));
    let config = BrokerConfig::from_sources(&sources).expect("accepted");
    assert_eq!((config.commit_depth, config.num_partitions), (9, 6));
}

#[test]
fn properties_have_comments_continued_lines_and_values_with_equals_signs() {
    let text = "# no\n! no\n\n  log.dirs = a=b \nlisteners=\\\n   PLAINTEXT://h:1\n";
    let got = properties(text);
    assert_eq!((got[0].name.as_str(), got[0].value.as_str()), ("log.dirs", "a=b"));
    assert_eq!((got[1].name.as_str(), got[1].value.as_str()), ("listeners", "PLAINTEXT://h:1"));
}

#[test]
fn toml_tables_become_dots() {
    let text = "durability = \"written\"\n\"durability.path\" = \"buffered\"\nshards = 2\npin = false\n\
                backend = 'posix'\nlisteners = ['PLAINTEXT://a:1']\n[commit]\ndepth = 2\nlinger.us = 30\n";
    let config = BrokerConfig::from_sources(&parse_toml(text, Path::new("x.toml")).expect("TOML"))
        .expect("accepted");
    assert_eq!(config.topic_defaults.durability, Durability::Written);
    assert_eq!(config.path, DurabilityPath::Buffered);
    assert_eq!((config.shards, config.pin, config.backend), (2, false, Some(BackendName::Posix)));
    assert_eq!((config.commit_depth, config.commit_linger_us), (2, Some(30)));
    assert_eq!(config.listen.to_string(), "a:1");
}

#[test]
fn errors_are_one_line_and_say_what_to_do() {
    let told = |text: &str| message(configure(&[text]));
    assert_eq!(
        told("log.segmentbytes=1"),
        "unknown setting `log.segmentbytes`: did you mean `log.segment.bytes`?"
    );
    assert_eq!(
        told("xyzzy=1"),
        "unknown setting `xyzzy`: `headwater config list` shows all there are"
    );
    assert_eq!(
        told("commit.depth=0"),
        "`commit.depth=0` is not accepted: give a whole number from 1 to 64"
    );
    assert_eq!(
        told("log.roll.hours=0"),
        "`log.roll.hours=0` is not accepted: give a whole number of hours, 1 or more"
    );
    assert_eq!(
        told("durability=fsync"),
        "`durability=fsync` is not accepted: give durable, written, appended"
    );
    assert_eq!(
        told("ssl.key.password=hunter2"),
        "`ssl.key.password=(hidden)` cannot be honoured: TLS, SASL and authorization are not built yet; \
         remove the setting"
    );
    assert_eq!(told("shards"), "`shards` sets nothing: write name=value");
    let sources = properties("num.partitions=1\n\ncommit.dept=4\n");
    assert_eq!(
        message(BrokerConfig::from_sources(&sources)),
        "server.properties, line 3: unknown setting `commit.dept`: did you mean `commit.depth`?"
    );
    let error = parse_toml("a = = 1", Path::new("x.toml")).expect_err("not TOML").to_string();
    assert!(error.starts_with("x.toml is not TOML: ") && !error.contains('\n'), "{error}");
    let error = read_file(Path::new("/nowhere/x")).expect_err("no such file").to_string();
    assert!(error.starts_with("cannot read the settings file /nowhere/x: "), "{error}");
    let error = parse_properties("a b c", Path::new("p")).expect_err("no =").to_string();
    assert_eq!(error, "p, line 1: `a b c` sets nothing: write name=value");
}

#[test]
fn addresses() {
    let listen =
        |value: &str| configure(&[&format!("listen={value}")]).map(|c| c.listen.to_string());
    for (value, expected) in [
        ("127.0.0.1:0", "127.0.0.1:0"),
        ("PLAINTEXT://:9092", "0.0.0.0:9092"),
        ("[::1]:9092", "[::1]:9092"),
        ("plaintext://host.example:1", "host.example:1"),
    ] {
        assert_eq!(listen(value).expect(value), expected);
    }
    for (value, expected) in [
        ("9092", "`listeners=9092`: give host:port, or PLAINTEXT://host:port"),
        ("::1:9092", "`listeners=::1:9092`: give host:port, or PLAINTEXT://host:port"),
        ("h:70000", "`listeners=h:70000`: give host:port, or PLAINTEXT://host:port"),
        ("", "`listeners=`: no listener for clients: add PLAINTEXT://host:port"),
        ("a:1,b:2", "`listeners=a:1,b:2`: 2 listeners for clients, and one is supported: keep one"),
        ("SSL://a:1", "`listeners=SSL://a:1`: SSL needs TLS or SASL, not built yet: use PLAINTEXT"),
    ] {
        assert_eq!(listen(value).expect_err(value).to_string(), expected);
    }
    let error = message(configure(&["advertised.listeners=PLAINTEXT://:9092"]));
    assert!(error.ends_with("clients need a host and a port to connect to"), "{error}");
    assert_eq!(parse_host_port("a/b:1"), None);
}
