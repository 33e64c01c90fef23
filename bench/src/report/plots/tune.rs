//! The plot of `tune`: all points as a cloud, the frontier as a line through them.

use super::Plot;
use crate::evidence::Evidence;
use crate::number::three;
use crate::report::Conclusion;
use crate::report::svg::chart::{Axis, Chart, Look, Mark, Series};
use crate::tune::frontier::Point;

pub fn plots(evidence: &Evidence, conclusion: &Conclusion) -> Vec<Plot> {
    let points = &conclusion.points;
    if points.is_empty() {
        return Vec::new();
    }
    let title = "Throughput against latency: which settings are worth having";
    let all = |pick: fn(&Point) -> f64| {
        let low = points.iter().map(pick).fold(f64::INFINITY, f64::min);
        (low, points.iter().map(pick).fold(0.0, f64::max))
    };
    let goal = evidence.plan.p99_ms_goal;
    let (low, high) = all(|point| point.p99_ms);
    let high = goal.map_or(high, |goal| high.max(goal));
    let low = goal.map_or(low, |goal| low.min(goal));
    let setting = evidence.plan.cells.first().map(|c| c.setting.to_string()).unwrap_or_default();
    let mut series = vec![
        series("frontier", 4, Look::LineAndPoints, points.iter().filter(|p| p.on_frontier)),
        series("every other point", 0, Look::Cloud, points.iter().filter(|p| !p.on_frontier)),
    ];
    let frontier = points.iter().filter(|point| point.on_frontier);
    series[0].labels = frontier.map(short).collect();
    if let Some(best) = &conclusion.best {
        series.push(self::series("best for the goal", 5, Look::LineAndPoints, [best]));
    }
    let chart = Chart {
        title: title.to_owned(),
        subtitle: format!(
            "{setting}; open loop; beside the points: linger · batch · requests in flight; \
             rates that a setting did not keep are left out"
        ),
        x: Axis { label: "records/s".to_owned(), range: all(|p| p.records_per_s), ticks: None },
        y: Axis { label: "p99 ms".to_owned(), range: (low, high), ticks: None },
        series,
        marks: goal
            .map(|at| Mark { at, on_x: false, name: format!("goal: p99 {at} ms") })
            .into_iter()
            .collect(),
    };
    vec![Plot { file: "frontier".to_owned(), title: title.to_owned(), svg: chart.draw() }]
}

fn series<'a>(
    name: &str,
    color: usize,
    look: Look,
    points: impl IntoIterator<Item = &'a Point>,
) -> Series {
    let points = points.into_iter().map(|point| {
        let about = format!(
            "{}: {} records/s, p99 {} ms",
            point.series,
            three(point.records_per_s),
            three(point.p99_ms)
        );
        (point.records_per_s, point.p99_ms, about)
    });
    let points = points.collect();
    let (name, labels) = (name.to_owned(), Vec::new());
    Series { name, color, nth: 0, look, points, labels }
}

/// `1 ms · 64 KiB · 5`: linger, batch, in flight.
fn short(point: &Point) -> String {
    let words = point.series.replace("linger ", "").replace("batch ", "");
    words.replace(" in flight", "").replace(", ", " · ")
}
