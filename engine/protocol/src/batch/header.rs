//! The 61 bytes that open a record batch: parse, check, patch in place, and walk from one batch to
//! the next.
//!
//! The broker never re-encodes a batch: it validates what a producer sent and patches two fields
//! that the checksum does not cover. Only a topic with log append time costs a second pass over the
//! bytes.

use super::attributes::{Attributes, LOG_APPEND_TIME};
use std::fmt;

/// Where base offset starts.
pub const BASE_OFFSET_AT: usize = 0;
/// Where batch length starts.
pub const BATCH_LENGTH_AT: usize = BASE_OFFSET_AT + 8;
/// Where leader epoch starts. Batch length counts from here.
pub const LEADER_EPOCH_AT: usize = BATCH_LENGTH_AT + 4;
/// Where magic is.
pub const MAGIC_AT: usize = LEADER_EPOCH_AT + 4;
/// Where the checksum starts.
pub const CRC_AT: usize = MAGIC_AT + 1;
/// Where attributes start. The checksum covers everything from here.
pub const ATTRIBUTES_AT: usize = CRC_AT + 4;
/// Where last offset delta starts.
pub const LAST_OFFSET_DELTA_AT: usize = ATTRIBUTES_AT + 2;
/// Where base timestamp starts.
pub const BASE_TIMESTAMP_AT: usize = LAST_OFFSET_DELTA_AT + 4;
/// Where max timestamp starts.
pub const MAX_TIMESTAMP_AT: usize = BASE_TIMESTAMP_AT + 8;
/// Where producer id starts.
pub const PRODUCER_ID_AT: usize = MAX_TIMESTAMP_AT + 8;
/// Where producer epoch starts.
pub const PRODUCER_EPOCH_AT: usize = PRODUCER_ID_AT + 8;
/// Where base sequence starts.
pub const BASE_SEQUENCE_AT: usize = PRODUCER_EPOCH_AT + 2;
/// Where record count starts.
pub const RECORD_COUNT_AT: usize = BASE_SEQUENCE_AT + 4;
/// Bytes of the header; records follow.
pub const HEADER_BYTES: usize = RECORD_COUNT_AT + 4;

/// The only message format since Kafka 4, and the only one here.
pub const MAGIC: i8 = 2;

/// Least value of batch length: a batch without records.
const BATCH_LENGTH_MIN: usize = HEADER_BYTES - LEADER_EPOCH_AT;

const _: () = assert!(HEADER_BYTES == 61 && ATTRIBUTES_AT == 21);

/// The header of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchHeader {
    /// Offset of the first record. 0 from a producer, until the broker sets it.
    pub base_offset: i64,
    /// Bytes after this field; see [`BatchHeader::total_bytes`].
    pub batch_length: u32,
    /// Epoch of the leader that appended the batch; -1 from a producer.
    pub leader_epoch: i32,
    /// CRC32C from attributes to the end.
    pub crc: u32,
    /// Compression, kind of timestamp, transaction, control.
    pub attributes: Attributes,
    /// Offset of the last record, counted from the base offset. Compaction leaves it as it was.
    pub last_offset_delta: i32,
    /// Timestamps of records count from this one.
    pub base_timestamp: i64,
    /// Highest timestamp of a record, or the time of the append.
    pub max_timestamp: i64,
    /// -1 if the producer is not idempotent.
    pub producer_id: i64,
    /// -1 if the producer is not idempotent.
    pub producer_epoch: i16,
    /// Sequence number of the first record, -1 if the producer is not idempotent.
    pub base_sequence: i32,
    /// Records in the batch. Less than last offset delta + 1 after compaction.
    pub record_count: i32,
}

