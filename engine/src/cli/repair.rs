//! `headwater repair`: says what a log that is offline would have to give up to be served again; with
//! `--accept-loss`, gives it up.
//!
//! A log of which a journal holds something waits for the next start, which puts that back: only then is it known
//! what is lost. A journal that no start goes on with comes first. What is cut off is kept beside the segments.

mod journal;

use super::args::RepairArgs;
use super::diagnosis::Logs;
use super::error::CliError;
use super::journals::{Journals, Pending};
use super::print::Printer;
use crate::broker::identity::Identity;
use crate::broker::journals::directory_id;
use crate::broker::start::encode_clean;
use crate::log::directory;
use crate::log::recovery::repair::{self, Loss};
use crate::log::recovery::{Diagnosis, Journaled, acknowledged};
use crate::model::TopicId;
use headwater_io::file::{Access, File, Fs};
use serde::Serialize;
use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// What is, or would be, given up of one log.
#[derive(Debug, Serialize)]
struct Line {
    partition: String,
    reason: String,
    /// Where the log ends afterwards.
    segment_base: i64,
    position: u64,
    /// Offsets that are lost: from this one,
    from_offset: i64,
    /// to the one before this.
    to_offset: i64,
    bytes: u64,
    sound_batches: u64,
    done: bool,
    /// Files that keep what was cut off.
    kept: Vec<String>,
}

/// Prints, and repairs if that was accepted.
///
/// # Errors
/// When there is something to repair and the loss was not accepted, or files cannot be read or written.
pub fn run(args: &RepairArgs, printer: &mut Printer) -> Result<(), CliError> {
    let fs = Fs::os();
    let Report { journals, waiting, logs } =
        repair(&fs, &args.dir, args.partition.as_deref(), args.accept_loss)?;
    for line in &journals {
        printer.line(line, journal::Line::text)?;
    }
    for line in &logs {
        printer.line(line, Line::text)?;
    }
    for log in &waiting {
        let line = serde_json::json!({ "waiting": log });
        printer.line(&line, |_| {
            format!(
                "{log}: its journal is put back at the next start: repair it then, if it is offline"
            )
        })?;
    }
    let losses = logs.len() + journals.len();
    if losses + waiting.len() == 0 {
        let nothing = serde_json::json!({ "nothing": "every log can be served" });
        printer.line(&nothing, |_| "nothing to repair: every log can be served".to_owned())?;
    }
    match losses > 0 && !args.accept_loss {
        true => Err(CliError::Loss { dir: args.dir.clone(), logs: losses }),
        false => Ok(()),
    }
}

/// What was found, and perhaps done.
#[derive(Default)]
struct Report {
    journals: Vec<journal::Line>,
    /// Logs that the next start makes longer.
    waiting: Vec<String>,
    logs: Vec<Line>,
}

fn repair(fs: &Fs, dir: &Path, only: Option<&str>, accepted: bool) -> Result<Report, CliError> {
    let file = |error| CliError::File { path: dir.to_owned(), error };
    let _lock = lock(fs, dir)?;
    let mut logs = Logs::read(fs, dir)?;
    let directory = directory(fs, dir)?;
    let journals = Journals::read(fs, dir, directory, &logs).map_err(file)?;
    let given_up = journal::give_up(fs, &journals, directory, &logs, accepted.then(unix_ms));
    let mut report = Report { journals: given_up.map_err(file)?, ..Report::default() };
    if !report.journals.is_empty() {
        // What the logs lack is known when the broker has started.
        return Ok(report);
    }
    let mut partitions = logs.partitions().map_err(file)?;
    if let Some(only) = only {
        partitions.retain(|(topic, index)| format!("{topic}-{index}") == only);
        if partitions.is_empty() {
            let reason = format!("has no partition {only}");
            return Err(CliError::BadFile { path: dir.to_owned(), reason });
        }
    }
    for (topic, index) in partitions {
        let known = logs.key(&topic, index).and_then(|key| journals.known.get(&key));
        if known.is_some_and(Pending::is_to_be_put_back) {
            report.waiting.push(format!("{topic}-{index}"));
            continue;
        }
        let journaled = known.map(|known| Journaled { floor: None, end: known.end });
        let diagnosed = logs.diagnose(&topic, index, journaled).map_err(file)?;
        let Some(diagnosis) = diagnosed else { continue };
        let log = directory::partition(dir, &topic, index);
        let loss = repair::loss(fs, &log, &diagnosis).map_err(file)?;
        let mut line = Line::new(format!("{topic}-{index}"), &diagnosis, &loss);
        if accepted {
            line.kept = give_up(fs, dir, &log, &mut logs, &diagnosis).map_err(file)?;
            line.done = true;
            if let Some(still) = logs.diagnose(&topic, index, None).map_err(file)? {
                return Err(CliError::BadFile { path: log, reason: still.reason });
            }
        }
        report.logs.push(line);
    }
    Ok(report)
}

