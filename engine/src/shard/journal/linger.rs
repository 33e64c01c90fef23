//! How long a commit that could begin waits for company.
//!
//! Waiting pays only when somebody comes: a commit costs one write to the device however much is in it, so a
//! waiter may wait half of what that write takes if records arrive faster than that, and not at all if they
//! do not (io.md 1.3). Both are measured, as moving averages; pure.

use std::time::Duration;

use headwater_io::clock::Nanos;

/// `auto` waits no longer than this, whatever the device takes.
const AUTO_MAX: Duration = Duration::from_micros(500);
/// The weight of the newest value in an average: one part of so many.
const WEIGHT: u64 = 8;

/// See the module.
#[derive(Clone, Debug)]
pub struct Linger {
    wait: Wait,
    /// What a commit takes, averaged.
    commit: Average,
    /// Time between two appends, averaged.
    gap: Average,
    last_append: Option<Nanos>,
}

/// As configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Always so long.
    Fixed(Duration),
    /// As long as it pays.
    Auto,
}

#[derive(Clone, Copy, Debug, Default)]
struct Average(Option<u64>);

impl Average {
    fn add(&mut self, ns: u64) {
        let before = self.0.unwrap_or(ns);
        self.0 = Some(before - before / WEIGHT + ns / WEIGHT);
    }
}

impl Linger {
    /// Nothing is known about device and clients yet.
    pub fn new(wait: Wait) -> Self {
        let (commit, gap) = (Average::default(), Average::default());
        Linger { wait, commit, gap, last_append: None }
    }

    /// Records have arrived.
    pub fn appended(&mut self, now: Nanos) {
        if let Some(last) = self.last_append.replace(now) {
            self.gap.add(now.since(last).as_nanos() as u64);
        }
    }

    /// A commit is durable that began at `begun`.
    pub fn committed(&mut self, begun: Nanos, now: Nanos) {
        self.commit.add(now.since(begun).as_nanos() as u64);
    }

    /// How long the first waiter of a commit waits.
    pub fn wait(&self) -> Duration {
        let limit = match self.wait {
            Wait::Fixed(wait) => return wait,
            Wait::Auto => AUTO_MAX,
        };
        let (Some(commit), Some(gap)) = (self.commit.0, self.gap.0) else { return Duration::ZERO };
        let window = Duration::from_nanos(commit / 2).min(limit);
        match Duration::from_nanos(gap) < window {
            true => window,
            false => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(wait: Wait, gap_us: u64, commit_us: u64) -> Duration {
        let mut linger = Linger::new(wait);
        for n in 0..100 {
            let now = Nanos(n * gap_us * 1000);
            linger.appended(now);
            linger.committed(now, now.after(Duration::from_micros(commit_us)));
        }
        linger.wait()
    }

    #[test]
    fn waits_half_a_commit_when_company_will_come() {
        let us = Duration::from_micros;
        let near = |a: Duration, b: Duration| a.abs_diff(b) < us(2);
        assert!(near(after(Wait::Auto, 10, 200), us(100)));
        assert_eq!(after(Wait::Auto, 150, 200), us(0), "nobody comes in time");
        assert_eq!(after(Wait::Auto, 10, 5_000), AUTO_MAX);
        assert_eq!(after(Wait::Fixed(us(7)), 1_000, 200), us(7));
        assert_eq!(Linger::new(Wait::Auto).wait(), us(0), "nothing is known yet");
    }

    #[test]
    fn follows_a_change_of_load() {
        let mut linger = Linger::new(Wait::Auto);
        let mut now = Nanos(0);
        let mut run = |linger: &mut Linger, gap_us: u64| {
            for _ in 0..50 {
                now = now.after(Duration::from_micros(gap_us));
                linger.appended(now);
                linger.committed(now, now.after(Duration::from_micros(300)));
            }
            linger.wait()
        };
        assert!(!run(&mut linger, 20).is_zero());
        assert!(run(&mut linger, 1_000).is_zero());
        assert!(!run(&mut linger, 20).is_zero());
    }
}
