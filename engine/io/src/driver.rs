//! One thread's access to the outside world: submit operations, reap completions, sleep, wake.
//!
//! A [`Driver`] belongs to the thread that made it. The choice of backend is an enum here and a type
//! parameter nowhere: an operation costs microseconds, a predictable branch does not matter.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::Duration;

use crate::clock::{Clock, Nanos};
use crate::file::Fs;
use crate::mailbox::Waker;
use crate::op::{Completion, Op, Token};
use crate::posix::Posix;
use crate::sim::driver::SimDriver;
use crate::uring::Uring;

/// Which implementation stands behind a driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// One io_uring per thread.
    Uring,
    /// epoll and I/O threads.
    Posix,
    /// In memory, from a seed.
    Sim,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Backend::Uring => "uring",
            Backend::Posix => "posix",
            Backend::Sim => "sim",
        })
    }
}

impl FromStr for Backend {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        match s {
            "uring" => Ok(Backend::Uring),
            "posix" => Ok(Backend::Posix),
            other => Err(format!("unknown backend {other:?}: say uring or posix")),
        }
    }
}

/// What a driver has done since it was opened; only ever grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Operations submitted.
    pub ops: u64,
    /// Disk writes, and how many of them were durable ones.
    pub writes: u64,
    /// Writes that carried `durable`.
    pub durable_writes: u64,
    /// Bytes written to files.
    pub written_bytes: u64,
    /// Separate syncs.
    pub syncs: u64,
    /// System calls that entered the ring (uring) or asked epoll (posix).
    pub enters: u64,
    /// Times the thread slept.
    pub parks: u64,
    /// Times a spin found work before it ended.
    pub spin_hits: u64,
}

/// One thread's ring (or its stand-in).
pub struct Driver {
    kind: Kind,
    counters: Counters,
}

enum Kind {
    Uring(Box<Uring>),
    Posix(Box<Posix>),
    Sim(SimDriver),
}

impl Driver {
    /// Opens a real backend for the calling thread. `spin` is how long [`Driver::wait`] looks for work
    /// before it sleeps.
    ///
    /// # Errors
    /// When the kernel refuses the ring; [`crate::probe`] says what to do then.
    pub fn open(backend: Backend, spin: Duration) -> io::Result<Self> {
        let kind = match backend {
            Backend::Uring => Kind::Uring(Box::new(Uring::open(spin)?)),
            Backend::Posix => Kind::Posix(Box::new(Posix::open(spin)?)),
            Backend::Sim => {
                return Err(io::Error::other("a simulated driver comes from a simulated world"));
            }
        };
        Ok(Driver { kind, counters: Counters::default() })
    }

    pub(crate) fn simulated(driver: SimDriver) -> Self {
        Driver { kind: Kind::Sim(driver), counters: Counters::default() }
    }

    /// Queues an operation. It starts at the next [`Driver::poll`] or [`Driver::wait`] at the latest.
    pub fn submit(&mut self, op: Op, token: Token) {
        self.count(&op);
        match &mut self.kind {
            Kind::Uring(uring) => uring.submit(op, token),
            Kind::Posix(posix) => posix.submit(op, token),
            Kind::Sim(sim) => sim.submit(op, token),
        }
    }

    /// Starts what was queued and adds everything that has completed to `out`; never blocks.
    pub fn poll(&mut self, out: &mut Vec<Completion>) {
        match &mut self.kind {
            Kind::Uring(uring) => uring.poll(out, &mut self.counters),
            Kind::Posix(posix) => posix.poll(out, &mut self.counters),
            Kind::Sim(sim) => sim.poll(out),
        }
    }

    /// As [`Driver::poll`], but returns only when something completed, the waker was rung, or it is
    /// `until` (now and then also for nothing). (A simulated driver moves its world's clock instead of waiting.)
    pub fn wait(&mut self, out: &mut Vec<Completion>, until: Nanos) {
        match &mut self.kind {
            Kind::Uring(uring) => uring.wait(out, until, &mut self.counters),
            Kind::Posix(posix) => posix.wait(out, until, &mut self.counters),
            Kind::Sim(sim) => sim.wait(out, until),
        }
    }

    /// When the next operation of a simulated driver ends; `None` on a real one.
    pub fn next_due(&self) -> Option<Nanos> {
        match &self.kind {
            Kind::Sim(sim) => sim.next_due(),
            _ => None,
        }
    }

    /// Wakes this driver's thread from another one.
    pub fn waker(&self) -> Waker {
        match &self.kind {
            Kind::Uring(uring) => uring.waker(),
            Kind::Posix(posix) => posix.waker(),
            Kind::Sim(sim) => sim.waker(),
        }
    }

    /// The clock that goes with this backend.
    pub fn clock(&self) -> Clock {
        match &self.kind {
            Kind::Uring(uring) => uring.clock(),
            Kind::Posix(posix) => posix.clock(),
            Kind::Sim(sim) => sim.clock(),
        }
    }

    /// The file system that goes with this backend.
    pub fn fs(&self) -> Fs {
        match &self.kind {
            Kind::Uring(_) | Kind::Posix(_) => Fs::os(),
            Kind::Sim(sim) => sim.fs(),
        }
    }

    /// Which backend this is.
    pub fn backend(&self) -> Backend {
        match &self.kind {
            Kind::Uring(_) => Backend::Uring,
            Kind::Posix(_) => Backend::Posix,
            Kind::Sim(_) => Backend::Sim,
        }
    }

    /// What it has done so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    fn count(&mut self, op: &Op) {
        self.counters.ops += 1;
        match op {
            Op::Write { bufs, durable, .. } => {
                self.counters.writes += 1;
                self.counters.durable_writes += u64::from(*durable);
                self.counters.written_bytes += bufs.iter().map(|b| b.len() as u64).sum::<u64>();
            }
            Op::Sync { .. } => self.counters.syncs += 1,
            _ => {}
        }
    }
}
