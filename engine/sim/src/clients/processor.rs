//! A processor: takes records from the input, writes what it makes of them to the outputs and moves its
//! group's offsets, all in one transaction, over and over. What it is told goes into the ledger.
//!
//! One request at a time. What is not answered is sent again, or the process starts anew; now and then it
//! aborts, sleeps too long, or forgets what it was doing. Another instance may take its id at any time.

mod attempt;
mod steps;

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use headwater_io::clock::Nanos;
use headwater_protocol::error_code::ErrorCode;

use super::{Role, Shared, Turn};
use crate::ledger::violation;
use crate::model::Violation;
use crate::plan::transactional;
use crate::requests::transactions::{Rules, Who};

/// Between two requests, at most.
const PACE_NS: u64 = 600_000;
/// After an error.
const BACKOFF_NS: u64 = 12_000_000;
/// Before it starts anew.
const REST_NS: u64 = 60_000_000;

/// What it does next, or waits for the answer of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Takes its transactional id over.
    Init,
    /// Asks where its group goes on.
    Positions,
    /// Looks for input.
    Poll,
    /// Adds partitions to the transaction.
    AddPartitions,
    /// Adds its group's offsets.
    AddOffsets,
    /// Writes.
    Produce,
    /// Moves its group's offsets.
    Offsets,
    /// Ends the transaction; whether it is to count.
    End(bool),
}

/// The transaction that it is in.
struct Open {
    attempt: usize,
    /// Batches that are still to be written, request by request.
    rounds: VecDeque<Vec<u64>>,
}

/// See the module.
pub struct Processor {
    number: usize,
    plan: transactional::Processor,
    pace: u64,
    phase: Phase,
    asked: Option<(i32, Nanos)>,
    wake: Nanos,
    /// Producer id and epoch.
    producer: (i64, i16),
    /// InitProducerIds of anybody that had been sent when it sent its own.
    inits: u64,
    /// Another one was on its way then: it may have come later.
    crossed: bool,
    /// Where it goes on in each of its inputs.
    positions: Vec<i64>,
    /// The next sequence number in each output.
    sequences: BTreeMap<usize, i32>,
    open: Option<Open>,
    finishing: bool,
}

/// What an error means to a client.
enum Meaning {
    Fine,
    /// Once more.
    Again,
    /// The transaction is lost, and perhaps the id.
    Lost,
}

impl Processor {
    /// An instance of the processor of that number.
    pub fn new(number: usize, plan: transactional::Processor, pace: u64) -> Self {
        let positions = vec![0; plan.inputs.len()];
        Processor {
            number,
            plan,
            pace,
            phase: Phase::Init,
            asked: None,
            wake: Nanos(0),
            producer: (-1, -1),
            inits: 0,
            crossed: false,
            positions,
            sequences: BTreeMap::new(),
            open: None,
            finishing: false,
        }
    }

