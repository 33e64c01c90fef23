//! What a producer sent for one partition, checked and ready to be appended.

use bytes::Bytes;
use headwater_protocol::batch::compression::Compression;
use headwater_protocol::batch::control::{Marker, marker_batch};
use headwater_protocol::batch::header::{self, BatchError, BatchHeader};

use super::producers::transactions::MarkerOf;

/// One or more whole batches whose checksums hold.
#[derive(Clone, Debug)]
pub struct RecordSet {
    bytes: Bytes,
    batches: Vec<BatchHeader>,
}

/// Why bytes are no record set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordSetError {
    /// Nothing was sent.
    Empty,
    /// A batch is not sound.
    Batch(BatchError),
    /// A batch is larger than the topic allows.
    TooLarge {
        /// Its size in bytes.
        bytes: usize,
        /// What is allowed.
        most: usize,
    },
    /// It claims more records than can be in it.
    Count {
        /// What it claims.
        records: i32,
    },
    /// A client may not send control batches.
    Control,
    /// A transactional batch of nobody.
    NoProducer,
}

impl RecordSet {
    /// Checks every batch in `bytes`: shape, checksum, size.
    pub fn check(bytes: Bytes, batch_bytes_max: usize) -> Result<Self, RecordSetError> {
        let mut batches = Vec::with_capacity(1);
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let header = header::validate(rest).map_err(RecordSetError::Batch)?;
            let size = header.total_bytes();
            if size > batch_bytes_max {
                return Err(RecordSetError::TooLarge { bytes: size, most: batch_bytes_max });
            }
            if header.record_count as usize > records_max(&header) {
                return Err(RecordSetError::Count { records: header.record_count });
            }
            if header.attributes.is_control {
                return Err(RecordSetError::Control);
            }
            if header.attributes.is_transactional && header.producer_id < 0 {
                return Err(RecordSetError::NoProducer);
            }
            rest = &rest[size..];
            batches.push(header);
        }
        if batches.is_empty() {
            Err(RecordSetError::Empty)
        } else {
            Ok(RecordSet { bytes, batches })
        }
    }

    /// A batch that the broker has made itself: it may be a control batch, and may lack a client's sequence
    /// numbers.
    ///
    /// # Panics
    /// If it is not sound.
    pub fn own(bytes: Bytes) -> Self {
        let header = header::check(&bytes).expect("a batch as the builder makes it");
        assert_eq!(header.total_bytes(), bytes.len(), "one batch");
        RecordSet { bytes, batches: vec![header] }
    }

    /// The marker that ends a transaction.
    pub fn marker(of: &MarkerOf, marker: Marker, unix_ms: i64) -> Self {
        let MarkerOf { producer_id, producer_epoch, coordinator_epoch, .. } = *of;
        let bytes = marker_batch(marker, producer_id, producer_epoch, coordinator_epoch, unix_ms);
        Self::own(bytes.into())
    }

    /// The header of the first batch.
    pub fn first(&self) -> &BatchHeader {
        &self.batches[0]
    }

    /// All bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The batches with their headers, in order.
    pub fn batches(&self) -> impl Iterator<Item = (&BatchHeader, &[u8])> {
        let mut at = 0;
        self.batches.iter().map(move |header| {
            let from = at;
            at += header.total_bytes();
            (header, &self.bytes[from..at])
        })
    }

    /// Offsets it takes.
    pub fn record_count(&self) -> i64 {
        self.batches.iter().map(|header| i64::from(header.last_offset_delta) + 1).sum()
    }
}

/// The smallest record: seven fields of one byte each.
const RECORD_BYTES_MIN: usize = 7;
/// What the best compression makes of records that are all alike, and then some.
const COMPRESSION_MAX: usize = 4096;

/// The most records that a batch of this size can hold. Offsets follow the count, so a false one would
/// skip them by the billion.
fn records_max(header: &BatchHeader) -> usize {
    let payload = header.total_bytes() - header::HEADER_BYTES;
    match header.attributes.compression {
        Compression::None => payload / RECORD_BYTES_MIN,
        _ => payload.saturating_mul(COMPRESSION_MAX) / RECORD_BYTES_MIN,
    }
}
