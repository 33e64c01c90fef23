//! A disk with a volatile cache: every file has the bytes that programs see and the bytes that a power
//! cut leaves (`sectors`), and so has every directory its names (`names`). What goes wrong is in `faults`.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

pub use super::faults::{Damage, Faults, Harm, Odds};
use super::faults::{Fate, eio, holds_records};
use super::names::NameChange;
pub(crate) use super::open_file::SimFile;
use super::rng::Rng;
use super::sectors::FileState;
pub use super::sectors::SECTOR;
use crate::file::{Entry, Space};

pub(super) type Inode = u64;

/// A simulated disk; clones are the same disk.
#[derive(Clone)]
pub struct SimDisk(Arc<Mutex<State>>);

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
    pub(super) next_write: u64,
    pub(super) faults: Faults,
    rng: Option<Rng>,
    damages: Vec<Damage>,
    ops: u64,
    /// The disk answers nothing any more once `ops` has reached this.
    fuse: Option<u64>,
    failed_syncs: u64,
}

impl SimDisk {
    pub(super) fn new(rng: Rng) -> Self {
        SimDisk(Arc::new(Mutex::new(State { rng: Some(rng), ..State::default() })))
    }

    /// Replaces the faults that will strike.
    pub fn set_faults(&self, faults: Faults) {
        self.state().faults = faults;
    }

    /// Operations that changed the disk so far: a power cut "at every operation" counts these.
    pub fn ops(&self) -> u64 {
        self.state().ops
    }

    /// The disk goes silent after `ops` more operations, in the middle of whatever is being done. Cut
    /// the power then.
    pub fn silence_after(&self, ops: u64) {
        let mut state = self.state();
        state.fuse = Some(state.ops + ops.max(1));
    }

    /// Whether it has.
    pub fn is_silent(&self) -> bool {
        self.state().is_silent()
    }

    /// It does not go silent after all.
    pub fn answer_again(&self) {
        self.state().restart();
    }

    /// Bytes that all files take together.
    pub fn used_bytes(&self) -> u64 {
        self.state().used()
    }

    /// Syncs that have failed so far.
    pub fn failed_syncs(&self) -> u64 {
        self.state().failed_syncs
    }

    /// All damage so far that no program was told of.
    pub fn damages(&self) -> Vec<Damage> {
        self.state().damages.clone()
    }

    /// Files that hold records, with their lengths.
    pub fn record_files(&self) -> Vec<(PathBuf, u64)> {
        let state = self.state();
        let of_records = state.names.iter().filter(|(path, _)| holds_records(path));
        of_records
            .map(|(path, inode)| (path.clone(), state.files[inode].seen.len() as u64))
            .collect()
    }

    /// Flips one bit of a file, in what programs see and in what is durable: silent rot.
    ///
    /// # Panics
    /// When there is no such file or byte.
    pub fn rot(&self, path: &Path, byte: u64, bit: u8) {
        let mut state = self.state();
        let inode = state.names[path];
        let file = state.files.get_mut(&inode).expect("named files exist");
        file.rot(byte as usize, bit);
        let damage = Damage { path: path.to_owned(), at: byte, len: 1, harm: Harm::Rot };
        state.damages.push(damage);
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("disk lock")
    }

    /// Whether an operation that is submitted now is slow.
    pub(super) fn is_slow(&self) -> bool {
        let mut state = self.state();
        let slow = state.faults.odds.slow;
        state.rng().one_in_million(slow)
    }

    pub(crate) fn open(&self, path: &Path) -> io::Result<SimFile> {
        let state = self.state();
        state.answers()?;
        let inode = *state.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(SimFile::new(self.clone(), inode))
    }

    pub(crate) fn create_new(&self, path: &Path) -> io::Result<SimFile> {
        let mut state = self.state();
        if state.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if !state.dirs.contains(path.parent().unwrap_or(Path::new(""))) {
            return Err(io::ErrorKind::NotFound.into());
        }
        state.count()?;
        state.next_inode += 1;
        let inode = state.next_inode;
        state.files.insert(inode, FileState::new(path.to_owned()));
        state.link(path, inode);
        drop(state);
        Ok(SimFile::new(self.clone(), inode))
    }

