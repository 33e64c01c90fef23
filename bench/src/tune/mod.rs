//! `bench tune`: which linger, batch size and number of requests in flight to use.
//!
//! Every setting is offered the same rates, open loop. A setting that cannot keep up with a rate has
//! no point there. What is left is a cloud of (throughput, 99th percentile); the frontier are those
//! that no other point beats in both.

pub mod frontier;

use crate::args::TuneArgs;
use crate::compare::{broker_setup, in_force, plan_of, run_s};
use crate::limits::items::size_name;
use crate::number;
use crate::plan::{Act, Cell, ClientSetup, Load, Plan};
use crate::setting::Setting;

const RUN_S: f64 = 0.5;
const WARMUP_S: f64 = 0.1;
/// Seventy-two cells are many; the points of the frontier are what a reader repeats.
const REPEATS: u32 = 1;

/// What will be run.
///
/// # Errors
/// When an argument makes no sense; the text says what to change.
pub fn plan(args: &TuneArgs) -> Result<Plan, String> {
    if !(args.p99_ms > 0.0 && args.p99_ms.is_finite()) {
        return Err(format!("--p99-ms {}: give milliseconds above 0", args.p99_ms));
    }
    if args.acks == crate::setting::Acks::None {
        return Err("--acks 0: without answers there is no latency to tune for".to_owned());
    }
    if let Some(rate) = args.rates.iter().find(|rate| !(rate.is_finite() && **rate > 0.0)) {
        return Err(format!("--rates {rate}: give records per second above 0"));
    }
    let mut cells = Vec::new();
    for &linger_ms in &args.linger_ms {
        for &batch_bytes in &args.batch_bytes {
            for &in_flight in &args.in_flight {
                for &rate in &args.rates {
                    cells.push(cell(args, (linger_ms, batch_bytes, in_flight), rate)?);
                }
            }
        }
    }
    Ok(Plan { p99_ms_goal: Some(args.p99_ms), ..plan_of("tune", &args.effort, REPEATS, cells) })
}

fn cell(
    args: &TuneArgs,
    (linger_ms, batch_bytes, in_flight): (f64, usize, usize),
    rate: f64,
) -> Result<Cell, String> {
    let setting = Setting { acks: args.acks, durability: args.durability, path: args.path };
    let setting = in_force(&args.broker, setting);
    let batch = size_name(batch_bytes);
    let series = format!("linger {linger_ms} ms, batch {batch}, {in_flight} in flight");
    Ok(Cell {
        id: format!("{series}, {}/s", number::thousands(rate)),
        series,
        setting,
        broker: broker_setup(&args.broker, setting),
        client: ClientSetup {
            producers: args.load.producers,
            partitions: args.load.partitions,
            load: Load::Rate(rate),
            record_bytes: args.load.record_bytes,
            batch_bytes,
            linger_ms,
            in_flight,
            bytes_max: args.run_mib_max << 20,
            ..ClientSetup::usual()
        },
        run_s: run_s(&args.effort, RUN_S)?,
        warmup_s: if args.effort.quick { 0.0 } else { WARMUP_S },
        beside: None,
        act: Act::Load,
        half_of: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Cli, Command};
    use clap::Parser;

    fn args(line: &str) -> TuneArgs {
        let words = ["bench", "tune"].into_iter().chain(line.split_whitespace());
        match Cli::try_parse_from(words).unwrap().command {
            Command::Tune(args) => args,
            _ => panic!("not tune"),
        }
    }

    #[test]
    fn the_grid_is_complete_and_every_cell_differs() {
        let plan = plan(&args("")).unwrap();
        assert_eq!(plan.cells.len(), 3 * 3 * 2 * 4);
        let ids: std::collections::HashSet<&String> = plan.cells.iter().map(|c| &c.id).collect();
        assert_eq!(ids.len(), plan.cells.len());
        assert_eq!(plan.cells[0].id, "linger 0 ms, batch 16 KiB, 1 in flight, 10,000/s");
        let items = crate::limits::items::short_list().len();
        assert!(plan.estimate(items).as_secs() <= 115);
    }

    #[test]
    fn lists_can_be_given() {
        let plan = plan(&args("--linger-ms 0,2.5 --batch-bytes 1000 --in-flight 3 --rates 7"));
        let ids: Vec<String> = plan.unwrap().cells.into_iter().map(|cell| cell.id).collect();
        assert_eq!(
            ids,
            [
                "linger 0 ms, batch 1000 B, 3 in flight, 7/s",
                "linger 2.5 ms, batch 1000 B, 3 in flight, 7/s"
            ]
        );
    }

    #[test]
    fn a_latency_goal_needs_answers() {
        assert!(plan(&args("--acks 0")).unwrap_err().contains("no latency"));
        assert!(plan(&args("--p99-ms 0")).unwrap_err().contains("above 0"));
    }
}
