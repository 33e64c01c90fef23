//! The transaction coordinator of one partition of `__transaction_state`: who holds each transactional id,
//! which partitions its transaction reaches, whether it counts. Kafka's answers (KIP-98, KIP-360, KIP-890),
//! Kafka's records.
//!
//! A pure state machine. [`Transactions::handle`] decides and changes nothing; what it decided becomes true
//! in [`Transactions::appended`], once the log has the records, by the same function that reads them back
//! after a restart. Answers and markers leave only when everything appended before them is *durable*
//! ([`turn::Turn`] says so to its driver), so a transaction that somebody heard of is in the log.
//!
//! ```text
//! Empty ─ partitions ─► Ongoing ─ EndTxn ─► Prepare… ─ every partition has its marker ─► Complete…
//!   ▲                      │                   ▲                                            │
//!   │                      └─ timeout, or another instance: epoch raised ─┘                 │
//!   └──────────────────────────────── InitProducerId ◄─────────────────────────────────────┘
//! ```
//!
//! Time and producer ids are handed in. Must not know logs, shards, sockets or clocks, nor whether a topic
//! exists. Skipped: two-phase commit with an outside coordinator (KIP-939).

pub mod requests;
pub mod settings;
pub mod state;
pub mod transaction;
pub mod turn;

mod end;
mod init;
mod list;
mod markers;
pub mod measure;
mod partitions;
pub mod records;
mod timers;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;

use headwater_io::clock::Nanos;
use headwater_protocol::error_code::ErrorCode;

use crate::planted::{self, Bug};
use crate::rare::{self, Rare};
use markers::Marking;
use records::{Said, Unreadable};
use requests::{Answer, Request};
use settings::Settings;
use transaction::Transaction;
use turn::{Decision, Moment, Parked, Turn, Waiter, Write};

/// The longest transactional id, as on the wire.
const TRANSACTIONAL_ID_BYTES_MAX: usize = i16::MAX as usize;

/// The transactional ids of one partition.
pub struct Transactions<W> {
    settings: Settings,
    coordinator_epoch: i32,
    entries: BTreeMap<String, Entry>,
    /// By time; each transactional id has one timer or none, see [`Entry::due`].
    timers: BTreeSet<(Nanos, String)>,
    /// A write is with the driver; until it comes back nothing else may be decided.
    is_writing: bool,
    waiter: PhantomData<fn() -> W>,
}

/// One transactional id.
struct Entry {
    /// What is, or will be, in the log.
    transaction: Transaction,
    /// What is still to be marked, in a prepared state.
    marking: Marking,
    /// When something must happen by itself: what, follows from the state.
    due: Option<Nanos>,
}

impl<W: Copy> Transactions<W> {
    /// Of a partition whose leader epoch is `coordinator_epoch`: first [`Transactions::replay`] its records,
    /// then call [`Transactions::loaded`].
    pub fn new(settings: Settings, coordinator_epoch: i32) -> Self {
        Transactions {
            settings,
            coordinator_epoch,
            entries: BTreeMap::new(),
            timers: BTreeSet::new(),
            is_writing: false,
            waiter: PhantomData,
        }
    }

    /// A request.
    pub fn handle(&mut self, request: Request, waiter: W, at: Moment) -> Turn<W> {
        self.serve(request, waiter, None, at)
    }

    /// A request that waited for a producer id: it is decided anew, and may not need the id any more.
    pub fn resume(
        &mut self,
        parked: Parked<W>,
        producer_id: Result<i64, ErrorCode>,
        at: Moment,
    ) -> Turn<W> {
        let Parked { waiter, request } = parked;
        match producer_id {
            Ok(id) => self.serve(request, waiter, Some(id), at),
            Err(code) => Turn::answer(waiter, request.refuse(code)),
        }
    }

    /// Whether a request would be told to come again only because the producer's last transaction is being
    /// marked: in a moment it would not.
    pub fn should_wait(&self, request: &Request) -> bool {
        let id = match request {
            Request::InitProducerId(r) => &r.transactional_id,
            Request::AddPartitionsToTxn(r) if !r.verify_only => &r.transactional_id,
            Request::AddOffsetsToTxn(r) => &r.transactional_id,
            _ => return false,
        };
        self.entries.get(id).is_some_and(|entry| entry.transaction.state.is_prepared())
    }

    fn serve(&mut self, request: Request, waiter: W, new_id: Option<i64>, at: Moment) -> Turn<W> {
        assert!(!self.is_writing, "a write was not given back before the next request");
        match self.decide(&request, new_id, at.unix_ms) {
            Decision::Answer(answer) => Turn::answer(waiter, answer),
            Decision::NeedProducerId => {
                assert!(new_id.is_none(), "one producer id is enough");
                Turn { parked: vec![Parked { waiter, request }], ..Turn::nothing() }
            }
            Decision::Become(values, answer) => {
                let mut write = Write::new(at);
                let id = transactional_id(&request).expect("a listing changes nothing");
                values.into_iter().for_each(|next| write.push(id, Some(next)));
                write.waiters.push(Waiter { waiter, request, answer });
                self.give(write)
            }
        }
    }

