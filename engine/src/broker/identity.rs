//! Whose directory this is: locked against other processes, of a format we know, with an identity that
//! stays for life.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use headwater_io::file::{Access, File, Fs};
use serde::{Deserialize, Serialize};

use crate::log::directory;

/// The format that this release writes, and the newest that it reads.
pub const FORMAT_VERSION: u32 = 1;

/// What is written in `headwater.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Version of the directory's format.
    pub format_version: u32,
    /// The cluster the data belongs to; clients see it.
    pub cluster_id: String,
    /// This node's number.
    pub node_id: i32,
    /// This directory, even when it is moved.
    pub directory_id: String,
}

/// A directory that is ours until this is dropped.
pub struct Claimed {
    /// Its identity.
    pub identity: Identity,
    /// Whether it was empty before.
    pub fresh: bool,
    _lock: File,
}

/// Why a directory cannot be used; each says what to do.
#[derive(Debug)]
pub enum ClaimError {
    /// It cannot be created, read or written.
    Io(PathBuf, io::Error),
    /// Another process uses it.
    Locked(PathBuf),
    /// A later release wrote it.
    Newer {
        /// The directory.
        dir: PathBuf,
        /// Its format.
        found: u32,
    },
    /// Its identity cannot be read.
    BadIdentity(PathBuf, String),
    /// Logs without identity or metadata: to go on would be to start empty over somebody's data.
    Orphaned {
        /// The directory.
        dir: PathBuf,
        /// What is missing.
        missing: &'static str,
    },
    /// It belongs to another node.
    OtherNode {
        /// The directory.
        dir: PathBuf,
        /// The node in its identity.
        found: i32,
        /// The node that was configured.
        wanted: i32,
    },
}

impl fmt::Display for ClaimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClaimError::Io(dir, e) if e.kind() == io::ErrorKind::StorageFull => {
                write!(
                    f,
                    "data directory {} cannot be used: {e}; make room on its disk",
                    dir.display()
                )
            }
            ClaimError::Io(dir, e) => write!(
                f,
                "data directory {} cannot be used: {e}; check that it exists, is a directory and is writable by this user",
                dir.display()
            ),
            ClaimError::Locked(dir) => write!(
                f,
                "data directory {} is in use by another process: stop that one or choose another --data-dir",
                dir.display()
            ),
            ClaimError::Newer { dir, found } => write!(
                f,
                "data directory {} has format {found}, this release knows formats up to {FORMAT_VERSION}: use the newer release",
                dir.display()
            ),
            ClaimError::BadIdentity(path, why) => write!(
                f,
                "{} cannot be read ({why}): restore it from a copy; nothing was changed",
                path.display()
            ),
            ClaimError::Orphaned { dir, missing } => write!(
                f,
                "data directory {} holds logs but no {missing}: restore that file, or choose an empty --data-dir; nothing was changed",
                dir.display()
            ),
            ClaimError::OtherNode { dir, found, wanted } => write!(
                f,
                "data directory {} belongs to node {found}, but node.id is {wanted}: set node.id={found} or choose another --data-dir",
                dir.display()
            ),
        }
    }
}

/// Locks the directory and reads its identity, or gives it one if it is empty.
pub fn claim(
    fs: &Fs,
    dir: &Path,
    node_id: i32,
    fresh_ids: [String; 2],
) -> Result<Claimed, ClaimError> {
    let io = |e| ClaimError::Io(dir.to_owned(), e);
    fs.create_dir_all(dir).map_err(io)?;
    let lock = lock(fs, dir)?;
    let path = dir.join(directory::IDENTITY);
    let has_logs = fs
        .list(dir)
        .map_err(io)?
        .iter()
        .any(|entry| entry.is_dir && directory::parse_partition(&entry.name).is_some());
    if fs.exists(&path) {
        let identity = read(fs, dir, &path, node_id)?;
        if has_logs && !fs.exists(&dir.join(directory::METADATA)) {
            return Err(ClaimError::Orphaned { dir: dir.to_owned(), missing: directory::METADATA });
        }
        return Ok(Claimed { identity, fresh: false, _lock: lock });
    }
    if has_logs {
        return Err(ClaimError::Orphaned { dir: dir.to_owned(), missing: directory::IDENTITY });
    }
    let [cluster_id, directory_id] = fresh_ids;
    let identity = Identity { format_version: FORMAT_VERSION, cluster_id, node_id, directory_id };
    let json = serde_json::to_vec_pretty(&identity).expect("plain values serialise");
    fs.replace(&path, &json).map_err(io)?;
    Ok(Claimed { identity, fresh: true, _lock: lock })
}

