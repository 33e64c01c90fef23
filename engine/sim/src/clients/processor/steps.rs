//! One step after the other: what is asked in each phase, and what follows from the answer.

use bytes::Bytes;
use headwater_io::clock::Nanos;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::fetch::response::FetchPartitionResponse;

use super::{BACKOFF_NS, Phase, Processor, REST_NS};
use crate::clients::Turn;
use crate::clients::processor::attempt::Taken;
use crate::ledger::violation;
use crate::model::Violation;
use crate::requests::transactions::{self as wire, Rules};
use crate::requests::{self, groups};

/// Out of a hundred transactions, how many are aborted.
const ABORTED: u64 = 15;
/// Out of a hundred requests, before how many it sleeps as long as a transaction may take.
const SLEEPS: u64 = 3;
/// Out of a hundred transactions, how many are forgotten.
const FORGOTTEN: u64 = 5;
/// Fetched at once, in bytes.
const FETCH_BYTES: i32 = 4_000;

fn unreadable() -> Violation {
    violation("answers can be read", "one of a transaction cannot".to_owned())
}

impl Processor {
    /// What the present phase asks.
    pub(super) fn request(&mut self, correlation: i32, turn: &mut Turn<'_>) -> Bytes {
        let numbers = [self.number as i64, i64::from(self.producer.1)];
        turn.shared.trace.event(turn.now, &format!("{:?}", self.phase), &numbers);
        let input = &turn.shared.plan.topics[0].name;
        match self.phase {
            Phase::Init => {
                let known = &mut turn.shared.ledger.known[self.number];
                known.inits += 1;
                self.crossed = known.inits_flying > 0;
                known.inits_flying += 1;
                self.inits = known.inits;
                wire::init(correlation, &self.plan.id, self.plan.timeout_ms)
            }
            Phase::Positions => {
                groups::fetch_offsets(correlation, &self.plan.id, input, &self.plan.inputs, true)
            }
            Phase::Poll => {
                let places = self.plan.inputs.iter().zip(&self.positions);
                let places: Vec<_> =
                    places.map(|(index, position)| (&input[..], *index, *position)).collect();
                requests::fetch_as(correlation, 10, FETCH_BYTES, true, &places)
            }
            Phase::AddPartitions => {
                let ledger = &turn.shared.ledger;
                let outputs = self.outputs(ledger).into_iter().map(|n| &ledger.outputs[n]);
                let names: Vec<_> =
                    outputs.map(|output| (&output.topic[..], output.index)).collect();
                wire::add_partitions(correlation, self.who(), &names)
            }
            Phase::AddOffsets => wire::add_offsets(correlation, self.who(), &self.plan.id),
            Phase::Produce => self.produce(correlation, turn),
            Phase::Offsets => {
                let attempt = &turn.shared.ledger.attempts[self.attempt()];
                let offsets: Vec<_> = attempt.ranges.iter().map(|(of, _, to)| (*of, *to)).collect();
                wire::commit_offsets(correlation, self.who(), &self.plan.id, input, &offsets)
            }
            Phase::End(counts) => {
                let attempt = self.attempt();
                if counts {
                    let attempt = &mut turn.shared.ledger.attempts[attempt];
                    attempt.commit_sent.get_or_insert(turn.now);
                }
                wire::end(correlation, self.who(), counts)
            }
        }
    }

    /// The attempt that it is in.
    pub(super) fn attempt(&self) -> usize {
        self.open.as_ref().expect("a transaction is open").attempt
    }

