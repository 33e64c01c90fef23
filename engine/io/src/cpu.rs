//! Which processors this process may use, and pinning a thread to one of them.

use crate::sys;

/// The processors this process may run on, lowest first.
pub fn usable() -> Vec<usize> {
    sys::affinity()
}

/// Ties the calling thread to one processor. An error is not fatal: the thread merely may move.
pub fn pin(cpu: usize) -> std::io::Result<()> {
    sys::set_affinity(cpu)
}

/// Lets whoever needs a processor only for a moment interrupt the calling thread at once: above all the
/// kernel's own workers, which flush a disk behind each durable write and run on the processor that the
/// disk interrupted. Without it they wait for the next tick, 4 ms on many kernels, whenever a thread of
/// ours is busy there.
///
/// Done by asking for the longest time slice: the scheduler (EEVDF, Linux 6.12 and later) lets a waking
/// thread with a shorter one take over. It gives the thread no more time in all. Where it is refused
/// nothing changes.
pub fn yield_to_short_work() {
    sys::set_time_slice(TIME_SLICE_NS);
}

/// The longest slice that Linux accepts.
const TIME_SLICE_NS: u64 = 100_000_000;

/// CPU time of the whole process, in nanoseconds (user and system).
pub fn process_cpu_ns() -> u64 {
    sys::cpu_time_ns(libc::CLOCK_PROCESS_CPUTIME_ID)
}

/// CPU time of the calling thread, in nanoseconds (user and system).
pub fn thread_cpu_ns() -> u64 {
    sys::cpu_time_ns(libc::CLOCK_THREAD_CPUTIME_ID)
}
