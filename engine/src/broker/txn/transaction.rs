//! A transactional id's transaction, and the values it takes one after the other: each move makes a new
//! one from the old, so that deciding changes nothing and a record is a whole value.
//!
//! Whether a move is right for a request is decided elsewhere (`super::init`, `super::partitions`,
//! `super::end`); the table of states asserts that it exists.

use std::collections::BTreeSet;

use super::requests::{ProducerIdAndEpoch, TopicPartition, TransactionVersion};
use super::state::TransactionState;

/// The epoch of a producer that has none.
pub const NO_EPOCH: i16 = -1;
/// No producer id.
pub const NO_ID: i64 = -1;
/// The time of a transaction that was not begun.
pub const NOT_STARTED: i64 = -1;
/// The last epoch that a producer may have. One more is left, so that it, too, can be fenced.
pub const LAST_EPOCH: i16 = i16::MAX - 1;

/// What is known of one transactional id. All but `last_producer_epoch` is its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Where it is.
    pub state: TransactionState,
    /// Who may work on it; in a prepared state, whose name is on the markers.
    pub producer: ProducerIdAndEpoch,
    /// The producer id before the last move, to recognise a retry after the id has changed.
    pub previous_producer_id: i64,
    /// The producer id after the markers, when epochs of the present one are used up; else -1.
    pub next_producer_id: i64,
    /// The epoch before the last raise, to recognise a retry; -1 if a retry must be fenced. Kafka's
    /// record has no place for it, so a restart forgets it, and a retry of InitProducerId across one is
    /// fenced, as in Kafka.
    pub last_producer_epoch: i16,
    /// How long it may stay open.
    pub timeout_ms: i32,
    /// Partitions it has reached; empty once all have their markers.
    pub partitions: BTreeSet<TopicPartition>,
    /// When it was begun.
    pub started_ms: i64,
    /// When it last changed.
    pub updated_ms: i64,
    /// The rules of the client that moved it.
    pub client: TransactionVersion,
}

impl Transaction {
    /// For a transactional id that nobody has used yet, before its first epoch.
    pub fn unborn(producer_id: i64, unix_ms: i64) -> Self {
        Transaction {
            state: TransactionState::Empty,
            producer: ProducerIdAndEpoch::new(producer_id, NO_EPOCH),
            previous_producer_id: NO_ID,
            next_producer_id: NO_ID,
            last_producer_epoch: NO_EPOCH,
            timeout_ms: 0,
            partitions: BTreeSet::new(),
            started_ms: NOT_STARTED,
            updated_ms: unix_ms,
            client: TransactionVersion::V0,
        }
    }

    /// Whether the producer id has no epoch left to give to a producer.
    pub fn is_exhausted(&self) -> bool {
        self.producer.producer_epoch >= LAST_EPOCH
    }

    /// Initialised: nothing open, for this producer.
    pub fn initialised(
        &self,
        producer: ProducerIdAndEpoch,
        last_producer_epoch: i16,
        timeout_ms: i32,
        unix_ms: i64,
    ) -> Self {
        Transaction {
            producer,
            last_producer_epoch,
            timeout_ms,
            partitions: BTreeSet::new(),
            started_ms: NOT_STARTED,
            ..self.moved(TransactionState::Empty, unix_ms)
        }
    }

    /// Open, with these partitions, too.
    pub fn extended<'a>(
        &self,
        partitions: impl IntoIterator<Item = &'a TopicPartition>,
        client: TransactionVersion,
        unix_ms: i64,
    ) -> Self {
        let started_ms = if self.state.is_idle() { unix_ms } else { self.started_ms };
        let mut next =
            Transaction { started_ms, client, ..self.moved(TransactionState::Ongoing, unix_ms) };
        next.partitions.extend(partitions.into_iter().cloned());
        next
    }

    /// Decided. With version 2 the epoch is raised, so that what the producer sent before and what comes
    /// late cannot slip into its next transaction; `next_producer_id` is taken when there is no epoch left.
    pub fn prepared(
        &self,
        committed: bool,
        client: TransactionVersion,
        next_producer_id: i64,
        unix_ms: i64,
    ) -> Self {
        let state = match committed {
            true => TransactionState::PrepareCommit,
            false => TransactionState::PrepareAbort,
        };
        // An abort of nothing has no beginning but itself.
        let started_ms = if self.state.is_idle() { unix_ms } else { self.started_ms };
        let mut next = self.moved(state, unix_ms);
        if client.raises_epoch() {
            next.last_producer_epoch = self.producer.producer_epoch;
            next.producer.producer_epoch = self.producer.producer_epoch.saturating_add(1);
        }
        Transaction { next_producer_id, started_ms, client, ..next }
    }

    /// Decided by the broker: aborted under a raised epoch, which fences the producer.
    pub fn fenced(&self, unix_ms: i64) -> Self {
        let state = self.state.to(TransactionState::PrepareEpochFence);
        Transaction { state, ..self.clone() }.prepared(
            false,
            TransactionVersion::V2,
            NO_ID,
            unix_ms,
        )
    }

    /// Every partition has its marker.
    pub fn completed(&self, unix_ms: i64) -> Self {
        let state = match self.state {
            TransactionState::PrepareCommit => TransactionState::CompleteCommit,
            _ => TransactionState::CompleteAbort,
        };
        let producer = match self.next_producer_id {
            NO_ID => self.producer,
            id => ProducerIdAndEpoch::new(id, 0),
        };
        Transaction {
            producer,
            next_producer_id: NO_ID,
            partitions: BTreeSet::new(),
            ..self.moved(state, unix_ms)
        }
    }

    fn moved(&self, state: TransactionState, unix_ms: i64) -> Self {
        Transaction {
            state: self.state.to(state),
            previous_producer_id: self.producer.producer_id,
            updated_ms: unix_ms,
            ..self.clone()
        }
    }
}
