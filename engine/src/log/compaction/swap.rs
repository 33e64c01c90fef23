//! How a cleaned segment takes the place of those it was made of, so that a stop at any moment leaves the one or the
//! others, and never both or none.
//!
//! | step | what is on the disk then | what a start does |
//! | --- | --- | --- |
//! | 1 | `<base>.log.cleaned`, and `.txnindex.cleaned` if anything in it was aborted, synced | removes them |
//! | 2 | its index as `<base>.hwindex.swap`: **from here on it counts** | finishes 3 to 5 |
//! | 3 | they have their names, over those of the first old segment | finishes 3 to 5 |
//! | 4 | the other old segments are gone | finishes 5 |
//! | 5 | the index has its name | nothing |
//!
//! The folder is synced after each step. One rename decides (step 2); the others are done again as often as need be.
//! Whoever has the old files open reads on in them.

use std::io;
use std::path::Path;

use headwater_io::file::{Access, Fs};

use super::note::Note;
use crate::log::{damaged, directory};
use crate::model::{Offset, Position};
use crate::rare::{self, Rare};
use crate::segment::index::{self, Index};

/// A segment that was made, and is not swapped in so far.
pub struct Made<'a> {
    /// Its base offset.
    pub base: Offset,
    /// How long it is.
    pub end: Position,
    /// Its index, which says up to where the old segments reached.
    pub index: &'a Index,
}

impl Made<'_> {
    /// Swaps it in; `note` is what is known of the log's gaps so far.
    ///
    /// # Errors
    /// When a step fails. Then the next start finishes or undoes it.
    pub fn swap_in(&self, fs: &Fs, dir: &Path, note: &mut Note) -> io::Result<()> {
        let upto = self.index.upto();
        damaged::forget(fs, dir, self.base, upto)?;
        if note.gaps_below < upto {
            note.gaps_below = upto;
            note.write(fs, dir)?;
        }
        fs.replace(&directory::swap(dir, self.base), &index::file::encode(self.index, self.end))?;
        rare::reached(Rare::SegmentCleaned);
        finish(fs, dir, self.base, self.index)
    }
}

/// Steps 3 to 5.
fn finish(fs: &Fs, dir: &Path, base: Offset, index: &Index) -> io::Result<()> {
    let cleaned = directory::cleaned(dir, base);
    if fs.exists(&cleaned) {
        fs.rename(&cleaned, &directory::segment(dir, base))?;
    }
    let (aborted, cleaned) = (directory::aborted(dir, base), directory::cleaned_aborted(dir, base));
    if fs.exists(&cleaned) {
        fs.rename(&cleaned, &aborted)?;
    } else if index.aborted().count == 0 && fs.exists(&aborted) {
        fs.remove_file(&aborted)?;
    }
    fs.sync_dir(dir)?;
    for entry in fs.list(dir)? {
        let replaced = |offset: &Offset| base < *offset && *offset < index.upto();
        if directory::parse_any(&entry.name).as_ref().is_some_and(replaced) {
            fs.remove_file(&dir.join(&entry.name))?;
        }
    }
    fs.sync_dir(dir)?;
    fs.rename(&directory::swap(dir, base), &directory::index(dir, base))?;
    fs.sync_dir(dir)
}

/// What a start does about the swaps in a folder whose names these are; whether there were any.
///
/// # Errors
/// When files cannot be read or changed.
pub fn finish_all<'a>(
    fs: &Fs,
    dir: &Path,
    names: impl Iterator<Item = &'a str>,
) -> io::Result<bool> {
    let mut any = false;
    for base in names.filter_map(directory::parse_swap) {
        any = true;
        match pending(fs, dir, base)? {
            Some(index) => {
                finish(fs, dir, base, &index)?;
                tracing::info!(log = %dir.display(), segment = %base, "a cleaned segment was swapped in");
            }
            None => {
                fs.remove_file(&directory::swap(dir, base))?;
                fs.sync_dir(dir)?;
                tracing::warn!(log = %dir.display(), segment = %base, "the index of a cleaned segment does not check: it is not swapped in");
            }
        }
    }
    Ok(any)
}

/// The index of a swap, if it is whole and its segment is there.
fn pending(fs: &Fs, dir: &Path, base: Offset) -> io::Result<Option<Index>> {
    let bytes = fs.read(&directory::swap(dir, base))?;
    let Some((index, end)) = index::file::decode_any(&bytes, base) else { return Ok(None) };
    let cleaned = directory::cleaned(dir, base);
    let segment = directory::segment(dir, base);
    let path = if fs.exists(&cleaned) { cleaned } else { segment };
    if !fs.exists(&path) {
        return Ok(None);
    }
    let is_whole = fs.len(&fs.open(&path, Access::Read)?)? == end.0;
    Ok(is_whole.then_some(index))
}

/// Whether the swap of the segment from `base` on was decided, and has to be finished.
pub fn is_decided(fs: &Fs, dir: &Path, base: Offset) -> bool {
    fs.exists(&directory::swap(dir, base))
}

/// Whether any swap among files with these names was decided.
pub fn any_decided<'a>(mut names: impl Iterator<Item = &'a str>) -> bool {
    names.any(|name| directory::parse_swap(name).is_some())
}

/// Removes what was made and is not to be swapped in.
///
/// # Errors
/// When files cannot be removed; the next start does it.
pub fn discard(fs: &Fs, dir: &Path, base: Offset) -> io::Result<()> {
    for path in [directory::cleaned(dir, base), directory::cleaned_aborted(dir, base)] {
        if fs.exists(&path) {
            fs.remove_file(&path)?;
        }
    }
    Ok(())
}
