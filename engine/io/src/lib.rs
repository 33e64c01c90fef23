//! The seam at the bottom of Headwater: operations in, completions out, and the time.
//!
//! Everything above submits an [`Op`](op::Op) to a [`Driver`](driver::Driver) and later reaps a
//! [`Completion`](op::Completion); three backends stand behind the same types and nothing generic leaves
//! this crate:
//!
//! * `uring`: one io_uring per thread, one `io_uring_enter` a tick, a short spin before it sleeps;
//! * `posix`: epoll and a few I/O threads, for places where io_uring is forbidden;
//! * `sim`: a disk with a volatile cache, sockets and a clock in memory, all decided by one seed.
//!
//! This is the only crate of the workspace that contains `unsafe`; every block says why it is sound.
//! It must not know what a record, a segment or a request is.
#![warn(missing_docs)]

pub mod buffer;
pub mod clock;
pub mod cpu;
pub mod driver;
pub mod file;
pub mod jobs;
pub mod mailbox;
pub mod op;
pub mod probe;
pub mod sim;
pub mod socket;

mod later;
mod memory;
mod posix;
mod sys;
mod uring;
