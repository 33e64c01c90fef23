//! Completions out: one enter, a bounded reap, a short spin, then sleep.

use std::io;

use io_uring::types::{SubmitArgs, Timespec};

use super::flight::Flight;
use super::{Uring, WAKE};
use crate::clock::Nanos;
use crate::driver::Counters;
use crate::op::{Completion, Done};
use crate::socket;

impl Uring {
    pub(crate) fn poll(&mut self, out: &mut Vec<Completion>, counters: &mut Counters) {
        self.enter(counters);
        self.reap(out);
    }

    pub(crate) fn wait(
        &mut self,
        out: &mut Vec<Completion>,
        until: Nanos,
        counters: &mut Counters,
    ) {
        let before = out.len();
        self.poll(out, counters);
        if out.len() > before || self.waker.take_ring() {
            return;
        }
        if self.spin_for_work(until) {
            counters.spin_hits += 1;
            self.poll(out, counters);
            // A ring means letters, which only the caller can see.
            if out.len() > before || self.waker.take_ring() {
                return;
            }
        }
        if self.queued.is_empty() && self.clock.now() < until {
            self.park(until, counters);
        }
        self.reap(out);
    }

    /// Starts what is queued and lets the kernel post what is ready; no call when there is neither.
    fn enter(&mut self, counters: &mut Counters) {
        loop {
            let all = self.fill();
            let mut sq = self.ring.submission();
            sq.sync();
            if sq.is_empty() && !sq.taskrun() && !sq.cq_overflow() {
                return;
            }
            drop(sq);
            counters.enters += 1;
            match self.ring.submit() {
                Ok(_) => {}
                // Completions first: the kernel wants its queue emptied. The next tick tries again.
                Err(e)
                    if matches!(
                        e.raw_os_error(),
                        Some(libc::EBUSY | libc::EAGAIN | libc::EINTR)
                    ) =>
                {
                    return;
                }
                Err(e) => panic!("io_uring_enter failed, which leaves operations in limbo: {e}"),
            }
            if all {
                return;
            }
        }
    }

    /// Looks for work without a system call until `spin` has passed; true when there is some.
    fn spin_for_work(&mut self, until: Nanos) -> bool {
        if self.spin.is_zero() {
            return false;
        }
        let end = self.clock.now().after(self.spin).min(until);
        loop {
            for _ in 0..16 {
                if self.has_work() {
                    return true;
                }
                std::hint::spin_loop();
            }
            if self.clock.now() >= end {
                return false;
            }
            // Whoever else wants this processor, a kernel worker above all, shall not wait for a tick.
            std::thread::yield_now();
        }
    }

    fn has_work(&mut self) -> bool {
        let mut cq = self.ring.completion();
        cq.sync();
        if !cq.is_empty() {
            return true;
        }
        drop(cq);
        self.ring.submission().taskrun() || self.waker.rung()
    }

    fn park(&mut self, until: Nanos, counters: &mut Counters) {
        if !self.waker.try_park() {
            return;
        }
        counters.parks += 1;
        counters.enters += 1;
        let left = until.since(self.clock.now());
        let timeout = Timespec::from(left);
        let args = SubmitArgs::new().timespec(&timeout);
        // ETIME, EINTR and EBUSY all mean the same here: look again.
        drop(self.ring.submitter().submit_with_args(1, &args));
        self.waker.unpark();
    }

    fn reap(&mut self, out: &mut Vec<Completion>) {
        // Taken out first, handled afterwards: handling queues new entries into the same ring.
        let mut batch = std::mem::take(&mut self.reaped);
        batch.extend(self.ring.completion().map(|cqe| (cqe.user_data(), cqe.result())));
        for (key, result) in batch.drain(..) {
            if key == WAKE {
                self.arm_wake();
            } else {
                self.complete(key as usize, result);
            }
        }
        self.reaped = batch;
        while let Some((slot, result)) = self.jobs.finished() {
            self.job_finished(slot, result);
        }
        out.append(&mut self.ended);
    }

    fn job_finished(&mut self, slot: usize, result: io::Result<Done>) {
        match (&self.slots[slot].flight, result) {
            (Flight::SendFile { .. }, Ok(_)) => self.send_file(slot),
            (_, result) => self.end(slot, result),
        }
    }

    fn complete(&mut self, slot: usize, result: i32) {
        if result < 0 {
            let error = io::Error::from_raw_os_error(-result);
            if matches!(error.raw_os_error(), Some(libc::EINTR | libc::EAGAIN)) {
                return self.start(slot);
            }
            return self.end(slot, Err(error));
        }
        let n = result as usize;
        match &mut self.slots[slot].flight {
            Flight::Write { bufs, done, .. } => {
                *done += n;
                let left = bufs.iter().map(bytes::Bytes::len).sum::<usize>() - *done;
                self.end_or_continue(slot, n, left, Done::Written);
            }
            Flight::Send { parts, done, .. } => {
                *done += n;
                let left = parts.iter().map(bytes::Bytes::len).sum::<usize>() - *done;
                self.end_or_continue(slot, n, left, Done::Sent);
            }
            Flight::SendFile { .. } => self.send_file(slot),
            Flight::Read { .. } | Flight::Recv { .. } => self.end_filled(slot, n),
            Flight::Sync { .. } => self.end(slot, Ok(Done::Synced)),
            Flight::Accept { .. } => {
                let accepted = socket::accepted(result);
                self.end(slot, accepted.map(|(socket, peer)| Done::Accepted(socket, peer)));
            }
            Flight::Job => unreachable!("a job does not complete in the ring"),
        }
    }

    /// A short write is not a success: go on where it stopped.
    fn end_or_continue(&mut self, slot: usize, n: usize, left: usize, done: Done) {
        match (left, n) {
            (0, _) => self.end(slot, Ok(done)),
            (_, 0) => self.end(slot, Err(io::ErrorKind::WriteZero.into())),
            _ => self.start(slot),
        }
    }

    fn end_filled(&mut self, slot: usize, n: usize) {
        let slot = self.slots.remove(slot);
        let done = match slot.flight {
            Flight::Read { mut buf, .. } => {
                buf.set_len(n);
                Done::Read(buf)
            }
            Flight::Recv { mut buf, .. } => {
                // SAFETY: the kernel has initialised exactly `n` bytes of the spare capacity that it
                // was given.
                unsafe { bytes::BufMut::advance_mut(&mut buf, n) };
                Done::Received(buf, n)
            }
            _ => unreachable!("only reads fill buffers"),
        };
        self.ended.push(Completion { token: slot.token, result: Ok(done) });
    }
}