/// Why bytes are not a batch. As the end of a walk over a file it tells a clean tail from damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchError {
    /// The bytes end inside the header.
    TornHeader {
        /// Bytes that are there.
        had: usize,
    },
    /// The header is all zeros: a preallocated file that was not written so far.
    ZeroFill,
    /// The bytes end inside the records.
    TornBatch {
        /// Bytes the batch has, by its length field.
        needed: usize,
        /// Bytes that are there.
        had: usize,
    },
    /// The length field is too small for a batch, or negative.
    BadLength {
        /// The value found.
        batch_length: i32,
    },
    /// Another message format, or not a batch at all.
    BadMagic {
        /// The value found.
        magic: i8,
    },
    /// The attributes name a compression that does not exist.
    BadCompression {
        /// The value found.
        attributes: i16,
    },
    /// The bytes are not those that were sent.
    BadChecksum {
        /// What the header says.
        stored: u32,
        /// What the bytes give.
        computed: u32,
    },
    /// A count that no producer sends: none, or negative.
    BadRecordCount {
        /// The value found.
        record_count: i32,
    },
    /// Offsets from a producer must be without gaps.
    BadOffsetDelta {
        /// The value found.
        last_offset_delta: i32,
        /// One more than it should be.
        record_count: i32,
    },
    /// The sequence number and the producer's identity contradict each other.
    BadProducer {
        /// Producer id.
        producer_id: i64,
        /// Producer epoch.
        producer_epoch: i16,
        /// Base sequence.
        base_sequence: i32,
    },
}

impl BatchHeader {
    /// Reads the header at the start of `bytes`. Checks what can be checked without the records.
    pub fn parse(bytes: &[u8]) -> Result<Self, BatchError> {
        let Some(header) = bytes.first_chunk::<HEADER_BYTES>() else {
            return Err(BatchError::TornHeader { had: bytes.len() });
        };
        let magic = header[MAGIC_AT] as i8;
        if magic != MAGIC {
            let is_zero = header.iter().all(|byte| *byte == 0);
            return Err(if is_zero {
                BatchError::ZeroFill
            } else {
                BatchError::BadMagic { magic }
            });
        }
        let batch_length = i32::from_be_bytes(field(header, BATCH_LENGTH_AT));
        let bits = i16::from_be_bytes(field(header, ATTRIBUTES_AT));
        Ok(Self {
            base_offset: i64::from_be_bytes(field(header, BASE_OFFSET_AT)),
            batch_length: u32::try_from(batch_length)
                .ok()
                .filter(|length| *length as usize >= BATCH_LENGTH_MIN)
                .ok_or(BatchError::BadLength { batch_length })?,
            leader_epoch: i32::from_be_bytes(field(header, LEADER_EPOCH_AT)),
            crc: u32::from_be_bytes(field(header, CRC_AT)),
            attributes: Attributes::from_bits(bits)
                .ok_or(BatchError::BadCompression { attributes: bits })?,
            last_offset_delta: i32::from_be_bytes(field(header, LAST_OFFSET_DELTA_AT)),
            base_timestamp: i64::from_be_bytes(field(header, BASE_TIMESTAMP_AT)),
            max_timestamp: i64::from_be_bytes(field(header, MAX_TIMESTAMP_AT)),
            producer_id: i64::from_be_bytes(field(header, PRODUCER_ID_AT)),
            producer_epoch: i16::from_be_bytes(field(header, PRODUCER_EPOCH_AT)),
            base_sequence: i32::from_be_bytes(field(header, BASE_SEQUENCE_AT)),
            record_count: i32::from_be_bytes(field(header, RECORD_COUNT_AT)),
        })
    }

    /// Bytes of the whole batch.
    pub fn total_bytes(&self) -> usize {
        LEADER_EPOCH_AT + self.batch_length as usize
    }

    /// Offset of the last record.
    pub fn last_offset(&self) -> i64 {
        self.base_offset.wrapping_add(i64::from(self.last_offset_delta))
    }

    /// Offset after the last record.
    pub fn next_offset(&self) -> i64 {
        self.last_offset().wrapping_add(1)
    }

    /// Sequence number of the last record, -1 if the producer is not idempotent. Sequence numbers
    /// go from 2^31 - 1 to 0.
    pub fn last_sequence(&self) -> i32 {
        match self.base_sequence {
            ..0 => -1,
            base => base.wrapping_add(self.last_offset_delta) & i32::MAX,
        }
    }

