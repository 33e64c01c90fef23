//! Records that are no longer in memory: sent from files, from any offset, in large pieces, also while
//! segments are rolled.

use std::time::Duration;

use headwater_protocol::error_code::ErrorCode;

use super::{segments, with_suffix};
use crate::harness::batches::{filled, plain, sized};
use crate::harness::broker::Options;
use crate::harness::client::Client;
use crate::harness::requests::Want;
use crate::harness::{Seeded, on_both};

/// Value number `n` of a log whose records have all kinds of sizes.
fn value(n: i64) -> Vec<u8> {
    filled(10 + (n as usize * 7919) % 3000, n as u64)
}

fn batch(from: i64, records: i64) -> Vec<u8> {
    plain(&(from..from + records).map(value).collect::<Vec<_>>())
}

/// Appends `count` records in batches of changing size.
fn write(client: &mut Client, topic: &str, count: i64) {
    let (mut next, mut asked) = (0, Vec::new());
    while next < count {
        let records = 1 + (next * 31) % 17;
        asked.push((client.ask_produce(topic, 0, &batch(next, records), -1), next));
        next += records;
        if asked.len() == 30 || next >= count {
            for (asked, offset) in asked.drain(..) {
                assert_eq!(client.produced(asked).base_offset, offset);
            }
        }
    }
}

/// Everything that a fetch returns is what was written there.
fn check(client: &mut Client, topic: &str, offset: i64, want: Want<'_>) -> usize {
    let fetched = client.fetch(&Want { topic, partitions: &[(0, offset)], ..want }).only();
    assert_eq!(fetched.error, ErrorCode::None, "offset {offset}");
    let records = fetched.records();
    assert!(records.first().is_some_and(|first| first.offset <= offset), "offset {offset}");
    assert!(records.iter().any(|record| record.offset == offset), "offset {offset}");
    for pair in records.windows(2) {
        assert_eq!(pair[1].offset, pair[0].offset + 1);
    }
    for record in &records {
        assert!(record.value == value(record.offset), "record {}", record.offset);
    }
    fetched.bytes.len()
}

#[test]
fn old_records_are_read_from_any_offset() {
    on_both(|backend| {
        for path in ["direct", "buffered"] {
            let broker = Options::new(backend).set(&format!("durability.path={path}")).start();
            let mut client = broker.connect();
            client.create("t", 1, &[("segment.bytes", "700000")]);
            write(&mut client, "t", 2000);
            drop(client);
            let broker = broker.restart();
            let mut client = broker.connect();
            assert!(segments(&broker.data(), "t-0").len() > 3);
            let mut random = Seeded::new(7);
            for _ in 0..150 {
                let (offset, partition_bytes) =
                    (random.below(2000) as i64, 1 + random.below(200_000) as i32);
                check(&mut client, "t", offset, Want { partition_bytes, ..Want::from("t", &[]) });
            }
            assert!(client.read_all("t", 0, 0).len() >= 2000);
        }
    });
}

#[test]
fn large_reads_arrive_whole() {
    on_both(|backend| {
        let broker = Options::new(backend).set("memory.bytes=536870912").start();
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        for n in 0..26 {
            client.append("t", 0, &sized(1, 900_000, n));
        }
        drop(client);
        let mut broker = broker;
        for place in ["memory, as far as it is there", "files"] {
            let mut client = broker.connect();
            let want = Want { partition_bytes: 20 << 20, ..Want::from("t", &[(0, 0)]) };
            let fetched = client.fetch(&want).only();
            assert!(fetched.bytes.len() > 8 << 20, "{} bytes from {place}", fetched.bytes.len());
            for record in fetched.records() {
                assert!(record.value == filled(900_000, record.offset as u64 * 1000));
            }
            drop(client);
            broker = broker.restart();
        }
        let mut client = broker.connect();
        assert_eq!(client.read_all("t", 0, 0).len(), 26);
    });
}

fn follow(client: &mut Client, count: i64) {
    let mut offset = 0;
    while offset < count {
        let from = [(0, offset)];
        let want = Want { wait_ms: 200, partition_bytes: 60_000, ..Want::from("t", &from) };
        let fetched = client.fetch(&want).only();
        assert_eq!(fetched.error, ErrorCode::None, "offset {offset}");
        let first = offset;
        for record in fetched.records().into_iter().filter(|record| record.offset >= first) {
            assert_eq!(record.offset, offset);
            assert!(record.value == value(offset), "record {offset}");
            offset += 1;
        }
    }
}

/// One writes, two read, across many small segments.
#[test]
fn rolls_are_not_seen_by_those_who_read_and_write() {
    on_both(|backend| {
        let broker = Options::new(backend).start();
        broker.connect().create(
            "t",
            1,
            &[("segment.bytes", "100000"), ("index.interval.bytes", "500")],
        );
        let count = 3000;
        std::thread::scope(|scope| {
            scope.spawn(|| write(&mut broker.connect(), "t", count));
            // One follows closely, one comes late and finds most of it in sealed segments.
            for late_ms in [0, 300] {
                let broker = &broker;
                scope.spawn(move || {
                    std::thread::sleep(Duration::from_millis(late_ms));
                    follow(&mut broker.connect(), count);
                });
            }
        });
        assert!(segments(&broker.data(), "t-0").len() > 20);
        let broker = broker.kill_and_restart();
        let mut client = broker.connect();
        let (_, end) = client.ends("t", 0);
        for offset in (0..end).step_by(97) {
            check(&mut client, "t", offset, Want { partition_bytes: 5000, ..Want::from("t", &[]) });
        }
        let sealed = with_suffix(&broker.data(), "t-0", ".hwindex").len();
        assert!(sealed + 3 > segments(&broker.data(), "t-0").len());
    });
}
