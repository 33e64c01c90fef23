//! A disk with a volatile cache: every file has the bytes that programs see and the bytes that a power
//! cut leaves, and so has every directory its names.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::file::Entry;

/// The unit in which a disk keeps or loses what was not synced.
pub const SECTOR: usize = 512;

pub(super) type Inode = u64;

/// A simulated disk; clones are the same disk.
#[derive(Clone)]
pub struct SimDisk(Arc<Mutex<State>>);

/// An open simulated file.
pub(crate) struct SimFile {
    disk: SimDisk,
    inode: Inode,
}

/// Faults that will strike; each is counted down by the operations it concerns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The n-th write from now fails with EIO (1 = the next).
    pub fail_write_in: Option<u64>,
    /// The n-th sync or durable write from now fails with EIO.
    pub fail_sync_in: Option<u64>,
    /// Bytes that files may take together; more is ENOSPC.
    pub capacity_bytes: Option<u64>,
}

/// A change of names that a directory sync makes durable.
#[derive(Clone, Debug)]
pub(super) enum NameChange {
    Link(PathBuf, Inode),
    Unlink(PathBuf),
}

#[derive(Default)]
pub(super) struct State {
    pub(super) files: BTreeMap<Inode, FileState>,
    pub(super) names: BTreeMap<PathBuf, Inode>,
    pub(super) durable_names: BTreeMap<PathBuf, Inode>,
    /// Name changes since the last sync of their directory, oldest first.
    pub(super) pending_names: Vec<NameChange>,
    pub(super) dirs: BTreeSet<PathBuf>,
    /// Writes that were submitted and have not completed; a power cut may apply any part of them.
    pub(super) in_flight: BTreeMap<u64, (Inode, u64, Vec<u8>)>,
    next_inode: Inode,
    next_write: u64,
    faults: Faults,
    ops: u64,
}

#[derive(Clone, Default)]
pub(super) struct FileState {
    pub(super) seen: Vec<u8>,
    pub(super) durable: Vec<u8>,
    /// Sectors whose seen bytes may differ from the durable ones.
    pub(super) dirty: BTreeSet<u64>,
}

impl SimDisk {
    pub(super) fn new() -> Self {
        SimDisk(Arc::new(Mutex::new(State::default())))
    }

    /// Replaces the faults that will strike.
    pub fn set_faults(&self, faults: Faults) {
        self.state().faults = faults;
    }

    /// Operations that changed the disk so far: a power cut "at every operation" counts these.
    pub fn ops(&self) -> u64 {
        self.state().ops
    }

    /// Flips one bit of a file, in what programs see and in what is durable: silent rot.
    ///
    /// # Panics
    /// When there is no such file or byte.
    pub fn rot(&self, path: &Path, byte: u64, bit: u8) {
        let mut state = self.state();
        let inode = state.names[path];
        let file = state.files.get_mut(&inode).expect("named files exist");
        file.seen[byte as usize] ^= 1 << bit;
        if let Some(durable) = file.durable.get_mut(byte as usize) {
            *durable ^= 1 << bit;
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("disk lock")
    }

    pub(crate) fn open(&self, path: &Path) -> io::Result<SimFile> {
        let inode = *self.state().names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(SimFile { disk: self.clone(), inode })
    }

    pub(crate) fn create_new(&self, path: &Path) -> io::Result<SimFile> {
        let mut state = self.state();
        if state.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if !state.dirs.contains(path.parent().unwrap_or(Path::new(""))) {
            return Err(io::ErrorKind::NotFound.into());
        }
        state.next_inode += 1;
        let inode = state.next_inode;
        state.files.insert(inode, FileState::default());
        state.link(path, inode);
        drop(state);
        Ok(SimFile { disk: self.clone(), inode })
    }

    pub(crate) fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        let state = self.state();
        if !state.dirs.contains(dir) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let name = |path: &Path| path.file_name().expect("named").to_string_lossy().into_owned();
        let files = state.names.iter().filter(|(path, _)| path.parent() == Some(dir)).map(
            |(path, inode)| Entry {
                name: name(path),
                is_dir: false,
                len: state.files[inode].seen.len() as u64,
            },
        );
        let dirs = state.dirs.iter().filter(|path| path.parent() == Some(dir));
        let dirs = dirs.map(|path| Entry { name: name(path), is_dir: true, len: 0 });
        let mut entries: Vec<Entry> = files.chain(dirs).collect();
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    pub(crate) fn exists(&self, path: &Path) -> bool {
        let state = self.state();
        state.names.contains_key(path) || state.dirs.contains(path)
    }

    /// Directories themselves survive at once: what is simulated is the loss of *files*.
    pub(crate) fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.state();
        for ancestor in dir.ancestors() {
            state.dirs.insert(ancestor.to_path_buf());
        }
        Ok(())
    }

