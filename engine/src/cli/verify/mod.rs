//! `headwater verify`: reads everything in a data directory, checks everything, changes nothing.
//!
//! What is wrong would lose or alter something that was acknowledged, or stop the next start; what is only noted, the
//! next start puts right by itself (a torn tail, a missing index). Recovery decides which is which, with its own table.

mod journal;
mod partition;
mod records;

use super::args::VerifyArgs;
use super::diagnosis::Logs;
use super::dump;
use super::error::CliError;
use super::journals::Journals;
use super::print::Printer;
use crate::broker::identity::{FORMAT_VERSION, Identity};
use crate::broker::journals::directory_id;
use crate::log::directory;
use headwater_io::file::{Access, Fs};
use partition::{Partition, Promise};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// What was read, and what was found.
#[derive(Debug, Default, Serialize)]
pub(super) struct Outcome {
    pub partitions: u64,
    pub segments: u64,
    pub batches: u64,
    pub records: u64,
    pub bytes: u64,
    /// Frames of journals that are not in the segments yet, and the bytes that these get of them.
    pub frames: u64,
    pub put_back_bytes: u64,
    /// Put right by the next start.
    pub notes: Vec<String>,
    /// Not to be put right by itself.
    pub wrong: Vec<String>,
}

/// Checks and prints.
///
/// # Errors
/// When something is wrong, or cannot be looked at.
pub fn run(args: &VerifyArgs, printer: &mut Printer) -> Result<(), CliError> {
    let fs = Fs::os();
    let outcome = verify(&fs, &args.dir)?;
    printer.print(&outcome, Outcome::text)?;
    match outcome.wrong.len() {
        0 => Ok(()),
        findings => Err(CliError::Wrong { dir: args.dir.clone(), findings }),
    }
}

/// Checks everything in `dir`.
pub(super) fn verify(fs: &Fs, dir: &Path) -> Result<Outcome, CliError> {
    let unreadable = |error| CliError::File { path: dir.to_owned(), error };
    let entries = fs.list(dir).map_err(unreadable)?;
    let _lock = lock(fs, dir)?;
    let mut outcome = Outcome::default();
    let identity = check_identity(fs, dir, &mut outcome)?;
    let expected = topics(fs, dir, &mut outcome)?;
    let mut found = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.is_dir) {
        if entry.name.ends_with(directory::STRAY) {
            let what = "records of a topic that the metadata does not know; remove it if nobody misses them";
            outcome.wrong.push(format!("{}: {what}", dir.join(&entry.name).display()));
        }
        let Some((topic, index)) = directory::parse_partition(&entry.name) else { continue };
        found.insert((topic.to_owned(), index), dir.join(&entry.name));
    }
    // Without metadata there is nothing that recovery would open.
    let logs = Logs::read(fs, dir).ok();
    let journals = match (&logs, &identity) {
        (Some(logs), Some(identity)) => {
            let directory = directory_id(&identity.directory_id);
            Journals::read(fs, dir, directory, logs).map_err(unreadable)?
        }
        _ => Journals::default(),
    };
    journal::verify(fs, &journals, &mut outcome).map_err(unreadable)?;
    for ((topic, index), path) in &found {
        if expected.get(topic).is_none_or(|count| index >= count) {
            outcome.notes.push(format!("{}: no topic has this partition", path.display()));
        }
        let promise = logs.as_ref().map(|logs| promise(logs, &journals, topic, *index)).transpose();
        let promise = promise.map_err(unreadable)?.flatten();
        let promised = promise.is_some();
        Partition { fs, dir: path, outcome: &mut outcome, promise }.verify().map_err(unreadable)?;
        let judge = logs.as_ref().filter(|_| !promised);
        let diagnosis = judge.map(|logs| logs.diagnose(topic, *index, None)).transpose();
        if let Some(diagnosis) = diagnosis.map_err(unreadable)?.flatten() {
            outcome.wrong.push(format!(
                "{}: the next start takes it offline (`headwater repair` says what would be lost): {}",
                path.display(),
                diagnosis.reason
            ));
        }
    }
    for (topic, count) in &expected {
        for index in (0..*count).filter(|index| !found.contains_key(&(topic.clone(), *index))) {
            let path = directory::partition(dir, topic, index);
            outcome.wrong.push(format!("{}: the folder is missing", path.display()));
        }
    }
    Ok(outcome)
}

