//! `kill -9` under load: idempotent producers go on where they were, and nothing is lost or twice.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use headwater_io::driver::Backend;
use headwater_protocol::error_code::ErrorCode;

use crate::harness::batches::sequenced;
use crate::harness::broker::{Broker, Options};
use crate::harness::client::Client;
use crate::harness::on_both;

const PARTITIONS: i32 = 3;
const IN_FLIGHT: usize = 5;

/// A producer that keeps what it sent until it is acknowledged, as Kafka's clients do.
struct Producer {
    id: i64,
    partition: i32,
    next_sequence: i32,
    /// Sent and not acknowledged: base sequence and batch, oldest first.
    open: Vec<(i32, Vec<u8>)>,
    /// Sequence number and offset of every acknowledged batch.
    acknowledged: BTreeMap<i32, i64>,
}

impl Producer {
    fn new(broker: &Broker, partition: i32) -> Self {
        let id = broker.connect().producer_id();
        Producer {
            id,
            partition,
            next_sequence: 0,
            open: Vec::new(),
            acknowledged: BTreeMap::new(),
        }
    }

    /// Values of a batch: they say where they belong. Sizes differ.
    fn batch(&self, sequence: i32) -> Vec<u8> {
        let mut value = format!("{} {sequence} ", self.id).into_bytes();
        value.resize(value.len() + (sequence as usize * 7919) % 6000, b'.');
        sequenced(self.id, 0, sequence, &[value])
    }

    /// Sends, first what was sent before, until the broker is gone or there has been enough.
    fn run(&mut self, client: &mut Client, done: &AtomicBool) {
        let mut asked = Vec::new();
        for (_, batch) in &self.open {
            match client.try_ask_produce("t", self.partition, batch, -1) {
                Ok(question) => asked.push(question),
                Err(_) => return,
            }
        }
        let mut answered = 0;
        loop {
            let finished = done.load(Ordering::Relaxed);
            while !finished && self.open.len() < IN_FLIGHT {
                let batch = self.batch(self.next_sequence);
                self.open.push((self.next_sequence, batch));
                self.next_sequence += 1;
                let (_, batch) = self.open.last().expect("just pushed");
                match client.try_ask_produce("t", self.partition, batch, -1) {
                    Ok(question) => asked.push(question),
                    Err(_) => return,
                }
            }
            if self.open.is_empty() {
                return;
            }
            let Ok(produced) = client.try_produced(asked[answered]) else { return };
            answered += 1;
            assert_eq!(
                produced.error,
                ErrorCode::None,
                "sequence {}: {produced:?}",
                self.open[0].0
            );
            let (sequence, _) = self.open.remove(0);
            self.acknowledged.insert(sequence, produced.base_offset);
        }
    }
}

fn load(broker: &Broker, producers: &mut [Producer], then: impl FnOnce()) {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for producer in producers {
            let (mut client, done) = (broker.connect(), &done);
            scope.spawn(move || producer.run(&mut client, done));
        }
        then();
        done.store(true, Ordering::Relaxed);
    });
}

/// Every acknowledged batch lies where it was said to lie, and every batch that is there is there once
/// and in its producer's order.
fn check(broker: &Broker, producers: &[Producer]) {
    let mut client = broker.connect();
    for partition in 0..PARTITIONS {
        let mut found: BTreeMap<i64, Vec<(i32, i64)>> = BTreeMap::new();
        for record in client.read_all("t", partition, 0) {
            let text = String::from_utf8(record.value).expect("text");
            let mut words = text.split(' ');
            let mut number = || words.next().expect("a word").parse::<i64>().expect("a number");
            let (id, sequence) = (number(), number() as i32);
            found.entry(id).or_default().push((sequence, record.offset));
        }
        for producer in producers.iter().filter(|producer| producer.partition == partition) {
            let found = found.remove(&producer.id).unwrap_or_default();
            let sequences: Vec<i32> = found.iter().map(|(sequence, _)| *sequence).collect();
            let expected: Vec<i32> = (0..sequences.len() as i32).collect();
            assert_eq!(sequences, expected, "each once, in order");
            for (sequence, offset) in &producer.acknowledged {
                assert_eq!(
                    found.get(*sequence as usize),
                    Some(&(*sequence, *offset)),
                    "acknowledged"
                );
            }
        }
        assert!(found.is_empty(), "records of nobody");
    }
}

fn killed_under_load(options: Options) {
    let mut broker = options.start();
    broker.connect().create(
        "t",
        PARTITIONS,
        &[("segment.bytes", "300000"), ("index.interval.bytes", "1000")],
    );
    let mut producers: Vec<_> = (0..6).map(|n| Producer::new(&broker, n % PARTITIONS)).collect();
    for round in 0..4 {
        load(&broker, &mut producers, || {
            std::thread::sleep(Duration::from_millis(60 + 90 * round));
            broker.signal("KILL");
        });
        broker = broker.kill_and_restart();
        check(&broker, &producers);
    }
    // They can all finish, and then everything is there.
    load(&broker, &mut producers, || std::thread::sleep(Duration::from_millis(100)));
    assert!(producers.iter().all(|producer| producer.open.is_empty()));
    check(&broker, &producers);
    let sent: i32 = producers.iter().map(|producer| producer.next_sequence).sum();
    assert!(sent > 100, "only {sent} batches");
}

#[test]
fn a_kill_loses_and_repeats_nothing() {
    on_both(|backend| killed_under_load(Options::new(backend).shards(2)));
}

#[test]
fn a_kill_loses_and_repeats_nothing_through_the_page_cache() {
    on_both(|backend| killed_under_load(Options::new(backend).set("durability.path=buffered")));
}

/// What was created is there, and what was not is not half there.
#[test]
fn topics_survive_kills_in_the_middle_of_their_creation() {
    on_both(|backend: Backend| {
        let mut broker = Options::new(backend).shards(2).start();
        let mut known = Vec::new();
        for round in 0..5u64 {
            std::thread::scope(|scope| {
                let mut client = broker.connect();
                let creating = scope.spawn(move || {
                    let mut made = Vec::new();
                    for n in 0.. {
                        let topic = format!("r{round}-n{n}");
                        match client.try_create(&topic, 3) {
                            Ok(code) => assert_eq!(code, ErrorCode::None),
                            Err(_) => return made,
                        }
                        made.push(topic);
                    }
                    made
                });
                std::thread::sleep(Duration::from_millis(20 + 15 * round));
                broker.signal("KILL");
                known.extend(creating.join().expect("creating"));
            });
            broker = broker.kill_and_restart();
            let topics = broker.connect().topics();
            for topic in &known {
                assert!(topics.contains(topic), "{topic} was answered as created");
            }
            let mut client = broker.connect();
            for topic in &topics {
                assert_eq!(client.ends(topic, 2).0, 0);
            }
        }
    });
}
