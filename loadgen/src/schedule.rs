//! The open loop: when each record is *meant* to be sent, fixed before the run.
//!
//! Intended times are a pure function of (producer, sequence), so that they need not be stored with
//! the records, and nothing that happens during the run can move them: a broker that stalls is not
//! spared the records that were due meanwhile (no coordinated omission).
//!
//! Knows nothing of brokers or of what is late; [`crate::pace`] judges that.

use headwater_io::clock::Nanos;

/// Intended send times of all records of all producers.
///
/// Requests of all producers take turns: request `r` of producer `p` is number `r * producers + p`
/// of the whole run. With one record per request that spreads records evenly; with a fixed number of
/// records per request (`burst`), all records of a request are meant for the same instant.
#[derive(Clone, Debug)]
pub struct Schedule {
    start: Nanos,
    request_period_ns: f64,
    producers: u64,
    burst: u64,
}

impl Schedule {
    /// `rate_per_s` records a second, over `producers`, in bursts of `burst`, beginning at `start`.
    pub fn new(start: Nanos, rate_per_s: f64, producers: usize, burst: u32) -> Self {
        assert!(rate_per_s > 0.0 && producers > 0 && burst > 0);
        let burst = u64::from(burst);
        Schedule {
            start,
            request_period_ns: 1e9 * burst as f64 / rate_per_s,
            producers: producers as u64,
            burst,
        }
    }

    /// When record `sequence` (from 0) of `producer` is meant to be sent.
    pub fn intended(&self, producer: usize, sequence: u64) -> Nanos {
        let request = sequence / self.burst * self.producers + producer as u64;
        // f64 holds whole nanoseconds exactly for a hundred days.
        Nanos(self.start.0 + (request as f64 * self.request_period_ns) as u64)
    }

    /// How many records `producer` should have sent by `now`.
    pub fn due(&self, producer: usize, now: Nanos) -> u64 {
        let Some(elapsed) = now.0.checked_sub(self.start.0) else { return 0 };
        let requests = (elapsed as f64 / self.request_period_ns) as u64 + 1;
        let own = (requests + self.producers - 1).saturating_sub(producer as u64) / self.producers;
        // The division above and the multiplication in `intended` may round differently.
        let mut due = own * self.burst;
        while due > 0 && self.intended(producer, due - 1) > now {
            due -= self.burst;
        }
        while self.intended(producer, due) <= now {
            due += self.burst;
        }
        due
    }

    /// How many records all producers together are meant to have sent before `end`.
    pub fn offered_before(&self, end: Nanos) -> u64 {
        (0..self.producers as usize).map(|p| self.due(p, Nanos(end.0.saturating_sub(1)))).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn producers_take_turns_evenly() {
        let s = Schedule::new(Nanos(1000), 1e6, 2, 1);
        let times: Vec<u64> =
            (0..3).flat_map(|k| [s.intended(0, k).0, s.intended(1, k).0]).collect();
        assert_eq!(times, [1000, 2000, 3000, 4000, 5000, 6000]);
    }

    #[test]
    fn a_burst_shares_one_instant() {
        let s = Schedule::new(Nanos(0), 1e6, 1, 15);
        assert_eq!(s.intended(0, 0), s.intended(0, 14));
        assert_eq!(s.intended(0, 15), Nanos(15_000));
        assert_eq!((s.due(0, Nanos(14_999)), s.due(0, Nanos(15_000))), (15, 30));
    }

    #[test]
    fn due_is_the_inverse_of_intended() {
        // Rates whose period is not a whole number of nanoseconds are where rounding bites.
        for rate in [3.0, 7777.7, 100_000.0, 2_200_000.3] {
            for producers in [1, 3] {
                let s = Schedule::new(Nanos(123), rate, producers, 1);
                for p in 0..producers {
                    for sequence in (0..50).chain(1_000_000..1_000_050) {
                        let at = s.intended(p, sequence);
                        assert_eq!(s.due(p, at), sequence + 1, "{rate} {p} {sequence}");
                        assert_eq!(s.due(p, Nanos(at.0 - 1)), sequence);
                    }
                }
            }
        }
    }

    #[test]
    fn nothing_is_due_before_the_start_and_all_of_it_is_offered_by_the_end() {
        let s = Schedule::new(Nanos(500), 1000.0, 4, 1);
        assert_eq!(s.due(0, Nanos(499)), 0);
        assert_eq!(s.offered_before(Nanos(500 + 2_000_000_000)), 2000);
    }
}
