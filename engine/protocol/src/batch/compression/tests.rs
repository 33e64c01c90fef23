//! Compression: round trips at awkward sizes, limits to the byte, framings that other clients
//! write.

use super::*;

fn samples() -> Vec<Vec<u8>> {
    let mut samples: Vec<Vec<u8>> = Vec::new();
    for bytes in [0, 1, 100, 32 * 1024, 32 * 1024 + 1, 300_000] {
        samples.push(vec![b'a'; bytes]);
        // Does not compress: a multiplicative sequence, high byte of each step.
        let mut state = 1u32;
        samples.push(
            (0..bytes)
                .map(|_| {
                    state = state.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
                    (state >> 24) as u8
                })
                .collect(),
        );
    }
    samples
}

#[test]
fn round_trips_and_limits() {
    let mut plain = Vec::new();
    for compression in Compression::ALL {
        for sample in samples() {
            let mut packed = Vec::new();
            compress(compression, &sample, &mut packed);
            let exact = decompress(compression, &packed, sample.len(), &mut plain);
            assert_eq!(exact, Ok(()), "{compression} {}", sample.len());
            assert_eq!(plain, sample, "{compression}");
            if let Some(bytes_max) = sample.len().checked_sub(1) {
                let over = decompress(compression, &packed, bytes_max, &mut plain);
                assert_eq!(over, Err(DecompressError::OverLimit { bytes_max }), "{compression}");
            }
        }
    }
}

#[test]
fn garbage_is_corrupt() {
    let mut plain = Vec::new();
    for compression in &Compression::ALL[1..] {
        let corrupt = Err(DecompressError::Corrupt { compression: *compression });
        let garbage = b"neither this nor that, but long enough for a header";
        assert_eq!(decompress(*compression, garbage, 1 << 20, &mut plain), corrupt);
    }
}

#[test]
fn snappy_of_other_clients() {
    let sample = b"all work and no play makes jack a dull boy".repeat(10);
    let mut plain = Vec::new();
    // librdkafka and others: one raw block.
    let raw = snap::raw::Encoder::new().compress_vec(&sample).unwrap();
    decompress(Compression::Snappy, &raw, sample.len(), &mut plain).unwrap();
    assert_eq!(plain, sample);
    // Two streams, one after the other.
    let mut packed = Vec::new();
    compress(Compression::Snappy, &sample, &mut packed);
    compress(Compression::Snappy, &sample, &mut packed);
    decompress(Compression::Snappy, &packed, 2 * sample.len(), &mut plain).unwrap();
    assert_eq!(plain, [&sample[..], &sample].concat());
}

#[test]
fn snappy_length_is_not_believed() {
    // A block that claims four gigabytes, within a generous limit.
    let claim = [0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0];
    let mut plain = Vec::new();
    let corrupt = Err(DecompressError::Corrupt { compression: Compression::Snappy });
    assert_eq!(decompress(Compression::Snappy, &claim, usize::MAX, &mut plain), corrupt);
    assert_eq!(plain.capacity(), 0);
}

#[test]
fn gzip_members_may_follow_each_other() {
    let mut packed = Vec::new();
    compress(Compression::Gzip, b"one ", &mut packed);
    compress(Compression::Gzip, b"two", &mut packed);
    let mut plain = Vec::new();
    decompress(Compression::Gzip, &packed, 100, &mut plain).unwrap();
    assert_eq!(plain, b"one two");
}

#[test]
fn names_are_those_of_the_setting() {
    for compression in Compression::ALL {
        assert_eq!(Compression::from_name(compression.name()), Some(compression));
        assert_eq!(Compression::from_bits(compression.bits()), Some(compression));
    }
    assert_eq!(Compression::from_name("brotli"), None);
    assert_eq!((Compression::from_bits(5), Compression::from_bits(-1)), (None, None));
}
