//! The backend for places where io_uring is forbidden: epoll for sockets, I/O threads for files.
//!
//! Same contract as `uring`, more system calls and one thread hop for each disk operation. It is also
//! the baseline that shows what the ring is worth.

mod sockets;

use std::io;
use std::os::fd::AsRawFd;
use std::time::Duration;

use slab::Slab;

use crate::clock::{Clock, Nanos};
use crate::driver::Counters;
use crate::file::Fs;
use crate::jobs::{JobPool, Task};
use crate::mailbox::Waker;
use crate::op::{Completion, Done, Op, Token};
use crate::sys::{self, Epoll, Interest};
use sockets::{Readiness, SocketOp};

/// I/O threads per driver: a write and a sync may overlap, and a slow job must not stop them.
const IO_THREADS: usize = 4;

/// The longest sleep; a thread that wakes up once a minute costs nothing.
const PARK_MAX: Duration = Duration::from_secs(60);

/// The key under which epoll watches the waker's eventfd.
const WAKE: u64 = u64::MAX;

pub(crate) struct Posix {
    epoll: Epoll,
    slots: Slab<Slot>,
    readiness: Readiness,
    ended: Vec<Completion>,
    ready: Vec<u64>,
    jobs: JobPool,
    waker: Waker,
    clock: Clock,
    spin: Duration,
}

struct Slot {
    token: Token,
    /// `None` while an I/O thread has it.
    socket_op: Option<SocketOp>,
}

impl Posix {
    pub(crate) fn open(spin: Duration) -> io::Result<Self> {
        let epoll = Epoll::new()?;
        let waker = Waker::with_event()?;
        let jobs = JobPool::start(IO_THREADS, Fs::os(), waker.clone())?;
        epoll.watch(waker.event().as_raw_fd(), WAKE, Interest { read: true, write: false })?;
        Ok(Posix {
            epoll,
            slots: Slab::with_capacity(256),
            readiness: Readiness::default(),
            ended: Vec::new(),
            ready: Vec::new(),
            jobs,
            waker,
            clock: Clock::real(),
            spin,
        })
    }

    pub(crate) fn waker(&self) -> Waker {
        self.waker.clone()
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock.clone()
    }

    pub(crate) fn submit(&mut self, op: Op, token: Token) {
        match SocketOp::from_op(op) {
            Ok(socket_op) => {
                let slot = self.slots.insert(Slot { token, socket_op: Some(socket_op) });
                self.advance(slot);
            }
            Err(op) => {
                let slot = self.slots.insert(Slot { token, socket_op: None });
                self.jobs.run(slot, disk_task(op));
            }
        }
    }

    pub(crate) fn poll(&mut self, out: &mut Vec<Completion>, counters: &mut Counters) {
        self.collect(Duration::ZERO, counters);
        out.append(&mut self.ended);
    }

    pub(crate) fn wait(
        &mut self,
        out: &mut Vec<Completion>,
        until: Nanos,
        counters: &mut Counters,
    ) {
        let before = out.len();
        self.poll(out, counters);
        let spin_end = self.clock.now().after(self.spin).min(until);
        while out.len() == before && self.clock.now() < spin_end {
            if self.waker.take_ring() {
                counters.spin_hits += 1;
                return self.poll(out, counters);
            }
            self.poll(out, counters);
        }
        if out.len() > before || self.waker.take_ring() {
            return;
        }
        self.park(until, counters);
        out.append(&mut self.ended);
    }

    fn park(&mut self, until: Nanos, counters: &mut Counters) {
        let left = until.since(self.clock.now());
        if left.is_zero() || !self.waker.try_park() {
            return;
        }
        counters.parks += 1;
        self.collect(left.min(PARK_MAX), counters);
        self.waker.unpark();
    }

    /// Asks epoll once and moves everything on that can move.
    fn collect(&mut self, timeout: Duration, counters: &mut Counters) {
        counters.enters += 1;
        let mut ready = std::mem::take(&mut self.ready);
        self.epoll.wait(&mut ready, timeout);
        for key in ready.drain(..) {
            if key == WAKE {
                sys::drain(self.waker.event());
                let interest = Interest { read: true, write: false };
                drop(self.epoll.watch(self.waker.event().as_raw_fd(), WAKE, interest));
                continue;
            }
            for slot in self.readiness.take(key as i32) {
                self.advance(slot);
            }
        }
        self.ready = ready;
        while let Some((slot, result)) = self.jobs.finished() {
            self.job_finished(slot, result);
        }
    }

    fn job_finished(&mut self, slot: usize, result: io::Result<Done>) {
        match (&self.slots[slot].socket_op, result) {
            (Some(_), Ok(_)) => self.advance(slot),
            (_, result) => self.end(slot, result),
        }
    }

    /// Tries a socket operation once; what would block is tried again when epoll says so.
    fn advance(&mut self, slot: usize) {
        let op = self.slots[slot].socket_op.as_mut().expect("a socket operation");
        if let Some(populate) = op.needs_pages() {
            return self.jobs.run(slot, populate);
        }
        match op.attempt() {
            Ok(Some(done)) => self.end(slot, Ok(done)),
            Ok(None) => self.advance(slot),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                let (fd, interest) = (op.fd(), op.interest());
                let interest = self.readiness.add(fd, slot, interest);
                if let Err(e) = self.epoll.watch(fd, fd as u64, interest) {
                    self.readiness.take(fd);
                    self.end(slot, Err(e));
                }
            }
            Err(e) => self.end(slot, Err(e)),
        }
    }

    fn end(&mut self, slot: usize, result: io::Result<Done>) {
        let slot = self.slots.remove(slot);
        let result = match (result, slot.socket_op) {
            (Ok(Done::Received(_, n)), Some(SocketOp::Recv { buf, .. })) => {
                Ok(Done::Received(buf, n))
            }
            (result, _) => result,
        };
        self.ended.push(Completion { token: slot.token, result });
    }
}

fn disk_task(op: Op) -> Task {
    match op {
        Op::Write { file, at, bufs, durable } => {
            Box::new(move |_| file.write(&bufs, at, durable).map(|()| Done::Written))
        }
        Op::Read { file, at, mut buf } => Box::new(move |fs| {
            buf.set_len(buf.capacity());
            let n = fs.read_at(&file, at, &mut buf)?;
            buf.set_len(n);
            Ok(Done::Read(buf))
        }),
        Op::Sync { file } => Box::new(move |fs| fs.sync(&file).map(|()| Done::Synced)),
        Op::Job(job) => Box::new(move |fs| Ok(Done::Job(job(fs)))),
        Op::Accept { .. } | Op::Recv { .. } | Op::Send { .. } | Op::SendFile { .. } => {
            unreachable!("socket operations do not go to I/O threads")
        }
    }
}
