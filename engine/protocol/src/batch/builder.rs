//! Builds a record batch as a producer sends it. Made to be reused: once its buffers have grown,
//! pushing a record allocates nothing and copies key and value once. Must not know when a batch is
//! due; that is linger and batch size, the client's business.
//!
//! ```
//! use headwater_protocol::batch::builder::{BatchBuilder, Producer};
//! use headwater_protocol::batch::compression::Compression;
//! use headwater_protocol::batch::header;
//!
//! let mut builder = BatchBuilder::new(Compression::Lz4);
//! builder.push(1_700_000_000_000, Some(b"LH 400"), Some(b"departed"));
//! let batch = builder.finish(Producer::NONE);
//! assert_eq!(header::validate(batch)?.record_count, 1);
//! # Ok::<(), header::BatchError>(())
//! ```

use super::attributes::Attributes;
use super::compression::{Compression, compress};
use super::header::{self, HEADER_BYTES, LEADER_EPOCH_AT, MAGIC};

/// Who produces, for batches of an idempotent or transactional producer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Producer {
    /// Producer id.
    pub id: i64,
    /// Producer epoch.
    pub epoch: i16,
    /// Sequence number of the first record of the batch.
    pub base_sequence: i32,
}

impl Producer {
    /// A producer that is neither idempotent nor transactional.
    pub const NONE: Self = Self { id: -1, epoch: -1, base_sequence: -1 };
}

/// A batch in the making.
#[derive(Debug, Clone)]
pub struct BatchBuilder {
    /// Room for the header, then records. The header is filled in when the batch is finished.
    plain: Vec<u8>,
    /// The same, compressed; unused without compression.
    packed: Vec<u8>,
    compression: Compression,
    record_count: u32,
    base_timestamp: i64,
    max_timestamp: i64,
}

/// The most that a record takes besides key, value and headers: five bytes for each varint of 32
/// bits, ten for the timestamp, one for attributes.
const RECORD_OVERHEAD_MAX: usize = 5 + 1 + 10 + 5 + 5 + 5 + 5;

impl BatchBuilder {
    /// An empty batch.
    pub fn new(compression: Compression) -> Self {
        Self {
            plain: vec![0; HEADER_BYTES],
            packed: Vec::new(),
            compression,
            record_count: 0,
            base_timestamp: 0,
            max_timestamp: i64::MIN,
        }
    }

    /// Adds a record without headers.
    #[inline]
    pub fn push(&mut self, timestamp_ms: i64, key: Option<&[u8]>, value: Option<&[u8]>) {
        self.push_with_headers(timestamp_ms, key, value, &[]);
    }

    /// Adds a record.
    ///
    /// # Panics
    ///
    /// If the record or the number of records does not fit 31 bits.
    pub fn push_with_headers(
        &mut self,
        timestamp_ms: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[(&[u8], Option<&[u8]>)],
    ) {
        if self.record_count == 0 {
            self.base_timestamp = timestamp_ms;
        }
        self.max_timestamp = self.max_timestamp.max(timestamp_ms);
        let timestamp_delta = timestamp_ms.wrapping_sub(self.base_timestamp);
        let offset_delta = i32::try_from(self.record_count).expect("fewer than 2^31 records");
        self.record_count += 1;

        let header_count = length_of(headers.len());
        let headers_bytes: usize =
            headers.iter().map(|(key, value)| bytes_size(Some(key)) + bytes_size(*value)).sum();
        let length = 1
            + varint_size(timestamp_delta)
            + varint_size(i64::from(offset_delta))
            + bytes_size(key)
            + bytes_size(value)
            + varint_size(i64::from(header_count))
            + headers_bytes;

        // Small fields are gathered on the stack: one append of a few bytes is cheaper than five of
        // one.
        let mut front = Front::new();
        front.varint(i64::from(length_of(length)));
        front.byte(0);
        front.varint(timestamp_delta);
        front.varint(i64::from(offset_delta));
        front.varint(bytes_length(key));
        self.plain.extend_from_slice(front.bytes());
        self.plain.extend_from_slice(key.unwrap_or_default());
        self.push_length(bytes_length(value));
        self.plain.extend_from_slice(value.unwrap_or_default());
        self.push_length(i64::from(header_count));
        for (key, value) in headers {
            self.push_length(bytes_length(Some(key)));
            self.plain.extend_from_slice(key);
            self.push_length(bytes_length(*value));
            self.plain.extend_from_slice(value.unwrap_or_default());
        }
    }

    /// Records so far.
    pub fn record_count(&self) -> u32 {
        self.record_count
    }

    /// True if nothing has been pushed.
    pub fn is_empty(&self) -> bool {
        self.record_count == 0
    }

    /// Bytes of the batch so far, header included, before compression.
    pub fn bytes(&self) -> usize {
        self.plain.len()
    }

