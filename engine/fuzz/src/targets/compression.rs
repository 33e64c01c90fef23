//! Compressed bytes of all kinds, as they stand behind a batch's header.
//!
//! Promises: never more than the limit, whatever they say they become; memory in proportion to the limit, not to a
//! window that a frame asks for; and what our own compressor made comes back as it was.

use headwater_io::sim::rng::Rng;
use headwater_protocol::batch::compression::{Compression, compress, decompress};

use super::Target;
use crate::damage;

const BYTES_MAX: usize = 256 << 10;

pub const TARGET: Target = Target {
    name: "compression",
    about: "compressed bytes of every kind, bombs among them: bounded, and what was compressed comes back",
    make,
    check,
    smoke: 2000,
    found: &[],
};

/// The first byte says which kind.
fn make(rng: &mut Rng) -> Vec<u8> {
    let kind = rng.below(5);
    let plain = match rng.below(3) {
        0 => vec![rng.next_u64() as u8; 1 + rng.below(8 * BYTES_MAX as u64) as usize],
        _ => damage::noise(rng, 5000),
    };
    let mut bytes = vec![kind as u8];
    compress(Compression::ALL[kind as usize], &plain, &mut bytes);
    let mut payload = bytes.split_off(1);
    damage::damage(rng, &mut payload);
    bytes.extend(payload);
    bytes
}

fn check(bytes: &[u8]) {
    let Some((kind, payload)) = bytes.split_first() else { return };
    let compression = Compression::ALL[usize::from(*kind) % 5];
    let mut out = Vec::new();
    let whole = decompress(compression, payload, BYTES_MAX, &mut out);
    let capacity = out.capacity();
    assert!(capacity <= 4 * BYTES_MAX, "{compression} took {capacity} bytes for {BYTES_MAX}");
    if whole.is_err() {
        return;
    }
    assert!(out.len() <= BYTES_MAX, "{compression} gave {} bytes", out.len());
    let (mut packed, mut again) = (Vec::new(), Vec::new());
    compress(compression, &out, &mut packed);
    decompress(compression, &packed, BYTES_MAX, &mut again).expect("compressed here");
    assert!(again == out, "{compression} does not come back as it was");
}
