//! One partition of an internal topic at work: its state machine, who waits for it, and what may not go
//! out yet.
//!
//! An answer speaks of everything that was appended before it, so it is held back until all of that is
//! durable; in order, also when it wrote nothing itself. What only leads to appends that the shard's journal keeps
//! behind it need not wait: then those wait for both. A write that finds no room stops the line: the next question
//! would be decided on a state that is about to change.

use std::collections::VecDeque;
use std::time::Duration;

use headwater_io::clock::Nanos;
use headwater_protocol::error_code::ErrorCode;
use slab::Slab;

use super::machine::{Machine, Turn, Write};
use super::{Outside, Waiter};
use crate::broker::coordination::{Place, Question, Reply};
use crate::broker::groups::turn::Moment;
use crate::broker::txn::requests::TopicPartition;
use crate::broker::txn::turn::{Marked, Markers, Parked};
use crate::log::record_set::RecordSet;
use crate::model::{Offset, PartitionKey};
use crate::planted::{self, Bug};
use crate::rare::{self, Rare};
use crate::shard::letters::{Refusal, ReplyTo};

/// What waits behind a write without room; further questions are sent away, to come again.
const WAITING_MAX: usize = 10_000;
/// A producer that goes on while its last transaction is being marked is kept waiting so long rather than
/// told to come again: clients take their time with that. As Kafka's
/// `add.partitions.to.txn.retry.backoff.max.ms`.
const PATIENCE: Duration = Duration::from_millis(100);

/// See the module.
pub struct Host {
    pub(super) place: Place,
    pub(super) key: PartitionKey,
    pub(super) machine: Machine,
    stage: Stage,
    waiters: Slab<Asker>,
    /// A write that finds no room, and what came after it.
    blocked: Option<Write>,
    waiting: VecDeque<Event>,
    /// Questions that wait for the end of another transaction, at the latest until then.
    patient: VecDeque<(Nanos, Question, ReplyTo<Reply>)>,
    /// Appends that are not durable yet, oldest first, and what waits for each.
    held: VecDeque<Held>,
    next_ticket: u64,
}

/// How far it is.
#[derive(Debug, PartialEq, Eq)]
enum Stage {
    /// Its records are being read, from here on.
    Loading(Offset),
    /// Open for questions.
    Serving,
    /// Its log cannot be read or written any more.
    Failed,
}

/// What a machine hears.
pub enum Event {
    /// A question.
    Ask(Question, ReplyTo<Reply>),
    /// A topic is gone.
    TopicDeleted(String),
    /// A producer id for a decision that waits for one, or why there is none.
    ProducerId(Parked<Waiter>, Result<i64, ErrorCode>),
    /// What became of a marker: whose it is, and where.
    Marked(String, TopicPartition, Marked),
}

/// Who waits for an answer.
struct Asker {
    reply_to: ReplyTo<Reply>,
    /// What is done with the answer is not durable before what it speaks of.
    is_ordered: bool,
}

#[derive(Default)]
struct Held {
    ticket: u64,
    answers: Vec<(Waiter, Reply)>,
    markers: Vec<Markers>,
}

impl Host {
    /// A machine that knows nothing yet: load it.
    pub fn new(place: Place, key: PartitionKey, machine: Machine) -> Self {
        Host {
            place,
            key,
            machine,
            stage: Stage::Loading(Offset(0)),
            waiters: Slab::new(),
            blocked: None,
            waiting: VecDeque::new(),
            patient: VecDeque::new(),
            held: VecDeque::new(),
            next_ticket: 0,
        }
    }

    /// Where loading goes on, while it does.
    pub fn loads_from(&self) -> Option<Offset> {
        match self.stage {
            Stage::Loading(next) => Some(next),
            _ => None,
        }
    }

    /// Loading has come so far.
    pub fn loaded_to(&mut self, next: Offset) {
        self.stage = Stage::Loading(next);
    }

