//! The program `fuzz`: chooses a target, gives it seeds for as long as it may, and says how to repeat what it found.

#![forbid(unsafe_code)]

mod args;
mod watch;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use headwater_fuzz::kill::{self, Plan};
use headwater_fuzz::run::{self, Outcome};
use headwater_fuzz::targets::{TARGETS, Target};
use headwater_io::driver::Backend;

use args::{Args, Verb};
use watch::Watch;

const FAILED: u8 = 1;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("serve") {
        return headwater::cli::main();
    }
    let passed = match Args::parse().verb {
        Verb::List => list(),
        Verb::Run { targets, seed, seconds, inputs } => {
            let first = seed.unwrap_or_else(fresh_seed);
            let targets = if targets.is_empty() { TARGETS.iter().collect() } else { targets };
            let most = inputs.unwrap_or(u64::MAX);
            let limit = (inputs.is_none() || seconds.is_some()).then(|| seconds.unwrap_or(10));
            targets
                .into_iter()
                .map(|target| run_one(target, first, most, limit))
                .fold(true, |a, b| a & b)
        }
        Verb::Repeat { target, seed, inputs, save } => {
            repeat(target, seed, inputs, save.as_deref())
        }
        Verb::Check { target, file } => check(target, &file),
        Verb::Kill { kills, backend, settings, seed, dir } => {
            kill(kills, backend, settings, seed.unwrap_or_else(fresh_seed), dir)
        }
    };
    if passed { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
}

fn list() -> bool {
    for Target { name, about, .. } in TARGETS {
        println!("{name:<12} {about}");
    }
    true
}

fn run_one(target: &'static Target, first: u64, inputs_max: u64, seconds: Option<u64>) -> bool {
    let start = Instant::now();
    let until = seconds.map(|seconds| start + Duration::from_secs(seconds));
    let watch = Watch::over(target.name);
    let outcome = run::run(target, first, inputs_max, until, watch.seed());
    drop(watch);
    print(target, first, &outcome, start.elapsed());
    outcome.failure.is_none()
}

fn print(target: &Target, first: u64, outcome: &Outcome, took: Duration) {
    let Outcome { inputs, bytes, slowest: (slowest, slowest_seed), failure } = outcome;
    let word = if failure.is_some() { "FAIL" } else { "ok" };
    println!(
        "{word:<4} {:<12} {inputs} inputs, {bytes} bytes, seeds {first}..{}, {:.1} s; slowest {:.1} ms (seed {slowest_seed})",
        target.name,
        first.wrapping_add(*inputs),
        took.as_secs_f64(),
        slowest.as_secs_f64() * 1e3,
    );
    if let Some(failure) = failure {
        println!("{failure}");
    }
}

fn repeat(target: &'static Target, seed: u64, inputs: u64, save: Option<&Path>) -> bool {
    let bytes = run::input(target, seed);
    println!("{}: seed {seed}: {} bytes: {}", target.name, bytes.len(), hex(&bytes));
    if let Some(path) = save
        && let Err(error) = std::fs::write(path, &bytes)
    {
        eprintln!("fuzz: {} cannot be written: {error}", path.display());
        return false;
    }
    run_one(target, seed, inputs, None)
}

fn check(target: &Target, file: &Path) -> bool {
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!("fuzz: {} cannot be read: {error}", file.display());
            return false;
        }
    };
    let checked = run::check(target, &bytes);
    match &checked {
        Ok(()) => println!("ok   {}: {} bytes", target.name, bytes.len()),
        Err(what) => println!("FAIL {}: {what}", target.name),
    }
    checked.is_ok()
}

fn kill(kills: u32, backend: Backend, settings: Vec<String>, seed: u64, dir: PathBuf) -> bool {
    let outcome = std::env::current_exe().and_then(|program| {
        // In it, not on it: what is there already may be somebody's.
        let dir = dir.join(format!("{}-{seed}", std::process::id()));
        std::fs::create_dir_all(&dir)?;
        Ok(Plan { program, backend, settings, kills, seed, dir })
    });
    let plan = match outcome {
        Ok(plan) => plan,
        Err(error) => {
            eprintln!("fuzz: {} cannot be used: {error}", dir.display());
            return false;
        }
    };
    match kill::run(&plan) {
        Ok(outcome) => {
            println!("ok   kill {backend}, seed {seed}: {outcome}");
            drop(std::fs::remove_dir_all(&plan.dir));
            true
        }
        Err(what) => {
            println!("FAIL kill {backend}, seed {seed}: {what}");
            println!("  its directory is kept: {}", plan.dir.display());
            println!(
                "  try again with: fuzz kill --kills {kills} --backend {backend} --seed {seed}"
            );
            false
        }
    }
}

/// The start of an input: enough to see what it is.
fn hex(bytes: &[u8]) -> String {
    const SHOWN: usize = 256;
    let digits: String = bytes.iter().take(SHOWN).map(|byte| format!("{byte:02x}")).collect();
    if bytes.len() > SHOWN { digits + "…" } else { digits }
}

/// Where nobody has been: the time.
fn fresh_seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap_or_default().as_micros() as u64
}
