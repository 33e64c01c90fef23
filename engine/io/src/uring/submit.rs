//! Operations in: each takes a slot and leaves an entry for the next enter.

use io_uring::squeue;

use super::flight::Flight;
use super::{Slot, Uring, WAKE};
use crate::op::{Completion, Done, Op, Token};

/// File bytes sent in one call: long enough to be cheap, short enough to let others run.
const SENDFILE_STEP: u64 = 256 << 10;

impl Uring {
    pub(crate) fn submit(&mut self, op: Op, token: Token) {
        let flight = match op {
            // To open a file takes a thread; the same thread writes.
            Op::Write { file, at, bufs, durable } if !file.is_open() => {
                let slot = self.slots.insert(Slot { token, flight: Flight::Job });
                let write = move |_: &_| file.write(&bufs, at, durable).map(|()| Done::Written);
                return self.jobs.run(slot, Box::new(write));
            }
            Op::Write { file, at, bufs, durable } => Flight::write(file, at, bufs, durable),
            Op::Read { file, at, buf } => Flight::Read { file, at, buf },
            Op::Sync { file } => Flight::Sync { file },
            Op::Accept { listener } => Flight::Accept { listener },
            Op::Recv { socket, mut buf } => {
                assert!(!buf.spare_capacity_mut().is_empty(), "no room to receive into");
                Flight::Recv { socket, buf }
            }
            Op::Send { socket, parts } => Flight::send(socket, parts),
            Op::SendFile { socket, file, at, len } => {
                let slot = self
                    .slots
                    .insert(Slot { token, flight: Flight::SendFile { socket, file, at, len } });
                return self.send_file(slot);
            }
            Op::Job(job) => {
                let slot = self.slots.insert(Slot { token, flight: Flight::Job });
                return self.jobs.run(slot, Box::new(move |fs| Ok(Done::Job(job(fs)))));
            }
        };
        let slot = self.slots.insert(Slot { token, flight });
        self.start(slot);
    }

    /// Queues the entry of a slot.
    pub(super) fn start(&mut self, slot: usize) {
        let entry = self.slots[slot].flight.entry().user_data(slot as u64);
        self.queued.push_back(entry);
    }

    /// Moves a file-to-socket transfer on: sends what is resident, then waits for pages (on an I/O
    /// thread) or for the socket (by poll). Never blocks.
    pub(super) fn send_file(&mut self, slot: usize) {
        let Flight::SendFile { socket, file, at, len } = &mut self.slots[slot].flight else {
            unreachable!("not a file transfer");
        };
        while *len > 0 {
            let step = (*len).min(SENDFILE_STEP);
            if !file.resident(*at, step) {
                let (file, at) = (file.clone(), *at);
                let populate = move |_: &_| file.populate(at, step).map(|()| Done::Sent);
                return self.jobs.run(slot, Box::new(populate));
            }
            match socket.send_file(file, *at, step as usize) {
                Ok(0) => return self.end(slot, Err(std::io::ErrorKind::UnexpectedEof.into())),
                Ok(n) => {
                    *at += n as u64;
                    *len -= n as u64;
                }
                Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => return self.start(slot),
                Err(e) => return self.end(slot, Err(e)),
            }
        }
        self.end(slot, Ok(Done::Sent));
    }

    pub(super) fn end(&mut self, slot: usize, result: std::io::Result<Done>) {
        let token = self.slots.remove(slot).token;
        self.ended.push(Completion { token, result });
    }

    /// Keeps one read of the eventfd in the ring: it completes when another thread rings.
    pub(super) fn arm_wake(&mut self) {
        use std::os::fd::AsRawFd;
        let event = io_uring::types::Fd(self.waker.event().as_raw_fd());
        let into = (&raw mut *self.wake_count).cast();
        self.queued.push_back(io_uring::opcode::Read::new(event, into, 8).build().user_data(WAKE));
    }

    /// Moves queued entries into the kernel's queue; true when all fitted.
    pub(super) fn fill(&mut self) -> bool {
        let mut sq = self.ring.submission();
        while let Some(entry) = self.queued.pop_front() {
            if !push(&mut sq, &entry) {
                self.queued.push_front(entry);
                return false;
            }
        }
        true
    }
}

fn push(sq: &mut squeue::SubmissionQueue<'_>, entry: &squeue::Entry) -> bool {
    // SAFETY: every pointer in the entry leads to memory owned by its slot (or by `wake_count`), and
    // a slot is removed only after its completion was reaped.
    unsafe { sq.push(entry) }.is_ok()
}
