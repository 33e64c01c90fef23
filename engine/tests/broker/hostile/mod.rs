//! Bytes and clients that mean harm, or are merely broken: each gets an error or a closed connection,
//! memory stays bounded, and nobody else notices.

mod bytes;
mod crowds;
mod members;
mod memory;
mod questions;
mod slow;
mod topics;
mod transactions;

use std::time::{Duration, Instant};

use headwater_io::driver::Backend;
use headwater_protocol::error_code::ErrorCode;

use crate::harness::batches::plain;
use crate::harness::broker::{Broker, Options};
use crate::harness::client::Client;
use crate::harness::facts;

/// Memory for requests, buffers and hot tails in these tests.
const MEMORY_BYTES: u64 = 64 << 20;
/// What the program takes besides: code, threads, rings, connections, answers being made. A debug build.
const BESIDES_BYTES: u64 = 96 << 20;

/// A client that behaves, on a topic of its own, next to those that do not.
struct Bystander {
    client: Client,
    next: i64,
}

impl Bystander {
    fn of(broker: &Broker) -> Self {
        let mut client = broker.connect();
        client.create("bystander", 1, &[]);
        Bystander { client, next: 0 }
    }

    /// Writes and reads one record; how long that took.
    fn works(&mut self) -> Duration {
        let started = Instant::now();
        let produced = self.client.produce("bystander", 0, &plain(&[format!("{}", self.next)]));
        assert_eq!((produced.error, produced.base_offset), (ErrorCode::None, self.next));
        let fetched = self.client.fetch_from("bystander", 0, self.next);
        assert_eq!(fetched.records()[0].value, format!("{}", self.next).as_bytes());
        self.next += 1;
        started.elapsed()
    }

    /// As [`Bystander::works`], and soon.
    fn works_soon(&mut self) {
        let took = self.works();
        assert!(took < Duration::from_secs(2), "one record took {took:?}");
    }
}

fn start(backend: Backend) -> Broker {
    Options::new(backend).start()
}

/// The broker is well: alive, within its memory, without a panic in its log.
fn is_well(broker: &Broker) {
    let most = facts::resident_bytes_max(broker.pid());
    assert!(most < MEMORY_BYTES + BESIDES_BYTES, "{} MiB were resident", most >> 20);
    assert!(!broker.log().contains("panicked"), "{}", broker.log());
}
