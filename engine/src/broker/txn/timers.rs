//! What happens without being asked: a transaction that was open too long is aborted, a transactional id
//! that was idle too long is forgotten, what was refused is tried again.
//!
//! Each transactional id has at most one timer, and its state says what the timer is for. Timers are exact,
//! so Kafka's intervals of looking for what has expired (10 s for transactions, 1 h for transactional ids)
//! have nothing to set here.

use std::time::Duration;

use headwater_io::clock::Nanos;

use super::end;
use super::settings::{RETRY, TIMERS_PER_TURN};
use super::state::TransactionState;
use super::transaction::Transaction;
use super::turn::{Moment, Turn, Write};
use super::{Entry, Transactions};
use crate::rare::{self, Rare};

impl<W: Copy> Transactions<W> {
    /// When [`Transactions::expire`] has something to do.
    pub fn deadline(&self) -> Option<Nanos> {
        self.timers.first().map(|(due, _)| *due)
    }

    /// Does what is due, some of it when it is much: the deadline has passed until all is done.
    pub fn expire(&mut self, at: Moment) -> Turn<W> {
        assert!(!self.is_writing, "a write was not given back before the next timer");
        let (mut write, mut markers) = (Write::new(at), Vec::new());
        for _ in 0..TIMERS_PER_TURN {
            let Some((_, id)) = self.timers.first().filter(|(due, _)| *due <= at.now) else {
                break;
            };
            let id = id.clone();
            let changes = self.due_changes(&id, at.unix_ms);
            let first = write.records.len();
            changes.into_iter().for_each(|next| write.push(&id, next));
            if first > 0 && write.bytes() > self.settings.record_bytes_max {
                write.truncate(first);
                break;
            }
            self.set_due(&id, None);
            markers.extend(self.mark_again(&id));
        }
        Turn { markers, ..self.give(write) }
    }

    /// The values that a transactional id takes because its time has come.
    fn due_changes(&self, transactional_id: &str, unix_ms: i64) -> Vec<Option<Transaction>> {
        let entry = &self.entries[transactional_id];
        let transaction = &entry.transaction;
        match transaction.state {
            TransactionState::Ongoing => {
                rare::reached(Rare::TransactionTimedOut);
                let fenced = transaction.fenced(unix_ms);
                end::through(fenced, unix_ms).into_iter().map(Some).collect()
            }
            state if state.is_idle() => {
                let _dead = state.to(TransactionState::Dead);
                vec![None]
            }
            _ if entry.is_marked() => vec![Some(transaction.completed(unix_ms))],
            _ => Vec::new(),
        }
    }

    /// Sets the timer of a transaction that has just moved; `before` is where it was.
    pub(super) fn schedule(&mut self, id: &str, before: Option<TransactionState>, at: Moment) {
        let Some(entry) = self.entries.get(id) else { return };
        let transaction = &entry.transaction;
        let is_going_on = entry.due.is_some() && before == Some(TransactionState::Ongoing);
        let wait = match transaction.state {
            // More partitions do not give it more time.
            TransactionState::Ongoing if is_going_on => return,
            TransactionState::Ongoing => Some(i64::from(transaction.timeout_ms)),
            state if state.is_idle() => Some(self.settings.transactional_id_expiration_ms),
            _ => None,
        };
        self.set_due(id, wait.map(|ms| at.now.after(millis(ms))));
    }

    /// Sets the timer of a transaction that was read back. What passed meanwhile counts, by the wall clock;
    /// a clock that was set back does not give it more than its whole time.
    pub(super) fn schedule_loaded(&mut self, id: &str, at: Moment) {
        let Some(Entry { transaction, .. }) = self.entries.get(id) else { return };
        let left = |since_ms: i64, whole_ms: i64| {
            let passed_ms = at.unix_ms.saturating_sub(since_ms);
            whole_ms.saturating_sub(passed_ms).clamp(0, whole_ms.max(0))
        };
        let expiration_ms = self.settings.transactional_id_expiration_ms;
        let wait = match transaction.state {
            TransactionState::Ongoing => {
                rare::reached(Rare::OngoingLoaded);
                Some(left(transaction.started_ms, i64::from(transaction.timeout_ms)))
            }
            state if state.is_idle() => Some(left(transaction.updated_ms, expiration_ms)),
            _ if transaction.partitions.is_empty() => Some(0),
            _ => None,
        };
        self.set_due(id, wait.map(|ms| at.now.after(millis(ms))));
    }

    /// Tries again after a while, unless it would anyway.
    pub(super) fn retry_later(&mut self, id: &str, now: Nanos) {
        if self.entries.get(id).is_some_and(|entry| entry.due.is_none()) {
            self.set_due(id, Some(now.after(RETRY)));
        }
    }

    /// Moves the timer.
    pub(super) fn set_due(&mut self, id: &str, due: Option<Nanos>) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        if entry.due == due {
            return;
        }
        if let Some(before) = std::mem::replace(&mut entry.due, due) {
            self.timers.remove(&(before, id.to_owned()));
        }
        if let Some(due) = due {
            self.timers.insert((due, id.to_owned()));
        }
    }
}

fn millis(ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}
