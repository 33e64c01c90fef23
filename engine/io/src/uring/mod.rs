//! The io_uring backend: one ring per thread, submissions gathered and entered once a tick.
//!
//! `setup` makes the ring, `flight` holds what the kernel holds, `submit` turns operations into
//! entries, `reap` turns completions into results and sleeps when there are none.

mod flight;
mod reap;
mod setup;
mod submit;

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use io_uring::{IoUring, squeue};
use slab::Slab;

pub(crate) use setup::{Features, RING_BYTES};

use crate::clock::Clock;
use crate::file::Fs;
use crate::jobs::JobPool;
use crate::mailbox::Waker;
use crate::op::{Completion, Token};
use flight::Flight;

/// `user_data` of the read that wakes the ring; no slot has this key.
const WAKE: u64 = u64::MAX;

/// I/O threads for jobs. Two, so that preparing the next segment never waits behind a slow deletion.
const JOB_THREADS: usize = 2;

pub(crate) struct Uring {
    ring: IoUring,
    features: Features,
    slots: Slab<Slot>,
    /// Entries for the next enter; the kernel's queue may be smaller than what a tick produces.
    queued: VecDeque<squeue::Entry>,
    /// Operations that ended without the ring (jobs, sendfile, refused sockets).
    ended: Vec<Completion>,
    /// Scratch for `reap`: (slot, result) as taken off the completion queue.
    reaped: Vec<(u64, i32)>,
    jobs: JobPool,
    waker: Waker,
    wake_count: Box<u64>,
    clock: Clock,
    spin: Duration,
}

struct Slot {
    token: Token,
    flight: Flight,
}

impl Uring {
    pub(crate) fn open(spin: Duration) -> io::Result<Self> {
        let (ring, features) = setup::ring()?;
        let waker = Waker::with_event()?;
        let jobs = JobPool::start(JOB_THREADS, Fs::os(), waker.clone())?;
        let mut uring = Uring {
            ring,
            features,
            slots: Slab::with_capacity(256),
            queued: VecDeque::with_capacity(256),
            ended: Vec::new(),
            reaped: Vec::new(),
            jobs,
            waker,
            wake_count: Box::new(0),
            clock: Clock::real(),
            spin,
        };
        uring.arm_wake();
        Ok(uring)
    }

    pub(crate) fn features(&self) -> Features {
        self.features
    }

    pub(crate) fn waker(&self) -> Waker {
        self.waker.clone()
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock.clone()
    }
}

impl Drop for Uring {
    /// The kernel may still write into buffers that slots own. Closing the ring cancels what is in
    /// flight, but asynchronously; leaking those few buffers is the only safe thing to do.
    fn drop(&mut self) {
        std::mem::forget(std::mem::take(&mut self.slots));
        std::mem::forget(std::mem::take(&mut self.wake_count));
    }
}
