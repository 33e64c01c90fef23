//! One partition on its shard: the log, who waits for it, and what could not be done yet.

use std::collections::VecDeque;

use headwater_io::clock::Nanos;
use headwater_io::driver::Driver;
use headwater_protocol::batch::header::BatchHeader;

use super::acks::{Waited, Waiters};
use super::counted::CommitStages;
use super::letters::{
    Acks, Answer, AppendAnswer, Bar, CallId, Isolation, Marks, PartitionSettings, ReadAnswer,
    ReadAsk, Refusal, ReplyTo, Seen,
};
use super::unseen::Unseen;
use super::verification::{Guard, GuardError, Guards};
use crate::log::append::{AppendError, AppendTime, Appended};
use crate::log::epochs::EpochLookup;
use crate::log::look::Look;
use crate::log::producers::SequenceError;
use crate::log::producers::transactions::{MarkerOf, ProducerState};
use crate::log::read::ReadError;
use crate::log::record_set::RecordSet;
use crate::log::watermarks::Mark;
use crate::log::{Health, Log};
use crate::metrics::counters::Flow;
use crate::metrics::stages::Stamps;
use crate::model::{LeaderEpoch, PartitionKey};
use crate::planted::{self, Bug};
use crate::rare::{self, Rare};

pub(super) struct Partition {
    pub(super) key: PartitionKey,
    pub(super) settings: PartitionSettings,
    /// What consumers saw under an earlier, weaker bar: it must not vanish.
    pub(super) shown: Mark,
    pub(super) log: Log,
    /// To be pumped at the end of the tick.
    pub(super) dirty: bool,
    /// What others hold may follow from what is in it: no frame has anything of theirs before it has all of this.
    pub(super) leads: bool,
    /// It stands in the journal's list of those with bytes in no frame.
    pub(super) waits_for_frame: bool,
    /// It stands in the journal's list of those that may not write to their segments now.
    pub(super) waits_to_write_back: bool,
    pub(super) released: bool,
    pub(super) deadline: Option<Nanos>,
    /// Appends that wait for memory or file space, in order of arrival.
    parked: VecDeque<Append>,
    /// Appends to a transaction that wait for its first batch, which comes by a longer way.
    early: Vec<Append>,
    /// Until the device has accepted, until it has flushed.
    written: Waiters,
    durable: Waiters,
    /// Calls to wake when there is more than they have seen.
    watchers: Vec<(Seen, ReplyTo)>,
    /// Ended transactions whose markers nobody can see yet.
    unseen: Unseen,
    /// Given to whoever would begin a transaction.
    guards: Guards,
    /// A batch is being looked for on an I/O thread.
    looking: bool,
    /// When its last commits passed their stages.
    pub(super) stages: CommitStages,
    /// What went through it.
    pub(super) flow: Flow,
}

/// A question for an append.
pub(super) struct Append {
    pub set: RecordSet,
    pub what: What,
    pub acks: Acks,
    pub unix_ms: i64,
    pub reply_to: ReplyTo,
}

/// What is to be appended.
#[derive(Clone, Copy)]
pub(super) enum What {
    /// A client's records, perhaps with the guard that it was given.
    Records { verified: Option<Guard> },
    /// A marker of the transaction coordinator.
    Marker(MarkerOf),
}

type Answers = Vec<(ReplyTo, Answer)>;

/// So many appends wait for the first batch of their transaction; more are told that they are out of order.
const EARLY_MAX: usize = 1_000;

impl What {
    /// Whether it may begin or end a transaction.
    fn may_begin_or_end(self) -> bool {
        !matches!(self, What::Records { verified: None })
    }
}

impl Partition {
    pub(super) fn new(key: PartitionKey, settings: PartitionSettings, log: Log) -> Self {
        Partition {
            key,
            settings,
            shown: Mark::default(),
            log,
            dirty: false,
            leads: false,
            waits_for_frame: false,
            waits_to_write_back: false,
            released: false,
            deadline: None,
            parked: VecDeque::new(),
            early: Vec::new(),
            written: Waiters::default(),
            durable: Waiters::default(),
            watchers: Vec::new(),
            unseen: Unseen::default(),
            guards: Guards::default(),
            looking: false,
            stages: CommitStages::default(),
            flow: Flow::default(),
        }
    }

