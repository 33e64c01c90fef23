//! Generated records: where their bytes come from and how each is recognised when it is read back.
//!
//! A value is `[stamp | rest]`. The stamp names the record (producer, partition, sequence, intended
//! time) and carries a checksum of those, so that a value that was altered, or is not ours, is seen.
//! The rest comes from a pool made once: cut into slots, one slot after the other, so a value costs
//! one stamp and no copy beyond the one into its batch. Both are functions of the seed, so the reader
//! can tell every byte that should be there.
//!
//! ```text
//! 0  check        4   of the fields below and the seed
//! 4  producer     2
//! 6  partition    2   lower half
//! 8  sequence     8   of this producer, from 0
//! 16 intended     8   nanoseconds on the run's clock; only in values of 24 bytes and more
//! 24 rest             from the pool
//! ```
//!
//! Knows nothing of batches or brokers.

use headwater_io::clock::Nanos;

use crate::spec::{Payload, STAMP_BYTES, TIMED_STAMP_BYTES};

/// The pool is at least this large: more than the window of any compressor that sees one batch.
const POOL_BYTES_MIN: usize = 1 << 20;
/// And at most this large, so that it stays in a cache.
const POOL_BYTES_MAX: usize = 8 << 20;

/// What a stamp says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Which producer sent it.
    pub producer: usize,
    /// To which partition.
    pub partition: u32,
    /// As which of its records.
    pub sequence: u64,
    /// When it was meant to be sent.
    pub intended: Nanos,
}

/// Source of values of one size.
pub struct Pool {
    bytes: Vec<u8>,
    record_bytes: usize,
    slots: u64,
    seed: u64,
}

impl Pool {
    /// Values of `record_bytes`; batches take up to `batch_bytes` of them.
    pub fn new(seed: u64, payload: Payload, record_bytes: usize, batch_bytes: usize) -> Self {
        let wanted = (2 * batch_bytes).clamp(POOL_BYTES_MIN, POOL_BYTES_MAX);
        let slots = (wanted / record_bytes).max(2);
        let mut bytes = vec![0; slots * record_bytes];
        match payload {
            Payload::Random => fill_random(&mut bytes, seed),
            Payload::Text => fill_text(&mut bytes, seed),
        }
        Pool { bytes, record_bytes, slots: slots as u64, seed }
    }

    /// The value of one record. The slice holds until the next call.
    pub fn value(&mut self, stamp: &Stamp) -> &[u8] {
        let at = self.slot_at(stamp);
        let value = &mut self.bytes[at..at + self.record_bytes];
        let (bytes, length) = encode(stamp, self.seed, value.len());
        value[..length].copy_from_slice(&bytes[..length]);
        value
    }

    /// Whether `value` is, byte for byte, what this stamp was sent with.
    pub fn matches(&self, stamp: &Stamp, value: &[u8]) -> bool {
        let stamp_bytes = stamp_bytes(self.record_bytes);
        let at = self.slot_at(stamp);
        value.len() == self.record_bytes
            && value[stamp_bytes..] == self.bytes[at + stamp_bytes..at + self.record_bytes]
    }

    fn slot_at(&self, stamp: &Stamp) -> usize {
        // Producers walk the pool from different places.
        let slot = (stamp.sequence + stamp.producer as u64 * 7919) % self.slots;
        slot as usize * self.record_bytes
    }
}

/// Reads the stamp of a value; `None` when it is not one of this run or was altered.
pub fn read_stamp(value: &[u8], seed: u64) -> Option<Stamp> {
    let field =
        |at: usize| value.get(at..at + 8).map(|b| u64::from_le_bytes(b.try_into().unwrap()));
    let (first, sequence) = (field(0)?, field(8)?);
    let stamp = Stamp {
        producer: (first >> 32) as u16 as usize,
        partition: (first >> 48) as u32,
        sequence,
        intended: Nanos(field(16).unwrap_or(0)),
    };
    (check(&stamp, seed) == first as u32).then_some(stamp)
}

fn stamp_bytes(record_bytes: usize) -> usize {
    match record_bytes {
        TIMED_STAMP_BYTES.. => TIMED_STAMP_BYTES,
        STAMP_BYTES.. => STAMP_BYTES,
        _ => 0,
    }
}