    /// Bytes it would have at most, before compression, with one more record of these lengths and
    /// no headers. A client compares this with `batch.size`.
    pub fn bytes_with(&self, key_bytes: usize, value_bytes: usize) -> usize {
        self.plain.len() + RECORD_OVERHEAD_MAX + key_bytes + value_bytes
    }

    /// Fills in the header and returns the batch. More records may be pushed afterwards and the
    /// batch finished again; [`BatchBuilder::clear`] starts the next one.
    ///
    /// # Panics
    ///
    /// If nothing has been pushed: there is no such batch.
    pub fn finish(&mut self, producer: Producer) -> &[u8] {
        self.finish_with(producer, Attributes::default())
    }

    /// As [`BatchBuilder::finish`], with attributes: transactional, control. Their compression is
    /// that of the builder.
    ///
    /// # Panics
    ///
    /// If nothing has been pushed.
    pub fn finish_with(&mut self, producer: Producer, attributes: Attributes) -> &[u8] {
        assert!(self.record_count > 0, "a batch has at least one record");
        let attributes = Attributes { compression: self.compression, ..attributes };
        let (record_count, base_timestamp) = (self.record_count, self.base_timestamp);
        let max_timestamp = self.max_timestamp;
        let batch = self.pack();
        let batch_length = length_of(batch.len() - LEADER_EPOCH_AT);
        put(batch, header::BASE_OFFSET_AT, 0i64.to_be_bytes());
        put(batch, header::BATCH_LENGTH_AT, batch_length.to_be_bytes());
        put(batch, header::LEADER_EPOCH_AT, (-1i32).to_be_bytes());
        put(batch, header::MAGIC_AT, MAGIC.to_be_bytes());
        put(batch, header::ATTRIBUTES_AT, attributes.bits().to_be_bytes());
        put(batch, header::LAST_OFFSET_DELTA_AT, (record_count - 1).to_be_bytes());
        put(batch, header::BASE_TIMESTAMP_AT, base_timestamp.to_be_bytes());
        put(batch, header::MAX_TIMESTAMP_AT, max_timestamp.to_be_bytes());
        put(batch, header::PRODUCER_ID_AT, producer.id.to_be_bytes());
        put(batch, header::PRODUCER_EPOCH_AT, producer.epoch.to_be_bytes());
        put(batch, header::BASE_SEQUENCE_AT, producer.base_sequence.to_be_bytes());
        put(batch, header::RECORD_COUNT_AT, record_count.to_be_bytes());
        header::set_crc(batch);
        batch
    }

    /// Drops the records and keeps the memory.
    pub fn clear(&mut self) {
        self.plain.truncate(HEADER_BYTES);
        self.record_count = 0;
        self.max_timestamp = i64::MIN;
    }

    /// The batch with its records as they will be sent and room for the header.
    fn pack(&mut self) -> &mut [u8] {
        if self.compression == Compression::None {
            return &mut self.plain;
        }
        self.packed.clear();
        self.packed.resize(HEADER_BYTES, 0);
        compress(self.compression, &self.plain[HEADER_BYTES..], &mut self.packed);
        &mut self.packed
    }

    #[inline]
    fn push_length(&mut self, length: i64) {
        // One byte holds lengths from -64 to 63, most keys and all header counts.
        let mut front = Front::new();
        front.varint(length);
        self.plain.extend_from_slice(front.bytes());
    }
}

/// Bytes gathered on the stack.
struct Front {
    bytes: [u8; RECORD_OVERHEAD_MAX],
    length: usize,
}

impl Front {
    #[inline]
    fn new() -> Self {
        Self { bytes: [0; RECORD_OVERHEAD_MAX], length: 0 }
    }

    #[inline]
    fn byte(&mut self, byte: u8) {
        self.bytes[self.length] = byte;
        self.length += 1;
    }

    #[inline]
    fn varint(&mut self, value: i64) {
        let mut rest = zigzag(value);
        while rest > 0x7f {
            self.byte(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.byte(rest as u8);
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

#[inline]
fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

#[inline]
pub(super) fn varint_size(value: i64) -> usize {
    let bits = 64 - (zigzag(value) | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

#[inline]
fn bytes_size(bytes: Option<&[u8]>) -> usize {
    varint_size(bytes_length(bytes)) + bytes.map_or(0, <[u8]>::len)
}

/// Length on the wire: -1 for null.
#[inline]
fn bytes_length(bytes: Option<&[u8]>) -> i64 {
    bytes.map_or(-1, |bytes| i64::from(length_of(bytes.len())))
}

#[inline]
fn length_of(length: usize) -> i32 {
    i32::try_from(length).expect("lengths in a batch have 31 bits")
}

fn put<const N: usize>(batch: &mut [u8], at: usize, value: [u8; N]) {
    batch[at..at + N].copy_from_slice(&value);
}

#[cfg(test)]
mod tests;
