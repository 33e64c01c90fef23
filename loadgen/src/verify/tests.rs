//! Each kind of wrong, done to a small topic on purpose, must be counted as that kind and no other.

use super::*;
use crate::payload::Stamp;
use crate::spec::Payload;
use headwater_io::clock::Nanos;
use std::rc::Rc;

const SEED: u64 = 42;

fn pool() -> Pool {
    Pool::new(SEED, Payload::Random, 64, 16 << 10)
}

/// Ten records of producer 1 in partition 0, sequences 0 to 9, acknowledged in two batches.
fn written() -> Vec<Vec<u8>> {
    let mut pool = pool();
    let stamp = |sequence| Stamp { producer: 1, partition: 0, sequence, intended: Nanos(5) };
    (0..10).map(|sequence| pool.value(&stamp(sequence)).to_vec()).collect()
}

fn judge(records: &[Vec<u8>]) -> VerifyCounts {
    let mut ledger = Ledger::generated(pool(), SEED, 2);
    ledger.acknowledged(1, 0, 100, &[Span { first: 0, count: 5 }]);
    ledger.acknowledged(1, 0, 105, &[Span { first: 5, count: 5 }]);
    for (offset, value) in (100..).zip(records) {
        ledger.read(&ReadRecord { partition: 0, offset, key: None, value });
    }
    ledger.finish()
}

/// The counts of an intact topic of `read` records, to change by what should be found.
fn expect(read: u64, change: impl FnOnce(&mut VerifyCounts)) -> VerifyCounts {
    let mut counts = VerifyCounts { records_acked: 10, records_read: read, ..Default::default() };
    change(&mut counts);
    counts
}

#[test]
fn an_intact_topic_is_clean() {
    let counts = judge(&written());
    assert_eq!(counts, expect(10, |_| {}));
    assert_eq!(counts.wrong(false), 0);
}

#[test]
fn a_missing_record_is_lost() {
    let mut records = written();
    records.pop();
    assert_eq!(judge(&records), expect(9, |c| c.lost = 1));
}

#[test]
fn a_second_copy_is_duplicated() {
    let mut records = written();
    records.push(records[9].clone());
    assert_eq!(judge(&records), expect(11, |c| c.duplicated = 1));
}

#[test]
fn swapped_records_are_reordered() {
    let mut records = written();
    records.swap(7, 8);
    assert_eq!(judge(&records), expect(10, |c| c.reordered = 1));
}

#[test]
fn a_changed_byte_is_altered_and_a_changed_stamp_hides_the_record() {
    let mut records = written();
    records[3][40] ^= 1;
    assert_eq!(judge(&records), expect(10, |c| c.altered = 1));
    let mut records = written();
    records[3][9] ^= 1;
    assert_eq!(judge(&records), expect(10, |c| (c.altered, c.lost) = (1, 1)));
}

#[test]
fn a_record_of_another_partition_is_altered() {
    let mut ledger = Ledger::generated(pool(), SEED, 2);
    ledger.acknowledged(1, 7, -1, &[Span { first: 0, count: 1 }]);
    ledger.read(&ReadRecord { partition: 7, offset: 0, key: None, value: &written()[0] });
    assert_eq!(ledger.finish().altered, 1);
}

#[test]
fn records_away_from_their_acknowledged_offset_are_misplaced() {
    let mut records = written();
    records.remove(0);
    // The first is lost, and both batches begin one offset early.
    assert_eq!(judge(&records), expect(9, |c| (c.lost, c.misplaced) = (1, 2)));
}

#[test]
fn what_was_never_acknowledged_may_be_there_or_not() {
    let mut ledger = Ledger::generated(pool(), SEED, 2);
    ledger.acknowledged(1, 0, -1, &[Span { first: 0, count: 5 }]);
    for (offset, value) in (0..).zip(&written()[..7]) {
        ledger.read(&ReadRecord { partition: 0, offset, key: None, value });
    }
    let counts = ledger.finish();
    assert_eq!((counts.unacknowledged_present, counts.wrong(false)), (2, 0));
}

#[test]
fn lines_are_compared_as_a_multiset_with_order_per_key() {
    let text = "a\t1\nb\t1\na\t2\na\t1\nno key\n";
    let read = |records: &[(Option<&str>, &str)]| {
        let input = Rc::new(Input::new(text.into(), 1, None).unwrap());
        let mut ledger = Ledger::lines(input);
        ledger.acknowledged(0, 0, -1, &[Span { first: 0, count: 5 }]);
        for (offset, (key, value)) in (0..).zip(records) {
            let key = key.map(str::as_bytes);
            ledger.read(&ReadRecord { partition: 0, offset, key, value: value.as_bytes() });
        }
        let c = ledger.finish();
        [c.lost, c.duplicated, c.reordered, c.altered]
    };
    let (a, b, none) = (Some("a"), Some("b"), None);
    assert_eq!(read(&[(b, "1"), (a, "1"), (a, "2"), (none, "no key"), (a, "1")]), [0; 4]);
    assert_eq!(read(&[(a, "1"), (a, "2"), (b, "1"), (none, "no key")]), [1, 0, 0, 0]);
    assert_eq!(
        read(&[(a, "1"), (a, "2"), (a, "1"), (a, "2"), (b, "1"), (none, "no key")]),
        [0, 1, 0, 0]
    );
    assert_eq!(read(&[(a, "2"), (a, "1"), (a, "1"), (b, "1"), (none, "no key")]), [0, 0, 1, 0]);
    assert_eq!(read(&[(a, "1"), (a, "9"), (a, "1"), (b, "1"), (none, "no key")]), [1, 0, 0, 1]);
}
