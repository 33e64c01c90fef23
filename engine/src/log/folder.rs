//! The folder of a log while others may take it away: a deleted topic's folder is renamed by the controller
//! when the log, on its shard, may still have jobs that act on paths. A job that came after would find
//! nothing, or, worse, the folder of a new topic of the same name.
//!
//! So jobs act [within](Folder::within) the folder, and who takes it away waits for them and makes those
//! that come later end with an error. Knows nothing of what is in the folder.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// A log's folder, shared by all who act on its paths.
#[derive(Clone, Debug)]
pub struct Folder(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    is_gone: RwLock<bool>,
}

impl Folder {
    /// The folder at `path`, which exists.
    pub fn at(path: PathBuf) -> Self {
        Folder(Arc::new(Shared { path, is_gone: RwLock::new(false) }))
    }

    /// Where it is, or was.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Whether it was taken away.
    pub fn is_gone(&self) -> bool {
        *self.0.is_gone.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Acts on what is in the folder, which stays where it is meanwhile. Blocks: for I/O threads.
    ///
    /// # Errors
    ///
    /// `NotFound` when it was taken away, and those of `act`.
    pub fn within<R>(&self, act: impl FnOnce(&Path) -> io::Result<R>) -> io::Result<R> {
        let is_gone = self.0.is_gone.read().unwrap_or_else(PoisonError::into_inner);
        if *is_gone {
            let why = format!("{} belonged to a topic that is deleted", self.path().display());
            return Err(io::Error::new(io::ErrorKind::NotFound, why));
        }
        act(self.path())
    }

    /// Takes the folder away as `act` does, once nobody acts within it; it is gone unless that fails.
    fn take_away<R>(&self, act: impl FnOnce(&Path) -> io::Result<R>) -> io::Result<R> {
        let mut is_gone = self.0.is_gone.write().unwrap_or_else(PoisonError::into_inner);
        let result = act(self.path())?;
        *is_gone = true;
        Ok(result)
    }
}

/// The folders of all open logs.
#[derive(Clone, Debug, Default)]
pub struct Folders(Arc<Mutex<HashMap<PathBuf, Folder>>>);

impl Folders {
    /// A log was opened in this folder.
    pub fn add(&self, folder: Folder) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(folder.path().to_path_buf(), folder);
    }

    /// Takes away the folder at `path`, as `act` does, from its log if there is one.
    ///
    /// # Errors
    ///
    /// Those of `act`: the folder is where it was.
    pub fn take_away<R>(
        &self,
        path: &Path,
        act: impl FnOnce(&Path) -> io::Result<R>,
    ) -> io::Result<R> {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().get(path).cloned();
        let folder = known.unwrap_or_else(|| Folder::at(path.to_path_buf()));
        let result = folder.take_away(act)?;
        lock().remove(path);
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    fn other(what: &str) -> io::Error {
        io::Error::other(what.to_owned())
    }

    #[test]
    fn nothing_happens_in_a_folder_that_was_taken_away() {
        let (folders, path) = (Folders::default(), Path::new("/d/t-0"));
        let old = Folder::at(path.to_path_buf());
        folders.add(old.clone());
        assert_eq!(old.within(|dir| Ok(dir.to_path_buf())).unwrap(), path);
        folders.take_away(path, |_| Err::<(), _>(other("disk"))).unwrap_err();
        assert!(!old.is_gone(), "it could not be taken away");
        folders.take_away(path, |_| Ok(())).unwrap();
        assert!(old.is_gone());
        // A new topic of the same name is none of the old log's business.
        let new = Folder::at(path.to_path_buf());
        folders.add(new.clone());
        let refused = old.within(|_| -> io::Result<()> { panic!("not there") });
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::NotFound);
        new.within(|_| Ok(())).unwrap();
    }

    #[test]
    fn who_acts_within_it_is_waited_for() {
        let (folders, path) = (Folders::default(), Path::new("/d/t-0"));
        let folder = Folder::at(path.to_path_buf());
        folders.add(folder.clone());
        let (began, begun) = channel();
        let (end, ended) = channel::<()>();
        let acts = std::thread::spawn(move || {
            folder.within(|_| {
                began.send(()).unwrap();
                ended.recv().unwrap();
                Ok(())
            })
        });
        begun.recv().unwrap();
        let (taken, seen) = channel();
        let takes = std::thread::spawn(move || {
            let take = |_: &_| {
                taken.send(()).unwrap();
                Ok(())
            };
            folders.take_away(path, take).unwrap();
        });
        assert!(seen.try_recv().is_err(), "somebody is in it");
        end.send(()).unwrap();
        acts.join().unwrap().unwrap();
        takes.join().unwrap();
        seen.recv().unwrap();
    }
}