    pub(crate) fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        let state = self.state();
        state.answers()?;
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
        state.answers()?;
        for ancestor in dir.ancestors() {
            state.dirs.insert(ancestor.to_path_buf());
        }
        Ok(())
    }

    pub(crate) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.count()?;
        if let Some(&inode) = state.names.get(from) {
            state.rename_file(from, to, inode);
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
        state.count()?;
        state.unlink(path);
        Ok(())
    }

    pub(crate) fn remove_dir_all(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.count()?;
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
        state.harden_names(dir);
        Ok(())
    }

    pub(crate) fn space(&self) -> Space {
        let state = self.state();
        let total_bytes = state.faults.capacity_bytes.unwrap_or(u64::MAX);
        Space { total_bytes, free_bytes: total_bytes.saturating_sub(state.used()) }
    }
}

impl State {
    fn rng(&mut self) -> &mut Rng {
        self.rng.as_mut().expect("a disk has its chance")
    }

    pub(super) fn is_silent(&self) -> bool {
        self.fuse.is_some_and(|fuse| self.ops >= fuse)
    }

    pub(super) fn answers(&self) -> io::Result<()> {
        match self.is_silent() {
            true => Err(io::Error::other("the power was cut")),
            false => Ok(()),
        }
    }

    /// Counts an operation, unless it is the one that is not done any more.
    pub(super) fn count(&mut self) -> io::Result<()> {
        self.answers()?;
        self.ops += 1;
        self.answers()
    }

    pub(super) fn takes_descriptor(&mut self) -> io::Result<()> {
        self.answers()?;
        let State { faults, rng, .. } = self;
        faults.descriptor(rng.as_mut().expect("a disk has its chance"))
    }

    pub(super) fn count_sync(&mut self) -> io::Result<()> {
        self.count()?;
        let State { faults, rng, failed_syncs, .. } = self;
        faults
            .sync(rng.as_mut().expect("a disk has its chance"))
            .inspect_err(|_| *failed_syncs += 1)
    }

    /// The power is back.
    pub(super) fn restart(&mut self) {
        self.fuse = None;
    }

    /// Drops files that no name leads to.
    pub(super) fn collect(&mut self) {
        let named: BTreeSet<Inode> = self.names.values().copied().collect();
        self.files.retain(|inode, _| named.contains(inode));
    }

    fn used(&self) -> u64 {
        self.names.values().map(|inode| self.files[inode].seen.len() as u64).sum()
    }

    pub(super) fn file(&mut self, inode: Inode) -> &mut FileState {
        self.files.get_mut(&inode).expect("open files exist")
    }

    pub(super) fn grow(&mut self, inode: Inode, len: u64) -> io::Result<()> {
        let more = len.saturating_sub(self.files[&inode].seen.len() as u64);
        let capacity = self.faults.capacity_bytes;
        if more > 0 && capacity.is_some_and(|capacity| self.used() + more > capacity) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.file(inode).grow(len as usize);
        Ok(())
    }

    fn damage(&mut self, inode: Inode, at: u64, len: usize, harm: Harm) {
        let path = self.files[&inode].path.clone();
        self.damages.push(Damage { path, at, len: len as u64, harm });
    }

    pub(super) fn finish_write(
        &mut self,
        inode: Inode,
        at: u64,
        bytes: &[u8],
        durable: bool,
    ) -> io::Result<()> {
        let len = bytes.len();
        let State { files, faults, rng, .. } = self;
        let file = &files[&inode];
        let rng = rng.as_mut().expect("a disk has its chance");
        let fate = faults.fate(&file.path, at, len, file.seen.len() as u64, rng);
        if durable && fate == Fate::Done {
            faults.sync(rng).inspect_err(|_| self.failed_syncs += 1)?;
        }
        self.grow(inode, at + len as u64)?;
        let at = match fate {
            Fate::Done => at,
            Fate::Fails(done) => {
                self.file(inode).apply(at, &bytes[..done]);
                return Err(eio());
            }
            Fate::Lost => {
                self.damage(inode, at, len, Harm::Lost);
                return Ok(());
            }
            Fate::Misdirected(elsewhere) => {
                self.damage(inode, at, len, Harm::Lost);
                self.damage(inode, elsewhere, len, Harm::Misdirected);
                elsewhere
            }
        };
        self.file(inode).apply(at, bytes);
        if durable {
            self.file(inode).harden(at, len as u64);
        }
        Ok(())
    }
}
