//! A note in the folder of a log that lacks acknowledged records: up to where it must reach.
//!
//! What says so, the journal or a clean stop, speaks for one start only. Without the note the next start
//! would take the short log for a whole one. It goes when the log is whole again, or repaired.
//!
//! ```text
//! crc   4   CRC32C of the JSON
//! JSON      {"segment_base": n, "position": n, "next_offset": n}
//! ```

use std::io;
use std::path::Path;

use headwater_io::file::Fs;

use super::CleanEnd;
use crate::log::{directory, noted};
use crate::model::{Offset, Position};

/// What a note that cannot be read says: some end that no log reaches.
const UNKNOWN: CleanEnd = CleanEnd {
    segment_base: Offset(i64::MAX),
    position: Position(u64::MAX),
    next_offset: Offset(i64::MAX),
};

/// The end that the log must reach, if there is a note of it.
///
/// # Errors
/// When the note cannot be read from the disk.
pub fn read(fs: &Fs, dir: &Path) -> io::Result<Option<CleanEnd>> {
    let path = dir.join(directory::ACKNOWLEDGED);
    if !fs.exists(&path) {
        return Ok(None);
    }
    Ok(Some(noted::decode(&fs.read(&path)?).unwrap_or(UNKNOWN)))
}

/// Writes the note; durable when this returns.
///
/// # Errors
/// When it cannot be written.
pub fn write(fs: &Fs, dir: &Path, end: CleanEnd) -> io::Result<()> {
    fs.replace(&dir.join(directory::ACKNOWLEDGED), &noted::encode(&end))
}

/// Removes the note; whether there was one.
///
/// # Errors
/// When it cannot be removed.
pub fn remove(fs: &Fs, dir: &Path) -> io::Result<bool> {
    let path = dir.join(directory::ACKNOWLEDGED);
    if !fs.exists(&path) {
        return Ok(false);
    }
    fs.remove_file(&path)?;
    fs.sync_dir(dir)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_its_file_and_refuses_every_flipped_bit() {
        let end =
            CleanEnd { segment_base: Offset(7), position: Position(99), next_offset: Offset(12) };
        let bytes = noted::encode(&end);
        assert_eq!(noted::decode(&bytes), Some(end));
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(noted::decode::<CleanEnd>(&bad), None, "bit {bit}");
        }
    }
}
