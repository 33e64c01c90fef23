//! Who may begin a transaction in a partition (KIP-890). A transactional batch that would begin one is refused
//! with a guard; whoever asked has the coordinator say that this partition is in the producer's transaction, and
//! asks again with the guard. A marker in between makes the guard void: what was verified is over.
//!
//! The usual batch goes on with a transaction and never comes here. Knows nothing of coordinators.

use std::collections::{BTreeMap, HashMap};

use headwater_protocol::batch::header::BatchHeader;

use crate::log::producers::transactions::MarkerOf;
use crate::rare::{self, Rare};

/// Guards of one partition; beyond that the oldest goes, and whoever has it begins anew.
const GUARDS_MAX: usize = 1_000;

/// The `transaction.version` from which on each marker raises the producer's epoch.
const RAISES_EPOCH: i16 = 2;

/// What must be brought along once the coordinator has agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Guard(u64);

/// The guards that a partition has given out.
#[derive(Debug, Default)]
pub(super) struct Guards {
    given: u64,
    pending: HashMap<i64, Pending>,
    by_age: BTreeMap<Guard, i64>,
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    guard: Guard,
    epoch: i16,
    /// The first batch of the transaction: those that were refused together must not overtake it.
    lowest_sequence: i32,
}

/// Why a guard does not help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GuardError {
    /// It was given for something that is over, or forgotten.
    Void,
    /// An earlier batch must come first.
    TooEarly {
        /// Its sequence number.
        expected: i32,
    },
}

impl Guards {
    /// The guard for a batch that would begin a transaction: one for all that wait to begin the same.
    pub fn give(&mut self, batch: &BatchHeader) -> Guard {
        let (id, sequence) = (batch.producer_id, batch.base_sequence);
        match self.pending.get_mut(&id) {
            Some(pending) if pending.epoch == batch.producer_epoch => {
                pending.lowest_sequence = pending.lowest_sequence.min(sequence);
                pending.guard
            }
            // It has been fenced; the coordinator will say so.
            Some(pending) if pending.epoch > batch.producer_epoch => pending.guard,
            _ => {
                self.forget(id);
                self.begin(id, batch.producer_epoch, sequence)
            }
        }
    }

    /// Whether a batch comes behind one that has been refused with a guard: in its turn it may be in order.
    pub fn is_behind(&self, batch: &BatchHeader) -> bool {
        self.pending.get(&batch.producer_id).is_some_and(|pending| {
            pending.epoch == batch.producer_epoch && pending.lowest_sequence < batch.base_sequence
        })
    }

    fn begin(&mut self, id: i64, epoch: i16, lowest_sequence: i32) -> Guard {
        if self.pending.len() == GUARDS_MAX {
            let (_, oldest) = self.by_age.pop_first().expect("as many as are pending");
            self.pending.remove(&oldest);
        }
        self.given += 1;
        let guard = Guard(self.given);
        self.pending.insert(id, Pending { guard, epoch, lowest_sequence });
        self.by_age.insert(guard, id);
        guard
    }

    /// Whether a batch may begin a transaction with this guard.
    pub fn check(&self, guard: Guard, batch: &BatchHeader) -> Result<(), GuardError> {
        let given = self.pending.get(&batch.producer_id);
        let given = given.filter(|p| p.guard == guard && p.epoch == batch.producer_epoch);
        let Some(Pending { lowest_sequence, .. }) = given else {
            rare::reached(Rare::GuardVoid);
            return Err(GuardError::Void);
        };
        match batch.base_sequence > *lowest_sequence {
            true => Err(GuardError::TooEarly { expected: *lowest_sequence }),
            false => Ok(()),
        }
    }

    /// A transaction has ended. Since KIP-890 its marker carries the epoch of the next one, which may have begun to ask
    /// before the marker came: what is verified for that epoch holds.
    pub fn ended(&mut self, of: &MarkerOf) {
        let pending = self.pending.get(&of.producer_id);
        let is_next = pending.is_some_and(|pending| pending.epoch >= of.producer_epoch);
        if !(of.transaction_version >= RAISES_EPOCH && is_next) {
            self.forget(of.producer_id);
        }
    }

