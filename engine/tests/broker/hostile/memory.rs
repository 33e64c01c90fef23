//! Clients that would take all memory if they were let.

use std::time::{Duration, Instant};

use headwater_protocol::error_code::ErrorCode;

use super::{Bystander, is_well, start};
use crate::harness::batches::sized;
use crate::harness::client::Client;
use crate::harness::facts;
use crate::harness::{eventually, on_both};

/// A length alone buys nothing.
#[test]
fn promises_of_large_requests_take_no_memory() {
    on_both(|backend| {
        let broker = start(backend);
        let mut bystander = Bystander::of(&broker);
        let before = facts::resident_bytes(broker.pid());
        let mut all: Vec<Client> = (0..300).map(|_| broker.connect()).collect();
        for client in &mut all {
            client.send(&(100i32 << 20).to_be_bytes()).unwrap();
            client.send(&[0; 100]).unwrap();
        }
        bystander.works_soon();
        let grown = facts::resident_bytes(broker.pid()).saturating_sub(before);
        assert!(grown < 16 << 20, "300 promises took {} MiB", grown >> 20);
        is_well(&broker);
    });
}

/// Many large requests that are never finished. Those who send small ones do not notice; those who send
/// a large one get it through.
#[test]
fn large_requests_that_are_never_finished_stop_nobody_else() {
    on_both(|backend| {
        let broker = start(backend);
        let mut bystander = Bystander::of(&broker);
        bystander.client.create("large", 1, &[]);
        let piece = vec![0; 64 << 10];
        let mut unfinished: Vec<Client> = (0..30).map(|_| broker.connect()).collect();
        for client in &mut unfinished {
            client.send(&(90i32 << 20).to_be_bytes()).unwrap();
            client.stream().set_write_timeout(Some(Duration::from_millis(50))).unwrap();
            // As much as it is let, up to 20 MiB.
            for _ in 0..320 {
                if client.send(&piece).is_err() {
                    break;
                }
            }
        }
        bystander.works_soon();
        is_well(&broker);
        let started = Instant::now();
        let produced = bystander.client.produce("large", 0, &sized(1, 900_000, 1));
        assert_eq!(produced.error, ErrorCode::None);
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        is_well(&broker);
    });
}

/// What a large request took is given back, also when its connection stays.
#[test]
fn large_requests_leave_nothing_behind() {
    on_both(|backend| {
        let broker = start(backend);
        let mut bystander = Bystander::of(&broker);
        let large = vec![0; 12 << 20];
        let mut all: Vec<Client> = (0..40).map(|_| broker.connect()).collect();
        for client in &mut all {
            let produced = client.produce("bystander", 0, &large);
            assert_eq!(produced.error, ErrorCode::CorruptMessage);
        }
        bystander.works_soon();
        is_well(&broker);
    });
}

/// Producers that wait for nothing send faster than any disk writes.
#[test]
fn producers_that_want_no_answer_are_slowed_down_by_the_disk() {
    on_both(|backend| {
        let broker = start(backend);
        let mut bystander = Bystander::of(&broker);
        bystander.client.create("flood", 2, &[]);
        std::thread::scope(|scope| {
            for producer in 0..4 {
                let broker = &broker;
                scope.spawn(move || {
                    let mut client = broker.connect();
                    let batch = sized(1, 900_000, producer);
                    for n in 0..60 {
                        client.ask_produce("flood", n % 2, &batch, 0);
                    }
                    // The last word: it comes when everything before it was taken in.
                    client.append("flood", 0, &batch);
                });
            }
            for _ in 0..20 {
                let took = bystander.works();
                assert!(took < Duration::from_secs(10), "{took:?}");
            }
        });
        eventually("all of it is visible", Duration::from_secs(5), || {
            let mut end = |partition| bystander.client.ends("flood", partition).1;
            (end(0) + end(1) == 4 * 61).then_some(())
        });
        is_well(&broker);
    });
}
