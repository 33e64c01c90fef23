//! The recovery point of an active segment.
//!
//! Promises: refused, or encoded to what is decoded to the same again.

use headwater::log::point::{decode, encode};
use headwater::log::producers::Producers;
use headwater::log::producers::transactions::Place;
use headwater::model::{Offset, Position};
use headwater::segment::index::Index;
use headwater_io::sim::rng::Rng;
use headwater_protocol::batch::header;

use super::{Target, batches};
use crate::damage;

const BASE: Offset = Offset(1000);
/// Where its checksum is (`FORMAT.md`).
const CRC_AT: usize = 36;

pub const TARGET: Target = Target {
    name: "point",
    about: "recovery points of active segments: refused, or the same when encoded and decoded again",
    make,
    check,
    smoke: 3000,
    found: &[],
};

fn make(rng: &mut Rng) -> Vec<u8> {
    let (mut index, mut producers) = (Index::new(BASE, 100), Producers::default());
    let (mut position, mut next_offset) = (0, BASE);
    for _ in 0..rng.below(10) {
        let mut header = header::check(&batches::batch(rng)).expect("sound");
        header.base_offset = next_offset.0;
        index.add(Position(position), &header);
        producers.note(&header, Place::default(), None);
        position += header.total_bytes() as u64;
        next_offset = Offset(header.next_offset());
    }
    let mut bytes = encode(&index, &producers, BASE, Position(position), next_offset);
    damage::damage(rng, &mut bytes);
    if rng.chance(70) {
        damage::seal(&mut bytes, CRC_AT);
    }
    bytes
}

fn check(bytes: &[u8]) {
    let Some(point) = decode(bytes, BASE) else { return };
    let again = encode(&point.index, &point.producers, BASE, point.position, point.next_offset);
    assert_eq!(decode(&again, BASE), Some(point));
}
