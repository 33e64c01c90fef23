//! What another process has used: the broker beside the bench, seen from outside.

use std::fs;
use std::path::PathBuf;

use headwater_io::cpu;

/// A process that can be looked at for as long as it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process(pub u32);

impl Process {
    /// Processor time of all its threads, in nanoseconds.
    ///
    /// `task/*/schedstat` counts nanoseconds; `stat`, the fallback, counts ticks of 10 ms but also
    /// knows about threads that have ended.
    pub fn cpu_ns(self) -> Option<u64> {
        // Our own clock has threads that have ended in it: an engine in this process ends before we look.
        if self.0 == std::process::id() {
            return Some(cpu::process_cpu_ns());
        }
        self.cpu_ns_of_threads().or_else(|| {
            let stat = fs::read_to_string(self.path("stat")).ok()?;
            Some(parse_ticks(&stat)? * 10_000_000)
        })
    }

    fn cpu_ns_of_threads(self) -> Option<u64> {
        let mut total_ns = 0;
        for task in fs::read_dir(self.path("task")).ok()? {
            let text = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
            total_ns += text.split_whitespace().next()?.parse::<u64>().ok()?;
        }
        Some(total_ns)
    }

    /// Memory that is resident now, in bytes.
    pub fn resident_bytes(self) -> Option<u64> {
        let status = fs::read_to_string(self.path("status")).ok()?;
        parse_kib(&status, "VmRSS:")
    }

    /// Whether it is still there.
    pub fn alive(self) -> bool {
        self.path("").exists()
    }

    fn path(self, file: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}", self.0)).join(file)
    }
}

/// User and system ticks. The name in brackets may hold spaces and brackets, so count from its end.
fn parse_ticks(stat: &str) -> Option<u64> {
    let after = &stat[stat.rfind(')')? + 1..];
    let mut fields = after.split_whitespace().skip(11).map(str::parse::<u64>);
    Some(fields.next()?.ok()? + fields.next()?.ok()?)
}

fn parse_kib(status: &str, field: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with(field))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_found_behind_any_name() {
        let stat = "12 (a b) (c) S 1 12 12 0 -1 4194560 100 0 0 0 70 30 0 0 20 0 3 0 1 2 3";
        assert_eq!(parse_ticks(stat), Some(100));
        assert_eq!(parse_ticks("nonsense"), None);
    }

    #[test]
    fn this_process_has_used_something() {
        let me = Process(std::process::id());
        assert!(me.alive());
        assert!(me.cpu_ns().unwrap() > 0);
        assert!(me.resident_bytes().unwrap() > 100 << 10);
        assert!(!Process(u32::MAX).alive());
    }

    #[test]
    fn memory_is_in_kib() {
        assert_eq!(parse_kib("Name: x\nVmRSS:\t  30 kB\n", "VmRSS:"), Some(30_720));
    }
}