/// The stamp as bytes, and how many of them a value of `record_bytes` has.
fn encode(stamp: &Stamp, seed: u64, record_bytes: usize) -> ([u8; TIMED_STAMP_BYTES], usize) {
    let length = stamp_bytes(record_bytes);
    let timed = length == TIMED_STAMP_BYTES;
    let stamp = Stamp { intended: if timed { stamp.intended } else { Nanos(0) }, ..*stamp };
    let first = u64::from(check(&stamp, seed))
        | (stamp.producer as u64 & 0xffff) << 32
        | u64::from(stamp.partition & 0xffff) << 48;
    let mut bytes = [0; TIMED_STAMP_BYTES];
    bytes[..8].copy_from_slice(&first.to_le_bytes());
    bytes[8..16].copy_from_slice(&stamp.sequence.to_le_bytes());
    bytes[16..].copy_from_slice(&stamp.intended.0.to_le_bytes());
    (bytes, length)
}

fn check(stamp: &Stamp, seed: u64) -> u32 {
    let place = (stamp.producer as u64 & 0xffff) << 16 | u64::from(stamp.partition & 0xffff);
    let once = mix(seed ^ stamp.sequence ^ place << 32);
    (mix(once ^ stamp.intended.0) >> 32) as u32
}

/// The finaliser of SplitMix64: spreads the bits of `x` over the whole word.
pub fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn fill_random(bytes: &mut [u8], seed: u64) {
    for (index, chunk) in bytes.chunks_mut(8).enumerate() {
        let word = mix(seed.wrapping_add(index as u64)).to_le_bytes();
        chunk.copy_from_slice(&word[..chunk.len()]);
    }
}

const WORDS: [&str; 32] = [
    "order",
    "flight",
    "gate",
    "status",
    "delayed",
    "boarding",
    "origin",
    "destination",
    "carrier",
    "seat",
    "passenger",
    "minutes",
    "departed",
    "arrived",
    "cancelled",
    "airport",
    "weather",
    "runway",
    "tower",
    "fuel",
    "crew",
    "captain",
    "schedule",
    "update",
    "price",
    "currency",
    "booking",
    "baggage",
    "terminal",
    "security",
    "transfer",
    "connection",
];

/// Words with a number now and then: about as compressible as logs are.
fn fill_text(bytes: &mut [u8], seed: u64) {
    let mut at = 0;
    for index in 0u64.. {
        let random = mix(seed.wrapping_add(index));
        let word = match random % 4 {
            0 => format!("{} ", (random >> 8) % 100_000),
            _ => format!("{} ", WORDS[(random >> 8) as usize % WORDS.len()]),
        };
        let room = &mut bytes[at..];
        let take = word.len().min(room.len());
        room[..take].copy_from_slice(&word.as_bytes()[..take]);
        at += take;
        if at == bytes.len() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: Stamp =
        Stamp { producer: 3, partition: 11, sequence: 1 << 40, intended: Nanos(987_654_321) };

    #[test]
    fn a_value_names_itself() {
        for record_bytes in [24, 100, 1024] {
            let mut pool = Pool::new(7, Payload::Random, record_bytes, 16 << 10);
            let value = pool.value(&STAMP).to_vec();
            assert_eq!(value.len(), record_bytes);
            assert_eq!(read_stamp(&value, 7), Some(STAMP));
            assert!(pool.matches(&STAMP, &value));
        }
    }

    #[test]
    fn short_values_have_no_time_and_the_shortest_no_stamp() {
        let mut pool = Pool::new(7, Payload::Random, 16, 16 << 10);
        let value = pool.value(&STAMP).to_vec();
        assert_eq!(read_stamp(&value, 7), Some(Stamp { intended: Nanos(0), ..STAMP }));
        let mut pool = Pool::new(7, Payload::Random, 3, 16 << 10);
        assert_eq!(pool.value(&STAMP).len(), 3);
    }

    #[test]
    fn any_flipped_bit_is_seen() {
        let mut pool = Pool::new(7, Payload::Text, 64, 16 << 10);
        let good = pool.value(&STAMP).to_vec();
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            let seen = read_stamp(&bad, 7).is_none_or(|stamp| !pool.matches(&stamp, &bad));
            assert!(seen, "bit {bit}");
        }
        assert_eq!(read_stamp(&good, 8), None, "another run's records are not ours");
    }

    #[test]
    fn random_values_do_not_repeat_within_a_batch() {
        let mut pool = Pool::new(1, Payload::Random, 100, 256 << 10);
        let rest =
            |pool: &mut Pool, sequence| pool.value(&Stamp { sequence, ..STAMP })[24..].to_vec();
        let first = rest(&mut pool, 0);
        assert!((1..5000).all(|sequence| rest(&mut pool, sequence) != first));
    }

    #[test]
    fn text_is_text() {
        let mut pool = Pool::new(1, Payload::Text, 200, 16 << 10);
        assert!(pool.value(&STAMP)[24..].iter().all(|b| b.is_ascii_graphic() || *b == b' '));
    }
}
