//! The folder of a log as one opening sees it: listed once, and how much of it was read.

use std::cell::Cell;
use std::io;
use std::path::Path;

use headwater_io::file::{Entry, Fs};

use crate::log::compaction::note::Note;
use crate::log::directory;
use crate::model::{Offset, Position};

/// What was in the folder when the opening began.
pub(super) struct Listing {
    /// By name.
    entries: Vec<Entry>,
    /// What is known of earlier cleanings.
    cleaned: Note,
    read_bytes: Cell<u64>,
}

impl Listing {
    pub fn of(fs: &Fs, dir: &Path) -> io::Result<Self> {
        let entries = fs.list(dir)?;
        let was_cleaned = entries.iter().any(|entry| entry.name == directory::CLEANED_NOTE);
        let cleaned = if was_cleaned { Note::read(fs, dir)? } else { Note::NONE };
        Ok(Listing { entries, cleaned, read_bytes: Cell::new(0) })
    }

    /// What is known of earlier cleanings.
    pub fn cleaned(&self) -> Note {
        self.cleaned
    }

    /// Takes note of an empty file that the opening has made.
    pub fn add(&mut self, path: &Path) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.entries.push(Entry { name, is_dir: false, len: 0 });
        self.entries.sort_by(|a, b| a.name.cmp(&b.name));
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    pub fn has(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default();
        self.names().any(|other| other == name)
    }

    /// The segments, in offset order: names have a fixed width.
    pub fn segment_bases(&self) -> Vec<Offset> {
        self.names().filter_map(directory::parse_segment).collect()
    }

    /// Files of a stop in the middle of something: half-made, or half removed.
    pub fn leftovers(&self) -> impl Iterator<Item = &str> {
        let ends = [".tmp", directory::DELETED, directory::CLEANED];
        let is_left = move |name: &str| ends.iter().any(|end| name.ends_with(end));
        self.names().filter(move |name| *name == directory::NEXT_SEGMENT || is_left(name))
    }

    /// Takes note of a part of a file that was read.
    pub fn count(&self, from: Position, to: Position) {
        self.read_bytes.set(self.read_bytes.get() + (to.0 - from.0));
    }

    /// How much was read, in bytes.
    pub fn read_bytes(&self) -> u64 {
        self.read_bytes.get()
    }
}
