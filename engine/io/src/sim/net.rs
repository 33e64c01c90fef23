//! Sockets in memory: connected pairs of byte queues with a limit, as a kernel has, on a network that may
//! be slow, break connections, or let one end vanish without a word.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};

use super::rng::Rng;
use crate::clock::{Clock, Nanos};
use crate::socket::{Listener, ListenerKind, Socket, SocketKind};

/// What one direction of a connection holds before the sender must wait.
const PIPE_BYTES: usize = 64 << 10;
/// Of 100 receives, so many get less than there is.
const SPLIT_PERCENT: u64 = 30;

/// One direction of a connection.
#[derive(Default)]
struct Pipe {
    /// What was sent, and when it arrives; in order.
    parts: VecDeque<(Nanos, Bytes)>,
    held_bytes: usize,
    closed: bool,
    /// Broken by the network: both ends get an error, and what was on its way is gone.
    reset: bool,
    /// Nothing arrives any more, not even the end.
    silent: bool,
}

type Shared<T> = Arc<Mutex<T>>;

/// One end of a simulated connection.
pub(crate) struct SimSocket {
    incoming: Shared<Pipe>,
    outgoing: Shared<Pipe>,
    net: SimNet,
}

/// A simulated listening socket.
pub(crate) struct SimListener {
    addr: SocketAddr,
    queue: Shared<VecDeque<Socket>>,
}

/// All addresses that somebody listens on, and all connections.
#[derive(Clone)]
pub struct SimNet(Shared<NetState>);

struct NetState {
    clock: Clock,
    rng: Rng,
    delay_max: Duration,
    listening: HashMap<SocketAddr, Shared<VecDeque<Socket>>>,
    connections: Vec<[Shared<Pipe>; 2]>,
}

impl SimNet {
    pub(super) fn new(clock: Clock, rng: Rng) -> Self {
        SimNet(Arc::new(Mutex::new(NetState {
            clock,
            rng,
            delay_max: Duration::ZERO,
            listening: HashMap::new(),
            connections: Vec::new(),
        })))
    }

    /// Listens on `addr`; several listeners of one address share its connections.
    pub fn listen(&self, addr: SocketAddr) -> Listener {
        let mut state = self.state();
        let queue = Arc::clone(state.listening.entry(addr).or_default());
        Listener(Arc::new(ListenerKind::Sim(SimListener { addr, queue })))
    }

    /// Connects to whoever listens on `addr`.
    ///
    /// # Errors
    /// `ConnectionRefused` when nobody does.
    pub fn connect(&self, addr: SocketAddr) -> io::Result<Socket> {
        let mut state = self.state();
        let queue = state.listening.get(&addr).cloned().ok_or(io::ErrorKind::ConnectionRefused)?;
        let (there, back) = (Shared::<Pipe>::default(), Shared::<Pipe>::default());
        // Ended ones are forgotten here, so that their number stays bounded.
        state.connections.retain(|pipes| pipes.iter().any(|pipe| Arc::strong_count(pipe) > 1));
        state.connections.push([Arc::clone(&there), Arc::clone(&back)]);
        drop(state);
        let end = |incoming: &Shared<Pipe>, outgoing: &Shared<Pipe>| {
            let (incoming, outgoing) = (Arc::clone(incoming), Arc::clone(outgoing));
            let socket = SimSocket { incoming, outgoing, net: self.clone() };
            Socket(Arc::new(SocketKind::Sim(socket)))
        };
        queue.lock().expect("queue lock").push_back(end(&there, &back));
        Ok(end(&back, &there))
    }

    /// From now on what is sent arrives up to this much later.
    pub fn set_delay_max(&self, delay_max: Duration) {
        self.state().delay_max = delay_max;
    }

    /// Breaks a connection drawn by chance: both ends get an error.
    pub fn reset_one(&self) {
        self.strike_one(|pipe| {
            pipe.reset = true;
            pipe.parts.clear();
        });
    }

    /// Of a connection drawn by chance nothing arrives any more, at either end, and neither is told.
    pub fn silence_one(&self) {
        self.strike_one(|pipe| pipe.silent = true);
    }

