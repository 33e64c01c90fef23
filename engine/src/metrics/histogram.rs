//! A histogram of times in buckets that grow with the time: two for each doubling, from 4 microseconds to 17 seconds.
//!
//! As HdrHistogram's, an entry costs a few instructions and no memory, and histograms of shards add up exactly. Unlike
//! it the buckets are few, because each becomes a line of every scrape: a quantile is known to within a third.

use std::time::Duration;

/// Bounds of the buckets; one more bucket is for what is longer.
pub const BOUNDS: usize = 45;

/// Times, counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    counts: [u64; BOUNDS + 1],
    sum_nanos: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram { counts: [0; BOUNDS + 1], sum_nanos: 0 }
    }
}

/// The longest time that bucket `n` holds, in nanoseconds: 4, 6, 8, 12, 16, 24, ... microseconds.
pub fn bound_nanos(n: usize) -> u64 {
    match n {
        0 => 4_000,
        n if n % 2 == 1 => 6_000 << (n / 2),
        n => 4_000 << (n / 2),
    }
}

/// The bucket of a time. With `q` the number of 2 µs behind it, rounded down: the highest bit of `q` is the doubling,
/// the bit below it the half of it.
fn bucket(nanos: u64) -> usize {
    let q = nanos.saturating_sub(1) / 2_000;
    if q < 2 {
        return 0;
    }
    let doubling = q.ilog2() as usize;
    let half = (q >> (doubling - 1)) as usize & 1;
    (2 * doubling - 1 + half).min(BOUNDS)
}

impl Histogram {
    /// Counts a time.
    pub fn record(&mut self, time: Duration) {
        let nanos = time.as_nanos() as u64;
        self.counts[bucket(nanos)] += 1;
        self.sum_nanos += nanos;
    }

    /// Counts everything that another one has counted.
    pub fn add(&mut self, other: &Histogram) {
        for (own, others) in self.counts.iter_mut().zip(&other.counts) {
            *own += others;
        }
        self.sum_nanos += other.sum_nanos;
    }

    /// How many times were counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// All of them together, in nanoseconds.
    pub fn sum_nanos(&self) -> u64 {
        self.sum_nanos
    }

    /// For each bound in order, how many were no longer.
    pub fn cumulative(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let counts = self.counts[..BOUNDS].iter().enumerate();
        counts.scan(0, |sum, (n, count)| {
            *sum += count;
            Some((bound_nanos(n), *sum))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_ends_at_its_bound_and_the_next_begins_behind_it() {
        for n in 0..BOUNDS {
            assert_eq!(bucket(bound_nanos(n)), n, "at the bound of {n}");
            assert_eq!(bucket(bound_nanos(n) + 1), n + 1, "behind the bound of {n}");
        }
        assert_eq!((bucket(0), bucket(u64::MAX)), (0, BOUNDS));
        assert_eq!(bound_nanos(BOUNDS - 1), 16_777_216_000);
    }

    #[test]
    fn what_was_counted_apart_adds_up() {
        let (mut one, mut other, mut both) =
            (Histogram::default(), Histogram::default(), Histogram::default());
        for n in 0..1000_u64 {
            let time = Duration::from_nanos(n * n * n);
            if n % 3 == 0 {
                one.record(time)
            } else {
                other.record(time)
            }
            both.record(time);
        }
        one.add(&other);
        assert_eq!(one, both);
        assert_eq!((both.count(), both.cumulative().count()), (1000, BOUNDS));
        let no_longer = (0..1000_u64).filter(|n| n * n * n <= 6_000).count() as u64;
        assert_eq!(both.cumulative().nth(1), Some((6_000, no_longer)));
    }
}
