//! Idempotence: the last batches of every producer of a partition, so that a retry is recognised and
//! a gap refused.
//!
//! Rules as in Kafka's `ProducerAppendInfo` (KIP-98): a producer without state may start anywhere; one
//! with state goes on where it ended, or repeats one of its last five batches, or starts at 0 with a new
//! epoch. Pure; survives restarts as a snapshot plus the batch headers after it.

use std::collections::{BTreeMap, VecDeque};

use headwater_protocol::batch::header::BatchHeader;

use crate::model::Offset;

/// Batches remembered for each producer: as many as a producer may have in flight.
const REMEMBERED: usize = 5;

/// The producers of one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Producers(BTreeMap<i64, Producer>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Producer {
    epoch: i16,
    batches: VecDeque<Batch>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Batch {
    first_sequence: i32,
    last_sequence: i32,
    base_offset: Offset,
    next_offset: Offset,
    timestamp_ms: i64,
}

/// What a batch is to its producer's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The next one, or from a producer that is not idempotent.
    Append,
    /// A repetition of the batch at these offsets.
    Duplicate {
        /// Offset of its first record.
        base_offset: Offset,
        /// The offset after its last record.
        next_offset: Offset,
    },
}

/// Why a batch is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SequenceError {
    /// A batch is missing before this one.
    OutOfOrder {
        /// The sequence number that would come next.
        expected: i32,
        /// The one that came.
        found: i32,
    },
    /// Too old to be compared with what is remembered.
    DuplicateUnknown,
    /// Another instance of this producer has taken over.
    Fenced {
        /// The epoch in force.
        current: i16,
        /// The one that came.
        found: i16,
    },
}

impl Producers {
    /// Compares a batch with what its producer sent before.
    pub fn check(&self, header: &BatchHeader) -> Result<Verdict, SequenceError> {
        if header.producer_id < 0 || header.base_sequence < 0 {
            return Ok(Verdict::Append);
        }
        let Some(producer) = self.0.get(&header.producer_id) else { return Ok(Verdict::Append) };
        if header.producer_epoch < producer.epoch {
            return Err(SequenceError::Fenced {
                current: producer.epoch,
                found: header.producer_epoch,
            });
        }
        let expected = match (header.producer_epoch == producer.epoch, producer.batches.back()) {
            (false, _) => 0,
            (true, Some(last)) => next_sequence(last.last_sequence, 1),
            (true, None) => return Ok(Verdict::Append),
        };
        if header.base_sequence == expected {
            return Ok(Verdict::Append);
        }
        producer.compare_with_past(header, expected)
    }

    /// Takes note of a batch that was appended at the offsets in its header.
    pub fn note(&mut self, header: &BatchHeader) {
        if header.producer_id < 0 {
            return;
        }
        let fresh = Producer { epoch: header.producer_epoch, batches: VecDeque::new() };
        let producer = self.0.entry(header.producer_id).or_insert(fresh);
        if producer.epoch != header.producer_epoch {
            producer.epoch = header.producer_epoch;
            producer.batches.clear();
        }
        if header.base_sequence < 0 {
            return;
        }
        if producer.batches.len() == REMEMBERED {
            producer.batches.pop_front();
        }
        producer.batches.push_back(Batch {
            first_sequence: header.base_sequence,
            last_sequence: next_sequence(header.base_sequence, header.last_offset_delta),
            base_offset: Offset(header.base_offset),
            next_offset: Offset(header.next_offset()),
            timestamp_ms: header.max_timestamp,
        });
    }

    /// How many producers are remembered.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Producer {
    fn compare_with_past(
        &self,
        header: &BatchHeader,
        expected: i32,
    ) -> Result<Verdict, SequenceError> {
        let last_sequence = next_sequence(header.base_sequence, header.last_offset_delta);
        let found = header.base_sequence;
        let same = self.batches.iter().find(|batch| {
            header.producer_epoch == self.epoch
                && batch.first_sequence == found
                && batch.last_sequence == last_sequence
        });
        if let Some(&Batch { base_offset, next_offset, .. }) = same {
            return Ok(Verdict::Duplicate { base_offset, next_offset });
        }
        let before_all =
            self.batches.front().is_some_and(|oldest| last_sequence < oldest.first_sequence);
        match before_all && header.producer_epoch == self.epoch {
            true => Err(SequenceError::DuplicateUnknown),
            false => Err(SequenceError::OutOfOrder { expected, found }),
        }
    }
}

