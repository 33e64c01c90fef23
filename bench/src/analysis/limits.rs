//! The limits over all passes: what is compared with, and how much it moved meanwhile.

use serde::Serialize;

use crate::evidence::{LimitPass, Row};
use crate::limits::Limit;
use crate::limits::items::{self, What};
use crate::stats::{Stat, difference};

/// Limits over all passes, in the order in which they were measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LimitStats(pub Vec<LimitStat>);

/// One limit over all passes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LimitStat {
    /// Which item.
    pub id: String,
    /// What it is, for people.
    pub name: String,
    /// Group in tables.
    pub group: String,
    /// Operations per second.
    pub per_s: Stat,
    /// Bytes moved by one operation.
    pub bytes: u64,
    /// Millions of bytes per second.
    pub mb_per_s: Option<Stat>,
    /// Time of one operation.
    pub p50_us: Option<Stat>,
    /// 99th percentile.
    pub p99_us: Option<Stat>,
    /// 99.9th percentile.
    pub p99_9_us: Option<Stat>,
    /// Processor time of one operation.
    pub cpu_us_per_op: Stat,
    /// How far the first pass and the last differ in operations per second.
    pub drift: f64,
}

impl LimitStats {
    /// Of all passes among the rows.
    pub fn of(rows: &[Row]) -> LimitStats {
        let passes: Vec<&LimitPass> = rows
            .iter()
            .filter_map(|row| match row {
                Row::Limits(pass) => Some(pass),
                Row::Run(_) | Row::Scale(_) => None,
            })
            .collect();
        let first = passes.first().map(|pass| pass.limits.0.as_slice()).unwrap_or_default();
        LimitStats(first.iter().filter_map(|limit| over_passes(&limit.id, &passes)).collect())
    }

    /// The limit of an item, if it was measured.
    pub fn get(&self, what: What) -> Option<&LimitStat> {
        let id = what.id();
        self.0.iter().find(|limit| limit.id == id)
    }

    /// Of the limits that shares are made of, the one that moved most between the first pass and the
    /// last, and how much.
    pub fn worst_drift(&self) -> Option<(&LimitStat, f64)> {
        let key = [
            items::SEQUENTIAL_WRITE,
            items::WRITE_SYNC_4K,
            items::durable(16 << 10, 1),
            items::ROUND_TRIP,
        ];
        let drifts = key.into_iter().filter_map(|what| self.get(what)).map(|l| (l, l.drift));
        drifts.max_by(|a, b| a.1.total_cmp(&b.1))
    }
}

fn over_passes(id: &str, passes: &[&LimitPass]) -> Option<LimitStat> {
    let all: Vec<&Limit> = passes
        .iter()
        .filter_map(|pass| pass.limits.0.iter().find(|limit| limit.id == id))
        .collect();
    let (first, last) = (all.first()?, all.last()?);
    let stat = |pick: fn(&Limit) -> Option<f64>| Stat::of(all.iter().filter_map(|l| pick(l)));
    Some(LimitStat {
        id: first.id.clone(),
        name: first.name.clone(),
        group: first.group.clone(),
        per_s: stat(|l| Some(l.per_s))?,
        bytes: first.bytes,
        mb_per_s: stat(|l| l.mb_per_s),
        p50_us: stat(|l| Some(l.latency_us?.p50)),
        p99_us: stat(|l| Some(l.latency_us?.p99)),
        p99_9_us: stat(|l| Some(l.latency_us?.p99_9)),
        cpu_us_per_op: stat(|l| Some(l.cpu_us_per_op))?,
        drift: difference(first.per_s, last.per_s),
    })
}