    /// The end of what consumers see. What one of them has seen must not vanish, so it follows the same
    /// bar as `acks=all`.
    pub(super) fn visible(&self) -> Mark {
        let mark = match self.settings.bar {
            Bar::Durable if planted::is(Bug::ShowBeforeDurable) => self.log.marks().written(),
            Bar::Durable => self.log.marks().durable(),
            // Bytes that are only gathered have no stable place yet that could be sent from.
            Bar::Written | Bar::Appended => self.log.marks().written(),
        };
        mark.max(self.shown)
    }

    /// The end of what a consumer sees who wants such records.
    pub(super) fn end(&mut self, isolation: Isolation) -> Mark {
        let visible = self.visible();
        match isolation {
            Isolation::Uncommitted => visible,
            Isolation::Committed => self.log.stable(visible, self.unseen.first(visible.offset)),
        }
    }

    /// What is known of its producers.
    pub(super) fn producers(&self) -> Result<Vec<ProducerState>, Refusal> {
        match self.log.health() {
            Health::Failed(_) | Health::Quarantined(_) => Err(Refusal::Offline),
            _ => Ok(self.log.producers().describe()),
        }
    }

    /// Where a leader epoch ended.
    pub(super) fn epoch_end(&self, epoch: LeaderEpoch) -> Result<EpochLookup, Refusal> {
        match self.log.health() {
            Health::Failed(_) | Health::Quarantined(_) => Err(Refusal::Offline),
            _ => Ok(self.log.epoch_end(epoch)),
        }
    }

    pub(super) fn marks(&mut self) -> Marks {
        let last_stable = self.end(Isolation::Committed).offset;
        let marks = self.log.marks();
        Marks {
            appended: marks.appended(),
            written: marks.written(),
            durable: marks.durable(),
            last_stable,
            log_start: self.log.log_start(),
        }
    }

    /// Appends, or parks the request behind those that came before it.
    pub(super) fn append(&mut self, append: Append, now: Nanos, answers: &mut Answers) {
        if !self.parked.is_empty() {
            return self.parked.push_back(append);
        }
        if let Some(append) = self.try_append(append, now, answers) {
            self.parked.push_back(append);
        }
    }

    fn try_append(&mut self, append: Append, now: Nanos, answers: &mut Answers) -> Option<Append> {
        if self.is_early(&append) {
            self.early.push(append);
            return None;
        }
        let may_begin_or_end = append.what.may_begin_or_end();
        let left = self.append_now(append, now, answers);
        if left.is_none() && may_begin_or_end {
            for append in std::mem::take(&mut self.early) {
                self.append(append, now, answers);
            }
        }
        left
    }

    /// Whether a batch with a guard comes before the one that is to begin its transaction: that one may be in a
    /// request with others, which take their time.
    fn is_early(&self, append: &Append) -> bool {
        let What::Records { verified: Some(guard) } = append.what else { return false };
        let checked = self.guards.check(guard, append.set.first());
        self.early.len() < EARLY_MAX && matches!(checked, Err(GuardError::TooEarly { .. }))
    }

    fn append_now(&mut self, append: Append, now: Nanos, answers: &mut Answers) -> Option<Append> {
        let log_append_time_ms = self.settings.log_append_time.then_some(append.unix_ms);
        let time = AppendTime { now, log_append_time_ms };
        let appended = match append.what {
            What::Records { verified } => self.append_records(&append.set, time, verified),
            What::Marker(of) => self.append_marker(&append.set, time, &of),
        };
        let appended = match appended {
            Ok(appended) => appended,
            Err(Refusal::Append(AppendError::NotYet)) => {
                rare::reached(Rare::StarvedAppend);
                return Some(append);
            }
            Err(refusal) => {
                answers.push((append.reply_to, Answer::Appended(Err(refusal))));
                return None;
            }
        };
        self.count_append(&append.set, &appended);
        let (log_start, stamps) = (self.log.log_start(), Stamps::appended(now));
        let answer = AppendAnswer { appended, log_start, stamps };
        let bar = match append.acks {
            Acks::None => Bar::Appended,
            Acks::Leader => self.settings.bar.min(Bar::Written),
            Acks::All => self.settings.bar,
        };
        match bar {
            Bar::Appended => answers.push((append.reply_to, Answer::Appended(Ok(answer)))),
            Bar::Written => {
                self.written.push(appended.end, append.reply_to, Waited::Append(answer))
            }
            Bar::Durable => {
                self.log.want_durable(appended.end);
                self.durable.push(appended.end, append.reply_to, Waited::Append(answer));
            }
        }
        if appended.duplicate {
            self.settle(now, answers);
        }
        None
    }

