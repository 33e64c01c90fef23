//! Control records: the markers that end a transaction in each of its partitions. A marker is a
//! batch of one record with the control attribute; consumers use it and never show it.
//!
//! ```text
//! key:    version 2 (0), type 2 (0 abort, 1 commit)
//! value:  version 2 (0), coordinator epoch 4
//! ```

use super::attributes::Attributes;
use super::builder::{BatchBuilder, Producer};
use super::compression::Compression;
use super::header::{BatchHeader, HEADER_BYTES};
use super::record::records;

/// How a transaction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// Its records are void.
    Abort,
    /// Its records count.
    Commit,
}

impl Marker {
    /// Reads the key of a control record; `None` for kinds that are not markers of transactions.
    pub fn from_key(key: &[u8]) -> Option<Self> {
        // Later versions may append fields; the first two stay.
        let (_version, rest) = key.split_first_chunk::<2>()?;
        match i16::from_be_bytes(*rest.first_chunk()?) {
            0 => Some(Self::Abort),
            1 => Some(Self::Commit),
            _ => None,
        }
    }

    fn key(self) -> [u8; 4] {
        match self {
            Self::Abort => [0, 0, 0, 0],
            Self::Commit => [0, 0, 0, 1],
        }
    }
}

/// What a marker says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// How the transaction ended.
    pub marker: Marker,
    /// The epoch of the coordinator that said so.
    pub coordinator_epoch: i32,
}

impl End {
    /// Reads the batch that `bytes` begin with, whose header is `header`; `None` if it is no marker: not a
    /// control batch, of another kind, or one that compaction has emptied.
    pub fn of(header: &BatchHeader, bytes: &[u8]) -> Option<Self> {
        if !header.attributes.is_control {
            return None;
        }
        let stored = bytes.get(HEADER_BYTES..header.total_bytes())?;
        let record = records(stored, header.record_count).next()?.ok()?;
        let (_version, epoch) = record.value?.split_first_chunk::<2>()?;
        let coordinator_epoch = i32::from_be_bytes(*epoch.first_chunk()?);
        Some(Self { marker: Marker::from_key(record.key?)?, coordinator_epoch })
    }
}

/// A whole batch that ends the transaction of a producer.
pub fn marker_batch(
    marker: Marker,
    producer_id: i64,
    producer_epoch: i16,
    coordinator_epoch: i32,
    timestamp_ms: i64,
) -> Vec<u8> {
    let mut value = [0; 6];
    value[2..].copy_from_slice(&coordinator_epoch.to_be_bytes());
    let mut builder = BatchBuilder::new(Compression::None);
    builder.push(timestamp_ms, Some(&marker.key()), Some(&value));
    let producer = Producer { id: producer_id, epoch: producer_epoch, base_sequence: -1 };
    let attributes =
        Attributes { is_transactional: true, is_control: true, ..Attributes::default() };
    builder.finish_with(producer, attributes).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{header, record};

    #[test]
    fn marker_is_a_valid_control_batch() {
        for marker in [Marker::Abort, Marker::Commit] {
            let bytes = marker_batch(marker, 7, 3, 5, 1_000);
            let header = header::validate(&bytes).unwrap();
            assert!(header.attributes.is_control && header.attributes.is_transactional);
            assert_eq!((header.producer_id, header.producer_epoch), (7, 3));
            assert_eq!((header.base_sequence, header.last_sequence()), (-1, -1));
            let mut records = record::records(&bytes[header::HEADER_BYTES..], 1);
            let record = records.next().unwrap().unwrap();
            assert_eq!(Marker::from_key(record.key.unwrap()), Some(marker));
            assert_eq!(record.value, Some(&[0, 0, 0, 0, 0, 5][..]));
            assert_eq!(End::of(&header, &bytes), Some(End { marker, coordinator_epoch: 5 }));
        }
        assert_eq!(Marker::from_key(&[0, 0, 0, 2]), None);
        assert_eq!(Marker::from_key(&[0]), None);
    }
}
