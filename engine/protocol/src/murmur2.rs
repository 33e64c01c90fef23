//! The hash by which Kafka's clients choose a partition for a key. Every client must agree on it,
//! or records of one key end up in two partitions; so this follows the Java client bit by bit.

const SEED: u32 = 0x9747_b28c;
const M: u32 = 0x5bd1_e995;
const R: u32 = 24;

/// The partition of `key` among `partition_count`: what Java's default partitioner chooses.
///
/// # Panics
///
/// If there are no partitions.
pub fn partition_for_key(key: &[u8], partition_count: u32) -> u32 {
    // Java calls this "to positive": the sign bit is dropped, not negated.
    (murmur2(key) as u32 & 0x7fff_ffff) % partition_count
}

/// Kafka's variant of MurmurHash2: 32 bits, little-endian words, fixed seed.
pub fn murmur2(data: &[u8]) -> i32 {
    let (words, tail) = data.as_chunks::<4>();
    let mut hash = SEED ^ data.len() as u32;
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> R;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !tail.is_empty() {
        let mut last = [0; 4];
        last[..tail.len()].copy_from_slice(tail);
        hash = (hash ^ u32::from_le_bytes(last)).wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    (hash ^ (hash >> 15)) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kafka's own test vectors.
    const VECTORS: [(&[u8], i32); 6] = [
        (b"21", -973_932_308),
        (b"foobar", -790_332_482),
        (b"a-little-bit-long-string", -985_981_536),
        (b"a-little-bit-longer-string", -1_486_304_829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
        (b"abc", 479_470_107),
    ];

    #[test]
    fn agrees_with_java() {
        for (key, hash) in VECTORS {
            assert_eq!(murmur2(key), hash, "{}", String::from_utf8_lossy(key));
        }
    }

    #[test]
    fn partition_is_never_negative() {
        assert_eq!(partition_for_key(b"foobar", 12), (-790_332_482i32 as u32 & 0x7fff_ffff) % 12);
        for key in 0..1000u32 {
            assert!(partition_for_key(&key.to_be_bytes(), 7) < 7);
        }
    }
}
