//! Fetch without sessions: where reads begin and end, how they wait and what wakes them.

use std::time::{Duration, Instant};

use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::fetch::response::FetchResponse;
use headwater_protocol::messages::fetch::{FetchPartition, FetchRequest, FetchTopic};
use headwater_protocol::wire::uuid::Uuid;

use crate::harness::batches::{plain, sized};
use crate::harness::broker::{Broker, Options};
use crate::harness::on_both;
use crate::harness::requests::Want;

const LONG_MS: i32 = 10_000;

#[test]
fn the_same_records_in_every_version() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        let id = client.create("t", 1, &[]);
        client.append("t", 0, &plain(&["a", "b", "c"]));
        for version in 4..=18 {
            let want = Want { id, ..Want::from("t", &[(0, 0)]) };
            let asked = client.ask_fetch(&want, version);
            let fetched = client.fetched(asked).only();
            assert_eq!(
                (fetched.error, fetched.high_watermark),
                (ErrorCode::None, 3),
                "version {version}"
            );
            assert_eq!(fetched.records().len(), 3, "version {version}");
        }
        let want = Want { id: Uuid([3; 16]), ..Want::from("t", &[(0, 0)]) };
        let asked = client.ask_fetch(&want, 13);
        assert_eq!(client.fetched(asked).only().error, ErrorCode::UnknownTopicId);
        let fetched = client.fetch(&Want::from("nowhere", &[(0, 0)])).only();
        assert_eq!(fetched.error, ErrorCode::UnknownTopicOrPartition);
    });
}

/// A batch is not cut at its front: the consumer skips what it did not ask for.
#[test]
fn an_offset_inside_a_batch_gets_the_whole_batch() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        for n in 0..20 {
            client.append("t", 0, &sized(10, 50, n));
        }
        for offset in [0, 1, 9, 10, 55, 199] {
            let records = client.fetch_from("t", 0, offset).records();
            assert_eq!(records[0].offset, offset / 10 * 10);
            assert!(records.iter().any(|record| record.offset == offset));
        }
    });
}

#[test]
fn offsets_outside_the_log_are_out_of_range() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        client.append("t", 0, &plain(&["a", "b"]));
        for offset in [-1, 3, i64::MAX, i64::MIN] {
            let started = Instant::now();
            let fetched =
                client.fetch(&Want { wait_ms: LONG_MS, ..Want::from("t", &[(0, offset)]) }).only();
            assert_eq!(fetched.error, ErrorCode::OffsetOutOfRange, "{offset}");
            assert!(started.elapsed() < Duration::from_secs(5), "an error does not wait");
        }
        let fetched = client.fetch_from("t", 0, 2);
        assert_eq!(
            (fetched.error, fetched.high_watermark, fetched.bytes.len()),
            (ErrorCode::None, 2, 0)
        );
    });
}

#[test]
fn a_fetch_at_the_end_waits_as_long_as_it_may() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        for wait_ms in [0, 300] {
            let started = Instant::now();
            let fetched = client.fetch(&Want { wait_ms, ..Want::from("t", &[(0, 0)]) }).only();
            assert_eq!((fetched.error, fetched.bytes.len()), (ErrorCode::None, 0));
            let took = started.elapsed().as_millis() as i32;
            assert!((wait_ms..wait_ms + 1500).contains(&took), "{took} ms for {wait_ms} ms");
        }
    });
}

#[test]
fn a_waiting_fetch_is_woken_by_the_first_record() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let (mut consumer, mut producer) = (broker.connect(), broker.connect());
        producer.create("t", 3, &[]);
        for acks in [-1, 1, 0] {
            let (_, end) = producer.ends("t", 1);
            let places = [(0, 0), (1, end), (2, 0)];
            let want = Want { wait_ms: LONG_MS, ..Want::from("t", &places) };
            let asked = consumer.ask_fetch(&want, 12);
            assert!(!consumer.has_answer(Duration::from_millis(100)));
            let started = Instant::now();
            producer.ask_produce("t", 1, &plain(&["x"]), acks);
            let answer = consumer.fetched(asked);
            assert!(
                started.elapsed() < Duration::from_secs(3),
                "acks={acks}: {:?}",
                started.elapsed()
            );
            let lengths: Vec<_> = answer.partitions.iter().map(|p| p.records().len()).collect();
            assert_eq!(lengths, [0, 1, 0]);
            producer = broker.connect();
        }
    });
}

/// The bytes of all partitions count together.
#[test]
fn a_fetch_waits_until_there_is_enough() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let (mut consumer, mut producer) = (broker.connect(), broker.connect());
        producer.create("t", 2, &[]);
        let want = Want { wait_ms: LONG_MS, bytes_min: 2500, ..Want::from("t", &[(0, 0), (1, 0)]) };
        let asked = consumer.ask_fetch(&want, 11);
        for partition in [0, 1] {
            assert!(!consumer.has_answer(Duration::from_millis(100)));
            producer.append("t", partition, &sized(1, 1000, 1));
        }
        assert!(!consumer.has_answer(Duration::from_millis(100)));
        producer.append("t", 0, &sized(1, 1000, 2));
        let answer = consumer.fetched(asked);
        let lengths: Vec<_> = answer.partitions.iter().map(|p| p.records().len()).collect();
        assert_eq!(lengths, [2, 1]);
    });
}

