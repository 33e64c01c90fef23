//! What a connection has to send: pieces of memory and ranges of files, in order.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use headwater_io::op::Op;
use headwater_io::socket::Socket;

use crate::log::read::Piece;

/// Sent in one operation at most, in parts.
const PIECES_MAX: usize = 256;
/// Sent in one operation at most, in bytes.
const SEND_BYTES_MAX: usize = 2 << 20;
/// Parts smaller than this are copied together: a copy is cheaper than one more vector.
const SMALL_PIECE: usize = 1 << 10;

/// The queue of one connection.
#[derive(Default)]
pub struct Outgoing {
    parts: VecDeque<Piece>,
    bytes: u64,
}

impl Outgoing {
    /// Adds an answer.
    pub fn push(&mut self, parts: Vec<Piece>) {
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            self.bytes += part.len();
            self.parts.push_back(part);
        }
    }

    /// Bytes that wait.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next operation, if anything waits.
    pub fn next(&mut self, socket: &Socket) -> Option<Op> {
        let first = self.parts.pop_front()?;
        self.bytes -= first.len();
        let socket = socket.clone();
        match first {
            Piece::File { file, at, len } => Some(Op::SendFile { socket, file, at, len }),
            Piece::Memory(bytes) => Some(Op::Send { socket, parts: self.gather(bytes) }),
        }
    }

    /// `first` and all memory that follows it, up to the limits.
    fn gather(&mut self, first: Bytes) -> Vec<Bytes> {
        let mut gathered = Vec::with_capacity(4);
        let mut small = BytesMut::new();
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(part) = next {
            bytes += part.len();
            if part.len() < SMALL_PIECE {
                small.extend_from_slice(&part);
            } else {
                flush(&mut small, &mut gathered);
                gathered.push(part);
            }
            next = None;
            if gathered.len() < PIECES_MAX && bytes < SEND_BYTES_MAX {
                next = self.next_memory();
            }
        }
        flush(&mut small, &mut gathered);
        gathered
    }

    /// The next piece, if it is memory.
    fn next_memory(&mut self) -> Option<Bytes> {
        match self.parts.pop_front()? {
            Piece::Memory(bytes) => {
                self.bytes -= bytes.len() as u64;
                Some(bytes)
            }
            file => {
                self.parts.push_front(file);
                None
            }
        }
    }
}

fn flush(small: &mut BytesMut, gathered: &mut Vec<Bytes>) {
    if !small.is_empty() {
        gathered.push(small.split().freeze());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_io::sim::World;

    #[test]
    fn memory_goes_together_and_in_order() {
        let world = World::new(1);
        let addr = "127.0.0.1:1".parse().unwrap();
        let _listener = world.net().listen(addr);
        let socket = world.net().connect(addr).unwrap();
        let mut outgoing = Outgoing::default();
        let big = Bytes::from(vec![2; 5000]);
        outgoing.push(vec![
            Piece::Memory(Bytes::from_static(b"a")),
            Piece::Memory(Bytes::new()),
            Piece::Memory(Bytes::from_static(b"bc")),
            Piece::Memory(big.clone()),
        ]);
        outgoing.push(vec![Piece::Memory(Bytes::from_static(b"d"))]);
        assert_eq!(outgoing.bytes(), 5004);
        let Some(Op::Send { parts, .. }) = outgoing.next(&socket) else {
            panic!("nothing to send")
        };
        assert_eq!(parts, [Bytes::from_static(b"abc"), big, Bytes::from_static(b"d")]);
        assert_eq!(outgoing.bytes(), 0);
        assert!(outgoing.next(&socket).is_none());
    }
}
