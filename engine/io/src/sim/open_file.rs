//! An open file of a simulated disk: what a program does with a descriptor.

use std::io;

use super::disk::{Inode, SimDisk};

/// An open simulated file.
pub(crate) struct SimFile {
    disk: SimDisk,
    inode: Inode,
}

impl SimFile {
    pub(super) fn new(disk: SimDisk, inode: Inode) -> Self {
        SimFile { disk, inode }
    }

    /// One more descriptor of the same file, if there is one left.
    pub(crate) fn reopen(&self) -> io::Result<SimFile> {
        self.disk.state().takes_descriptor()?;
        Ok(SimFile::new(self.disk.clone(), self.inode))
    }

    pub(crate) fn len(&self) -> io::Result<u64> {
        let state = self.disk.state();
        state.answers()?;
        Ok(state.files[&self.inode].seen.len() as u64)
    }

    pub(crate) fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        let state = self.disk.state();
        state.answers()?;
        let seen = &state.files[&self.inode].seen;
        let from = seen.len().min(at as usize);
        let n = buf.len().min(seen.len() - from);
        buf[..n].copy_from_slice(&seen[from..from + n]);
        Ok(n)
    }

    pub(crate) fn write_at(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let write = self.begin_write(at, bytes.to_vec());
        self.end_write(write, false)
    }

    /// A write that is on its way: until it ends, a power cut may apply any of its sectors.
    pub(crate) fn begin_write(&self, at: u64, bytes: Vec<u8>) -> u64 {
        let mut state = self.disk.state();
        state.next_write += 1;
        let id = state.next_write;
        state.in_flight.insert(id, (self.inode, at, bytes));
        id
    }

    /// The write reaches the disk's cache, and with `durable` its platter.
    pub(crate) fn end_write(&self, id: u64, durable: bool) -> io::Result<()> {
        let mut state = self.disk.state();
        // Silent in the middle of it: it stays on its way, for the power cut to tear.
        state.count()?;
        let Some((inode, at, bytes)) = state.in_flight.remove(&id) else {
            return Err(io::Error::other("the power was cut"));
        };
        state.finish_write(inode, at, &bytes, durable)
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        match state.count_sync() {
            Ok(()) => state.file(self.inode).sync(),
            Err(error) => {
                if !state.is_silent() {
                    state.file(self.inode).forget();
                }
                return Err(error);
            }
        }
        Ok(())
    }

    pub(crate) fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.count()?;
        state.grow(self.inode, len)?;
        state.file(self.inode).cut(len as usize);
        Ok(())
    }

    pub(crate) fn allocate(&self, len: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.count()?;
        state.grow(self.inode, len)
    }
}
