//! A driver whose operations take virtual time drawn from the seed and end in virtual order.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use bytes::Bytes;

use super::World;
use super::net::SimSocket;
use crate::clock::{Clock, Nanos};
use crate::file::{FileKind, Fs};
use crate::mailbox::Waker;
use crate::op::{Completion, Done, Op, Token};
use crate::socket::{ListenerKind, Socket, SocketKind};

/// A disk operation takes between these, in nanoseconds.
const DISK_NS: (u64, u64) = (20_000, 400_000);
/// A socket operation takes up to this, in nanoseconds.
const SOCKET_NS: u64 = 10_000;
/// A slow disk operation takes this many times as long, at most.
const SLOW: u64 = 100;

pub(crate) struct SimDriver {
    world: World,
    pending: VecDeque<Pending>,
    waker: Waker,
}

struct Pending {
    due: Nanos,
    token: Token,
    op: Op,
    /// Of a write: its number on the disk. Of a send: the bytes already taken.
    progress: u64,
    /// Of a write whose file could not be opened.
    refused: Option<io::Error>,
}

impl Pending {
    /// When it ends; `None` while it waits for somebody else to do something.
    fn ready_at(&self) -> Option<Nanos> {
        let ready = match &self.op {
            Op::Accept { listener } => match &*listener.0 {
                ListenerKind::Sim(sim) => sim.is_ready().then_some(Nanos(0)),
                ListenerKind::Os(_) => None,
            },
            Op::Recv { socket, .. } => socket.sim().recv_ready(),
            Op::Send { socket, .. } | Op::SendFile { socket, .. } => socket.sim().send_ready(),
            _ => Some(Nanos(0)),
        };
        ready.map(|ready| ready.max(self.due))
    }
}

impl Socket {
    fn sim(&self) -> &SimSocket {
        match &*self.0 {
            SocketKind::Sim(sim) => sim,
            SocketKind::Os(_) => unreachable!("a real socket reached the simulation"),
        }
    }
}

impl SimDriver {
    pub(super) fn new(world: World) -> Self {
        SimDriver { world, pending: VecDeque::new(), waker: Waker::silent() }
    }

    pub(crate) fn waker(&self) -> Waker {
        self.waker.clone()
    }

    pub(crate) fn clock(&self) -> Clock {
        self.world.clock()
    }

    pub(crate) fn fs(&self) -> Fs {
        Fs::sim(self.world.disk.clone())
    }

    pub(crate) fn submit(&mut self, op: Op, token: Token) {
        let delay = match &op {
            Op::Write { .. } | Op::Read { .. } | Op::Sync { .. } | Op::Job(_) => {
                let slow = if self.world.disk.is_slow() { 1 + self.world.draw(SLOW) } else { 1 };
                slow * (DISK_NS.0 + self.world.draw(DISK_NS.1 - DISK_NS.0))
            }
            _ => self.world.draw(SOCKET_NS),
        };
        let (progress, refused) = match begin(&op) {
            Ok(progress) => (progress, None),
            Err(error) => (0, Some(error)),
        };
        let due = self.now().after(Duration::from_nanos(delay));
        self.pending.push_back(Pending { due, token, op, progress, refused });
    }

    /// Ends every operation that is due, earliest first.
    pub(crate) fn poll(&mut self, out: &mut Vec<Completion>) {
        let now = self.now();
        while let Some((n, _)) = self.earliest().filter(|(_, due)| *due <= now) {
            let mut pending = self.pending.remove(n).expect("index from `earliest`");
            match self.attempt(&mut pending) {
                Some(result) => out.push(Completion { token: pending.token, result }),
                None => {
                    pending.due = now.after(Duration::from_nanos(SOCKET_NS));
                    self.pending.push_back(pending);
                }
            }
        }
    }

    /// With one driver in the world, waiting is moving the clock to the next event.
    pub(crate) fn wait(&mut self, out: &mut Vec<Completion>, until: Nanos) {
        let before = out.len();
        self.poll(out);
        if self.waker.take_ring() || out.len() > before || self.world.is_held() {
            return;
        }
        // Whoever an operation waits for may have a driver of its own: a small step, then its turn.
        let waits = self.pending.iter().any(|pending| pending.ready_at().is_none());
        let look = waits.then(|| self.now().after(Duration::from_nanos(SOCKET_NS)));
        let next = [self.next_due(), look].into_iter().flatten().min();
        self.world.clock.advance_to(next.map_or(until, |next| next.min(until)));
        self.poll(out);
    }

