//! What the processor does: checksums, copies, and entering the ring.

use std::hint::black_box;
use std::io;
use std::time::{Duration, Instant};

use headwater_io::cpu;
use headwater_io::driver::{Backend, Driver};

use super::Sample;

/// CRC-32C over `bytes` that stay in the cache if they fit.
pub fn crc(bytes: usize, time: Duration) -> Sample {
    let data = vec![0xa5; bytes];
    repeat(bytes, time, || {
        black_box(crc32c::crc32c(black_box(&data)));
    })
}

/// Copying `bytes` from one buffer to another.
pub fn copy(bytes: usize, time: Duration) -> Sample {
    let from = vec![0xa5; bytes];
    let mut to = vec![0; bytes];
    repeat(bytes, time, || {
        to.copy_from_slice(black_box(&from));
        black_box(&mut to);
    })
}

/// Looking for completions on an idle ring: what a spinning shard does most of the time.
pub fn enter(backend: Backend, time: Duration) -> io::Result<Sample> {
    let mut driver = Driver::open(backend, Duration::ZERO)?;
    let mut out = Vec::new();
    Ok(repeat(0, time, || driver.poll(&mut out)))
}

fn repeat(bytes: usize, time: Duration, mut work: impl FnMut()) -> Sample {
    // Enough work between two looks at the clock that looking does not show.
    let per_look = ((64 << 10) / bytes.max(64)).max(1) as u64;
    // The first time also pays for memory that was never touched.
    work();
    let (start, cpu_start_ns, mut ops) = (Instant::now(), cpu::thread_cpu_ns(), 0);
    while start.elapsed() < time {
        for _ in 0..per_look {
            work();
        }
        ops += per_look;
    }
    let cpu_ns = cpu::thread_cpu_ns() - cpu_start_ns;
    Sample { ops, elapsed: start.elapsed(), bytes: bytes as u64, cpu_ns, latency_us: None }
}