    /// Timestamp of a record, from its delta.
    pub fn timestamp(&self, timestamp_delta: i64) -> i64 {
        match self.attributes.is_log_append_time {
            true => self.max_timestamp,
            false => self.base_timestamp.wrapping_add(timestamp_delta),
        }
    }
}

/// Checks the batch at the start of `bytes` as it may lie on a disk: whole, and with the right
/// checksum.
pub fn check(bytes: &[u8]) -> Result<BatchHeader, BatchError> {
    let header = BatchHeader::parse(bytes)?;
    let batch = whole(&header, bytes)?;
    let computed = crc32c::crc32c(&batch[ATTRIBUTES_AT..]);
    match computed == header.crc {
        true => Ok(header),
        false => Err(BatchError::BadChecksum { stored: header.crc, computed }),
    }
}

/// Checks the batch at the start of `bytes` as a producer may send it: [`check`], offsets without
/// gaps, and a producer with a sequence number or none at all. Left to the caller: that no more
/// bytes follow (see [`batches`]), that a client does not send control batches, and what is inside
/// the records.
pub fn validate(bytes: &[u8]) -> Result<BatchHeader, BatchError> {
    let header = check(bytes)?;
    let BatchHeader { record_count, last_offset_delta, .. } = header;
    if record_count <= 0 {
        return Err(BatchError::BadRecordCount { record_count });
    }
    if last_offset_delta != record_count - 1 {
        return Err(BatchError::BadOffsetDelta { last_offset_delta, record_count });
    }
    let BatchHeader { producer_id, producer_epoch, base_sequence, .. } = header;
    let is_idempotent = producer_id >= 0 && producer_epoch >= 0 && base_sequence >= 0;
    // Without an id the other two mean nothing: aiokafka and KafkaJS send sequence 0. An id alone, without
    // sequence, is what the broker's own control batches have.
    let is_plain = producer_id == -1 || (base_sequence == -1 && header.attributes.is_control);
    if !is_idempotent && !is_plain {
        return Err(BatchError::BadProducer { producer_id, producer_epoch, base_sequence });
    }
    Ok(header)
}

/// Writes a header to the start of `batch`, checksum and all: [`set_crc`] sets that once the records are there.
pub fn write(header: &BatchHeader, batch: &mut [u8]) {
    put(batch, BASE_OFFSET_AT, header.base_offset.to_be_bytes());
    put(batch, BATCH_LENGTH_AT, header.batch_length.to_be_bytes());
    put(batch, LEADER_EPOCH_AT, header.leader_epoch.to_be_bytes());
    put(batch, MAGIC_AT, MAGIC.to_be_bytes());
    put(batch, CRC_AT, header.crc.to_be_bytes());
    put(batch, ATTRIBUTES_AT, header.attributes.bits().to_be_bytes());
    put(batch, LAST_OFFSET_DELTA_AT, header.last_offset_delta.to_be_bytes());
    put(batch, BASE_TIMESTAMP_AT, header.base_timestamp.to_be_bytes());
    put(batch, MAX_TIMESTAMP_AT, header.max_timestamp.to_be_bytes());
    put(batch, PRODUCER_ID_AT, header.producer_id.to_be_bytes());
    put(batch, PRODUCER_EPOCH_AT, header.producer_epoch.to_be_bytes());
    put(batch, BASE_SEQUENCE_AT, header.base_sequence.to_be_bytes());
    put(batch, RECORD_COUNT_AT, header.record_count.to_be_bytes());
}

/// Sets the offset of the first record. The checksum does not cover it.
pub fn set_base_offset(batch: &mut [u8], base_offset: i64) {
    batch[BASE_OFFSET_AT..BASE_OFFSET_AT + 8].copy_from_slice(&base_offset.to_be_bytes());
}

/// Sets the epoch of the appending leader. The checksum does not cover it.
pub fn set_leader_epoch(batch: &mut [u8], leader_epoch: i32) {
    batch[LEADER_EPOCH_AT..LEADER_EPOCH_AT + 4].copy_from_slice(&leader_epoch.to_be_bytes());
}

