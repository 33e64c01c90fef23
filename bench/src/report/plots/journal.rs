//! The plots of `bench journal`: commits and their latency over the partitions that are written at once.

use super::Plot;
use crate::analysis::CellSummary;
use crate::number::three;
use crate::report::svg::chart::{Axis, Chart, Look, Series};
use crate::setting::Path;
use crate::stats::Stat;

pub fn plots(cells: &[CellSummary]) -> Vec<Plot> {
    let rounds = draw(
        cells,
        ("rounds", "Durable rounds a second, by the partitions that each one writes"),
        "rounds/s",
        |cell| cell.requests_per_s,
    );
    let p99 = draw(
        cells,
        ("rounds-p99", "99th percentile of a durable round, by the partitions that it writes"),
        "p99 ms",
        |cell| cell.p99_us.map(|stat| stat.scaled(1e-3)),
    );
    rounds.into_iter().chain(p99).collect()
}

fn draw(
    cells: &[CellSummary],
    (file, title): (&str, &str),
    unit: &str,
    pick: fn(&CellSummary) -> Option<Stat>,
) -> Option<Plot> {
    let series: Vec<Series> = Path::OURS
        .into_iter()
        .filter_map(|path| {
            let of = cells.iter().filter(|c| c.cell.client.round && c.cell.setting.path == path);
            let mut points: Vec<(f64, f64, String)> = of
                .filter_map(|cell| {
                    let (x, y) = (f64::from(cell.cell.client.partitions), pick(cell)?.median);
                    Some((x, y, format!("{}: {} {unit}", cell.cell.id, three(y))))
                })
                .collect();
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            (!points.is_empty()).then_some((path, points))
        })
        .enumerate()
        .map(|(nth, (path, points))| Series {
            name: path.to_string(),
            // The judged one in the colour of durable; the other in grey.
            color: if nth == 0 { 4 } else { 0 },
            nth,
            look: Look::LineAndPoints,
            points,
            labels: Vec::new(),
        })
        .collect();
    let all = |pick: fn(&(f64, f64, String)) -> f64| {
        let values = || series.iter().flat_map(|s| s.points.iter().map(pick));
        (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max))
    };
    let (x, y) = (all(|point| point.0), all(|point| point.1));
    // One place on the axis is no curve.
    if series.is_empty() || x.0 >= x.1 {
        return None;
    }
    let chart = Chart {
        title: title.to_owned(),
        subtitle:
            "One request with one record of 1 KiB for each partition, acks=all; the next when \
                   it is answered"
                .to_owned(),
        x: Axis { label: "partitions".to_owned(), range: x, ticks: None },
        y: Axis { label: unit.to_owned(), range: y, ticks: None },
        series,
        marks: Vec::new(),
    };
    Some(Plot { file: file.to_owned(), title: title.to_owned(), svg: chart.draw() })
}
