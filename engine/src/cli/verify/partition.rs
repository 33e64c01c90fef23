//! One partition's folder: every byte of every segment, the chain of offsets across them, indexes and snapshots.

use super::Outcome;
use super::records::check_records;
use crate::log::{directory, point, producers};
use crate::model::{Offset, Position};
use crate::segment::index::{self, Index};
use crate::segment::newest::Newest;
use crate::segment::scan::{self, Depth, Scan, ScanEnd, Walk};
use headwater_io::file::{Access, File, Fs};
use std::io;
use std::path::Path;

/// What is looked at, and where findings go.
pub(super) struct Partition<'a> {
    pub fs: &'a Fs,
    pub dir: &'a Path,
    pub outcome: &'a mut Outcome,
}

impl Partition<'_> {
    /// Reads everything.
    ///
    /// # Errors
    /// When something cannot be read.
    pub fn verify(mut self) -> io::Result<()> {
        self.outcome.partitions += 1;
        let entries = self.fs.list(self.dir)?;
        let bases: Vec<Offset> =
            entries.iter().filter_map(|entry| directory::parse_segment(&entry.name)).collect();
        let mut expected = bases.first().copied();
        for (n, base) in bases.iter().enumerate() {
            if let Some(expected) = expected.filter(|expected| expected != base) {
                self.wrong(
                    &directory::segment(self.dir, *base),
                    &format!("offset {expected} should come here"),
                );
            }
            let is_last = n + 1 == bases.len();
            let next_offset = self.verify_segment(*base, is_last)?;
            expected = Some(next_offset);
        }
        for lost in entries.iter().filter(|entry| directory::is_lost(&entry.name)) {
            let path = self.dir.join(&lost.name);
            self.note(&path, "cut off by a repair; remove it if nobody misses it");
        }
        for offset in entries.iter().filter_map(|entry| directory::parse_snapshot(&entry.name)) {
            let path = directory::snapshot(self.dir, offset);
            if producers::file::decode(&self.fs.read(&path)?, offset).is_none() {
                self.note(&path, "does not check: producers are rebuilt from batches");
            }
        }
        Ok(())
    }

    /// Returns the offset after its last sound batch.
    fn verify_segment(&mut self, base: Offset, is_last: bool) -> io::Result<Offset> {
        let path = directory::segment(self.dir, base);
        let file = self.fs.open(&path, Access::Read)?;
        let size = Position(self.fs.len(&file)?);
        // The interval decides which batches an index notes, so that the one on disk is compared by what it finds.
        let mut rebuilt = Index::new(base, 0);
        let mut bad_records = Vec::new();
        let walk = Walk {
            fs: self.fs,
            file: &file,
            from: Position(0),
            upto: size,
            next_offset: base,
            depth: Depth::Checksums,
            newest: Newest::none(),
        };
        let (fs, outcome) = (self.fs, &mut *self.outcome);
        let scan = walk.run(|position, header| {
            outcome.batches += 1;
            outcome.records += u64::try_from(header.record_count).unwrap_or(0);
            outcome.bytes += header.total_bytes() as u64;
            rebuilt.add(position, header);
            if let Err(why) = check_records(fs, &file, position, header) {
                bad_records.push(format!(
                    "batch at byte {position}, offset {}: {why}",
                    header.base_offset
                ));
            }
        })?;
        outcome.segments += 1;
        for bad in bad_records {
            self.wrong(&path, &bad);
        }
        self.judge_end(&path, &file, size, &scan, is_last)?;
        self.verify_index(base, scan.end, &rebuilt)?;
        self.verify_point(base, scan.end, &rebuilt)?;
        Ok(scan.next_offset)
    }

    /// A sealed segment ends with its file; the last one may end in space made ready, or in a write that was torn.
    fn judge_end(
        &mut self,
        path: &Path,
        file: &File,
        size: Position,
        scan: &Scan,
        is_last: bool,
    ) -> io::Result<()> {
        let why = format!("at byte {}, offset {}: {:?}", scan.end, scan.next_offset, scan.why);
        match scan.why {
            ScanEnd::AtEnd | ScanEnd::Stopped => {}
            ScanEnd::ZeroFill if is_last => {}
            ScanEnd::ZeroFill => {
                self.note(path, &format!("{why}: space behind a sealed segment is cut off"))
            }
            ScanEnd::Broken(_) | ScanEnd::OffsetGap { .. } => {
                let behind = Position(scan.end.0 + 1);
                let found = scan::find_batch(self.fs, file, behind, size, scan.next_offset)?;
                match is_last && found.is_none() {
                    true => {
                        self.note(path, &format!("{why}: a write that never completed is cut off"))
                    }
                    false => self.wrong(path, &format!("{why}, and sound batches behind it")),
                }
            }
        }
        Ok(())
    }

    fn verify_index(&mut self, base: Offset, end: Position, rebuilt: &Index) -> io::Result<()> {
        let path = directory::index(self.dir, base);
        if !self.fs.exists(&path) {
            return Ok(());
        }
        let Some(index) = index::file::decode(&self.fs.read(&path)?, base, end) else {
            self.note(&path, "does not check: it is rebuilt from batches");
            return Ok(());
        };
        if !self.verify_entries(&path, &index, rebuilt) {
            return Ok(());
        }
        if index.max_timestamp_ms() != rebuilt.max_timestamp_ms() {
            self.wrong(&path, "has another latest time than the batches");
        }
        Ok(())
    }

    fn verify_point(&mut self, base: Offset, end: Position, rebuilt: &Index) -> io::Result<()> {
        let path = point::path(self.dir, base);
        if !self.fs.exists(&path) {
            return Ok(());
        }
        match point::decode(&self.fs.read(&path)?, base) {
            None => self.note(&path, "does not check: the segment is read from its start"),
            Some(point) if point.position > end => {
                self.note(&path, "is of a longer segment: it is removed")
            }
            Some(point) => drop(self.verify_entries(&path, &point.index, rebuilt)),
        }
        Ok(())
    }

    /// Whether a batch starts wherever an index says so.
    fn verify_entries(&mut self, path: &Path, index: &Index, rebuilt: &Index) -> bool {
        let mut next = Some(Position(0));
        while let Some(position) = next {
            if index.start_at(position) != rebuilt.start_at(position) {
                self.wrong(
                    path,
                    &format!("says that a batch starts at byte {position}, and none does"),
                );
                return false;
            }
            next = index.after(position);
        }
        true
    }

    fn wrong(&mut self, path: &Path, what: &str) {
        self.outcome.wrong.push(format!("{}: {what}", path.display()));
    }

    fn note(&mut self, path: &Path, what: &str) {
        self.outcome.notes.push(format!("{}: {what}", path.display()));
    }
}
