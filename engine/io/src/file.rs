//! Files and the file system: handles for the asynchronous operations, and the blocking verbs that
//! start-up, offline tools and [`crate::op::Op::Job`]s use.
//!
//! A shard's thread must not call a blocking verb once it serves requests; it submits a job instead.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use crate::buffer::AlignedBuf;
use crate::later::Later;
use crate::sim::disk::{SimDisk, SimFile};
use crate::sys::{self, Mapping};

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read through the page cache.
    Read,
    /// Read and write through the page cache.
    Write,
    /// Read and write past the page cache (`O_DIRECT`): whole aligned blocks only.
    WriteDirect,
}

/// An open file; clones share the descriptor.
#[derive(Clone)]
pub struct File(pub(crate) Arc<Handle>);

pub(crate) enum Handle {
    Open(FileKind),
    Later(Later),
}

pub(crate) enum FileKind {
    Os(OsFile),
    Sim(SimFile),
}

pub(crate) struct OsFile {
    file: fs::File,
    mapping: Mutex<Option<Mapping>>,
}

impl File {
    fn new(kind: FileKind) -> Self {
        File(Arc::new(Handle::Open(kind)))
    }

    fn from_os(file: fs::File) -> Self {
        File::new(FileKind::Os(OsFile { file, mapping: Mutex::new(None) }))
    }

    /// Opens the same file once more.
    pub(crate) fn reopen(&self, access: Access) -> io::Result<File> {
        match self.kind()? {
            FileKind::Os(_) => self.reopen_as(&options(access)),
            FileKind::Sim(sim) => sim.reopen().map(File::from_sim),
        }
    }

    fn reopen_as(&self, options: &OpenOptions) -> io::Result<File> {
        options.open(format!("/proc/self/fd/{}", self.fd())).map(File::from_os)
    }

    fn os(&self) -> &OsFile {
        match self.open_kind().expect("opened before its descriptor is asked for") {
            FileKind::Os(os) => os,
            FileKind::Sim(_) => unreachable!("a simulated file reached a real backend"),
        }
    }

    /// Writes all of `bufs`, see [`crate::op::Op::Write`]. Blocks.
    pub(crate) fn write(&self, bufs: &[Bytes], at: u64, durable: bool) -> io::Result<()> {
        self.kind()?;
        sys::pwritev(self.fd(), bufs, at, durable)
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.os().file.as_raw_fd()
    }

    /// True when reading the range would not wait for the device.
    pub(crate) fn resident(&self, at: u64, len: u64) -> bool {
        let os = self.os();
        let mut mapping = os.mapping.lock().expect("mapping lock");
        let covered = mapping.as_ref().is_some_and(|m| at + len <= m.len() as u64);
        if !covered {
            let size = os.file.metadata().map_or(0, |m| m.len());
            *mapping = Mapping::new(self.fd(), size as usize).ok();
        }
        mapping.as_ref().is_some_and(|m| m.resident(at, len))
    }

    /// Reads the range through the page cache, so that it is resident afterwards.
    pub(crate) fn populate(&self, at: u64, len: u64) -> io::Result<()> {
        let mut scratch = vec![0; (len as usize).min(256 << 10)];
        let mut done = 0;
        while done < len {
            let want = scratch.len().min((len - done) as usize);
            match self.os().file.read_at(&mut scratch[..want], at + done)? {
                0 => return Ok(()),
                n => done += n as u64,
            }
        }
        Ok(())
    }
}

/// One name in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name without its directory.
    pub name: String,
    /// Whether it is a directory.
    pub is_dir: bool,
    /// Size in bytes (0 for a directory).
    pub len: u64,
}

/// How much a file system holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Everything, in bytes.
    pub total_bytes: u64,
    /// What may still be allocated, in bytes.
    pub free_bytes: u64,
}

/// The file system: the machine's, or a simulated disk.
#[derive(Clone)]
pub struct Fs(FsKind);

#[derive(Clone)]
enum FsKind {
    Os,
    Sim(SimDisk),
}

impl Fs {
    /// The machine's file system.
    pub fn os() -> Self {
        Fs(FsKind::Os)
    }

