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

/// CPU time of the whole process, in nanoseconds (user and system).
pub fn process_cpu_ns() -> u64 {
    sys::cpu_time_ns(libc::CLOCK_PROCESS_CPUTIME_ID)
}

/// CPU time of the calling thread, in nanoseconds (user and system).
pub fn thread_cpu_ns() -> u64 {
    sys::cpu_time_ns(libc::CLOCK_THREAD_CPUTIME_ID)
}
