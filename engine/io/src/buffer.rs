//! Block-aligned memory for direct I/O: taken from a pool, filled by one owner, then frozen into
//! shared immutable [`Bytes`] that the disk, the hot tail and sockets may all hold at once.
//!
//! Memory goes back to its pool when the last holder lets go, on whatever thread that happens.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use crate::memory::Memory;

/// Alignment of every buffer and unit of every direct write. Devices ask for 512 or 4096; 4096 suits
/// both and is the page size.
pub const BLOCK: usize = 4096;

const CLASS_SMALLEST: usize = BLOCK;
const CLASS_LARGEST: usize = 4 << 20;
const CLASSES: usize = (CLASS_LARGEST / CLASS_SMALLEST).trailing_zeros() as usize + 1;

/// A uniquely owned, block-aligned buffer with a length that grows up to its capacity.
pub struct AlignedBuf {
    memory: Memory,
    len: usize,
    pool: Option<BufferPool>,
}

impl AlignedBuf {
    /// A buffer outside any pool; `capacity` is rounded up to whole blocks.
    pub fn unpooled(capacity: usize) -> Self {
        AlignedBuf { memory: Memory::zeroed(round_up(capacity.max(1))), len: 0, pool: None }
    }

    /// Bytes it can hold.
    pub fn capacity(&self) -> usize {
        self.memory.size()
    }

    /// Bytes that still fit.
    pub fn spare(&self) -> usize {
        self.capacity() - self.len
    }

    /// Appends as much of `bytes` as fits and returns how many bytes that was.
    pub fn extend_from(&mut self, bytes: &[u8]) -> usize {
        let n = bytes.len().min(self.spare());
        let at = self.len;
        self.memory.as_mut_slice()[at..at + n].copy_from_slice(&bytes[..n]);
        self.len += n;
        n
    }

    /// Sets the length; bytes that become part of the buffer hold whatever they held before.
    ///
    /// # Panics
    /// When `len` is more than the capacity.
    pub fn set_len(&mut self, len: usize) {
        assert!(len <= self.capacity(), "{len} > capacity {}", self.capacity());
        self.len = len;
    }

    /// Appends zeros up to the next block boundary, so that the whole buffer may be written direct.
    pub fn pad_to_block(&mut self) {
        let end = round_up(self.len);
        let at = self.len;
        self.memory.as_mut_slice()[at..end].fill(0);
        self.len = end;
    }

    /// Gives up the right to change the bytes and makes them shareable without copying.
    pub fn freeze(self) -> Bytes {
        Bytes::from_owner(self)
    }

    pub(crate) fn as_mut_ptr(&mut self) -> *mut u8 {
        self.memory.as_mut_ptr()
    }
}

impl Deref for AlignedBuf {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.memory.as_slice()[..self.len]
    }
}

impl DerefMut for AlignedBuf {
    fn deref_mut(&mut self) -> &mut [u8] {
        let len = self.len;
        &mut self.memory.as_mut_slice()[..len]
    }
}

impl AsRef<[u8]> for AlignedBuf {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Drop for AlignedBuf {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.take() {
            pool.put_back(std::mem::replace(&mut self.memory, Memory::none()));
        }
    }
}

/// Rounds up to a whole number of blocks.
pub const fn round_up(n: usize) -> usize {
    n.div_ceil(BLOCK) * BLOCK
}

/// Buffers in sizes of powers of two, reused, and never more of them than a limit.
///
/// The lock is held for a push or a pop; on a shard it is practically never contended (other shards
/// touch it only when they drop the last reference to a slice they were sending).
#[derive(Clone)]
pub struct BufferPool(Arc<Mutex<Shelves>>);

struct Shelves {
    free: [Vec<Memory>; CLASSES],
    free_bytes: usize,
    in_use_bytes: usize,
    limit_bytes: usize,
    keep_bytes: usize,
}

/// How much memory a pool holds, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolUsage {
    /// Held by buffers that somebody owns.
    pub in_use_bytes: usize,
    /// Kept for reuse.
    pub free_bytes: usize,
}

impl BufferPool {
    /// A pool that lends at most `limit_bytes` and keeps at most `keep_bytes` of what comes back.
    pub fn new(limit_bytes: usize, keep_bytes: usize) -> Self {
        BufferPool(Arc::new(Mutex::new(Shelves {
            free: std::array::from_fn(|_| Vec::new()),
            free_bytes: 0,
            in_use_bytes: 0,
            limit_bytes,
            keep_bytes,
        })))
    }

