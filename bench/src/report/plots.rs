//! The plots of each command, from its conclusion.

use super::Conclusion;
use super::svg::bars::{Bar, Bars};
use super::svg::chart::{Axis, Chart, Look, Mark, Series};
use crate::analysis::CellSummary;
use crate::analysis::share::sequential_write;
use crate::evidence::Evidence;
use crate::number::{percent, three, times};
use crate::plan::Load;
use crate::setting::{Acks, Durability, Path, Setting};

mod journal;
mod limits;
mod tune;

/// One drawing.
pub struct Plot {
    /// Name of its file, without the ending.
    pub file: String,
    /// What it shows.
    pub title: String,
    /// The drawing.
    pub svg: String,
}

/// All plots of this evidence, the most important first.
pub fn all(evidence: &Evidence, conclusion: &Conclusion) -> Vec<Plot> {
    match evidence.plan.scenario.as_str() {
        "compare" => compare(conclusion),
        "journal" => journal::plots(&conclusion.analysis.cells),
        "tune" => tune::plots(evidence, conclusion),
        "limits" => limits::plots(&conclusion.analysis.limits),
        _ => Vec::new(),
    }
}

fn compare(conclusion: &Conclusion) -> Vec<Plot> {
    let cells = &conclusion.analysis.cells;
    let mut plots = vec![throughput(conclusion), against(conclusion)];
    let mut rates: Vec<f64> = Vec::new();
    for cell in cells {
        match cell.cell.client.load {
            Load::Rate(rate) if !rates.contains(&rate) => rates.push(rate),
            _ => {}
        }
    }
    let loads = rates.into_iter().map(Load::Rate).chain([Load::Saturation]);
    plots.extend(loads.filter_map(|load| latency(cells, load)));
    plots.push(cpu(cells));
    plots
}

fn throughput(conclusion: &Conclusion) -> Plot {
    let title = "Throughput as fast as it goes, against what the disk allows";
    let limit = sequential_write(&conclusion.analysis.limits);
    let nth = place_of_path(&conclusion.analysis.cells);
    let bars = saturated(&conclusion.analysis.cells).map(|cell| {
        let share = cell.shares.throughput.map(|share| format!(" · {} of disk", percent(share)));
        let words = cell.mb_per_s.map(|stat| format!("{} MB/s", three(stat.median)));
        let words = words.map(|words| words + &share.unwrap_or_default());
        bar(cell, nth(cell), cell.mb_per_s, words, None)
    });
    let svg = Bars {
        title: title.to_owned(),
        subtitle: describe(&conclusion.analysis.cells),
        label: "MB/s of record values, median; whiskers: slowest and fastest repeat".to_owned(),
        bars: bars.collect(),
        limit: limit.map(|mb| (mb, format!("sequential write {} MB/s", three(mb)))),
    };
    Plot { file: "throughput".to_owned(), title: title.to_owned(), svg: svg.draw() }
}

fn cpu(cells: &[CellSummary]) -> Plot {
    let title = "Processor time of the broker for a million records, as fast as it goes";
    let nth = place_of_path(cells);
    let bars = saturated(cells).map(|cell| {
        let ratio = cell.shares.cpu.map(|ratio| format!(" · {} the floor", times(ratio)));
        let words = cell.cpu_s_per_million.map(|stat| format!("{} s", three(stat.median)));
        let words = words.map(|words| words + &ratio.unwrap_or_default());
        bar(cell, nth(cell), cell.cpu_s_per_million, words, cell.shares.cpu_floor_s_per_million)
    });
    let svg = Bars {
        title: title.to_owned(),
        subtitle: "Tick: receiving, checking and writing the same bytes with nothing around it"
            .to_owned(),
        label: "seconds per million records, spinning included".to_owned(),
        bars: bars.collect(),
        limit: None,
    };
    Plot { file: "cpu".to_owned(), title: title.to_owned(), svg: svg.draw() }
}

/// `None` when no latency under this load is known.
fn latency(cells: &[CellSummary], load: Load) -> Option<Plot> {
    let nth = place_of_path(cells);
    let known = |cell: &&CellSummary| cell.cell.client.load == load && !cell.curve.is_empty();
    let cells: Vec<&CellSummary> = cells.iter().filter(known).collect();
    if cells.is_empty() {
        return None;
    }
    let series: Vec<Series> = cells.iter().map(|cell| latency_series(cell, nth(cell))).collect();
    let values = || series.iter().flat_map(|s| s.points.iter().map(|point| point.1));
    let floor = cells
        .iter()
        .filter(|cell| cell.cell.setting.reached() == Some(Durability::Durable))
        .find_map(|cell| cell.shares.latency_floor_us);
    let floor_ms = floor.map(|us| us / 1e3);
    let low = values().chain(floor_ms).fold(f64::INFINITY, f64::min);
    let high = values().fold(0.0, f64::max);
    let (file, title, subtitle) = match load {
        Load::Rate(rate) => (
            format!("latency-{rate}"),
            format!("Latency at {load}"),
            "From the intended send time of each record: waiting in a queue counts".to_owned(),
        ),
        Load::Saturation | Load::Half => (
            "latency-saturation".to_owned(),
            "Latency as fast as it goes".to_owned(),
            "Of requests, with as many in flight as the client allows: the queue is always full"
                .to_owned(),
        ),
    };
    let chart = Chart {
        title: title.clone(),
        subtitle,
        x: percentile_axis(),
        y: Axis { label: "ms".to_owned(), range: (low, high), ticks: None },
        series,
        marks: floor_ms
            .map(|at| Mark { at, on_x: false, name: "floor: round trip + durable write".into() })
            .into_iter()
            .collect(),
    };
    Some(Plot { file, title, svg: chart.draw() })
}

