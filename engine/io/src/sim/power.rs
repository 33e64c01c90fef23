//! The power cut: what was synced stays; each unsynced sector and the unsynced changes of names stay
//! or vanish by chance.

use super::disk::{FileState, SECTOR, SimDisk, State};
use super::rng::Rng;

/// How many of 100 unsynced sectors survive, drawn once per cut: some cuts lose everything, some
/// nothing, most tear.
const SURVIVAL_PERCENT: [u64; 5] = [0, 20, 50, 80, 100];

impl SimDisk {
    pub(super) fn power_cut(&self, rng: &mut Rng) {
        let mut state = self.state();
        let percent = SURVIVAL_PERCENT[rng.below(5) as usize];
        apply_in_flight(&mut state, percent, rng);
        keep_some_names(&mut state, rng);
        for file in state.files.values_mut() {
            lose_sectors(file, percent, rng);
        }
        let State { files, names, .. } = &mut *state;
        files.retain(|inode, _| names.values().any(|named| named == inode));
    }
}

/// Writes on their way: any of their sectors may have arrived.
fn apply_in_flight(state: &mut State, percent: u64, rng: &mut Rng) {
    for (_, (inode, at, bytes)) in std::mem::take(&mut state.in_flight) {
        let Some(file) = state.files.get_mut(&inode) else { continue };
        for (n, sector) in bytes.chunks(SECTOR).enumerate() {
            if rng.chance(percent) {
                file.apply(at + (n * SECTOR) as u64, sector);
            }
        }
    }
}

/// A journaling file system commits name changes in order: some first part of them survives.
fn keep_some_names(state: &mut State, rng: &mut Rng) {
    let pending = std::mem::take(&mut state.pending_names);
    let kept = rng.below(pending.len() as u64 + 1) as usize;
    for change in pending.into_iter().take(kept) {
        change.apply(&mut state.durable_names);
    }
    state.names = state.durable_names.clone();
}

fn lose_sectors(file: &mut FileState, percent: u64, rng: &mut Rng) {
    let size_survives = rng.chance(50) || file.dirty.is_empty();
    let mut after = file.durable.clone();
    if size_survives {
        after.resize(file.seen.len(), 0);
    }
    for &sector in &file.dirty {
        let from = sector as usize * SECTOR;
        let to = (from + SECTOR).min(file.seen.len()).min(after.len());
        if from < to && rng.chance(percent) {
            after[from..to].copy_from_slice(&file.seen[from..to]);
        }
    }
    file.seen = after.clone();
    file.durable = after;
    file.dirty.clear();
}