    /// Whether appends wait that came before.
    pub(super) fn is_backed_up(&self) -> bool {
        !self.parked.is_empty()
    }

    /// Tells `reply_to` when what was appended is durable, whatever the topic's bar is.
    pub(super) fn await_durable(&mut self, appended: Appended, reply_to: ReplyTo) {
        let (log_start, stamps) = (self.log.log_start(), Stamps::default());
        let answer = AppendAnswer { appended, log_start, stamps };
        self.log.want_durable(appended.end);
        self.durable.push(appended.end, reply_to, Waited::Append(answer));
    }

    /// Appends records; those that would begin a transaction with a guard only.
    fn append_records(
        &mut self,
        set: &RecordSet,
        time: AppendTime,
        guard: Option<Guard>,
    ) -> Result<Appended, Refusal> {
        let first = set.first();
        let checked = guard.map(|guard| self.guards.check(guard, first));
        match self.log.append(set, time, checked == Some(Ok(()))) {
            Ok(appended) if appended.duplicate => Ok(appended),
            Ok(appended) => {
                if guard.is_some() {
                    self.guards.forget(first.producer_id);
                }
                Ok(appended)
            }
            Err(AppendError::Unverified) => Err(self.unverified(first, checked)),
            // In the epoch of a new transaction, whose first batch is on its way by the coordinator.
            Err(AppendError::Sequence(_)) if guard.is_none() && self.guards.is_behind(first) => {
                Err(self.unverified(first, None))
            }
            Err(error) => Err(Refusal::Append(error)),
        }
    }

    fn unverified(
        &mut self,
        first: &BatchHeader,
        checked: Option<Result<(), GuardError>>,
    ) -> Refusal {
        match checked {
            None => Refusal::Unverified(self.guards.give(first)),
            Some(Err(GuardError::TooEarly { expected })) => {
                let found = first.base_sequence;
                let error = SequenceError::OutOfOrder { expected, found };
                Refusal::Append(AppendError::Sequence(error))
            }
            Some(_) => Refusal::NotInTransaction,
        }
    }

    fn append_marker(
        &mut self,
        set: &RecordSet,
        time: AppendTime,
        of: &MarkerOf,
    ) -> Result<Appended, Refusal> {
        let marked = self.log.append_marker(set, time, of);
        let (appended, ended) = marked.map_err(Refusal::Append)?;
        self.guards.ended(of);
        if let Some(ended) = ended {
            self.unseen.add(ended);
        }
        Ok(appended)
    }

    pub(super) fn flush(&mut self, now: Nanos, reply_to: ReplyTo, answers: &mut Answers) {
        let end = self.log.marks().appended().offset;
        self.log.want_durable(end);
        self.durable.push(end, reply_to, Waited::Flush);
        self.settle(now, answers);
    }

    /// Reads, or says that a batch must be looked for first.
    pub(super) fn read(
        &mut self,
        ask: &ReadAsk,
        bytes_max: u64,
    ) -> Result<Result<ReadAnswer, Refusal>, Look> {
        let (visible, stable) = (self.visible(), self.end(Isolation::Committed));
        if self.log.take_look_failure() {
            return Ok(Err(Refusal::Offline));
        }
        let is_committed = ask.isolation == Isolation::Committed;
        let end = if is_committed { stable } else { visible };
        let read = self.log.read(ask.offset, bytes_max, end);
        self.flow.read_bytes += read.as_ref().map_or(0, |read| read.bytes);
        match read {
            Ok(read) => Ok(Ok(ReadAnswer {
                aborted: match is_committed {
                    true => self.log.aborted_in(ask.offset, read.upto),
                    false => Vec::new(),
                },
                pieces: read.pieces,
                bytes: read.bytes,
                more: read.more,
                high_watermark: visible.offset,
                last_stable: stable.offset,
                log_start: self.log.log_start(),
            })),
            Err(ReadError::Look(look)) => Err(look),
            Err(ReadError::Offline) => Ok(Err(Refusal::Offline)),
            Err(ReadError::Corrupt) => Ok(Err(Refusal::Corrupt)),
            Err(ReadError::OutOfRange) => Ok(Err(Refusal::OutOfRange {
                log_start: self.log.log_start(),
                high_watermark: visible.offset,
            })),
        }
    }

