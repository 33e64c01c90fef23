//! What is appended and not yet handed to the disk, gathered into whole aligned blocks.
//!
//! Bytes are copied once, into a buffer that only the tail owns. When a part is taken for writing, its
//! buffers are frozen: the disk, the hot tail and sockets then share them and nobody can change them. A
//! block that was written while it was only partly filled is written again, whole, with the next part:
//! the new buffer starts with a copy of the bytes that were already there, so on the disk both versions
//! agree on every byte that may have been acknowledged.

use bytes::Bytes;
use headwater_io::buffer::{AlignedBuf, BLOCK, BufferPool};

use crate::model::Position;

/// The largest single buffer; longer parts are several buffers in one write.
const BUFFER_MAX: usize = 1 << 20;

/// The gathering end of one segment.
pub struct Tail {
    /// Consecutive; every buffer but the last is full.
    buffers: Vec<AlignedBuf>,
    /// File position of the first buffered byte: a block boundary.
    start: Position,
    /// Bytes at the start that an earlier part held already.
    repeated: usize,
    end: Position,
    /// Size of the part taken last, as a guess for the next one.
    recent_bytes: usize,
}

/// A part of the log on its way to the disk.
pub struct Part {
    /// Where it is written: a block boundary.
    pub at: Position,
    /// Whole blocks.
    pub blocks: Vec<Bytes>,
    /// The new bytes among them, without repetition and padding.
    pub fresh: Vec<Bytes>,
    /// File position of the first new byte.
    pub from: Position,
    /// File position after the last new byte.
    pub end: Position,
    /// Whether the last block is padded and will be written again.
    pub partial: bool,
}

/// No memory: the pool is at its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory;

impl Tail {
    /// A tail that goes on at `end`. `last_block` holds the bytes between the last block boundary and
    /// `end`, which the file has already.
    pub fn new(end: Position, last_block: &[u8], pool: &BufferPool) -> Result<Self, OutOfMemory> {
        assert_eq!(end.0 % BLOCK as u64, last_block.len() as u64, "bytes of the last block");
        let start = Position(end.0 - last_block.len() as u64);
        let mut tail =
            Tail { buffers: Vec::new(), start, repeated: last_block.len(), end, recent_bytes: 0 };
        if !last_block.is_empty() {
            tail.grow(BLOCK, pool)?;
            tail.put(last_block);
        }
        Ok(tail)
    }

    /// File position after the last appended byte.
    pub fn end(&self) -> Position {
        self.end
    }

    /// File position after the last byte that was taken.
    pub fn taken(&self) -> Position {
        Position(self.start.0 + self.repeated as u64)
    }

    /// Appended and not taken, in bytes.
    pub fn pending_bytes(&self) -> usize {
        (self.end.0 - self.taken().0) as usize
    }

    /// Pending bytes up to the last block boundary: what can be written without padding.
    pub fn whole_bytes(&self) -> usize {
        let whole_end = self.end.0 / BLOCK as u64 * BLOCK as u64;
        whole_end.saturating_sub(self.taken().0) as usize
    }

    /// Size of the part taken last, in bytes.
    pub fn recent_bytes(&self) -> usize {
        self.recent_bytes
    }

    /// Makes sure that `bytes` more can be put without asking for memory.
    pub fn reserve(&mut self, bytes: usize, pool: &BufferPool) -> Result<(), OutOfMemory> {
        let spare = self.buffers.last().map_or(0, AlignedBuf::spare);
        let mut missing = bytes.saturating_sub(spare);
        // A first buffer as large as the last part saves a second one for most parts.
        let mut least = if self.buffers.is_empty() { self.recent_bytes } else { 0 };
        while missing > 0 {
            let size = missing.max(least).min(BUFFER_MAX);
            missing -= self.grow(size, pool)?.min(missing);
            least = 0;
        }
        Ok(())
    }

    fn grow(&mut self, bytes: usize, pool: &BufferPool) -> Result<usize, OutOfMemory> {
        let buffer = pool.take(bytes).ok_or(OutOfMemory)?;
        let capacity = buffer.capacity();
        self.buffers.push(buffer);
        Ok(capacity)
    }

    /// Appends bytes for which [`Tail::reserve`] made room.
    pub fn append(&mut self, bytes: &[u8]) {
        self.put(bytes);
        self.end.0 += bytes.len() as u64;
    }

    fn put(&mut self, mut bytes: &[u8]) {
        let first = self.buffers.iter().position(|b| b.spare() > 0).unwrap_or(0);
        for buffer in &mut self.buffers[first..] {
            let n = buffer.extend_from(bytes);
            bytes = &bytes[n..];
        }
        assert!(bytes.is_empty(), "append without reserve: {} bytes left", bytes.len());
    }

    /// Takes everything pending, the last block padded with zeros.
    pub fn take_all(&mut self, pool: &BufferPool) -> Result<Part, OutOfMemory> {
        self.take(self.end, pool)
    }

    /// Takes whole blocks only: about `most` bytes, cut between two buffers where there are several, so
    /// that what stays behind need not be copied.
    ///
    /// # Panics
    /// When there is no whole block.
    pub fn take_whole(&mut self, most: usize, pool: &BufferPool) -> Result<Part, OutOfMemory> {
        let mut full_bytes = 0;
        for buffer in &self.buffers {
            let fits = full_bytes == 0 || full_bytes + buffer.len() <= most;
            if buffer.spare() > 0 || !fits {
                break;
            }
            full_bytes += buffer.len();
        }
        if full_bytes == 0 {
            full_bytes = self.buffers[0].len() / BLOCK * BLOCK;
        }
        self.take(Position(self.start.0 + full_bytes as u64), pool)
    }

