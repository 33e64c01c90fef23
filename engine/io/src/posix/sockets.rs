//! Socket operations as attempts that never block, and who waits for which descriptor.

use std::collections::HashMap;
use std::io;
use std::os::fd::RawFd;

use bytes::{Bytes, BytesMut};

use crate::file::File;
use crate::jobs::Task;
use crate::op::{Done, Op};
use crate::socket::{self, Listener, Socket};
use crate::sys::{self, Interest};

/// File bytes sent in one call.
const SENDFILE_STEP: u64 = 256 << 10;

pub(super) enum SocketOp {
    Accept { listener: Listener },
    Recv { socket: Socket, buf: BytesMut },
    Send { socket: Socket, parts: Vec<Bytes>, done: usize },
    SendFile { socket: Socket, file: File, at: u64, len: u64 },
}

impl SocketOp {
    /// The socket operation in `op`, or `op` back.
    pub(super) fn from_op(op: Op) -> Result<Self, Op> {
        Ok(match op {
            Op::Accept { listener } => {
                // A connection that is gone again by the time we ask must not block us.
                listener.set_nonblocking();
                SocketOp::Accept { listener }
            }
            Op::Recv { socket, buf } => SocketOp::Recv { socket, buf },
            Op::Send { socket, parts } => SocketOp::Send { socket, parts, done: 0 },
            Op::SendFile { socket, file, at, len } => SocketOp::SendFile { socket, file, at, len },
            other => return Err(other),
        })
    }

    /// A task that must run before the next attempt, so that the attempt does not wait for a device.
    pub(super) fn needs_pages(&self) -> Option<Task> {
        let SocketOp::SendFile { file, at, len, .. } = self else { return None };
        let step = (*len).min(SENDFILE_STEP);
        if step == 0 || file.resident(*at, step) {
            return None;
        }
        let (file, at) = (file.clone(), *at);
        Some(Box::new(move |_| file.populate(at, step).map(|()| Done::Sent)))
    }

    /// One non-blocking step: `Some` when the operation is complete, `None` when it got further.
    pub(super) fn attempt(&mut self) -> io::Result<Option<Done>> {
        match self {
            SocketOp::Accept { listener } => {
                listener.accept().map(|(socket, peer)| Some(Done::Accepted(socket, peer)))
            }
            SocketOp::Recv { socket, buf } => {
                // The buffer itself is handed over by `Posix::end`, which takes the operation apart.
                sys::recv(socket.fd(), buf).map(|n| Some(Done::Received(BytesMut::new(), n)))
            }
            SocketOp::Send { socket, parts, done } => {
                *done += sys::send(socket.fd(), parts, *done)?;
                let total: usize = parts.iter().map(Bytes::len).sum();
                Ok((*done == total).then_some(Done::Sent))
            }
            SocketOp::SendFile { socket, file, at, len } => {
                let step = (*len).min(SENDFILE_STEP) as usize;
                match socket.send_file(file, *at, step)? {
                    0 if *len > 0 => Err(io::ErrorKind::UnexpectedEof.into()),
                    n => {
                        *at += n as u64;
                        *len -= n as u64;
                        Ok((*len == 0).then_some(Done::Sent))
                    }
                }
            }
        }
    }

    pub(super) fn fd(&self) -> RawFd {
        match self {
            SocketOp::Accept { listener } => listener.fd(),
            SocketOp::Recv { socket, .. }
            | SocketOp::Send { socket, .. }
            | SocketOp::SendFile { socket, .. } => socket.fd(),
        }
    }

    pub(super) fn interest(&self) -> Interest {
        let read = matches!(self, SocketOp::Accept { .. } | SocketOp::Recv { .. });
        Interest { read, write: !read }
    }
}

/// Which slots wait for a descriptor. epoll knows a descriptor once, so reading and writing are
/// watched together.
#[derive(Default)]
pub(super) struct Readiness {
    waiting: HashMap<RawFd, Vec<(usize, Interest)>>,
}

impl Readiness {
    /// Adds a waiter and returns everything the descriptor must now be watched for.
    pub(super) fn add(&mut self, fd: RawFd, slot: usize, interest: Interest) -> Interest {
        let waiters = self.waiting.entry(fd).or_default();
        waiters.push((slot, interest));
        waiters.iter().fold(Interest { read: false, write: false }, |all, (_, one)| Interest {
            read: all.read || one.read,
            write: all.write || one.write,
        })
    }

    /// Everybody who waited for the descriptor. Those that still cannot move will add themselves again.
    pub(super) fn take(&mut self, fd: RawFd) -> Vec<usize> {
        self.waiting.remove(&fd).unwrap_or_default().into_iter().map(|(slot, _)| slot).collect()
    }
}

impl Listener {
    fn accept(&self) -> io::Result<(Socket, std::net::SocketAddr)> {
        match &*self.0 {
            socket::ListenerKind::Os(listener) => {
                let (stream, peer) = listener.accept()?;
                socket::admitted(stream, peer)
            }
            socket::ListenerKind::Sim(_) => unreachable!("a simulated listener reached posix"),
        }
    }

    fn set_nonblocking(&self) {
        if let socket::ListenerKind::Os(listener) = &*self.0 {
            // An error would only mean that accept may block on a connection that vanished.
            drop(listener.set_nonblocking(true));
        }
    }
}
