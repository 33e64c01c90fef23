//! What is promised of the path that is judged.

use super::list;
use crate::figures::{Bound, Goal, Metric};
use crate::number::{thousands, three};
use crate::plan::Plan;
use crate::setting::Path;

/// All promises of a plan: of the path in it that is not `direct`, or of `direct` when it is alone.
pub fn goals(plan: &Plan) -> Vec<Goal> {
    let of = |path: &Path| plan.has_path(*path);
    let path = [Path::Journal, Path::Buffered].into_iter().find(of).unwrap_or(Path::Direct);
    let mut goals = at_once(path);
    goals.extend(bulk(path));
    goals.extend(starts(plan, path));
    goals.extend(rolls(path));
    goals
}

fn at_once(path: Path) -> Vec<Goal> {
    use Metric::{P99Ms, RequestsPerS};
    let against_direct = |partitions, least| {
        let title = match partitions {
            1 => format!("1 partition: rounds/s, {path} / direct"),
            n => format!("{n} partitions at once: rounds/s, {path} / direct"),
        };
        let (cell, direct) =
            (list::at_once(partitions, path), list::at_once(partitions, Path::Direct));
        Goal::of(title, &cell, RequestsPerS, Bound::AtLeast(least)).over(&direct)
    };
    let title = format!("p99 of a round, 512 partitions / 16 partitions, {path}");
    let (many, few) = (list::at_once(512, path), list::at_once(16, path));
    vec![
        against_direct(64, 10.0),
        Goal::of(title, &many, P99Ms, Bound::AtMost(2.0)).over(&few),
        against_direct(1, 0.95),
    ]
}

fn bulk(path: Path) -> [Goal; 2] {
    let goal = |what: &str, cell: &str| {
        let title = format!("{what}, durable, {path} / sequential write");
        Goal::of(title, cell, Metric::BesideRatio, Bound::AtLeast(0.85))
    };
    [
        goal("250 x 1 KiB a request", &list::bulk(path)),
        goal("library, 1 MiB batches", &list::bulk_library(path)),
    ]
}

fn starts(plan: &Plan, path: Path) -> Vec<Goal> {
    use Metric::{ResidentMb, RestartResidentMb, RestartS, ServeS};
    let (many, killed) = (list::many(path), list::killed(path));
    let mut goals = Vec::new();
    if let Some(cell) = plan.cell(&many) {
        let n = thousands(f64::from(cell.client.partitions));
        let goal = |what: &str, metric, most| {
            let title = format!("{n} partitions, {path}: {what}");
            Goal::of(title, &many, metric, Bound::AtMost(most))
        };
        goals.extend([
            goal("resident, idle, one record in each", ResidentMb, 200.0),
            goal("resident, idle, after a start", RestartResidentMb, 200.0),
            goal("clean stop, then start to first answer", RestartS, 2.0),
        ]);
    }
    if let Some(cell) = plan.cell(&killed) {
        let gb = three(cell.client.bytes_max as f64 / 1e9);
        let goal = |what: &str, metric| {
            let title = format!("{gb} GB, killed under load, {path}: start to {what}");
            Goal::of(title, &killed, metric, Bound::AtMost(1.0))
        };
        goals.extend([goal("first answer", RestartS), goal("first durable record", ServeS)]);
    }
    goals
}

fn rolls(path: Path) -> [Goal; 2] {
    let (with, without) = (list::half_with_rolls(path), list::half(path));
    let title = format!("p99.9 at half of saturation, {path}: segments roll / do not");
    [
        Goal::of(title, &with, Metric::P99_9Ms, Bound::AtMost(1.5)).over(&without),
        Goal::of(format!("rolls in that run, {path}"), &with, Metric::Rolls, Bound::AtLeast(20.0)),
    ]
}
