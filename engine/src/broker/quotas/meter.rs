//! One client's rate against its quota, as a bucket that fills up at the rate of the quota and that every answer takes
//! from. When it is overdrawn, the client waits until the debt is paid.
//!
//! Pure: whoever charges tells the time. Shared by all shards, since a client may have connections on several.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use headwater_io::clock::Nanos;

/// What one client has left of one quota.
#[derive(Debug)]
pub struct Meter {
    /// Bytes for each second.
    bytes_per_second: f64,
    /// What is in a full bucket, as the time that it takes to fill.
    window: Duration,
    /// When the bucket will be full if nothing more is taken.
    full_at: AtomicU64,
}

impl Meter {
    /// A full bucket.
    pub fn new(bytes_per_second: f64, window: Duration) -> Self {
        Meter { bytes_per_second, window, full_at: AtomicU64::new(0) }
    }

    /// Takes these bytes; how long to wait before the next ones.
    pub fn charge(&self, bytes: u64, now: Nanos) -> Duration {
        let seconds = bytes as f64 / self.bytes_per_second;
        let taken = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        let full_at = |before: u64| Nanos(before.max(now.0)).after(taken);
        let update = |before| Some(full_at(before).0);
        let before = self.full_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, update);
        let missing = full_at(before.unwrap_or_else(|before| before)).since(now);
        missing.saturating_sub(self.window)
    }

    /// Whether it is full: then it is as good as a new one.
    pub fn is_full(&self, now: Nanos) -> bool {
        self.full_at.load(Ordering::Relaxed) <= now.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn at(seconds: f64) -> Nanos {
        Nanos((seconds * SECOND as f64) as u64)
    }

    #[test]
    fn a_burst_of_a_window_is_free_and_a_debt_is_waited_for() {
        let meter = Meter::new(1000.0, Duration::from_secs(10));
        assert_eq!(meter.charge(10_000, at(100.0)), Duration::ZERO);
        assert_eq!(meter.charge(500, at(100.0)), Duration::from_millis(500));
        assert_eq!(meter.charge(0, at(100.25)), Duration::from_millis(250));
        assert_eq!(meter.charge(1000, at(101.5)), Duration::ZERO);
        assert!(!meter.is_full(at(111.4)) && meter.is_full(at(111.5)));
    }

    #[test]
    fn what_is_saved_up_is_one_window_at_most() {
        let meter = Meter::new(100.0, Duration::from_secs(1));
        assert_eq!(meter.charge(100, at(1000.0)), Duration::ZERO);
        assert_eq!(meter.charge(200, at(5000.0)), Duration::from_secs(1));
    }

    #[test]
    fn whatever_comes_when_the_rate_is_kept() {
        for seed in 0..50u64 {
            let (rate, window) = (1000.0 + seed as f64, Duration::from_secs(1 + seed % 5));
            let meter = Meter::new(rate, window);
            let (mut now, mut sent, mut mixed) = (0.0f64, 0u64, seed);
            for _ in 0..500 {
                mixed = mixed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let bytes = mixed >> 52;
                sent += bytes;
                // A client that waits as long as it is told, and no longer.
                now += meter.charge(bytes, at(now)).as_secs_f64();
            }
            let most = rate * (now + window.as_secs_f64()) + 4096.0;
            assert!((sent as f64) <= most, "seed {seed}: {sent} bytes in {now} s");
            assert!(sent as f64 >= rate * now * 0.999, "seed {seed}: held back too long");
        }
    }

    #[test]
    fn the_largest_numbers_saturate() {
        let meter = Meter::new(f64::MIN_POSITIVE, Duration::from_secs(10));
        assert!(meter.charge(u64::MAX, Nanos(u64::MAX - 1)) <= Duration::from_nanos(1));
        assert!(!meter.is_full(Nanos(0)));
    }
}
