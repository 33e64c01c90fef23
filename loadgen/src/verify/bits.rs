//! A set of small numbers, one bit each: twenty million acknowledged records are 2.5 MB.

/// Grows as numbers are added.
#[derive(Clone, Debug, Default)]
pub struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// Adds a number; false when it was there already.
    pub fn insert(&mut self, number: u64) -> bool {
        let (word, bit) = ((number / 64) as usize, 1 << (number % 64));
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        new
    }

    /// Whether it is there.
    pub fn contains(&self, number: u64) -> bool {
        let word = self.words.get((number / 64) as usize);
        word.is_some_and(|word| word & 1 << (number % 64) != 0)
    }

    /// How many numbers of this set are not in `other`.
    pub fn count_missing_in(&self, other: &Bits) -> u64 {
        let others = other.words.iter().chain(std::iter::repeat(&0));
        self.words
            .iter()
            .zip(others)
            .map(|(own, other)| u64::from((own & !other).count_ones()))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_the_other_lacks() {
        let (mut a, mut b) = (Bits::default(), Bits::default());
        for n in [0, 63, 64, 1000] {
            assert!(a.insert(n));
        }
        assert!(!a.insert(64));
        b.insert(63);
        assert!(a.contains(1000) && !a.contains(999) && !b.contains(1 << 40));
        assert_eq!((a.count_missing_in(&b), b.count_missing_in(&a)), (3, 0));
    }
}
