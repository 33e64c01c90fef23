//! The two kinds of coordinators behind one face: both decide, have records appended, and then answer.

use bytes::Bytes;
use headwater_io::clock::Nanos;
use headwater_protocol::batch::attributes::Attributes;
use headwater_protocol::batch::builder::{BatchBuilder, Producer as BatchProducer};
use headwater_protocol::batch::compression::Compression;
use headwater_protocol::batch::control::Marker;
use headwater_protocol::error_code::ErrorCode;

use super::Waiter;
use super::load::Replayed;
use crate::broker::coordination::{Question, Reply};
use crate::broker::groups::turn::{Moment, Producer};
use crate::broker::groups::{self, Groups};
use crate::broker::txn::requests::TopicPartition;
use crate::broker::txn::turn::{Marked, Markers, Parked};
use crate::broker::txn::{self, Transactions};
use crate::model::Offset;

/// The state of one partition of an internal topic.
pub enum Machine {
    /// Of `__consumer_offsets`.
    Groups(Box<Groups<Waiter>>),
    /// Of `__transaction_state`.
    Transactions(Box<Transactions<Waiter>>),
}

/// Records that are to be appended.
pub enum Write {
    /// About groups.
    Groups(groups::turn::Write<Waiter>),
    /// About transactions.
    Transactions(txn::turn::Write<Waiter>),
}

/// What one call leads to.
#[derive(Default)]
pub struct Turn {
    /// For when everything appended so far is durable.
    pub answers: Vec<(Waiter, Reply)>,
    /// To be appended at once.
    pub write: Option<Write>,
    /// As the answers.
    pub markers: Vec<Markers>,
    /// What cannot be decided without a new producer id.
    pub parked: Vec<Parked<Waiter>>,
}

impl Machine {
    pub fn handle(&mut self, question: Question, waiter: Waiter, at: Moment) -> Turn {
        match (self, question) {
            (Machine::Groups(groups), Question::Groups(_, request)) => {
                groups.handle(request, waiter, at).into()
            }
            (Machine::Transactions(transactions), Question::Transactions(_, request)) => {
                transactions.handle(request, waiter, moment(at)).into()
            }
            _ => unreachable!("questions are sent by their kind"),
        }
    }

    /// Whether a question is better asked again in a moment.
    pub fn should_wait(&self, question: &Question) -> bool {
        match (self, question) {
            (Machine::Transactions(transactions), Question::Transactions(_, request)) => {
                transactions.should_wait(request)
            }
            _ => false,
        }
    }

    /// The log took the records, the first one at `base`.
    pub fn appended(&mut self, write: Write, base: Offset, at: Moment) -> Turn {
        match (self, write) {
            (Machine::Groups(groups), Write::Groups(write)) => {
                groups.appended(write, base, at).into()
            }
            (Machine::Transactions(transactions), Write::Transactions(write)) => {
                transactions.appended(write).into()
            }
            _ => unreachable!("a write goes back to where it came from"),
        }
    }

    /// The log did not.
    pub fn refused(&mut self, write: Write, code: ErrorCode, at: Moment) -> Turn {
        match (self, write) {
            (Machine::Groups(groups), Write::Groups(write)) => {
                groups.refused(write, code, at).into()
            }
            (Machine::Transactions(transactions), Write::Transactions(write)) => {
                transactions.refused(write, code).into()
            }
            _ => unreachable!("a write goes back to where it came from"),
        }
    }

    /// One record that was read back.
    ///
    /// # Errors
    /// What cannot be understood about it.
    pub fn replay(&mut self, record: &Replayed<'_>) -> Result<(), String> {
        match (self, record) {
            (Machine::Groups(groups), Replayed::Record { offset, producer, key, value }) => {
                groups.replay(*offset, *producer, key, *value).map_err(|error| error.to_string())
            }
            (Machine::Groups(groups), Replayed::Marker(producer, marker)) => {
                groups.marker(*producer, *marker == Marker::Commit);
                Ok(())
            }
            (Machine::Transactions(transactions), Replayed::Record { key, value, .. }) => {
                transactions.replay(key, *value).map_err(|error| error.to_string())
            }
            (Machine::Transactions(_), Replayed::Marker(..)) => Ok(()),
        }
    }

