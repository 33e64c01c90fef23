//! Seeds that run in every `cargo test`: all checkers silent, and one seed, one run.

use std::ops::Range;

use headwater::planted::{Bug, plant};
use headwater_sim::fuzz::{Report, fuzz};
use headwater_sim::plan::{Wish, Workload};
use headwater_sim::planted::hunt;
use headwater_sim::run::run;

fn silent(path: &str, seeds: Range<u64>) -> Report {
    silent_in(Workload::Records, path, seeds)
}

fn silent_in(workload: Workload, path: &str, seeds: Range<u64>) -> Report {
    let wish = |seed| Wish { workload, path: Some(path.to_owned()), ..Wish::of(seed) };
    let report = fuzz(seeds, None, 2, wish, |_| {}).expect("a plan");
    let said = |outcome: &headwater_sim::run::Outcome| {
        let (seed, violation) = (outcome.plan.seed, outcome.violation.as_ref());
        let violation = violation.map(ToString::to_string).unwrap_or_default();
        let workload = workload.name();
        format!(
            "{violation}; again: sim run --seed {seed} --workload {workload} --path {path} --trace"
        )
    };
    let failures: Vec<String> = report.failures.iter().map(said).collect();
    assert!(failures.is_empty(), "{failures:#?}");
    assert!(report.acknowledged > 10 * report.runs);
    report
}

#[test]
fn seeds_on_the_direct_path() {
    silent("direct", 0..1000);
}

#[test]
fn seeds_on_the_buffered_path() {
    silent("buffered", 0..500);
}

#[test]
fn seeds_on_the_journal() {
    let report = silent("journal", 0..1000);
    let unreached = report.unreached(Workload::Records);
    assert_eq!(unreached, Vec::<&str>::new(), "rare paths that no seed reached");
}

#[test]
fn seeds_of_transactions_on_the_direct_path() {
    silent_in(Workload::Transactions, "direct", 0..150);
}

#[test]
fn seeds_of_transactions_on_the_journal() {
    let report = silent_in(Workload::Transactions, "journal", 0..1200);
    assert!(report.transactions > 5 * report.runs);
    assert!(report.shortened.iter().all(|partitions| *partitions > 0), "{:?}", report.shortened);
    let unreached = report.unreached(Workload::Transactions);
    assert_eq!(unreached, Vec::<&str>::new(), "rare paths that no seed reached");
}

/// Seeds that have found something.
#[test]
fn seeds_that_found_something() {
    // A snapshot of producers whose roll was undone hid what came after it.
    silent("journal", 1_011_541..1_011_542);
    // A sealed segment became the last one again, and kept the index that fitted its old end.
    silent("direct", 1_488..1_489);
    // A round that synced a log beside writes of that log lost what consumers had seen.
    silent("journal", 6_001_989..6_001_990);
    // A write of one log that went astray took with it what others had in the last commits.
    silent("journal", 6_000_660..6_000_661);
    // A checkpoint let go of frames that no sync had covered yet, because the segments had their bytes.
    silent("journal", 7_027_179..7_027_180);
    // The simulator's own producer: what was refused after it had taken a new name was sent once more.
    silent("direct", 5_000_370..5_000_371);
    // A flipped bit in an offset of a compacted segment: what was damaged began behind where it ended.
    silent_in(Workload::Transactions, "direct", 31_080..31_081);
}

/// A simulator that finds nothing may be one that cannot: every classic mistake must be found, and soon.
#[test]
fn planted_mistakes_are_found() {
    for bug in Bug::ALL {
        let found = hunt(bug, 1_500, plant).expect("a plan");
        assert!(found.said.is_some(), "{bug:?} was not found in {} seeds", found.seeds);
        println!("{bug:?}: {} seeds, {}", found.seeds, found.said.unwrap_or_default());
    }
}

#[test]
fn two_runs_of_one_seed_are_the_same() {
    for seed in 0..20 {
        let one = run(&Wish::of(seed)).expect("a plan");
        let again = run(&Wish::of(seed)).expect("a plan");
        assert_eq!((one.trace_hash, one.events), (again.trace_hash, again.events), "seed {seed}");
    }
    for seed in 0..10 {
        let wish = Wish { workload: Workload::Transactions, ..Wish::of(seed) };
        let (one, again) = (run(&wish).expect("a plan"), run(&wish).expect("a plan"));
        assert_eq!((one.trace_hash, one.events), (again.trace_hash, again.events), "seed {seed}");
    }
    let (one, other) = (run(&Wish::of(1)), run(&Wish::of(2)));
    assert_ne!(one.expect("a plan").trace_hash, other.expect("a plan").trace_hash);
}