    /// When the next operation ends, as far as is known; at once, when somebody has rung.
    pub(crate) fn next_due(&self) -> Option<Nanos> {
        if self.waker.rung() {
            return Some(Nanos(0));
        }
        self.earliest().map(|(_, due)| due)
    }

    fn now(&self) -> Nanos {
        self.world.clock().now()
    }

    /// The operation that ends first, and when. The first of equals, so that order of submission breaks ties.
    fn earliest(&self) -> Option<(usize, Nanos)> {
        let due = self.pending.iter().enumerate().filter_map(|(n, op)| Some((n, op.ready_at()?)));
        due.min_by_key(|(n, due)| (*due, *n))
    }

    fn attempt(&mut self, pending: &mut Pending) -> Option<io::Result<Done>> {
        match &mut pending.op {
            Op::Accept { listener } => match &*listener.0 {
                ListenerKind::Sim(sim) => sim.accept().map(|(s, peer)| Ok(Done::Accepted(s, peer))),
                ListenerKind::Os(_) => unreachable!("a real listener reached the simulation"),
            },
            Op::Recv { socket, buf } => {
                let sim = socket.sim();
                let now = self.world.clock().now();
                let n = sim.recv(buf, now, &mut self.world.rng.lock().expect("rng lock"))?;
                Some(n.map(|n| Done::Received(std::mem::take(buf), n)))
            }
            Op::Send { socket, parts } => send(socket, parts, &mut pending.progress),
            Op::SendFile { socket, file, at, len } => {
                let mut bytes = vec![0; *len as usize];
                let fs = Fs::sim(self.world.disk.clone());
                match fs.read_at(file, *at, &mut bytes) {
                    Ok(n) if n < bytes.len() => Some(Err(io::ErrorKind::UnexpectedEof.into())),
                    Ok(_) => send(socket, &[Bytes::from(bytes)], &mut pending.progress),
                    Err(e) => Some(Err(e)),
                }
            }
            op => Some(match pending.refused.take() {
                Some(error) => Err(error),
                None => self.disk_op(op, pending.progress),
            }),
        }
    }

    fn disk_op(&mut self, op: &mut Op, write: u64) -> io::Result<Done> {
        let fs = Fs::sim(self.world.disk.clone());
        match op {
            Op::Write { file, durable, .. } => {
                let FileKind::Sim(sim) = file.kind()? else { unreachable!("a real file") };
                sim.end_write(write, *durable).map(|()| Done::Written)
            }
            Op::Read { file, at, buf } => {
                buf.set_len(buf.capacity());
                let n = fs.read_at(file, *at, buf)?;
                buf.set_len(n);
                let empty = crate::buffer::AlignedBuf::unpooled(1);
                Ok(Done::Read(std::mem::replace(buf, empty)))
            }
            Op::Sync { file } => fs.sync(file).map(|()| Done::Synced),
            Op::Job(job) => {
                let job = std::mem::replace(job, Box::new(|_| Box::new(())));
                Ok(Done::Job(job(&fs)))
            }
            _ => unreachable!("a socket operation"),
        }
    }
}

/// What of an operation happens when it is submitted; see `Pending::progress`.
fn begin(op: &Op) -> io::Result<u64> {
    let Op::Write { file, at, bufs, .. } = op else { return Ok(0) };
    match file.kind()? {
        FileKind::Sim(sim) => Ok(sim.begin_write(*at, bufs.concat())),
        FileKind::Os(_) => unreachable!("a real file reached the simulation"),
    }
}

fn send(socket: &Socket, parts: &[Bytes], progress: &mut u64) -> Option<io::Result<Done>> {
    match socket.sim().send(parts, *progress as usize) {
        Ok(n) => *progress += n as u64,
        Err(e) => return Some(Err(e)),
    }
    let total: usize = parts.iter().map(Bytes::len).sum();
    (*progress == total as u64).then_some(Ok(Done::Sent))
}
