//! What happened in a run, as one number: two runs of one seed have the same one, or something is decided
//! by more than the seed.

use headwater_io::clock::Nanos;

/// The course of a run. Every event goes into the hash; for people it can also be printed.
pub struct Trace {
    hash: u64,
    events: u64,
    printed: bool,
}

impl Trace {
    /// Nothing yet; with `printed`, each event is a line on standard error.
    pub fn new(printed: bool) -> Self {
        Trace { hash: 0xcbf2_9ce4_8422_2325, events: 0, printed }
    }

    /// Something happened.
    pub fn event(&mut self, now: Nanos, what: &str, numbers: &[i64]) {
        self.events += 1;
        self.mix(&now.0.to_le_bytes());
        self.mix(what.as_bytes());
        for number in numbers {
            self.mix(&number.to_le_bytes());
        }
        if self.printed {
            eprintln!("{:>12.6} ms  {what} {numbers:?}", now.0 as f64 / 1e6);
        }
    }

    /// FNV-1a over everything so far.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// How many events there were.
    pub fn events(&self) -> u64 {
        self.events
    }

    fn mix(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
