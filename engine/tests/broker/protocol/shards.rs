//! More than one shard: any connection reaches any partition, and order holds all the same.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::produce::{
    ProducePartition, ProduceRequest, ProduceResponse, ProduceTopic,
};
use headwater_protocol::wire::uuid::Uuid;

use crate::harness::batches::{plain, sized};
use crate::harness::broker::Options;
use crate::harness::requests::Want;
use crate::harness::{eventually, on_both};

const PARTITIONS: i32 = 7;

#[test]
fn every_connection_reaches_every_partition() {
    on_both(|backend| {
        for shards in [2, 3] {
            let broker = Options::new(backend).shards(shards).start();
            broker.connect().create("t", PARTITIONS, &[]);
            let mut clients: Vec<_> = (0..8).map(|_| broker.connect()).collect();
            for (n, client) in clients.iter_mut().enumerate() {
                for partition in 0..PARTITIONS {
                    assert_eq!(client.append("t", partition, &plain(&[format!("{n}")])), n as i64);
                }
            }
            let all: Vec<_> = (0..PARTITIONS).map(|partition| (partition, 0)).collect();
            for client in &mut clients {
                let answer = client.fetch(&Want::from("t", &all));
                assert_eq!(answer.partitions.len(), PARTITIONS as usize);
                assert!(answer.partitions.iter().all(|p| p.records().len() == 8));
            }
        }
    });
}

#[test]
fn one_request_is_spread_over_all_shards() {
    on_both(|backend| {
        let broker = Options::new(backend).shards(3).start();
        let mut client = broker.connect();
        client.create("t", PARTITIONS, &[]);
        let batch = plain(&["x", "y"]);
        let partitions = (0..PARTITIONS + 1)
            .map(|index| ProducePartition { index, records: Some(&batch) })
            .collect();
        let topics = vec![ProduceTopic { name: "t", topic_id: Uuid::ZERO, partitions }];
        let request = ProduceRequest { transactional_id: None, acks: -1, timeout_ms: 1000, topics };
        let frame = client.call(ApiKey::Produce, 9, |w| request.encode(w, 9));
        let response = frame.body(ProduceResponse::decode);
        for partition in &response.topics[0].partitions {
            let exists = partition.index < PARTITIONS;
            let expected = if exists {
                (ErrorCode::None, 0)
            } else {
                (ErrorCode::UnknownTopicOrPartition, -1)
            };
            assert_eq!(
                (partition.error_code, partition.base_offset),
                expected,
                "partition {}",
                partition.index
            );
        }
    });
}

/// Each connection's requests reach a partition in the order in which they were sent.
#[test]
fn pipelines_of_several_connections_keep_their_order() {
    on_both(|backend| {
        let broker = Options::new(backend).shards(2).start();
        broker.connect().create("t", 4, &[]);
        std::thread::scope(|scope| {
            for producer in 0..4 {
                let broker = &broker;
                scope.spawn(move || {
                    let mut client = broker.connect();
                    for round in 0..10 {
                        let asked: Vec<_> = (0..20)
                            .map(|n| {
                                let value = format!("{producer} {:04}", round * 20 + n);
                                client.ask_produce(
                                    "t",
                                    n % 4,
                                    &plain(&[value]),
                                    if n % 3 == 0 { 1 } else { -1 },
                                )
                            })
                            .collect();
                        for asked in asked {
                            assert_eq!(client.produced(asked).error, ErrorCode::None);
                        }
                    }
                });
            }
        });
        let mut client = broker.connect();
        eventually("what was only written is visible", Duration::from_secs(5), || {
            let ends = (0..4).map(|partition| client.ends("t", partition).1);
            (ends.sum::<i64>() == 800).then_some(())
        });
        let mut seen = BTreeSet::new();
        for partition in 0..4 {
            let values: Vec<_> =
                client.read_all("t", partition, 0).into_iter().map(|record| record.value).collect();
            for producer in b'0'..b'4' {
                let of_one: Vec<_> = values.iter().filter(|value| value[0] == producer).collect();
                assert!(of_one.is_sorted(), "producer {producer} in partition {partition}");
            }
            seen.extend(values);
        }
        assert_eq!(seen.len(), 800);
    });
}

#[test]
fn a_fetch_over_all_shards_is_woken_by_any_of_them() {
    on_both(|backend| {
        let broker = Options::new(backend).shards(3).start();
        let (mut consumer, mut producer) = (broker.connect(), broker.connect());
        producer.create("t", 3, &[]);
        let mut offsets = [(0, 0), (1, 0), (2, 0)];
        for partition in [0, 1, 2, 1, 0] {
            let asked =
                consumer.ask_fetch(&Want { wait_ms: 10_000, ..Want::from("t", &offsets) }, 12);
            assert!(!consumer.has_answer(Duration::from_millis(30)));
            let started = Instant::now();
            producer.append("t", partition, &plain(&["x"]));
            let answer = consumer.fetched(asked);
            assert!(started.elapsed() < Duration::from_secs(3));
            for fetched in answer.partitions {
                assert_eq!(fetched.records().len(), usize::from(fetched.index == partition));
            }
            offsets[partition as usize].1 += 1;
        }
    });
}

/// Shards read side by side, each up to the limit; together they keep to it.
#[test]
fn byte_limits_hold_over_all_shards() {
    on_both(|backend| {
        let broker = Options::new(backend).shards(3).start();
        let mut client = broker.connect();
        client.create("t", 6, &[]);
        for partition in 0..6 {
            for n in 0..5 {
                client.append("t", partition, &sized(1, 10_000, n));
            }
        }
        let all: Vec<_> = (0..6).map(|partition| (partition, 0)).collect();
        let answer = client.fetch(&Want { bytes_max: 60_000, ..Want::from("t", &all) });
        let total: usize = answer.partitions.iter().map(|p| p.bytes.len()).sum();
        assert_eq!(answer.partitions.len(), 6);
        assert!((10_000..=60_000).contains(&total), "{total}");
    });
}

/// Whoever has been told that a topic exists can use it, on every connection.
#[test]
fn a_new_topic_is_known_to_all_shards() {
    on_both(|backend| {
        let broker = Options::new(backend).shards(3).start();
        let mut clients: Vec<_> = (0..9).map(|_| broker.connect()).collect();
        for n in 0..9 {
            let topic = format!("t{n}");
            clients[n].create(&topic, 3, &[]);
            for client in &mut clients {
                assert_eq!(client.produce(&topic, 1, &plain(&["x"])).error, ErrorCode::None);
            }
            assert_eq!(clients[n].delete(&topic), ErrorCode::None);
        }
    });
}