fn lock(fs: &Fs, dir: &Path) -> Result<File, ClaimError> {
    let io = |e| ClaimError::Io(dir.to_owned(), e);
    let path = dir.join(directory::LOCK);
    if !fs.exists(&path) {
        match fs.create_new(&path, Access::Write) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(io(e)),
            _ => {}
        }
    }
    let file = fs.open(&path, Access::Write).map_err(io)?;
    match fs.lock(&file) {
        Ok(()) => Ok(file),
        Err(e) if e.kind() == io::ErrorKind::WouldBlock => Err(ClaimError::Locked(dir.to_owned())),
        Err(e) => Err(io(e)),
    }
}

fn read(fs: &Fs, dir: &Path, path: &Path, node_id: i32) -> Result<Identity, ClaimError> {
    let bad = |why: String| ClaimError::BadIdentity(path.to_owned(), why);
    let bytes = fs.read(path).map_err(|e| bad(e.to_string()))?;
    // The version alone first: a newer format may have other fields.
    let value: serde_json::Value =
        serde_json::from_slice(&bytes).map_err(|e| bad(e.to_string()))?;
    let found =
        value["format_version"].as_u64().ok_or_else(|| bad("no format_version".to_owned()))?;
    if found > u64::from(FORMAT_VERSION) {
        return Err(ClaimError::Newer { dir: dir.to_owned(), found: found as u32 });
    }
    let identity: Identity = serde_json::from_value(value).map_err(|e| bad(e.to_string()))?;
    if identity.node_id != node_id {
        let found = identity.node_id;
        return Err(ClaimError::OtherNode { dir: dir.to_owned(), found, wanted: node_id });
    }
    Ok(identity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_io::sim::World;

    fn ids() -> [String; 2] {
        ["c".to_owned(), "d".to_owned()]
    }

    #[test]
    fn a_directory_keeps_its_identity() {
        let fs = World::new(1).driver().fs();
        let dir = Path::new("/d");
        let first = claim(&fs, dir, 1, ids()).unwrap();
        assert!(first.fresh);
        let again = claim(&fs, dir, 1, ["x".to_owned(), "y".to_owned()]).unwrap();
        assert_eq!((again.identity, again.fresh), (first.identity, false));
        assert!(matches!(
            claim(&fs, dir, 2, ids()),
            Err(ClaimError::OtherNode { found: 1, wanted: 2, .. })
        ));
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_advice() {
        let fs = World::new(1).driver().fs();
        let dir = Path::new("/d");
        fs.create_dir_all(&dir.join("t-0")).unwrap();
        assert!(matches!(claim(&fs, dir, 1, ids()), Err(ClaimError::Orphaned { .. })));
        fs.replace(&dir.join(directory::IDENTITY), br#"{"format_version": 9, "shape": []}"#)
            .unwrap();
        assert!(matches!(claim(&fs, dir, 1, ids()), Err(ClaimError::Newer { found: 9, .. })));
        fs.replace(&dir.join(directory::IDENTITY), b"{").unwrap();
        assert!(matches!(claim(&fs, dir, 1, ids()), Err(ClaimError::BadIdentity(..))));
    }

    #[test]
    fn a_locked_directory_is_refused() {
        let keep = tempfile::tempdir().unwrap();
        let fs = Fs::os();
        let _claimed = claim(&fs, keep.path(), 1, ids()).unwrap();
        assert!(matches!(claim(&fs, keep.path(), 1, ids()), Err(ClaimError::Locked(_))));
    }
}
