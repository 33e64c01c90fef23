//! What the kernel holds while an operation is in flight, and the submission entry that points at it.
//!
//! A [`Flight`] owns its buffers and the vectors that point into them; both live on the heap, so the
//! slab may move the `Flight` itself while the kernel works.

use std::os::fd::RawFd;

use bytes::{Bytes, BytesMut};
use io_uring::{opcode, squeue, types};

use crate::buffer::AlignedBuf;
use crate::file::File;
use crate::socket::{Listener, Socket};
use crate::sys;

pub(super) enum Flight {
    Write {
        file: File,
        at: u64,
        bufs: Vec<Bytes>,
        durable: bool,
        done: usize,
        vecs: Box<[libc::iovec]>,
    },
    Read {
        file: File,
        at: u64,
        buf: AlignedBuf,
    },
    Sync {
        file: File,
    },
    Accept {
        listener: Listener,
    },
    Recv {
        socket: Socket,
        buf: BytesMut,
    },
    Send {
        socket: Socket,
        parts: Vec<Bytes>,
        done: usize,
        vecs: Box<[libc::iovec]>,
        msg: Box<libc::msghdr>,
    },
    /// Waits until the socket takes more, or (as a job) until the pages are resident.
    SendFile {
        socket: Socket,
        file: File,
        at: u64,
        len: u64,
    },
    Job,
}

impl Flight {
    pub(super) fn write(file: File, at: u64, bufs: Vec<Bytes>, durable: bool) -> Self {
        let vecs = sys::iovecs(&bufs, 0);
        Flight::Write { file, at, bufs, durable, done: 0, vecs }
    }

    pub(super) fn send(socket: Socket, parts: Vec<Bytes>) -> Self {
        let mut vecs = sys::iovecs(&parts, 0);
        let msg = message(&mut vecs);
        Flight::Send { socket, parts, done: 0, vecs, msg }
    }

    /// The entry that starts this operation, or continues it after a partial result.
    pub(super) fn entry(&mut self) -> squeue::Entry {
        match self {
            Flight::Write { file, at, bufs, durable, done, vecs } => {
                if *done > 0 {
                    *vecs = sys::iovecs(bufs, *done);
                }
                let flags = if *durable { libc::RWF_DSYNC } else { 0 };
                opcode::Writev::new(fd(file.fd()), vecs.as_ptr(), vecs.len() as u32)
                    .offset(*at + *done as u64)
                    .rw_flags(flags)
                    .build()
            }
            Flight::Read { file, at, buf } => {
                let len = buf.capacity() as u32;
                opcode::Read::new(fd(file.fd()), buf.as_mut_ptr(), len).offset(*at).build()
            }
            Flight::Sync { file } => {
                opcode::Fsync::new(fd(file.fd())).flags(types::FsyncFlags::DATASYNC).build()
            }
            Flight::Accept { listener } => {
                opcode::Accept::new(fd(listener.fd()), std::ptr::null_mut(), std::ptr::null_mut())
                    .flags(libc::SOCK_CLOEXEC)
                    .build()
            }
            Flight::Recv { socket, buf } => {
                let spare = buf.spare_capacity_mut();
                opcode::Recv::new(fd(socket.fd()), spare.as_mut_ptr().cast(), spare.len() as u32)
                    .build()
            }
            Flight::Send { socket, parts, done, vecs, msg } => {
                if *done > 0 {
                    *vecs = sys::iovecs(parts, *done);
                    *msg = message(vecs);
                }
                opcode::SendMsg::new(fd(socket.fd()), &**msg)
                    .flags((libc::MSG_NOSIGNAL | libc::MSG_WAITALL) as u32)
                    .build()
            }
            Flight::SendFile { socket, .. } => {
                opcode::PollAdd::new(fd(socket.fd()), libc::POLLOUT as u32).build()
            }
            Flight::Job => unreachable!("a job has no entry"),
        }
    }
}

fn fd(raw: RawFd) -> types::Fd {
    types::Fd(raw)
}

fn message(vecs: &mut [libc::iovec]) -> Box<libc::msghdr> {
    // SAFETY: all-zero bytes are a valid `msghdr`.
    let mut msg: Box<libc::msghdr> = Box::new(unsafe { std::mem::zeroed() });
    msg.msg_iov = vecs.as_mut_ptr();
    msg.msg_iovlen = vecs.len() as _;
    msg
}