    /// A buffer of at least `capacity` bytes, or `None` when that would pass the limit.
    ///
    /// More than 4 MiB is given as exactly as many blocks as asked for and not kept for reuse.
    pub fn take(&self, capacity: usize) -> Option<AlignedBuf> {
        let mut shelves = self.0.lock().expect("pool lock");
        let size = class_size(capacity);
        if shelves.in_use_bytes + size > shelves.limit_bytes {
            return None;
        }
        shelves.in_use_bytes += size;
        let memory = shelves.obtain(size);
        drop(shelves);
        Some(AlignedBuf { memory, len: 0, pool: Some(self.clone()) })
    }

    /// What is lent and what is kept.
    pub fn usage(&self) -> PoolUsage {
        let shelves = self.0.lock().expect("pool lock");
        PoolUsage { in_use_bytes: shelves.in_use_bytes, free_bytes: shelves.free_bytes }
    }

    /// Whether little is left to lend: a reason to take in no more work.
    pub fn is_short(&self) -> bool {
        let shelves = self.0.lock().expect("pool lock");
        shelves.in_use_bytes + CLASS_LARGEST > shelves.limit_bytes
    }

    fn put_back(&self, memory: Memory) {
        let size = memory.size();
        let mut shelves = self.0.lock().expect("pool lock");
        shelves.in_use_bytes -= size;
        match class_index(size) {
            Some(class) if shelves.free_bytes + size <= shelves.keep_bytes => {
                shelves.free_bytes += size;
                shelves.free[class].push(memory);
            }
            _ => {
                drop(shelves);
                drop(memory);
            }
        }
    }
}

impl Shelves {
    /// Memory of a class's size: reused, or new with its neighbours put on the shelf.
    fn obtain(&mut self, size: usize) -> Memory {
        let Some(class) = class_index(size) else { return Memory::zeroed(size) };
        if self.free[class].is_empty() {
            self.make_space(class);
            let pieces = Memory::carved(size);
            self.free_bytes += pieces.iter().map(Memory::size).sum::<usize>();
            self.free[class].extend(pieces);
        }
        self.free_bytes -= size;
        self.free[class].pop().expect("just filled")
    }

    /// Lets go of what lies on other shelves while all memory together would pass the limit.
    fn make_space(&mut self, wanted: usize) {
        for class in (0..CLASSES).rev().filter(|class| *class != wanted) {
            while self.in_use_bytes + self.free_bytes > self.limit_bytes {
                let Some(memory) = self.free[class].pop() else { break };
                self.free_bytes -= memory.size();
            }
        }
    }
}

fn class_size(capacity: usize) -> usize {
    if capacity > CLASS_LARGEST {
        return round_up(capacity);
    }
    capacity.max(CLASS_SMALLEST).next_power_of_two()
}

fn class_index(size: usize) -> Option<usize> {
    (size <= CLASS_LARGEST && size.is_power_of_two())
        .then(|| (size / CLASS_SMALLEST).trailing_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_returns_to_the_pool_when_the_last_slice_goes() {
        let pool = BufferPool::new(1 << 20, 1 << 20);
        let mut buf = pool.take(5000).unwrap();
        assert_eq!(buf.capacity(), 8192);
        assert_eq!(buf.as_mut_ptr() as usize % BLOCK, 0);
        buf.extend_from(b"hello");
        let frozen = buf.freeze();
        let slice = frozen.slice(1..3);
        drop(frozen);
        assert_eq!(pool.usage(), PoolUsage { in_use_bytes: 8192, free_bytes: 0 });
        assert_eq!(&slice[..], b"el");
        drop(slice);
        assert_eq!(pool.usage(), PoolUsage { in_use_bytes: 0, free_bytes: 8192 });
    }

    #[test]
    fn the_limit_is_a_limit() {
        let pool = BufferPool::new(3 * BLOCK, 0);
        let one = pool.take(BLOCK).unwrap();
        assert!(pool.take(4 * BLOCK).is_none());
        let two = pool.take(2 * BLOCK).unwrap();
        assert!(pool.take(1).is_none());
        drop((one, two));
        assert_eq!(pool.usage().in_use_bytes, 0);
        assert!(pool.take(1).is_some());
    }

    #[test]
    fn padding_fills_with_zeros_even_in_reused_memory() {
        let pool = BufferPool::new(1 << 20, 1 << 20);
        let mut dirty = pool.take(BLOCK).unwrap();
        dirty.extend_from(&[0xff; BLOCK]);
        drop(dirty);
        let mut buf = pool.take(BLOCK).unwrap();
        buf.extend_from(b"x");
        buf.pad_to_block();
        assert_eq!(buf.len(), BLOCK);
        assert!(buf[1..].iter().all(|&b| b == 0));
    }
}