    /// Starts looking for a batch, one at a time.
    pub(super) fn look(&mut self, look: Look, io: &mut Driver) {
        if !std::mem::replace(&mut self.looking, true) {
            self.log.start_look(look, io);
        }
    }

    /// Wakes `reply_to` when there is more than it has seen.
    pub(super) fn watch(&mut self, seen: Seen, reply_to: ReplyTo) {
        self.watchers.push((seen, reply_to));
    }

    /// The call does not wait any more.
    pub(super) fn unwatch(&mut self, gone: CallId) {
        self.watchers.retain(
            |(_, reply_to)| !matches!(reply_to, ReplyTo::Call { call, .. } if *call == gone),
        );
    }

    pub(super) fn pump(&mut self, io: &mut Driver, now: Nanos, answers: &mut Answers) {
        while let Some(append) = self.parked.pop_front() {
            if let Some(append) = self.try_append(append, now, answers) {
                self.parked.push_front(append);
                break;
            }
        }
        // Somebody waits to see what is written already: no reason to let it lie unsynced.
        if !self.watchers.is_empty() && self.settings.bar == Bar::Durable {
            self.log.want_durable(self.log.marks().appended().offset);
        }
        self.log.pump(io, now);
        self.settle(now, answers);
    }

    /// Tells everybody whose mark was passed.
    pub(super) fn settle(&mut self, now: Nanos, answers: &mut Answers) {
        if let Health::Failed(_) | Health::Quarantined(_) = self.log.health() {
            return self.refuse_all(&Refusal::Offline, answers);
        }
        let marks = self.marks();
        let (stages, is_journaled) = (&self.stages, self.log.is_journaled());
        let mut tell = |reply_to, waited| {
            let answer = match waited {
                Waited::Append(answer) => {
                    Answer::Appended(Ok(stages.stamp(answer, is_journaled, now)))
                }
                Waited::Flush => Answer::Marks(Ok(marks)),
            };
            answers.push((reply_to, answer));
        };
        self.written.release(marks.written.offset, &mut tell);
        self.durable.release(marks.durable.offset, &mut tell);
        self.stages.clear();
        self.wake_watchers(answers);
    }

    fn wake_watchers(&mut self, answers: &mut Answers) {
        if self.watchers.is_empty() {
            return;
        }
        let visible = self.visible().offset;
        let stable = self.end(Isolation::Committed).offset;
        let mut n = 0;
        while n < self.watchers.len() {
            let (seen, _) = self.watchers[n];
            let end = match seen.isolation {
                Isolation::Uncommitted => visible,
                Isolation::Committed => stable,
            };
            if end > seen.end {
                let (_, reply_to) = self.watchers.swap_remove(n);
                answers.push((reply_to, Answer::Moved));
            } else {
                n += 1;
            }
        }
    }

    pub(super) fn looked(&mut self) {
        self.looking = false;
    }

    pub(super) fn release(&mut self, answers: &mut Answers) {
        self.released = true;
        self.refuse_all(&Refusal::Unknown, answers);
    }

    fn refuse_all(&mut self, refusal: &Refusal, answers: &mut Answers) {
        let parked = self.parked.drain(..).chain(self.early.drain(..));
        let parked = parked.map(|append| append.reply_to);
        answers.extend(parked.map(|reply_to| (reply_to, Answer::Appended(Err(refusal.clone())))));
        for waiters in [&mut self.written, &mut self.durable] {
            answers.extend(waiters.drain().map(|(reply_to, waited)| match waited {
                Waited::Append(_) => (reply_to, Answer::Appended(Err(refusal.clone()))),
                Waited::Flush => (reply_to, Answer::Marks(Err(refusal.clone()))),
            }));
        }
        answers.extend(self.watchers.drain(..).map(|(_, reply_to)| (reply_to, Answer::Moved)));
    }

    /// Whether something waits for memory or room that may come without a completion of this log.
    pub(super) fn is_starved(&self) -> bool {
        !self.parked.is_empty() || self.log.is_stuck()
    }

    pub(super) fn is_quiet(&self) -> bool {
        let offline = matches!(self.log.health(), Health::Failed(_) | Health::Quarantined(_));
        self.parked.is_empty() && (offline || self.log.is_quiet())
    }
}
