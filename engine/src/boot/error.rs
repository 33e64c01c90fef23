//! Why a start failed, in one line that says what to do.

use std::fmt;
use std::io;

use headwater_io::driver::Backend;

use crate::broker::start::{self, StartError};

/// Why a start failed; each says what to do.
#[derive(Debug)]
pub enum BootError {
    /// The data directory.
    Start(StartError),
    /// The address to listen on.
    Listen(String, io::Error),
    /// The address to hand out metrics on.
    Metrics(String, io::Error),
    /// A thread or its ring.
    Backend(Backend, io::Error),
    /// Anything else, with what was being done.
    Io(&'static str, io::Error),
}

impl fmt::Display for BootError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BootError::Start(e) => e.fmt(f),
            BootError::Listen(addr, e) if e.kind() == io::ErrorKind::AddrInUse => {
                write!(
                    f,
                    "{addr} is in use by another process: stop that one, or choose another port with --listen"
                )
            }
            BootError::Listen(addr, e) => {
                write!(f, "cannot listen on {addr}: {e}; choose another address with --listen")
            }
            BootError::Metrics(addr, e) if e.kind() == io::ErrorKind::AddrInUse => write!(
                f,
                "{addr} is in use by another process: choose another port for metrics with --metrics-listen"
            ),
            BootError::Metrics(addr, e) => write!(
                f,
                "cannot hand out metrics on {addr}: {e}; choose another address with --metrics-listen"
            ),
            BootError::Backend(backend, e) => write!(
                f,
                "backend {backend} cannot be used: {e}; `headwater doctor` says why, --backend posix works everywhere"
            ),
            BootError::Io(what, e) => write!(f, "{what}: {e}{}", start::advice(e)),
        }
    }
}

impl std::error::Error for BootError {}

impl From<StartError> for BootError {
    fn from(e: StartError) -> Self {
        BootError::Start(e)
    }
}
