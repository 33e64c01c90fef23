//! Which offset a key has last: the map that one cleaning goes by, in bounded memory.
//!
//! Keys are not kept, only 16 bytes that stand for them: two passes of the standard library's keyed hash, under
//! keys of this map alone, so that nobody can make two keys of his choice meet. That two meet by chance has a
//! probability of 2^-75 for a hundred million keys.

use std::hash::{BuildHasher, RandomState};

use crate::model::Offset;

/// Slots to begin with: small logs are many.
const SLOTS_MIN: usize = 1 << 10;
/// Of ten slots nine are used, as in Kafka (`log.cleaner.io.buffer.load.factor`).
const LOAD: (usize, usize) = (9, 10);
/// An offset that no record has.
const FREE: i64 = -1;

/// Keys and their last offsets.
pub struct KeyMap {
    hashers: [RandomState; 2],
    slots: Vec<Slot>,
    used: usize,
    slots_max: usize,
}

#[derive(Clone, Copy)]
struct Slot {
    hash: [u64; 2],
    offset: i64,
}

/// The map has no room for another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl KeyMap {
    /// An empty map that takes at most `bytes_max` of memory; half as much again for a moment when it grows.
    pub fn new(bytes_max: u64) -> Self {
        let slots_max = usize::try_from(bytes_max).unwrap_or(usize::MAX) / size_of::<Slot>();
        KeyMap {
            hashers: [RandomState::new(), RandomState::new()],
            slots: free(SLOTS_MIN),
            used: 0,
            slots_max: slots_max.max(SLOTS_MIN),
        }
    }

    /// Takes note of a key at an offset; of two the higher one stays.
    pub fn put(&mut self, key: &[u8], offset: Offset) -> Result<(), Full> {
        let hash = self.hash(key);
        let mut n = self.find(hash);
        if self.slots[n].offset == FREE {
            if (self.used + 1) * LOAD.1 > self.slots.len() * LOAD.0 {
                self.grow()?;
                n = self.find(hash);
            }
            self.used += 1;
        }
        let offset = offset.0.max(self.slots[n].offset);
        self.slots[n] = Slot { hash, offset };
        Ok(())
    }

    /// The last offset of a key, if it is known here.
    pub fn get(&self, key: &[u8]) -> Option<Offset> {
        let offset = self.slots[self.find(self.hash(key))].offset;
        (offset != FREE).then_some(Offset(offset))
    }

    /// How many keys it has.
    pub fn count(&self) -> usize {
        self.used
    }

    fn hash(&self, key: &[u8]) -> [u64; 2] {
        [self.hashers[0].hash_one(key), self.hashers[1].hash_one(key)]
    }

    /// The slot of a hash, or the free one where it belongs.
    fn find(&self, hash: [u64; 2]) -> usize {
        let mut n = (hash[0] % self.slots.len() as u64) as usize;
        while self.slots[n].offset != FREE && self.slots[n].hash != hash {
            n = if n + 1 == self.slots.len() { 0 } else { n + 1 };
        }
        n
    }

    fn grow(&mut self) -> Result<(), Full> {
        let slots = (self.slots.len() * 2).min(self.slots_max);
        if slots == self.slots.len() {
            return Err(Full);
        }
        for slot in std::mem::replace(&mut self.slots, free(slots)) {
            if slot.offset != FREE {
                let n = self.find(slot.hash);
                self.slots[n] = slot;
            }
        }
        Ok(())
    }
}

fn free(slots: usize) -> Vec<Slot> {
    vec![Slot { hash: [0; 2], offset: FREE }; slots]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_last_offset_of_every_key() {
        let mut map = KeyMap::new(1 << 20);
        for offset in 0..30_000_i64 {
            map.put(&(offset % 7_000).to_be_bytes(), Offset(offset)).unwrap();
        }
        assert_eq!(map.count(), 7_000);
        for key in 0..7_000_i64 {
            let last = if key < 2_000 { 28_000 + key } else { 21_000 + key };
            assert_eq!(map.get(&key.to_be_bytes()), Some(Offset(last)));
        }
        assert_eq!(map.get(b"another"), None);
        map.put(&0_i64.to_be_bytes(), Offset(3)).unwrap();
        assert_eq!(map.get(&0_i64.to_be_bytes()), Some(Offset(28_000)), "none goes back");
    }

    #[test]
    fn a_full_map_takes_known_keys_only() {
        let mut map = KeyMap::new(2_000 * 24);
        let full = (0_i64..).find(|key| map.put(&key.to_be_bytes(), Offset(*key)).is_err());
        assert_eq!((full, map.count()), (Some(1_800), 1_800));
        assert_eq!(map.put(&5_i64.to_be_bytes(), Offset(9_999)), Ok(()));
        assert_eq!(map.get(&5_i64.to_be_bytes()), Some(Offset(9_999)));
        assert_eq!(map.put(&1_800_i64.to_be_bytes(), Offset(10_000)), Err(Full));
    }
}
