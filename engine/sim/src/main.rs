//! The program `sim`: whole brokers on a simulated disk, network and clock.
#![forbid(unsafe_code)]

mod args;

use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use args::{Args, Command, Limits};
use clap::Parser;
use headwater_sim::fuzz::{self, Report};
use headwater_sim::plan::Workload;
use headwater_sim::plan::transactional::Transactional;
use headwater_sim::run::{self, Outcome};
use headwater_sim::{faults, loss};

/// Between two lines of progress.
const PROGRESS: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let result = match Args::parse().command {
        Command::Run { seed, trace, limits } => run_one(seed, trace, &limits),
        Command::Fuzz { seeds, minutes, jobs, limits } => fuzz_many(seeds, minutes, jobs, &limits),
        Command::Planted { seeds } => planted(seeds),
        Command::Loss { seeds, json } => show_loss(seeds, json),
    };
    result.unwrap_or_else(|why| {
        eprintln!("sim: {why}");
        ExitCode::from(2)
    })
}

fn status(good: bool) -> ExitCode {
    if good { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

fn run_one(seed: u64, trace: bool, limits: &Limits) -> Result<ExitCode, String> {
    if trace {
        tracing_subscriber::fmt().with_writer(std::io::stderr).without_time().init();
    }
    let mut wish = limits.wish(seed);
    wish.printed = trace;
    let outcome = run::run(&wish)?;
    let plan = &outcome.plan;
    println!("seed           {seed}");
    println!("workload       {}", wish.workload.name());
    println!("path           {}, {} shards", plan.path, plan.shards);
    for topic in &plan.topics {
        let (name, durability) = (&topic.name, topic.durability.name());
        println!(
            "topic          {name}: {} partitions, {durability}, segments of {} bytes",
            topic.partitions, topic.segment_bytes
        );
    }
    for producer in &plan.producers {
        let kind = if producer.idempotent { "idempotent, " } else { "" };
        let (acks, in_flight) = (producer.acks, producer.in_flight);
        println!("producer       {kind}acks {acks}, {in_flight} requests in flight");
    }
    if let Some(of) = &plan.transactional {
        print_transactional(of);
    }
    println!("lives          {:?}, and one without faults", plan.ends);
    println!("faults         {}", plan.faults);
    println!("simulated      {:?}, {} events", outcome.simulated, outcome.events);
    println!("acknowledged   {} records", outcome.acknowledged);
    println!("transactions   {} that count", outcome.transactions);
    let lost: i64 = outcome.losses.iter().map(|loss| loss.records).sum();
    println!("lost           {lost} records, where that is allowed");
    for excused in &outcome.excused {
        println!("damage found   {excused}");
    }
    println!("trace          {:016x}", outcome.trace_hash);
    match &outcome.violation {
        Some(_) => print_failure(&outcome, limits),
        None => println!("all checkers are silent"),
    }
    Ok(status(outcome.violation.is_none()))
}

fn print_transactional(of: &Transactional) {
    for topic in &of.outputs {
        let (name, partitions) = (&topic.name, topic.partitions);
        println!(
            "output         {name}: {partitions} partitions, retention {:?}",
            topic.retention_bytes
        );
    }
    for one in &of.processors {
        let (id, inputs, rules) = (&one.id, &one.inputs, one.rules);
        let (instances, timeout_ms) = (one.instances, one.timeout_ms);
        println!(
            "processor      {id}: inputs {inputs:?}, {rules:?}, {instances} instances, {timeout_ms} ms"
        );
    }
}

fn print_failure(outcome: &Outcome, limits: &Limits) {
    let Some(violation) = &outcome.violation else { return };
    let seed = outcome.plan.seed;
    println!("FAILED seed {seed}: {violation}");
    let path = limits.path.as_ref().map_or(String::new(), |path| format!(" --path {path}"));
    let all = limits.faults == faults::Faults::ALL;
    let workload = match outcome.plan.transactional {
        Some(_) => Workload::Transactions,
        None => Workload::Records,
    };
    let workload = workload.name();
    let faults = if all { String::new() } else { format!(" --faults {}", limits.faults) };
    println!("  again: sim run --seed {seed} --workload {workload}{path}{faults} --trace");
}

fn fuzz_many(
    seeds: std::ops::Range<u64>,
    minutes: Option<f64>,
    jobs: Option<usize>,
    limits: &Limits,
) -> Result<ExitCode, String> {
    // A panic is a finding and is printed with its seed.
    std::panic::set_hook(Box::new(|_| {}));
    let jobs = jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, Into::into));
    let limit = minutes.map(|minutes| Duration::from_secs_f64(minutes * 60.0));
    let (started, all) = (Instant::now(), seeds.end - seeds.start);
    let told = Mutex::new((started, 0));
    let progress = |report: &Report| {
        let mut told = told.lock().expect("progress lock");
        for outcome in &report.failures[told.1..] {
            print_failure(outcome, limits);
        }
        told.1 = report.failures.len();
        if told.0.elapsed() >= PROGRESS {
            told.0 = Instant::now();
            let (runs, failures) = (report.runs, report.failures.len());
            let rate = runs as f64 / started.elapsed().as_secs_f64();
            eprintln!("{runs} of {all} seeds, {failures} failures, {rate:.0} seeds/s");
        }
    };
    let report = fuzz::fuzz(seeds, limit, jobs, |seed| limits.wish(seed), progress)?;
    print_report(&report, started.elapsed());
    Ok(status(report.failures.is_empty()))
}

fn print_report(report: &Report, took: Duration) {
    println!("seeds                      {}", report.runs);
    println!("took                       {:.1} s", took.as_secs_f64());
    println!("acknowledged records       {}", report.acknowledged);
    println!("transactions that count    {}", report.transactions);
    println!("records deleted by clients {} partitions", report.shortened[0]);
    println!("records deleted by size    {} partitions", report.shortened[1]);
    println!("starts that were cut       {}", report.recoveries_cut);
    println!("runs with damage found     {}", report.damaged);
    println!("failures                   {}", report.failures.len());
    match report.reached.is_empty() {
        true => println!("rare paths                 not counted: build with --features planted"),
        false => println!("rare paths, times reached:"),
    }
    for (name, times) in &report.reached {
        println!("  {times:>10}  {name}");
    }
}

#[cfg(feature = "planted")]
fn planted(seeds: u64) -> Result<ExitCode, String> {
    use headwater::planted::{Bug, plant};
    std::panic::set_hook(Box::new(|_| {}));
    println!("{:<26} {:>6}  found by", "mistake", "seeds");
    let mut all = true;
    for bug in Bug::ALL {
        let found = headwater_sim::planted::hunt(bug, seeds, plant)?;
        all &= found.said.is_some();
        let said = found.said.unwrap_or_else(|| "NOT FOUND".to_owned());
        println!("{:<26} {:>6}  {said}", format!("{bug:?}"), found.seeds);
    }
    Ok(status(all))
}

#[cfg(not(feature = "planted"))]
fn planted(_: u64) -> Result<ExitCode, String> {
    Err("this program has no mistakes in it: build it with `cargo build -p headwater-sim --features planted`".to_owned())
}

fn show_loss(seeds: u64, json: bool) -> Result<ExitCode, String> {
    let lines = loss::table(seeds)?;
    match json {
        true => println!("{}", serde_json::to_string_pretty(&lines).map_err(|e| e.to_string())?),
        false => print!("{}", loss::text(&lines)),
    }
    Ok(ExitCode::SUCCESS)
}