    /// The producer has begun a transaction.
    pub fn forget(&mut self, producer_id: i64) {
        if let Some(pending) = self.pending.remove(&producer_id) {
            self.by_age.remove(&pending.guard);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_protocol::batch::builder::{BatchBuilder, Producer};
    use headwater_protocol::batch::compression::Compression;
    use headwater_protocol::batch::header;

    fn batch(id: i64, epoch: i16, base_sequence: i32) -> BatchHeader {
        let mut builder = BatchBuilder::new(Compression::None);
        builder.push(0, None, Some(b"v"));
        header::check(builder.finish(Producer { id, epoch, base_sequence })).unwrap()
    }

    #[test]
    fn batches_that_wait_together_share_a_guard_and_keep_their_order() {
        let mut guards = Guards::default();
        let guard = guards.give(&batch(7, 0, 0));
        assert!(guards.is_behind(&batch(7, 0, 1)));
        assert!(!guards.is_behind(&batch(7, 0, 0)) && !guards.is_behind(&batch(7, 1, 1)));
        assert_eq!(guards.give(&batch(7, 0, 1)), guard);
        assert_eq!(guards.check(guard, &batch(7, 0, 1)), Err(GuardError::TooEarly { expected: 0 }));
        assert_eq!(guards.check(guard, &batch(7, 0, 0)), Ok(()));
        assert_eq!(guards.check(guard, &batch(8, 0, 0)), Err(GuardError::Void));
    }

    fn marker(epoch: i16, transaction_version: i16) -> MarkerOf {
        MarkerOf {
            producer_id: 7,
            producer_epoch: epoch,
            coordinator_epoch: 0,
            transaction_version,
        }
    }

    #[test]
    fn a_late_marker_leaves_the_guard_of_the_next_transaction() {
        let mut guards = Guards::default();
        let guard = guards.give(&batch(7, 4, 0));
        guards.ended(&marker(4, 2));
        assert_eq!(guards.check(guard, &batch(7, 4, 0)), Ok(()), "it ended the one before");
        guards.ended(&marker(5, 2));
        assert_eq!(guards.check(guard, &batch(7, 4, 0)), Err(GuardError::Void));
        let guard = guards.give(&batch(7, 5, 0));
        guards.ended(&marker(5, 1));
        assert_eq!(
            guards.check(guard, &batch(7, 5, 0)),
            Err(GuardError::Void),
            "all have one epoch"
        );
    }

    #[test]
    fn a_marker_or_a_new_epoch_makes_a_guard_void() {
        let mut guards = Guards::default();
        let guard = guards.give(&batch(7, 0, 0));
        guards.forget(7);
        assert_eq!(guards.check(guard, &batch(7, 0, 0)), Err(GuardError::Void));
        let guard = guards.give(&batch(7, 0, 0));
        let newer = guards.give(&batch(7, 1, 0));
        assert_ne!(guard, newer);
        assert_eq!(guards.check(guard, &batch(7, 0, 0)), Err(GuardError::Void));
        assert_eq!(guards.check(newer, &batch(7, 0, 0)), Err(GuardError::Void));
        assert_eq!(guards.check(newer, &batch(7, 1, 0)), Ok(()));
    }

    #[test]
    fn the_oldest_guard_goes_when_there_are_too_many() {
        let mut guards = Guards::default();
        let first = guards.give(&batch(0, 0, 0));
        let second = guards.give(&batch(1, 0, 0));
        for id in 2..=GUARDS_MAX as i64 {
            guards.give(&batch(id, 0, 0));
        }
        assert_eq!(guards.check(first, &batch(0, 0, 0)), Err(GuardError::Void));
        assert_eq!(guards.check(second, &batch(1, 0, 0)), Ok(()));
        assert_eq!((guards.pending.len(), guards.by_age.len()), (GUARDS_MAX, GUARDS_MAX));
    }
}
