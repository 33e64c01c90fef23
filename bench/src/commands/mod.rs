//! From the command line to a report: each command makes a plan, has it carried out, and shows what
//! came of it.

mod carry_out;
mod scale;
mod serve;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::args::TuneArgs;
use crate::args::{Broker, Command, CompareArgs, FiguresArgs, JournalArgs};
use crate::args::{LimitsArgs, Path, ReportArgs, Scenario};
use crate::evidence::{Evidence, EvidenceError, Folder};
use crate::host::process::Process;
use crate::limits::{self, items};
use crate::plan::Plan;
use crate::report::{self, Conclusion};
use crate::runner;
use crate::target::launch::Launcher;
use crate::target::{Target, TargetError};
use crate::{compare, eos, figures, journal, tune};
use carry_out::{Work, carry_out};

/// How a command ended that could do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was measured and every promise held.
    Held,
    /// Something was measured, but not all of it, or a promise did not hold.
    Missed,
}

/// Why a command could not do its work.
#[derive(Debug)]
pub enum CommandError {
    /// The arguments make no sense together.
    Usage(String),
    /// The directory to measure cannot be used.
    DataDir(PathBuf, std::io::Error),
    /// There is no broker to measure.
    Broker(TargetError),
    /// Something of the operating system failed.
    System(&'static str, std::io::Error),
    /// The plan could not be carried through.
    Run(runner::RunError),
    /// The results folder cannot be written or read.
    Evidence(EvidenceError),
    /// A broker did not do what `scale` asks.
    Scale(String),
    /// The broker that the bench starts beside itself failed.
    Serve(String),
}

impl CommandError {
    /// 2 for wrong usage, 1 for everything else.
    pub fn exit_status(&self) -> u8 {
        if matches!(self, CommandError::Usage(_)) { 2 } else { 1 }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CommandError::Usage(text) => f.write_str(text),
            CommandError::DataDir(dir, error) => write!(
                f,
                "cannot measure in {}: {error}; name a directory on the disk to test with --data-dir",
                dir.display()
            ),
            CommandError::Broker(error) => write!(f, "{error}"),
            CommandError::System(what, error) => write!(f, "{what}: {error}"),
            CommandError::Run(error) => write!(f, "{error}"),
            CommandError::Evidence(error) => write!(f, "{error}"),
            CommandError::Scale(error) => write!(f, "scale: {error}"),
            CommandError::Serve(error) => f.write_str(error),
        }
    }
}

impl std::error::Error for CommandError {}

/// Runs one command.
///
/// # Errors
/// When there is nothing to show at all.
pub fn run(command: Command) -> Result<Outcome, CommandError> {
    match command {
        Command::Limits(args) => limits(&args),
        Command::Compare(args) if args.scenario == Scenario::Figures => figures(&as_figures(args)),
        Command::Compare(args) => {
            let plan = compare::plan(&args).map_err(CommandError::Usage)?;
            measure(plan, &args.place, &args.broker, args.effort.quick)
        }
        Command::Tune(args) => tune(&args),
        Command::Figures(args) => figures(&args),
        Command::Journal(args) => journal(&args),
        Command::Eos(args) => {
            let plan = eos::plan(&args).map_err(CommandError::Usage)?;
            measure(plan, &args.place, &args.broker, args.effort.quick)
        }
        Command::Scale(args) => scale::scale(&args),
        Command::Report(args) => report(&args),
        Command::Explain { .. } => Err(CommandError::Usage(
            "explain comes with a later release: meanwhile, compare shows what each setting costs"
                .to_owned(),
        )),
        Command::Serve { args } => serve::serve(args).map_err(CommandError::Serve),
    }
}

fn tune(args: &TuneArgs) -> Result<Outcome, CommandError> {
    let plan = tune::plan(args).map_err(CommandError::Usage)?;
    measure(plan, &args.place, &args.broker, args.effort.quick)
}

fn figures(args: &FiguresArgs) -> Result<Outcome, CommandError> {
    let plan = figures::plan(args).map_err(CommandError::Usage)?;
    measure(plan, &args.place, &args.broker, args.effort.quick)
}

