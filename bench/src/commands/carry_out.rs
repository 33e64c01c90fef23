//! What all measuring commands have in common: a scratch folder on the disk to test, a results folder,
//! a plan carried through, a report.

use std::path::Path;

use super::{CommandError, Outcome, show};
use crate::args::Place;
use crate::evidence::{self, About, Evidence, Folder, SCHEMA_VERSION};
use crate::host::Host;
use crate::interrupt::Interrupt;
use crate::limits;
use crate::limits::items::Item;
use crate::plan::{Cell, Plan, Where};
use crate::progress::Progress;
use crate::runner::{Runner, unix_ms};
use crate::scratch::ScratchDir;
use crate::setting::Path as DurabilityPath;
use crate::target::Target;

/// What is to be done.
pub struct Work {
    pub plan: Plan,
    /// Carried out instead when the broker refuses the path of `plan`; without one, its cells are left out.
    pub instead: Option<Plan>,
    pub target: Option<Target>,
    pub items: Vec<Item>,
    pub limit_settings: limits::Settings,
}

/// Does it.
pub fn carry_out(mut work: Work, place: &Place) -> Result<Outcome, CommandError> {
    let interrupt = Interrupt::listen();
    let interrupt = interrupt.map_err(|e| CommandError::System("cannot listen for Ctrl-C", e))?;
    let data_dir = |e| CommandError::DataDir(place.data_dir.clone(), e);
    let scratch = ScratchDir::beside(&place.data_dir).map_err(data_dir)?;
    let host = Host::probe(scratch.path()).map_err(data_dir)?;
    give_way(&mut work, &scratch)?;
    rehearse(&work, &scratch)?;
    let started_unix_ms = unix_ms();
    let about = About { schema_version: SCHEMA_VERSION, command: command(), started_unix_ms };
    let out = place.out.clone().unwrap_or_else(|| {
        let results = Path::new("results");
        evidence::new_path(results, started_unix_ms, &host.kind(), &work.plan.scenario)
    });
    let mut evidence = Evidence { about, host, plan: work.plan, rows: Vec::new() };
    let folder = Folder::create(&out, &evidence).map_err(CommandError::Evidence)?;
    announce(&evidence, work.items.len());
    let progress = Progress::new(evidence.plan.steps().len() + evidence.plan.limit_passes as usize);
    let runner = Runner {
        scratch: &scratch,
        target: work.target.as_ref(),
        items: &work.items,
        limit_settings: work.limit_settings,
        folder: &folder,
        interrupt: &interrupt,
        progress: &progress,
    };
    let ran = runner.run(&mut evidence);
    drop(progress);
    // What was measured before a failure is evidence too.
    if ran.is_ok() || !evidence.rows.is_empty() {
        let outcome = show(&folder, &evidence, place.json)?;
        ran.map_err(CommandError::Run)?;
        return Ok(if interrupt.requested() { Outcome::Missed } else { outcome });
    }
    ran.map_err(CommandError::Run)?;
    Ok(Outcome::Held)
}

/// A broker may be older than a way of writing, and the others are still worth measuring.
fn give_way(work: &mut Work, scratch: &ScratchDir) -> Result<(), CommandError> {
    let path = DurabilityPath::Journal;
    let cell = work.plan.cells.iter().find(|cell| cell.setting.path == path);
    let (Some(target), Some(cell)) = (&work.target, cell) else { return Ok(()) };
    let dir = scratch.path().join("rehearsal");
    let Some(why) = target.refuses_path(cell, &dir).map_err(CommandError::Broker)? else {
        drop(std::fs::remove_dir_all(dir));
        return Ok(());
    };
    if let Some(instead) = work.instead.take() {
        work.plan = instead;
    }
    work.plan.leave_out(path, &why);
    match work.plan.cells.is_empty() {
        true => Err(CommandError::Usage(format!("nothing is left to measure: {why}"))),
        false => Ok(()),
    }
}

/// Starts a broker once before anything is measured: a setting it does not know, or an address where
/// nobody answers, would otherwise show only after minutes, as a table of failed runs.
fn rehearse(work: &Work, scratch: &ScratchDir) -> Result<(), CommandError> {
    let over_network = |cell: &&Cell| cell.broker.place != Where::InProcess;
    let cell = work.plan.cells.iter().find(over_network);
    let (Some(target), Some(cell)) = (&work.target, cell) else { return Ok(()) };
    let dir = scratch.path().join("rehearsal");
    let broker = target.broker(cell, &dir).map_err(CommandError::Broker)?;
    broker.stop().map_err(|e| CommandError::System("the broker does not stop", e))?;
    // What cannot be removed now goes with the scratch folder.
    drop(std::fs::remove_dir_all(dir));
    Ok(())
}

/// On standard error: standard output is for results.
fn announce(evidence: &Evidence, limit_items: usize) {
    let plan = &evidence.plan;
    let seconds = plan.estimate(limit_items).as_secs_f64().ceil();
    let runs = match plan.cells.is_empty() {
        true => format!("{limit_items} limits, {} passes", plan.limit_passes),
        false => format!("{} cells x {} repeats", plan.cells.len(), plan.repeats),
    };
    eprintln!("{}: {runs}, about {seconds} s", plan.scenario);
    plan.left_out.iter().for_each(|what| eprintln!("left out: {what}"));
}

/// The command line, without what names this machine or its user: a path is kept only if relative.
pub(super) fn command() -> String {
    let mut words = vec!["bench".to_owned()];
    for word in std::env::args().skip(1) {
        let (flag, value) = match word.split_once('=') {
            Some((flag, value)) if flag.starts_with("--") => (format!("{flag}="), value.to_owned()),
            _ => (String::new(), word),
        };
        let shown = if Path::new(&value).is_absolute() { "…".to_owned() } else { value };
        words.push(flag + &shown);
    }
    words.join(" ")
}
