//! Random numbers with a seed that is printed, so that a failure can be repeated:
//! `HEADWATER_SEED=... cargo test`.

pub struct Random(u64);

impl Random {
    /// Takes the seed from the environment, or else the one given.
    pub fn new(default_seed: u64) -> Self {
        let from_environment = std::env::var("HEADWATER_SEED").ok();
        let seed = from_environment.map_or(default_seed, |seed| seed.parse().expect("a number"));
        // Shown by the test harness if the test fails.
        println!("HEADWATER_SEED={seed}");
        Self(seed)
    }

    /// SplitMix64.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to `end`, exclusive.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// Damages bytes as a broken or hostile peer might: flips, cuts, doubles, and lengths that are
    /// lies.
    pub fn damage(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(3) {
            if bytes.is_empty() {
                return;
            }
            let at = self.below(bytes.len());
            match self.below(7) {
                0 => bytes[at] ^= 1 << self.below(8),
                1 => bytes[at] = self.next() as u8,
                2 => bytes.truncate(at),
                3 => drop(bytes.remove(at)),
                4 => bytes.insert(at, self.next() as u8),
                5 => self.overwrite(bytes, at),
                _ => {
                    let end = at + self.below(bytes.len() - at + 1);
                    let part = bytes[at..end].to_vec();
                    bytes.splice(at..at, part);
                }
            }
        }
    }

    fn overwrite(&mut self, bytes: &mut [u8], at: usize) {
        const LIES: [&[u8]; 7] = [
            &[0x7f, 0xff, 0xff, 0xff],
            &[0x80, 0, 0, 0],
            &[0xff, 0xff, 0xff, 0xff],
            &[0xff, 0xff, 0xff, 0xff, 0x0f],
            &[0x7f, 0xff],
            &[0x00, 0x0f, 0xff, 0xff],
            &[0xff; 10],
        ];
        let lie = LIES[self.below(LIES.len())];
        let length = lie.len().min(bytes.len() - at);
        bytes[at..at + length].copy_from_slice(&lie[..length]);
    }
}
