//! Headers: positions, checks, patches, and every way a walk can end.

use super::*;
use crate::batch::builder::{BatchBuilder, Producer};
use crate::batch::compression::Compression;

fn batch(record_count: usize) -> Vec<u8> {
    let mut builder = BatchBuilder::new(Compression::None);
    for index in 0..record_count {
        builder.push(1_000 + index as i64, Some(b"key"), Some(b"value"));
    }
    builder.finish(Producer { id: 9, epoch: 1, base_sequence: 100 }).to_vec()
}

/// A change that keeps the checksum right, as a hostile producer would make it.
fn forged(at: usize, value: &[u8]) -> Vec<u8> {
    let mut bytes = batch(3);
    bytes[at..at + value.len()].copy_from_slice(value);
    set_crc(&mut bytes);
    bytes
}

#[test]
fn parses_what_was_built() {
    let bytes = batch(3);
    let header = validate(&bytes).unwrap();
    assert_eq!(header.total_bytes(), bytes.len());
    assert_eq!((header.base_offset, header.leader_epoch), (0, -1));
    assert_eq!((header.base_timestamp, header.max_timestamp), (1_000, 1_002));
    assert_eq!((header.record_count, header.last_offset_delta), (3, 2));
    assert_eq!((header.producer_id, header.producer_epoch), (9, 1));
    assert_eq!((header.base_sequence, header.last_sequence()), (100, 102));
    assert_eq!((header.last_offset(), header.next_offset()), (2, 3));
}

#[test]
fn sequence_numbers_wrap_to_zero() {
    let mut header = validate(&batch(3)).unwrap();
    header.base_sequence = i32::MAX - 1;
    assert_eq!(header.last_sequence(), 0);
    header.base_sequence = i32::MAX;
    assert_eq!(header.last_sequence(), 1);
}

#[test]
fn offset_and_epoch_are_patched_without_touching_the_checksum() {
    let mut bytes = batch(3);
    let before = validate(&bytes).unwrap();
    set_base_offset(&mut bytes, 1_000_000);
    set_leader_epoch(&mut bytes, 7);
    let after = validate(&bytes).unwrap();
    assert_eq!(after, BatchHeader { base_offset: 1_000_000, leader_epoch: 7, ..before });
    assert_eq!(after.last_offset(), 1_000_002);
}

#[test]
fn log_append_time_renews_the_checksum() {
    let mut bytes = batch(3);
    set_log_append_time(&mut bytes, 5_000);
    let header = validate(&bytes).unwrap();
    assert!(header.attributes.is_log_append_time);
    assert_eq!((header.base_timestamp, header.max_timestamp), (1_000, 5_000));
    assert_eq!(header.timestamp(1), 5_000);
}

#[test]
fn every_flipped_byte_is_found() {
    let good = batch(2);
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 0x40;
        let is_patched_by_broker =
            at < BATCH_LENGTH_AT || (LEADER_EPOCH_AT..MAGIC_AT).contains(&at);
        assert_eq!(check(&bytes).is_ok(), is_patched_by_broker, "byte {at}");
    }
}

#[test]
fn every_reason_has_its_name() {
    let bytes = batch(3);
    let needed = bytes.len();
    assert_eq!(check(&bytes[..60]), Err(BatchError::TornHeader { had: 60 }));
    let torn = BatchError::TornBatch { needed, had: needed - 1 };
    assert_eq!(check(&bytes[..needed - 1]), Err(torn));
    assert_eq!(check(&[0; 61]), Err(BatchError::ZeroFill));
    assert_eq!(check(&forged(MAGIC_AT, &[1])), Err(BatchError::BadMagic { magic: 1 }));
    for batch_length in [-1, 0, 48] {
        let bytes = forged(BATCH_LENGTH_AT, &i32::to_be_bytes(batch_length));
        assert_eq!(check(&bytes), Err(BatchError::BadLength { batch_length }));
    }
    let bytes = forged(ATTRIBUTES_AT, &[0, 5]);
    assert_eq!(check(&bytes), Err(BatchError::BadCompression { attributes: 5 }));
    let mut bytes = batch(3);
    bytes[needed - 1] ^= 1;
    assert!(matches!(check(&bytes), Err(BatchError::BadChecksum { .. })));
}

#[test]
fn producers_may_not_send_what_a_disk_may_hold() {
    let compacted = forged(LAST_OFFSET_DELTA_AT, &5i32.to_be_bytes());
    assert!(check(&compacted).is_ok());
    let reason = BatchError::BadOffsetDelta { last_offset_delta: 5, record_count: 3 };
    assert_eq!(validate(&compacted), Err(reason));
    for record_count in [0, -1, i32::MIN] {
        let emptied = forged(RECORD_COUNT_AT, &i32::to_be_bytes(record_count));
        assert!(check(&emptied).is_ok());
        assert_eq!(validate(&emptied), Err(BatchError::BadRecordCount { record_count }));
    }
    let no_sequence = forged(BASE_SEQUENCE_AT, &(-1i32).to_be_bytes());
    assert!(matches!(validate(&no_sequence), Err(BatchError::BadProducer { .. })));
}

/// As aiokafka and KafkaJS send it.
#[test]
fn a_sequence_without_a_producer_means_nothing() {
    let mut builder = BatchBuilder::new(Compression::None);
    builder.push(1, None, Some(b"v"));
    let plain = builder.finish(Producer { id: -1, epoch: -1, base_sequence: 0 }).to_vec();
    assert_eq!(validate(&plain).map(|header| header.producer_id), Ok(-1));
}

#[test]
fn walk_ends_cleanly_or_with_one_reason() {
    let (first, second) = (batch(1), batch(2));
    let both = [&first[..], &second].concat();
    let counts: Vec<_> = batches(&both).map(|b| b.unwrap().header.record_count).collect();
    assert_eq!(counts, [1, 2]);
    assert_eq!(batches(&[]).count(), 0);

    let torn = &both[..both.len() - 10];
    let mut walk = batches(torn);
    assert_eq!(walk.next().unwrap().unwrap().bytes, first);
    let had = second.len() - 10;
    assert_eq!(walk.next(), Some(Err(BatchError::TornBatch { needed: second.len(), had })));
    assert_eq!(walk.next(), None);

    let preallocated = [&both[..], &[0; 4096]].concat();
    assert_eq!(batches(&preallocated).last(), Some(Err(BatchError::ZeroFill)));
}
