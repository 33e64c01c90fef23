//! What the disk does with our ring: one file, pre-written as the engine's segments are, and a given
//! number of operations kept in flight for a given time.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use headwater_io::buffer::{AlignedBuf, BLOCK};
use headwater_io::clock::Nanos;
use headwater_io::cpu;
use headwater_io::driver::{Backend, Driver};
use headwater_io::file::{Access, File, Fs};
use headwater_io::op::{Completion, Done, Op, Token};
use headwater_io::probe::{self, DirectIo};

use super::latency::Latencies;
use super::{Sample, Settings};

const MIB: u64 = 1 << 20;

/// What is written comes from a memory this large, one piece after the other. A log never writes the
/// same bytes twice; out of one megabyte that stays in the processor's cache the disk seems a third
/// faster than anything that has data to write will ever see.
const PAYLOAD_BYTES: u64 = 64 * MIB;

/// What is done again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Write, no sync.
    Write,
    /// Write, no sync, out of the same memory every time.
    WriteSame,
    /// Read.
    Read,
    /// Write that completes when durable (`RWF_DSYNC`).
    WriteDurable,
    /// Write, then `fdatasync`; both count as one operation.
    WriteThenSync,
    /// `fdatasync` with nothing new to write.
    Sync,
    /// As `WriteDurable`, but at the end of a file that grows with it.
    ExtendDurable,
    /// As `WriteDurable`, into blocks that are allocated but were never written.
    AllocatedDurable,
}

/// One kind of operation, and how many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// What.
    pub verb: Verb,
    /// Bytes of one operation.
    pub bytes: usize,
    /// Operations in flight.
    pub depth: usize,
}

impl Job {
    /// Whether looking for the completion without sleeping brings it sooner.
    ///
    /// Bandwidth does not need it, and without it the processor time is the work's own. A durable
    /// write even suffers: the kernel finishes it in a worker tied to the processor that took the
    /// device's interrupt, and a thread that spins there keeps the worker from running. (4 KiB here:
    /// 90 us asleep, 220 us with 200 us of spinning, 1,020 us with 1,000.)
    fn may_spin(self) -> bool {
        self.depth < 8 && matches!(self.verb, Verb::Write | Verb::WriteSame | Verb::Read)
    }
}

/// The file that limits are measured on; removed when dropped.
pub struct Scratch {
    fs: Fs,
    path: PathBuf,
    other_path: PathBuf,
    file: File,
    file_bytes: u64,
    access: Access,
    backend: Backend,
    payload: Bytes,
}

impl Scratch {
    /// Makes the file and writes all of it once: overwriting written blocks changes no metadata, and
    /// that is how the engine writes its segments.
    pub fn create(dir: &Path, file_bytes: u64, backend: Backend) -> io::Result<Scratch> {
        let fs = Fs::os();
        let path = dir.join("limits");
        let access = match probe::direct_io(dir)? {
            DirectIo::Works => Access::WriteDirect,
            DirectIo::Refused => Access::Write,
        };
        let file = fs.create_new(&path, access)?;
        // From here on `Drop` cleans up, also when the disk is full.
        let payload = noise(PAYLOAD_BYTES as usize);
        let other_path = dir.join("limits-other");
        let scratch = Scratch { fs, path, other_path, file, file_bytes, access, backend, payload };
        scratch.fs.allocate(&scratch.file, file_bytes)?;
        let mut write = Walk::new(&scratch, Duration::ZERO)?;
        let job = Job { verb: Verb::Write, bytes: MIB as usize, depth: 8 };
        write.run(job, &scratch.file, Stop::After(file_bytes / MIB))?;
        scratch.fs.sync(&scratch.file)?;
        Ok(scratch)
    }

    /// Does `job` for the time of one item.
    pub fn run(&mut self, job: Job, settings: Settings) -> io::Result<Sample> {
        let spin = if job.may_spin() { settings.spin } else { Duration::ZERO };
        let file = match job.verb {
            Verb::ExtendDurable | Verb::AllocatedDurable => self.other_file(job)?,
            _ => self.file.clone(),
        };
        // Earlier items may have left dirty data behind; it is not this one's bill.
        self.fs.sync(&file)?;
        Walk::new(self, spin)?.run(job, &file, Stop::At(Instant::now() + settings.item_time))
    }

    fn other_file(&self, job: Job) -> io::Result<File> {
        if self.fs.exists(&self.other_path) {
            self.fs.remove_file(&self.other_path)?;
        }
        let file = self.fs.create_new(&self.other_path, self.access)?;
        if job.verb == Verb::AllocatedDurable {
            self.fs.allocate(&file, self.file_bytes)?;
        }
        Ok(file)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        for path in [&self.path, &self.other_path] {
            // An error means that it was never made.
            drop(self.fs.remove_file(path));
        }
    }
}

