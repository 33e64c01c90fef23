//! `bench eos`: what exactly-once costs. The same load as fast as it goes, idempotent only and in transactions that are
//! committed more and less often, everything durable; and records that come alone, so that the device's flushes can be told
//! apart by what they are for.

mod list;

use crate::args::EosArgs;
use crate::compare::{plan_of, run_s};
use crate::figures::{Bound, Goal, Metric};
use crate::plan::Plan;

pub use list::{IDEMPOTENT, LONE, LONE_TRANSACTIONS, committed};

/// Thirty commits of the longer kind for each producer.
const RUN_S: f64 = 3.0;
const WARMUP_S: f64 = 0.5;
const REPEATS: u32 = 5;
/// Commits each so many milliseconds, and the share of throughput that must be left.
const PROMISED: [(f64, f64); 2] = [(100.0, 0.98), (10.0, 0.90)];

/// All promises.
pub fn goals() -> Vec<Goal> {
    let goal = |(interval_ms, least): (f64, f64)| {
        let cell = committed(interval_ms);
        let title = format!("records/s, {cell} / {IDEMPOTENT}");
        Goal::of(title, &cell, Metric::RecordsPerS, Bound::AtLeast(least)).over(IDEMPOTENT)
    };
    PROMISED.map(goal).to_vec()
}

/// What will be run.
///
/// # Errors
/// When an argument makes no sense; the text says what to change.
pub fn plan(args: &EosArgs) -> Result<Plan, String> {
    if args.broker.in_process {
        return Err("bench eos needs a broker for transactions: leave out --in-process".to_owned());
    }
    if let Some(bad) = args.commit_ms.iter().find(|ms| !(ms.is_finite() && **ms > 0.0)) {
        return Err(format!("--commit-ms {bad}: give milliseconds above 0"));
    }
    let (run_s, is_quick) = (run_s(&args.effort, RUN_S)?, args.effort.quick);
    let warmup_s = if is_quick { 0.0 } else { WARMUP_S };
    let shapes = list::shapes(args).into_iter();
    let cells = shapes.map(|shape| shape.on(&args.broker, run_s, warmup_s));
    Ok(plan_of("eos", &args.effort, REPEATS, cells.collect()))
}

#[cfg(test)]
mod tests;
