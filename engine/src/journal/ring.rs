//! The ring of journal files: where the next frame goes, and which files are free again.
//!
//! Pure state. The shard writes headers and frames where it is told to, and says when a checkpoint has
//! made old frames useless. Frames never straddle files; a file is used again as a whole.

use headwater_io::buffer::BLOCK;

pub use super::header::{FileHeader, HeaderFault, decode_file_header, file_header};

const HEADER_BYTES: u64 = BLOCK as u64;

/// Where a frame is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: usize,
    /// The byte.
    pub at: u64,
    /// The epoch of this use of the file; the frame must carry it.
    pub epoch: u32,
}

/// All files of one shard's journal.
#[derive(Clone, Debug)]
pub struct Ring {
    file_bytes: u64,
    next_epoch: u32,
    files: Vec<State>,
    last_seq: u64,
}

/// One file; moves down this list and from its end to its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing in it is needed.
    Free,
    /// Its header is on the way to the disk.
    Preparing { epoch: u32 },
    /// Its header is durable; no frame yet.
    Prepared { epoch: u32 },
    /// Frames are added; those before `live_from` are not needed.
    Current { epoch: u32, live_from: u64, end: u64, last_seq: u64 },
    /// The next frame did not fit.
    Full { epoch: u32, last_seq: u64 },
}

impl State {
    fn epoch(self) -> Option<u32> {
        match self {
            State::Free => None,
            State::Preparing { epoch }
            | State::Prepared { epoch }
            | State::Current { epoch, .. }
            | State::Full { epoch, .. } => Some(epoch),
        }
    }
}

impl Ring {
    /// A ring none of whose files is needed; the first use has epoch `next_epoch`.
    ///
    /// # Panics
    /// With fewer than two files, or files that are not whole blocks with room for a frame.
    pub fn new(files: usize, file_bytes: u64, next_epoch: u32) -> Self {
        assert!(files >= 2, "while one file is retired another takes the frames");
        assert!(file_bytes.is_multiple_of(HEADER_BYTES) && file_bytes >= 2 * HEADER_BYTES);
        Ring { file_bytes, next_epoch, files: vec![State::Free; files], last_seq: 0 }
    }

    /// Room for a frame of so many bytes. `None`: no prepared file has it, and nothing changed.
    ///
    /// # Panics
    /// When the frame is not whole blocks, does not fit in any file, or commits are out of order.
    pub fn place(&mut self, frame_bytes: u64, seq: u64) -> Option<Place> {
        assert!(frame_bytes > 0 && frame_bytes.is_multiple_of(HEADER_BYTES), "whole blocks");
        assert!(frame_bytes <= self.frame_bytes_max(), "a frame fits in a file");
        assert!(seq > self.last_seq, "commit {seq} after {}", self.last_seq);
        let place = match self.current() {
            Some(file) if self.room_in(file) >= frame_bytes => self.add(file, frame_bytes, seq),
            _ => {
                let next = self.prepared_file()?;
                self.move_on(next);
                self.add(next, frame_bytes, seq)
            }
        };
        self.last_seq = seq;
        Some(place)
    }

    /// A free file that should get its header with this epoch, ahead of need. At most one at a time.
    pub fn wants_prepared(&self) -> Option<(usize, u32)> {
        let ahead = |s: &State| matches!(s, State::Preparing { .. } | State::Prepared { .. });
        if self.files.iter().any(ahead) {
            return None;
        }
        let after = self.current().map_or(0, |file| file + 1);
        let n = self.files.len();
        let in_turn = (after..after + n).map(|file| file % n);
        let free = in_turn.into_iter().find(|&file| self.files[file] == State::Free)?;
        Some((free, self.next_epoch))
    }

    /// The header of `file` is being written, with the epoch that [`Ring::wants_prepared`] gave.
    pub fn preparing(&mut self, file: usize) {
        let epoch = self.next_epoch;
        self.next_epoch = epoch.checked_add(1).expect("2^32 uses of files take centuries");
        self.step(file, State::Preparing { epoch });
    }

    /// The header of `file` is durable.
    pub fn prepared(&mut self, file: usize) {
        let State::Preparing { epoch } = self.files[file] else {
            panic!("file {file} was {:?}, not being prepared", self.files[file]);
        };
        self.step(file, State::Prepared { epoch });
    }

