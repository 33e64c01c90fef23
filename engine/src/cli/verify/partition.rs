//! One partition's folder: every byte of every segment, the chain of offsets across them, indexes and snapshots.

use super::Outcome;
use super::records::check_records;
use crate::cli::journals::Pending;
use crate::log::compaction::note::Note;
use crate::log::compaction::swap;
use crate::log::recovery::CleanEnd;
use crate::log::{directory, point, producers, start};
use crate::model::{Offset, Position};
use crate::segment::index::{self, Index};
use crate::segment::newest::Newest;
use crate::segment::scan::{self, Chain, Depth, Scan, ScanEnd, Walk};
use headwater_io::file::{Access, Entry, File, Fs};
use headwater_io::sim::World;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

/// What is looked at, and where findings go.
pub(super) struct Partition<'a> {
    pub fs: &'a Fs,
    pub dir: &'a Path,
    pub outcome: &'a mut Outcome,
    pub promise: Option<Promise<'a>>,
}

/// What a journal knows of the log: where it must end, and what it gets before that is asked.
#[derive(Clone, Copy)]
pub(super) struct Promise<'a> {
    pub pending: &'a Pending,
    /// From all who know.
    pub end: CleanEnd,
}

impl Partition<'_> {
    /// Reads everything.
    ///
    /// # Errors
    /// When something cannot be read.
    pub fn verify(mut self) -> io::Result<()> {
        self.outcome.partitions += 1;
        let entries = self.fs.list(self.dir)?;
        if swap::any_decided(entries.iter().map(|entry| entry.name.as_str())) {
            self.note(
                self.dir,
                "a cleaned segment is swapped in by the next start: verify it then",
            );
            return Ok(());
        }
        let (bases, beyond) = self.bases(&entries);
        let acknowledged = self.promise.map(|promise| promise.end.segment_base);
        let has_snapshot = |base| self.fs.exists(&directory::snapshot(self.dir, base));
        let log_start = start::read(self.fs, self.dir)?;
        let bases = start::since(log_start, acknowledged, has_snapshot, bases);
        let mut expected = bases.first().copied();
        let (note, mut gaps_below) = (Note::read(self.fs, self.dir)?, Offset(0));
        let mut last = None;
        for (n, base) in bases.iter().enumerate() {
            let may_be_missing = expected.is_some_and(|at| at < *base) && *base <= gaps_below;
            if let Some(expected) = expected.filter(|at| at != base && !may_be_missing) {
                self.wrong(
                    &directory::segment(self.dir, *base),
                    &format!("offset {expected} should come here"),
                );
            }
            let cleaned = self.cleaned(*base)?;
            // Without its index the log's note must do.
            gaps_below = if cleaned.is_none() { note.gaps_below } else { Offset(0) };
            let chain = cleaned.as_ref().map_or(Chain::Whole, Index::chain);
            let chain = if *base < gaps_below { Chain::Gapped } else { chain };
            let scan = self.verify_segment(*base, chain, bases.get(n + 1).copied())?;
            let upto = cleaned.filter(|index| index.chain() == Chain::Gapped);
            expected = Some(upto.map_or(scan.next_offset, |index| index.upto()));
            last = Some((*base, scan));
        }
        for base in beyond {
            let path = directory::segment(self.dir, base);
            self.note(&path, "is of commits that nobody was promised: it is removed");
        }
        self.judge_promise(last);
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

    /// The segments up to the end of what was acknowledged, as the next start has them, and those behind it.
    fn bases(&self, entries: &[Entry]) -> (Vec<Offset>, Vec<Offset>) {
        let there = entries.iter().filter_map(|entry| directory::parse_segment(&entry.name));
        let Some(Promise { pending, end }) = self.promise else {
            return (there.collect(), Vec::new());
        };
        let all: BTreeSet<Offset> = there.chain(pending.bases()).collect();
        all.into_iter().partition(|base| *base <= end.segment_base)
    }

    /// Whether the batches end where the acknowledged part does; `last` is the last segment up to there.
    fn judge_promise(&mut self, last: Option<(Offset, Scan)>) {
        let Some(Promise { pending, end }) = self.promise else { return };
        let (base, position, next_offset) = last
            .map_or((Offset(0), Position(0), Offset(0)), |(base, scan)| {
                (base, scan.end, scan.next_offset)
            });
        let here = CleanEnd { segment_base: base, position, next_offset };
        // A segment that was begun and got nothing need not be there.
        let before_empty = end.position == Position(0) && next_offset == end.next_offset;
        if here != end && !before_empty {
            let what = format!(
                "the next start takes it offline (`headwater repair` then says what would be lost): offsets [{next_offset}, {}) were \
                 acknowledged and are missing or damaged: the batches end at byte {position} of segment {base}",
                end.next_offset
            );
            self.wrong(self.dir, &what);
        }
        if let Some(commit) = pending.doubtful {
            let what = format!(
                "the next start takes it offline: commit {commit} of the journal was acknowledged, is damaged, and may have \
                 held records of it"
            );
            self.wrong(self.dir, &what);
        }
    }

    /// Its file, made longer by what the journal has of it; and the end of what counts in it.
    fn segment(&self, base: Offset) -> io::Result<Segment> {
        let path = directory::segment(self.dir, base);
        let (fs, file) = match self.fs.exists(&path) {
            true => (self.fs.clone(), self.fs.open(&path, Access::Read)?),
            // The journal has all of it.
            false => nothing(&path)?,
        };
        let mut size = Position(fs.len(&file)?);
        let mut newest = Newest::none();
        if let Some(Promise { pending, end }) = self.promise {
            (newest, size) = pending.newest(self.fs, &path, base, size)?;
            if base == end.segment_base {
                size = size.min(end.position);
            }
        }
        Ok(Segment { path, fs, file, size, newest })
    }

    /// The index of a segment, which says whether compaction has made it.
    fn cleaned(&self, base: Offset) -> io::Result<Option<Index>> {
        let path = directory::index(self.dir, base);
        if !self.fs.exists(&path) {
            return Ok(None);
        }
        Ok(index::file::decode_any(&self.fs.read(&path)?, base).map(|(index, _)| index))
    }

    fn verify_segment(
        &mut self,
        base: Offset,
        chain: Chain,
        next: Option<Offset>,
    ) -> io::Result<Scan> {
        let Segment { path, fs, file, size, newest } = self.segment(base)?;
        // The interval decides which batches an index notes, so that the one on disk is compared by what it finds.
        let mut rebuilt = Index::new(base, 0);
        let mut bad_records = Vec::new();
        let walk = Walk {
            fs: &fs,
            file: &file,
            from: Position(0),
            upto: size,
            next_offset: base,
            chain,
            depth: Depth::Checksums,
            newest: newest.clone(),
        };
        let outcome = &mut *self.outcome;
        let scan = walk.run(|position, header| {
            outcome.batches += 1;
            outcome.records += u64::try_from(header.record_count).unwrap_or(0);
            outcome.bytes += header.total_bytes() as u64;
            rebuilt.add(position, header);
            if let Err(why) = check_records(&fs, &file, &newest, position, header) {
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
        // With a promise its end says more, and where the next segment takes up the chain nothing follows here.
        let joins = self.promise.is_some() && next.is_none_or(|next| next == scan.next_offset);
        if !joins {
            self.judge_end(&path, &file, size, &scan, next.is_none())?;
        }
        self.verify_index(base, scan.end, &rebuilt)?;
        self.verify_point(base, scan.end, &rebuilt)?;
        Ok(scan)
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

/// A segment as the next start has it.
struct Segment {
    path: PathBuf,
    fs: Fs,
    file: File,
    size: Position,
    newest: Newest,
}

/// An empty file in memory in the place of one that is not there.
fn nothing(path: &Path) -> io::Result<(Fs, File)> {
    let memory = World::new(0).driver().fs();
    let file = memory
        .create_dir_all(path.parent().unwrap_or(path))
        .and_then(|()| memory.create_new(path, Access::Write))?;
    Ok((memory, file))
}
