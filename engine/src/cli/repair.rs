//! `headwater repair`: says what a log that is offline would have to give up to be served again; with
//! `--accept-loss`, gives it up.
//!
//! Run it after the broker was started and stopped once: a start puts back what the journal holds, and only
//! then is it known what is lost. What is cut off is kept beside the segments.

use super::args::RepairArgs;
use super::diagnosis::Logs;
use super::error::CliError;
use super::print::Printer;
use crate::broker::start::encode_clean;
use crate::log::directory;
use crate::log::recovery::repair::{self, Loss};
use crate::log::recovery::{Diagnosis, acknowledged};
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
    let lines = repair(&fs, &args.dir, args.partition.as_deref(), args.accept_loss)?;
    for line in &lines {
        printer.line(line, Line::text)?;
    }
    if lines.is_empty() {
        let nothing = serde_json::json!({ "nothing": "every log can be served" });
        printer.line(&nothing, |_| "nothing to repair: every log can be served".to_owned())?;
    }
    match lines.len() {
        logs if logs > 0 && !args.accept_loss => {
            Err(CliError::Loss { dir: args.dir.clone(), logs })
        }
        _ => Ok(()),
    }
}

fn repair(fs: &Fs, dir: &Path, only: Option<&str>, accepted: bool) -> Result<Vec<Line>, CliError> {
    let file = |error| CliError::File { path: dir.to_owned(), error };
    let _lock = lock(fs, dir)?;
    let mut logs = Logs::read(fs, dir)?;
    let mut partitions = logs.partitions().map_err(file)?;
    if let Some(only) = only {
        partitions.retain(|(topic, index)| format!("{topic}-{index}") == only);
        if partitions.is_empty() {
            let reason = format!("has no partition {only}");
            return Err(CliError::BadFile { path: dir.to_owned(), reason });
        }
    }
    let mut lines = Vec::new();
    for (topic, index) in partitions {
        let Some(diagnosis) = logs.diagnose(&topic, index).map_err(file)? else { continue };
        let log = directory::partition(dir, &topic, index);
        let loss = repair::loss(fs, &log, &diagnosis).map_err(file)?;
        let mut line = Line::new(format!("{topic}-{index}"), &diagnosis, &loss);
        if accepted {
            line.kept = give_up(fs, dir, &log, &mut logs, &diagnosis).map_err(file)?;
            line.done = true;
            if let Some(still) = logs.diagnose(&topic, index).map_err(file)? {
                return Err(CliError::BadFile { path: log, reason: still.reason });
            }
        }
        lines.push(line);
    }
    Ok(lines)
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
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let kept = repair::give_up(fs, log, diagnosis, now.as_millis() as i64)?;
    Ok(kept.iter().map(|path| path.display().to_string()).collect())
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
