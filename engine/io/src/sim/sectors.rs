//! One file of a simulated disk: the bytes that programs see, and what each unsynced sector would go back
//! to in a power cut.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::rng::Rng;

/// The unit in which a disk keeps or loses what was not synced.
pub const SECTOR: usize = 512;

/// A file's content. Only what is *not* durable is kept twice, so that a sync costs what it hardens.
#[derive(Clone, Default)]
pub(super) struct FileState {
    /// Its last name, for scopes and reports.
    pub(super) path: PathBuf,
    pub(super) seen: Vec<u8>,
    /// The length that a power cut goes back to.
    durable_len: usize,
    /// Sectors whose seen bytes may differ from the durable ones.
    unsynced: BTreeMap<usize, Unsynced>,
}

#[derive(Clone)]
struct Unsynced {
    durable: [u8; SECTOR],
    /// A sync that failed has let go of it: the next one will say nothing of it, and not write it.
    forgotten: bool,
}

impl FileState {
    pub(super) fn new(path: PathBuf) -> Self {
        FileState { path, ..FileState::default() }
    }

    pub(super) fn apply(&mut self, at: u64, bytes: &[u8]) {
        let (from, to) = (at as usize, at as usize + bytes.len());
        self.dirty(from, to);
        if self.seen.len() < to {
            self.seen.resize(to, 0);
        }
        self.seen[from..to].copy_from_slice(bytes);
    }

    /// Keeps the durable bytes of sectors that are about to change.
    fn dirty(&mut self, from: usize, to: usize) {
        for sector in from / SECTOR..to.div_ceil(SECTOR) {
            let seen = self.seen.get(sector * SECTOR..).unwrap_or_default();
            let entry = self.unsynced.entry(sector).or_insert_with(|| {
                let mut durable = [0; SECTOR];
                let n = seen.len().min(SECTOR);
                durable[..n].copy_from_slice(&seen[..n]);
                Unsynced { durable, forgotten: false }
            });
            entry.forgotten = false;
        }
    }

    /// Makes a range durable, as far as whole sectors go.
    pub(super) fn harden(&mut self, at: u64, len: u64) {
        let (from, to) = (at as usize, (at + len) as usize);
        self.durable_len = self.durable_len.max(to.min(self.seen.len()));
        for sector in from / SECTOR..to.div_ceil(SECTOR) {
            self.unsynced.remove(&sector);
        }
    }

    pub(super) fn sync(&mut self) {
        self.unsynced.retain(|_, sector| sector.forgotten);
        self.durable_len = self.seen.len();
    }

    /// A sync has failed: as Linux does it, what it was to write counts as clean from now on.
    pub(super) fn forget(&mut self) {
        self.unsynced.values_mut().for_each(|sector| sector.forgotten = true);
    }

    pub(super) fn grow(&mut self, len: usize) {
        if self.seen.len() < len {
            self.seen.resize(len, 0);
        }
    }

    pub(super) fn cut(&mut self, len: usize) {
        if len < self.seen.len() {
            self.dirty(len, self.seen.len());
            self.seen.truncate(len);
        }
    }

    /// Flips a bit of what is seen and of what is durable.
    pub(super) fn rot(&mut self, byte: usize, bit: u8) {
        self.seen[byte] ^= 1 << bit;
        if let Some(sector) = self.unsynced.get_mut(&(byte / SECTOR)) {
            sector.durable[byte % SECTOR] ^= 1 << bit;
        }
    }

    /// The power is cut: each unsynced sector stays in `percent` of 100 cases.
    pub(super) fn lose(&mut self, percent: u64, rng: &mut Rng) {
        let size_survives = rng.chance(50) || self.unsynced.is_empty();
        let seen_len = self.seen.len();
        let len = if size_survives { seen_len } else { self.durable_len };
        self.seen.resize(len, 0);
        for (sector, Unsynced { durable, .. }) in std::mem::take(&mut self.unsynced) {
            let from = sector * SECTOR;
            let to = (from + SECTOR).min(len);
            if from >= to {
                continue;
            }
            let stays = from < seen_len && rng.chance(percent);
            let keep = if stays { seen_len.clamp(from, to) } else { from };
            self.seen[keep..to].copy_from_slice(&durable[keep - from..to - from]);
        }
        self.durable_len = len;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_synced_stays_and_what_was_not_goes_back() {
        let mut rng = Rng::new(1);
        let mut file = FileState::default();
        file.apply(0, &[1; 1000]);
        file.sync();
        file.apply(500, &[2; 100]);
        file.apply(2000, &[3; 10]);
        file.harden(500, 100);
        file.lose(0, &mut rng);
        assert_eq!((file.seen[499], file.seen[500], file.seen[599]), (1, 2, 2));
        assert!(file.seen.iter().skip(1000).all(|byte| *byte == 0));
    }

    #[test]
    fn a_cut_file_may_come_back_whole() {
        let mut file = FileState::default();
        file.apply(0, &[1; 2000]);
        file.sync();
        file.cut(700);
        file.grow(900);
        let lengths: Vec<usize> = (0..20)
            .map(|seed| {
                let mut after = file.clone();
                after.lose(0, &mut Rng::new(seed));
                let n = after.seen.len();
                assert!(after.seen.iter().all(|byte| *byte == 1), "{n}");
                n
            })
            .collect();
        assert!(lengths.contains(&2000) && lengths.contains(&900));
    }

    #[test]
    fn a_sync_after_a_failed_one_proves_nothing() {
        let mut file = FileState::default();
        file.apply(0, &[1; 512]);
        file.forget();
        file.sync();
        file.lose(0, &mut Rng::new(1));
        assert!(file.seen.iter().all(|byte| *byte == 0));
    }
}