    pub(crate) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        if let Some(&inode) = state.names.get(from) {
            state.unlink(from);
            state.link(to, inode);
            return Ok(());
        }
        if !state.dirs.contains(from) {
            return Err(io::ErrorKind::NotFound.into());
        }
        state.rename_dir(from, to);
        Ok(())
    }

    pub(crate) fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        if !state.names.contains_key(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        state.unlink(path);
        Ok(())
    }

    pub(crate) fn remove_dir_all(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.state();
        let inside: Vec<PathBuf> =
            state.names.keys().filter(|p| p.starts_with(dir)).cloned().collect();
        for path in inside {
            state.unlink(&path);
        }
        state.dirs.retain(|path| !path.starts_with(dir));
        Ok(())
    }

    pub(crate) fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.count_sync()?;
        let (synced, pending) = std::mem::take(&mut state.pending_names)
            .into_iter()
            .partition(|change: &NameChange| change.path().parent() == Some(dir));
        state.pending_names = pending;
        let synced: Vec<NameChange> = synced;
        for change in synced {
            change.apply(&mut state.durable_names);
        }
        Ok(())
    }

    pub(crate) fn free_bytes(&self) -> u64 {
        let state = self.state();
        state
            .faults
            .capacity_bytes
            .map_or(u64::MAX, |capacity| capacity.saturating_sub(state.used()))
    }
}

impl NameChange {
    fn path(&self) -> &Path {
        match self {
            NameChange::Link(path, _) | NameChange::Unlink(path) => path,
        }
    }

    pub(super) fn apply(self, names: &mut BTreeMap<PathBuf, Inode>) {
        match self {
            NameChange::Link(path, inode) => drop(names.insert(path, inode)),
            NameChange::Unlink(path) => drop(names.remove(&path)),
        }
    }
}

impl State {
    fn link(&mut self, path: &Path, inode: Inode) {
        self.ops += 1;
        self.names.insert(path.to_path_buf(), inode);
        self.pending_names.push(NameChange::Link(path.to_path_buf(), inode));
    }

    fn unlink(&mut self, path: &Path) {
        self.ops += 1;
        self.names.remove(path);
        self.pending_names.push(NameChange::Unlink(path.to_path_buf()));
    }

    /// A directory moves with all its files, durably at once (as a journaled file system's rename is
    /// one transaction; that it may not have been committed is not simulated for directories).
    fn rename_dir(&mut self, from: &Path, to: &Path) {
        self.ops += 1;
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
        for change in &mut self.pending_names {
            let (NameChange::Link(path, _) | NameChange::Unlink(path)) = change;
            if path.starts_with(from) {
                *path = moved(path);
            }
        }
        let dirs: Vec<PathBuf> =
            self.dirs.iter().filter(|p| p.starts_with(from)).cloned().collect();
        for dir in dirs {
            self.dirs.remove(&dir);
            self.dirs.insert(moved(&dir));
        }
    }

    fn used(&self) -> u64 {
        self.files.values().map(|file| file.seen.len() as u64).sum()
    }

    fn count_sync(&mut self) -> io::Result<()> {
        self.ops += 1;
        strike(&mut self.faults.fail_sync_in)
    }

