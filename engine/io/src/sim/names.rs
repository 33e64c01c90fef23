//! Names on a simulated disk: what programs see, what is durable, and the changes between the two.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::disk::{Inode, State};
use super::rng::Rng;

/// A change of names that a directory sync makes durable.
#[derive(Clone, Debug)]
pub(super) enum NameChange {
    Link(PathBuf, Inode),
    Unlink(PathBuf),
    /// One transaction: never half of it.
    Rename(PathBuf, PathBuf, Inode),
}

impl NameChange {
    fn path(&self) -> &Path {
        match self {
            NameChange::Link(path, _) | NameChange::Unlink(path) => path,
            NameChange::Rename(_, to, _) => to,
        }
    }

    fn paths(&mut self) -> Vec<&mut PathBuf> {
        match self {
            NameChange::Link(path, _) | NameChange::Unlink(path) => vec![path],
            NameChange::Rename(from, to, _) => vec![from, to],
        }
    }

    fn apply(self, names: &mut BTreeMap<PathBuf, Inode>) {
        match self {
            NameChange::Link(path, inode) => drop(names.insert(path, inode)),
            NameChange::Unlink(path) => drop(names.remove(&path)),
            NameChange::Rename(from, to, inode) => {
                names.remove(&from);
                names.insert(to, inode);
            }
        }
    }
}

impl State {
    pub(super) fn link(&mut self, path: &Path, inode: Inode) {
        self.names.insert(path.to_path_buf(), inode);
        self.pending_names.push(NameChange::Link(path.to_path_buf(), inode));
    }

    pub(super) fn unlink(&mut self, path: &Path) {
        self.names.remove(path);
        self.pending_names.push(NameChange::Unlink(path.to_path_buf()));
    }

    pub(super) fn rename_file(&mut self, from: &Path, to: &Path, inode: Inode) {
        self.names.remove(from);
        self.names.insert(to.to_path_buf(), inode);
        self.files.get_mut(&inode).expect("named files exist").path = to.to_path_buf();
        let change = NameChange::Rename(from.to_path_buf(), to.to_path_buf(), inode);
        self.pending_names.push(change);
    }

    /// A directory moves with all its files, durably at once (as a journaled file system's rename is
    /// one transaction; that it may not have been committed is not simulated for directories).
    pub(super) fn rename_dir(&mut self, from: &Path, to: &Path) {
        let moved = |path: &Path| match path.strip_prefix(from).expect("inside") {
            inside if inside == Path::new("") => to.to_path_buf(),
            inside => to.join(inside),
        };
        for names in [&mut self.names, &mut self.durable_names] {
            let inside: Vec<PathBuf> =
                names.keys().filter(|p| p.starts_with(from)).cloned().collect();
            for path in inside {
                let inode = names.remove(&path).expect("listed");
                names.insert(moved(&path), inode);
            }
        }
        let paths = self.pending_names.iter_mut().flat_map(NameChange::paths);
        let files = self.files.values_mut().map(|file| &mut file.path);
        for path in paths.chain(files).filter(|path| path.starts_with(from)) {
            *path = moved(path);
        }
        let dirs: Vec<PathBuf> =
            self.dirs.iter().filter(|p| p.starts_with(from)).cloned().collect();
        for dir in dirs {
            self.dirs.remove(&dir);
            self.dirs.insert(moved(&dir));
        }
    }

    /// What is pending in this directory becomes durable.
    pub(super) fn harden_names(&mut self, dir: &Path) {
        for change in std::mem::take(&mut self.pending_names) {
            match change.path().parent() == Some(dir) {
                true => change.apply(&mut self.durable_names),
                false => self.pending_names.push(change),
            }
        }
    }

    /// A journaling file system commits name changes in order: some first part of them survives a cut.
    pub(super) fn lose_names(&mut self, rng: &mut Rng) {
        let pending = std::mem::take(&mut self.pending_names);
        let kept = rng.below(pending.len() as u64 + 1) as usize;
        for change in pending.into_iter().take(kept) {
            change.apply(&mut self.durable_names);
        }
        self.names = self.durable_names.clone();
    }
}
