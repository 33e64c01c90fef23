//! Transactions in the log of one partition: a transactional batch opens one for its producer, a marker
//! (a control batch of the transaction coordinator) ends it.
//!
//! What a marker may do is in one table (`transactions_tests.rs`). Whether a producer may open a transaction
//! here is somebody else's question (`shard::verification`): a log knows only what is in it.

use headwater_protocol::batch::control::{End, Marker};
use headwater_protocol::batch::header::BatchHeader;

use super::{NO_EPOCH, Producer, Producers};
use crate::log::aborted::Aborted;
use crate::model::{Offset, Position};
use crate::rare::{self, Rare};

/// From this version of the protocol on (KIP-890) each marker carries a higher epoch than the transaction
/// that it ends.
const EPOCH_BUMPS_SINCE: i16 = 2;

/// Where a batch lies on the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Base offset of its segment.
    pub segment: Offset,
    /// Where it starts there.
    pub position: Position,
}

/// A transaction that has no marker so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// Offset of its first record here.
    pub first_offset: Offset,
    /// Where the batch with that record is.
    pub place: Place,
}

/// A transaction that has got its marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// What it was until then.
    pub open: Open,
    /// The offset of the marker.
    pub marker_offset: Offset,
}

/// What the coordinator wants to write: a marker's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkerOf {
    /// Whose transaction ends.
    pub producer_id: i64,
    /// The epoch that is in force from here on.
    pub producer_epoch: i16,
    /// Of the coordinator.
    pub coordinator_epoch: i32,
    /// `transaction.version` under which the transaction ran.
    pub transaction_version: i16,
}

/// Why a marker is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkerError {
    /// It is of an older epoch than the producer's, or, where each marker has a new one, of the same.
    Fenced {
        /// The epoch in force.
        current: i16,
        /// The one that came.
        found: i16,
    },
    /// A newer coordinator has written here.
    CoordinatorFenced {
        /// Its epoch.
        current: i32,
        /// The one that came.
        found: i32,
    },
}

/// A producer as `DescribeProducers` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerState {
    /// Its id.
    pub producer_id: i64,
    /// The epoch in force.
    pub producer_epoch: i16,
    /// The last sequence number, -1 when nothing with one is remembered.
    pub last_sequence: i32,
    /// The timestamp of its last batch, in milliseconds.
    pub last_timestamp_ms: i64,
    /// The epoch of the coordinator that wrote its last marker, -1 for none.
    pub coordinator_epoch: i32,
    /// The first offset of its open transaction, if it has one.
    pub open_since: Option<Offset>,
}

impl Producers {
    /// Whether a transaction of this producer is open under this very epoch.
    pub fn is_open(&self, producer_id: i64, epoch: i16) -> bool {
        let producer = self.known.get(&producer_id);
        producer.is_some_and(|producer| producer.open.is_some() && producer.epoch == epoch)
    }

    /// The oldest open transaction.
    pub fn first_open(&self) -> Option<Open> {
        let (_, id) = self.open.first()?;
        self.known[id].open
    }

    /// Whether a marker may be written.
    pub fn check_marker(&self, marker: &MarkerOf) -> Result<(), MarkerError> {
        let Some(producer) = self.known.get(&marker.producer_id) else { return Ok(()) };
        let (current, found) = (producer.epoch, marker.producer_epoch);
        let bumps = marker.transaction_version >= EPOCH_BUMPS_SINCE;
        // Without an open transaction the same epoch again is the same marker again: its answer was lost,
        // or the coordinator was.
        if found < current || (bumps && found == current && producer.open.is_some()) {
            return Err(MarkerError::Fenced { current, found });
        }
        let (current, found) = (producer.coordinator_epoch, marker.coordinator_epoch);
        match found < current {
            true => Err(MarkerError::CoordinatorFenced { current, found }),
            false => Ok(()),
        }
    }

