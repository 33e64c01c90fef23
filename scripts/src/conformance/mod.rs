//! Real clients against a broker of ours, started as a process: what no test of our own code can show, because a
//! mistake in our codec would be made on both sides.
//!
//! | client | what it stands for |
//! | --- | --- |
//! | kcat | librdkafka as distributions ship it, years old |
//! | confluent-kafka (Python) | librdkafka as of today |
//! | Kafka's own tools (Java) | the reference client, and `kafka-dump-log` on our files |
//!
//! [`cases`] is the list of checks; each passes, fails, or is skipped because a tool is missing, which in CI is a
//! failure. Everything is written below `target/conformance`, and kept when something failed.

mod broker;
mod cases;
mod clients;
mod faults;
mod input;
mod lab;
mod process;
mod records;
mod tools;

use crate::repo;
use crate::steps::cargo;
use cases::Case;
use lab::Lab;
use std::path::PathBuf;
use std::time::Instant;
use tools::{Tool, Tools};

/// Arguments of `cargo xtask conformance`.
#[derive(clap::Args, Default)]
pub struct Args {
    /// How the broker reaches the kernel: uring or posix; by itself otherwise.
    #[arg(long, value_name = "NAME")]
    backend: Option<String>,
    /// Only the cases whose name contains this.
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
    /// Print the names of the cases.
    #[arg(long)]
    list: bool,
    /// Install what can be installed below `target/`, and stop.
    #[arg(long)]
    install_only: bool,
}

impl Args {
    /// All cases on one backend.
    pub fn on_backend(name: &str) -> Self {
        Self { backend: Some(name.to_owned()), ..Self::default() }
    }
}

/// What became of a case.
enum Outcome {
    Pass(String),
    Fail(String),
    Skip(Tool),
}

/// Runs the cases; true if none failed and, in CI, none was skipped.
pub fn run(args: &Args) -> bool {
    let wanted = |case: &Case| args.only.as_ref().is_none_or(|only| case.name.contains(only));
    let cases: Vec<Case> = cases::all().into_iter().filter(wanted).collect();
    if args.list {
        cases.iter().for_each(|case| println!("{}", case.name));
        return true;
    }
    let tools = Tools::find_or_install();
    if args.install_only {
        return tools.report();
    }
    match prepare(args, tools) {
        Ok(mut lab) => run_cases(&cases, &mut lab),
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
    let mut settings = args.set.clone();
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

fn run_cases(cases: &[Case], lab: &mut Lab) -> bool {
    println!("input: {}", lab.input.description);
    let (mut failed, mut skipped) = (0, 0);
    for case in cases {
        let start = Instant::now();
        let outcome = match case.needs.iter().find(|tool| !lab.tools.has(**tool)) {
            Some(missing) => Outcome::Skip(*missing),
            None => match lab.run(case) {
                Ok(detail) => Outcome::Pass(detail),
                Err(why) => Outcome::Fail(why),
            },
        };
        let (word, detail) = match outcome {
            Outcome::Pass(detail) => ("pass", detail),
            Outcome::Fail(why) => {
                failed += 1;
                ("FAIL", why)
            }
            Outcome::Skip(tool) => {
                skipped += 1;
                ("SKIP", format!("{} is missing: {}", tool.name(), tool.advice()))
            }
        };
        println!("{word}  {:6.1} s  {:26} {detail}", start.elapsed().as_secs_f64(), case.name);
    }
    lab.close(failed == 0);
    let passed = cases.len() - failed - skipped;
    println!("real clients: {passed} passed, {failed} failed, {skipped} skipped");
    if skipped > 0 && repo::is_ci() {
        println!("in CI a missing tool is a failure");
    }
    failed == 0 && passed > 0 && !(skipped > 0 && repo::is_ci())
}
