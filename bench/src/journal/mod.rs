//! `bench journal`: what one journal for all partitions of a shard gives, beside the path on which each
//! partition is synced for itself; bulk appends, many partitions, a start after a kill, segment rolls.
//!
//! The path that is judged is a parameter, so that the same goals can be held against every path.

mod goals;
mod list;

use crate::args::{Broker, JournalArgs};
use crate::compare::{broker_setup, plan_of, run_s};
use crate::figures::shape::Shape;
use crate::plan::{Act, Load, Plan};
use crate::setting::Path;

pub use goals::goals;

/// Long enough for a 99th percentile of rounds that take tens of milliseconds.
const RUN_S: f64 = 3.0;
/// Long enough for twenty rolls.
const ROLLS_RUN_S: f64 = 8.0;
const WARMUP_S: f64 = 0.3;
const REPEATS: u32 = 3;
/// What `--quick` leaves of the two that take long whatever the seconds of a run are.
const QUICK_MANY: u32 = 500;
const QUICK_GB: f64 = 0.05;

/// What will be run with `path` to be judged.
///
/// # Errors
/// When an argument makes no sense; the text says what to change.
pub fn plan(args: &JournalArgs, path: Path) -> Result<Plan, String> {
    check(args)?;
    let (many, gb) = match args.effort.quick {
        true => (args.many.min(QUICK_MANY), args.gb.min(QUICK_GB)),
        false => (args.many, args.gb),
    };
    let all = list::shapes(path, many, (gb * 1e9) as u64);
    let names: Vec<String> = all.iter().map(|shape| shape.name.clone()).collect();
    let wanted = wanted(&all, args.only.as_deref());
    if wanted.is_empty() {
        return Err(format!("--only matches nothing; there are: {}", names.join(" | ")));
    }
    let mut cells = Vec::new();
    for shape in all.into_iter().filter(|shape| wanted.contains(&shape.name)) {
        let usual = if shape.client.load == Load::Half { ROLLS_RUN_S } else { RUN_S };
        let warms = !args.effort.quick && shape.act == Act::Load;
        let broker = broker_setup(&args.broker, shape.setting);
        cells.push(shape.into_cell(
            broker,
            run_s(&args.effort, usual)?,
            if warms { WARMUP_S } else { 0.0 },
        ));
    }
    Ok(plan_of("journal", &args.effort, REPEATS, cells))
}

/// Names of the shapes whose name contains `only`, and of those that they are halves of.
fn wanted(all: &[Shape], only: Option<&str>) -> Vec<String> {
    let chosen = all.iter().filter(|shape| only.is_none_or(|text| shape.name.contains(text)));
    let chosen: Vec<&Shape> = chosen.collect();
    let halved = chosen.iter().filter_map(|shape| shape.half_of.clone());
    halved.chain(chosen.iter().map(|shape| shape.name.clone())).collect()
}

fn check(args: &JournalArgs) -> Result<(), String> {
    let Broker { broker, in_process, .. } = &args.broker;
    if broker.is_some() || *in_process {
        return Err(
            "bench journal starts brokers and kills them: leave out --broker and --in-process"
                .to_owned(),
        );
    }
    if !(args.gb.is_finite() && args.gb > 0.0) {
        return Err(format!("--gb {}: give gigabytes above 0", args.gb));
    }
    match args.many {
        0 => Err("--many 0: give at least one partition".to_owned()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
