//! Raw block-aligned memory, always initialised, for the buffers of [`crate::buffer`].
//!
//! Pieces of 64 KiB and more are carved out of chunks that the kernel maps and clears as they are touched;
//! the allocator would clear them a second time. Huge pages were tried and are not asked for: filling
//! one makes the kernel compact memory while the shard waits (`engine/docs/notes/`, where memory goes).

use std::alloc::{self, Layout};
use std::ptr::NonNull;
use std::sync::Arc;

use crate::buffer::BLOCK;
use crate::sys;

/// Size of a chunk of smaller pieces.
const CHUNK: usize = 2 << 20;
/// Pieces from this size on come from chunks.
const CARVED_MIN: usize = 64 << 10;

/// A run of bytes with one owner.
pub(crate) struct Memory {
    start: NonNull<u8>,
    size: usize,
    home: Home,
}

/// Where memory goes when it is let go of.
enum Home {
    Nowhere,
    Allocator(Layout),
    Chunk(#[expect(dead_code, reason = "held, so that the chunk stays mapped")] Arc<Chunk>),
}

// SAFETY: `Memory` alone may touch its bytes: pieces of one chunk do not overlap. So it may move between
// threads.
unsafe impl Send for Memory {}
// SAFETY: shared access only reads; writing needs `&mut`.
unsafe impl Sync for Memory {}

impl Memory {
    /// Memory of its own; `size` is a whole number of blocks.
    pub(crate) fn zeroed(size: usize) -> Self {
        debug_assert!(size > 0 && size.is_multiple_of(BLOCK));
        let layout = Layout::from_size_align(size, BLOCK).expect("size fits a layout");
        // SAFETY: the layout has a non-zero size.
        let start = unsafe { alloc::alloc_zeroed(layout) };
        let start = NonNull::new(start).unwrap_or_else(|| alloc::handle_alloc_error(layout));
        Memory { start, size, home: Home::Allocator(layout) }
    }

    /// Pieces of `size` bytes (a power of two), as many as fit into a chunk; one if it is small or larger
    /// than that.
    pub(crate) fn carved(size: usize) -> Vec<Self> {
        if size < CARVED_MIN {
            return vec![Memory::zeroed(size)];
        }
        let Some(chunk) = Chunk::map(size.max(CHUNK)) else { return vec![Memory::zeroed(size)] };
        let chunk = Arc::new(chunk);
        let piece = |at| {
            // SAFETY: `at + size` is at most the chunk's size, so the result lies inside the mapping.
            let start = unsafe { chunk.start.add(at) };
            Memory { start, size, home: Home::Chunk(Arc::clone(&chunk)) }
        };
        (0..chunk.size).step_by(size).map(piece).collect()
    }

    /// What is left behind when memory returns to its pool; owns nothing.
    pub(crate) fn none() -> Self {
        Memory { start: NonNull::dangling(), size: 0, home: Home::Nowhere }
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    pub(crate) fn as_mut_ptr(&mut self) -> *mut u8 {
        self.start.as_ptr()
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        // SAFETY: `start` points to `size` initialised bytes that live as long as `self`; no other `Memory`
        // covers them.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.size) }
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: as above, and `&mut self` makes the access exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.size) }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if let Home::Allocator(layout) = self.home {
            // SAFETY: allocated in `zeroed` with this very layout and not freed before.
            unsafe { alloc::dealloc(self.start.as_ptr(), layout) }
        }
    }
}

/// A mapping that pieces are carved from.
struct Chunk {
    start: NonNull<u8>,
    size: usize,
}

// SAFETY: a chunk only says where memory is; the pieces guard access to it.
unsafe impl Send for Chunk {}
// SAFETY: as above.
unsafe impl Sync for Chunk {}

impl Chunk {
    /// `size` is a whole number of pages. `None` when the system has no memory.
    fn map(size: usize) -> Option<Self> {
        sys::map(size).map(|start| Chunk { start, size })
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        sys::unmap(self.start, self.size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_a_chunk_are_apart_and_outlive_each_other() {
        let mut pieces = Memory::carved(CARVED_MIN);
        assert_eq!(pieces.len(), CHUNK / CARVED_MIN);
        for (n, piece) in pieces.iter_mut().enumerate() {
            assert_eq!(piece.as_mut_ptr() as usize % BLOCK, 0);
            assert!(piece.as_slice().iter().all(|&byte| byte == 0));
            piece.as_mut_slice().fill(n as u8);
        }
        let last = pieces.pop().unwrap();
        drop(pieces);
        assert!(last.as_slice().iter().all(|&byte| byte == (CHUNK / CARVED_MIN - 1) as u8));
        assert_eq!(Memory::carved(4096).len(), 1);
        assert_eq!(Memory::carved(4 << 20).len(), 1);
    }
}