    /// Everything is read: open for questions.
    pub fn open(&mut self, outside: &mut Outside<'_>) {
        self.stage = Stage::Serving;
        let turn = self.machine.loaded(outside.moment());
        self.follow(turn, outside);
    }

    /// The log has failed: nobody is told anything but that.
    pub fn fail(&mut self, outside: &mut Outside<'_>) {
        self.stage = Stage::Failed;
        self.blocked = None;
        let code = ErrorCode::CoordinatorNotAvailable;
        for held in std::mem::take(&mut self.held) {
            for (waiter, reply) in held.answers {
                self.tell(waiter, reply.refused(code), outside);
            }
        }
        let patient = std::mem::take(&mut self.patient).into_iter();
        let patient = patient.map(|(_, question, reply_to)| Event::Ask(question, reply_to));
        for event in std::mem::take(&mut self.waiting).into_iter().chain(patient) {
            refuse(event, code, outside);
        }
    }

    /// Something for the machine, at once or behind a write that finds no room.
    pub fn hear(&mut self, event: Event, outside: &mut Outside<'_>) {
        let refusal = match self.stage {
            Stage::Loading(_) => Some(ErrorCode::CoordinatorLoadInProgress),
            Stage::Failed => Some(ErrorCode::CoordinatorNotAvailable),
            Stage::Serving if self.is_crowded() && matches!(event, Event::Ask(..)) => {
                Some(ErrorCode::CoordinatorNotAvailable)
            }
            Stage::Serving => None,
        };
        if let Some(code) = refusal {
            return refuse(event, code, outside);
        }
        // Those who have waited come before those who need not: what one producer asks keeps its order.
        self.ask_patient(outside);
        if self.blocked.is_some() {
            return self.waiting.push_back(event);
        }
        let at = outside.moment();
        let turn = match event {
            Event::Ask(question, reply_to) if self.machine.should_wait(&question) => {
                let until = outside.at.now.after(PATIENCE);
                return self.patient.push_back((until, question, reply_to));
            }
            Event::Ask(question, reply_to) => self.ask(question, reply_to, at, outside),
            Event::TopicDeleted(name) => self.machine.topic_deleted(&name, at),
            Event::ProducerId(parked, id) => self.machine.resume(parked, id, at),
            Event::Marked(id, partition, marked) => {
                self.machine.marked(&id, &partition, marked, at)
            }
        };
        self.follow(turn, outside);
        self.ask_patient(outside);
    }

    fn ask(
        &mut self,
        question: Question,
        reply_to: ReplyTo<Reply>,
        at: Moment,
        outside: &Outside<'_>,
    ) -> Turn {
        let is_ordered = question.is_of_appends_to(|one| outside.keeps_order(self.key, one));
        let waiter = self.waiters.insert(Asker { reply_to, is_ordered }) as Waiter;
        self.machine.handle(question, waiter, at)
    }

    /// Asks what need not wait any more, or has waited long enough.
    fn ask_patient(&mut self, outside: &mut Outside<'_>) {
        for _ in 0..self.patient.len() {
            if self.blocked.is_some() {
                return;
            }
            let Some((until, question, reply_to)) = self.patient.pop_front() else { return };
            if self.machine.should_wait(&question) && outside.at.now < until {
                self.patient.push_back((until, question, reply_to));
                continue;
            }
            let at = outside.moment();
            let turn = self.ask(question, reply_to, at, outside);
            self.follow(turn, outside);
        }
    }

    fn is_crowded(&self) -> bool {
        self.waiting.len() + self.patient.len() >= WAITING_MAX
    }

    /// When it must be run although nobody asks.
    pub fn deadline(&self) -> Option<Nanos> {
        match self.stage {
            Stage::Serving if self.blocked.is_none() => {
                let patience = self.patient.iter().map(|(until, ..)| *until).min();
                self.machine.deadline().into_iter().chain(patience).min()
            }
            _ => None,
        }
    }