/// More than the most that an answer may hold will never be there.
#[test]
fn a_fetch_does_not_wait_for_more_than_it_may_get() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        for n in 0..10 {
            client.append("t", 0, &sized(1, 20_000, n));
        }
        let started = Instant::now();
        let want = Want { wait_ms: LONG_MS, bytes_min: i32::MAX, ..Want::from("t", &[(0, 0)]) };
        let answer = client.fetch(&Want { bytes_max: 50_000, ..want });
        assert!(!answer.only().bytes.is_empty());
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    });
}

/// Answers go out in the order of the questions, so a fetch that waits holds up what was asked behind it.
#[test]
fn pipelined_requests_are_answered_in_order() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        let waits = client.ask_fetch(&Want { wait_ms: 300, ..Want::from("t", &[(0, 0)]) }, 12);
        let produces: Vec<_> =
            (0..20).map(|n| client.ask_produce("t", 0, &plain(&[format!("{n}")]), -1)).collect();
        let after = client.ask_fetch(&Want::from("t", &[(0, 0)]), 12);
        let first = client.fetched(waits).only();
        assert_eq!(first.error, ErrorCode::None);
        for (n, asked) in produces.into_iter().enumerate() {
            assert_eq!(client.produced(asked).base_offset, n as i64);
        }
        drop(client.fetched(after));
        assert_eq!(client.read_all("t", 0, 0).len(), 20);
    });
}

/// The limits are about as large as they say: whole batches, but at least one so that a consumer always
/// gets on.
#[test]
fn byte_limits_hold_up_to_one_batch() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 4, &[]);
        for partition in 0..4 {
            for n in 0..10 {
                client.append("t", partition, &sized(1, 20_000, n));
            }
        }
        let all = [(0, 0), (1, 0), (2, 0), (3, 0)];
        let batch = sized(1, 20_000, 0).len();
        let mut lengths = |partition_bytes: i32, bytes_max: i32| {
            let want = Want { partition_bytes, bytes_max, ..Want::from("t", &all) };
            let answer = client.fetch(&want);
            assert_eq!((answer.error, answer.partitions.len()), (ErrorCode::None, 4));
            answer.partitions.iter().map(|p| p.bytes.len()).collect::<Vec<_>>()
        };
        assert_eq!(lengths(1 << 20, 50 << 20), [10 * batch; 4]);
        assert_eq!(lengths(50_000, 50 << 20).iter().max(), Some(&(2 * batch)));
        assert_eq!(lengths(1, 50 << 20), [batch; 4], "at least one batch");
        let total: usize = lengths(1 << 20, 100_000).iter().sum();
        assert!((batch..=100_000).contains(&total), "{total}");
        assert_eq!(
            lengths(1 << 20, 1).iter().sum::<usize>(),
            batch,
            "the first batch of the first partition"
        );
        assert_eq!(lengths(1 << 20, 0).iter().sum::<usize>(), batch);
        assert_eq!(lengths(0, 50 << 20), [batch; 4]);
        drop(lengths(-1, -1));
    });
}

#[test]
fn the_brokers_own_limit_is_the_last_word() {
    on_both(|backend| {
        let broker = Options::new(backend).set("fetch.max.bytes=65536").start();
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        for n in 0..20 {
            client.append("t", 0, &sized(1, 10_000, n));
        }
        let want =
            Want { bytes_max: i32::MAX, partition_bytes: i32::MAX, ..Want::from("t", &[(0, 0)]) };
        let bytes = client.fetch(&want).only().bytes.len();
        assert!((10_000..=65_536).contains(&bytes), "{bytes}");
        assert_eq!(client.read_all("t", 0, 0).len(), 20);
    });
}

/// KIP-320: a client that knows another epoch than ours must look again before it reads.
#[test]
fn epochs_of_the_past_and_of_the_future_are_told_apart() {
    on_both(|backend| {
        let broker = Broker::start(backend).restart();
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        client.append("t", 0, &plain(&["a"]));
        let mut fetch = |current_leader_epoch: i32| {
            let partition = FetchPartition {
                index: 0,
                current_leader_epoch,
                partition_max_bytes: 1000,
                ..Default::default()
            };
            let topics =
                vec![FetchTopic { name: "t", topic_id: Uuid::ZERO, partitions: vec![partition] }];
            let request = FetchRequest {
                min_bytes: 1,
                max_bytes: 1000,
                session_epoch: -1,
                topics,
                ..Default::default()
            };
            let frame = client.call(ApiKey::Fetch, 11, |w| request.encode(w, 11));
            frame.body(FetchResponse::decode).topics[0].partitions[0].error_code
        };
        assert_eq!(fetch(-1), ErrorCode::None);
        assert_eq!(fetch(1), ErrorCode::None);
        assert_eq!(fetch(0), ErrorCode::FencedLeaderEpoch);
        assert_eq!(fetch(2), ErrorCode::UnknownLeaderEpoch);
    });
}

/// Whoever waits for records of a topic that is deleted hears of it.
#[test]
fn deleting_a_topic_wakes_those_who_wait_for_it() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let (mut consumer, mut admin) = (broker.connect(), broker.connect());
        admin.create("t", 1, &[]);
        let asked =
            consumer.ask_fetch(&Want { wait_ms: LONG_MS, ..Want::from("t", &[(0, 0)]) }, 12);
        assert!(!consumer.has_answer(Duration::from_millis(50)));
        let started = Instant::now();
        assert_eq!(admin.delete("t"), ErrorCode::None);
        assert_eq!(consumer.fetched(asked).only().error, ErrorCode::UnknownTopicOrPartition);
        assert!(started.elapsed() < Duration::from_secs(5));
    });
}