/// What journals and others know of a log's end; none, when no journal does.
fn promise<'a>(
    logs: &Logs<'_>,
    journals: &'a Journals,
    topic: &str,
    index: i32,
) -> io::Result<Option<Promise<'a>>> {
    let Some(pending) = logs.key(topic, index).and_then(|key| journals.known.get(&key)) else {
        return Ok(None);
    };
    let written_down = logs.written_down(topic, index)?;
    let end = written_down.map_or(pending.end, |end| pending.end.further(end));
    Ok(Some(Promise { pending, end }))
}

/// Holds the lock that a broker would hold, if there is one to hold.
fn lock(fs: &Fs, dir: &Path) -> Result<Option<headwater_io::file::File>, CliError> {
    let path = dir.join(directory::LOCK);
    if !fs.exists(&path) {
        return Ok(None);
    }
    let file = fs.open(&path, Access::Read).map_err(|error| CliError::File { path, error })?;
    match fs.lock(&file) {
        Err(e) if e.kind() == io::ErrorKind::WouldBlock => Err(CliError::InUse(dir.to_owned())),
        // A lock that cannot be taken for another reason does not keep anybody from reading.
        _ => Ok(Some(file)),
    }
}

fn check_identity(
    fs: &Fs,
    dir: &Path,
    outcome: &mut Outcome,
) -> Result<Option<Identity>, CliError> {
    let path = dir.join(directory::IDENTITY);
    if !fs.exists(&path) {
        let reason = format!("is not a data directory: it has no {}", directory::IDENTITY);
        return Err(CliError::BadFile { path: dir.to_owned(), reason });
    }
    let bytes = fs.read(&path).map_err(|error| CliError::File { path: path.clone(), error })?;
    match serde_json::from_slice::<Identity>(&bytes) {
        Ok(identity) if identity.format_version > FORMAT_VERSION => {
            let reason =
                format!("has format {}: use the release that wrote it", identity.format_version);
            Err(CliError::BadFile { path, reason })
        }
        Ok(identity) => Ok(Some(identity)),
        Err(error) => {
            outcome.wrong.push(format!("{}: {error}", path.display()));
            Ok(None)
        }
    }
}

/// Topics and their partitions, as the metadata has them.
fn topics(fs: &Fs, dir: &Path, outcome: &mut Outcome) -> Result<BTreeMap<String, i32>, CliError> {
    let path = dir.join(directory::METADATA);
    if !fs.exists(&path) {
        outcome.wrong.push(format!("{}: is missing", path.display()));
        return Ok(BTreeMap::new());
    }
    let store = match dump::read_store(fs, &path) {
        Ok(store) => store,
        Err(CliError::BadFile { reason, .. }) => {
            outcome.wrong.push(reason);
            return Ok(BTreeMap::new());
        }
        Err(other) => return Err(other),
    };
    let topics = store.list("topic/").filter_map(|(key, _, value)| {
        let partitions = i32::try_from(value["partitions"].as_i64()?).ok()?;
        Some((key.strip_prefix("topic/")?.to_owned(), partitions))
    });
    Ok(topics.collect())
}

impl Outcome {
    fn text(&self) -> String {
        let mut text = String::new();
        for note in &self.notes {
            text.push_str(&format!("note   {note}\n"));
        }
        for wrong in &self.wrong {
            text.push_str(&format!("WRONG  {wrong}\n"));
        }
        text.push_str(&format!(
            "{} partitions, {} segments, {} batches, {} records, {} bytes read; {} frames and {} bytes of them in \
             journals alone; {} wrong",
            self.partitions,
            self.segments,
            self.batches,
            self.records,
            self.bytes,
            self.frames,
            self.put_back_bytes,
            self.wrong.len()
        ));
        text
    }
}
