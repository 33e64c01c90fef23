//! What disks and enemies do to bytes: flips, cuts, repetitions, and lengths that are lies. Everything is drawn from
//! one generator, so a seed repeats it.

use headwater_io::sim::rng::Rng;

/// Numbers that a length field should not be believed to be, in the encodings that we read.
const LIES: [&[u8]; 12] = [
    &[0x7f, 0xff, 0xff, 0xff],
    &[0x80, 0, 0, 0],
    &[0xff, 0xff, 0xff, 0xff],
    &[0xff, 0xff, 0xff, 0xff, 0x0f],
    &[0xff, 0xff, 0xff, 0xff, 0x07],
    &[0x7f, 0xff],
    &[0xff, 0xff],
    &[0x00, 0x0f, 0xff, 0xff],
    &[0, 0, 0, 0, 0, 0, 0, 0],
    &[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    &[0x80, 0, 0, 0, 0, 0, 0, 0],
    &[0xff; 10],
];

/// Damages `bytes` in one to four ways. One input in sixteen stays whole: what is sound must be accepted, too.
pub fn damage(rng: &mut Rng, bytes: &mut Vec<u8>) {
    if rng.below(16) == 0 {
        return;
    }
    for _ in 0..=rng.below(4) {
        damage_once(rng, bytes);
    }
}

/// Damages `bytes` in one way.
pub fn damage_once(rng: &mut Rng, bytes: &mut Vec<u8>) {
    if bytes.is_empty() {
        bytes.extend(noise(rng, 64));
        return;
    }
    let at = index(rng, bytes.len());
    match rng.below(10) {
        0 | 1 => bytes[at] ^= 1 << rng.below(8),
        2 => bytes[at] = rng.next_u64() as u8,
        3 => bytes.truncate(at),
        4 => drop(bytes.drain(at..at + length(rng, bytes.len() - at))),
        5 => bytes.insert(at, rng.next_u64() as u8),
        6 => overwrite(bytes, at, LIES[rng.below(LIES.len() as u64) as usize]),
        7 => step(rng, bytes, at),
        8 => {
            let len = length(rng, bytes.len() - at);
            bytes[at..at + len].fill(if rng.chance(80) { 0 } else { rng.next_u64() as u8 });
        }
        _ => splice(rng, bytes, at),
    }
}

/// A place in `len` bytes; half of the time near the start, where headers are.
pub fn index(rng: &mut Rng, len: usize) -> usize {
    let below = if rng.chance(50) { len.min(96) } else { len };
    rng.below(below as u64) as usize
}

/// Some of what is left: mostly a little.
fn length(rng: &mut Rng, left: usize) -> usize {
    let most = if rng.chance(70) { left.min(16) } else { left };
    rng.below(most as u64 + 1) as usize
}

fn overwrite(bytes: &mut [u8], at: usize, with: &[u8]) {
    let len = with.len().min(bytes.len() - at);
    bytes[at..at + len].copy_from_slice(&with[..len]);
}

/// A number that is off by a little: counts and lengths that are nearly right.
fn step(rng: &mut Rng, bytes: &mut [u8], at: usize) {
    let by = 1 + rng.below(4) as u8;
    bytes[at] =
        if rng.chance(50) { bytes[at].wrapping_add(by) } else { bytes[at].wrapping_sub(by) };
}

/// A part again, elsewhere: instead of what is there, or in between.
fn splice(rng: &mut Rng, bytes: &mut Vec<u8>, at: usize) {
    let len = length(rng, bytes.len() - at);
    let part = bytes[at..at + len].to_vec();
    let to = index(rng, bytes.len());
    if rng.chance(50) {
        overwrite(bytes, to, &part);
    } else {
        bytes.splice(to..to, part);
    }
}

/// A few bytes of no meaning; small numbers dominate, for they pass for lengths and lead deeper.
pub fn noise(rng: &mut Rng, len_max: u64) -> Vec<u8> {
    let len = rng.below(len_max + 1);
    let byte = |rng: &mut Rng| match rng.below(4) {
        0 => rng.next_u64() as u8,
        1 => 0xff,
        _ => rng.below(4) as u8,
    };
    (0..len).map(|_| byte(rng)).collect()
}

/// Makes a CRC32C at `at` right that covers everything before it and everything behind it, as in our own files.
pub fn seal(bytes: &mut [u8], at: usize) {
    if bytes.len() >= at + 4 {
        let crc = crc32c::crc32c_append(crc32c::crc32c(&bytes[..at]), &bytes[at + 4..]);
        bytes[at..at + 4].copy_from_slice(&crc.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_does_one_damage_and_most_seeds_do_some() {
        let sound: Vec<u8> = (0..200).map(|n| n as u8).collect();
        let damaged = |seed: u64| {
            let mut bytes = sound.clone();
            damage(&mut Rng::new(seed), &mut bytes);
            bytes
        };
        let changed = (0..1000).filter(|&seed| damaged(seed) != sound).count();
        assert!((850..1000).contains(&changed), "{changed}");
        assert!((0..1000).all(|seed| damaged(seed) == damaged(seed)));
    }
}
