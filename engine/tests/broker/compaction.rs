//! Compaction as its users meet it: many versions of each key go in, one comes out.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use headwater_protocol::batch::builder::Producer;
use headwater_protocol::batch::compression::Compression;
use headwater_protocol::batch::header;
use headwater_protocol::error_code::ErrorCode;
use serde_json::Value;

use crate::harness::batches::{Record, batch, keyed};
use crate::harness::broker::{Broker, Options};
use crate::harness::client::Client;
use crate::harness::groups::GROUPS;
use crate::harness::{eventually, on_both};
use crate::repair::{headwater, says};

const WITHIN: Duration = Duration::from_secs(30);
const KEYS: usize = 40;
/// As small as can be, as soon as possible, and the segment that is appended to as well.
const SETTINGS: &[(&str, &str)] = &[
    ("cleanup.policy", "compact"),
    ("segment.bytes", "20000"),
    ("min.cleanable.dirty.ratio", "0.01"),
    ("max.compaction.lag.ms", "200"),
];

type Table = BTreeMap<Vec<u8>, Vec<u8>>;

fn start(options: Options) -> Broker {
    options.set("log.cleaner.backoff.ms=100").start()
}

/// Batches of a few records, round after round over all keys; the last value of each.
fn fill(client: &mut Client, topic: &str, compression: Compression, rounds: usize) -> Table {
    let mut last = Table::new();
    for round in 0..rounds {
        for first in (0..KEYS).step_by(4) {
            let records: Vec<_> = (first..first + 4)
                .map(|key| (format!("key {key}"), Some(format!("value {round} of {key}"))))
                .collect();
            client.append(topic, 0, &keyed(compression, &records));
            last.extend(
                records
                    .into_iter()
                    .map(|(key, value)| (key.into_bytes(), value.unwrap_or_default().into_bytes())),
            );
        }
    }
    last
}

/// All records of a partition, with gaps between their offsets.
fn read_all(client: &mut Client, topic: &str) -> Vec<Record> {
    let (mut all, mut offset) = (Vec::<Record>::new(), 0);
    loop {
        let fetched = client.fetch_from(topic, 0, offset);
        assert_eq!(fetched.error, ErrorCode::None, "at offset {offset}");
        let next = header::batches(&fetched.bytes)
            .map_while(Result::ok)
            .map(|batch| batch.header.next_offset())
            .last();
        all.extend(fetched.records().into_iter().filter(|record| record.offset >= offset));
        assert!(all.is_sorted_by_key(|record| record.offset));
        match next {
            Some(next) if next < fetched.high_watermark => offset = next,
            None if offset < fetched.high_watermark => panic!("nothing at offset {offset}"),
            _ => return all,
        }
    }
}

/// Everything that is in a topic, once there is one record for each key.
fn await_clean(client: &mut Client, topic: &str, expected: &Table) -> Vec<Record> {
    eventually("one record a key", WITHIN, || {
        let all = read_all(client, topic);
        let table: Table =
            all.iter().map(|record| (record.key.clone(), record.value.clone())).collect();
        assert_eq!(&table, expected, "whatever was cleaned so far");
        (all.len() == expected.len()).then_some(all)
    })
}

#[test]
fn of_each_key_one_record_is_left_also_after_a_kill() {
    on_both(|backend| {
        for path in ["journal", "direct", "buffered"] {
            let options = Options::new(backend).set(&format!("durability.path={path}"));
            let broker = start(options);
            let mut client = broker.connect();
            client.create("t", 1, SETTINGS);
            let expected = fill(&mut client, "t", Compression::None, 50);
            let end = client.ends("t", 0);
            let clean = await_clean(&mut client, "t", &expected);
            assert_eq!(client.ends("t", 0), end, "offsets never change");
            assert!(clean.iter().all(|record| record.offset >= 1960), "the last round");

            drop(client);
            let (dir, options) = broker.kill();
            says(&headwater(&["verify"], &dir.data()), 0, &["0 wrong"]);
            let broker = options.start_in(dir);
            let mut client = broker.connect();
            assert_eq!((client.ends("t", 0), read_all(&mut client, "t")), (end, clean));
            let expected = fill(&mut client, "t", Compression::Zstd, 20);
            await_clean(&mut client, "t", &expected);
            drop(client);
            let (dir, _) = broker.stop();
            says(&headwater(&["verify"], &dir.data()), 0, &["0 wrong"]);
        }
    });
}

