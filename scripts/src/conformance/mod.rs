//! Real clients against a broker of ours, started as a process: what no test of our own code can show, because a
//! mistake in our codec would be made on both sides.
//!
//! [`cases`] is a list of checks, some of which kill the broker; [`matrix`] is every client against every feature. Each
//! passes, fails, or is skipped because a tool is missing, which in CI is a failure. Everything is written below
//! `target/conformance`, and kept when something failed.

mod administration;
mod broker;
mod cases;
mod clients;
mod compaction;
mod consumers;
mod faults;
mod features;
mod history;
mod input;
mod install;
mod kafka;
mod lab;
mod lossy;
mod matrix;
mod members;
mod pipeline;
mod process;
mod programs;
mod records;
mod served;
mod sums;
mod tools;

use crate::repo;
use crate::steps::cargo;
use cases::Case;
use lab::Lab;
use matrix::{Cell, Outcomes, Verdict};
use std::fs;
use std::path::PathBuf;
use std::time::Instant;
use tools::Tools;

/// So that groups are quick: no waiting for more members, and short sessions; and so is compaction.
const SETTINGS: [&str; 4] = [
    "log.cleaner.backoff.ms=200",
    "group.initial.rebalance.delay.ms=0",
    "group.consumer.session.timeout.ms=6000",
    "group.consumer.heartbeat.interval.ms=1000",
];

/// Arguments of `cargo xtask conformance`.
#[derive(clap::Args, Default)]
pub struct Args {
    /// How the broker reaches the kernel: uring or posix; by itself otherwise.
    #[arg(long, value_name = "NAME")]
    backend: Option<String>,
    /// Only the checks whose name contains this.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Lines of `key<TAB>value` to write; the flights of January 2001 by default.
    #[arg(long, value_name = "FILE", env = "HEADWATER_FLIGHTS")]
    flights: Option<PathBuf>,
    /// Take only the first lines of it.
    #[arg(long, value_name = "N")]
    records: Option<usize>,
    /// The broker's program, instead of building one.
    #[arg(long, value_name = "PATH")]
    broker: Option<PathBuf>,
    /// A setting of the broker, `name=value`; may be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Print the names of the checks.
    #[arg(long)]
    list: bool,
    /// Only clients against features, not the other cases.
    #[arg(long)]
    only_matrix: bool,
    /// Keep the outcome of clients against features as what is expected; `cargo xtask docs` then writes the page.
    #[arg(long, conflicts_with = "only")]
    write_matrix: bool,
    /// Install what can be installed below `target/`, and stop.
    #[arg(long)]
    install_only: bool,
}

impl Args {
    /// All checks on one backend.
    pub fn on_backend(name: &str) -> Self {
        Self { backend: Some(name.to_owned()), ..Self::default() }
    }

    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| name.contains(only))
    }
}

/// Clients hang by themselves now and then: so many cells of the table may fail without the run failing. What
/// the broker breaks, it breaks for more than one client.
const CELLS_TOLERATED: usize = 3;

/// How many checks ended how.
#[derive(Default)]
struct Counts {
    passed: usize,
    cannot: usize,
    failed: usize,
    /// Of the table of clients and features.
    cells_failed: usize,
    cells_missing: usize,
    missing: usize,
    not_served: usize,
}

/// Runs the checks; true if none failed and, in CI, no tool was missing.
pub fn run(args: &Args) -> bool {
    let mut cases = cases::all();
    cases.retain(|case| args.wants(&case.name) && !args.only_matrix);
    let cells = matrix::cells(|name| args.wants(name));
    if args.list {
        cases.iter().for_each(|case| println!("{}", case.name));
        cells.iter().for_each(|cell| println!("{}", cell.name()));
        return true;
    }
    let tools = Tools::find_or_install();
    if args.install_only {
        return tools.report();
    }
    match prepare(args, tools) {
        Ok(mut lab) => run_all(args, &cases, cells, &mut lab),
        Err(why) => {
            println!("FAIL  cannot start: {why}");
            false
        }
    }
}

fn prepare(args: &Args, tools: Tools) -> Result<Lab, String> {
    let program = match &args.broker {
        Some(program) => program.clone(),
        None => build()?,
    };
    let mut settings: Vec<String> = SETTINGS.iter().map(|setting| (*setting).to_owned()).collect();
    settings.extend(args.set.iter().cloned());
    settings.extend(args.backend.as_ref().map(|backend| format!("backend={backend}")));
    let folder = repo::target().join("conformance");
    let input = input::prepare(args.flights.as_deref(), args.records, &folder)?;
    Lab::open(tools, program, settings, input, folder.join("run"))
}

