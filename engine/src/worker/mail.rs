//! How shards talk: bounded mailboxes, one for each shard, and letters that own what they carry.
//!
//! What does not fit into a full box waits here, in order. It stays bounded because every question comes
//! from a connection, which has only so many in service.

use std::collections::VecDeque;

use headwater_io::mailbox::{Receiver, Sender};

use super::measure::Measure;
use super::publish::News;
use super::{JobOwner, Worker};
use crate::broker::controller::{Command, Outcome};
use crate::broker::coordination::{Question, Reply};
use crate::model::{PartitionKey, ShardId};
use crate::shard::letters::{Answer, Ask, CallId, ReplyTo};
use crate::shard::serve::Search;

/// Letters a box holds.
pub const BOX_LETTERS: usize = 4096;
/// Letters read in one tick.
const LETTERS_PER_TICK: usize = 1024;

/// What one thread tells another.
pub enum Letter {
    /// A question to the partitions of a shard.
    Ask(Ask, ReplyTo),
    /// A question to the controller (only to its shard).
    Command(Command, ReplyTo<Outcome>),
    /// A question to a coordinator of that shard.
    Coordinate(Question, ReplyTo<Reply>),
    /// A coordinator's answer to a call on that shard's connections.
    Coordinated(CallId, u32, Reply),
    /// The controller's answer to a coordinator of that shard.
    CoordinatorOutcome(Outcome),
    /// An answer to a coordinator of that shard: its partition, its number for it.
    AnswerCoordinator(PartitionKey, u64, Answer),
    /// An answer to a call on that shard's connections.
    Answer(CallId, u32, Answer),
    /// The controller's answer to such a call.
    Outcome(CallId, Outcome),
    /// The topics have changed; to be confirmed.
    Publish(News),
    /// A shard knows what was published under this number.
    Published(u64),
    /// Say what is counted.
    Measure(Measure),
    /// Finish and stop.
    Stop,
    /// A shard that stops has answered its clients: it will not ask any more.
    Drained,
}

/// One shard's box, and the way to all others.
pub struct Mail {
    inbox: Receiver<Letter>,
    peers: Vec<Sender<Letter>>,
    waiting: Vec<VecDeque<Letter>>,
}

impl Mail {
    /// A shard's mail; `peers` are the boxes of all shards in order.
    pub fn new(inbox: Receiver<Letter>, peers: Vec<Sender<Letter>>) -> Self {
        let waiting = peers.iter().map(|_| VecDeque::new()).collect();
        Mail { inbox, peers, waiting }
    }

    pub(super) fn send(&mut self, to: ShardId, letter: Letter) {
        let n = usize::from(to.0);
        self.waiting[n].push_back(letter);
    }

    /// Sends what waits, as far as there is room.
    pub(super) fn flush(&mut self) {
        for (peer, waiting) in self.peers.iter().zip(&mut self.waiting) {
            while let Some(letter) = waiting.pop_front() {
                if let Err(letter) = peer.send(letter) {
                    waiting.push_front(letter);
                    break;
                }
            }
        }
    }

    /// Whether letters wait for room.
    pub(super) fn is_backed_up(&self) -> bool {
        self.waiting.iter().any(|waiting| !waiting.is_empty())
    }

    pub(super) fn shards(&self) -> usize {
        self.peers.len()
    }
}

impl Worker {
    pub(super) fn read_mail(&mut self) {
        for _ in 0..LETTERS_PER_TICK {
            let Some(letter) = self.mail.inbox.receive() else { return };
            match letter {
                Letter::Ask(ask, reply_to) => self.serve_ask(ask, reply_to),
                Letter::Command(command, reply_to) => {
                    let controller =
                        self.controller.as_mut().expect("commands go to the controller's shard");
                    controller.push(command, reply_to);
                }
                Letter::Coordinate(question, reply_to) => {
                    self.coordinate(self.id, question, reply_to)
                }
                Letter::Coordinated(call, part, reply) => self.coordinated_call(call, part, reply),
                Letter::CoordinatorOutcome(outcome) => self.ids_for_coordinators(outcome),
                Letter::AnswerCoordinator(partition, ticket, answer) => {
                    self.answer_coordinator(partition, ticket, answer)
                }
                Letter::Answer(call, part, answer) => self.answer_call(call, part, answer),
                Letter::Outcome(call, outcome) => self.outcome_of_call(call, outcome),
                Letter::Publish(news) => {
                    let number = news.number;
                    self.take_over(news);
                    self.mail.send(ShardId(0), Letter::Published(number));
                }
                Letter::Published(number) => self.published(number),
                Letter::Measure(measure) => self.measure(measure),
                Letter::Stop => self.begin_stop(),
                Letter::Drained => self.drained_shards += 1,
            }
        }
    }

    /// Asks the owner of partitions, wherever it is.
    pub(super) fn ask(&mut self, shard: ShardId, ask: Ask, reply_to: ReplyTo) {
        if shard == self.id {
            self.serve_ask(ask, reply_to);
        } else {
            self.mail.send(shard, Letter::Ask(ask, reply_to));
        }
    }

    fn serve_ask(&mut self, ask: Ask, reply_to: ReplyTo) {
        let reply_to = self.before_marker(&ask, reply_to);
        let moment = self.moment();
        if let Some(search) = self.shard.serve(ask, reply_to, moment, &mut self.io) {
            let Search { op, reply_to, refuse } = search;
            self.submit_job(op, JobOwner::Search { reply_to, refuse });
        }
    }

    /// Gives a command to the controller, which is on the first shard.
    pub(super) fn command(&mut self, command: Command, reply_to: ReplyTo<Outcome>) {
        match &mut self.controller {
            Some(controller) => controller.push(command, reply_to),
            None => self.mail.send(ShardId(0), Letter::Command(command, reply_to)),
        }
    }

    /// Takes every ready answer to whoever asked.
    pub(super) fn deliver(&mut self) {
        self.shard.take_answers(&mut self.answers);
        while !self.answers.is_empty() {
            for (reply_to, answer) in std::mem::take(&mut self.answers) {
                match reply_to {
                    ReplyTo::Call { shard, call, part } if shard == self.id => {
                        self.answer_call(call, part, answer)
                    }
                    ReplyTo::Call { shard, call, part } => {
                        self.mail.send(shard, Letter::Answer(call, part, answer))
                    }
                    ReplyTo::Coordinator { shard, partition, ticket } if shard == self.id => {
                        self.answer_coordinator(partition, ticket, answer)
                    }
                    ReplyTo::Coordinator { shard, partition, ticket } => {
                        self.mail.send(shard, Letter::AnswerCoordinator(partition, ticket, answer))
                    }
                    ReplyTo::Program(completer) => completer.complete(answer),
                    ReplyTo::Nobody => {}
                }
            }
            self.shard.take_answers(&mut self.answers);
        }
    }
}
