//! A client's connection: bytes out in order, whole answers in, and a number that tells this connection
//! from the one before.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use headwater_io::driver::Driver;
use headwater_io::op::{Completion, Done, Op, Token};
use headwater_io::sim::World;
use headwater_io::socket::Socket;
use headwater_protocol::frame;

use crate::machine::ADDR;

/// Set in tokens of sends.
const SEND: u64 = 1 << 63;
const RECEIVE_BYTES: usize = 16 << 10;

/// The connection of one client.
pub struct Wire {
    client: u64,
    /// How many connections there have been.
    generation: u64,
    socket: Option<Socket>,
    received: BytesMut,
    /// The first one is on its way.
    outgoing: VecDeque<Bytes>,
    correlation: i32,
}

/// The client that a completion belongs to.
pub fn client_of(token: Token) -> usize {
    ((token.0 & !SEND) >> 32) as usize
}

impl Wire {
    /// Not connected.
    pub fn new(client: usize) -> Self {
        Wire {
            client: client as u64,
            generation: 0,
            socket: None,
            received: BytesMut::new(),
            outgoing: VecDeque::new(),
            correlation: 0,
        }
    }

    /// Whether there is a connection.
    pub fn is_up(&self) -> bool {
        self.socket.is_some()
    }

    /// A number for this connection that no other one has.
    pub fn connection(&self) -> u64 {
        self.client << 32 | self.generation
    }

    /// A number for the next request.
    pub fn next_correlation(&mut self) -> i32 {
        self.correlation += 1;
        self.correlation
    }

    /// Connects; whether somebody listens.
    pub fn connect(&mut self, world: &World, io: &mut Driver) -> bool {
        self.hang_up();
        let addr = ADDR.parse().expect("an address");
        let Ok(socket) = world.net().connect(addr) else { return false };
        self.socket = Some(socket);
        self.receive(io);
        true
    }

    /// Ends the connection, without a word if it has gone silent.
    pub fn hang_up(&mut self) {
        if let Some(socket) = self.socket.take() {
            socket.shutdown();
        }
        self.generation += 1;
        self.received.clear();
        self.outgoing.clear();
    }

    /// Sends a request after those before it.
    pub fn send(&mut self, request: Bytes, io: &mut Driver) {
        self.outgoing.push_back(request);
        if self.outgoing.len() == 1 {
            self.send_next(io);
        }
    }

    /// Takes what came back; false when the connection has ended.
    pub fn complete(&mut self, completion: Completion, io: &mut Driver) -> bool {
        if completion.token.0 as u32 != self.generation as u32 || !self.is_up() {
            return true;
        }
        match completion.result {
            Ok(Done::Received(buffer, 1..)) => {
                self.received.extend_from_slice(&buffer);
                self.receive(io);
            }
            Ok(Done::Sent) => {
                self.outgoing.pop_front();
                self.send_next(io);
            }
            _ => return false,
        }
        true
    }

    /// The next whole answer, without its length.
    pub fn answer(&mut self) -> Option<Bytes> {
        let len = frame::frame_len(&self.received, usize::MAX).ok()??;
        let whole = self.received.len() >= 4 + len;
        whole.then(|| self.received.split_to(4 + len).freeze().slice(4..))
    }

    fn token(&self) -> u64 {
        self.client << 32 | u64::from(self.generation as u32)
    }

    fn receive(&self, io: &mut Driver) {
        if let Some(socket) = self.socket.clone() {
            let buf = BytesMut::with_capacity(RECEIVE_BYTES);
            io.submit(Op::Recv { socket, buf }, Token(self.token()));
        }
    }

    fn send_next(&self, io: &mut Driver) {
        if let (Some(socket), Some(bytes)) = (self.socket.clone(), self.outgoing.front()) {
            let op = Op::Send { socket, parts: vec![bytes.clone()] };
            io.submit(op, Token(SEND | self.token()));
        }
    }
}