    /// Takes whole blocks that end at or before `upto`: full buffers, or, when `exact` asks for all there
    /// is, also a part of one. `None` when that is nothing yet.
    pub fn take_settled(
        &mut self,
        upto: Position,
        exact: bool,
        pool: &BufferPool,
    ) -> Result<Option<Part>, OutOfMemory> {
        let mut end = self.start;
        for buffer in self.buffers.iter().take_while(|buffer| buffer.spare() == 0) {
            let next = Position(end.0 + buffer.len() as u64);
            if next > upto {
                break;
            }
            end = next;
        }
        if end == self.start && exact {
            end = Position(upto.0.min(self.end.0) / BLOCK as u64 * BLOCK as u64);
        }
        (end > self.taken()).then(|| self.take(end, pool)).transpose()
    }

    /// Takes everything before `upto`, the last block padded with zeros; what lies behind stays.
    pub fn take_padded(&mut self, upto: Position, pool: &BufferPool) -> Result<Part, OutOfMemory> {
        self.take(upto, pool)
    }

    /// The bytes between two positions that have not been taken, as they lie.
    ///
    /// # Panics
    /// When they reach outside of what is here.
    pub fn slices(&self, from: Position, to: Position) -> Vec<&[u8]> {
        assert!(self.start <= from && from <= to && to <= self.end, "{from} to {to} is not here");
        let (mut slices, mut at) = (Vec::new(), self.start.0);
        for buffer in &self.buffers {
            let next = at + buffer.len() as u64;
            let (first, last) = (from.0.max(at), to.0.min(next));
            if first < last {
                slices.push(&buffer[(first - at) as usize..(last - at) as usize]);
            }
            at = next;
        }
        slices
    }

    fn take(&mut self, end: Position, pool: &BufferPool) -> Result<Part, OutOfMemory> {
        let from = self.taken();
        assert!(from < end && end <= self.end, "nothing to take from {from} to {end}");
        let mut left = (end.0 - self.start.0) as usize;
        let whole = self.buffers.iter().take_while(|b| {
            let taken = b.len() <= left;
            left -= if taken { b.len() } else { 0 };
            taken && !b.is_empty()
        });
        let mut taken_buffers = whole.count();
        let last_bytes = if left > 0 { left } else { self.buffers[taken_buffers - 1].len() };
        taken_buffers += usize::from(left > 0);
        // The bytes from the last block boundary on are needed again, in memory that may still grow.
        let again = &self.buffers[taken_buffers - 1][last_bytes / BLOCK * BLOCK..];
        let behind = &self.buffers[taken_buffers..];
        let kept = if again.is_empty() {
            self.buffers.split_off(taken_buffers)
        } else if behind.iter().all(|buffer| buffer.is_empty()) {
            copy(again, pool)?.into_iter().collect()
        } else {
            repack(std::iter::once(again).chain(behind.iter().map(|b| &b[..])), pool)?
        };
        self.buffers.truncate(taken_buffers);
        let taken = std::mem::replace(&mut self.buffers, kept);
        let part = self.freeze(taken, last_bytes, end);
        self.recent_bytes = (end.0 - from.0) as usize;
        self.start = Position(end.0 / BLOCK as u64 * BLOCK as u64);
        self.repeated = (end.0 - self.start.0) as usize;
        Ok(part)
    }

    fn freeze(&self, mut buffers: Vec<AlignedBuf>, last_bytes: usize, end: Position) -> Part {
        let last = buffers.last_mut().expect("at least one buffer is taken");
        last.set_len(last_bytes);
        let mut skip = self.repeated;
        let (mut blocks, mut fresh) = (Vec::new(), Vec::new());
        for mut buffer in buffers {
            let used = buffer.len();
            buffer.pad_to_block();
            let frozen = buffer.freeze();
            fresh.push(frozen.slice(skip..used));
            blocks.push(frozen);
            skip = 0;
        }
        let partial = !end.0.is_multiple_of(BLOCK as u64);
        Part { at: self.start, blocks, fresh, from: self.taken(), end, partial }
    }
}

/// Copies what lies behind a cut inside a buffer, so that again every buffer but the last is full.
fn repack<'a>(
    slices: impl Iterator<Item = &'a [u8]>,
    pool: &BufferPool,
) -> Result<Vec<AlignedBuf>, OutOfMemory> {
    let bytes: Vec<u8> = slices.flatten().copied().collect();
    let chunks = bytes.chunks(BUFFER_MAX);
    chunks.map(|chunk| Ok(copy(chunk, pool)?.expect("a chunk is not empty"))).collect()
}

fn copy(bytes: &[u8], pool: &BufferPool) -> Result<Option<AlignedBuf>, OutOfMemory> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let mut buffer = match pool.take(bytes.len()) {
        Some(buffer) => buffer,
        // What frees memory must not fail for want of a block of it.
        None if bytes.len() <= BLOCK => AlignedBuf::unpooled(BLOCK),
        None => return Err(OutOfMemory),
    };
    buffer.extend_from(bytes);
    Ok(Some(buffer))
}

#[cfg(test)]
#[path = "tail_tests.rs"]
mod tests;
