//! Batches as a producer makes them, and records as a consumer sees them.

use headwater_protocol::batch::builder::{BatchBuilder, Producer};
use headwater_protocol::batch::compression::{Compression, records_of};
use headwater_protocol::batch::header::{self, BatchError};
use headwater_protocol::batch::record::records;

/// The time of most records in tests: 2023-11-14, long ago and not too long.
pub const THEN_MS: i64 = 1_700_000_000_000;

/// A batch of keys and values; none for a tombstone.
pub fn keyed<K: AsRef<[u8]>, V: AsRef<[u8]>>(
    compression: Compression,
    records: &[(K, Option<V>)],
) -> Vec<u8> {
    let mut builder = BatchBuilder::new(compression);
    for (key, value) in records {
        builder.push(THEN_MS, Some(key.as_ref()), value.as_ref().map(AsRef::as_ref));
    }
    builder.finish(Producer::NONE).to_vec()
}

/// A record as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its offset.
    pub offset: i64,
    /// Its time.
    pub timestamp_ms: i64,
    /// Its key; empty when it has none.
    pub key: Vec<u8>,
    /// Its value.
    pub value: Vec<u8>,
}

/// A batch of these values, from nobody in particular.
pub fn plain<V: AsRef<[u8]>>(values: &[V]) -> Vec<u8> {
    batch(Compression::None, Producer::NONE, values.iter().map(|value| (THEN_MS, value.as_ref())))
}

/// A batch of `records` records of about `value_bytes` each that differ by `salt`.
pub fn sized(records: usize, value_bytes: usize, salt: u64) -> Vec<u8> {
    let values: Vec<Vec<u8>> =
        (0..records).map(|n| filled(value_bytes, salt.wrapping_mul(1000) + n as u64)).collect();
    plain(&values)
}

/// A value of this size that no other number gives.
pub fn filled(bytes: usize, number: u64) -> Vec<u8> {
    let mut value = number.to_be_bytes().to_vec();
    value.resize(bytes.max(8), (number % 251) as u8);
    value
}

/// One batch of an idempotent producer.
pub fn sequenced<V: AsRef<[u8]>>(id: i64, epoch: i16, base_sequence: i32, values: &[V]) -> Vec<u8> {
    let producer = Producer { id, epoch, base_sequence };
    batch(Compression::None, producer, values.iter().map(|value| (THEN_MS, value.as_ref())))
}

/// A batch of these times and values.
pub fn batch<'a>(
    compression: Compression,
    producer: Producer,
    values: impl Iterator<Item = (i64, &'a [u8])>,
) -> Vec<u8> {
    let mut builder = BatchBuilder::new(compression);
    for (timestamp_ms, value) in values {
        builder.push(timestamp_ms, None, Some(value));
    }
    builder.finish(producer).to_vec()
}

/// All records of whole batches; a last batch that is cut off is left out, as consumers do.
pub fn read(bytes: &[u8]) -> Vec<Record> {
    let mut all = Vec::new();
    let mut scratch = Vec::new();
    for batch in header::batches(bytes) {
        let batch = match batch {
            Ok(batch) => batch,
            Err(BatchError::TornHeader { .. } | BatchError::TornBatch { .. }) => return all,
            Err(error) => panic!("after {} records: {error}", all.len()),
        };
        header::check(batch.bytes).expect("a sound batch");
        let payload = records_of(&batch, 64 << 20, &mut scratch).expect("records");
        for record in records(payload, batch.header.record_count) {
            let record = record.expect("a record");
            all.push(Record {
                offset: batch.header.base_offset + i64::from(record.offset_delta),
                timestamp_ms: batch.header.timestamp(record.timestamp_delta),
                key: record.key.unwrap_or_default().to_vec(),
                value: record.value.unwrap_or_default().to_vec(),
            });
        }
    }
    all
}
