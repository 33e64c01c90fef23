//! The table of promises in `engine/docs/DURABILITY.md`, line by line on the simulated disk: what was
//! acknowledged at some level, on some path, after a kill or a power cut. And that every test which that
//! page names exists.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use headwater_sim::faults::{Fault, Faults};
use headwater_sim::model::Level;
use headwater_sim::plan::Wish;
use headwater_sim::run::run;

const SEEDS: u64 = 10;
const PATHS: [&str; 3] = ["journal", "direct", "buffered"];

/// Acknowledged records that are gone after runs in which nothing goes wrong but this.
fn lost(path: &str, acks: i16, durability: Level, fault: Fault) -> i64 {
    let wish = |seed| Wish {
        path: Some(path.to_owned()),
        faults: Faults::NONE.with(fault),
        always: true,
        durability: Some(durability),
        acks: Some(acks),
        ..Wish::of(seed)
    };
    let outcomes = (0..SEEDS).map(|seed| run(&wish(seed)).expect("a plan"));
    let lost = outcomes.map(|outcome| {
        let said = outcome.violation.map(|violation| violation.to_string());
        assert_eq!(said, None, "seed {} on {path}", outcome.plan.seed);
        assert!(
            outcome.acknowledged > 0,
            "seed {}: a run in which nothing happens",
            outcome.plan.seed
        );
        outcome.losses.iter().map(|loss| loss.records).sum::<i64>()
    });
    lost.sum()
}

fn survives(acks: i16, durability: Level, fault: Fault) {
    for path in PATHS {
        assert_eq!(lost(path, acks, durability, fault), 0, "{path}");
    }
}

/// What no line promises must be seen to be lost: a disk that keeps everything proves nothing.
fn may_be_lost(acks: i16, durability: Level, fault: Fault) {
    for path in PATHS {
        assert!(lost(path, acks, durability, fault) > 0, "{path}: nothing was ever lost");
    }
}

#[test]
fn durable_survives_a_power_cut_on_every_path() {
    survives(-1, Level::Durable, Fault::PowerCut);
}

#[test]
fn durable_survives_a_kill_on_every_path() {
    survives(-1, Level::Durable, Fault::Kill);
}

#[test]
fn written_survives_a_kill_on_every_path() {
    survives(-1, Level::Written, Fault::Kill);
    survives(1, Level::Durable, Fault::Kill);
}

#[test]
fn written_may_be_lost_in_a_power_cut() {
    may_be_lost(-1, Level::Written, Fault::PowerCut);
    may_be_lost(1, Level::Durable, Fault::PowerCut);
}

#[test]
fn appended_may_be_lost_in_a_kill() {
    may_be_lost(-1, Level::Appended, Fault::Kill);
}

#[test]
fn nothing_is_promised_without_an_answer() {
    may_be_lost(0, Level::Durable, Fault::PowerCut);
}

/// A table that names tests which are gone, or never were, is worse than none.
#[test]
fn every_test_that_the_page_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("engine");
    let page = std::fs::read_to_string(root.join("docs/DURABILITY.md")).expect("the page");
    let mut sources = String::new();
    read_sources(root, &mut sources);
    let named = test_names(&page);
    assert!(named.len() > 30, "only {} names were found", named.len());
    let gone: Vec<_> =
        named.iter().filter(|name| !sources.contains(&format!("fn {name}("))).collect();
    assert!(gone.is_empty(), "DURABILITY.md names what does not exist: {gone:?}");
}

/// Words in backticks that can only be the name of a test: of letters, with two or more underscores.
fn test_names(page: &str) -> BTreeSet<&str> {
    let quoted = page.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    let is_name = |word: &&str| {
        word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            && word.matches('_').count() >= 2
    };
    quoted.filter(is_name).collect()
}

fn read_sources(folder: &Path, sources: &mut String) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path: PathBuf = entry.expect("an entry").path();
        if path.is_dir() {
            read_sources(&path, sources);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            sources.push_str(&std::fs::read_to_string(&path).expect("text"));
        }
    }
}
