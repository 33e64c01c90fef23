//! From the decision to its end: a marker in every partition, then the record that says so.
//!
//! Must not know how a marker is written, nor whether a partition exists: its owner says so.

use std::collections::BTreeSet;

use headwater_protocol::error_code::ErrorCode;

use super::requests::TopicPartition;
use super::state::TransactionState;
use super::turn::{Marked, Markers, Moment, Turn, Write};
use super::{Entry, Transactions};
use crate::rare::{self, Rare};

/// Partitions that do not have their marker. In memory only: after a restart all are marked again.
#[derive(Debug, Default)]
pub(super) struct Marking {
    /// Handed out; we shall hear of it.
    waiting: BTreeSet<TopicPartition>,
    /// Refused by the partition; to be handed out again.
    refused: BTreeSet<TopicPartition>,
}

impl Marking {
    fn is_done(&self) -> bool {
        self.waiting.is_empty() && self.refused.is_empty()
    }
}

impl<W: Copy> Transactions<W> {
    /// What became of the marker of a partition; `Ok` when it is durable there.
    ///
    /// A topic that is gone has nothing left to mark. Every other error is tried again, for as long as it
    /// takes: the decision is in the log, and nobody may undo it.
    pub fn marked(
        &mut self,
        transactional_id: &str,
        partition: &TopicPartition,
        marked: Marked,
        at: Moment,
    ) -> Turn<W> {
        assert!(!self.is_writing, "a write was not given back before the next marker");
        let Some(entry) = self.entries.get_mut(transactional_id) else { return Turn::nothing() };
        if !entry.marking.waiting.remove(partition) {
            return Turn::nothing();
        }
        match marked {
            Ok(()) | Err(ErrorCode::UnknownTopicOrPartition | ErrorCode::UnknownTopicId) => {}
            Err(_) => {
                entry.marking.refused.insert(partition.clone());
                self.retry_later(transactional_id, at.now);
                return Turn::nothing();
            }
        }
        if !entry.marking.is_done() {
            return Turn::nothing();
        }
        let completed = entry.transaction.completed(at.unix_ms);
        let mut write = Write::new(at);
        write.push(transactional_id, Some(completed));
        self.give(write)
    }

    /// The markers of a transaction that has just been decided, or read back as decided.
    pub(super) fn begin_marking(&mut self, transactional_id: &str) -> Option<Markers> {
        let entry = self.entries.get_mut(transactional_id)?;
        if !entry.transaction.state.is_prepared() || entry.transaction.partitions.is_empty() {
            return None;
        }
        let waiting = entry.transaction.partitions.clone();
        entry.marking = Marking { waiting, refused: BTreeSet::new() };
        let partitions = entry.transaction.partitions.iter().cloned().collect();
        Some(entry.markers(transactional_id, partitions, self.coordinator_epoch))
    }

    /// The markers that were refused, once more; `None` when there are none.
    pub(super) fn mark_again(&mut self, transactional_id: &str) -> Option<Markers> {
        let entry = self.entries.get_mut(transactional_id)?;
        let again: Vec<_> = std::mem::take(&mut entry.marking.refused).into_iter().collect();
        if again.is_empty() {
            return None;
        }
        rare::reached(Rare::MarkerRefused);
        entry.marking.waiting.extend(again.iter().cloned());
        Some(entry.markers(transactional_id, again, self.coordinator_epoch))
    }
}

impl Entry {
    /// Whether nothing but the last record is missing.
    pub(super) fn is_marked(&self) -> bool {
        self.transaction.state.is_prepared() && self.marking.is_done()
    }

    /// The partitions that it has reached and that have no marker, in order.
    pub(super) fn unmarked(&self) -> Vec<TopicPartition> {
        if self.transaction.state.is_prepared() {
            return self.marking.waiting.union(&self.marking.refused).cloned().collect();
        }
        self.transaction.partitions.iter().cloned().collect()
    }

    fn markers(
        &self,
        transactional_id: &str,
        partitions: Vec<TopicPartition>,
        coordinator_epoch: i32,
    ) -> Markers {
        Markers {
            transactional_id: transactional_id.to_owned(),
            producer_id: self.transaction.producer.producer_id,
            producer_epoch: self.transaction.producer.producer_epoch,
            coordinator_epoch,
            transaction_version: self.transaction.client.level(),
            commit: self.transaction.state == TransactionState::PrepareCommit,
            partitions,
        }
    }
}
