//! The power cut: what was synced stays; each unsynced sector and the unsynced changes of names stay
//! or vanish by chance. And the kill: the process is gone, the disk's cache is not.

use std::path::PathBuf;

use super::disk::{Inode, SimDisk, State};
use super::faults::holds_records;
use super::rng::Rng;
use super::sectors::SECTOR;

/// How many of 100 unsynced sectors survive, drawn once per cut: some cuts lose everything, some
/// nothing, most tear.
const SURVIVAL_PERCENT: [u64; 5] = [0, 20, 50, 80, 100];

/// Of 100 sectors on their way, how many are shredded where that may happen.
const SHREDDED_PERCENT: u64 = 40;

impl SimDisk {
    pub(super) fn power_cut(&self, rng: &mut Rng) {
        let mut state = self.state();
        let percent = *rng.pick(&SURVIVAL_PERCENT);
        apply_in_flight(&mut state, percent, rng);
        state.lose_names(rng);
        for file in state.files.values_mut() {
            file.lose(percent, rng);
        }
        state.collect();
        state.restart();
    }

    /// Writes on their way are done or not, each as a whole; everything else stays as programs saw it.
    pub(super) fn kill(&self, rng: &mut Rng) {
        let mut state = self.state();
        for (_, (inode, at, bytes)) in std::mem::take(&mut state.in_flight) {
            if rng.chance(50)
                && let Some(file) = state.files.get_mut(&inode)
            {
                file.apply(at, &bytes);
            }
        }
        state.restart();
    }
}

/// Writes on their way: any of their sectors may have arrived, or be shredded.
fn apply_in_flight(state: &mut State, percent: u64, rng: &mut Rng) {
    for (_, (inode, at, bytes)) in std::mem::take(&mut state.in_flight) {
        let of_records = |(path, of): (&PathBuf, &Inode)| *of == inode && holds_records(path);
        let shreds = state.faults.shreds && state.names.iter().any(of_records);
        let Some(file) = state.files.get_mut(&inode) else { continue };
        for (n, sector) in bytes.chunks(SECTOR).enumerate() {
            let place = at + (n * SECTOR) as u64;
            if shreds && rng.chance(SHREDDED_PERCENT) {
                let shredded: Vec<u8> = sector.iter().map(|_| rng.next_u64() as u8).collect();
                file.apply(place, &shredded);
            } else if rng.chance(percent) {
                file.apply(place, sector);
            }
        }
    }
}
