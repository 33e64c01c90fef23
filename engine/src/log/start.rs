//! A note in the folder of a log that has been shortened at its front: where it starts.
//!
//! It is durable before anything that it gives up goes, so a start finds either all records or a note that
//! says which of them are not there any more; what it finds before that is a leftover. A log that was never
//! shortened has no note, and starts where its first segment does.
//!
//! ```text
//! crc   4   CRC32C of the JSON
//! JSON      {"log_start": n}
//! ```

use std::io;
use std::path::Path;

use headwater_io::file::Fs;
use serde::{Deserialize, Serialize};

use super::{directory, noted};
use crate::model::Offset;

#[derive(Serialize, Deserialize)]
struct Note {
    log_start: Offset,
}

/// Where the log starts, if there is a note of it that checks.
///
/// # Errors
/// When the note cannot be read from the disk.
pub fn read(fs: &Fs, dir: &Path) -> io::Result<Option<Offset>> {
    let path = dir.join(directory::START);
    if !fs.exists(&path) {
        return Ok(None);
    }
    let note = noted::decode(&fs.read(&path)?).map(|note: Note| note.log_start);
    if note.is_none() {
        tracing::warn!(path = %path.display(), "does not check: the log starts where its first segment does");
    }
    Ok(note)
}

/// Writes the note; durable when this returns.
///
/// # Errors
/// When it cannot be written.
pub fn write(fs: &Fs, dir: &Path, log_start: Offset) -> io::Result<()> {
    fs.replace(&dir.join(directory::START), &noted::encode(&Note { log_start }))
}

/// The segments that count of a log which starts there, in order. What lies before is left over: it was given up,
/// and goes in whatever order. Two kinds count although they end before the start:
///
/// * the segment in which the acknowledged part ends: it goes only when the journal begins behind it, and until
///   then the next one may hold what nobody was promised;
/// * one that was not sealed, whose producers only its batches know: there is no snapshot behind it.
pub fn since(
    log_start: Option<Offset>,
    acknowledged: Option<Offset>,
    has_snapshot: impl Fn(Offset) -> bool,
    mut bases: Vec<Offset>,
) -> Vec<Offset> {
    let Some(log_start) = log_start else { return bases };
    let needed = acknowledged.map_or(log_start, |base| base.min(log_start));
    let n = bases.partition_point(|base| *base <= needed);
    let knows = |base: &Offset| *base == Offset(0) || has_snapshot(*base);
    let first = bases[..n].iter().rposition(knows).unwrap_or(n.saturating_sub(1));
    bases.split_off(first)
}