    /// A simulated one.
    pub fn sim(disk: SimDisk) -> Self {
        Fs(FsKind::Sim(disk))
    }

    /// Whether the disk is a simulated one, on which the order of operations must not depend on threads.
    pub fn is_simulated(&self) -> bool {
        matches!(self.0, FsKind::Sim(_))
    }

    /// Opens an existing file.
    pub fn open(&self, path: &Path, access: Access) -> io::Result<File> {
        match &self.0 {
            FsKind::Os => options(access).open(path).map(File::from_os),
            FsKind::Sim(disk) => disk.open(path).map(File::from_sim),
        }
    }

    /// Opens the same file once more, to read past the page cache (`O_DIRECT`); also when its name is
    /// gone or another file has it meanwhile.
    pub fn reopen_direct(&self, file: &File) -> io::Result<File> {
        match file.kind()? {
            FileKind::Os(_) => {
                file.reopen_as(OpenOptions::new().read(true).custom_flags(libc::O_DIRECT))
            }
            FileKind::Sim(_) => Ok(file.clone()),
        }
    }

    /// Creates a file that must not exist yet.
    pub fn create_new(&self, path: &Path, access: Access) -> io::Result<File> {
        match &self.0 {
            FsKind::Os => options(access).create_new(true).open(path).map(File::from_os),
            FsKind::Sim(disk) => disk.create_new(path).map(File::from_sim),
        }
    }

    /// The file's size in bytes.
    pub fn len(&self, file: &File) -> io::Result<u64> {
        match file.kind()? {
            FileKind::Os(os) => os.file.metadata().map(|m| m.len()),
            FileKind::Sim(sim) => sim.len(),
        }
    }

    /// Reads up to `buf.len()` bytes; fewer only at the end of the file.
    pub fn read_at(&self, file: &File, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        while done < buf.len() {
            let n = match file.kind()? {
                FileKind::Os(os) => os.file.read_at(&mut buf[done..], at + done as u64)?,
                FileKind::Sim(sim) => sim.read_at(at + done as u64, &mut buf[done..])?,
            };
            if n == 0 {
                break;
            }
            done += n;
        }
        Ok(done)
    }

    /// Writes all of `bytes` at `at`.
    pub fn write_all_at(&self, file: &File, at: u64, bytes: &[u8]) -> io::Result<()> {
        match file.kind()? {
            FileKind::Os(os) => os.file.write_all_at(bytes, at),
            FileKind::Sim(sim) => sim.write_at(at, bytes),
        }
    }

    /// Writes zeros over `len` bytes from `at` in aligned pieces: after it (and a sync) the blocks are
    /// *written*, so overwriting them changes no metadata. Range must be block aligned.
    pub fn write_zeros(&self, file: &File, at: u64, len: u64) -> io::Result<()> {
        let mut zeros = AlignedBuf::unpooled((len as usize).min(1 << 20));
        zeros.set_len(zeros.capacity());
        let mut done = 0;
        while done < len {
            let n = (zeros.len() as u64).min(len - done);
            self.write_all_at(file, at + done, &zeros[..n as usize])?;
            done += n;
        }
        Ok(())
    }

    /// Makes the file's data, and the metadata needed to read it, durable.
    pub fn sync(&self, file: &File) -> io::Result<()> {
        match file.kind()? {
            FileKind::Os(os) => os.file.sync_data(),
            FileKind::Sim(sim) => sim.sync(),
        }
    }

    /// Cuts or extends the file to `len` bytes.
    pub fn set_len(&self, file: &File, len: u64) -> io::Result<()> {
        match file.kind()? {
            FileKind::Os(os) => os.file.set_len(len),
            FileKind::Sim(sim) => sim.set_len(len),
        }
    }

