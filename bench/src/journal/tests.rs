//! Every goal has its cells, every cell a load that can be run, and verdicts follow from known rows.

use super::*;
use crate::analysis::Analysis;
use crate::args::{Cli, Command};
use crate::evidence::{BrokerUse, Evidence, RunRow};
use crate::figures::verdict::{self, Verdict};
use crate::plan::Cell;
use crate::synthetic;
use clap::Parser;

fn args(line: &str) -> JournalArgs {
    let words = ["bench", "journal"].into_iter().chain(line.split_whitespace());
    match Cli::try_parse_from(words).unwrap().command {
        Command::Journal(args) => args,
        _ => panic!("not journal"),
    }
}

fn planned(line: &str) -> Plan {
    let args = args(line);
    plan(&args, args.path).unwrap()
}

#[test]
fn every_goal_has_its_cells_on_every_path() {
    for (line, cells) in [("", 21), ("--path buffered", 21), ("--path direct", 11)] {
        let plan = planned(line);
        assert_eq!(plan.cells.len(), cells, "{line}");
        assert_eq!(goals(&plan).len(), 12);
        for goal in goals(&plan) {
            for cell in goal.over.iter().chain([&goal.cell]) {
                assert!(plan.cell(cell).is_some(), "{cell}");
            }
        }
    }
}

#[test]
fn a_half_brings_its_whole_along() {
    let plan = planned("--only small --path direct");
    let ids: Vec<&str> = plan.cells.iter().map(|cell| cell.id.as_str()).collect();
    let whole = "15 x 1 KiB, as fast as it goes, direct";
    assert_eq!(ids, [whole, "15 x 1 KiB, half of saturation, small segments, direct"]);
    assert_eq!(plan.cells[1].half_of.as_deref(), Some(whole));
    assert!(super::plan(&args("--only nothing"), Path::Journal).unwrap_err().contains("at once"));
}

#[test]
fn what_makes_no_sense_is_refused_with_advice() {
    let refused = |line: &str| plan(&args(line), Path::Journal).unwrap_err();
    assert!(refused("--broker h:1").contains("leave out --broker"));
    assert!(refused("--gb 0").contains("above 0"));
    assert!(refused("--many 0").contains("at least one"));
    let quick = planned("--quick");
    assert_eq!(
        quick.cell("many partitions, stopped and started, journal").unwrap().client.partitions,
        500
    );
}

/// Journal: 2,000 rounds a second whatever their size; direct: one sync a partition.
fn rounds(cell: &Cell, repeat: u32) -> RunRow {
    let partitions = f64::from(cell.client.partitions);
    let rounds = match cell.setting.path {
        Path::Journal => 2_000.0,
        _ => 2_050.0 / partitions,
    };
    let mut row = synthetic::run(cell, repeat, rounds * partitions, 1e6 / rounds);
    let produced = row.result.as_mut().unwrap().produce.as_mut().unwrap();
    produced.requests_per_s = rounds;
    // Three repeats, of which the last was disturbed.
    if repeat == 2 {
        produced.requests_per_s /= 4.0;
    }
    row.broker = Some(BrokerUse {
        segments: Some(u64::from(cell.client.partitions) + 30),
        resident_bytes: Some(150_000_000),
        restart_resident_bytes: Some(250_000_000),
        restart_ms: Some(700.0),
        serve_ms: Some(1_200.0),
        ..row.broker.unwrap()
    });
    row
}

fn evidence() -> Evidence {
    synthetic::evidence(planned(""), |plan, (cell, repeat)| rounds(&plan.cells[cell], repeat))
}

#[test]
fn verdicts_follow_the_ratio_of_medians() {
    let evidence = evidence();
    let verdicts = verdict::verdicts(&goals(&evidence.plan), &Analysis::of(&evidence));
    let find = |title: &str| -> &Verdict {
        verdicts.iter().find(|verdict| verdict.title.contains(title)).expect(title)
    };
    let median = |title: &str| find(title).measured.unwrap().median;
    assert!((median("64 partitions at once") - 2_000.0 / (2_050.0 / 64.0)).abs() < 0.1);
    assert!(find("64 partitions at once").held);
    let one = find("1 partition: rounds/s, journal / direct");
    assert!(one.held && one.unit == "x" && one.goal == "at least 0.950 x");
    // Any of one side's repeats against any of the other's.
    let (low, high) = (one.measured.unwrap().min, one.measured.unwrap().max);
    assert!((low - 2_000.0 / 2_050.0 / 4.0).abs() < 1e-3, "{low}");
    assert!((high - 2_000.0 / 2_050.0 * 4.0).abs() < 1e-2, "{high}");
    assert!(find("p99 of a round").held && median("p99 of a round") == 1.0);
    assert!(find("one record in each").held && !find("after a start").held);
    assert!(find("first answer").held && !find("first durable record").held);
    assert!(find("rolls in that run").held && median("rolls in that run") == 30.0);
    assert_eq!(find("partitions, journal: clean stop").goal, "at most 2.00 s");
}

#[test]
fn a_broker_that_refuses_the_journal_is_judged_by_the_path_it_has() {
    let mut plan = plan(&args(""), Path::Direct).unwrap();
    plan.leave_out(Path::Journal, "durability.path: not known");
    let evidence =
        synthetic::evidence(plan, |plan, (cell, repeat)| rounds(&plan.cells[cell], repeat));
    let verdicts = verdict::verdicts(&goals(&evidence.plan), &Analysis::of(&evidence));
    assert_eq!(verdicts.len(), 12);
    let itself = verdicts.iter().find(|v| v.title.contains("64 partitions")).unwrap();
    assert!(!itself.held && itself.measured.unwrap().median == 1.0);
}

#[test]
fn the_report_has_a_table_for_each_question() {
    let mut evidence = evidence();
    evidence.plan.left_out.push("path x: the broker refuses it (why)".into());
    let conclusion = crate::report::Conclusion::of(&evidence);
    let text = crate::report::terminal::text(&evidence, &conclusion, std::path::Path::new("r"));
    for words in [
        "64 partitions at once: rounds/s, journal / direct",
        "One durable record of 1 KiB for each partition at once",
        "Bulk appends",
        "Starts",
        "Rolls",
        "write amp.",
        "left out: path x",
        "a kill is not a power cut",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    assert!(!text.contains("Kafka, sync"), "{text}");
    let html = crate::report::html::page(&evidence, &conclusion);
    assert!(html.contains("what it gives"));
    assert!(html.contains("Durable rounds a second") && !html.contains("NaN"));
}
