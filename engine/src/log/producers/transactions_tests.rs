//! Tests of transactions in a log: tables of what may follow what, and the snapshot.

use headwater_protocol::batch::attributes::Attributes;

use super::super::{SequenceError, Verdict, file};
use super::*;

const ID: i64 = 9;

fn batch(epoch: i16, base_sequence: i32, transactional: bool, base_offset: i64) -> BatchHeader {
    BatchHeader {
        base_offset,
        batch_length: 100,
        leader_epoch: 0,
        crc: 0,
        attributes: Attributes { is_transactional: transactional, ..Attributes::default() },
        last_offset_delta: 0,
        base_timestamp: 0,
        max_timestamp: 77,
        producer_id: ID,
        producer_epoch: epoch,
        base_sequence,
        record_count: 1,
    }
}

fn marker_header(epoch: i16, base_offset: i64) -> BatchHeader {
    let mut header = batch(epoch, -1, true, base_offset);
    header.attributes.is_control = true;
    header
}

fn place(position: u64) -> Place {
    Place { segment: Offset(0), position: Position(position) }
}

fn end(marker: Marker, coordinator_epoch: i32) -> Option<End> {
    Some(End { marker, coordinator_epoch })
}

/// A transaction open under epoch 2 from offset 10 on; the coordinator's epoch is 5.
fn open() -> Producers {
    let mut producers = Producers::default();
    producers.note(&marker_header(2, 9), place(0), end(Marker::Commit, 5));
    producers.note(&batch(2, 0, true, 10), place(100), None);
    producers
}

/// The same, ended at offset 11 by a marker of this epoch.
fn ended(epoch: i16) -> Producers {
    let mut producers = open();
    producers.note(&marker_header(epoch, 11), place(200), end(Marker::Abort, 5));
    producers
}

#[test]
fn the_table_of_batches_in_and_out_of_transactions() {
    use SequenceError::{Fenced, InTransaction, OutOfOrder};
    let first_offset = Offset(10);
    let gap = |expected, found| Err(OutOfOrder { expected, found });
    let again = Verdict::Duplicate { base_offset: Offset(10), next_offset: Offset(11) };
    let table = [
        ("goes on", open(), batch(2, 1, true, 0), Ok(Verdict::Append)),
        ("repeats", open(), batch(2, 0, true, 0), Ok(again)),
        ("outside of it", open(), batch(2, 1, false, 0), Err(InTransaction { first_offset })),
        ("an old epoch", open(), batch(1, 1, true, 0), Err(Fenced { current: 2, found: 1 })),
        ("after the marker", ended(2), batch(2, 1, true, 0), Ok(Verdict::Append)),
        ("outside, after it", ended(2), batch(2, 1, false, 0), Ok(Verdict::Append)),
        (
            "late, after a bump",
            ended(3),
            batch(2, 1, true, 0),
            Err(Fenced { current: 3, found: 2 }),
        ),
        ("anew, after a bump", ended(3), batch(3, 0, true, 0), Ok(Verdict::Append)),
        ("on, after a bump", ended(3), batch(3, 1, true, 0), gap(0, 1)),
    ];
    for (what, producers, header, expected) in table {
        assert_eq!(producers.check(&header), expected, "{what}");
    }
}

#[test]
fn the_table_of_markers() {
    let of = |producer_epoch, coordinator_epoch, transaction_version| MarkerOf {
        producer_id: ID,
        producer_epoch,
        coordinator_epoch,
        transaction_version,
    };
    let fenced = |current, found| Err(MarkerError::Fenced { current, found });
    let zombie = Err(MarkerError::CoordinatorFenced { current: 5, found: 4 });
    let table = [
        ("nobody known", Producers::default(), of(0, 0, 2), Ok(())),
        ("the same epoch, before 2", open(), of(2, 5, 1), Ok(())),
        ("the same epoch, from 2 on", open(), of(2, 5, 2), fenced(2, 2)),
        ("the next epoch", open(), of(3, 5, 2), Ok(())),
        ("an old epoch, before 2", open(), of(1, 5, 1), fenced(2, 1)),
        ("an old epoch", open(), of(1, 5, 2), fenced(2, 1)),
        ("an old coordinator", open(), of(3, 4, 2), zombie),
        ("a new coordinator", open(), of(3, 6, 2), Ok(())),
        ("again, its answer was lost", ended(3), of(3, 5, 2), Ok(())),
        ("again, before 2", ended(2), of(2, 5, 1), Ok(())),
        ("late", ended(3), of(2, 5, 2), fenced(3, 2)),
    ];
    for (what, producers, marker, expected) in table {
        assert_eq!(producers.check_marker(&marker), expected, "{what}");
    }
}

