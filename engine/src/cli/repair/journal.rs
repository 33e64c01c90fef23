//! Gives up a journal of which no checkpoint says what the segments lack of it. Nothing is thrown away: its files stay
//! beside the new ones as `*.lost-<unix ms>`, which no start looks at.

use crate::cli::diagnosis::Logs;
use crate::cli::journals::{Journals, State, all_entries};
use crate::journal::checkpoint;
use crate::journal::scan;
use crate::journal::seal::Seal;
use crate::log::directory;
use crate::model::{Offset, PartitionKey, Position, TopicId};
use crate::segment::newest::Newest;
use crate::segment::scan::{Chain, Depth, Walk};
use headwater_io::file::{Access, Fs};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// What is, or would be, given up of one shard's journal.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    journal: String,
    /// Of every log that is in it.
    logs: Vec<Stake>,
    done: bool,
    /// Files that keep it.
    kept: Vec<String>,
}

/// What a log may lose.
#[derive(Debug, Serialize)]
struct Stake {
    log: String,
    /// Where its segments end, as they are.
    from_offset: i64,
    /// Where it ends in the journal.
    to_offset: i64,
}

/// All journals that no start goes on with.
///
/// # Errors
/// When files cannot be read, or not be renamed: then run it again.
pub(super) fn give_up(
    fs: &Fs,
    journals: &Journals,
    directory: TopicId,
    logs: &Logs<'_>,
    accepted: Option<i64>,
) -> io::Result<Vec<Line>> {
    let mut lines = Vec::new();
    let lost = |state: &State| matches!(state, State::NoCheckpoint);
    for journal in journals.shards.iter().filter(|journal| lost(&journal.state)) {
        let dir = &journal.dir;
        let stakes = stakes(fs, dir, Seal::new(directory, journal.shard), logs)?;
        let kept = accepted.map(|unix_ms| rename(fs, dir, unix_ms)).transpose()?;
        lines.push(Line {
            journal: dir.display().to_string(),
            logs: stakes,
            done: kept.is_some(),
            kept: kept.into_iter().flatten().map(|path| path.display().to_string()).collect(),
        });
    }
    Ok(lines)
}

/// For every log of which the journal has something: where its segments end, and where it did.
fn stakes(fs: &Fs, dir: &Path, seal: Seal, logs: &Logs<'_>) -> io::Result<Vec<Stake>> {
    let mut ends: BTreeMap<PartitionKey, Offset> = BTreeMap::new();
    for entry in all_entries(fs, dir, seal)? {
        let end = ends.entry(entry.key).or_insert(entry.next_offset);
        *end = entry.next_offset.max(*end);
    }
    let mut stakes = Vec::new();
    for (key, to) in ends {
        let Some(log) = logs.folder(&key) else { continue };
        let from = segments_end(fs, &log)?;
        let name = log.file_name().unwrap_or_default().to_string_lossy().into_owned();
        stakes.push(Stake { log: name, from_offset: from.0, to_offset: to.0.max(from.0) });
    }
    Ok(stakes)
}

/// The offset after the last sound batch of the last segment.
fn segments_end(fs: &Fs, log: &Path) -> io::Result<Offset> {
    let names = fs.list(log)?;
    let last = names.iter().filter_map(|entry| directory::parse_segment(&entry.name)).max();
    let Some(base) = last else { return Ok(Offset(0)) };
    let file = fs.open(&directory::segment(log, base), Access::Read)?;
    let upto = Position(fs.len(&file)?);
    let walk = Walk {
        fs,
        file: &file,
        from: Position(0),
        upto,
        next_offset: base,
        chain: Chain::Whole,
        depth: Depth::Checksums,
        newest: Newest::none(),
    };
    Ok(walk.run(|_, _| {})?.next_offset)
}

/// Checkpoints last: until then no start takes the rest for a journal that has just been begun.
fn rename(fs: &Fs, dir: &Path, unix_ms: i64) -> io::Result<Vec<PathBuf>> {
    let names = fs.list(dir)?;
    let files = names.iter().filter(|entry| scan::parse(&entry.name).is_some());
    let files = files.map(|entry| dir.join(&entry.name));
    let checkpoints = (0..2).map(|turn| checkpoint::path(dir, turn)).filter(|path| fs.exists(path));
    let mut kept = Vec::new();
    for path in files.chain(checkpoints) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let aside = dir.join(format!("{name}.lost-{unix_ms}"));
        fs.rename(&path, &aside)?;
        kept.push(aside);
    }
    fs.sync_dir(dir)?;
    Ok(kept)
}

impl Line {
    pub fn text(&self) -> String {
        let verb = if self.done { "gave up" } else { "would give up" };
        let mut text = format!(
            "{}: {verb} this journal: its checkpoints are damaged or missing, so that nobody knows what of it the \
             segments lack",
            self.journal
        );
        for Stake { log, from_offset, to_offset } in &self.logs {
            text.push_str(&match from_offset < to_offset {
                true => format!(
                    "\n  {log}: offsets [{from_offset}, {to_offset}) are not in its segments: lost"
                ),
                false => {
                    format!("\n  {log}: its segments reach offset {to_offset}, as the journal does")
                }
            });
        }
        for kept in &self.kept {
            text.push_str(&format!("\n  kept in {kept}"));
        }
        text
    }
}
