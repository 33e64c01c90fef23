//! What recovery changes on the disk before a log is served: leftovers go, the end is cut, an interrupted
//! sealing is finished. Each step may be cut short by the next power cut, and is then done again.

use std::io;
use std::path::Path;

use headwater_io::file::Access;

use super::listing::Listing;
use super::read::Found;
use super::{CleanEnd, OpenLog, acknowledged};
use crate::log::flow::is_full;
use crate::log::{aborted, directory};
use crate::model::{Offset, Position};
use crate::segment::index;

impl OpenLog<'_> {
    /// Half-made files of a stop in the middle of a roll.
    pub(super) fn remove_leftovers(&self, listing: &Listing) -> io::Result<()> {
        listing.leftovers().try_for_each(|name| self.fs.remove_file(&self.dir.join(name)))
    }

    /// Makes the log on the disk what was found: seals what should be, cuts off the rest, and removes the
    /// segments in `later`.
    pub(super) fn mend(
        &self,
        found: &[Found],
        later: &[Offset],
        listing: &Listing,
    ) -> io::Result<()> {
        let (last, before) = found.split_last().expect("a log has a segment");
        self.remove_before(found[0].base, listing)?;
        for found in before.iter().filter(|found| !found.sealed) {
            self.seal(found)?;
        }
        self.remove_stale(last, listing)?;
        for &base in later {
            self.remove_if_there(&directory::index(&self.dir, base))?;
            self.remove_if_there(&directory::aborted(&self.dir, base))?;
            self.fs.remove_file(&directory::segment(&self.dir, base))?;
        }
        let index = directory::index(&self.dir, last.base);
        if !later.is_empty() || listing.has(&index) {
            // It will be appended to again, and may have been sealed before its follower lost its name: an
            // index that fits an earlier end would say that it is whole there.
            self.remove_if_there(&index)?;
            self.remove_if_there(&directory::aborted(&self.dir, last.base))?;
            self.fs.sync_dir(&self.dir)?;
        }
        if !self.is_settled(last, before.is_empty())? {
            self.trim(last.base, last.end)?;
            self.fs.sync_dir(&self.dir)?;
        }
        // Last: until here the next start must know what was acknowledged.
        let noted = listing.has(Path::new(directory::ACKNOWLEDGED));
        if noted && acknowledged::remove(self.fs, &self.dir)? {
            tracing::info!(log = %self.dir.display(), "everything that was acknowledged is there again");
        }
        Ok(())
    }

    /// Removes what speaks of batches that may become others: recovery points but that of the last
    /// segment, if it was used, and snapshots behind the end. Durable when this returns.
    fn remove_stale(&self, last: &Found, listing: &Listing) -> io::Result<()> {
        let kept = last.pointed.map(|_| last.base);
        let stale = |name: &str| {
            directory::parse_point(name).is_some_and(|base| Some(base) != kept)
                || directory::parse_snapshot(name)
                    .is_some_and(|offset| offset > last.index.next_offset())
        };
        let mut any = false;
        for name in listing.names().filter(|name| stale(name)) {
            self.remove_if_there(&self.dir.join(name))?;
            any = true;
        }
        if any { self.fs.sync_dir(&self.dir) } else { Ok(()) }
    }

    /// Removes what is left of segments that the log gave up at its front.
    fn remove_before(&self, first: Offset, listing: &Listing) -> io::Result<()> {
        let mut names = listing.names().filter(|name| directory::belongs_before(name, first));
        names.try_for_each(|name| self.remove_if_there(&self.dir.join(name)))
    }

    fn remove_if_there(&self, path: &Path) -> io::Result<()> {
        if self.fs.exists(path) { self.fs.remove_file(path) } else { Ok(()) }
    }

    /// Whether the last segment is on the disk as it was found, name and all: it has nothing in it, or
    /// somebody vouches for exactly what is there. A segment that was begun and got nothing is vouched
    /// for before it has its name; a log that has no other gives it the name with the first append.
    fn is_settled(&self, last: &Found, alone: bool) -> io::Result<bool> {
        let vouched = |end: &CleanEnd| end.segment_base == last.base && end.position == last.end;
        let floor = self.journaled.and_then(|journaled| journaled.floor);
        let settled = match last.end {
            Position(0) => alone,
            _ => self.clean.iter().chain(&floor).any(vouched),
        };
        if !settled {
            return Ok(false);
        }
        let file = self.fs.open(&directory::segment(&self.dir, last.base), Access::Read)?;
        Ok(self.fs.len(&file)? == last.end.0)
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
    fn seal(&self, found: &Found) -> io::Result<()> {
        self.trim(found.base, found.end)?;
        let list = aborted::file::encode(&found.aborted);
        let mut index = found.index.clone();
        index.set_aborted(aborted::file::check(&list));
        let bytes = index::file::encode(&index, found.end);
        let listed = match list.is_empty() {
            true => Ok(()),
            false => self.fs.replace(&directory::aborted(&self.dir, found.base), &list),
        };
        let sealed =
            listed.and_then(|()| self.fs.replace(&directory::index(&self.dir, found.base), &bytes));
        match sealed {
            // It is in memory; the next start builds it again.
            Err(error) if is_full(&error) => Ok(()),
            other => other,
        }
    }
}