/// Gives all records the time of the append, for topics configured so, and renews the checksum.
/// `batch` must be exactly one batch.
pub fn set_log_append_time(batch: &mut [u8], timestamp_ms: i64) {
    let bits = i16::from_be_bytes(field(batch, ATTRIBUTES_AT)) | LOG_APPEND_TIME;
    batch[ATTRIBUTES_AT..ATTRIBUTES_AT + 2].copy_from_slice(&bits.to_be_bytes());
    batch[MAX_TIMESTAMP_AT..MAX_TIMESTAMP_AT + 8].copy_from_slice(&timestamp_ms.to_be_bytes());
    set_crc(batch);
}

/// Computes and stores the checksum. `batch` must be exactly one batch.
pub fn set_crc(batch: &mut [u8]) {
    let crc = crc32c::crc32c(&batch[ATTRIBUTES_AT..]);
    batch[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_be_bytes());
}

/// A batch and its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch<'a> {
    /// The header.
    pub header: BatchHeader,
    /// The whole batch, header included.
    pub bytes: &'a [u8],
}

impl<'a> Batch<'a> {
    /// The records, as they are stored: perhaps compressed.
    pub fn stored_records(&self) -> &'a [u8] {
        &self.bytes[HEADER_BYTES..]
    }
}

/// Walks batches that lie one after the other. Does not look at checksums.
#[derive(Debug, Clone)]
pub struct Batches<'a> {
    rest: &'a [u8],
}

/// Walks the batches in `bytes`. Ends with `None` if the last one ends where the bytes do,
/// otherwise with one error that says what is there instead. A fetched set may end in a torn batch:
/// brokers cut at the byte limit.
pub fn batches(bytes: &[u8]) -> Batches<'_> {
    Batches { rest: bytes }
}

impl<'a> Iterator for Batches<'a> {
    type Item = Result<Batch<'a>, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let batch = BatchHeader::parse(self.rest).and_then(|header| {
            let bytes = whole(&header, self.rest)?;
            Ok(Batch { header, bytes })
        });
        // After an error there is no telling where the next batch starts.
        self.rest = batch.as_ref().map_or(&[], |batch| &self.rest[batch.bytes.len()..]);
        Some(batch)
    }
}

fn whole<'a>(header: &BatchHeader, bytes: &'a [u8]) -> Result<&'a [u8], BatchError> {
    let (needed, had) = (header.total_bytes(), bytes.len());
    bytes.get(..needed).ok_or(BatchError::TornBatch { needed, had })
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("a slice of N bytes")
}

fn put<const N: usize>(batch: &mut [u8], at: usize, value: [u8; N]) {
    batch[at..at + N].copy_from_slice(&value);
}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TornHeader { had } => {
                write!(f, "batch header is torn: {had} of {HEADER_BYTES} bytes")
            }
            Self::ZeroFill => write!(f, "zeros instead of a batch"),
            Self::TornBatch { needed, had } => {
                write!(f, "batch is torn: {had} of {needed} bytes")
            }
            Self::BadLength { batch_length } => write!(f, "batch length is {batch_length}"),
            Self::BadMagic { magic } => write!(f, "batch magic is {magic}, only {MAGIC} is known"),
            Self::BadCompression { attributes } => {
                write!(f, "batch attributes {attributes:#06x} name no known compression")
            }
            Self::BadChecksum { stored, computed } => {
                write!(f, "batch checksum is {computed:#010x}, its header says {stored:#010x}")
            }
            Self::BadRecordCount { record_count } => {
                write!(f, "batch claims {record_count} records")
            }
            Self::BadOffsetDelta { last_offset_delta, record_count } => {
                write!(
                    f,
                    "batch has last offset delta {last_offset_delta} for {record_count} records"
                )
            }
            Self::BadProducer { producer_id, producer_epoch, base_sequence } => write!(
                f,
                "batch has producer id {producer_id}, epoch {producer_epoch}, sequence {base_sequence}"
            ),
        }
    }
}

impl std::error::Error for BatchError {}

#[cfg(test)]
mod tests;
