//! `bench figures`: every figure that the project promises, as one table of goals, with what Kafka
//! does in the same place (taken on the machine that the README names, with a client as light).

mod list;
pub(crate) mod shape;
pub mod verdict;

use crate::args::FiguresArgs;
use crate::compare::{plan_of, run_s};
use crate::plan::Plan;
use shape::Shape;

const RUN_S: f64 = 1.5;
const WARMUP_S: f64 = 0.3;
const REPEATS: u32 = 3;

/// One promise: a quantity of one cell, or how many times that of another it is, and its bound.
#[derive(Clone, Debug)]
pub struct Goal {
    /// What is run.
    pub title: String,
    /// Name of the cell that is run for it; several goals may share one.
    pub cell: String,
    /// The cell whose same quantity it is divided by.
    pub over: Option<String>,
    /// What of it counts.
    pub metric: Metric,
    /// The bound.
    pub bound: Bound,
    /// What Kafka does when it syncs each request, in words.
    pub kafka_synced: &'static str,
    /// What Kafka does without a sync, in words.
    pub kafka: &'static str,
}

impl Goal {
    /// A quantity of one cell, with nothing to compare it with.
    pub fn of(title: impl Into<String>, cell: &str, metric: Metric, bound: Bound) -> Goal {
        let (title, cell) = (title.into(), cell.to_owned());
        Goal { title, cell, over: None, metric, bound, kafka_synced: "", kafka: "" }
    }

    /// How many times that of another cell.
    pub fn over(self, cell: &str) -> Goal {
        Goal { over: Some(cell.to_owned()), ..self }
    }
}

/// What of a cell counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "verdict.rs says how each is taken")]
pub enum Metric {
    RequestsPerS,
    RecordsPerS,
    MbPerS,
    GbPerS,
    P50Ms,
    P99Ms,
    P99_9Ms,
    CpuUsPerRequest,
    CpuSPerGb,
    StartMs,
    IdleMib,
    ResidentMb,
    /// Segments begun while the run lasted.
    Rolls,
    RestartS,
    ServeS,
    RestartResidentMb,
    /// Against the limit that is measured directly before each run.
    BesideRatio,
}

/// A bound.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "a bound says which side it is on")]
pub enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

/// All promises.
pub fn goals() -> Vec<Goal> {
    list::goals()
}

/// What will be run.
///
/// # Errors
/// When an argument makes no sense; the text says what to change.
pub fn plan(args: &FiguresArgs) -> Result<Plan, String> {
    let wanted = |name: &str| args.only.as_ref().is_none_or(|text| name.contains(text));
    let run_s = run_s(&args.effort, RUN_S)?;
    let warmup_s = if args.effort.quick { 0.0 } else { WARMUP_S };
    let shapes: Vec<Shape> = list::shapes().into_iter().filter(|s| wanted(&s.name)).collect();
    if shapes.is_empty() {
        let names: Vec<String> = list::shapes().into_iter().map(|shape| shape.name).collect();
        return Err(format!("--only matches no figure; there are: {}", names.join(" | ")));
    }
    let cells = shapes.into_iter().map(|shape| shape.on(&args.broker, run_s, warmup_s));
    Ok(plan_of("figures", &args.effort, REPEATS, cells.collect()))
}

#[cfg(test)]
mod tests;
