//! Gives up what a quarantined log has lost, when a person has accepted the loss: the log ends where its
//! sound part does, and can be served again.
//!
//! A log is one chain of batches without holes, so sound batches behind a hole cannot stay in it. Nothing is
//! thrown away: what is cut off, sound or not, is kept beside the segments in `<base>.lost-<unix ms>`, which
//! no start looks at. Each step may be cut short by a power cut; the log is then still quarantined, or
//! repaired as far as its bytes go, and the repair is run again.

use std::io;
use std::path::{Path, PathBuf};

use headwater_io::file::{Access, File, Fs};

use super::{Diagnosis, acknowledged};
use crate::log::compaction::note::Note;
use crate::log::{directory, start};
use crate::model::{Offset, Position};
use crate::segment::newest::Newest;
use crate::segment::scan::{self, Chain, Depth, Walk};

const CHUNK: usize = 1 << 20;

/// What a repair gives up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The first offset that is lost.
    pub from: Offset,
    /// The offset after the last one, as far as anything tells.
    pub to: Offset,
    /// Bytes behind the sound part, but for the zeros that were never written.
    pub bytes: u64,
    /// Sound batches among them.
    pub sound_batches: u64,
}

/// What would be given up: everything behind the end of the sound part.
///
/// # Errors
/// When files cannot be read.
pub fn loss(fs: &Fs, dir: &Path, diagnosis: &Diagnosis) -> io::Result<Loss> {
    let end = diagnosis.end;
    let to = diagnosis.acknowledged.map_or(end.next_offset, |end| end.next_offset);
    let mut loss = Loss { from: end.next_offset, to, bytes: 0, sound_batches: 0 };
    loss.add(fs, dir, end.segment_base, end.position)?;
    for &base in &diagnosis.later {
        loss.to = loss.to.max(base);
        loss.add(fs, dir, base, Position(0))?;
    }
    Ok(loss)
}

impl Loss {
    fn add(&mut self, fs: &Fs, dir: &Path, base: Offset, from: Position) -> io::Result<()> {
        let file = fs.open(&directory::segment(dir, base), Access::Read)?;
        let upto = Position(fs.len(&file)?);
        let (mut at, mut used) = (from, used(fs, &file, from)?);
        while let Some(sound) = scan::find_batch(fs, &file, at, upto, self.from)? {
            let (chain, depth, newest) = (Chain::Gapped, Depth::Checksums, Newest::none());
            let (from, next_offset) = (sound.start, sound.offset);
            let walk = Walk { fs, file: &file, from, upto, next_offset, chain, depth, newest };
            let run = walk.run(|_, _| self.sound_batches += 1)?;
            self.to = self.to.max(run.next_offset);
            // A batch may end with zeros of its own.
            (at, used) = (run.end, used.max(run.end));
        }
        self.bytes += used.0 - from.0;
        Ok(())
    }
}

/// Cuts the log behind its sound part; where the bytes that were cut off are kept.
///
/// # Errors
/// When files cannot be read or written: run it again.
pub fn give_up(
    fs: &Fs,
    dir: &Path,
    diagnosis: &Diagnosis,
    unix_ms: i64,
) -> io::Result<Vec<PathBuf>> {
    let end = diagnosis.end;
    let mut kept = Vec::new();
    // First a copy of what will be cut, so that no byte is ever in neither file.
    kept.extend(copy_rest(fs, dir, end.segment_base, end.position, unix_ms)?);
    for &base in diagnosis.later.iter().rev() {
        let aside = directory::lost(dir, base, unix_ms);
        fs.rename(&directory::segment(dir, base), &aside)?;
        kept.push(aside);
    }
    for entry in fs.list(dir)? {
        let base_index = directory::index(dir, end.segment_base);
        let later_index = diagnosis.later.iter().map(|base| directory::index(dir, *base));
        let path = dir.join(&entry.name);
        let is_cut = |base: Offset| base >= end.segment_base;
        let stale = later_index.chain([base_index]).any(|index| index == path)
            || directory::parse_point(&entry.name).is_some()
            || directory::parse_aborted(&entry.name).is_some_and(is_cut)
            || directory::parse_snapshot(&entry.name).is_some_and(|at| at > end.next_offset);
        if stale {
            fs.remove_file(&path)?;
        }
    }
    fs.sync_dir(dir)?;
    let file = fs.open(&directory::segment(dir, end.segment_base), Access::Write)?;
    fs.set_len(&file, end.position.0)?;
    fs.sync(&file)?;
    if start::read(fs, dir)?.is_some_and(|start| start > end.next_offset) {
        start::write(fs, dir, end.next_offset)?;
    }
    let note = Note::read(fs, dir)?;
    if note.gaps_below > end.next_offset {
        Note { gaps_below: end.next_offset, ..note }.write(fs, dir)?;
    }
    // Last: until here the log is known to lack something.
    acknowledged::remove(fs, dir)?;
    Ok(kept)
}

fn copy_rest(
    fs: &Fs,
    dir: &Path,
    base: Offset,
    from: Position,
    unix_ms: i64,
) -> io::Result<Option<PathBuf>> {
    let source = fs.open(&directory::segment(dir, base), Access::Read)?;
    if used(fs, &source, from)? == from {
        return Ok(None);
    }
    let upto = fs.len(&source)?;
    let aside = directory::lost(dir, base, unix_ms);
    let target = fs.create_new(&aside, Access::Write)?;
    let mut buf = vec![0; CHUNK];
    let mut at = from.0;
    while at < upto {
        let want = (upto - at).min(CHUNK as u64) as usize;
        let read = fs.read_at(&source, at, &mut buf[..want])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        fs.write_all_at(&target, at - from.0, &buf[..read])?;
        at += read as u64;
    }
    fs.sync(&target)?;
    fs.sync_dir(dir)?;
    Ok(Some(aside))
}

/// The end of what is not zeros behind `from`.
fn used(fs: &Fs, file: &File, from: Position) -> io::Result<Position> {
    let len = fs.len(file)?;
    let mut buf = vec![0; CHUNK];
    let (mut at, mut used) = (from.0, from.0);
    while at < len {
        let read = fs.read_at(file, at, &mut buf)?;
        if read == 0 {
            break;
        }
        if let Some(last) = buf[..read].iter().rposition(|byte| *byte != 0) {
            used = at + last as u64 + 1;
        }
        at += read as u64;
    }
    Ok(Position(used))
}