fn journal(args: &JournalArgs) -> Result<Outcome, CommandError> {
    let plan = journal::plan(args, args.path).map_err(CommandError::Usage)?;
    let instead = journal::plan(args, Path::Direct).map_err(CommandError::Usage)?;
    let work = work(plan, &args.broker, args.effort.quick)?;
    carry_out(Work { instead: Some(instead), ..work }, &args.place)
}

fn as_figures(args: CompareArgs) -> FiguresArgs {
    let CompareArgs { place, effort, broker, only, .. } = args;
    FiguresArgs { place, effort, broker, only }
}

fn measure(
    plan: Plan,
    place: &crate::args::Place,
    broker: &Broker,
    quick: bool,
) -> Result<Outcome, CommandError> {
    carry_out(work(plan, broker, quick)?, place)
}

fn work(plan: Plan, broker: &Broker, quick: bool) -> Result<Work, CommandError> {
    let target = target(broker)?;
    let mut limit_settings = limits::Settings {
        item_time: Duration::from_secs_f64(plan.limit_item_s),
        ..limits::Settings::default()
    };
    if quick {
        limit_settings.file_bytes = 64 << 20;
    }
    let items = items::short_list();
    Ok(Work { plan, instead: None, target: Some(target), items, limit_settings })
}

fn limits(args: &LimitsArgs) -> Result<Outcome, CommandError> {
    if !(args.seconds.is_finite() && args.seconds >= 0.001) {
        let text = format!("--seconds {}: give at least 0.001", args.seconds);
        return Err(CommandError::Usage(text));
    }
    let (item_s, repeats) = if args.quick { (0.01, 1) } else { (args.seconds, args.repeats) };
    let plan = Plan {
        scenario: "limits".to_owned(),
        seed: 1,
        repeats,
        limit_passes: repeats,
        limit_item_s: item_s,
        cells: Vec::new(),
        p99_ms_goal: None,
        left_out: Vec::new(),
    };
    let limit_settings = limits::Settings {
        item_time: Duration::from_secs_f64(item_s),
        file_bytes: if args.quick { 64 << 20 } else { args.file_mib << 20 },
        spin: Duration::from_micros(args.spin_us),
    };
    let work = Work { plan, instead: None, target: None, items: items::all(), limit_settings };
    carry_out(work, &args.place)
}

fn target(broker: &Broker) -> Result<Target, CommandError> {
    let started = |launcher| Ok(Target::Started(launcher));
    match (&broker.broker, &broker.headwater) {
        (Some(address), _) => Ok(Target::Running {
            address: address.clone(),
            process: broker.broker_pid.map(Process),
        }),
        (None, Some(program)) => started(Launcher::headwater(program.clone())),
        (None, None) => {
            let this = Launcher::this_program();
            started(this.map_err(|e| CommandError::System("cannot find this program", e))?)
        }
    }
}

fn report(args: &ReportArgs) -> Result<Outcome, CommandError> {
    let folder = Folder::existing(&args.folder);
    let evidence = folder.read().map_err(CommandError::Evidence)?;
    show(&folder, &evidence, args.json)
}

/// Writes the rendered files and prints the summary.
fn show(folder: &Folder, evidence: &Evidence, json: bool) -> Result<Outcome, CommandError> {
    let conclusion = Conclusion::of(evidence);
    let report = report::write(folder, evidence, &conclusion).map_err(CommandError::Evidence)?;
    match json {
        true => {
            let text = serde_json::to_string_pretty(&conclusion).expect("plain data");
            println!("{text}");
        }
        false => print!("{}", report::terminal::text(evidence, &conclusion, &report)),
    }
    let complete = conclusion
        .analysis
        .cells
        .iter()
        .all(|cell| cell.errors.is_empty() && cell.runs == evidence.plan.repeats as usize);
    let held = conclusion.verdicts.iter().all(|verdict| verdict.held);
    Ok(if complete && held { Outcome::Held } else { Outcome::Missed })
}
