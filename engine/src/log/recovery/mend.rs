//! What recovery changes on the disk before a log is served: leftovers go, the end is cut, an interrupted
//! sealing is finished. Each step may be cut short by the next power cut, and is then done again.

use std::io;

use headwater_io::file::Access;

use super::read::Found;
use super::{OpenLog, acknowledged};
use crate::log::directory;
use crate::log::flow::is_full;
use crate::model::{Offset, Position};
use crate::segment::index;

impl OpenLog<'_> {
    /// Half-made files of a stop in the middle of a roll.
    pub(super) fn remove_leftovers(&self) -> io::Result<()> {
        for entry in self.fs.list(&self.dir)? {
            if entry.name == directory::NEXT_SEGMENT || entry.name.ends_with(".tmp") {
                self.fs.remove_file(&self.dir.join(&entry.name))?;
            }
        }
        Ok(())
    }

    /// Cuts the log at the end of segment `last`, and removes the segments behind it.
    pub(super) fn cut(&self, last: &Found, later: &[Offset]) -> io::Result<()> {
        // First: a point must never be there when what it speaks of may be other batches.
        self.remove_points(last.pointed.then_some(last.base))?;
        for &base in later {
            self.remove_if_there(&directory::index(&self.dir, base))?;
            self.fs.remove_file(&directory::segment(&self.dir, base))?;
        }
        if !later.is_empty() {
            // It will be appended to again.
            self.remove_if_there(&directory::index(&self.dir, last.base))?;
            self.fs.sync_dir(&self.dir)?;
        }
        self.trim(last.base, last.end)?;
        // Last: until here the next start must know what was acknowledged.
        if acknowledged::remove(self.fs, &self.dir)? {
            tracing::info!(log = %self.dir.display(), "everything that was acknowledged is there again");
        }
        Ok(())
    }

    /// Removes all recovery points but that of the segment `kept`; durable when this returns.
    fn remove_points(&self, kept: Option<Offset>) -> io::Result<()> {
        let entries = self.fs.list(&self.dir)?;
        let points = entries.iter().filter_map(|entry| directory::parse_point(&entry.name));
        let stale: Vec<Offset> = points.filter(|base| Some(*base) != kept).collect();
        for &base in &stale {
            self.fs.remove_file(&directory::point(&self.dir, base))?;
        }
        if stale.is_empty() { Ok(()) } else { self.fs.sync_dir(&self.dir) }
    }

    fn remove_if_there(&self, path: &std::path::Path) -> io::Result<()> {
        if self.fs.exists(path) { self.fs.remove_file(path) } else { Ok(()) }
    }

    /// Cuts the file at the end of its last sound batch, so that nothing stale can ever follow what is
    /// appended there.
    fn trim(&self, base: Offset, end: Position) -> io::Result<()> {
        let file = self.fs.open(&directory::segment(&self.dir, base), Access::Write)?;
        if self.fs.len(&file)? != end.0 {
            self.fs.set_len(&file, end.0)?;
        }
        // Also what was read but perhaps never synced before the stop: it is about to be served.
        self.fs.sync(&file)
    }

    /// Finishes the sealing that the stop interrupted.
    pub(super) fn seal(&self, found: &Found, end: Position) -> io::Result<()> {
        self.trim(found.base, end)?;
        let bytes = index::file::encode(&found.index, end);
        match self.fs.replace(&directory::index(&self.dir, found.base), &bytes) {
            // It is in memory; the next start builds it again.
            Err(error) if is_full(&error) => Ok(()),
            other => other,
        }
    }
}
