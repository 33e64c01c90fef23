//! A batch of which only some records are kept, as compaction writes it. Offsets never change: base offset and
//! last offset delta stay, and so do the producer's sequence numbers, which follow from them.
//!
//! A batch without any record left may be kept for what its header says. Must not know which records go.

use super::attributes::Attributes;
use super::builder::varint_size;
use super::compression::{Compression, compress};
use super::header::{self, BatchHeader, HEADER_BYTES, LEADER_EPOCH_AT};
use super::record::Record;

/// The time of a batch that has no records.
const NO_TIMESTAMP: i64 = -1;

/// A batch with these records of the one that `original` opened, compressed as that was. With a delete horizon
/// (KIP-534) it has that as its base timestamp, and says so.
///
/// # Panics
///
/// If there are none, or if they do not fit 31 bits.
pub fn retain(
    original: &BatchHeader,
    records: &[Record<'_>],
    delete_horizon_ms: Option<i64>,
) -> Vec<u8> {
    let timestamp = |record: &Record<'_>| original.timestamp(record.timestamp_delta);
    let first = records.first().expect("a batch without records is made by `retain_none`");
    let base_timestamp = delete_horizon_ms.unwrap_or_else(|| timestamp(first));
    let latest = records.iter().map(timestamp).max().unwrap_or(NO_TIMESTAMP);
    let is_log_append_time = original.attributes.is_log_append_time;
    let max_timestamp = if is_log_append_time { original.max_timestamp } else { latest };
    let mut plain = Vec::new();
    for record in records {
        push(&mut plain, record, timestamp(record).wrapping_sub(base_timestamp));
    }
    let mut batch = vec![0; HEADER_BYTES];
    compress(original.attributes.compression, &plain, &mut batch);
    let has_delete_horizon = delete_horizon_ms.is_some();
    let header = BatchHeader {
        attributes: Attributes { has_delete_horizon, ..original.attributes },
        base_timestamp,
        max_timestamp,
        record_count: i32::try_from(records.len()).expect("records of one batch"),
        ..*original
    };
    finish(batch, header)
}

/// The header of the batch that `original` opened, as a batch without records.
pub fn retain_none(original: &BatchHeader) -> Vec<u8> {
    let attributes = Attributes {
        compression: Compression::None,
        has_delete_horizon: false,
        ..original.attributes
    };
    let header =
        BatchHeader { attributes, base_timestamp: NO_TIMESTAMP, record_count: 0, ..*original };
    finish(vec![0; HEADER_BYTES], header)
}

/// Puts the header before the records that `batch` has room for it before.
fn finish(mut batch: Vec<u8>, header: BatchHeader) -> Vec<u8> {
    let batch_length = u32::try_from(batch.len() - LEADER_EPOCH_AT).expect("31 bits");
    header::write(&BatchHeader { batch_length, ..header }, &mut batch);
    header::set_crc(&mut batch);
    batch
}

fn push(out: &mut Vec<u8>, record: &Record<'_>, timestamp_delta: i64) {
    let key = record.key.map_or(0, <[u8]>::len);
    let value = record.value.map_or(0, <[u8]>::len);
    let (key_length, value_length) = (length(record.key), length(record.value));
    let (headers, offset_delta) = (record.headers.len() as i64, i64::from(record.offset_delta));
    let varints = [timestamp_delta, offset_delta, key_length, value_length, headers];
    let varint_bytes: usize = varints.into_iter().map(varint_size).sum();
    let bytes = 1 + varint_bytes + key + value + record.headers.raw().len();
    varint(out, bytes as i64);
    // Attributes of a record: none are defined.
    out.push(0);
    varint(out, timestamp_delta);
    varint(out, offset_delta);
    varint(out, key_length);
    out.extend_from_slice(record.key.unwrap_or_default());
    varint(out, value_length);
    out.extend_from_slice(record.value.unwrap_or_default());
    varint(out, headers);
    out.extend_from_slice(record.headers.raw());
}

/// Length on the wire: -1 for null.
fn length(bytes: Option<&[u8]>) -> i64 {
    bytes.map_or(-1, |bytes| bytes.len() as i64)
}

fn varint(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest > 0x7f {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::builder::{BatchBuilder, Producer};
    use crate::batch::compression::records_of;
    use crate::batch::header::Batch;
    use crate::batch::record::records;

    const PRODUCER: Producer = Producer { id: 7, epoch: 2, base_sequence: 40 };
    type Headers = [(&'static [u8], Option<&'static [u8]>)];
    const HEADERS: &Headers = &[(b"h", Some(b"x")), (b"none", None)];

    fn batch(compression: Compression) -> Vec<u8> {
        let mut builder = BatchBuilder::new(compression);
        for n in 0..5_i64 {
            let key = format!("key {n}");
            let value = (n != 3).then_some(&b"a value"[..]);
            builder.push_with_headers(1_000 + 200 * n, Some(key.as_bytes()), value, HEADERS);
        }
        let mut bytes = builder.finish(PRODUCER).to_vec();
        header::set_base_offset(&mut bytes, 1_000_000);
        header::set_leader_epoch(&mut bytes, 9);
        bytes
    }

    #[test]
    fn what_is_kept_has_its_old_offset_time_and_headers() {
        for compression in Compression::ALL {
            for horizon in [None, Some(77_000)] {
                let bytes = batch(compression);
                let original = header::check(&bytes).unwrap();
                let mut scratch = Vec::new();
                let whole = Batch { header: original, bytes: &bytes };
                let all = records_of(&whole, 1 << 20, &mut scratch).unwrap();
                let all: Vec<_> = records(all, 5).map(Result::unwrap).collect();
                let kept = [all[1].clone(), all[3].clone()];
                let made = retain(&original, &kept, horizon);
                let header = header::check(&made).unwrap();
                let expected = BatchHeader {
                    batch_length: header.batch_length,
                    crc: header.crc,
                    base_timestamp: horizon.unwrap_or(1_200),
                    max_timestamp: 1_600,
                    record_count: 2,
                    attributes: Attributes {
                        compression,
                        has_delete_horizon: horizon.is_some(),
                        ..Attributes::default()
                    },
                    ..original
                };
                assert_eq!(header, expected);
                assert_eq!((header.next_offset(), header.last_sequence()), (1_000_005, 44));
                let mut scratch = Vec::new();
                let read = Batch { header, bytes: &made };
                let read = records_of(&read, 1 << 20, &mut scratch).unwrap();
                let read: Vec<_> = records(read, 2).map(Result::unwrap).collect();
                for (was, is) in kept.iter().zip(&read) {
                    assert_eq!((was.key, was.value), (is.key, is.value));
                    assert_eq!((was.offset_delta, &was.headers), (is.offset_delta, &is.headers));
                    let time = original.timestamp(was.timestamp_delta);
                    assert_eq!(header.timestamp(is.timestamp_delta), time);
                }
            }
        }
    }

    #[test]
    fn a_batch_without_records_keeps_offsets_and_sequence_numbers() {
        let original = header::check(&batch(Compression::Lz4)).unwrap();
        let made = retain_none(&original);
        let header = header::check(&made).unwrap();
        assert_eq!((made.len(), header.record_count), (HEADER_BYTES, 0));
        assert_eq!(header.attributes, Attributes::default());
        assert_eq!((header.base_offset, header.next_offset()), (1_000_000, 1_000_005));
        assert_eq!((header.producer_id, header.base_sequence), (7, 40));
        assert_eq!((header.base_timestamp, header.max_timestamp), (-1, 1_800));
    }
}
