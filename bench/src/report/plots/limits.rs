//! The plot of `limits`: what durability costs at each size, whatever log is put on top.

use super::Plot;
use crate::analysis::limits::LimitStats;
use crate::limits::items::{self, DURABLE_SIZES, What, size_name};
use crate::number::three;
use crate::report::svg::chart::{Axis, Chart, Look, Mark, Series};

pub fn plots(limits: &LimitStats) -> Vec<Plot> {
    let title = "What durable writes cost on this disk";
    let mut series = vec![curve(limits, "write, no sync, depth 1", 0, items::written)];
    for (depth, color) in [(1, 4), (2, 3), (4, 1)] {
        let name = format!("durable write, depth {depth}");
        series.push(curve(limits, &name, color, |bytes| items::durable(bytes, depth)));
    }
    series.retain(|series| !series.points.is_empty());
    let all = || series.iter().flat_map(|s| s.points.iter().map(|point| point.1));
    let bandwidth = crate::analysis::share::sequential_write(limits);
    let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(0.0, f64::max));
    let sizes = DURABLE_SIZES.map(|bytes| (bytes as f64, size_name(bytes)));
    let chart = Chart {
        title: title.to_owned(),
        subtitle: "Every point is on the device when the next one begins at that depth".to_owned(),
        x: Axis {
            label: "bytes of one write".to_owned(),
            range: (sizes[0].0, sizes[DURABLE_SIZES.len() - 1].0),
            ticks: Some(sizes.to_vec()),
        },
        y: Axis {
            label: "MB/s".to_owned(),
            range: (low, bandwidth.map_or(high, |mb| high.max(mb))),
            ticks: None,
        },
        series,
        marks: bandwidth
            .map(|at| Mark { at, on_x: false, name: "sequential write, depth 8".to_owned() })
            .into_iter()
            .collect(),
    };
    vec![Plot { file: "durable-writes".to_owned(), title: title.to_owned(), svg: chart.draw() }]
}

fn curve(limits: &LimitStats, name: &str, color: usize, what: impl Fn(usize) -> What) -> Series {
    let points = DURABLE_SIZES.into_iter().filter_map(|bytes| {
        let limit = limits.get(what(bytes))?;
        let mb = limit.mb_per_s?.median;
        let about = format!("{}: {} MB/s, {}/s", limit.name, three(mb), three(limit.per_s.median));
        Some((bytes as f64, mb, about))
    });
    let (name, look) = (name.to_owned(), Look::LineAndPoints);
    Series { name, color, nth: 0, look, points: points.collect(), labels: Vec::new() }
}
