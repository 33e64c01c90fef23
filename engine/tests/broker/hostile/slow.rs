//! Clients that take their time: sending byte by byte, or never reading what they asked for.

use std::time::{Duration, Instant};

use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::metadata::{MetadataRequest, MetadataResponse};

use super::{Bystander, is_well, start};
use crate::harness::batches::sized;
use crate::harness::broker::Options;
use crate::harness::client::{Client, encode};
use crate::harness::facts::descriptors;
use crate::harness::requests::Want;
use crate::harness::{eventually, on_both};

#[test]
fn byte_by_byte_is_served_and_holds_up_nobody() {
    on_both(|backend| {
        let broker = start(backend);
        let mut bystander = Bystander::of(&broker);
        let frame = encode(ApiKey::Metadata, 12, 1, |w| MetadataRequest::default().encode(w, 12));
        let mut slow: Vec<Client> = (0..50).map(|_| broker.connect()).collect();
        for byte in frame.chunks(1) {
            slow.iter_mut().for_each(|client| client.send(byte).unwrap());
            bystander.works_soon();
        }
        for client in &mut slow {
            assert!(client.try_receive().unwrap().len() > 20);
        }
        is_well(&broker);
    });
}

/// Consumers that ask for everything, all the time, and never read. What they keep waiting must not be
/// the memory that others need.
#[test]
fn consumers_that_never_read_cost_nobody_else_anything() {
    on_both(|backend| {
        let broker = start(backend);
        let mut bystander = Bystander::of(&broker);
        bystander.client.create("big", 1, &[]);
        let mut producer = broker.connect();
        bystander.client.create("empty", 1, &[]);
        let mut greedy: Vec<Client> = (0..40).map(|_| broker.connect()).collect();
        let mut offset = 0;
        for round in 0..40 {
            for _ in 0..4 {
                offset = producer.append("big", 0, &sized(1, 500_000, round));
            }
            // Each asks for what is newest and in memory, and never hears the answer: once a round, and
            // once many times in a row, every other one behind a question that waits.
            let from = [(0, offset - 3)];
            let want = Want { partition_bytes: 4 << 20, ..Want::from("big", &from) };
            for (n, client) in greedy.iter_mut().enumerate() {
                let times = if n as u64 == round { 50 } else { 1 };
                if times > 1 && n % 2 == 0 {
                    let waits = Want { wait_ms: 60_000, ..Want::from("empty", &[(0, 0)]) };
                    client.ask_fetch(&waits, 12);
                }
                for _ in 0..times {
                    client.ask_fetch(&want, 12);
                }
            }
            bystander.works_soon();
        }
        is_well(&broker);
        drop(greedy);
        assert_eq!(producer.read_all("big", 0, 0).len(), 160);
        is_well(&broker);
    });
}

/// The same with what is no longer in memory.
#[test]
fn consumers_that_never_read_old_records_cost_nobody_else_anything() {
    on_both(|backend| {
        let broker = start(backend);
        let mut producer = broker.connect();
        producer.create("big", 1, &[]);
        for n in 0..60 {
            producer.append("big", 0, &sized(1, 900_000, n));
        }
        let broker = broker.restart();
        let mut bystander = Bystander::of(&broker);
        let mut greedy: Vec<Client> = (0..40).map(|_| broker.connect()).collect();
        for client in &mut greedy {
            for n in 0..10 {
                client.ask_fetch(
                    &Want { partition_bytes: 8 << 20, ..Want::from("big", &[(0, n)]) },
                    12,
                );
            }
            bystander.works_soon();
        }
        is_well(&broker);
    });
}

/// More requests than may be in service: the rest waits in the socket and is answered later, in order.
#[test]
fn requests_beyond_the_limit_wait_their_turn() {
    on_both(|backend| {
        let broker = Options::new(backend).set("connection.requests.max=4").start();
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        let sender = client.stream().try_clone().unwrap();
        let count = 3000;
        std::thread::scope(|scope| {
            scope.spawn(move || {
                use std::io::Write;
                let mut sender = sender;
                for n in 0..count {
                    let frame = encode(ApiKey::Metadata, 12, n, |w| {
                        MetadataRequest::default().encode(w, 12)
                    });
                    sender.write_all(&frame).unwrap();
                }
            });
            for n in 0..count {
                let bytes = client.try_receive().unwrap();
                assert_eq!(bytes[..4], n.to_be_bytes(), "in order");
            }
        });
        is_well(&broker);
    });
}

/// Sends and leaves: what was asked is done all the same, and the connection ends by itself.
#[test]
fn a_client_that_stops_sending_is_still_answered() {
    on_both(|backend| {
        let broker = start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        let asked: Vec<_> = (0..200)
            .map(|_| client.ask(ApiKey::Metadata, 12, |w| MetadataRequest::default().encode(w, 12)))
            .collect();
        client.finish();
        for asked in asked {
            assert_eq!(client.answer(asked).body(MetadataResponse::decode).topics.len(), 1);
        }
        assert!(client.is_closed());
    });
}

/// Silence ends a connection, also in the middle of a request and with answers that nobody takes.
#[test]
fn connections_that_make_no_progress_are_closed() {
    on_both(|backend| {
        let broker = Options::new(backend).set("connections.max.idle.ms=1000").start();
        let mut setup = broker.connect();
        setup.create("t", 1, &[]);
        for n in 0..40 {
            setup.append("t", 0, &sized(1, 900_000, n));
        }
        let (mut silent, mut halfway, mut deaf) =
            (broker.connect(), broker.connect(), broker.connect());
        halfway.send(&[0, 0, 1, 0, 0]).unwrap();
        for _ in 0..20 {
            deaf.ask_fetch(&Want { partition_bytes: 8 << 20, ..Want::from("t", &[(0, 0)]) }, 12);
        }
        // The last to be accepted is answered: so all are.
        let mut waiting = broker.connect();
        waiting.topics();
        let all = descriptors(broker.pid());
        let want = Want { wait_ms: 6_500, ..Want::from("t", &[(0, 40)]) };
        let asked = waiting.ask_fetch(&want, 12);
        eventually(
            "the others are closed, also the one that set up",
            Duration::from_secs(15),
            || (descriptors(broker.pid()) <= all - 4).then_some(()),
        );
        assert!(silent.is_closed() && halfway.is_closed());
        let started = Instant::now();
        assert_eq!(
            waiting.fetched(asked).only().error,
            ErrorCode::None,
            "a fetch that waits is no silence"
        );
        assert!(started.elapsed() < Duration::from_secs(12));
    });
}
