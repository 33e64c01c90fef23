//! What this machine allows, found out by doing each thing once, small.
//!
//! `headwater serve` prints [`choose`]'s line at start; `headwater doctor` prints the whole [`Report`].

use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::buffer::{AlignedBuf, BLOCK};
use crate::driver::Backend;
use crate::file::{Access, Fs};
use crate::sys;
use crate::uring::{RING_BYTES, Uring};

/// The backend to use, and in one line why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The backend.
    pub backend: Backend,
    /// For people: flags that were granted, or what was refused and how to get it.
    pub reason: String,
}

/// Uring where the kernel lets us, posix elsewhere; `wanted` overrides.
pub fn choose(wanted: Option<Backend>) -> Choice {
    if let Some(backend) = wanted {
        return Choice { backend, reason: "asked for".to_owned() };
    }
    match Uring::open(Duration::ZERO) {
        Ok(ring) => {
            Choice { backend: Backend::Uring, reason: format!("flags {}", ring.features()) }
        }
        Err(e) => Choice { backend: Backend::Posix, reason: refusal(&e) },
    }
}

fn refusal(e: &io::Error) -> String {
    let advice = match e.raw_os_error() {
        Some(libc::EPERM) => {
            "io_uring is forbidden: check `sysctl kernel.io_uring_disabled` (0 allows it), or the \
             container's seccomp profile (Docker: --security-opt seccomp=unconfined)"
        }
        Some(libc::ENOSYS) => "this kernel has no io_uring: 5.15 or later is needed",
        Some(libc::ENOMEM) => "not enough lockable memory: raise `ulimit -l`",
        Some(libc::EMFILE) => "no descriptor left: raise `ulimit -n`",
        _ => "io_uring_setup failed",
    };
    format!("{advice} ({e})")
}

/// How files in one directory can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectIo {
    /// `O_DIRECT` works with blocks of 4096 bytes.
    Works,
    /// The file system refuses it; writes go through the page cache.
    Refused,
}

/// Writes one block direct into a scratch file in `dir` and removes it again.
///
/// # Errors
/// When the directory itself cannot be written.
pub fn direct_io(dir: &Path) -> io::Result<DirectIo> {
    let fs = Fs::os();
    let path = dir.join(".probe");
    drop(fs.remove_file(&path));
    drop(fs.create_new(&path, Access::Write)?);
    let result = fs.open(&path, Access::WriteDirect).and_then(|file| {
        let mut block = AlignedBuf::unpooled(BLOCK);
        block.set_len(BLOCK);
        fs.write_all_at(&file, 0, &block)
    });
    fs.remove_file(&path)?;
    match result {
        Ok(()) => Ok(DirectIo::Works),
        Err(e) if e.kind() == io::ErrorKind::InvalidInput => Ok(DirectIo::Refused),
        Err(e) => Err(e),
    }
}

/// Everything that decides how well the engine can run here.
#[derive(Clone, Debug)]
pub struct Report {
    /// Backend and why.
    pub choice: Choice,
    /// Processors this process may use.
    pub cpus: Vec<usize>,
    /// Memory that may be locked, in bytes; rings (and registered buffers) count against it.
    pub memlock_bytes: u64,
    /// What one ring takes of it, in bytes.
    pub ring_bytes: u64,
    /// Descriptors this process may open, after raising the soft limit.
    pub open_files: u64,
    /// Direct I/O in the directory asked about, and its free bytes.
    pub dir: Option<(DirectIo, u64)>,
}

/// Probes the machine, and `dir` if given.
///
/// # Errors
/// When `dir` cannot be written.
pub fn report(dir: Option<&Path>) -> io::Result<Report> {
    let dir = match dir {
        Some(dir) => Some((direct_io(dir)?, sys::space(dir)?.free_bytes)),
        None => None,
    };
    Ok(Report {
        choice: choose(None),
        cpus: crate::cpu::usable(),
        memlock_bytes: sys::memlock_bytes(),
        ring_bytes: RING_BYTES,
        open_files: sys::raise_open_files(),
        dir,
    })
}

/// Raises the soft limit on open descriptors to the hard one and returns it.
pub fn raise_open_files() -> u64 {
    sys::raise_open_files()
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "backend={} ({})", self.backend, self.reason)
    }
}
