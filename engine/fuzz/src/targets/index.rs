//! The index file of a sealed segment.
//!
//! Promises: refused, or encoded to the very same bytes; and whatever it claims, a question to it is answered.

use headwater::model::{Offset, Position};
use headwater::segment::index::{Index, file};
use headwater_io::sim::rng::Rng;
use headwater_protocol::batch::attributes::Attributes;
use headwater_protocol::batch::header::BatchHeader;

use super::Target;
use crate::damage;

const BASE: Offset = Offset(1000);
const SEGMENT_END: Position = Position(64 << 10);
/// Where its checksum is (`FORMAT.md`).
const CRC_AT: usize = 48;

pub const TARGET: Target = Target {
    name: "index",
    about: "index files of sealed segments: refused, or encoded to the same bytes",
    make,
    check,
    smoke: 4000,
    found: &[],
};

fn make(rng: &mut Rng) -> Vec<u8> {
    let mut index = Index::new(BASE, 1 + rng.below(500) as u32);
    let (mut position, mut offset) = (0, BASE.0);
    for _ in 0..rng.below(40) {
        let header = header(offset, rng.below(10) as i32, rng.below(1000) as i64);
        index.add(Position(position), &header);
        position += 61 + rng.below(400);
        offset = header.next_offset();
    }
    let mut bytes = file::encode(&index, SEGMENT_END);
    damage::damage(rng, &mut bytes);
    if rng.chance(70) {
        damage::seal(&mut bytes, CRC_AT);
    }
    bytes
}

fn header(base_offset: i64, last_offset_delta: i32, max_timestamp: i64) -> BatchHeader {
    BatchHeader {
        base_offset,
        batch_length: 100,
        leader_epoch: 0,
        crc: 0,
        attributes: Attributes::default(),
        last_offset_delta,
        base_timestamp: 0,
        max_timestamp,
        producer_id: -1,
        producer_epoch: -1,
        base_sequence: -1,
        record_count: last_offset_delta + 1,
    }
}

fn check(bytes: &[u8]) {
    let Some(index) = file::decode(bytes, BASE, SEGMENT_END) else { return };
    assert!(file::encode(&index, SEGMENT_END) == bytes, "accepted, and encoded to other bytes");
    for at in [0, 1, 1000, 1001, i64::MAX] {
        let _ = index.floor(Offset(at));
        let _ = index.floor_time(at);
        let _ = index.start_at(Position(at as u64));
        let _ = index.after(Position(at as u64));
    }
}