fn build() -> Result<PathBuf, String> {
    let built = cargo(&["build", "--release", "--quiet", "--package", "headwater"])
        .current_dir(repo::root())
        .status();
    match built {
        Ok(status) if status.success() => Ok(repo::target().join("release/headwater")),
        _ => Err("the broker does not build".to_owned()),
    }
}

fn run_all(args: &Args, cases: &[Case], cells: Vec<Cell>, lab: &mut Lab) -> bool {
    println!("input: {}", lab.input.description);
    let mut counts = Counts::default();
    if !cells.is_empty() {
        match run_matrix(args, cells, lab) {
            Ok(outcomes) => {
                outcomes.iter().for_each(|(_, verdict)| counts.add_cell(verdict));
                counts.cells_failed = counts.cells_failed.max(losses(&outcomes));
            }
            Err(why) => counts.add(&fail("clients-and-features", why)),
        }
    }
    for case in cases {
        counts.add(&run_case(case, lab));
    }
    lab.close(counts.failed + counts.cells_failed == 0);
    counts.finish()
}

fn run_matrix(args: &Args, cells: Vec<Cell>, lab: &mut Lab) -> Result<Outcomes, String> {
    let start = Instant::now();
    lab.broker.ensure_started()?;
    let outcomes = matrix::run(lab, cells)?;
    if !lab.broker.is_running() {
        return Err("the broker is gone".to_owned());
    }
    println!("clients and features: {:.1} s", start.elapsed().as_secs_f64());
    let is_whole = !outcomes.iter().any(|(_, verdict)| matches!(verdict, Verdict::Missing(_)));
    if args.write_matrix && is_whole {
        let file = matrix::file();
        fs::write(&file, matrix::text(&outcomes))
            .map_err(|e| format!("{}: {e}", file.display()))?;
    }
    Ok(outcomes)
}

/// Tells what is not as it was when the page was made; what clients could do then and cannot now is counted.
fn losses(outcomes: &Outcomes) -> usize {
    let differences = matrix::compare(outcomes);
    for (is_lost, what) in &differences {
        let word = if *is_lost { "LOST" } else { "new:" };
        println!("{word}  not what scripts/conformance/matrix.tsv says: {what}");
    }
    differences.iter().filter(|(is_lost, _)| *is_lost).count()
}

fn run_case(case: &Case, lab: &mut Lab) -> Verdict {
    let start = Instant::now();
    let verdict = match case.needs.iter().find(|tool| !lab.tools.has(**tool)) {
        Some(missing) => Verdict::Missing(*missing),
        None => match lab.run(case) {
            Ok(detail) => Verdict::Pass(detail),
            Err(why) => Verdict::Fail(why),
        },
    };
    verdict.print(&case.name, start.elapsed());
    verdict
}

fn fail(name: &str, why: String) -> Verdict {
    let verdict = Verdict::Fail(why);
    verdict.print(name, std::time::Duration::ZERO);
    verdict
}

impl Counts {
    fn add(&mut self, verdict: &Verdict) {
        let count = match verdict {
            Verdict::Pass(_) => &mut self.passed,
            Verdict::Cannot(_) => &mut self.cannot,
            Verdict::Fail(_) => &mut self.failed,
            Verdict::Missing(_) => &mut self.missing,
            Verdict::NotServed(_) => &mut self.not_served,
        };
        *count += 1;
    }

    /// A cell of the table: which of its clients a machine can have is for the machine to say.
    fn add_cell(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Fail(_) => self.cells_failed += 1,
            Verdict::Missing(_) => self.cells_missing += 1,
            other => self.add(other),
        }
    }

    fn finish(&self) -> bool {
        let Self { passed, cannot, failed, cells_failed, cells_missing, missing, not_served } =
            self;
        println!("{cannot} that a client cannot do, {not_served} not served yet");
        if *cells_missing > 0 {
            println!(
                "SKIPPED: {cells_missing} cells of the table, whose clients are not on this machine"
            );
        }
        if (1..=CELLS_TOLERATED).contains(cells_failed) {
            println!("TOLERATED: {cells_failed} cells of the table failed, {CELLS_TOLERATED} may");
        }
        let all_failed = failed + cells_failed;
        println!("real clients: {passed} passed, {all_failed} failed, {missing} skipped");
        if *missing > 0 && repo::is_ci() {
            println!("in CI a missing tool is a failure");
        }
        *failed == 0
            && *cells_failed <= CELLS_TOLERATED
            && *passed > 0
            && !(*missing > 0 && repo::is_ci())
    }
}
