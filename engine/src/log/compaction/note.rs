//! A note in the folder of a log that has been cleaned: up to where, and up to where offsets may be missing.
//!
//! The first is for speed: without it all of the log is dirty, and is cleaned again. The second is a witness for
//! the gaps beside the indexes of the cleaned segments: it is durable before the first of them is swapped in, and
//! is asked only for a segment whose index is lost.
//!
//! ```text
//! crc   4   CRC32C of the JSON
//! JSON      {"first_dirty": n, "gaps_below": n}
//! ```

use std::io;
use std::path::Path;

use headwater_io::file::Fs;
use serde::{Deserialize, Serialize};

use crate::log::{directory, noted};
use crate::model::Offset;

/// What is known of earlier cleanings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Everything before it has been cleaned.
    pub first_dirty: Offset,
    /// Segments before it may have gaps between their batches, and behind the last one.
    pub gaps_below: Offset,
}

impl Note {
    /// Of a log that was never cleaned.
    pub const NONE: Note = Note { first_dirty: Offset(0), gaps_below: Offset(0) };

    /// The note of the log in this folder; one that is missing or does not check says nothing.
    ///
    /// # Errors
    /// When it cannot be read from the disk.
    pub fn read(fs: &Fs, dir: &Path) -> io::Result<Self> {
        let path = dir.join(directory::CLEANED_NOTE);
        if !fs.exists(&path) {
            return Ok(Self::NONE);
        }
        let note = noted::decode(&fs.read(&path)?);
        if note.is_none() {
            tracing::warn!(path = %path.display(), "does not check: the log is cleaned from its start");
        }
        Ok(note.unwrap_or(Self::NONE))
    }

    /// Writes it; durable when this returns.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, fs: &Fs, dir: &Path) -> io::Result<()> {
        fs.replace(&dir.join(directory::CLEANED_NOTE), &noted::encode(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_its_file_and_says_nothing_when_a_bit_flips() {
        let tmp = tempfile::tempdir().unwrap();
        let (fs, dir) = (Fs::os(), tmp.path());
        assert_eq!(Note::read(&fs, dir).unwrap(), Note::NONE);
        let note = Note { first_dirty: Offset(70), gaps_below: Offset(90) };
        note.write(&fs, dir).unwrap();
        assert_eq!(Note::read(&fs, dir).unwrap(), note);
        let path = dir.join(directory::CLEANED_NOTE);
        let mut bytes = fs.read(&path).unwrap();
        bytes[9] ^= 4;
        fs.replace(&path, &bytes).unwrap();
        assert_eq!(Note::read(&fs, dir).unwrap(), Note::NONE);
    }
}