#[test]
fn a_marker_ends_the_transaction_and_lists_what_was_aborted() {
    let mut producers = open();
    assert!(producers.is_open(ID, 2) && !producers.is_open(ID, 3));
    let first = Open { first_offset: Offset(10), place: place(100) };
    assert_eq!(producers.first_open(), Some(first));
    let mut other = batch(0, 0, true, 11);
    other.producer_id = 10;
    producers.note(&other, place(200), None);
    let ended = producers.note(&marker_header(3, 12), place(300), end(Marker::Abort, 6));
    assert_eq!(ended, Some(Ended { open: first, marker_offset: Offset(12) }));
    let mut of_other = marker_header(1, 13);
    of_other.producer_id = 10;
    producers.note(&of_other, place(400), end(Marker::Abort, 6));
    let aborted = |producer_id, first_offset, last_offset, last_stable_offset| Aborted {
        producer_id,
        first_offset: Offset(first_offset),
        last_offset: Offset(last_offset),
        last_stable_offset: Offset(last_stable_offset),
    };
    assert_eq!(producers.aborted(), [aborted(ID, 10, 12, 11), aborted(10, 11, 13, 14)]);
    assert_eq!(producers.first_open(), None);
    let states = producers.describe();
    assert_eq!((states[0].producer_epoch, states[0].coordinator_epoch), (3, 6));
    assert_eq!((states[0].last_sequence, states[0].open_since), (-1, None));
}

#[test]
fn a_marker_of_nothing_fences_and_is_no_transaction() {
    let mut producers = Producers::default();
    assert_eq!(producers.note(&marker_header(4, 0), place(0), end(Marker::Abort, 1)), None);
    assert!(producers.aborted().is_empty());
    let late = batch(3, 0, true, 1);
    assert_eq!(producers.check(&late), Err(SequenceError::Fenced { current: 4, found: 3 }));
}

#[test]
fn idle_producers_are_forgotten_but_not_in_a_transaction() {
    let mut producers = open();
    assert_eq!(producers.forget_idle(0, 10), 0);
    assert_eq!(producers.forget_idle(1000, 10), 0, "its transaction is open");
    producers.note(&marker_header(3, 12), place(300), end(Marker::Commit, 5));
    assert_eq!(producers.forget_idle(2000, 10), 0, "counted from here");
    assert_eq!(producers.forget_idle(2009, 10), 0);
    assert_eq!(producers.forget_idle(2010, 10), 1);
}

#[test]
fn the_snapshot_keeps_everything_and_reads_version_1() {
    let mut producers = ended(3);
    producers.note(&batch(3, 0, true, 12), place(300), None);
    producers.forget_idle(5, 10);
    let bytes = file::encode(&producers, Offset(13));
    assert_eq!(file::decode(&bytes, Offset(13)), Some(producers));
    for bit in 0..bytes.len() * 8 {
        let mut bad = bytes.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(file::decode(&bad, Offset(13)), None, "bit {bit}");
    }
    let mut old = Vec::from(*b"HWPS");
    old.extend([0, 0, 0, 1]);
    old.extend(13_i64.to_be_bytes());
    old.extend(1_i32.to_be_bytes());
    let mut body = Vec::from(ID.to_be_bytes());
    body.extend([0, 2, 0, 1]);
    for number in [0_i32, 0] {
        body.extend(number.to_be_bytes());
    }
    for number in [10_i64, 11, 77] {
        body.extend(number.to_be_bytes());
    }
    let crc = crc32c::crc32c_append(crc32c::crc32c(&old), &body);
    old.extend(crc.to_be_bytes());
    old.extend(body);
    let read = file::decode(&old, Offset(13)).unwrap();
    let again = Verdict::Duplicate { base_offset: Offset(10), next_offset: Offset(11) };
    assert_eq!(read.check(&batch(2, 0, false, 0)), Ok(again));
}
