//! Latencies without averaging: an HDR histogram in nanoseconds, three significant digits, up to an
//! hour, and the forms in which it leaves the program.

use std::io::{self, Write};

use hdrhistogram::Histogram;
use headwater_io::clock::Nanos;

use crate::result::{CurvePoint, LatencyUs};

const LONGEST_NS: u64 = 3_600_000_000_000;
const DIGITS: u8 = 3;
/// How finely the tail is cut: this many points each time the distance to 100 % halves.
const TICKS_PER_HALF: u32 = 5;

/// A distribution of durations.
#[derive(Clone, Debug)]
pub struct Latencies {
    ns: Histogram<u64>,
}

impl Default for Latencies {
    fn default() -> Self {
        let ns = Histogram::new_with_bounds(1, LONGEST_NS, DIGITS).expect("constant bounds");
        Latencies { ns }
    }
}

impl Latencies {
    /// Adds the time from `from` to `to`; longer than an hour counts as an hour.
    pub fn record(&mut self, from: Nanos, to: Nanos) {
        self.ns.saturating_record(to.0.saturating_sub(from.0));
    }

    /// Adds `count` equal durations.
    pub fn record_many(&mut self, from: Nanos, to: Nanos, count: u64) {
        self.ns.saturating_record_n(to.0.saturating_sub(from.0), count);
    }

    /// How many were added.
    pub fn count(&self) -> u64 {
        self.ns.len()
    }

    /// The value below which `percentile` percent lie, in microseconds; 0 when empty.
    pub fn percentile_us(&self, percentile: f64) -> f64 {
        us(self.ns.value_at_percentile(percentile))
    }

    /// The usual percentiles; `None` when nothing was recorded.
    pub fn summary(&self) -> Option<LatencyUs> {
        (self.count() > 0).then(|| LatencyUs {
            count: self.count(),
            mean: us(self.ns.mean() as u64),
            p50: self.percentile_us(50.0),
            p90: self.percentile_us(90.0),
            p99: self.percentile_us(99.0),
            p99_9: self.percentile_us(99.9),
            p99_99: self.percentile_us(99.99),
            max: us(self.ns.max()),
        })
    }

    /// The percentile curve, for plots.
    pub fn curve(&self) -> Vec<CurvePoint> {
        let steps = self.ns.iter_quantiles(TICKS_PER_HALF);
        steps
            .map(|step| CurvePoint {
                // Six digits: what floating point adds to them is noise.
                percentile: (step.quantile_iterated_to() * 1e8).round() / 1e6,
                us: us(self.ns.highest_equivalent(step.value_iterated_to())),
            })
            .collect()
    }

    /// Writes the standard percentile table (`.hgrm`), in microseconds, as HdrHistogram's own tools
    /// print and plot it.
    pub fn write_hgrm(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "{:>12} {:>14} {:>10} {:>14}\n",
            "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
        )?;
        let mut count = 0;
        for step in self.ns.iter_quantiles(TICKS_PER_HALF) {
            count += step.count_since_last_iteration();
            let value = us(self.ns.highest_equivalent(step.value_iterated_to()));
            let quantile = step.quantile_iterated_to();
            write!(out, "{value:>12.3} {quantile:>1.12} {count:>10}")?;
            match quantile < 1.0 {
                true => writeln!(out, " {:>14.2}", 1.0 / (1.0 - quantile))?,
                false => writeln!(out)?,
            }
        }
        let (mean, deviation) = (self.ns.mean() / 1e3, self.ns.stdev() / 1e3);
        writeln!(out, "#[Mean    = {mean:>12.3}, StdDeviation   = {deviation:>12.3}]")?;
        writeln!(
            out,
            "#[Max     = {:>12.3}, Total count    = {:>12}]",
            us(self.ns.max()),
            self.count()
        )?;
        let (buckets, width) = (self.ns.buckets(), 1u32 << (DIGITS as u32 * 10 / 3 + 1));
        writeln!(out, "#[Buckets = {buckets:>12}, SubBuckets     = {width:>12}]")?;
        writeln!(out, "#[Unit    =           us]")
    }
}

fn us(ns: u64) -> f64 {
    ns as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hundred() -> Latencies {
        let mut latencies = Latencies::default();
        for i in 1..=100 {
            latencies.record(Nanos(5_000), Nanos(5_000 + i * 1_000_000));
        }
        latencies
    }

    #[test]
    fn percentiles_are_within_a_thousandth() {
        let summary = hundred().summary().unwrap();
        for (measured, exact) in [(summary.p50, 50e3), (summary.p99, 99e3), (summary.max, 100e3)] {
            assert!((measured - exact).abs() <= exact * 1e-3, "{measured} {exact}");
        }
        assert_eq!(summary.count, 100);
        assert_eq!(Latencies::default().summary(), None);
    }

    #[test]
    fn the_extremes_are_kept_not_dropped() {
        let mut latencies = Latencies::default();
        latencies.record(Nanos(10), Nanos(5));
        latencies.record(Nanos(0), Nanos(u64::MAX));
        assert_eq!(latencies.count(), 2);
        assert!(latencies.summary().unwrap().max >= LONGEST_NS as f64 / 1e3);
    }

    #[test]
    fn the_curve_rises_to_the_maximum() {
        let curve = hundred().curve();
        assert!(curve.windows(2).all(|w| w[0].percentile <= w[1].percentile && w[0].us <= w[1].us));
        let last = curve.last().unwrap();
        assert_eq!(last.percentile, 100.0);
        assert!((last.us - 100e3).abs() < 200.0);
    }

    #[test]
    fn the_percentile_table_has_the_standard_form() {
        let mut text = Vec::new();
        hundred().write_hgrm(&mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let mut lines = text.lines();
        assert_eq!(
            lines.next().unwrap().split_whitespace().collect::<Vec<_>>(),
            ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"]
        );
        let rows: Vec<Vec<f64>> = lines
            .skip(1)
            .take_while(|line| !line.starts_with('#'))
            .map(|line| line.split_whitespace().map(|n| n.parse().unwrap()).collect())
            .collect();
        assert!(rows.iter().all(|row| row.len() >= 3));
        assert_eq!(rows.last().unwrap()[2], 100.0);
        assert!(text.contains("Total count    =          100"));
    }
}
