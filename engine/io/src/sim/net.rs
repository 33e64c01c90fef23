//! Sockets in memory: connected pairs of byte queues with a limit, as a kernel has.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::{BufMut, Bytes, BytesMut};

use super::rng::Rng;
use crate::socket::{Listener, ListenerKind, Socket, SocketKind};

/// What one direction of a connection holds before the sender must wait.
const PIPE_BYTES: usize = 64 << 10;

#[derive(Default)]
struct Pipe {
    bytes: VecDeque<u8>,
    closed: bool,
}

type Shared<T> = Arc<Mutex<T>>;

/// One end of a simulated connection.
pub(crate) struct SimSocket {
    incoming: Shared<Pipe>,
    outgoing: Shared<Pipe>,
}

/// A simulated listening socket.
pub(crate) struct SimListener {
    addr: SocketAddr,
    queue: Shared<VecDeque<Socket>>,
}

/// All addresses that somebody listens on.
#[derive(Clone, Default)]
pub struct SimNet(Shared<NetState>);

#[derive(Default)]
struct NetState {
    listening: HashMap<SocketAddr, Shared<VecDeque<Socket>>>,
    pipes: Vec<Shared<Pipe>>,
}

impl SimNet {
    pub(super) fn new() -> Self {
        SimNet::default()
    }

    /// Listens on `addr`; several listeners of one address share its connections.
    pub fn listen(&self, addr: SocketAddr) -> Listener {
        let mut state = self.0.lock().expect("net lock");
        let queue = Arc::clone(state.listening.entry(addr).or_default());
        Listener(Arc::new(ListenerKind::Sim(SimListener { addr, queue })))
    }

    /// Connects to whoever listens on `addr`.
    ///
    /// # Errors
    /// `ConnectionRefused` when nobody does.
    pub fn connect(&self, addr: SocketAddr) -> io::Result<Socket> {
        let mut state = self.0.lock().expect("net lock");
        let queue = state.listening.get(&addr).cloned().ok_or(io::ErrorKind::ConnectionRefused)?;
        let (there, back) = (Shared::<Pipe>::default(), Shared::<Pipe>::default());
        state.pipes.extend([Arc::clone(&there), Arc::clone(&back)]);
        let server = SimSocket { incoming: Arc::clone(&there), outgoing: Arc::clone(&back) };
        let client = SimSocket { incoming: back, outgoing: there };
        queue.lock().expect("queue lock").push_back(wrap(server));
        Ok(wrap(client))
    }

    pub(super) fn reset_all(&self) {
        let mut state = self.0.lock().expect("net lock");
        for pipe in std::mem::take(&mut state.pipes) {
            pipe.lock().expect("pipe lock").closed = true;
        }
        state.listening.clear();
    }
}

fn wrap(socket: SimSocket) -> Socket {
    Socket(Arc::new(SocketKind::Sim(socket)))
}

impl SimListener {
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(super) fn accept(&self) -> Option<(Socket, SocketAddr)> {
        let socket = self.queue.lock().expect("queue lock").pop_front()?;
        Some((socket, self.addr))
    }
}

impl SimSocket {
    pub(crate) fn shutdown(&self) {
        self.incoming.lock().expect("pipe lock").closed = true;
        self.outgoing.lock().expect("pipe lock").closed = true;
    }

    /// Some of what has arrived (how much is up to chance), 0 at the end, `None` when there is nothing.
    pub(super) fn recv(&self, buf: &mut BytesMut, rng: &mut Rng) -> Option<usize> {
        let mut pipe = self.incoming.lock().expect("pipe lock");
        if pipe.bytes.is_empty() {
            return pipe.closed.then_some(0);
        }
        let room = buf.capacity() - buf.len();
        let most = pipe.bytes.len().min(room);
        let n = if rng.chance(30) { 1 + rng.below(most as u64) as usize } else { most };
        for byte in pipe.bytes.drain(..n) {
            buf.put_u8(byte);
        }
        Some(n)
    }

    /// Takes what fits of the parts after `done` bytes; the bytes taken.
    pub(super) fn send(&self, parts: &[Bytes], done: usize) -> io::Result<usize> {
        let mut pipe = self.outgoing.lock().expect("pipe lock");
        if pipe.closed {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let room = PIPE_BYTES - pipe.bytes.len();
        let bytes = parts.iter().flat_map(|part| part.iter().copied());
        let before = pipe.bytes.len();
        pipe.bytes.extend(bytes.skip(done).take(room));
        Ok(pipe.bytes.len() - before)
    }
}

impl Drop for SimSocket {
    fn drop(&mut self) {
        self.shutdown();
    }
}
