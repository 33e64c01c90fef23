//! What can be asked of a backend, and what comes back.
//!
//! An operation owns every buffer the kernel will touch until its completion returns it, so dropping
//! interest in a result can never free memory under the kernel.

use std::any::Any;
use std::io;
use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};

use crate::buffer::AlignedBuf;
use crate::file::{File, Fs};
use crate::socket::{Listener, Socket};

/// The submitter's name for an operation; comes back unchanged in its [`Completion`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Token(pub u64);

/// Work that may block: runs on an I/O thread (inline under simulation) with the same file system
/// the driver uses. Its result comes back as [`Done::Job`].
pub type Job = Box<dyn FnOnce(&Fs) -> Box<dyn Any + Send> + Send>;

/// One operation. Operations that are in flight together have no order between them.
#[expect(missing_docs, reason = "each variant's text names its fields")]
pub enum Op {
    /// Writes `bufs` one after the other at byte `at`. Completes when *all* bytes are written, or with
    /// an error. With `durable`, completes only once the data would survive power loss (`RWF_DSYNC`).
    /// For a file opened direct, `at` and every buffer's address and length must be block aligned.
    /// A file that is not open yet, see [`File::later`], is opened first.
    Write { file: File, at: u64, bufs: Vec<Bytes>, durable: bool },
    /// Reads into `buf` from byte `at`, up to its capacity; short only at the end of the file.
    Read { file: File, at: u64, buf: AlignedBuf },
    /// Makes every completed write to the file durable (`fdatasync`).
    Sync { file: File },
    /// Waits for one connection.
    Accept { listener: Listener },
    /// Receives into the spare capacity of `buf`, which must not be zero. 0 bytes = the peer closed.
    Recv { socket: Socket, buf: BytesMut },
    /// Sends all parts in order; completes when the last byte is in the socket's buffer.
    Send { socket: Socket, parts: Vec<Bytes> },
    /// Sends `len` bytes of a *buffered* file from `at` without copying them through user space.
    /// The backend first makes sure the pages are resident, so that it cannot block the thread.
    SendFile { socket: Socket, file: File, at: u64, len: u64 },
    /// Runs blocking work elsewhere.
    Job(Job),
}

/// What a successful operation yields.
pub enum Done {
    /// All bytes were written; with `durable`, they are durable.
    Written,
    /// The buffer with its length set to the bytes read.
    Read(AlignedBuf),
    /// The file is durable up to what had been written when the sync was submitted.
    Synced,
    /// A new connection and its peer.
    Accepted(Socket, SocketAddr),
    /// The buffer with `n` more bytes at its end; 0 when the peer closed.
    Received(BytesMut, usize),
    /// Everything was handed to the socket.
    Sent,
    /// What the job returned.
    Job(Box<dyn Any + Send>),
}

/// The end of an operation.
pub struct Completion {
    /// As given to [`crate::driver::Driver::submit`].
    pub token: Token,
    /// What happened.
    pub result: io::Result<Done>,
}
