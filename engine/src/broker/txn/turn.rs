//! What one call of the coordinator leads to, for whoever drives it.
//!
//! `W` is the driver's own token for somebody who waits for an answer; nothing here looks into it.

use headwater_io::clock::Nanos;
use headwater_protocol::error_code::ErrorCode;

use super::records::{self, Record};
use super::requests::{Answer, Request, TopicPartition};
use super::transaction::Transaction;

/// A point in time, on both clocks: timers run by the first, records tell the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Monotonic.
    pub now: Nanos,
    /// Wall clock.
    pub unix_ms: i64,
}

/// What follows from a call.
///
/// `answers` and `markers` speak of everything that was appended before, so they go out only when all of
/// that is *durable*. `write` is appended at once, before any other call, and given back to
/// [`super::Transactions::appended`] or [`super::Transactions::refused`].
#[derive(Debug)]
#[must_use = "answers, markers and records in it are nowhere else"]
pub struct Turn<W> {
    /// To whoever waits for them.
    pub answers: Vec<(W, Answer)>,
    /// To be appended.
    pub write: Option<Write<W>>,
    /// To be written to the partitions of transactions; of each partition hears
    /// [`super::Transactions::marked`].
    pub markers: Vec<Markers>,
    /// Requests that cannot be decided without a new producer id: get one for each and call
    /// [`super::Transactions::resume`].
    pub parked: Vec<Parked<W>>,
}

/// Records to append as one batch, all or nothing.
#[derive(Debug)]
#[must_use = "give it back: appended or refused"]
pub struct Write<W> {
    /// In order.
    pub records: Vec<Record>,
    pub(super) changes: Vec<Change>,
    pub(super) waiters: Vec<Waiter<W>>,
    pub(super) at: Moment,
}

/// One transactional id's next value, or none.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub transactional_id: String,
    pub next: Option<Transaction>,
}

/// Who waits for a write, and what it is told.
#[derive(Debug)]
pub(super) struct Waiter<W> {
    pub waiter: W,
    pub request: Request,
    pub answer: Answer,
}

/// Control batches that end a transaction: one for each partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Markers {
    /// Whose transaction.
    pub transactional_id: String,
    /// The producer id on the markers.
    pub producer_id: i64,
    /// The epoch on the markers: with version 2, one more than that of the transaction's records.
    pub producer_epoch: i16,
    /// The leader epoch of the partition of `__transaction_state`.
    pub coordinator_epoch: i32,
    /// The rules under which the transaction ran: with version 2 the epoch is a new one.
    pub transaction_version: i16,
    /// Commit or abort.
    pub commit: bool,
    /// Where, in order; those of `__consumer_offsets` are among them.
    pub partitions: Vec<TopicPartition>,
}

/// A request that waits for a producer id.
#[derive(Debug)]
pub struct Parked<W> {
    pub(super) waiter: W,
    pub(super) request: Request,
}

/// What became of a marker in a partition.
pub type Marked = Result<(), ErrorCode>;

impl Markers {
    /// Those for partitions of which `is_first` says so, and the others.
    pub fn split(self, is_first: impl Fn(&TopicPartition) -> bool) -> (Option<Self>, Option<Self>) {
        let (first, rest): (Vec<_>, Vec<_>) = self.partitions.iter().cloned().partition(is_first);
        let some = |partitions: Vec<_>| {
            (!partitions.is_empty()).then(|| Markers { partitions, ..self.clone() })
        };
        (some(first), some(rest))
    }
}

impl<W> Turn<W> {
    /// Nothing follows.
    pub fn nothing() -> Self {
        Turn { answers: Vec::new(), write: None, markers: Vec::new(), parked: Vec::new() }
    }

    /// Only an answer.
    pub(super) fn answer(waiter: W, answer: Answer) -> Self {
        Turn { answers: vec![(waiter, answer)], ..Turn::nothing() }
    }
}

impl<W> Write<W> {
    /// Nothing yet.
    pub(super) fn new(at: Moment) -> Self {
        Write { records: Vec::new(), changes: Vec::new(), waiters: Vec::new(), at }
    }

    /// One more record.
    pub(super) fn push(&mut self, transactional_id: &str, next: Option<Transaction>) {
        self.records.push(records::encode(transactional_id, next.as_ref()));
        let transactional_id = transactional_id.to_owned();
        self.changes.push(Change { transactional_id, next });
    }

    /// Without the records after the first `count`.
    pub(super) fn truncate(&mut self, count: usize) {
        self.records.truncate(count);
        self.changes.truncate(count);
    }

    /// Bytes of keys and values.
    pub fn bytes(&self) -> usize {
        self.records.iter().map(Record::bytes).sum()
    }
}

/// What a request leads to, before anything has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Only an answer.
    Answer(Answer),
    /// The transactional id takes these values, one after the other, in one batch; then the answer.
    Become(Vec<Transaction>, Answer),
    /// Ask again with a new producer id.
    NeedProducerId,
}