    /// Commits before `first_needed_seq` are not needed by any recovery: a durable checkpoint says so.
    pub fn retire(&mut self, first_needed_seq: u64) {
        for file in 0..self.files.len() {
            match self.files[file] {
                State::Full { last_seq, .. } if last_seq < first_needed_seq => {
                    self.step(file, State::Free);
                }
                State::Current { epoch, end, last_seq, .. } if last_seq < first_needed_seq => {
                    self.step(file, State::Current { epoch, live_from: end, end, last_seq });
                }
                _ => {}
            }
        }
    }

    /// Bytes that hold needed frames, or that no frame can use until those are retired. The current
    /// file counts until everything in it is retired, a full one as a whole.
    pub fn live_bytes(&self) -> u64 {
        let live = |state: &State| match *state {
            State::Current { live_from, end, .. } => end - live_from,
            State::Full { .. } => self.frame_bytes_max(),
            _ => 0,
        };
        self.files.iter().map(live).sum()
    }

    /// Whether little room is left in the file that frames go to: another one will be needed.
    pub fn is_low(&self) -> bool {
        self.current().is_some_and(|file| self.room_in(file) < self.frame_bytes_max() / 2)
    }

    /// Bytes for frames in all files.
    pub fn capacity_bytes(&self) -> u64 {
        self.frame_bytes_max() * self.files.len() as u64
    }

    /// The largest frame that fits in an empty file.
    pub fn frame_bytes_max(&self) -> u64 {
        self.file_bytes - HEADER_BYTES
    }

    /// Frames of lower epochs are not needed; the next epoch when no file is in use.
    pub fn oldest_live_epoch(&self) -> u32 {
        self.files.iter().filter_map(|s| s.epoch()).min().unwrap_or(self.next_epoch)
    }

    /// The epoch that the next file to be prepared gets.
    pub fn next_epoch(&self) -> u32 {
        self.next_epoch
    }

    fn current(&self) -> Option<usize> {
        self.files.iter().position(|s| matches!(s, State::Current { .. }))
    }

    fn prepared_file(&self) -> Option<usize> {
        self.files.iter().position(|s| matches!(s, State::Prepared { .. }))
    }

    fn room_in(&self, file: usize) -> u64 {
        match self.files[file] {
            State::Current { end, .. } => self.file_bytes - end,
            _ => 0,
        }
    }

    /// `next` takes the place of the current file.
    fn move_on(&mut self, next: usize) {
        if let Some(file) = self.current() {
            let State::Current { epoch, last_seq, .. } = self.files[file] else { unreachable!() };
            self.step(file, State::Full { epoch, last_seq });
        }
        let State::Prepared { epoch } = self.files[next] else { unreachable!() };
        let start = HEADER_BYTES;
        self.step(next, State::Current { epoch, live_from: start, end: start, last_seq: 0 });
    }

    fn add(&mut self, file: usize, frame_bytes: u64, seq: u64) -> Place {
        let State::Current { epoch, live_from, end: at, .. } = self.files[file] else {
            panic!("frames go to the current file only");
        };
        let end = at + frame_bytes;
        self.step(file, State::Current { epoch, live_from, end, last_seq: seq });
        Place { file, at, epoch }
    }

    fn step(&mut self, file: usize, to: State) {
        let from = self.files[file];
        let allowed = match (from, to) {
            (State::Free, State::Preparing { .. }) | (State::Full { .. }, State::Free) => true,
            (State::Preparing { epoch: a }, State::Prepared { epoch: b })
            | (State::Prepared { epoch: a }, State::Current { epoch: b, .. })
            | (State::Current { epoch: a, .. }, State::Full { epoch: b, .. }) => a == b,
            (
                State::Current { epoch: a, end: old, live_from: from, .. },
                State::Current { epoch: b, end: new, live_from: to, .. },
            ) => a == b && old <= new && new <= self.file_bytes && from <= to && to <= new,
            _ => false,
        };
        assert!(allowed, "journal file {file} from {from:?} to {to:?}");
        self.files[file] = to;
    }
}

#[cfg(test)]
#[path = "ring_tests.rs"]
mod tests;