fn latency_series(cell: &CellSummary, nth: usize) -> Series {
    let behind = if cell.keeps_up() { "" } else { ", behind" };
    let points = cell.curve.iter().filter(|point| point.percentile < 99.99).map(|point| {
        let about = format!("{} ms at {} %", three(point.us / 1e3), point.percentile);
        (1.0 / (1.0 - point.percentile / 100.0), point.us / 1e3, about)
    });
    Series {
        name: format!("{}{behind}", cell.cell.setting),
        color: color(cell.cell.setting),
        nth,
        look: Look::Line,
        points: points.collect(),
        labels: Vec::new(),
    }
}

/// Percentiles by how rare the rest is: each step to the right is a tenth as often.
fn percentile_axis() -> Axis {
    let ticks = [
        (1.0, "0"),
        (2.0, "50"),
        (10.0, "90"),
        (100.0, "99"),
        (1000.0, "99.9"),
        (10_000.0, "99.99"),
    ];
    Axis {
        label: "percentile".to_owned(),
        range: (1.0, 10_000.0),
        ticks: Some(ticks.map(|(at, label)| (at, label.to_owned())).to_vec()),
    }
}

fn against(conclusion: &Conclusion) -> Plot {
    let title = "Throughput against latency";
    let mut series: Vec<Series> = Vec::new();
    let measured = conclusion.analysis.cells.iter().filter(|cell| cell.keeps_up());
    let nth = place_of_path(&conclusion.analysis.cells);
    for cell in measured {
        let (Some(mb), Some(p99)) = (cell.mb_per_s, cell.p99_us) else { continue };
        let (mb, p99_ms) = (mb.median, p99.median / 1e3);
        let about = format!("{}: {} MB/s, p99 {} ms", cell.cell.id, three(mb), three(p99_ms));
        let name = cell.cell.setting.to_string();
        match series.iter_mut().find(|series| series.name == name) {
            Some(series) => series.points.push((mb, p99_ms, about)),
            None => series.push(Series {
                name,
                color: color(cell.cell.setting),
                nth: nth(cell),
                look: Look::LineAndPoints,
                points: vec![(mb, p99_ms, about)],
                labels: Vec::new(),
            }),
        }
    }
    for series in &mut series {
        series.points.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    let range = |pick: fn(&(f64, f64, String)) -> f64| {
        let all = || series.iter().flat_map(|s| s.points.iter().map(pick));
        (all().fold(f64::INFINITY, f64::min), all().fold(0.0, f64::max))
    };
    let limit = sequential_write(&conclusion.analysis.limits);
    let (x, y) = (range(|p| p.0), range(|p| p.1));
    let chart = Chart {
        title: title.to_owned(),
        subtitle:
            "Each point is one load: fixed rates from the left, as fast as it goes at the end"
                .to_owned(),
        x: Axis {
            label: "MB/s of record values".to_owned(),
            range: (x.0, limit.map_or(x.1, |limit| x.1.max(limit))),
            ticks: None,
        },
        y: Axis { label: "p99 ms".to_owned(), range: y, ticks: None },
        series,
        marks: limit
            .map(|at| Mark { at, on_x: true, name: "sequential write".to_owned() })
            .into_iter()
            .collect(),
    };
    Plot { file: "throughput-latency".to_owned(), title: title.to_owned(), svg: chart.draw() }
}

fn saturated(cells: &[CellSummary]) -> impl Iterator<Item = &CellSummary> {
    cells.iter().filter(|cell| cell.cell.client.load == Load::Saturation)
}

fn bar(
    cell: &CellSummary,
    nth: usize,
    value: Option<crate::stats::Stat>,
    words: Option<String>,
    floor: Option<f64>,
) -> Bar {
    Bar {
        name: cell.cell.setting.to_string(),
        color: color(cell.cell.setting),
        nth,
        value,
        floor,
        words: words.unwrap_or_else(|| "not measured".to_owned()),
    }
}

/// The place of each cell's path among all that were run, which decides the style it is drawn in.
fn place_of_path(cells: &[CellSummary]) -> impl Fn(&CellSummary) -> usize {
    let mut paths: Vec<Path> = Vec::new();
    for cell in cells {
        if !paths.contains(&cell.cell.setting.path) {
            paths.push(cell.cell.setting.path);
        }
    }
    move |cell| paths.iter().position(|path| *path == cell.cell.setting.path).unwrap_or(0)
}

/// One colour for each promise; the path is told by the style of the line.
fn color(setting: Setting) -> usize {
    match (setting.acks, setting.durability) {
        (Acks::None, _) => 0,
        (Acks::Leader, _) => 1,
        (Acks::All, Durability::Appended) => 2,
        (Acks::All, Durability::Written | Durability::Configured) => 3,
        (Acks::All, Durability::Durable) => 4,
    }
}

/// The load in words, for whoever sees the plot alone.
fn describe(cells: &[CellSummary]) -> String {
    let Some(cell) = cells.first() else { return String::new() };
    let client = &cell.cell.client;
    let batch = match client.batch_records {
        Some(records) => format!("{records} records a batch"),
        None => format!("batches up to {}", crate::limits::items::size_name(client.batch_bytes)),
    };
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    format!(
        "{} records, {batch}, {} in flight, {}, {}",
        crate::limits::items::size_name(client.record_bytes),
        client.in_flight,
        count(client.producers, "connection"),
        count(client.partitions as usize, "partition"),
    )
}
