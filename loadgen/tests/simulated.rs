//! The same client, session and ledger on simulated sockets and a virtual clock: one seed, one run.

mod fake_broker;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use fake_broker::{Act, Settings, Shared, answer};
use headwater_io::driver::Driver;
use headwater_io::op::{Done, Op, Token};
use headwater_io::sim::World;
use headwater_io::socket::{Listener, Socket};
use headwater_loadgen::client::network::Network;
use headwater_loadgen::client::sink::Sink;
use headwater_loadgen::progress::Outside;
use headwater_loadgen::result::RunResult;
use headwater_loadgen::session::Session;
use headwater_loadgen::session::outcome::Machine;
use headwater_loadgen::spec::RunSpec;
use headwater_protocol::error_code::ErrorCode;

const ACCEPT: u64 = u64::MAX;
/// Tokens of sends; those of receives are below.
const SENDS: u64 = 1 << 32;

/// The fake broker's answers behind simulated sockets.
struct SimBroker {
    driver: Driver,
    listener: Listener,
    shared: Shared,
    connections: HashMap<u64, (Socket, Vec<u8>)>,
    next: u64,
}

impl SimBroker {
    fn start(world: &World, settings: Settings) -> Self {
        let address = "10.0.0.1:9092".parse().unwrap();
        let listener = world.net().listen(address);
        let mut driver = world.driver();
        driver.submit(Op::Accept { listener: listener.clone() }, Token(ACCEPT));
        let shared = Shared::new(address, settings);
        SimBroker { driver, listener, shared, connections: HashMap::new(), next: 0 }
    }

    fn turn(&mut self) {
        let mut completions = Vec::new();
        self.driver.poll(&mut completions);
        for completion in completions {
            match (completion.token.0, completion.result) {
                (ACCEPT, Ok(Done::Accepted(socket, _))) => {
                    self.connections.insert(self.next, (socket, Vec::new()));
                    self.receive(self.next, BytesMut::new());
                    self.next += 1;
                    let listener = self.listener.clone();
                    self.driver.submit(Op::Accept { listener }, Token(ACCEPT));
                }
                (key, Ok(Done::Received(buf, 1..))) => self.answer(key, buf),
                (_, Ok(Done::Sent)) => {}
                (key, _) => drop(self.connections.remove(&key)),
            }
        }
    }

    fn receive(&mut self, key: u64, mut buf: BytesMut) {
        buf.clear();
        buf.reserve(64 << 10);
        let socket = self.connections[&key].0.clone();
        self.driver.submit(Op::Recv { socket, buf }, Token(key));
    }

    fn answer(&mut self, key: u64, buf: BytesMut) {
        let (socket, inbox) = self.connections.get_mut(&key).unwrap();
        inbox.extend_from_slice(&buf);
        let mut out = BytesMut::new();
        while inbox.len() >= 4 {
            let length = u32::from_be_bytes(inbox[..4].try_into().unwrap()) as usize;
            if inbox.len() < 4 + length {
                break;
            }
            if !answer::request(&inbox[4..4 + length], &self.shared, &mut out) {
                socket.shutdown();
                self.connections.remove(&key);
                return;
            }
            inbox.drain(..4 + length);
        }
        if !out.is_empty() {
            // Answers of one connection must not overtake each other: small enough for one send.
            let (socket, parts) = (socket.clone(), vec![out.freeze()]);
            self.driver.submit(Op::Send { socket, parts }, Token(SENDS + key));
        }
        self.receive(key, buf);
    }
}

fn simulate(seed: u64) -> RunResult {
    run(seed, unreliable(), |s| s.idempotent = true)
}

/// Refuses some batches, and acknowledges others without a word.
fn unreliable() -> Settings {
    let script = Box::new(|n| match n % 9 {
        4 => Act::Refuse(ErrorCode::NotLeaderOrFollower),
        7 => Act::AppendAndHangUp,
        _ => Act::Behave,
    });
    Settings { script, ..Settings::default() }
}