/// Sequence numbers wrap from `i32::MAX` to 0.
fn next_sequence(sequence: i32, by: i32) -> i32 {
    let sum = i64::from(sequence) + i64::from(by);
    (sum % (i64::from(i32::MAX) + 1)) as i32
}

/// The snapshot file: everything big-endian.
///
/// ```text
/// magic "HWPS"     4
/// version          4   1
/// offset           8   producers as of this offset
/// producer count   4
/// crc              4   CRC32C of everything before it and of the producers
/// producers            id 8, epoch 2, batch count 2, then for each batch: first sequence 4,
///                      last sequence 4, base offset 8, next offset 8, timestamp 8
/// ```
pub mod file {
    use super::{Batch, Producer, Producers, REMEMBERED};
    use crate::model::Offset;
    use headwater_protocol::wire::reader::Reader;
    use std::collections::VecDeque;

    const MAGIC: i32 = i32::from_be_bytes(*b"HWPS");
    const VERSION: i32 = 1;
    const CRC_AT: usize = 4 + 4 + 8 + 4;
    const HEADER_BYTES: usize = CRC_AT + 4;

    /// The bytes of a snapshot.
    pub fn encode(producers: &Producers, offset: Offset) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend(MAGIC.to_be_bytes());
        out.extend(VERSION.to_be_bytes());
        out.extend(offset.0.to_be_bytes());
        out.extend((producers.0.len() as u32).to_be_bytes());
        out.extend([0; 4]);
        for (id, producer) in &producers.0 {
            out.extend(id.to_be_bytes());
            out.extend(producer.epoch.to_be_bytes());
            out.extend((producer.batches.len() as u16).to_be_bytes());
            for batch in &producer.batches {
                out.extend(batch.first_sequence.to_be_bytes());
                out.extend(batch.last_sequence.to_be_bytes());
                out.extend(batch.base_offset.0.to_be_bytes());
                out.extend(batch.next_offset.0.to_be_bytes());
                out.extend(batch.timestamp_ms.to_be_bytes());
            }
        }
        let crc = checksum(&out);
        out[CRC_AT..HEADER_BYTES].copy_from_slice(&crc.to_be_bytes());
        out
    }

    /// The producers in `bytes`, if it is whole and for this very offset.
    pub fn decode(bytes: &[u8], offset: Offset) -> Option<Producers> {
        if bytes.len() < HEADER_BYTES {
            return None;
        }
        let mut r = Reader::new(bytes, false);
        let belongs =
            r.i32().ok()? == MAGIC && r.i32().ok()? == VERSION && r.i64().ok()? == offset.0;
        let count = r.i32().ok()?;
        let sound = r.i32().ok()? as u32 == checksum(bytes);
        if !belongs || !sound {
            return None;
        }
        let mut producers = Producers::default();
        for _ in 0..count {
            let id = r.i64().ok()?;
            producers.0.insert(id, decode_producer(&mut r)?);
        }
        (r.remaining() == 0).then_some(producers)
    }

    fn decode_producer(r: &mut Reader<'_>) -> Option<Producer> {
        let epoch = r.i16().ok()?;
        let count = r.i16().ok()?;
        let mut batches = VecDeque::with_capacity(REMEMBERED);
        for _ in 0..count {
            batches.push_back(Batch {
                first_sequence: r.i32().ok()?,
                last_sequence: r.i32().ok()?,
                base_offset: Offset(r.i64().ok()?),
                next_offset: Offset(r.i64().ok()?),
                timestamp_ms: r.i64().ok()?,
            });
        }
        Some(Producer { epoch, batches })
    }

    fn checksum(bytes: &[u8]) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c(&bytes[..CRC_AT]), &bytes[HEADER_BYTES..])
    }
}

#[cfg(test)]
#[path = "producers_tests.rs"]
mod tests;
