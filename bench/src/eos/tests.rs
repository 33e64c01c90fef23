//! Every goal has its cells, and verdicts and tables follow from known rows.

use super::*;
use crate::analysis::Analysis;
use crate::args::{Cli, Command};
use crate::evidence::{Evidence, RunRow};
use crate::figures::verdict;
use crate::plan::Cell;
use crate::report::{Conclusion, terminal};
use crate::synthetic;
use clap::Parser;
use headwater_loadgen::result::Transactions;

fn args(line: &str) -> EosArgs {
    let words = ["bench", "eos"].into_iter().chain(line.split_whitespace());
    match Cli::try_parse_from(words).unwrap().command {
        Command::Eos(args) => args,
        _ => panic!("not eos"),
    }
}

#[test]
fn every_goal_has_its_cells() {
    let plan = plan(&args("")).unwrap();
    assert_eq!(plan.cells.len(), 5);
    for goal in goals() {
        for cell in goal.over.iter().chain([&goal.cell]) {
            assert!(plan.cell(cell).is_some(), "{cell}");
        }
    }
    assert!(plan.cells.iter().all(|cell| cell.client.idempotent));
    let refused = |line: &str| super::plan(&args(line)).unwrap_err();
    assert!(refused("--in-process").contains("leave out --in-process"));
    assert!(refused("--commit-ms 0").contains("above 0"));
}

/// 100,000 records/s; 1 % less when commits are seldom, 20 % less when they are not.
fn row(cell: &Cell, repeat: u32) -> RunRow {
    let left = match cell.client.commit_ms {
        Some(100.0) => 0.99,
        Some(_) => 0.8,
        None => 1.0,
    };
    let mut row = synthetic::run(cell, repeat, 100_000.0 * left, 500.0);
    let produced = row.result.as_mut().unwrap().produce.as_mut().unwrap();
    produced.transactions = cell.client.commit_ms.map(|ms| Transactions {
        commits: (cell.run_s * 1e3 / ms) as u64,
        commits_per_s: 1e3 / ms,
        commit_latency_us: produced.latency_us,
        pause_us: produced.latency_us,
        ..Transactions::default()
    });
    row
}

fn evidence() -> Evidence {
    synthetic::evidence(plan(&args("")).unwrap(), |plan, (cell, repeat)| {
        row(&plan.cells[cell], repeat)
    })
}

#[test]
fn verdicts_follow_the_ratio_of_medians() {
    let verdicts = verdict::verdicts(&goals(), &Analysis::of(&evidence()));
    let held: Vec<bool> = verdicts.iter().map(|verdict| verdict.held).collect();
    assert_eq!(held, [true, false]);
    assert!((verdicts[1].measured.unwrap().median - 0.8).abs() < 1e-9);
}

#[test]
fn the_report_says_what_a_commit_costs() {
    let evidence = evidence();
    let conclusion = Conclusion::of(&evidence);
    let text = terminal::text(&evidence, &conclusion, std::path::Path::new("r"));
    for words in ["transactions of 100 ms", "flushes/commit", "A record now and then", "commit p99"]
    {
        assert!(text.contains(words), "{words}\n{text}");
    }
    let cell = conclusion.analysis.cell(&committed(10.0)).unwrap();
    assert_eq!(cell.commits_per_s.unwrap().median, 100.0);
    // A flush for 30 records, 80,000 records and 100 commits a second.
    assert!((cell.flushes_per_commit.unwrap().median - 80_000.0 / 30.0 / 100.0).abs() < 0.1);
}