    fn strike_one(&self, strike: impl Fn(&mut Pipe)) {
        let mut state = self.state();
        let n = state.connections.len() as u64;
        let n = state.rng.below(n) as usize;
        let Some(pipes) = state.connections.get(n) else { return };
        pipes.iter().for_each(|pipe| strike(&mut pipe.lock().expect("pipe lock")));
    }

    pub(super) fn reset_all(&self) {
        let mut state = self.state();
        for pipe in std::mem::take(&mut state.connections).iter().flatten() {
            pipe.lock().expect("pipe lock").closed = true;
        }
        state.listening.clear();
    }

    fn state(&self) -> MutexGuard<'_, NetState> {
        self.0.lock().expect("net lock")
    }

    /// When something that is sent now arrives.
    fn arrival(&self) -> Nanos {
        let mut state = self.state();
        let most = state.delay_max.as_nanos() as u64;
        let delay = state.rng.below(most);
        state.clock.now().after(Duration::from_nanos(delay))
    }
}

impl SimListener {
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(super) fn is_ready(&self) -> bool {
        !self.queue.lock().expect("queue lock").is_empty()
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

    /// When a receive can end, as far as is known.
    pub(super) fn recv_ready(&self) -> Option<Nanos> {
        let pipe = self.incoming.lock().expect("pipe lock");
        match pipe.parts.front() {
            _ if pipe.reset => Some(Nanos(0)),
            _ if pipe.silent => None,
            Some((arrives, _)) => Some(*arrives),
            None => pipe.closed.then_some(Nanos(0)),
        }
    }

    /// When a send can move on.
    pub(super) fn send_ready(&self) -> Option<Nanos> {
        let pipe = self.outgoing.lock().expect("pipe lock");
        (pipe.closed || pipe.reset || pipe.held_bytes < PIPE_BYTES).then_some(Nanos(0))
    }

    /// Some of what has arrived (how much is up to chance), 0 at the end, `None` when there is nothing.
    pub(super) fn recv(
        &self,
        buf: &mut BytesMut,
        now: Nanos,
        rng: &mut Rng,
    ) -> Option<io::Result<usize>> {
        let mut pipe = self.incoming.lock().expect("pipe lock");
        if pipe.reset {
            return Some(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let arrived = |(arrives, _): &&(Nanos, Bytes)| *arrives <= now;
        let there: usize = pipe.parts.iter().take_while(arrived).map(|(_, part)| part.len()).sum();
        if there == 0 || pipe.silent {
            let ended = pipe.closed && pipe.parts.is_empty() && !pipe.silent;
            return ended.then_some(Ok(0));
        }
        let most = there.min(buf.capacity() - buf.len());
        let n = match rng.chance(SPLIT_PERCENT) {
            true => 1 + rng.below(most as u64) as usize,
            false => most,
        };
        pipe.take(n, buf);
        Some(Ok(n))
    }

    /// Takes what fits of the parts after `done` bytes; the bytes taken.
    pub(super) fn send(&self, parts: &[Bytes], done: usize) -> io::Result<usize> {
        let arrives = self.net.arrival();
        let mut pipe = self.outgoing.lock().expect("pipe lock");
        if pipe.closed || pipe.reset {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let arrives = pipe.parts.back().map_or(arrives, |(last, _)| arrives.max(*last));
        let (mut skip, before) = (done, pipe.held_bytes);
        for part in parts {
            let room = PIPE_BYTES - pipe.held_bytes;
            let from = skip.min(part.len());
            skip -= from;
            let to = part.len().min(from + room);
            if from < to {
                // Copied: what is on the wire does not hold the sender's memory.
                pipe.parts.push_back((arrives, Bytes::copy_from_slice(&part[from..to])));
                pipe.held_bytes += to - from;
            }
            if to < part.len() {
                break;
            }
        }
        Ok(pipe.held_bytes - before)
    }
}

impl Pipe {
    fn take(&mut self, n: usize, buf: &mut BytesMut) {
        let mut left = n;
        while left > 0 {
            let (arrives, mut part) = self.parts.pop_front().expect("counted before");
            let rest = part.split_off(part.len().min(left));
            buf.put_slice(&part);
            left -= part.len();
            if !rest.is_empty() {
                self.parts.push_front((arrives, rest));
            }
        }
        self.held_bytes -= n;
    }
}

impl Drop for SimSocket {
    fn drop(&mut self) {
        self.shutdown();
    }
}
