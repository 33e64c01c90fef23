//! The snapshot file of idempotent producers.
//!
//! Promises: refused, or remembered as it was: encoded and decoded again it is the same; and any batch can be compared
//! with what it says.

use headwater::log::producers::transactions::Place;
use headwater::log::producers::{Producers, file};
use headwater::model::Offset;
use headwater_io::sim::rng::Rng;
use headwater_protocol::batch::control::End;
use headwater_protocol::batch::header;

use super::{Target, batches};
use crate::damage;

const TAKEN_AT: Offset = Offset(77);
/// Where its checksum is (`FORMAT.md`).
const CRC_AT: usize = 20;

pub const TARGET: Target = Target {
    name: "producers",
    about: "snapshots of producers: refused, or the same when encoded and decoded again",
    make,
    check,
    smoke: 4000,
    found: &[],
};

fn make(rng: &mut Rng) -> Vec<u8> {
    let mut producers = Producers::default();
    for _ in 0..rng.below(12) {
        let batch = batches::batch(rng);
        let header = header::check(&batch).expect("sound");
        producers.note(&header, Place::default(), End::of(&header, &batch));
    }
    let mut bytes = file::encode(&producers, TAKEN_AT);
    damage::damage(rng, &mut bytes);
    if rng.chance(70) {
        damage::seal(&mut bytes, CRC_AT);
    }
    bytes
}

fn check(bytes: &[u8]) {
    let Some(mut producers) = file::decode(bytes, TAKEN_AT) else { return };
    let again = file::encode(&producers, TAKEN_AT);
    assert_eq!(file::decode(&again, TAKEN_AT).as_ref(), Some(&producers));
    let mut rng = Rng::new(1);
    for _ in 0..8 {
        let header = header::check(&batches::batch(&mut rng)).expect("sound");
        let _ = producers.check(&header);
        producers.note(&header, Place::default(), None);
    }
}
