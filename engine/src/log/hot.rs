//! The newest bytes of a log, kept in the very buffers they were written from, so that consumers at
//! the tail never touch the disk. (A direct write drops the page from the page cache: reading the tail
//! from the file would be a device read each time.)

use std::collections::VecDeque;

use bytes::Bytes;

use crate::model::LogByte;

/// A contiguous run of a log's bytes, oldest first.
#[derive(Default)]
pub struct Hot {
    pieces: VecDeque<Piece>,
    held_bytes: usize,
}

struct Piece {
    from: LogByte,
    bytes: Bytes,
}

impl Hot {
    /// Adds what follows the last piece.
    pub fn push(&mut self, from: LogByte, bytes: Bytes) {
        if bytes.is_empty() {
            return;
        }
        assert!(self.pieces.back().is_none_or(|last| last.end() == from), "a gap in the hot bytes");
        self.held_bytes += bytes.len();
        self.pieces.push_back(Piece { from, bytes });
    }

    /// The first byte held, if any.
    pub fn start(&self) -> Option<LogByte> {
        self.pieces.front().map(|piece| piece.from)
    }

    /// Bytes held.
    pub fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// The bytes of a range that is held completely.
    pub fn slice(&self, from: LogByte, to: LogByte) -> Vec<Bytes> {
        let first = self.pieces.partition_point(|piece| piece.end() <= from);
        let mut slices = Vec::new();
        for piece in self.pieces.iter().skip(first).take_while(|piece| piece.from < to) {
            let start = from.0.saturating_sub(piece.from.0) as usize;
            let end = (to.0 - piece.from.0).min(piece.bytes.len() as u64) as usize;
            slices.push(piece.bytes.slice(start..end));
        }
        slices
    }

    /// Lets go of everything before this byte, which is where a piece begins: it says nothing any more.
    pub fn forget_before(&mut self, byte: LogByte) {
        while self.evict(byte) > 0 {}
    }

    /// Lets go of the oldest piece if it ends at or before `written`; the bytes it held.
    pub fn evict(&mut self, written: LogByte) -> usize {
        match self.pieces.front() {
            Some(piece) if piece.end() <= written => {
                let piece = self.pieces.pop_front().expect("just seen");
                self.held_bytes -= piece.bytes.len();
                piece.bytes.len()
            }
            _ => 0,
        }
    }
}

impl Piece {
    fn end(&self) -> LogByte {
        LogByte(self.from.0 + self.bytes.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_cross_pieces_and_eviction_stops_at_written() {
        let mut hot = Hot::default();
        hot.push(LogByte(10), Bytes::from_static(b"abcd"));
        hot.push(LogByte(14), Bytes::from_static(b"ef"));
        hot.push(LogByte(16), Bytes::from_static(b"ghi"));
        assert_eq!(hot.slice(LogByte(12), LogByte(18)).concat(), b"cdefgh");
        assert_eq!(hot.slice(LogByte(14), LogByte(16)).concat(), b"ef");
        assert_eq!(hot.evict(LogByte(13)), 0);
        assert_eq!(hot.evict(LogByte(16)), 4);
        assert_eq!(hot.evict(LogByte(16)), 2);
        assert_eq!(hot.evict(LogByte(16)), 0);
        assert_eq!((hot.start(), hot.held_bytes()), (Some(LogByte(16)), 3));
    }
}