    /// What follows from the answer to a request that was sent at `sent`.
    pub(super) fn hear(
        &mut self,
        answer: &Bytes,
        sent: Nanos,
        turn: &mut Turn<'_>,
    ) -> Result<(), Violation> {
        let next = match self.phase {
            Phase::Init => return self.heard_init(answer, sent, turn),
            Phase::Positions => return self.heard_positions(answer, sent, turn),
            Phase::Poll => return self.heard_input(answer, turn),
            Phase::Produce => return self.heard_produced(answer, sent, turn),
            Phase::End(counts) => return self.heard_end(answer, counts, sent, turn),
            Phase::AddPartitions => (wire::partitions_added(answer), "AddPartitionsToTxn"),
            Phase::AddOffsets => (wire::offsets_added(answer), "AddOffsetsToTxn"),
            Phase::Offsets => (wire::offsets_taken(answer, self.plan.rules), "TxnOffsetCommit"),
        };
        let (code, what) = next;
        let code = code.ok_or_else(unreadable)?;
        self.heard(code, turn);
        if !self.is_fine(code, turn)? {
            return Ok(());
        }
        turn.shared.ledger.succeeded(self.attempt(), sent, what)?;
        let next = match self.phase {
            Phase::AddPartitions => Phase::AddOffsets,
            Phase::AddOffsets => Phase::Produce,
            _ => Phase::End(!turn.shared.rng.chance(ABORTED)),
        };
        self.proceed(next, turn);
        Ok(())
    }

    fn heard(&self, code: ErrorCode, turn: &mut Turn<'_>) {
        let numbers = [self.number as i64, i64::from(self.producer.1), i64::from(code.code())];
        turn.shared.trace.event(turn.now, "answered", &numbers);
    }

    /// To the next step of a transaction, unless it falls asleep or forgets everything.
    pub(super) fn proceed(&mut self, next: Phase, turn: &mut Turn<'_>) {
        self.go(next, turn);
        if turn.shared.rng.chance(SLEEPS) {
            let most_ns = 2_000_000 * self.plan.timeout_ms as u64;
            self.wake = turn.soon(most_ns);
        } else if turn.shared.rng.chance(FORGOTTEN) {
            self.start_anew(turn);
        }
    }

    fn heard_init(
        &mut self,
        answer: &Bytes,
        sent: Nanos,
        turn: &mut Turn<'_>,
    ) -> Result<(), Violation> {
        turn.shared.ledger.known[self.number].inits_flying -= 1;
        let response = requests::producer_id(answer).ok_or_else(unreadable)?;
        self.heard(response.error_code, turn);
        if !self.is_fine(response.error_code, turn)? {
            return Ok(());
        }
        self.producer = (response.producer_id, response.producer_epoch);
        turn.shared.ledger.took_over(self.number, self.producer, sent, turn.now)?;
        self.sequences.clear();
        self.go(Phase::Positions, turn);
        Ok(())
    }

    fn heard_positions(
        &mut self,
        answer: &Bytes,
        sent: Nanos,
        turn: &mut Turn<'_>,
    ) -> Result<(), Violation> {
        let offsets = match groups::offsets_fetched(answer).ok_or_else(unreadable)? {
            Ok(offsets) => offsets,
            Err(code) => {
                self.heard(code, turn);
                self.is_fine(code, turn)?;
                return Ok(());
            }
        };
        for (partition, offset) in offsets {
            let numbers = [self.number as i64, i64::from(partition), offset];
            turn.shared.trace.event(turn.now, "goes on", &numbers);
            turn.shared.ledger.stable_offset(self.number, partition, offset, sent, turn.now)?;
            let place = self.plan.inputs.iter().position(|input| *input == partition);
            self.positions[place.ok_or_else(unreadable)?] = offset.max(0);
        }
        self.go(Phase::Poll, turn);
        Ok(())
    }

    fn heard_input(&mut self, answer: &Bytes, turn: &mut Turn<'_>) -> Result<(), Violation> {
        let response = requests::fetched(answer).ok_or_else(unreadable)?;
        let partitions = response.topics.iter().flat_map(|topic| &topic.partitions);
        let mut taken = Vec::new();
        for got in partitions {
            taken.extend(self.take(got, turn)?);
        }
        if taken.is_empty() {
            self.wake = turn.soon(BACKOFF_NS * self.pace);
            return Ok(());
        }
        self.begin(taken, turn);
        let next = match self.plan.rules {
            Rules::Old => Phase::AddPartitions,
            Rules::New => Phase::Produce,
        };
        self.go(next, turn);
        Ok(())
    }

