//! Batches from the first record to the acknowledgement: built in place, sealed into shared bytes,
//! kept until answered (a retry sends the very same bytes), their memory used again.
//!
//! Must not know when a batch is due or where it goes; that is [`crate::producer`].

use bytes::{Bytes, BytesMut};
use headwater_io::clock::Nanos;
use headwater_protocol::batch::attributes::Attributes;
use headwater_protocol::batch::builder::{BatchBuilder, Producer};
use headwater_protocol::batch::compression::Compression;
use headwater_protocol::batch::header;

use crate::client::identity::Identity;

/// Records of one producer with consecutive sequences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Sequence of the first.
    pub first: u64,
    /// How many.
    pub count: u32,
}

impl Span {
    /// Their sequences.
    pub fn sequences(&self) -> std::ops::Range<u64> {
        self.first..self.first + u64::from(self.count)
    }
}

/// A sealed batch.
#[derive(Debug)]
pub struct Batch {
    /// Where it goes.
    pub partition: u32,
    /// As it is sent.
    pub bytes: Bytes,
    /// Which records are in it, in order.
    pub spans: Vec<Span>,
    /// How many records.
    pub records: u32,
    /// Their keys and values.
    pub payload_bytes: u64,
    /// Kafka's sequence number of its first record; -1 if the producer is not idempotent.
    pub base_sequence: i32,
    /// When its first record came.
    pub opened_at: Nanos,
    /// Place among the batches of its lane, from 0.
    pub number: u64,
    /// It was sent before.
    pub retried: bool,
}

impl Batch {
    /// Gives it another identity and sequence number, when the producer had to begin anew.
    pub fn renumber(&mut self, identity: Identity, base_sequence: i32) {
        let mut bytes = match std::mem::take(&mut self.bytes).try_into_mut() {
            Ok(bytes) => bytes,
            Err(shared) => BytesMut::from(&shared[..]),
        };
        let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
        put(header::PRODUCER_ID_AT, &identity.id.to_be_bytes());
        put(header::PRODUCER_EPOCH_AT, &identity.epoch.to_be_bytes());
        put(header::BASE_SEQUENCE_AT, &base_sequence.to_be_bytes());
        header::set_crc(&mut bytes);
        self.bytes = bytes.freeze();
        self.base_sequence = base_sequence;
    }
}

/// A batch in the making.
pub struct Building {
    builder: BatchBuilder,
    attributes: Attributes,
    spans: Vec<Span>,
    payload_bytes: u64,
    opened_at: Nanos,
}

impl Building {
    /// Nothing so far.
    pub fn new(compression: Compression, is_transactional: bool) -> Self {
        Building {
            builder: BatchBuilder::new(compression),
            attributes: Attributes { is_transactional, ..Attributes::default() },
            spans: Vec::new(),
            payload_bytes: 0,
            opened_at: Nanos(0),
        }
    }

    /// How many records are in it.
    pub fn records(&self) -> u32 {
        self.builder.record_count()
    }

    /// Bytes of keys and values in it.
    pub fn payload_bytes(&self) -> u64 {
        self.payload_bytes
    }

    /// How large it would be with one more record.
    pub fn bytes_with(&self, key: Option<&[u8]>, value: &[u8]) -> usize {
        self.builder.bytes_with(key.map_or(0, <[u8]>::len), value.len())
    }

    /// Adds a record.
    pub fn push(
        &mut self,
        sequence: u64,
        timestamp_ms: i64,
        key: Option<&[u8]>,
        value: &[u8],
        now: Nanos,
    ) {
        if self.builder.is_empty() {
            self.opened_at = now;
        }
        self.builder.push(timestamp_ms, key, Some(value));
        self.payload_bytes += (key.map_or(0, <[u8]>::len) + value.len()) as u64;
        match self.spans.last_mut() {
            Some(span) if span.first + u64::from(span.count) == sequence => span.count += 1,
            _ => self.spans.push(Span { first: sequence, count: 1 }),
        }
    }