    /// Whether a write waits for room.
    pub fn is_blocked(&self) -> bool {
        self.blocked.is_some()
    }

    /// Does what is due, and tries again what found no room.
    pub fn run(&mut self, outside: &mut Outside<'_>) {
        if let Some(write) = self.blocked.take() {
            self.write(write, outside);
        }
        while self.blocked.is_none() {
            let Some(event) = self.waiting.pop_front() else { break };
            self.hear(event, outside);
        }
        self.ask_patient(outside);
        let now = outside.at.now;
        while self.deadline().is_some_and(|due| due <= now) {
            let turn = self.machine.expire(outside.moment());
            self.follow(turn, outside);
        }
    }

    /// What a call leads to.
    pub fn follow(&mut self, turn: Turn, outside: &mut Outside<'_>) {
        let Turn { answers, write, markers, parked } = turn;
        outside.parked.extend(parked.into_iter().map(|parked| (self.place, parked)));
        let is_ordered =
            |waiter: Waiter| self.waiters.get(waiter as usize).is_some_and(|one| one.is_ordered);
        let (at_once, answers) = answers.into_iter().partition(|(waiter, _)| is_ordered(*waiter));
        let split = |one: Markers| one.split(|at| outside.keeps_order(self.key, at));
        let (markers_at_once, markers): (Vec<_>, Vec<_>) = markers.into_iter().map(split).unzip();
        self.release(at_once, markers_at_once.into_iter().flatten().collect(), outside);
        let markers = markers.into_iter().flatten().collect::<Vec<_>>();
        match self.held.back_mut() {
            Some(last) if !planted::is(Bug::AnswerBeforeDecided) => {
                last.answers.extend(answers);
                last.markers.extend(markers);
            }
            _ => self.release(answers, markers, outside),
        }
        if let Some(write) = write {
            self.write(write, outside);
        }
    }

    fn write(&mut self, write: Write, outside: &mut Outside<'_>) {
        let set = RecordSet::own(write.batch(outside.at.unix_ms));
        let ticket = self.next_ticket;
        match outside.append(self.key, &set, ticket) {
            None => {
                rare::reached(Rare::CoordinatorWaits);
                self.blocked = Some(write);
            }
            Some(Ok(base)) => {
                self.next_ticket += 1;
                self.held.push_back(Held { ticket, ..Held::default() });
                let turn = self.machine.appended(write, base, outside.moment());
                self.follow(turn, outside);
            }
            Some(Err(refusal)) => {
                let turn = self.machine.refused(write, refusal.code(), outside.moment());
                self.follow(turn, outside);
            }
        }
    }

    /// What was appended under this ticket is durable, or never will be.
    pub fn stable(&mut self, ticket: u64, result: Result<(), Refusal>, outside: &mut Outside<'_>) {
        if result.is_err() {
            return self.fail(outside);
        }
        while let Some(held) = self.held.pop_front_if(|held| held.ticket <= ticket) {
            self.release(held.answers, held.markers, outside);
        }
    }

    fn release(
        &mut self,
        answers: Vec<(Waiter, Reply)>,
        markers: Vec<Markers>,
        outside: &mut Outside<'_>,
    ) {
        for (waiter, reply) in answers {
            self.tell(waiter, reply, outside);
        }
        outside.markers.extend(markers.into_iter().map(|markers| (self.place, markers)));
    }

    fn tell(&mut self, waiter: Waiter, reply: Reply, outside: &mut Outside<'_>) {
        if let Some(asker) = self.waiters.try_remove(waiter as usize) {
            outside.reply(asker.reply_to, reply);
        }
    }
}

/// Nobody is there to hear it. What is not a question is found again when the records are read back.
fn refuse(event: Event, code: ErrorCode, outside: &mut Outside<'_>) {
    if let Event::Ask(question, reply_to) = event {
        outside.reply(reply_to, question.refuse(code));
    }
}
