//! `bench scale`: a scratch folder, a results folder, repeats, a report.

use std::path::Path;

use super::carry_out::command;
use super::{CommandError, Outcome, show, target};
use crate::args::ScaleArgs;
use crate::evidence::{self, About, Evidence, Folder, SCHEMA_VERSION};
use crate::host::Host;
use crate::interrupt::Interrupt;
use crate::plan::Plan;
use crate::runner::unix_ms;
use crate::scale::{self, Settings};
use crate::scratch::ScratchDir;
use crate::target::Target;

/// Does it.
pub fn scale(args: &ScaleArgs) -> Result<Outcome, CommandError> {
    let settings = scale::settings(args).map_err(CommandError::Usage)?;
    let Target::Started(launcher) = target(&args.broker)? else {
        unreachable!("a broker that runs is refused by the settings");
    };
    let interrupt = Interrupt::listen();
    let interrupt = interrupt.map_err(|e| CommandError::System("cannot listen for Ctrl-C", e))?;
    let data_dir = |e| CommandError::DataDir(args.place.data_dir.clone(), e);
    let scratch = ScratchDir::beside(&args.place.data_dir).map_err(data_dir)?;
    let host = Host::probe(scratch.path()).map_err(data_dir)?;
    let started_unix_ms = unix_ms();
    let about = About { schema_version: SCHEMA_VERSION, command: command(), started_unix_ms };
    let plan = plan(&settings);
    let out = args.place.out.clone().unwrap_or_else(|| {
        let results = Path::new("results");
        evidence::new_path(results, started_unix_ms, &host.kind(), &plan.scenario)
    });
    let mut evidence = Evidence { about, host, plan, rows: Vec::new() };
    let folder = Folder::create(&out, &evidence).map_err(CommandError::Evidence)?;
    let (sizes, repeats) = (settings.sizes, settings.repeats);
    let scale::Sizes { topics, partitions, groups } = sizes;
    eprintln!(
        "scale: {topics} topics, {partitions} partitions, {groups} groups, {repeats} repeats"
    );
    let into = (&folder, &mut evidence);
    let ran = scale::run(&launcher, &args.broker, &settings, scratch.path(), into, &interrupt);
    // What was measured before a failure is evidence too.
    if ran.is_ok() || !evidence.rows.is_empty() {
        let outcome = show(&folder, &evidence, args.place.json)?;
        ran.map_err(CommandError::Scale)?;
        let complete = evidence.rows.len() == repeats as usize;
        return Ok(if complete { outcome } else { Outcome::Missed });
    }
    ran.map_err(CommandError::Scale)?;
    Ok(Outcome::Missed)
}

/// Repeats and nothing else: what is measured is in the rows.
fn plan(settings: &Settings) -> Plan {
    Plan {
        scenario: "scale".to_owned(),
        seed: 1,
        repeats: settings.repeats,
        limit_passes: 0,
        limit_item_s: 0.0,
        cells: Vec::new(),
        p99_ms_goal: None,
        left_out: Vec::new(),
    }
}