/// 4,000 records from two producers to two partitions, in 200 ms.
fn run(seed: u64, settings: Settings, change: impl FnOnce(&mut RunSpec)) -> RunResult {
    let world = World::new(seed);
    let mut broker = SimBroker::start(&world, settings);
    let net = world.net().clone();
    let connect = Arc::new(move |address: &str| net.connect(address.parse().expect("an address")));
    let spec = RunSpec::network("10.0.0.1:9092").with(|s| {
        s.record_bytes = 100;
        s.rate_per_s = Some(20_000.0);
        s.duration = Some(Duration::from_millis(200));
        s.partitions = Some(2);
        s.producers = 2;
        s.verify = true;
        change(s);
    });
    let network = Network::new(world.driver(), connect, "sim".into(), spec.request_timeout);
    let outside = Arc::new(Outside::default());
    let mut session =
        Session::new(spec, seed, Sink::Network(Box::new(network)), None, outside, false);
    while !session.turn().unwrap() {
        broker.turn();
    }
    let machine = Machine { backend: "sim".into(), spin: Duration::ZERO, cpu: None };
    let mut result = session.outcome(&machine).0.result;
    result.generator.cpu_s = 0.0;
    result
}

#[test]
fn a_run_on_simulated_sockets_keeps_every_promise_and_repeats_exactly() {
    let first = simulate(11);
    let verify = first.verify.as_ref().unwrap();
    assert_eq!(verify.wrong(false), 0, "{first:#?}");
    assert_eq!(verify.records_read, 4000);
    assert!(first.errors.disconnects > 0 && first.errors.batches_retried > 0);
    assert_eq!(first, simulate(11), "one seed, one run");
    assert_ne!(first, simulate(12));
}

fn transactional(settings: Settings) -> RunResult {
    run(11, settings, |s| s.commit_interval = Some(Duration::from_millis(10)))
}

#[test]
fn transactions_are_committed_after_their_interval_and_what_was_acknowledged_is_there() {
    let result = transactional(Settings::default());
    assert!(result.passed(), "{result:#?}");
    assert_eq!(result.verify.as_ref().unwrap().records_read, 4000);
    let seen = result.produce.unwrap().transactions.unwrap();
    // Two producers for 20 intervals; each transaction begins with its first batch.
    assert!((24..=42).contains(&seen.commits), "{seen:?}");
    let (commit, pause) = (seen.commit_latency_us.unwrap(), seen.pause_us.unwrap());
    assert!(commit.p50 > 0.0 && commit.p50 <= pause.p50, "{seen:?}");
    assert_eq!(seen.aborted, 0);
}

#[test]
fn a_commit_whose_answer_is_lost_is_asked_for_again() {
    let ends = Box::new(|n| match n % 5 {
        1 => Act::AppendAndHangUp,
        2 => Act::Refuse(ErrorCode::ConcurrentTransactions),
        3 => Act::HangUp,
        _ => Act::Behave,
    });
    let result = transactional(Settings { ends, ..unreliable() });
    assert!(result.passed(), "{result:#?}");
    assert_eq!(result.verify.as_ref().unwrap().records_read, 4000);
    assert!(result.errors.disconnects > 0);
    assert_eq!(result.produce.unwrap().transactions.unwrap().aborted, 0);
}

#[test]
fn what_cannot_be_committed_is_given_up_whole() {
    let ends = Box::new(|n| match n % 4 {
        2 => Act::Refuse(ErrorCode::InvalidProducerEpoch),
        _ => Act::Behave,
    });
    let result = transactional(Settings { ends, ..Settings::default() });
    let verify = result.verify.as_ref().unwrap();
    assert_eq!((verify.wrong(false), verify.unacknowledged_present), (0, 0), "{result:#?}");
    let aborted = result.produce.as_ref().unwrap().transactions.as_ref().unwrap().aborted;
    assert!(aborted > 1);
    assert_eq!(verify.records_read + result.errors.records_failed, 4000);
}
