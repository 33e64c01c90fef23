//! The points that no other point beats in both throughput and latency, and the best one for a goal.

use serde::Serialize;

use crate::analysis::CellSummary;

/// One setting at one offered rate that it kept up with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// linger, batch size and requests in flight.
    pub series: String,
    /// Name of the cell.
    pub cell: String,
    /// Median over the repeats.
    pub records_per_s: f64,
    /// Median over the repeats.
    pub p50_ms: f64,
    /// Median over the repeats.
    pub p99_ms: f64,
    /// Processor time of the broker for a million records, if known.
    pub cpu_s_per_million: Option<f64>,
    /// Whether no other point has both more throughput and less latency.
    pub on_frontier: bool,
}

/// Throughputs closer than this are the same: an offered rate is met to within it.
const SAME_RATE: f64 = 0.01;

/// All points of a sweep, by throughput.
pub fn points(cells: &[CellSummary]) -> Vec<Point> {
    let mut points: Vec<Point> = cells.iter().filter_map(point).collect();
    points.sort_by(|a, b| {
        a.records_per_s.total_cmp(&b.records_per_s).then(b.p99_ms.total_cmp(&a.p99_ms))
    });
    let frontier: Vec<bool> =
        points.iter().map(|point| !points.iter().any(|other| beats(other, point))).collect();
    points.iter_mut().zip(frontier).for_each(|(point, on)| point.on_frontier = on);
    points
}

/// The point with the highest throughput whose 99th percentile stays below the goal; of equals the
/// one with less latency.
pub fn best(points: &[Point], p99_ms_goal: f64) -> Option<&Point> {
    let good = points.iter().filter(|point| point.on_frontier && point.p99_ms <= p99_ms_goal);
    good.max_by(|a, b| {
        a.records_per_s.total_cmp(&b.records_per_s).then(b.p99_ms.total_cmp(&a.p99_ms))
    })
}

fn point(cell: &CellSummary) -> Option<Point> {
    // One repeat that fell behind is enough: its queue only grows.
    if cell.fell_behind > 0 || !cell.errors.is_empty() {
        return None;
    }
    Some(Point {
        series: cell.cell.series.clone(),
        cell: cell.cell.id.clone(),
        records_per_s: cell.records_per_s?.median,
        p50_ms: cell.p50_us?.median / 1e3,
        p99_ms: cell.p99_us?.median / 1e3,
        cpu_s_per_million: cell.cpu_s_per_million.map(|cpu| cpu.median),
        on_frontier: false,
    })
}

fn beats(other: &Point, point: &Point) -> bool {
    let as_fast = other.records_per_s >= point.records_per_s * (1.0 - SAME_RATE);
    let faster = other.records_per_s > point.records_per_s * (1.0 + SAME_RATE);
    (as_fast && other.p99_ms < point.p99_ms) || (faster && other.p99_ms <= point.p99_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Analysis;
    use crate::plan::Load;
    use crate::plan::tests::{cell, plan};
    use crate::synthetic;

    /// A sweep with these (rate, p50) points; the synthetic p99 is three times the p50.
    fn sweep(measured: &[(f64, f64)]) -> Vec<Point> {
        let cells = measured.iter().enumerate().map(|(i, &(rate, _))| {
            let mut cell = cell(&format!("{i}"));
            cell.client.load = Load::Rate(rate);
            cell
        });
        let evidence = synthetic::evidence(plan(1, 1, cells.collect()), |plan, (i, repeat)| {
            synthetic::run(&plan.cells[i], repeat, measured[i].0, measured[i].1 * 1e3)
        });
        points(&Analysis::of(&evidence).cells)
    }

    fn frontier(points: &[Point]) -> Vec<&str> {
        points.iter().filter(|p| p.on_frontier).map(|p| p.cell.as_str()).collect()
    }

    #[test]
    fn dominated_points_are_not_on_the_frontier() {
        // 1 is slower and later than 2; 3 is the fastest; 0 has the lowest latency.
        let points = sweep(&[(100.0, 1.0), (150.0, 3.0), (200.0, 2.0), (400.0, 5.0)]);
        assert_eq!(frontier(&points), ["0", "2", "3"]);
    }

    #[test]
    fn of_equal_rates_only_the_quickest_counts() {
        let points = sweep(&[(1000.0, 2.0), (1004.0, 1.5), (996.0, 1.0)]);
        assert_eq!(frontier(&points), ["2"]);
    }

    #[test]
    fn the_best_is_the_fastest_within_the_goal() {
        let points = sweep(&[(100.0, 1.0), (200.0, 2.0), (400.0, 5.0)]);
        assert_eq!(best(&points, 6.5).unwrap().cell, "1");
        assert_eq!(best(&points, 100.0).unwrap().cell, "2");
        assert_eq!(best(&points, 1.0), None);
    }
}