    fn grow(&mut self, inode: Inode, len: u64) -> io::Result<()> {
        let file = &self.files[&inode];
        let more = len.saturating_sub(file.seen.len() as u64);
        if more > 0
            && self.faults.capacity_bytes.is_some_and(|capacity| self.used() + more > capacity)
        {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let file = self.files.get_mut(&inode).expect("open files exist");
        if more > 0 {
            file.seen.resize(len as usize, 0);
        }
        Ok(())
    }
}

fn strike(countdown: &mut Option<u64>) -> io::Result<()> {
    match countdown {
        Some(1) => {
            *countdown = None;
            Err(io::Error::from_raw_os_error(libc::EIO))
        }
        Some(n) => {
            *n -= 1;
            Ok(())
        }
        None => Ok(()),
    }
}

impl SimFile {
    pub(crate) fn len(&self) -> io::Result<u64> {
        Ok(self.disk.state().files[&self.inode].seen.len() as u64)
    }

    pub(crate) fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        let state = self.disk.state();
        let seen = &state.files[&self.inode].seen;
        let from = seen.len().min(at as usize);
        let n = buf.len().min(seen.len() - from);
        buf[..n].copy_from_slice(&seen[from..from + n]);
        Ok(n)
    }

    pub(crate) fn write_at(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let write = self.begin_write(at, bytes.to_vec());
        self.end_write(write, false)
    }

    /// A write that is on its way: until it ends, a power cut may apply any of its sectors.
    pub(crate) fn begin_write(&self, at: u64, bytes: Vec<u8>) -> u64 {
        let mut state = self.disk.state();
        state.next_write += 1;
        let id = state.next_write;
        state.in_flight.insert(id, (self.inode, at, bytes));
        id
    }

    /// The write reaches the disk's cache, and with `durable` its platter.
    pub(crate) fn end_write(&self, id: u64, durable: bool) -> io::Result<()> {
        let mut state = self.disk.state();
        let Some((inode, at, bytes)) = state.in_flight.remove(&id) else {
            return Err(io::Error::other("the power was cut"));
        };
        state.ops += 1;
        strike(&mut state.faults.fail_write_in)?;
        if durable {
            strike(&mut state.faults.fail_sync_in)?;
        }
        state.grow(inode, at + bytes.len() as u64)?;
        let file = state.files.get_mut(&inode).expect("open files exist");
        file.apply(at, &bytes);
        if durable {
            file.harden(at, bytes.len() as u64);
        }
        Ok(())
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        state.count_sync()?;
        let file = state.files.get_mut(&self.inode).expect("open files exist");
        // Into the memory that is there: a fresh copy of megabytes costs more in page faults than in bytes.
        file.durable.clone_from(&file.seen);
        file.dirty.clear();
        Ok(())
    }

    pub(crate) fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.ops += 1;
        state.grow(self.inode, len)?;
        let file = state.files.get_mut(&self.inode).expect("open files exist");
        file.seen.truncate(len as usize);
        Ok(())
    }

    pub(crate) fn allocate(&self, len: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.ops += 1;
        state.grow(self.inode, len)
    }
}

impl FileState {
    pub(super) fn apply(&mut self, at: u64, bytes: &[u8]) {
        let end = at as usize + bytes.len();
        if self.seen.len() < end {
            self.seen.resize(end, 0);
        }
        self.seen[at as usize..end].copy_from_slice(bytes);
        self.dirty.extend(at / SECTOR as u64..(end as u64).div_ceil(SECTOR as u64));
    }

    fn harden(&mut self, at: u64, len: u64) {
        let end = (at + len) as usize;
        if self.durable.len() < end {
            self.durable.resize(end, 0);
        }
        self.durable[at as usize..end].copy_from_slice(&self.seen[at as usize..end]);
        for sector in at / SECTOR as u64..(end as u64).div_ceil(SECTOR as u64) {
            self.dirty.remove(&sector);
        }
    }
}
