//! One connection on simulated sockets: frames in whatever pieces they come, answers in the order of the
//! questions, and when it stops receiving.

use std::time::Duration;

use bytes::{BufMut, Bytes};
use headwater_io::driver::Driver;
use headwater_io::op::{Completion, Done, Token};
use headwater_io::sim::World;
use headwater_io::sim::rng::Rng;

use super::*;

const LIMITS: Limits = Limits {
    connections: 10,
    requests: 4,
    request_bytes: 100_000,
    held_bytes: 1 << 20,
    unsent_bytes: 1 << 20,
    outgoing_bytes: 10_000,
};
const RECEIVED: Token = Token(1);
const SENT: Token = Token(2);
const NOW: Nanos = Nanos(0);

/// The broker's end of a connection, and the client's socket.
struct Ends {
    io: Driver,
    connection: Connection,
    client: Socket,
    receiving: bool,
}

impl Ends {
    fn new(world: &World) -> Self {
        let addr: SocketAddr = "127.0.0.1:9092".parse().unwrap();
        let mut io = world.driver();
        let listener = world.net().listen(addr);
        let client = world.net().connect(addr).unwrap();
        io.submit(Op::Accept { listener }, Token(0));
        let Completion { result: Ok(Done::Accepted(socket, peer)), .. } = next(&mut io) else {
            panic!("no connection")
        };
        Ends { io, connection: Connection::new(socket, peer, NOW), client, receiving: false }
    }

    /// Lets the connection receive if it wants to; whether something has come.
    fn receive(&mut self, may_receive: bool) -> bool {
        if let Some(receive) = self.connection.next_receive(&LIMITS, may_receive) {
            self.io.submit(receive, RECEIVED);
            self.receiving = true;
        }
        if !self.receiving {
            return false;
        }
        let mut completions = Vec::new();
        for _ in 0..10 {
            let until = self.io.clock().now().after(Duration::from_micros(20));
            self.io.wait(&mut completions, until);
        }
        let Some(completion) = completions.into_iter().find(|c| c.token == RECEIVED) else {
            return false;
        };
        let Ok(Done::Received(buffer, n)) = completion.result else { panic!("a receive failed") };
        self.connection.received(buffer, n, NOW);
        self.receiving = false;
        true
    }

    fn frame(&mut self) -> Option<Bytes> {
        self.connection.next_frame(&LIMITS).expect("a length that makes sense")
    }

    /// From the client, as it is.
    fn send(&mut self, bytes: Bytes) {
        self.io.submit(Op::Send { socket: self.client.clone(), parts: vec![bytes] }, SENT);
    }
}

fn next(io: &mut Driver) -> Completion {
    let mut completions = Vec::new();
    while completions.is_empty() {
        let until = io.clock().now().after(Duration::from_millis(1));
        io.wait(&mut completions, until);
    }
    completions.remove(0)
}

fn frame(body: &[u8]) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_i32(body.len() as i32);
    bytes.put_slice(body);
    bytes.freeze()
}

#[test]
fn frames_come_whole_however_they_are_cut() {
    for seed in 0..50 {
        let mut ends = Ends::new(&World::new(seed));
        let mut rng = Rng::new(seed);
        let sizes = [0, 1, 100, 5000, 60_000];
        let bodies: Vec<Vec<u8>> =
            (0..20u8).map(|n| vec![n; sizes[rng.below(5) as usize]]).collect();
        let all: Vec<Bytes> = bodies.iter().map(|body| frame(body)).collect();
        ends.send(Bytes::from(all.concat()));
        let mut got: Vec<Bytes> = Vec::new();
        while got.len() < bodies.len() {
            ends.receive(true);
            while let Some(frame) = ends.frame() {
                got.push(frame);
            }
        }
        assert!(got == bodies, "seed {seed}");
        assert_eq!(ends.connection.partial_bytes(), 0);
    }
}

#[test]
fn lengths_without_sense_are_errors() {
    for length in [-1, i32::MIN, 100_001, i32::MAX] {
        let mut ends = Ends::new(&World::new(1));
        ends.send(Bytes::copy_from_slice(&length.to_be_bytes()));
        while ends.connection.partial_bytes() < 4 {
            ends.receive(true);
        }
        assert!(ends.connection.next_frame(&LIMITS).is_err(), "{length}");
    }
}

/// A length alone buys no memory: the buffer is at most twice what has come, and a little.
#[test]
fn memory_follows_what_arrives() {
    let mut ends = Ends::new(&World::new(2));
    ends.send(Bytes::copy_from_slice(&90_000i32.to_be_bytes()));
    for arrived in [4, 5000, 20_000, 60_000, 80_000] {
        while ends.connection.partial_bytes() < arrived {
            ends.receive(true);
        }
        let Some(Op::Recv { buf, .. }) = ends.connection.next_receive(&LIMITS, true) else {
            panic!("it wants the rest")
        };
        let bound = 2 * buf.len() + (64 << 10);
        assert!(buf.capacity() <= bound, "{} for {} bytes", buf.capacity(), buf.len());
        ends.connection.received(buf, 0, NOW);
        ends.connection.state = State::Open;
        ends.send(Bytes::from(vec![0; 20_000]));
    }
}

