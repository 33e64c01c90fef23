//! A folder on the disk to be measured, removed whatever happens to the bench.
//!
//! A killed bench cannot clean up after itself, so the next one does: the name holds the process id,
//! and folders whose process has gone are removed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::host::process::Process;

const PREFIX: &str = ".headwater-bench-";

/// Removed with everything in it when dropped.
#[derive(Debug)]
pub struct ScratchDir {
    path: PathBuf,
}

impl ScratchDir {
    /// Makes a folder inside `parent` (which is made too), after sweeping up those left by the dead.
    ///
    /// # Errors
    /// When `parent` cannot be written.
    pub fn beside(parent: &Path) -> io::Result<ScratchDir> {
        fs::create_dir_all(parent)?;
        sweep(parent)?;
        let mut number = 0;
        loop {
            let path = parent.join(format!("{PREFIX}{}-{number}", std::process::id()));
            match fs::create_dir(&path) {
                Ok(()) => return Ok(ScratchDir { path: fs::canonicalize(path)? }),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(e) => return Err(e),
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ScratchDir {
    fn drop(&mut self) {
        // Nothing can be done about an error, and the next bench tries again.
        drop(fs::remove_dir_all(&self.path));
    }
}

fn sweep(parent: &Path) -> io::Result<()> {
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let owner = owner.and_then(|rest| rest.split('-').next()).and_then(|id| id.parse().ok());
        if owner.is_some_and(|id| !Process(id).alive()) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_go_with_their_owner_and_the_dead_are_swept_up() {
        let parent = tempfile::tempdir().unwrap();
        let dead = parent.path().join(format!("{PREFIX}4294967295-0"));
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join("file"), b"x").unwrap();
        let one = ScratchDir::beside(parent.path()).unwrap();
        let two = ScratchDir::beside(parent.path()).unwrap();
        assert!(!dead.exists());
        assert!(one.path() != two.path() && one.path().exists() && two.path().exists());
        drop((one, two));
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }
}
