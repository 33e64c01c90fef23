//! Whether the generator itself kept the schedule, told apart from a broker that pushes back.
//!
//! *Lag* is the time from a record's intended moment until it was handed to its batch. A producer
//! whose buffer is full cannot hand over anything: that is the broker's doing, so records due while
//! it was full are excused up to the moment it had room again (their *latency* is not: it counts from
//! the intended time whatever happens). What lag remains is the generator's own, and if there is too
//! much of it no latency of the run may be believed.

use std::time::Duration;

use headwater_io::clock::Nanos;

use crate::latency::Latencies;
use crate::result::LatencyUs;

/// Lag that is always good enough, at the 99th percentile.
const LAG_US_ALLOWED: f64 = 1000.0;
/// Lag as a share of the latency measured, at the 99th percentile, that is good enough as well: when
/// a broker takes a second, it does not matter that the question was 5 ms late.
const LAG_SHARE_ALLOWED: f64 = 0.05;

/// Collects the lag of one run.
#[derive(Default)]
pub struct Pace {
    lag: Latencies,
}

impl Pace {
    /// `count` records meant for `intended` were handed over at `now`; the producer's buffer had been
    /// full until `full_until` (zero: never).
    pub fn handed_over(&mut self, intended: Nanos, now: Nanos, full_until: Nanos, count: u64) {
        self.lag.record_many(intended.max(full_until), now, count);
    }

    /// Longest lag.
    pub fn lag_us_max(&self) -> f64 {
        self.lag.percentile_us(100.0)
    }

    /// 99th percentile of lag.
    pub fn lag_us_p99(&self) -> f64 {
        self.lag.percentile_us(99.0)
    }

    /// Whether latencies may be believed; if not, why.
    pub fn judge(&self, latency: Option<&LatencyUs>) -> Result<(), String> {
        let lag = self.lag_us_p99();
        let allowed = latency.map_or(0.0, |l| l.p99 * LAG_SHARE_ALLOWED).max(LAG_US_ALLOWED);
        if lag <= allowed {
            return Ok(());
        }
        let late = Duration::from_nanos((lag * 1e3) as u64);
        Err(format!(
            "the generator could not keep the schedule (1 % of the records were handed over {late:.1?} \
             late or more): lower --rate, or give it a processor of its own"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn punctual_records_keep_the_schedule() {
        let mut pace = Pace::default();
        pace.handed_over(Nanos(100), Nanos(100 + MS / 2), Nanos(0), 1000);
        assert_eq!(pace.judge(None), Ok(()));
    }

    #[test]
    fn own_lateness_is_not_forgiven() {
        let mut pace = Pace::default();
        pace.handed_over(Nanos(100), Nanos(100 + 5 * MS), Nanos(0), 1000);
        let why = pace.judge(None).unwrap_err();
        assert!(why.contains("could not keep the schedule") && why.contains("5.0ms"), "{why}");
    }

    #[test]
    fn a_full_buffer_is_the_brokers_doing() {
        let mut pace = Pace::default();
        pace.handed_over(Nanos(100), Nanos(900 * MS), Nanos(900 * MS - 1000), 1000);
        assert_eq!(pace.judge(None), Ok(()));
        assert!(pace.lag_us_max() < 2.0);
    }

    #[test]
    fn lag_is_weighed_against_the_latency_measured() {
        let mut pace = Pace::default();
        pace.handed_over(Nanos(0), Nanos(5 * MS), Nanos(0), 1000);
        let mut slow = Latencies::default();
        slow.record(Nanos(0), Nanos(1000 * MS));
        assert_eq!(pace.judge(slow.summary().as_ref()), Ok(()));
    }
}
