//! Idempotence: the last batches of every producer of a partition, so that a retry is recognised and
//! a gap refused; and its open transaction, see [`transactions`].
//!
//! Rules as in Kafka's `ProducerAppendInfo` (KIP-98): a producer without state may start anywhere; one
//! with state goes on where it ended, or repeats one of its last five batches, or starts at 0 with a new
//! epoch. Pure; survives restarts as a snapshot plus the batch headers after it.

pub mod file;
pub mod transactions;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use headwater_protocol::batch::header::BatchHeader;

use super::aborted::Aborted;
use crate::model::Offset;
use transactions::Open;

/// Batches remembered for each producer: as many as a producer may have in flight.
const REMEMBERED: usize = 5;
/// No coordinator has written a marker so far.
const NO_EPOCH: i32 = -1;

/// The producers of one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Producers {
    known: BTreeMap<i64, Producer>,
    /// First offset and producer of each open transaction, oldest first.
    open: BTreeSet<(Offset, i64)>,
    /// Transactions whose markers are in the segment that is appended to.
    aborted: Vec<Aborted>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Producer {
    epoch: i16,
    /// Of whoever wrote its last marker.
    coordinator_epoch: i32,
    last_timestamp_ms: i64,
    /// When it was first seen idle since its last batch.
    idle_since_ms: Option<i64>,
    open: Option<Open>,
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

/// The last thing that is remembered of a producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastBatch {
    /// The last offset of its last batch of records; `None` when nothing came since its epoch began.
    pub last_offset: Option<Offset>,
    /// The epoch in force.
    pub epoch: i16,
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
    /// It has a transaction open, and the batch is not of one.
    InTransaction {
        /// Where that begins.
        first_offset: Offset,
    },
}

impl Producers {
    /// Compares a batch of records with what its producer sent before.
    pub fn check(&self, header: &BatchHeader) -> Result<Verdict, SequenceError> {
        let Some(producer) = self.known.get(&header.producer_id) else {
            return Ok(Verdict::Append);
        };
        let (current, found) = (producer.epoch, header.producer_epoch);
        if found < current {
            return Err(SequenceError::Fenced { current, found });
        }
        if let duplicate @ Verdict::Duplicate { .. } = producer.check_sequence(header)? {
            return Ok(duplicate);
        }
        match producer.open {
            Some(Open { first_offset, .. }) if !header.attributes.is_transactional => {
                Err(SequenceError::InTransaction { first_offset })
            }
            _ => Ok(Verdict::Append),
        }
    }

    /// Of each producer by its id, what must not be forgotten with old records.
    pub fn last_batches(&self) -> HashMap<i64, LastBatch> {
        let last = |producer: &Producer| LastBatch {
            last_offset: producer.batches.back().map(|batch| Offset(batch.next_offset.0 - 1)),
            epoch: producer.epoch,
        };
        self.known.iter().map(|(id, producer)| (*id, last(producer))).collect()
    }

    /// How many producers are remembered.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}

impl Producer {
    fn check_sequence(&self, header: &BatchHeader) -> Result<Verdict, SequenceError> {
        if header.base_sequence < 0 {
            // A coordinator's own batches have none.
            return Ok(Verdict::Append);
        }
        let expected = match self.batches.back() {
            Some(last) if header.producer_epoch == self.epoch => {
                next_sequence(last.last_sequence, 1)
            }
            _ => 0,
        };
        match header.base_sequence == expected {
            true => Ok(Verdict::Append),
            false => self.compare_with_past(header, expected),
        }
    }

    fn remember(&mut self, header: &BatchHeader) {
        if header.base_sequence < 0 {
            return;
        }
        if self.batches.len() == REMEMBERED {
            self.batches.pop_front();
        }
        self.batches.push_back(Batch {
            first_sequence: header.base_sequence,
            last_sequence: next_sequence(header.base_sequence, header.last_offset_delta),
            base_offset: Offset(header.base_offset),
            next_offset: Offset(header.next_offset()),
            timestamp_ms: header.max_timestamp,
        });
    }

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

#[cfg(test)]
#[path = "producers_tests.rs"]
mod tests;