    fn decide(&self, request: &Request, new_id: Option<i64>, unix_ms: i64) -> Decision {
        let refuse = |code| Decision::Answer(request.refuse(code));
        let id = transactional_id(request);
        if id.is_some_and(|id| id.is_empty() || id.len() > TRANSACTIONAL_ID_BYTES_MAX) {
            return refuse(ErrorCode::InvalidRequest);
        }
        let entry = id.and_then(|id| self.entries.get(id));
        let found = entry.map(|entry| &entry.transaction);
        match request {
            Request::InitProducerId(_) if found.is_none() && self.is_full() => {
                refuse(ErrorCode::PolicyViolation)
            }
            Request::InitProducerId(r) => init::decide(found, r, &self.settings, new_id, unix_ms),
            Request::AddPartitionsToTxn(r) => {
                partitions::decide_add(found, r, &self.settings, unix_ms)
            }
            Request::AddOffsetsToTxn(r) => {
                partitions::decide_add_offsets(found, r, &self.settings, unix_ms)
            }
            Request::EndTxn(r) => end::decide(found, r, new_id, unix_ms),
            Request::ListTransactions(r) => {
                Decision::Answer(Answer::ListTransactions(list::list(&self.entries, r, unix_ms)))
            }
            Request::DescribeTransactions { .. } => {
                Decision::Answer(Answer::DescribeTransactions(list::describe(entry)))
            }
        }
    }

    fn is_full(&self) -> bool {
        self.entries.len() >= self.settings.transactional_ids_max
    }

    /// Hands a write to the driver, if there is anything in it.
    fn give(&mut self, write: Write<W>) -> Turn<W> {
        if write.records.is_empty() {
            return Turn::nothing();
        }
        self.is_writing = true;
        Turn { write: Some(write), ..Turn::nothing() }
    }

    /// The log has the records.
    pub fn appended(&mut self, write: Write<W>) -> Turn<W> {
        assert!(self.is_writing, "a write that was not handed out");
        self.is_writing = false;
        let mut turn = Turn::nothing();
        for change in write.changes {
            let id = &change.transactional_id;
            let before = self.entries.get(id).map(|entry| entry.transaction.state);
            self.apply(id, change.next);
            self.schedule(id, before, write.at);
            turn.markers.extend(self.begin_marking(id));
        }
        let answers = write.waiters.into_iter().map(|waiting| (waiting.waiter, waiting.answer));
        turn.answers.extend(answers);
        turn
    }

    /// The log refused the records: everything is as before, and what nobody waits for is tried again.
    pub fn refused(&mut self, write: Write<W>, code: ErrorCode) -> Turn<W> {
        assert!(self.is_writing, "a write that was not handed out");
        self.is_writing = false;
        for change in &write.changes {
            self.retry_later(&change.transactional_id, write.at.now);
        }
        let code = answer_for(code);
        let refuse = |waiting: Waiter<W>| (waiting.waiter, waiting.request.refuse(code));
        Turn { answers: write.waiters.into_iter().map(refuse).collect(), ..Turn::nothing() }
    }

    /// One record, read back at a start.
    pub fn replay(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), Unreadable> {
        match records::decode(key, value)? {
            Said::Is(id, transaction) => self.apply(&id, Some(*transaction)),
            Said::Gone(id) => self.apply(&id, None),
            Said::Unknown(_) => {}
        }
        Ok(())
    }

    /// All records are read: timers run from here, and what was decided goes on. Its markers are in the
    /// turn; a partition may get one twice, which changes nothing there.
    pub fn loaded(&mut self, at: Moment) -> Turn<W> {
        let ids: Vec<String> = self.entries.keys().cloned().collect();
        let mut turn = Turn::nothing();
        for id in &ids {
            self.schedule_loaded(id, at);
            if planted::is(Bug::ForgetMarkers) {
                continue;
            }
            let markers = self.begin_marking(id);
            markers.iter().for_each(|_| rare::reached(Rare::PreparedLoaded));
            turn.markers.extend(markers);
        }
        turn
    }

    /// Makes true what a record says.
    fn apply(&mut self, transactional_id: &str, next: Option<Transaction>) {
        match (self.entries.get_mut(transactional_id), next) {
            (Some(entry), Some(transaction)) => {
                entry.transaction = transaction;
                entry.marking = Marking::default();
            }
            (None, Some(transaction)) => {
                let entry = Entry { transaction, marking: Marking::default(), due: None };
                self.entries.insert(transactional_id.to_owned(), entry);
            }
            (_, None) => {
                self.set_due(transactional_id, None);
                self.entries.remove(transactional_id);
            }
        }
    }

    /// All transactional ids in order, for figures and pictures; what it shows may not be durable yet.
    pub fn transactions(&self) -> impl Iterator<Item = (&str, &Transaction)> {
        self.entries.iter().map(|(id, entry)| (id.as_str(), &entry.transaction))
    }
}

/// Whose transaction a request is about.
fn transactional_id(request: &Request) -> Option<&str> {
    match request {
        Request::InitProducerId(request) => Some(&request.transactional_id),
        Request::AddPartitionsToTxn(request) => Some(&request.transactional_id),
        Request::AddOffsetsToTxn(request) => Some(&request.transactional_id),
        Request::EndTxn(request) => Some(&request.transactional_id),
        Request::DescribeTransactions { transactional_id } => Some(transactional_id),
        Request::ListTransactions(_) => None,
    }
}

/// What a producer is told when the log refuses a record with this code, as Kafka translates it: look for
/// the coordinator again, or try again.
fn answer_for(code: ErrorCode) -> ErrorCode {
    match code {
        ErrorCode::UnknownTopicOrPartition
        | ErrorCode::NotEnoughReplicas
        | ErrorCode::NotEnoughReplicasAfterAppend
        | ErrorCode::RequestTimedOut => ErrorCode::CoordinatorNotAvailable,
        ErrorCode::NotLeaderOrFollower | ErrorCode::KafkaStorageError => ErrorCode::NotCoordinator,
        ErrorCode::MessageTooLarge | ErrorCode::RecordListTooLarge => ErrorCode::UnknownServerError,
        code => code,
    }
}