#[derive(Clone, Copy)]
enum Stop {
    At(Instant),
    After(u64),
}

/// One driver walking over a file.
struct Walk {
    driver: Driver,
    payload: Bytes,
    file_bytes: u64,
    /// Next operation's place in the file.
    at: u64,
    started: Vec<Instant>,
    spare: Vec<AlignedBuf>,
}

impl Walk {
    fn new(scratch: &Scratch, spin: Duration) -> io::Result<Walk> {
        Ok(Walk {
            driver: Driver::open(scratch.backend, spin)?,
            payload: scratch.payload.clone(),
            file_bytes: scratch.file_bytes,
            at: 0,
            started: Vec::new(),
            spare: Vec::new(),
        })
    }

    fn run(&mut self, job: Job, file: &File, stop: Stop) -> io::Result<Sample> {
        let mut latencies = Latencies::default();
        let (start, cpu_start_ns) = (Instant::now(), cpu::process_cpu_ns());
        self.started = vec![start; job.depth];
        self.spare = match job.verb {
            Verb::Read => (0..job.depth).map(|_| AlignedBuf::unpooled(job.bytes)).collect(),
            _ => Vec::new(),
        };
        let may_start = |started: u64| match stop {
            Stop::At(end) => Instant::now() < end,
            Stop::After(ops) => started < ops,
        };
        let (mut begun, mut ended, mut out) = (0, 0, Vec::new());
        // One at least, however late this thread got its processor.
        while begun < job.depth as u64 && (begun == 0 || may_start(begun)) {
            self.begin(job, file, begun as usize);
            begun += 1;
        }
        while ended < begun {
            self.driver.wait(&mut out, Nanos(u64::MAX));
            for Completion { token, result } in out.drain(..) {
                let slot = token.0 as usize;
                match result? {
                    Done::Written if job.verb == Verb::WriteThenSync => {
                        self.driver.submit(Op::Sync { file: file.clone() }, token);
                        continue;
                    }
                    Done::Read(buf) => self.spare.push(buf),
                    _ => {}
                }
                latencies.record(self.started[slot].elapsed());
                ended += 1;
                if may_start(begun) {
                    self.begin(job, file, slot);
                    begun += 1;
                }
            }
        }
        let cpu_ns = cpu::process_cpu_ns() - cpu_start_ns;
        let latency_us = latencies.summary();
        Ok(Sample {
            ops: ended,
            elapsed: start.elapsed(),
            bytes: job.bytes as u64,
            cpu_ns,
            latency_us,
        })
    }

    fn begin(&mut self, job: Job, file: &File, slot: usize) {
        self.started[slot] = Instant::now();
        let at = self.next_place(job);
        let file = file.clone();
        let op = match job.verb {
            Verb::Read => {
                let mut buf = self.spare.pop().expect("as many buffers as operations");
                buf.set_len(0);
                Op::Read { file, at, buf }
            }
            Verb::Sync => Op::Sync { file },
            Verb::Write | Verb::WriteSame | Verb::WriteThenSync => {
                Op::Write { file, at, bufs: vec![self.piece(at, job)], durable: false }
            }
            Verb::WriteDurable | Verb::ExtendDurable | Verb::AllocatedDurable => {
                Op::Write { file, at, bufs: vec![self.piece(at, job)], durable: true }
            }
        };
        self.driver.submit(op, Token(slot as u64));
    }

    fn piece(&self, at: u64, job: Job) -> Bytes {
        if job.verb == Verb::WriteSame {
            return self.payload.slice(..job.bytes);
        }
        let from = at as usize % (self.payload.len() + 1 - job.bytes);
        self.payload.slice(from - from % BLOCK..).slice(..job.bytes)
    }

    fn next_place(&mut self, job: Job) -> u64 {
        let bytes = job.bytes as u64;
        if self.at + bytes > self.file_bytes && job.verb != Verb::ExtendDurable {
            self.at = 0;
        }
        let at = self.at;
        self.at += bytes;
        at
    }
}

/// Bytes that neither a disk nor a hypervisor can shrink (splitmix64).
fn noise(bytes: usize) -> Bytes {
    let mut buf = AlignedBuf::unpooled(bytes);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    while buf.spare() > 0 {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        buf.extend_from(&(z ^ (z >> 31)).to_le_bytes());
    }
    buf.freeze()
}
