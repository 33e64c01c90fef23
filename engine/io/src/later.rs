//! A file that is open already, to be opened once more with other rights by the first operation that needs
//! it: until then it costs no descriptor.
//!
//! The descriptor is closed with the last clone of the handle. Knows nothing of when that is worth it.

use std::io;
use std::sync::{Arc, OnceLock};

use crate::file::{Access, File, FileKind, Handle};

/// The second handle of a file.
pub(crate) struct Later {
    of: File,
    access: Access,
    opened: OnceLock<File>,
}

impl Later {
    /// The file, opened now if it was not. Blocks.
    fn open(&self) -> io::Result<&File> {
        if let Some(file) = self.opened.get() {
            return Ok(file);
        }
        let file = self.of.reopen(self.access)?;
        // Of two threads that open it at the same time one closes its own again.
        Ok(self.opened.get_or_init(|| file))
    }
}

impl File {
    /// A second handle of the same file, also when its name is gone or another file has it meanwhile. The
    /// first operation that needs it opens it, and fails when that fails.
    pub fn later(&self, access: Access) -> File {
        let later = Later { of: self.clone(), access, opened: OnceLock::new() };
        File(Arc::new(Handle::Later(later)))
    }

    /// Whether a descriptor is held.
    pub fn is_open(&self) -> bool {
        self.open_kind().is_some()
    }

    /// What it is, opened if it was not: may block then.
    pub(crate) fn kind(&self) -> io::Result<&FileKind> {
        match &*self.0 {
            Handle::Open(kind) => Ok(kind),
            Handle::Later(later) => later.open()?.kind(),
        }
    }

    /// What it is, if it is open.
    pub(crate) fn open_kind(&self) -> Option<&FileKind> {
        match &*self.0 {
            Handle::Open(kind) => Some(kind),
            Handle::Later(later) => later.opened.get()?.open_kind(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::buffer::BLOCK;
    use crate::file::{Access, Fs};

    #[test]
    fn it_is_opened_by_who_needs_it_first_whatever_has_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let (fs, path) = (Fs::os(), dir.path().join("s"));
        drop(fs.create_new(&path, Access::Write).unwrap());
        let reader = fs.open(&path, Access::Read).unwrap();
        let writer = reader.later(Access::Write);
        let clone = writer.clone();
        assert!(!writer.is_open());
        fs.remove_file(&path).unwrap();
        drop(fs.create_new(&path, Access::Write).unwrap());
        fs.write_all_at(&writer, 0, &[7; BLOCK]).unwrap();
        assert!(writer.is_open() && clone.is_open());
        assert_eq!(fs.len(&reader).unwrap(), BLOCK as u64);
        assert_eq!(fs.len(&fs.open(&path, Access::Read).unwrap()).unwrap(), 0);
        // The reader may not be written to, but synced.
        fs.write_all_at(&reader, 0, &[7]).unwrap_err();
        fs.sync(&reader).unwrap();
    }
}