/// The committed offsets of a group, as the command line has them.
fn committed(broker: &Broker, group: &str) -> Vec<i64> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_headwater"));
    command.args(["group", "describe", group, "--json", "--bootstrap", &broker.addr.to_string()]);
    let output = command.output().expect("the program runs");
    let described: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let offsets = described[0]["offsets"].as_array().cloned().unwrap_or_default();
    offsets.iter().filter_map(|one| one["committed_offset"].as_i64()).collect()
}

#[test]
fn internal_topics_shrink_and_groups_find_their_offsets() {
    on_both(|backend| {
        let options = Options::new(backend)
            .set("offsets.topic.num.partitions=1")
            .set("log.cleaner.min.cleanable.ratio=0.01")
            .set("log.cleaner.max.compaction.lag.ms=200");
        let broker = start(options);
        let mut client = broker.connect();
        client.create("t", 2, &[]);
        client.find_coordinator(GROUPS, "g");
        for n in 0..300 {
            let commits = [("t", 0, n, ""), ("t", 1, 2 * n, "")];
            assert_eq!(client.commit("g", &commits), [ErrorCode::None; 2]);
        }
        let end = client.ends("__consumer_offsets", 0).1;
        assert!(end >= 600, "{end}");
        eventually("one record for each partition", WITHIN, || {
            (read_all(&mut client, "__consumer_offsets").len() < 5).then_some(())
        });
        let broker = broker.kill_and_restart();
        eventually("the group is loaded", WITHIN, || {
            (committed(&broker, "g") == [299, 598]).then_some(())
        });
        let mut client = broker.connect();
        assert_eq!(client.commit("g", &[("t", 0, 300, "")]), [ErrorCode::None]);
        assert_eq!(committed(&broker, "g"), [300, 598]);
    });
}

#[test]
fn a_compacted_topic_refuses_records_without_a_key() {
    on_both(|backend| {
        let broker = start(Options::new(backend));
        let mut client = broker.connect();
        client.create("t", 1, SETTINGS);
        for compression in [Compression::None, Compression::Snappy] {
            let values = [(1_000, &b"a value"[..])].into_iter();
            let keyless = batch(compression, Producer::NONE, values);
            let produced = client.produce("t", 0, &keyless);
            assert_eq!(produced.error, ErrorCode::InvalidRecord);
            assert!(produced.message.is_some_and(|message| message.contains("no key")));
            client.append("t", 0, &keyed(compression, &[("a key", None::<&str>)]));
        }
        assert_eq!(client.ends("t", 0), (0, 2));
    });
}

#[test]
fn both_policies_work_on_one_topic() {
    on_both(|backend| {
        let broker = start(Options::new(backend).set("log.retention.check.interval.ms=100"));
        let mut client = broker.connect();
        let both = [("cleanup.policy", "compact,delete"), ("retention.bytes", "0")];
        client.create("t", 1, &[SETTINGS, &both, &[("file.delete.delay.ms", "0")]].concat());
        fill(&mut client, "t", Compression::None, 30);
        // One record a key takes more than that: all of it goes, but the offset at which the log goes on.
        let mut goes = |all: i64| {
            eventually("everything goes", WITHIN, || {
                (client.ends("t", 0) == (all, all)).then_some(())
            });
            fill(&mut client, "t", Compression::None, 1);
        };
        goes(1_200);
        goes(1_240);
    });
}
