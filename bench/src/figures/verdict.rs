//! Goals against what was measured.

use serde::Serialize;

use super::{Bound, Goal, Metric};
use crate::analysis::{Analysis, CellSummary};
use crate::number;
use crate::stats::Stat;

/// One goal and what came out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// What was run.
    pub title: String,
    /// The quantity, with its unit.
    pub unit: String,
    /// The bound, in words.
    pub goal: String,
    /// What was measured; `None` when no run worked.
    pub measured: Option<Stat>,
    /// Whether the median keeps the bound.
    pub held: bool,
    /// What Kafka does when it syncs each request.
    pub kafka_synced: String,
    /// What Kafka does without a sync.
    pub kafka: String,
}

/// All goals whose cells were in the plan.
pub fn verdicts(goals: &[Goal], analysis: &Analysis) -> Vec<Verdict> {
    let in_plan = |goal: &Goal| {
        let over = goal.over.as_ref().map(|over| analysis.cell(over).ok_or(())).transpose();
        Some(verdict(goal, analysis.cell(&goal.cell)?, over.ok()?))
    };
    goals.iter().filter_map(in_plan).collect()
}

fn verdict(goal: &Goal, cell: &CellSummary, over: Option<&CellSummary>) -> Verdict {
    let (measured, unit) = match over {
        None => goal.metric.of(cell),
        Some(over) => (ratio(goal.metric.of(cell).0, goal.metric.of(over).0), "x"),
    };
    let (words, held) = match goal.bound {
        Bound::AtLeast(bound) => {
            ("at least", (bound, measured.is_some_and(|stat| stat.median >= bound)))
        }
        Bound::AtMost(bound) => {
            ("at most", (bound, measured.is_some_and(|stat| stat.median <= bound)))
        }
    };
    let (bound, held) = held;
    Verdict {
        title: goal.title.clone(),
        unit: unit.to_owned(),
        goal: format!("{words} {} {unit}", number::three(bound)),
        measured,
        held,
        kafka_synced: goal.kafka_synced.to_owned(),
        kafka: goal.kafka.to_owned(),
    }
}

/// The ratio of the medians; its extremes are those that any pair of repeats could have shown.
fn ratio(above: Option<Stat>, below: Option<Stat>) -> Option<Stat> {
    let (above, below) = (above?, below?);
    Some(Stat {
        median: above.median / below.median,
        min: above.min / below.max,
        max: above.max / below.min,
        count: above.count.min(below.count),
    })
    .filter(|ratio| ratio.median.is_finite())
}

impl Metric {
    fn of(self, cell: &CellSummary) -> (Option<Stat>, &'static str) {
        let scaled = |stat: Option<Stat>, factor| stat.map(|stat| stat.scaled(factor));
        match self {
            Metric::RequestsPerS => (cell.requests_per_s, "requests/s"),
            Metric::RecordsPerS => (cell.records_per_s, "records/s"),
            Metric::MbPerS => (cell.mb_per_s, "MB/s"),
            Metric::GbPerS => (scaled(cell.mb_per_s, 1e-3), "GB/s"),
            Metric::P50Ms => (scaled(cell.p50_us, 1e-3), "ms p50"),
            Metric::P99Ms => (scaled(cell.p99_us, 1e-3), "ms p99"),
            Metric::P99_9Ms => (scaled(cell.p99_9_us, 1e-3), "ms p99.9"),
            Metric::ResidentMb => (scaled(cell.resident_bytes, 1e-6), "MB"),
            Metric::Rolls => (cell.rolls, "rolls"),
            Metric::RestartS => (scaled(cell.restart_ms, 1e-3), "s"),
            Metric::ServeS => (scaled(cell.serve_ms, 1e-3), "s"),
            Metric::RestartResidentMb => (scaled(cell.restart_resident_bytes, 1e-6), "MB"),
            Metric::CpuUsPerRequest => (cell.cpu_us_per_request, "us"),
            Metric::CpuSPerGb => (cell.cpu_s_per_gb, "s"),
            Metric::StartMs => (cell.start_ms, "ms"),
            Metric::IdleMib => (scaled(cell.idle_resident_bytes, 1.0 / (1u64 << 20) as f64), "MiB"),
            Metric::BesideRatio => (cell.beside_ratio, "x"),
        }
    }
}
