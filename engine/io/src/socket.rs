//! Stream sockets and listeners as handles that any backend understands.
//!
//! A handle is a reference: operations in flight hold one, so the descriptor stays open until the
//! kernel is done with it. [`Socket::shutdown`] is how a connection is ended early: pending
//! operations then complete and the last reference closes the descriptor.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::{Arc, OnceLock};

use crate::file::File;
use crate::sim::net::{SimListener, SimSocket};
use crate::sys;

/// Descriptors that connections leave to files, or an eighth of all when there are few: a log that must
/// open a file to write waits for one.
const FILES_MIN: u64 = 64;

/// One end of a connection.
#[derive(Clone)]
pub struct Socket(pub(crate) Arc<SocketKind>);

pub(crate) enum SocketKind {
    Os(TcpStream),
    Sim(SimSocket),
}

impl Socket {
    pub(crate) fn from_stream(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Socket(Arc::new(SocketKind::Os(stream))))
    }

    /// Connects, blocking the caller: for programs that start, not for a shard.
    pub fn connect(to: SocketAddr) -> io::Result<Self> {
        Socket::from_stream(TcpStream::connect(to)?)
    }

    /// Ends the connection in both directions; operations in flight complete soon after.
    pub fn shutdown(&self) {
        match &*self.0 {
            // An error means that it is closed already.
            SocketKind::Os(stream) => drop(stream.shutdown(std::net::Shutdown::Both)),
            SocketKind::Sim(socket) => socket.shutdown(),
        }
    }

    /// Sends file bytes without blocking; the number of bytes that the socket took.
    ///
    /// `sendfile` has no "do not wait" flag: the descriptor itself must be non-blocking, while a ring
    /// wants it blocking (it would fail with EAGAIN instead of waiting). So it is switched for the call;
    /// only this thread uses the socket.
    pub(crate) fn send_file(&self, file: &File, at: u64, len: usize) -> io::Result<usize> {
        let SocketKind::Os(stream) = &*self.0 else {
            unreachable!("a simulated socket reached a real backend")
        };
        stream.set_nonblocking(true)?;
        let sent = sys::sendfile(stream.as_raw_fd(), file.fd(), at, len);
        stream.set_nonblocking(false)?;
        sent
    }

    pub(crate) fn fd(&self) -> RawFd {
        match &*self.0 {
            SocketKind::Os(stream) => stream.as_raw_fd(),
            SocketKind::Sim(_) => unreachable!("a simulated socket reached a real backend"),
        }
    }
}

/// A listening socket.
#[derive(Clone)]
pub struct Listener(pub(crate) Arc<ListenerKind>);

pub(crate) enum ListenerKind {
    Os(TcpListener),
    Sim(SimListener),
}

impl Listener {
    /// Listens on `addr`. With `shared`, several listeners of this process may hold the same address
    /// and the kernel spreads connections over them (`SO_REUSEPORT`).
    pub fn bind(addr: SocketAddr, shared: bool) -> io::Result<Self> {
        let fd = sys::listen(addr, shared)?;
        Ok(Listener(Arc::new(ListenerKind::Os(TcpListener::from(fd)))))
    }

    /// The address it really listens on (the port, when 0 was asked for).
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &*self.0 {
            ListenerKind::Os(listener) => listener.local_addr(),
            ListenerKind::Sim(listener) => Ok(listener.addr()),
        }
    }

    pub(crate) fn fd(&self) -> RawFd {
        match &*self.0 {
            ListenerKind::Os(listener) => listener.as_raw_fd(),
            ListenerKind::Sim(_) => unreachable!("a simulated listener reached a real backend"),
        }
    }
}

/// Wraps a descriptor that `accept` returned.
pub(crate) fn accepted(fd: RawFd) -> io::Result<(Socket, SocketAddr)> {
    // SAFETY: the kernel has just given us this descriptor; nobody else owns it.
    let stream = TcpStream::from(unsafe { OwnedFd::from_raw_fd(fd) });
    let peer = stream.peer_addr()?;
    admitted(stream, peer)
}

/// A new connection, unless it has one of the last descriptors. The lowest free number is always given: all
/// below it are taken.
pub(crate) fn admitted(stream: TcpStream, peer: SocketAddr) -> io::Result<(Socket, SocketAddr)> {
    // Asked once: it is raised before anybody is let in, and a call for each connection is one too many.
    static LIMIT: OnceLock<u64> = OnceLock::new();
    let limit = *LIMIT.get_or_init(sys::open_files_max);
    match stream.as_raw_fd() as u64 >= limit - FILES_MIN.min(limit / 8) {
        true => Err(io::Error::from_raw_os_error(libc::EMFILE)),
        false => Ok((Socket::from_stream(stream)?, peer)),
    }
}