fn give_up(
    fs: &Fs,
    dir: &Path,
    log: &Path,
    logs: &mut Logs<'_>,
    diagnosis: &Diagnosis,
) -> io::Result<Vec<String>> {
    let name = log.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if logs.clean.remove(&name).is_some() {
        // What the last stop said of this log becomes untrue. Until it is repaired, a note says it.
        if let Some(end) = diagnosis.acknowledged {
            acknowledged::write(fs, log, end)?;
        }
        fs.replace(&dir.join(directory::CLEAN), &encode_clean(&logs.clean))?;
    }
    let kept = repair::give_up(fs, log, diagnosis, unix_ms())?;
    Ok(kept.iter().map(|path| path.display().to_string()).collect())
}

fn unix_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.as_millis() as i64
}

/// What the checksums of journals begin with.
fn directory(fs: &Fs, dir: &Path) -> Result<TopicId, CliError> {
    let path = dir.join(directory::IDENTITY);
    let bytes = fs.read(&path).map_err(|error| CliError::File { path: path.clone(), error })?;
    let identity: Identity = serde_json::from_slice(&bytes)
        .map_err(|error| CliError::BadFile { path, reason: error.to_string() })?;
    Ok(directory_id(&identity.directory_id))
}

/// Holds the lock that a broker would hold.
fn lock(fs: &Fs, dir: &Path) -> Result<File, CliError> {
    let path = dir.join(directory::LOCK);
    if !fs.exists(&dir.join(directory::IDENTITY)) || !fs.exists(&path) {
        let reason = "is not a data directory that a broker has used".to_owned();
        return Err(CliError::BadFile { path: dir.to_owned(), reason });
    }
    let failed = |error| CliError::File { path: path.clone(), error };
    let file = fs.open(&path, Access::Write).map_err(failed)?;
    match fs.lock(&file) {
        Ok(()) => Ok(file),
        Err(e) if e.kind() == io::ErrorKind::WouldBlock => Err(CliError::InUse(dir.to_owned())),
        Err(error) => Err(failed(error)),
    }
}

impl Line {
    fn new(partition: String, diagnosis: &Diagnosis, loss: &Loss) -> Self {
        Line {
            partition,
            reason: diagnosis.reason.clone(),
            segment_base: diagnosis.end.segment_base.0,
            position: diagnosis.end.position.0,
            from_offset: loss.from.0,
            to_offset: loss.to.0,
            bytes: loss.bytes,
            sound_batches: loss.sound_batches,
            done: false,
            kept: Vec::new(),
        }
    }

    fn text(&self) -> String {
        let Line { partition, from_offset, to_offset, bytes, sound_batches, .. } = self;
        let verb = if self.done { "gave up" } else { "would give up" };
        let mut text = format!(
            "{partition}: {verb} offsets [{from_offset}, {to_offset}): {bytes} bytes, {sound_batches} sound \
             batches among them; the log ends at offset {from_offset}, byte {} of segment {}\n  because {}",
            self.position, self.segment_base, self.reason
        );
        for kept in &self.kept {
            text.push_str(&format!("\n  kept in {kept}"));
        }
        text
    }
}