#[test]
fn answers_go_out_in_the_order_of_the_questions() {
    let mut ends = Ends::new(&World::new(3));
    for n in 0..4 {
        ends.connection.begin(CallId(n), 10);
    }
    let answer = |n: u8| vec![Piece::Memory(Bytes::from(vec![n; 3]))];
    let held = ends.connection.answer(CallId(2), answer(2));
    assert_eq!(held, 0, "held until the others are answered");
    assert_eq!(ends.connection.unsent_bytes(), 3, "and counted");
    assert_eq!(ends.connection.answer(CallId(1), Vec::new()), 0);
    assert!(ends.connection.next_send().is_none());
    assert_eq!(ends.connection.answer(CallId(0), answer(0)), 30, "three are over");
    let Some(Op::Send { parts, .. }) = ends.connection.next_send() else { panic!("two answers") };
    assert_eq!(parts.concat(), [0, 0, 0, 2, 2, 2]);
    assert!(ends.connection.next_send().is_none(), "one send at a time");
    ends.connection.sent(NOW);
    assert_eq!(ends.connection.answer(CallId(3), answer(3)), 10);
    assert_eq!(ends.connection.unsent_bytes(), 3);
}

/// With as many requests in service as may be, what has arrived stays where it is, and nothing more is
/// received: the client's socket fills.
#[test]
fn a_full_connection_neither_takes_nor_receives() {
    let mut ends = Ends::new(&World::new(4));
    ends.send(Bytes::from(frame(b"x").repeat(6)));
    let mut taken = 0;
    while taken < 4 {
        ends.receive(true);
        while ends.frame().is_some() {
            ends.connection.begin(CallId(taken), 1);
            taken += 1;
        }
    }
    assert_eq!(taken, 4);
    assert!(ends.frame().is_none());
    assert!(ends.connection.next_receive(&LIMITS, true).is_none());
    ends.connection.answer(CallId(0), Vec::new());
    while ends.connection.partial_bytes() < 5 {
        ends.receive(true);
    }
    assert!(ends.frame().is_some(), "one is over, one is taken");
}

/// Answers that wait for the socket, or for an older answer, count against what may be asked.
#[test]
fn answers_that_are_not_taken_stop_the_questions() {
    for behind_an_older_one in [false, true] {
        let mut ends = Ends::new(&World::new(5));
        for n in 0..3 {
            ends.connection.begin(CallId(n), 1);
        }
        let large = || vec![Piece::Memory(Bytes::from(vec![0; 6000]))];
        let answered = if behind_an_older_one { [1, 2] } else { [1, 0] };
        for n in answered {
            ends.connection.answer(CallId(n), large());
        }
        assert!(ends.connection.next_receive(&LIMITS, true).is_none());
        assert_eq!(ends.connection.unsent_bytes(), 12_000);
        if !behind_an_older_one {
            assert!(ends.connection.next_send().is_some());
            assert!(ends.connection.next_receive(&LIMITS, true).is_some(), "it is on its way");
        }
    }
}

#[test]
fn memory_that_is_short_stops_receiving() {
    let mut ends = Ends::new(&World::new(6));
    ends.send(frame(b"question"));
    assert!(ends.connection.next_receive(&LIMITS, false).is_none());
    while !ends.receive(true) {}
    assert!(ends.connection.is_light());
    ends.connection.begin(CallId(0), 8);
    assert!(!ends.connection.is_light(), "it has a request in service");
}

/// The client has said everything: what it asked is answered, then the connection is done, then gone.
#[test]
fn a_client_that_stops_sending_is_answered_to_the_end() {
    let mut ends = Ends::new(&World::new(7));
    ends.connection.begin(CallId(0), 1);
    ends.connection.received(BytesMut::new(), 0, NOW);
    assert!(!ends.connection.is_done());
    assert!(ends.connection.next_receive(&LIMITS, true).is_none());
    ends.connection.answer(CallId(0), vec![Piece::Memory(Bytes::from_static(b"answer"))]);
    assert!(!ends.connection.is_done());
    assert!(ends.connection.next_send().is_some());
    assert!(!ends.connection.is_done() && !ends.connection.is_gone());
    ends.connection.sent(NOW);
    assert!(ends.connection.is_done());
    ends.connection.close();
    assert!(ends.connection.is_gone());
}

/// Closed in the middle of everything: it is gone when the operations in flight have ended, not before.
#[test]
fn a_closed_connection_waits_for_its_operations() {
    let mut ends = Ends::new(&World::new(8));
    ends.connection.begin(CallId(0), 7);
    ends.connection.begin(CallId(1), 8);
    ends.connection.answer(CallId(0), vec![Piece::Memory(Bytes::from_static(b"answer"))]);
    let receive = ends.connection.next_receive(&LIMITS, true).expect("a receive");
    assert!(ends.connection.next_send().is_some());
    ends.connection.close();
    assert!(!ends.connection.is_gone());
    assert!(ends.frame().is_none());
    ends.connection.sent(NOW);
    assert!(!ends.connection.is_gone(), "a receive is in flight");
    let Op::Recv { buf, .. } = receive else { panic!("a receive") };
    ends.connection.received(buf, 0, NOW);
    assert!(ends.connection.is_gone());
    assert_eq!(ends.connection.abandon(), (vec![CallId(1)], 8));
}

#[test]
fn nothing_is_taken_from_a_muted_connection_until_its_time_is_up() {
    let mut ends = Ends::new(&World::new(1));
    let both = [frame(b"one"), frame(b"two")].concat();
    ends.send(Bytes::from(both.clone()));
    while ends.connection.partial_bytes() < both.len() {
        ends.receive(true);
    }
    assert_eq!(ends.frame().as_deref(), Some(&b"one"[..]));
    ends.connection.mute(Nanos(500));
    // Another one, for another quota, that ends sooner.
    ends.connection.mute(Nanos(300));
    for now in [0, 300, 499] {
        ends.connection.unmute(Nanos(now));
        assert!(ends.frame().is_none() && ends.connection.next_receive(&LIMITS, true).is_none());
    }
    ends.connection.unmute(Nanos(500));
    assert_eq!(ends.frame().as_deref(), Some(&b"two"[..]));
    assert!(ends.connection.next_receive(&LIMITS, true).is_some());
    assert_eq!(ends.connection.heard, Nanos(500));
}
