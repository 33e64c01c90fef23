//! Many connections: opened and dropped, more than are allowed, more than there are descriptors for.

use std::net::TcpStream;
use std::time::Duration;

use super::{Bystander, is_well, start};
use crate::harness::batches::{plain, sequenced};
use crate::harness::broker::Options;
use crate::harness::client::Client;
use crate::harness::facts::{descriptors, processor_ticks};
use crate::harness::{eventually, on_both};

#[test]
fn thousands_of_connections_come_and_go() {
    on_both(|backend| {
        let broker = start(backend);
        let mut bystander = Bystander::of(&broker);
        let before = descriptors(broker.pid());
        for round in 0..6 {
            let mut all: Vec<Client> = (0..400).map(|_| broker.connect()).collect();
            for client in all.iter_mut().step_by(3) {
                client.send(&[0, 0, 0, 50, 1, 2, 3][..1 + round]).unwrap();
            }
            bystander.works_soon();
        }
        eventually("all descriptors are closed", Duration::from_secs(10), || {
            (descriptors(broker.pid()) <= before).then_some(())
        });
        is_well(&broker);
    });
}

#[test]
fn connections_beyond_the_limit_are_closed() {
    on_both(|backend| {
        let broker = Options::new(backend).set("max.connections=10").start();
        let mut allowed: Vec<Client> = (0..10).map(|_| broker.connect()).collect();
        for client in &mut allowed {
            assert_eq!(client.topics(), Vec::<String>::new());
        }
        for _ in 0..20 {
            assert!(broker.connect().is_closed());
        }
        drop(allowed.pop());
        eventually("a place is free again", Duration::from_secs(5), || {
            broker.connect().is_quiet(Duration::from_millis(100)).then_some(())
        });
    });
}

/// Without descriptors no connection can be accepted; trying again and again would take a processor.
#[test]
fn without_descriptors_the_broker_waits_for_some() {
    on_both(|backend| {
        let broker =
            Options::new(backend).under(&["sh", "-c", "ulimit -n 100; exec \"$@\"", "sh"]).start();
        let mut bystander = Bystander::of(&broker);
        let crowd: Vec<TcpStream> =
            (0..300).map(|_| TcpStream::connect(broker.addr).unwrap()).collect();
        bystander.works_soon();
        let (ticks, lines) = (processor_ticks(broker.pid()), broker.log().lines().count());
        std::thread::sleep(Duration::from_secs(1));
        let (ticks, lines) =
            (processor_ticks(broker.pid()) - ticks, broker.log().lines().count() - lines);
        assert!(ticks < 50 && lines < 30, "in a second: {ticks} ticks, {lines} lines");
        bystander.works_soon();
        drop(crowd);
        eventually("connections are accepted again", Duration::from_secs(10), || {
            let mut client = broker.connect();
            client.stream().set_read_timeout(Some(Duration::from_secs(2))).unwrap();
            (client.topics() == ["bystander"]).then_some(())
        });
        is_well(&broker);
    });
}

/// Nobody would hear of it otherwise: without an answer, the end of the connection is the error.
#[test]
fn an_error_that_has_no_answer_ends_the_connection() {
    on_both(|backend| {
        let broker = start(backend);
        let mut admin = broker.connect();
        admin.create("t", 1, &[]);
        let id = admin.producer_id();
        let good = plain(&["x"]);
        let mut corrupt = good.clone();
        *corrupt.last_mut().unwrap() ^= 1;
        let cases = [
            ("nowhere", good.clone()),
            ("t", corrupt),
            ("t", Vec::new()),
            ("t", sequenced(id, 0, 0, &["first"])),
            ("t", sequenced(id, 0, 5, &["a gap"])),
        ];
        for (n, (topic, batch)) in cases.into_iter().enumerate() {
            let mut client = broker.connect();
            client.ask_produce(topic, 0, &batch, 0);
            if n == 3 {
                assert!(!client.has_answer(Duration::from_millis(100)), "this one is right");
                client.topics();
            } else {
                assert!(client.is_closed(), "case {n}");
            }
        }
        admin.append("t", 0, &good);
        assert_eq!(admin.ends("t", 0), (0, 2));
        is_well(&broker);
    });
}
