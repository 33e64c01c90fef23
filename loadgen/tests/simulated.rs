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
    let world = World::new(seed);
    let script = Box::new(|n| match n % 9 {
        4 => Act::Refuse(ErrorCode::NotLeaderOrFollower),
        7 => Act::AppendAndHangUp,
        _ => Act::Behave,
    });
    let mut broker = SimBroker::start(&world, Settings { script, ..Settings::default() });
    let net = world.net().clone();
    let connect = Arc::new(move |address: &str| net.connect(address.parse().expect("an address")));
    let spec = RunSpec::network("10.0.0.1:9092").with(|s| {
        s.record_bytes = 100;
        s.rate_per_s = Some(20_000.0);
        s.duration = Some(Duration::from_millis(200));
        s.partitions = Some(2);
        s.producers = 2;
        s.idempotent = true;
        s.verify = true;
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
