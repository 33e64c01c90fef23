//! Tests of idempotence: a table of what may follow what.

use headwater_protocol::batch::attributes::Attributes;

use super::transactions::Place;
use super::*;

fn batch(epoch: i16, base_sequence: i32, records: i32, base_offset: i64) -> BatchHeader {
    BatchHeader {
        base_offset,
        batch_length: 100,
        leader_epoch: 0,
        crc: 0,
        attributes: Attributes::default(),
        last_offset_delta: records - 1,
        base_timestamp: 0,
        max_timestamp: 77,
        producer_id: 9,
        producer_epoch: epoch,
        base_sequence,
        record_count: records,
    }
}

/// Six batches of ten records, epoch 2; the first is forgotten.
fn history() -> Producers {
    let mut producers = Producers::default();
    for n in 0..6 {
        let header = batch(2, n * 10, 10, i64::from(n) * 10 + 1000);
        assert_eq!(producers.check(&header), Ok(Verdict::Append));
        producers.note(&header, Place::default(), None);
    }
    producers
}

#[test]
fn the_table_of_what_may_come_next() {
    use SequenceError::{DuplicateUnknown, Fenced, OutOfOrder};
    let duplicate = |n: i64| {
        Ok(Verdict::Duplicate {
            base_offset: Offset(1000 + n * 10),
            next_offset: Offset(1010 + n * 10),
        })
    };
    let gap = |expected, found| Err(OutOfOrder { expected, found });
    let table = [
        ("the next one", batch(2, 60, 1, 0), Ok(Verdict::Append)),
        ("the last one again", batch(2, 50, 10, 0), duplicate(5)),
        ("the oldest that is remembered", batch(2, 10, 10, 0), duplicate(1)),
        ("one that is forgotten", batch(2, 0, 10, 0), Err(DuplicateUnknown)),
        ("a gap", batch(2, 61, 1, 0), gap(60, 61)),
        ("a part of the last one", batch(2, 50, 5, 0), gap(60, 50)),
        ("an old epoch", batch(1, 60, 1, 0), Err(Fenced { current: 2, found: 1 })),
        ("a new epoch from 0", batch(3, 0, 1, 0), Ok(Verdict::Append)),
        ("a new epoch that goes on", batch(3, 60, 1, 0), gap(0, 60)),
    ];
    for (what, header, expected) in table {
        assert_eq!(history().check(&header), expected, "{what}");
    }
    let mut stranger = batch(0, 500, 1, 0);
    stranger.producer_id = 10;
    assert_eq!(history().check(&stranger), Ok(Verdict::Append), "no state, any sequence");
    let mut plain = batch(-1, -1, 1, 0);
    plain.producer_id = -1;
    assert_eq!(history().check(&plain), Ok(Verdict::Append), "not idempotent");
}

#[test]
fn sequences_wrap_to_zero() {
    let mut producers = Producers::default();
    producers.note(&batch(0, i32::MAX - 4, 10, 0), Place::default(), None);
    assert_eq!(producers.check(&batch(0, 5, 1, 10)), Ok(Verdict::Append));
    assert_eq!(next_sequence(i32::MAX, 1), 0);
}

#[test]
fn the_snapshot_is_whole_or_nothing() {
    let producers = history();
    let bytes = file::encode(&producers, Offset(1060));
    assert_eq!(file::decode(&bytes, Offset(1060)), Some(producers));
    assert_eq!(file::decode(&bytes, Offset(1061)), None);
    for bit in 0..bytes.len() * 8 {
        let mut bad = bytes.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(file::decode(&bad, Offset(1060)), None, "bit {bit}");
    }
    for len in 0..bytes.len() {
        assert_eq!(file::decode(&bytes[..len], Offset(1060)), None, "cut at {len}");
    }
}