    /// Reserves disk space for the first `len` bytes and makes the file at least that long.
    pub fn allocate(&self, file: &File, len: u64) -> io::Result<()> {
        match file.kind()? {
            FileKind::Os(_) => {
                match sys::fallocate(file.fd(), len) {
                    // Some file systems cannot; a sparse file serves, only slower and without the promise.
                    Err(e) if e.raw_os_error() == Some(libc::EOPNOTSUPP) => {
                        if self.len(file)? < len { self.set_len(file, len) } else { Ok(()) }
                    }
                    other => other,
                }
            }
            FileKind::Sim(sim) => sim.allocate(len),
        }
    }

    /// Names in a directory, sorted.
    pub fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        match &self.0 {
            FsKind::Os => list_os(dir),
            FsKind::Sim(disk) => disk.list(dir),
        }
    }

    /// Whether the path exists.
    pub fn exists(&self, path: &Path) -> bool {
        match &self.0 {
            FsKind::Os => path.exists(),
            FsKind::Sim(disk) => disk.exists(path),
        }
    }

    /// Creates a directory and its parents; an existing one is fine.
    pub fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        match &self.0 {
            FsKind::Os => fs::create_dir_all(dir),
            FsKind::Sim(disk) => disk.create_dir_all(dir),
        }
    }

    /// Renames, replacing what had the new name.
    pub fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        match &self.0 {
            FsKind::Os => fs::rename(from, to),
            FsKind::Sim(disk) => disk.rename(from, to),
        }
    }

    /// Removes a file.
    pub fn remove_file(&self, path: &Path) -> io::Result<()> {
        match &self.0 {
            FsKind::Os => fs::remove_file(path),
            FsKind::Sim(disk) => disk.remove_file(path),
        }
    }

    /// Removes a directory and everything in it.
    pub fn remove_dir_all(&self, dir: &Path) -> io::Result<()> {
        match &self.0 {
            FsKind::Os => fs::remove_dir_all(dir),
            FsKind::Sim(disk) => disk.remove_dir_all(dir),
        }
    }

    /// Makes creations, renames and removals in `dir` durable.
    pub fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        match &self.0 {
            FsKind::Os => fs::File::open(dir)?.sync_all(),
            FsKind::Sim(disk) => disk.sync_dir(dir),
        }
    }

    /// The whole content of a file.
    pub fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = self.open(path, Access::Read)?;
        let mut bytes = vec![0; self.len(&file)? as usize];
        let n = self.read_at(&file, 0, &mut bytes)?;
        bytes.truncate(n);
        Ok(bytes)
    }

    /// Replaces a file's content as a whole: after a crash it is the old or the new, never a mixture.
    pub fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        // The whole name: files that differ in their endings may be replaced at the same time.
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".tmp");
        let temporary = path.with_file_name(name);
        if self.exists(&temporary) {
            self.remove_file(&temporary)?;
        }
        let file = self.create_new(&temporary, Access::Write)?;
        self.write_all_at(&file, 0, bytes)?;
        self.sync(&file)?;
        self.rename(&temporary, path)?;
        self.sync_dir(path.parent().unwrap_or(Path::new(".")))
    }

    /// Locks a file against other processes for as long as the handle lives; `WouldBlock` when
    /// another process holds it.
    pub fn lock(&self, file: &File) -> io::Result<()> {
        match file.kind()? {
            FileKind::Os(_) => sys::lock_exclusive(file.fd()),
            FileKind::Sim(_) => Ok(()),
        }
    }

    /// How much the file system of `path` holds.
    pub fn space(&self, path: &Path) -> io::Result<Space> {
        match &self.0 {
            FsKind::Os => sys::space(path),
            FsKind::Sim(disk) => Ok(disk.space()),
        }
    }
}

impl File {
    fn from_sim(sim: SimFile) -> Self {
        File::new(FileKind::Sim(sim))
    }
}

fn options(access: Access) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    match access {
        Access::Read => {}
        Access::Write => drop(options.write(true)),
        Access::WriteDirect => drop(options.write(true).custom_flags(libc::O_DIRECT)),
    }
    options
}

fn list_os(dir: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let meta = entry.metadata()?;
        let is_dir = meta.is_dir();
        let len = if is_dir { 0 } else { meta.len() };
        entries.push(Entry { name: entry.file_name().to_string_lossy().into_owned(), is_dir, len });
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}
