//! How much others took of this machine while something was measured: stolen time, load, and how
//! busy the processors were. A figure taken in bad weather is still a figure, but a reader must know.

use std::fs;

use serde::{Deserialize, Serialize};

/// Processor time of the whole machine so far, in ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ticks {
    total: u64,
    idle: u64,
    stolen: u64,
}

/// The weather of one stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Weather {
    /// Share of processor time that the hypervisor gave to others.
    pub stolen_share: f64,
    /// Share of processor time that was used, by anybody.
    pub busy_share: f64,
    /// Load average over one minute, at the end.
    pub load_average_1m: f64,
}

impl Ticks {
    /// Reads the counters now.
    pub fn now() -> Ticks {
        parse(&fs::read_to_string("/proc/stat").unwrap_or_default()).unwrap_or_default()
    }

    /// The weather from this reading until now.
    pub fn until_now(self) -> Weather {
        let loadavg = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = loadavg.split_whitespace().next().and_then(|n| n.parse().ok());
        between(self, Ticks::now(), load.unwrap_or(0.0))
    }
}

fn between(start: Ticks, end: Ticks, load_average_1m: f64) -> Weather {
    let total = end.total.saturating_sub(start.total).max(1) as f64;
    let share = |end: u64, start: u64| end.saturating_sub(start) as f64 / total;
    Weather {
        stolen_share: share(end.stolen, start.stolen),
        busy_share: (1.0 - share(end.idle, start.idle)).max(0.0),
        load_average_1m,
    }
}

/// First line of `/proc/stat`: user nice system idle iowait irq softirq steal (guest time is in user).
fn parse(stat: &str) -> Option<Ticks> {
    let line = stat.lines().find(|line| line.starts_with("cpu "))?;
    let fields: Vec<u64> = line.split_whitespace().skip(1).map_while(|n| n.parse().ok()).collect();
    let stolen = *fields.get(7)?;
    Some(Ticks { total: fields[..8].iter().sum(), idle: fields[3] + fields[4], stolen })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_the_time_between() {
        let start = parse("cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1").unwrap();
        let end = parse("cpu  150 0 100 720 100 0 0 30 0 0\ncpu0 1").unwrap();
        let weather = between(start, end, 1.5);
        assert!((weather.stolen_share - 0.3).abs() < 1e-9);
        assert!((weather.busy_share - 0.8).abs() < 1e-9);
        assert_eq!(parse("cpu 1 2 3"), None);
    }
}
