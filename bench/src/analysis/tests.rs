//! Known rows in, known medians and shares out.

use super::*;
use crate::limits::items;
use crate::synthetic;

#[test]
fn each_cell_has_the_median_of_its_repeats() {
    let analysis = Analysis::of(&synthetic::compare());
    assert_eq!(analysis.cells.len(), 30);
    let first = &analysis.cells[0];
    assert_eq!(first.cell.id, "acks=0, journal, as fast as it goes");
    let rate = first.records_per_s.unwrap();
    assert!((rate.median - 100_000.0).abs() < 1.0);
    assert!((rate.min - 90_000.0).abs() < 1.0 && (rate.max - 110_000.0).abs() < 1.0);
    assert_eq!((first.runs, rate.count), (3, 3));
    assert!((first.cpu_s_per_million.unwrap().median - 4.0).abs() < 1e-6);
    assert!((first.flushes_per_request.unwrap().median - 0.5).abs() < 1e-2);
    assert_eq!(first.idle_resident_bytes.unwrap().median, (12 << 20) as f64);
}

#[test]
fn shares_are_of_the_median_limit_of_all_passes() {
    let analysis = Analysis::of(&synthetic::compare());
    let first = &analysis.cells[0];
    let disk = analysis.limits.get(items::SEQUENTIAL_WRITE).unwrap().mb_per_s.unwrap().median;
    assert!((disk - 1_680.0).abs() < 1e-6);
    let share = first.shares.throughput.unwrap();
    assert!((share - 102.4 / 1_680.0).abs() < 1e-4, "{share}");
    // acks=0 has no latency that could have a floor.
    assert_eq!(first.shares.latency, None);
    let durable = analysis.cell("acks=all durable, direct, as fast as it goes").unwrap();
    let both = (200.0 + 200.0 / 1.1) / 2.0 * 2.0;
    assert!((durable.shares.latency_floor_us.unwrap() - both).abs() < 1e-6);
    assert!(durable.shares.latency.unwrap() > 1.0);
}

#[test]
fn the_limit_that_moved_most_is_named() {
    let analysis = Analysis::of(&synthetic::compare());
    let (_, drift) = analysis.limits.worst_drift().unwrap();
    assert!((drift - 0.1).abs() < 1e-9);
}

#[test]
fn a_failed_run_is_counted_and_the_rest_still_stand() {
    let mut evidence = synthetic::compare();
    let failed = evidence.rows.iter_mut().find_map(|row| match row {
        Row::Run(run) => Some(run),
        Row::Limits(_) | Row::Scale(_) => None,
    });
    let failed = failed.unwrap();
    failed.result = None;
    failed.error = Some("the broker did not start".into());
    let id = failed.cell.clone();
    let analysis = Analysis::of(&evidence);
    let cell = analysis.cell(&id).unwrap();
    assert_eq!((cell.runs, cell.errors.len()), (2, 1));
    assert!(cell.records_per_s.is_some());
}

#[test]
fn the_curve_is_of_the_repeat_in_the_middle() {
    let analysis = Analysis::of(&synthetic::compare());
    let cell = &analysis.cells[4];
    let p99 = cell.curve.iter().find(|point| point.percentile == 99.0).unwrap();
    assert_eq!(p99.us, cell.p99_us.unwrap().median);
}
