//! Records byte for byte, there and back, and what must not pass.

use super::super::requests::TopicPartition;
use super::*;

fn ongoing() -> Transaction {
    let partitions = [("b", 1), ("a", 7), ("a", 0)].map(|(t, p)| TopicPartition::new(t, p));
    Transaction {
        state: TransactionState::Ongoing,
        producer: ProducerIdAndEpoch::new(0x0102, 3),
        previous_producer_id: 0x0102,
        next_producer_id: NO_ID,
        last_producer_epoch: NO_EPOCH,
        timeout_ms: 60_000,
        partitions: partitions.into_iter().collect(),
        started_ms: 1000,
        updated_ms: 2000,
        client: TransactionVersion::V2,
    }
}

/// Written down by hand from Kafka's schema.
#[rustfmt::skip]
const ONGOING: &[u8] = &[
    0, 1,                            // version
    0, 0, 0, 0, 0, 0, 1, 2,          // producer id
    0, 3,                            // producer epoch
    0, 0, 0xea, 0x60,                // timeout
    1,                               // ongoing
    3,                               // two topics
    2, b'a', 3, 0, 0, 0, 0, 0, 0, 0, 7, 0,
    2, b'b', 2, 0, 0, 0, 1, 0,
    0, 0, 0, 0, 0, 0, 0x07, 0xd0,    // updated
    0, 0, 0, 0, 0, 0, 0x03, 0xe8,    // started
    2,                               // two tags
    0, 8, 0, 0, 0, 0, 0, 0, 1, 2,    // previous producer id
    2, 2, 0, 2,                      // client's version
];

#[test]
fn bytes_are_kafkas() {
    let record = encode("tx", Some(&ongoing()));
    assert_eq!(&record.key[..], [0, 0, 0, 2, b't', b'x']);
    assert_eq!(record.value.as_deref(), Some(ONGOING));
    assert_eq!(record.bytes(), 6 + ONGOING.len());
    assert_eq!(decode(&record.key, None), Ok(Said::Gone("tx".to_owned())));
    assert_eq!(encode("tx", None), Record { key: record.key, value: None });
}

#[test]
fn every_field_comes_back() {
    let mut all = vec![ongoing()];
    for state in [TransactionState::PrepareCommit, TransactionState::PrepareAbort] {
        all.push(Transaction { state, next_producer_id: 9, ..ongoing() });
    }
    for state in [TransactionState::CompleteCommit, TransactionState::CompleteAbort] {
        all.push(Transaction { state, partitions: [].into(), ..ongoing() });
    }
    let client = TransactionVersion::V0;
    all.push(Transaction::unborn(5, 1).initialised(ProducerIdAndEpoch::new(5, 0), NO_EPOCH, 1, 2));
    all.push(Transaction { client, previous_producer_id: NO_ID, ..ongoing() });
    for transaction in all {
        let Record { key, value } = encode("tx", Some(&transaction));
        let said = decode(&key, value.as_deref());
        assert_eq!(said, Ok(Said::Is("tx".to_owned(), Box::new(transaction))));
    }
}

#[test]
fn the_record_leaves_out_the_last_epoch_as_kafkas_does() {
    let with = Transaction { last_producer_epoch: 2, ..ongoing() };
    assert_eq!(encode("tx", Some(&with)), encode("tx", Some(&ongoing())));
}

#[test]
fn version_0_is_read() {
    #[rustfmt::skip]
    let value = [
        0, 0,
        0, 0, 0, 0, 0, 0, 1, 2,   0, 3,   0, 0, 0xea, 0x60,   1,
        0, 0, 0, 2,
        0, 1, b'a',   0, 0, 0, 2,   0, 0, 0, 0,   0, 0, 0, 7,
        0, 1, b'b',   0, 0, 0, 1,   0, 0, 0, 1,
        0, 0, 0, 0, 0, 0, 0x07, 0xd0,
        0, 0, 0, 0, 0, 0, 0x03, 0xe8,
    ];
    let client = TransactionVersion::V0;
    let expected = Transaction { client, previous_producer_id: NO_ID, ..ongoing() };
    let said = decode(&encode("tx", None).key, Some(&value));
    assert_eq!(said, Ok(Said::Is("tx".to_owned(), Box::new(expected))));
}

#[test]
fn what_cannot_be_read_is_an_error_with_facts() {
    let key = encode("tx", None).key;
    for length in 0..ONGOING.len() {
        let error = decode(&key, Some(&ONGOING[..length])).unwrap_err();
        assert!(matches!(error, Unreadable::Value { .. }), "{length}: {error}");
        assert!(error.to_string().contains("\"tx\""), "{error}");
    }
    for length in 0..key.len() {
        assert!(matches!(decode(&key[..length], None), Err(Unreadable::Key(_))), "{length}");
    }
    let with = |at: usize, byte: u8| {
        let mut value = ONGOING.to_vec();
        value[at] = byte;
        decode(&key, Some(&value)).unwrap_err()
    };
    let transactional_id = || "tx".to_owned();
    assert_eq!(
        with(1, 2),
        Unreadable::ValueVersion { transactional_id: transactional_id(), version: 2 }
    );
    for id in [6, 7, 8] {
        let expected = Unreadable::State { transactional_id: transactional_id(), id };
        assert_eq!(with(16, id as u8), expected);
    }
    let last = ONGOING.len() - 1;
    let expected = Unreadable::ClientVersion { transactional_id: transactional_id(), level: 3 };
    assert_eq!(with(last, 3), expected);
}

#[test]
fn keys_of_a_later_kafka_are_passed_over() {
    assert_eq!(decode(&[0, 1, 99], Some(&[1])), Ok(Said::Unknown(1)));
}

#[test]
fn tags_of_a_later_kafka_are_passed_over() {
    let mut value = ONGOING.to_vec();
    let tags = value.len() - (1 + 10 + 4);
    value[tags] = 3;
    value.extend([3, 2, 0, 9]);
    let said = decode(&encode("tx", None).key, Some(&value));
    assert_eq!(said, Ok(Said::Is("tx".to_owned(), Box::new(ongoing()))));
}
