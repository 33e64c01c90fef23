//! Damage to a directory as bytes: a few steps of fixed size, so that any bytes are some damage, and a shorter input is
//! less of it.
//!
//! ```text
//! file 1, what 1, where 4, how much 2
//! ```

use headwater_io::sim::rng::Rng;

use crate::machine::ImageFile;

const STEP_BYTES: usize = 8;
/// More than these are no more different.
const STEPS_MAX: usize = 8;
const SECTOR: usize = 512;
const BLOCK: usize = 4096;

/// What was damaged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Something that holds records, or says which there are: anything but indexes, snapshots and recovery points,
    /// which can all be made again.
    pub essentials: bool,
    /// A segment.
    pub segments: bool,
}

/// One to three steps, mostly where a file's content is.
pub fn make(rng: &mut Rng, files: &[ImageFile]) -> Vec<u8> {
    let mut script = Vec::new();
    for _ in 0..=rng.below(3) {
        let file = rng.below(files.len() as u64) as usize;
        let bytes = &files[file].1;
        let content = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        let below = if rng.chance(90) { content + 64 } else { bytes.len() + 1 };
        let at = rng.below(below as u64) as u32;
        // Sizes and places in whole sectors, now and then.
        let at = if rng.chance(30) { at / SECTOR as u32 * SECTOR as u32 } else { at };
        script.extend([file as u8, rng.below(10) as u8]);
        script.extend(at.to_be_bytes());
        script.extend((rng.next_u64() as u16).to_be_bytes());
    }
    script
}

/// Does what the script says.
pub fn apply(script: &[u8], files: &mut Vec<ImageFile>) -> Touched {
    let mut touched = Touched::default();
    for step in script.chunks_exact(STEP_BYTES).take(STEPS_MAX) {
        if files.is_empty() {
            break;
        }
        let file = usize::from(step[0]) % files.len();
        let at = u32::from_be_bytes([step[2], step[3], step[4], step[5]]) as usize;
        let amount = u16::from_be_bytes([step[6], step[7]]);
        touched.essentials |= is_essential(&files[file]);
        touched.segments |= files[file].0.extension().is_some_and(|extension| extension == "log");
        if step[1] % 10 == 9 {
            files.remove(file);
        } else {
            let other = files[usize::from(amount) % files.len()].1.clone();
            change(&mut files[file].1, step[1] % 10, at, amount, other);
        }
    }
    touched
}

fn is_essential((path, _): &ImageFile) -> bool {
    let shortcut = ["hwindex", "hwsnapshot", "point"];
    !path.extension().is_some_and(|extension| shortcut.iter().any(|name| extension == *name))
}

fn change(bytes: &mut Vec<u8>, what: u8, at: usize, amount: u16, other: Vec<u8>) {
    let at = at.min(bytes.len());
    let range = |unit: usize| {
        let start = (at / unit * unit).min(bytes.len());
        start..(start + unit).min(bytes.len())
    };
    match what {
        0 | 1 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << (amount % 8);
            }
        }
        2 => {
            let sector = range(SECTOR);
            bytes[sector].fill(0);
        }
        3 => {
            let block = range(BLOCK);
            bytes[block].fill(0);
        }
        4 => bytes.truncate(at),
        5 => bytes.extend((0..amount % 5000).map(|n| (n ^ amount) as u8)),
        // A write that went elsewhere: a sector is there twice.
        6 => {
            let sector = bytes[range(SECTOR)].to_vec();
            let to = (usize::from(amount) * SECTOR).min(bytes.len() - sector.len());
            bytes[to..to + sector.len()].copy_from_slice(&sector);
        }
        7 => {
            let sector = range(SECTOR);
            bytes[sector].fill(0xff);
        }
        // Another file's bytes from here on.
        _ => {
            bytes.truncate(at);
            bytes.extend(other.get(at..).unwrap_or_default());
        }
    }
}
