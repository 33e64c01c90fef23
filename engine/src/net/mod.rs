//! Sockets to frames and back: accepting, receiving, answers in the order of the questions, and the
//! limits that keep one client from taking everything.
//!
//! Must not know what a frame means.

pub mod connection;
pub mod limits;
pub mod outgoing;