    /// Takes some of the records of one input.
    fn take(
        &mut self,
        got: &FetchPartitionResponse<'_>,
        turn: &mut Turn<'_>,
    ) -> Result<Option<Taken>, Violation> {
        if got.error_code != ErrorCode::None {
            self.is_fine(got.error_code, turn)?;
            return Ok(None);
        }
        let place = self.plan.inputs.iter().position(|input| *input == got.index);
        let from = self.positions[place.ok_or_else(unreadable)?];
        let end = super::attempt::end_of(got, from);
        let most = 1 + turn.shared.rng.below(4) as i64;
        let to = end.min(from + most);
        Ok((to > from).then_some(Taken { partition: got.index, from, to }))
    }

    fn heard_produced(
        &mut self,
        answer: &Bytes,
        sent: Nanos,
        turn: &mut Turn<'_>,
    ) -> Result<(), Violation> {
        let response = wire::produced(answer, self.plan.rules).ok_or_else(unreadable)?;
        let attempt = self.attempt();
        let round = self.open.as_ref().and_then(|open| open.rounds.front()).cloned();
        let round = round.expect("something was sent");
        let mut worst = ErrorCode::None;
        for topic in &response.topics {
            for got in &topic.partitions {
                let code = got.error_code;
                self.heard(code, turn);
                let ledger = &mut turn.shared.ledger;
                let of = ledger.output(&topic.name, got.index);
                let id = round.iter().find(|id| Some(ledger.sent[**id as usize].partition) == of);
                let id = *id.ok_or_else(unreadable)?;
                match code {
                    ErrorCode::None => {
                        ledger.succeeded(attempt, sent, "Produce")?;
                        ledger.acknowledged(id, got.base_offset)?;
                    }
                    ErrorCode::DuplicateSequenceNumber => {}
                    code => worst = code,
                }
            }
        }
        if !self.is_fine(worst, turn)? {
            return Ok(());
        }
        let open = self.open.as_mut().expect("a transaction is open");
        open.rounds.pop_front();
        let next = if open.rounds.is_empty() { Phase::Offsets } else { Phase::Produce };
        let next = match (next, self.plan.rules) {
            // It may also end without any offset.
            (Phase::Offsets, _) if turn.shared.rng.chance(ABORTED / 3) => Phase::End(false),
            (next, _) => next,
        };
        self.proceed(next, turn);
        Ok(())
    }

    fn heard_end(
        &mut self,
        answer: &Bytes,
        counts: bool,
        sent: Nanos,
        turn: &mut Turn<'_>,
    ) -> Result<(), Violation> {
        let response = wire::ended(answer, self.plan.rules).ok_or_else(unreadable)?;
        self.heard(response.error_code, turn);
        if !self.is_fine(response.error_code, turn)? {
            return Ok(());
        }
        let attempt = self.attempt();
        let ledger = &mut turn.shared.ledger;
        ledger.succeeded(attempt, sent, "EndTxn")?;
        ledger.settle(attempt, counts, "its end was acknowledged")?;
        ledger.attempts[attempt].answered = Some(turn.now);
        if counts {
            for (partition, _, to) in &ledger.attempts[attempt].ranges {
                let place = self.plan.inputs.iter().position(|input| input == partition);
                self.positions[place.expect("it was taken from there")] = *to;
            }
        }
        if self.plan.rules == Rules::New {
            self.producer = (response.producer_id, response.producer_epoch);
            self.sequences.clear();
        }
        self.open = None;
        self.go(Phase::Poll, turn);
        // Somebody else may want to go on.
        if self.plan.instances > 1 && turn.shared.rng.chance(20) {
            self.wake = turn.soon(REST_NS * self.pace);
        }
        Ok(())
    }
}