    /// Ends it and begins the next.
    pub fn seal(
        &mut self,
        partition: u32,
        number: u64,
        producer: Producer,
        buffers: &mut Buffers,
    ) -> Batch {
        let records = self.builder.record_count();
        let bytes = buffers.copy(self.builder.finish_with(producer, self.attributes));
        self.builder.clear();
        let spans = std::mem::replace(&mut self.spans, buffers.take_spans());
        Batch {
            partition,
            bytes,
            spans,
            records,
            payload_bytes: std::mem::take(&mut self.payload_bytes),
            base_sequence: producer.base_sequence,
            opened_at: self.opened_at,
            number,
            retried: false,
        }
    }
}

/// Memory of batches that are done with.
#[derive(Default)]
pub struct Buffers {
    bytes: Vec<BytesMut>,
    spans: Vec<Vec<Span>>,
}

/// More than this many are given back to the allocator.
const KEPT_MAX: usize = 1024;

impl Buffers {
    /// Takes back what a batch used, unless the kernel still holds it.
    pub fn recycle(&mut self, batch: Batch) {
        if self.bytes.len() < KEPT_MAX
            && let Ok(bytes) = batch.bytes.try_into_mut()
        {
            self.bytes.push(bytes);
        }
        if self.spans.len() < KEPT_MAX {
            self.spans.push(batch.spans);
        }
    }

    fn copy(&mut self, batch: &[u8]) -> Bytes {
        let mut bytes = self.bytes.pop().unwrap_or_default();
        bytes.clear();
        bytes.extend_from_slice(batch);
        bytes.freeze()
    }

    fn take_spans(&mut self) -> Vec<Span> {
        let mut spans = self.spans.pop().unwrap_or_default();
        spans.clear();
        spans
    }
}

/// The sequence number `records` after `base`: they go from 2^31 - 1 to 0.
pub fn sequence_after(base: i32, records: u32) -> i32 {
    base.wrapping_add(records as i32) & i32::MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_protocol::batch::record;

    fn sealed(buffers: &mut Buffers, sequences: &[u64]) -> Batch {
        let mut building = Building::new(Compression::None, false);
        for &sequence in sequences {
            building.push(sequence, 1000, Some(b"k"), b"value", Nanos(7));
        }
        building.seal(3, 0, Producer { id: 9, epoch: 1, base_sequence: 40 }, buffers)
    }

    #[test]
    fn spans_join_consecutive_records() {
        let batch = sealed(&mut Buffers::default(), &[5, 6, 7, 20, 21]);
        assert_eq!(batch.spans, [Span { first: 5, count: 3 }, Span { first: 20, count: 2 }]);
        assert_eq!((batch.records, batch.payload_bytes, batch.opened_at), (5, 30, Nanos(7)));
        let header = header::validate(&batch.bytes).unwrap();
        assert_eq!((header.producer_id, header.base_sequence, header.record_count), (9, 40, 5));
        let records = record::records(&batch.bytes[header::HEADER_BYTES..], 5);
        assert!(records.map(Result::unwrap).all(|r| r.value == Some(b"value")));
    }

    #[test]
    fn a_renumbered_batch_is_still_valid() {
        let mut batch = sealed(&mut Buffers::default(), &[1]);
        let held_elsewhere = batch.bytes.clone();
        batch.renumber(Identity { id: 77, epoch: 2 }, 0);
        let header = header::validate(&batch.bytes).unwrap();
        assert_eq!((header.producer_id, header.producer_epoch, header.base_sequence), (77, 2, 0));
        assert_eq!(header::validate(&held_elsewhere).unwrap().producer_id, 9);
    }

    #[test]
    fn memory_is_used_again_once_nobody_holds_it() {
        let mut buffers = Buffers::default();
        let batch = sealed(&mut buffers, &[1]);
        let at = batch.bytes.as_ptr();
        buffers.recycle(batch);
        let again = sealed(&mut buffers, &[2]);
        assert_eq!(again.bytes.as_ptr(), at);
        let held = again.bytes.clone();
        buffers.recycle(again);
        assert_ne!(sealed(&mut buffers, &[3]).bytes.as_ptr(), held.as_ptr());
    }

    #[test]
    fn sequences_wrap_to_zero() {
        assert_eq!(sequence_after(i32::MAX - 1, 3), 1);
        assert_eq!(sequence_after(5, 10), 15);
    }
}
