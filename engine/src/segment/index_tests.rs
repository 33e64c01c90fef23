//! Tests of the sparse index.

use headwater_protocol::batch::attributes::Attributes;

use super::*;

fn header(base_offset: i64, max_timestamp: i64) -> BatchHeader {
    BatchHeader {
        base_offset,
        batch_length: 100,
        leader_epoch: 0,
        crc: 0,
        attributes: Attributes::default(),
        last_offset_delta: 9,
        base_timestamp: 0,
        max_timestamp,
        producer_id: -1,
        producer_epoch: -1,
        base_sequence: -1,
        record_count: 10,
    }
}

/// Batches of 10 records and 112 bytes from offset 1000, times 0, 10, 20 …
fn filled() -> Index {
    let mut index = Index::new(Offset(1000), 200);
    for n in 0..100 {
        index.add(Position(n * 112), &header(1000 + n as i64 * 10, n as i64 * 10));
    }
    index
}

#[test]
fn finds_the_batch_at_or_before() {
    let index = filled();
    assert_eq!(index.floor(Offset(1000)).position, Position(0));
    // Every second batch is noted: 224 bytes apart.
    assert_eq!(
        index.floor(Offset(1039)),
        BatchStart { offset: Offset(1020), position: Position(224) }
    );
    assert_eq!(
        index.floor(Offset(1040)),
        BatchStart { offset: Offset(1040), position: Position(448) }
    );
    assert_eq!(index.floor_position(Position(447)), Position(224));
    assert_eq!(index.after(Position(224)), Some(Position(448)));
    assert_eq!(index.after(Position(1 << 20)), None);
}

#[test]
fn finds_by_time_and_never_too_late() {
    let index = filled();
    assert_eq!(index.floor_time(991), None);
    for wanted in 0..=990 {
        let position = index.floor_time(wanted).unwrap();
        let first = (0..100).find(|n| n * 10 >= wanted).unwrap();
        assert!(
            position.0 <= first as u64 * 112,
            "{wanted}: started at {position}, after batch {first}"
        );
        assert!(position.0 + 3 * 112 >= first as u64 * 112, "{wanted}: too far back");
    }
}

#[test]
fn survives_its_file_and_refuses_every_flipped_bit() {
    let index = filled();
    let bytes = file::encode(&index, Position(11_200));
    assert_eq!(file::decode(&bytes, Offset(1000), Position(11_200)), Some(index));
    assert_eq!(file::decode(&bytes, Offset(1000), Position(11_201)), None, "another segment");
    for bit in 0..bytes.len() * 8 {
        let mut bad = bytes.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(file::decode(&bad, Offset(1000), Position(11_200)), None, "bit {bit}");
    }
    for len in 0..bytes.len() {
        assert_eq!(
            file::decode(&bytes[..len], Offset(1000), Position(11_200)),
            None,
            "cut at {len}"
        );
    }
}