    /// Takes note of a batch that was appended at the offsets in its header, in this place; `end` is what it
    /// says if it is a marker. The transaction that it ends.
    pub fn note(&mut self, header: &BatchHeader, place: Place, end: Option<End>) -> Option<Ended> {
        let id = header.producer_id;
        if id < 0 {
            return None;
        }
        let producer = self.known.entry(id).or_insert_with(|| Producer::new(header.producer_epoch));
        producer.seen(header);
        if let Some(end) = end {
            return self.note_end(id, Offset(header.base_offset), end);
        }
        if header.attributes.is_control {
            return None;
        }
        producer.remember(header);
        if header.attributes.is_transactional && producer.open.is_none() {
            let first_offset = Offset(header.base_offset);
            producer.open = Some(Open { first_offset, place });
            self.open.insert((first_offset, id));
        }
        None
    }

    fn note_end(&mut self, id: i64, marker_offset: Offset, end: End) -> Option<Ended> {
        let producer = self.known.get_mut(&id).expect("just noted");
        producer.coordinator_epoch = end.coordinator_epoch;
        let Some(open) = producer.open.take() else {
            rare::reached(Rare::MarkerForNothing);
            return None;
        };
        self.open.remove(&(open.first_offset, id));
        if end.marker == Marker::Abort {
            let next = self.open.first().map(|(first_offset, _)| *first_offset);
            self.aborted.push(Aborted {
                producer_id: id,
                first_offset: open.first_offset,
                last_offset: marker_offset,
                last_stable_offset: next.unwrap_or(Offset(marker_offset.0 + 1)),
            });
        }
        Some(Ended { open, marker_offset })
    }

    /// Transactions aborted so far in the segment that is appended to.
    pub fn aborted(&self) -> &[Aborted] {
        &self.aborted
    }

    /// A new segment begins: what was aborted in the one before.
    pub fn begin_segment(&mut self) -> Vec<Aborted> {
        std::mem::take(&mut self.aborted)
    }

    /// All of them, in order of their ids.
    pub fn describe(&self) -> Vec<ProducerState> {
        let state = |(id, producer): (&i64, &Producer)| ProducerState {
            producer_id: *id,
            producer_epoch: producer.epoch,
            last_sequence: producer.batches.back().map_or(-1, |batch| batch.last_sequence),
            last_timestamp_ms: producer.last_timestamp_ms,
            coordinator_epoch: producer.coordinator_epoch,
            open_since: producer.open.map(|open| open.first_offset),
        };
        self.known.iter().map(state).collect()
    }

    /// Forgets producers that have done nothing for `idle_ms_max`, and have no transaction open; how many.
    /// Idleness is counted from the first call after the last batch: batches carry their producers' times,
    /// which say nothing about now.
    pub fn forget_idle(&mut self, unix_ms: i64, idle_ms_max: i64) -> usize {
        let before = self.known.len();
        self.known.retain(|_, producer| {
            let since = *producer.idle_since_ms.get_or_insert(unix_ms);
            producer.open.is_some() || unix_ms.saturating_sub(since) < idle_ms_max
        });
        before - self.known.len()
    }

    pub(super) fn insert(&mut self, id: i64, producer: Producer) {
        let open = producer.open;
        // A damaged snapshot may name a producer twice.
        if let Some(Open { first_offset, .. }) =
            self.known.insert(id, producer).and_then(|p| p.open)
        {
            self.open.remove(&(first_offset, id));
        }
        if let Some(Open { first_offset, .. }) = open {
            self.open.insert((first_offset, id));
        }
    }
}

impl Producer {
    fn new(epoch: i16) -> Self {
        Producer {
            epoch,
            coordinator_epoch: NO_EPOCH,
            last_timestamp_ms: -1,
            idle_since_ms: None,
            open: None,
            batches: std::collections::VecDeque::new(),
        }
    }

    /// It has done something. A new epoch begins with a new sequence.
    fn seen(&mut self, header: &BatchHeader) {
        if self.epoch != header.producer_epoch {
            self.epoch = header.producer_epoch;
            self.batches.clear();
        }
        self.last_timestamp_ms = header.max_timestamp;
        self.idle_since_ms = None;
    }
}

#[cfg(test)]
#[path = "transactions_tests.rs"]
mod tests;
