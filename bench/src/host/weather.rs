//! How much others took of this machine while something was measured: stolen time, load, and how
//! busy the processors were. A figure taken in bad weather is still a figure, but a reader must know.

use std::fs;

use serde::{Deserialize, Serialize};

/// Linux counts 100 ticks a second for programs, whatever it does inside.
const NS_PER_TICK: f64 = 1e7;

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
    /// Share of processor time that neither the bench nor its broker used: other programs, and the
    /// kernel on its own account.
    #[serde(default)]
    pub others_share: f64,
    /// Load average over one minute, at the end.
    pub load_average_1m: f64,
}

impl Ticks {
    /// Reads the counters now.
    pub fn now() -> Ticks {
        parse(&fs::read_to_string("/proc/stat").unwrap_or_default()).unwrap_or_default()
    }

    /// The weather from this reading until now; in this time the bench and its broker used `own_ns` of
    /// processor time.
    pub fn until_now(self, own_ns: u64) -> Weather {
        let loadavg = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = loadavg.split_whitespace().next().and_then(|n| n.parse().ok());
        let load_average_1m = load.unwrap_or(0.0);
        Weather { load_average_1m, ..between(self, Ticks::now(), own_ns) }
    }
}

fn between(start: Ticks, end: Ticks, own_ns: u64) -> Weather {
    let total = end.total.saturating_sub(start.total).max(1) as f64;
    let share = |end: u64, start: u64| end.saturating_sub(start) as f64 / total;
    let stolen_share = share(end.stolen, start.stolen);
    let busy_share = (1.0 - share(end.idle, start.idle)).max(0.0);
    let own_share = own_ns as f64 / NS_PER_TICK / total;
    let others_share = (busy_share - stolen_share - own_share).max(0.0);
    Weather { stolen_share, busy_share, others_share, load_average_1m: 0.0 }
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
        // 10 ticks of the 80 that were busy are ours, 30 were stolen.
        let weather = between(start, end, 100_000_000);
        assert!((weather.stolen_share - 0.3).abs() < 1e-9);
        assert!((weather.busy_share - 0.8).abs() < 1e-9);
        assert!((weather.others_share - 0.4).abs() < 1e-9);
        assert_eq!(parse("cpu 1 2 3"), None);
    }
}
