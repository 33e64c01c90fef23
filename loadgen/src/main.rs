//! The program: parse, run, print, exit status. Everything else is in the library.

#![forbid(unsafe_code)]

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Parser;
use headwater_loadgen::args::{Cli, Command, RunArgs};
use headwater_loadgen::progress::Terminal;
use headwater_loadgen::report::Report;
use headwater_loadgen::run::{self, Recorded, RunError};
use headwater_loadgen::spec_rules;

const FAILED: u8 = 1;
const WRONG_USAGE: u8 = 2;

fn main() -> ExitCode {
    let Command::Run(args) = Cli::parse().command;
    match run(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(FAILED),
        Err(Failure { text, status }) => {
            eprintln!("loadgen: {text}");
            ExitCode::from(status)
        }
    }
}

struct Failure {
    text: String,
    status: u8,
}

/// True when every check held.
fn run(args: &RunArgs) -> Result<bool, Failure> {
    let wrong_usage = |text: String| Failure { text, status: WRONG_USAGE };
    let failed = |text: String| Failure { text, status: FAILED };
    let spec = args.spec().map_err(wrong_usage)?;
    spec_rules::check(&spec).map_err(|e| wrong_usage(e.to_string()))?;
    let stop = stop_on_signals().map_err(|e| failed(format!("cannot catch signals: {e}")))?;
    let mut progress = Terminal::new(&spec, stop);
    let recorded = run::run_recorded(&spec, &mut progress);
    progress.finish();
    let recorded = recorded.map_err(|e| match e {
        RunError::Spec(e) => wrong_usage(e.to_string()),
        e => failed(e.to_string()),
    })?;
    publish(args, &recorded).map_err(failed)?;
    Ok(recorded.result.passed())
}

/// The first signal ends the run and prints what there is; a second one ends the program.
fn stop_on_signals() -> io::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // In this order: the second signal must find the flag set by the first.
        signal_hook::flag::register_conditional_shutdown(signal, FAILED.into(), Arc::clone(&stop))?;
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    Ok(stop)
}

/// Result as text, unless standard output is wanted for JSON; then the files.
fn publish(args: &RunArgs, recorded: &Recorded) -> Result<(), String> {
    let to_stdout = args.json.as_deref() == Some(Path::new("-"));
    let mut json = serde_json::to_string_pretty(&recorded.result).map_err(|e| e.to_string())?;
    json.push('\n');
    let text = if to_stdout { &json } else { &Report(&recorded.result).to_string() };
    io::stdout().write_all(text.as_bytes()).map_err(|e| format!("cannot print the result: {e}"))?;
    if let Some(path) = args.json.as_deref().filter(|_| !to_stdout) {
        write(path, |out| out.write_all(json.as_bytes()))?;
    }
    if let Some(path) = &args.hdr {
        write(path, |out| recorded.latencies.write_hgrm(out))?;
    }
    Ok(())
}

fn write(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), String> {
    let write = || {
        let mut out = BufWriter::new(File::create(path)?);
        content(&mut out)?;
        out.flush()
    };
    write().map_err(|e| format!("cannot write {}: {e}", path.display()))
}
