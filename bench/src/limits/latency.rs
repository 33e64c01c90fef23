//! Latencies of single operations: an HDR histogram and the percentiles that leave it.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Percentiles in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "percentiles say what they are")]
pub struct LatencyUs {
    pub count: u64,
    pub p50: f64,
    pub p99: f64,
    pub p99_9: f64,
    pub max: f64,
}

/// Collects durations.
pub struct Latencies {
    ns: Histogram<u64>,
}

impl Default for Latencies {
    fn default() -> Self {
        // A minute is longer than any single operation here; three digits are finer than the noise.
        let ns = Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("constant bounds");
        Latencies { ns }
    }
}

impl Latencies {
    /// Adds one.
    pub fn record(&mut self, took: Duration) {
        self.ns.saturating_record(took.as_nanos() as u64);
    }

    /// The percentiles; `None` when nothing was recorded.
    pub fn summary(&self) -> Option<LatencyUs> {
        let us = |percentile| self.ns.value_at_percentile(percentile) as f64 / 1e3;
        (!self.ns.is_empty()).then(|| LatencyUs {
            count: self.ns.len(),
            p50: us(50.0),
            p99: us(99.0),
            p99_9: us(99.9),
            max: self.ns.max() as f64 / 1e3,
        })
    }
}
