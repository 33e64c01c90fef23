//! The states of a transaction and the moves between them: one table, and a method that asserts it.
//!
//! Kafka's states, numbers and names. Knows nothing of what a transaction holds.

/// Where a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TransactionState {
    /// The producer has an id, and nothing is open.
    Empty = 0,
    /// Partitions were added.
    Ongoing = 1,
    /// The decision to commit is a record; markers are on their way.
    PrepareCommit = 2,
    /// The decision to abort is a record; markers are on their way.
    PrepareAbort = 3,
    /// All markers of a commit are durable.
    CompleteCommit = 4,
    /// All markers of an abort are durable.
    CompleteAbort = 5,
    /// The transactional id is being forgotten. Never a record: a tombstone takes its place.
    Dead = 6,
    /// The epoch is being raised because the broker ends the transaction. Never a record: the abort
    /// follows at once.
    PrepareEpochFence = 7,
}

use TransactionState::*;

/// All of them, in the order of their numbers.
pub const STATES: [TransactionState; 8] = [
    Empty,
    Ongoing,
    PrepareCommit,
    PrepareAbort,
    CompleteCommit,
    CompleteAbort,
    Dead,
    PrepareEpochFence,
];

/// From where each state may be reached. An abort of nothing is allowed since KIP-890: a client that is
/// not sure whether it has a transaction aborts it.
const MOVES: &[(TransactionState, &[TransactionState])] = &[
    (Empty, &[Empty, CompleteCommit, CompleteAbort]),
    (Ongoing, &[Ongoing, Empty, CompleteCommit, CompleteAbort]),
    (PrepareCommit, &[Ongoing]),
    (PrepareAbort, &[Ongoing, PrepareEpochFence, Empty, CompleteCommit, CompleteAbort]),
    (CompleteCommit, &[PrepareCommit]),
    (CompleteAbort, &[PrepareAbort]),
    (Dead, &[Empty, CompleteCommit, CompleteAbort]),
    (PrepareEpochFence, &[Ongoing]),
];

impl TransactionState {
    /// The next state.
    ///
    /// # Panics
    /// When the table has no such move: that is our mistake, never a client's.
    #[must_use]
    pub fn to(self, next: Self) -> Self {
        assert!(self.may_become(next), "a transaction went from {self:?} to {next:?}");
        next
    }

    /// Whether the table has this move.
    pub fn may_become(self, next: Self) -> bool {
        MOVES.iter().any(|(to, from)| *to == next && from.contains(&self))
    }

    /// Nothing is open and nothing is on its way.
    pub fn is_idle(self) -> bool {
        matches!(self, Empty | CompleteCommit | CompleteAbort)
    }

    /// Decided, and not yet told to all partitions.
    pub fn is_prepared(self) -> bool {
        matches!(self, PrepareCommit | PrepareAbort)
    }

    /// Whether it can be in the log: the other states are passed through in memory.
    pub fn is_recorded(self) -> bool {
        !matches!(self, Dead | PrepareEpochFence)
    }

    /// Its number in a record.
    pub fn id(self) -> i8 {
        self as i8
    }

    /// The state with this number.
    pub fn from_id(id: i8) -> Option<Self> {
        STATES.into_iter().find(|state| state.id() == id)
    }

    /// Its name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Empty => "Empty",
            Ongoing => "Ongoing",
            PrepareCommit => "PrepareCommit",
            PrepareAbort => "PrepareAbort",
            CompleteCommit => "CompleteCommit",
            CompleteAbort => "CompleteAbort",
            Dead => "Dead",
            PrepareEpochFence => "PrepareEpochFence",
        }
    }

    /// The state with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        STATES.into_iter().find(|state| state.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same table once more, read the other way: rows are from, columns are to.
    #[rustfmt::skip]
    const PICTURE: [(TransactionState, &str); 8] = [
        //                   E O pC pA C A D F
        (Empty,             "x x .  x  . . x ."),
        (Ongoing,           ". x x  x  . . . x"),
        (PrepareCommit,     ". . .  .  x . . ."),
        (PrepareAbort,      ". . .  .  . x . ."),
        (CompleteCommit,    "x x .  x  . . x ."),
        (CompleteAbort,     "x x .  x  . . x ."),
        (Dead,              ". . .  .  . . . ."),
        (PrepareEpochFence, ". . .  x  . . . ."),
    ];

    #[test]
    fn the_table_has_these_moves_and_no_others() {
        for (from, row) in PICTURE {
            for (to, cell) in STATES.into_iter().zip(row.split_whitespace()) {
                assert_eq!(from.may_become(to), cell == "x", "{from:?} to {to:?}");
                let moved = std::panic::catch_unwind(|| from.to(to));
                assert_eq!(moved.is_ok(), cell == "x", "{from:?} to {to:?}");
            }
        }
    }

    #[test]
    fn numbers_and_names_are_kafkas() {
        for (number, state) in (0..).zip(STATES) {
            assert_eq!(TransactionState::from_id(number), Some(state));
            assert_eq!(TransactionState::from_name(state.name()), Some(state));
            assert_eq!(format!("{state:?}"), state.name());
        }
        assert_eq!(TransactionState::from_id(8), None);
        assert_eq!(TransactionState::from_id(-1), None);
        assert_eq!(TransactionState::from_name("ongoing"), None);
    }
}