    fn who(&self) -> Who<'_> {
        let (producer_id, epoch) = self.producer;
        Who { id: &self.plan.id, producer_id, epoch, rules: self.plan.rules }
    }

    fn go(&mut self, phase: Phase, turn: &mut Turn<'_>) {
        self.phase = phase;
        self.wake = turn.soon(PACE_NS * self.pace);
    }

    /// It knows nothing any more: a new process.
    fn start_anew(&mut self, turn: &mut Turn<'_>) {
        self.open = None;
        self.phase = Phase::Init;
        self.wake = turn.soon(REST_NS * self.pace);
    }

    /// What an error code means here.
    ///
    /// # Errors
    /// When it has no business here.
    fn meaning(&self, code: ErrorCode, turn: &mut Turn<'_>) -> Result<Meaning, Violation> {
        match code {
            ErrorCode::None => Ok(Meaning::Fine),
            ErrorCode::KafkaStorageError => {
                turn.shared.storage_errors += 1;
                Ok(Meaning::Again)
            }
            ErrorCode::ConcurrentTransactions
            | ErrorCode::CoordinatorLoadInProgress
            | ErrorCode::CoordinatorNotAvailable
            | ErrorCode::NotCoordinator
            | ErrorCode::NotLeaderOrFollower
            | ErrorCode::RequestTimedOut
            | ErrorCode::NotEnoughReplicas
            | ErrorCode::UnstableOffsetCommit => Ok(Meaning::Again),
            ErrorCode::ProducerFenced
            | ErrorCode::InvalidProducerEpoch
            | ErrorCode::InvalidTxnState
            | ErrorCode::TransactionAbortable
            | ErrorCode::OutOfOrderSequenceNumber
            | ErrorCode::InvalidProducerIdMapping => {
                self.has_a_reason(code, turn)?;
                Ok(Meaning::Lost)
            }
            code => {
                let facts = format!("{} was answered {code:?} to {:?}", self.plan.id, self.phase);
                Err(violation("errors make sense", facts))
            }
        }
    }

    /// It may be told that its transaction is lost when somebody else came, or it took too long.
    fn has_a_reason(&self, code: ErrorCode, turn: &Turn<'_>) -> Result<(), Violation> {
        let ledger = &turn.shared.ledger;
        let known = &ledger.known[self.number];
        let loose = known.loose_init == Some(ledger.life);
        let taken = known.inits > self.inits || self.crossed || loose;
        let attempt = self.open.as_ref().map(|open| &ledger.attempts[open.attempt]);
        // Records tell whole milliseconds: after a start the transaction may seem to have begun almost one earlier.
        let timeout_ns = (self.plan.timeout_ms as u64 - 1) * 1_000_000;
        let late = attempt.is_some_and(|attempt| turn.now.0 - attempt.begun.0 >= timeout_ns);
        if taken || late {
            return Ok(());
        }
        let facts = format!(
            "{} was answered {code:?} to {:?} at {:?}: nobody has taken its id, and it is in time",
            self.plan.id, self.phase, turn.now
        );
        Err(violation("fenced for a reason", facts))
    }

    /// Does what follows from an error; whether there was none.
    fn is_fine(&mut self, code: ErrorCode, turn: &mut Turn<'_>) -> Result<bool, Violation> {
        match self.meaning(code, turn)? {
            Meaning::Fine => return Ok(true),
            Meaning::Again => self.wake = turn.soon(BACKOFF_NS),
            Meaning::Lost => self.start_anew(turn),
        }
        Ok(false)
    }
}

impl Role for Processor {
    fn work(&mut self, turn: &mut Turn<'_>) -> Result<(), Violation> {
        if self.asked.is_some() || turn.now < self.wake {
            return Ok(());
        }
        if self.phase == Phase::Poll && self.finishing {
            return Ok(());
        }
        let correlation = turn.wire.next_correlation();
        let request = self.request(correlation, turn);
        turn.wire.send(request, turn.io);
        self.asked = Some((correlation, turn.now));
        Ok(())
    }

    fn answer(&mut self, answer: &Bytes, turn: &mut Turn<'_>) -> Result<(), Violation> {
        let Some((correlation, sent)) = self.asked else { return Ok(()) };
        if crate::requests::correlation(answer) != correlation {
            return Ok(());
        }
        self.asked = None;
        self.hear(answer, sent, turn)
    }

    fn broken(&mut self, shared: &mut Shared) {
        if self.asked.take().is_none() {
            return;
        }
        let life = shared.ledger.life;
        if self.phase == Phase::Init {
            shared.ledger.known[self.number].inits_flying -= 1;
            shared.ledger.known[self.number].loose_init = Some(life);
        }
        // By the old rules a request that was delayed may end the next transaction (KIP-890 is about that):
        // only a new epoch is safe.
        let in_transaction = self.open.is_some();
        if in_transaction && (self.plan.rules == Rules::Old || shared.rng.chance(35)) {
            self.open = None;
            self.phase = Phase::Init;
        }
    }

    fn wake(&self) -> Nanos {
        if self.asked.is_some() { Nanos(u64::MAX) } else { self.wake }
    }

    fn waiting_since(&self) -> Option<Nanos> {
        self.asked.map(|(_, at)| at)
    }

    fn is_done(&self) -> bool {
        self.finishing && self.asked.is_none() && matches!(self.phase, Phase::Init | Phase::Poll)
    }

    fn finish(&mut self) {
        self.finishing = true;
    }
}
