//! The newest bytes of a segment, which its file does not have yet: a walk that asks for them gets them
//! from memory. Behind a journal segments are written later than records become visible.

use std::io;

use bytes::Bytes;
use headwater_io::file::{File, Fs};

use crate::model::Position;

/// Bytes from a position on, in memory.
#[derive(Clone, Default)]
pub struct Newest {
    /// From here on the file is not to be believed.
    pub from: Position,
    /// What is there, in order.
    pub pieces: Vec<Bytes>,
}

impl Newest {
    /// All bytes are in the file.
    pub fn none() -> Self {
        Newest { from: Position(u64::MAX), pieces: Vec::new() }
    }

    /// Reads up to `buf.len()` bytes at `at`; fewer only at the end of what there is.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read_at(&self, fs: &Fs, file: &File, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        let in_file = (self.from.0.saturating_sub(at)).min(buf.len() as u64) as usize;
        if in_file > 0 {
            let n = fs.read_at(file, at, &mut buf[..in_file])?;
            if n < in_file || in_file == buf.len() {
                return Ok(n);
            }
        }
        let mut skip = (at + in_file as u64 - self.from.0) as usize;
        let mut done = in_file;
        for piece in &self.pieces {
            let skipped = skip.min(piece.len());
            skip -= skipped;
            let piece = &piece[skipped..];
            let n = piece.len().min(buf.len() - done);
            buf[done..done + n].copy_from_slice(&piece[..n]);
            done += n;
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use headwater_io::file::Access;

    use super::*;

    #[test]
    fn the_file_ends_where_memory_begins() {
        let dir = tempfile::tempdir().unwrap();
        let fs = Fs::os();
        let file = fs.create_new(&dir.path().join(Path::new("s")), Access::Write).unwrap();
        fs.write_all_at(&file, 0, b"0123456789").unwrap();
        let pieces = vec![Bytes::from_static(b"ab"), Bytes::from_static(b"cde")];
        let newest = Newest { from: Position(6), pieces };
        let read = |at, len| {
            let mut buf = vec![0; len];
            let n = newest.read_at(&fs, &file, at, &mut buf).unwrap();
            String::from_utf8(buf[..n].to_vec()).unwrap()
        };
        assert_eq!(read(0, 6), "012345");
        assert_eq!(read(4, 4), "45ab");
        assert_eq!(read(0, 20), "012345abcde");
        assert_eq!(
            (read(6, 2), read(7, 3), read(9, 9), read(11, 1)),
            ("ab".into(), "bcd".into(), "de".into(), String::new())
        );
        let mut buf = [0; 3];
        assert_eq!(Newest::none().read_at(&fs, &file, 8, &mut buf).unwrap(), 2);
    }
}
