//! Every goal has a cell, every cell a load that can be run, and verdicts follow the median.

use super::*;
use crate::analysis::Analysis;
use crate::args::{Cli, Command};
use crate::synthetic;
use clap::Parser;

fn args(line: &str) -> FiguresArgs {
    let words = ["bench", "figures"].into_iter().chain(line.split_whitespace());
    match Cli::try_parse_from(words).unwrap().command {
        Command::Figures(args) => args,
        _ => panic!("not figures"),
    }
}

#[test]
fn every_goal_has_its_cell_and_every_cell_a_goal() {
    let plan = plan(&args("")).unwrap();
    for goal in goals() {
        assert!(plan.cell(&goal.cell).is_some(), "{}", goal.cell);
    }
    for cell in &plan.cells {
        assert!(goals().iter().any(|goal| goal.cell == cell.id), "{}", cell.id);
    }
    assert!(plan.estimate(20).as_secs() < 120);
}

#[test]
fn one_figure_can_be_run_alone() {
    let plan = plan(&args("--only tail")).unwrap();
    assert_eq!(plan.cells.len(), 1);
    assert_eq!((plan.cells[0].client.producers, plan.cells[0].client.consumers), (0, 1));
    assert!(super::plan(&args("--only nothing")).unwrap_err().contains("tail consumer"));
}

#[test]
fn a_goal_holds_when_the_median_keeps_it() {
    let plan = plan(&args("--only 15")).unwrap();
    let evidence = synthetic::evidence(plan, |plan, (cell, repeat)| {
        // 15 records a request: 12,000, 9,000 and 11,000 requests a second.
        let requests = [12_000.0, 9_000.0, 11_000.0][repeat as usize];
        synthetic::run(&plan.cells[cell], repeat, requests * 15.0, 900.0)
    });
    let verdicts = verdict::verdicts(&goals(), &Analysis::of(&evidence));
    let find = |title: &str, unit: &str| {
        verdicts.iter().find(|v| v.title.starts_with(title) && v.unit == unit).unwrap()
    };
    let rate = find("1 KiB records, 15 a request", "requests/s");
    assert!(rate.held && (rate.measured.unwrap().median - 11_000.0).abs() < 1.0);
    let latency = find("1 KiB records, 15 a request", "ms p50");
    assert!(!latency.held && latency.goal == "at most 0.800 ms p50");
    assert!(find("idle broker", "MiB").held);
}
