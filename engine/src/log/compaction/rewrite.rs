//! A group of segments on its way to become one: what is kept of their batches goes to a file without a name that
//! counts, with an index and a list of aborted transactions of its own.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use headwater_io::file::{Access, File, Fs};
use headwater_protocol::batch::header::BatchHeader;

use super::note::Note;
use super::swap::{self, Made};
use super::way::{Source, Way};
use crate::log::aborted::{self, Aborted};
use crate::log::directory;
use crate::log::producers::LastBatch;
use crate::model::{Offset, Position};
use crate::segment::index::Index;

/// Written bytes that are not synced: a device has no more of them to take at once.
const UNSYNCED_BYTES_MAX: u64 = 8 << 20;

/// Segments that become one.
pub(in crate::log) struct Group {
    /// The first one's base offset.
    pub base: Offset,
    /// The base offset of the segment behind the last.
    pub upto: Offset,
    /// They.
    pub sources: Vec<Source>,
    /// Transactions aborted in them.
    pub aborted: Vec<Aborted>,
    /// What of producers must stay.
    pub last: HashMap<i64, LastBatch>,
    /// Bytes between two entries of the index.
    pub index_interval_bytes: u32,
}

/// One that is being made of them.
pub(super) struct Rewriting {
    pub base: Offset,
    pub upto: Offset,
    /// The segments that it is made of, by their serial numbers.
    pub serials: Vec<u32>,
    pub way: Way,
    pub last: HashMap<i64, LastBatch>,
    output: Option<File>,
    end: Position,
    unsynced_bytes: u64,
    index: Index,
    pub aborted: Vec<Aborted>,
    pub has_changed: bool,
    /// The segment for readers, once it is made.
    reader: Option<File>,
}

/// A segment that was swapped in on the disk.
pub(in crate::log) struct Swapped {
    pub base: Offset,
    pub upto: Offset,
    pub end: Position,
    pub index: Index,
    pub aborted: Vec<Aborted>,
    pub reader: File,
}

impl Rewriting {
    pub fn new(group: Group) -> Self {
        Rewriting {
            base: group.base,
            upto: group.upto,
            serials: group.sources.iter().map(|source| source.serial).collect(),
            way: Way::new(group.sources, Position(0), group.base),
            last: group.last,
            output: None,
            end: Position(0),
            unsynced_bytes: 0,
            index: Index::new(group.base, group.index_interval_bytes),
            aborted: Vec::new(),
            has_changed: false,
            reader: None,
        }
    }

    /// Whether it is another one than those that it was made of.
    pub fn is_other(&self) -> bool {
        self.has_changed || self.serials.len() > 1
    }

    /// Puts it in the place of those, on the disk.
    ///
    /// # Errors
    /// When a step fails.
    pub fn swap_in(self, fs: &Fs, dir: &Path, note: &mut Note) -> io::Result<Swapped> {
        let Rewriting { base, upto, end, index, aborted, reader, .. } = self;
        Made { base, end, index: &index }.swap_in(fs, dir, note)?;
        let reader = reader.expect("opened when it was made");
        Ok(Swapped { base, upto, end, index, aborted, reader })
    }

    /// Begins its file, the first time.
    pub fn open(&mut self, fs: &Fs, dir: &Path) -> io::Result<()> {
        if self.output.is_none() {
            swap::discard(fs, dir, self.base)?;
            let path = directory::cleaned(dir, self.base);
            self.output = Some(fs.create_new(&path, Access::Write)?);
        }
        Ok(())
    }

    /// Takes note of a batch that stays, and adds its bytes to `out`, which is written next.
    pub fn keep(&mut self, header: &BatchHeader, bytes: &[u8], out: &mut Vec<u8>) {
        self.index.add(Position(self.end.0 + out.len() as u64), header);
        out.extend_from_slice(bytes);
    }

    /// Writes what was kept.
    pub fn write(&mut self, fs: &Fs, out: &[u8]) -> io::Result<()> {
        let file = self.output.as_ref().expect("opened before");
        fs.write_all_at(file, self.end.0, out)?;
        self.end = Position(self.end.0 + out.len() as u64);
        self.unsynced_bytes += out.len() as u64;
        if self.unsynced_bytes >= UNSYNCED_BYTES_MAX {
            fs.sync(file)?;
            self.unsynced_bytes = 0;
        }
        Ok(())
    }

    /// All of it is written: step 1 of the swap.
    pub fn finish(&mut self, fs: &Fs, dir: &Path) -> io::Result<()> {
        fs.sync(self.output.as_ref().expect("opened before"))?;
        let list = aborted::file::encode(&self.aborted);
        self.index.set_aborted(aborted::file::check(&list));
        self.index.set_cleaned(self.upto);
        self.index.shrink();
        if !list.is_empty() {
            fs.replace(&directory::cleaned_aborted(dir, self.base), &list)?;
        }
        fs.sync_dir(dir)?;
        self.reader = Some(fs.open(&directory::cleaned(dir, self.base), Access::Read)?);
        Ok(())
    }
}