    /// Everything is read.
    pub fn loaded(&mut self, at: Moment) -> Turn {
        match self {
            Machine::Groups(groups) => groups.loaded(at).into(),
            Machine::Transactions(transactions) => transactions.loaded(moment(at)).into(),
        }
    }

    /// A topic is gone: groups forget what was committed for it.
    pub fn topic_deleted(&mut self, name: &str, at: Moment) -> Turn {
        match self {
            Machine::Groups(groups) => groups.topic_deleted(name, at).into(),
            Machine::Transactions(_) => Turn::default(),
        }
    }

    /// A producer id for a decision that waits for one.
    pub fn resume(
        &mut self,
        parked: Parked<Waiter>,
        id: Result<i64, ErrorCode>,
        at: Moment,
    ) -> Turn {
        match self {
            Machine::Transactions(txn) => txn.resume(parked, id, moment(at)).into(),
            Machine::Groups(_) => unreachable!("groups need no producer ids"),
        }
    }

    /// What became of a marker.
    pub fn marked(
        &mut self,
        transactional_id: &str,
        partition: &TopicPartition,
        marked: Marked,
        at: Moment,
    ) -> Turn {
        match self {
            Machine::Transactions(transactions) => {
                transactions.marked(transactional_id, partition, marked, moment(at)).into()
            }
            Machine::Groups(_) => unreachable!("groups send no markers"),
        }
    }

    /// A transaction has ended in this partition.
    pub fn ended(&mut self, producer: Producer, marker: Marker) {
        if let Machine::Groups(groups) = self {
            groups.marker(producer, marker == Marker::Commit);
        }
    }

    /// When something is due.
    pub fn deadline(&self) -> Option<Nanos> {
        match self {
            Machine::Groups(groups) => groups.deadline(),
            Machine::Transactions(transactions) => transactions.deadline(),
        }
    }

    /// Does what is due.
    pub fn expire(&mut self, at: Moment) -> Turn {
        match self {
            Machine::Groups(groups) => groups.expire(at).into(),
            Machine::Transactions(transactions) => transactions.expire(moment(at)).into(),
        }
    }
}

fn moment(at: Moment) -> txn::turn::Moment {
    txn::turn::Moment { now: at.now, unix_ms: at.unix_ms }
}

impl Write {
    /// The records as one batch.
    pub fn batch(&self, unix_ms: i64) -> Bytes {
        let mut builder = BatchBuilder::new(Compression::None);
        let mut attributes = Attributes::default();
        let mut producer = BatchProducer::NONE;
        match self {
            Write::Groups(write) => {
                for (key, value) in write.records() {
                    builder.push(unix_ms, Some(&key), value.as_deref());
                }
                if let Some(Producer { id, epoch }) = write.producer {
                    attributes.is_transactional = true;
                    producer = BatchProducer { id, epoch, base_sequence: -1 };
                }
            }
            Write::Transactions(write) => {
                for record in &write.records {
                    builder.push(unix_ms, Some(&record.key), record.value.as_deref());
                }
            }
        }
        Bytes::copy_from_slice(builder.finish_with(producer, attributes))
    }
}

impl From<groups::turn::Turn<Waiter>> for Turn {
    fn from(turn: groups::turn::Turn<Waiter>) -> Self {
        let answers = turn.answers.into_iter();
        Turn {
            answers: answers.map(|(waiter, answer)| (waiter, Reply::Groups(answer))).collect(),
            write: turn.write.map(Write::Groups),
            ..Turn::default()
        }
    }
}

impl From<txn::turn::Turn<Waiter>> for Turn {
    fn from(turn: txn::turn::Turn<Waiter>) -> Self {
        let answers = turn.answers.into_iter();
        Turn {
            answers: answers
                .map(|(waiter, answer)| (waiter, Reply::Transactions(answer)))
                .collect(),
            write: turn.write.map(Write::Transactions),
            markers: turn.markers,
            parked: turn.parked,
        }
    }
}
