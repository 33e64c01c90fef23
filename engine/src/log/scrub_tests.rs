//! The check of one stretch between two known starts, with every kind of damage.

use headwater_protocol::batch::builder::{BatchBuilder, Producer};
use headwater_protocol::batch::compression::Compression;

use super::*;

/// Batches of two records each, from offset 10 on; where each of them starts.
fn stretch(batches: i64) -> (Vec<u8>, Vec<BatchStart>) {
    let (mut bytes, mut starts) = (Vec::new(), Vec::new());
    for n in 0..batches {
        let mut builder = BatchBuilder::new(Compression::None);
        for record in 0..2 {
            builder.push(1000 + record, None, Some(&[n as u8; 100]));
        }
        let mut batch = builder.finish(Producer::NONE).to_vec();
        batch[..8].copy_from_slice(&(10 + 2 * n).to_be_bytes());
        starts.push(place(10 + 2 * n, 5000 + bytes.len() as u64));
        bytes.extend(batch);
    }
    starts.push(place(10 + 2 * batches, 5000 + bytes.len() as u64));
    (bytes, starts)
}

fn place(offset: i64, position: u64) -> BatchStart {
    BatchStart { offset: Offset(offset), position: Position(position) }
}

fn found(bytes: &[u8], starts: &[BatchStart]) -> Option<(BatchStart, BatchStart)> {
    let (from, to) = (starts[0], *starts.last().unwrap());
    check(bytes, from, to, Chain::Whole).map(|damage| (damage.from, damage.to))
}

/// All but the leader epoch, which neither the checksum nor the chain covers.
#[test]
fn every_flipped_bit_is_found_and_costs_one_batch() {
    let (mut bytes, starts) = stretch(4);
    assert_eq!(found(&bytes, &starts), None);
    let batch_bytes = bytes.len() / 4;
    for bit in 0..bytes.len() * 8 {
        let (n, within) = (bit / 8 / batch_bytes, bit / 8 % batch_bytes);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let expected = (!(12..16).contains(&within)).then(|| (starts[n], starts[n + 1]));
        assert_eq!(found(&bytes, &starts), expected, "bit {bit}");
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
}

/// An offset that leads past others is blamed on all that may have it, and on nothing that begins behind it.
#[test]
fn where_offsets_may_be_missing_a_wrong_one_is_in_what_is_damaged() {
    let (mut bytes, starts) = stretch(4);
    let (from, to, batch_bytes) = (starts[0], starts[4], bytes.len() / 4);
    assert_eq!(check(&bytes, from, to, Chain::Gapped), None);
    for (n, bit) in (0..4).flat_map(|n| (0..64).map(move |bit| (n, bit))) {
        bytes[n * batch_bytes + bit / 8] ^= 1 << (bit % 8);
        let damage = check(&bytes, from, to, Chain::Gapped).expect("damage is found");
        assert!(damage.from.offset < damage.to.offset, "batch {n}, bit {bit}: {damage:?}");
        let bytes_of = damage.from.position..damage.to.position;
        assert!(bytes_of.contains(&starts[n].position), "batch {n}, bit {bit}: {damage:?}");
        bytes[n * batch_bytes + bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn what_cannot_be_told_apart_is_damaged_together() {
    let (mut bytes, starts) = stretch(6);
    let batch_bytes = bytes.len() / 6;
    for n in [1, 3] {
        bytes[n * batch_bytes + 80] ^= 1;
    }
    assert_eq!(found(&bytes, &starts), Some((starts[1], starts[4])));
    // Zeros to the end, as of a block that was forgotten.
    bytes[4 * batch_bytes..].fill(0);
    assert_eq!(found(&bytes, &starts), Some((starts[1], starts[6])));
}

#[test]
fn a_stretch_that_is_short_or_ends_at_another_offset_is_damaged() {
    let (bytes, mut starts) = stretch(3);
    assert_eq!(found(&bytes[..bytes.len() - 1], &starts), Some((starts[2], starts[3])));
    assert_eq!(found(&[], &starts), Some((starts[0], starts[3])));
    starts[3].offset = Offset(17);
    assert_eq!(found(&bytes, &starts), Some((starts[0], starts[3])));
}
