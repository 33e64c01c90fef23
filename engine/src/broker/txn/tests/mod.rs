//! The coordinator from outside: tables of requests against states, markers, timers, and chance.

mod ends;
mod inits;
mod listing;
mod marking;
mod measuring;
mod model;
mod partitions;
mod random;
mod timing;

use super::requests::*;
use super::state::TransactionState::{self, *};
use super::transaction::*;
use super::turn::*;
use super::*;

/// The transactional id of most tests.
const TX: &str = "tx";
/// Its producer.
const ID: i64 = 10;
const EPOCH: i16 = 5;
/// The producer id that is handed out next.
const NEW_ID: i64 = 900;
const COORDINATOR_EPOCH: i32 = 3;
const UNIX_MS: i64 = 1_700_000_000_000;
const TIMEOUT_MS: i32 = 60_000;

type Machine = Transactions<u32>;

fn at(ms: u64) -> Moment {
    Moment { now: Nanos(1_000_000 * ms), unix_ms: UNIX_MS + ms as i64 }
}

fn p(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition::new(topic, partition)
}

fn producer(producer_id: i64, producer_epoch: i16) -> ProducerIdAndEpoch {
    ProducerIdAndEpoch { producer_id, producer_epoch }
}

/// A transaction in this state, with partitions where it may have some.
fn transaction(state: TransactionState) -> Transaction {
    let is_open = !state.is_idle();
    Transaction {
        state,
        producer: producer(ID, EPOCH),
        previous_producer_id: ID,
        next_producer_id: NO_ID,
        last_producer_epoch: NO_EPOCH,
        timeout_ms: TIMEOUT_MS,
        partitions: if is_open { [p("a", 0), p("b", 1)].into() } else { [].into() },
        started_ms: if state == Empty { NOT_STARTED } else { UNIX_MS },
        updated_ms: UNIX_MS,
        client: TransactionVersion::V2,
    }
}

/// A coordinator that has read back this transaction of [`TX`], if any.
fn machine(transaction: Option<Transaction>) -> Machine {
    let mut machine = Transactions::new(Settings::default(), COORDINATOR_EPOCH);
    if let Some(transaction) = transaction {
        machine.apply(TX, Some(transaction));
    }
    drop(machine.loaded(at(0)));
    machine
}

/// Carries a turn through: producer ids are there, the log takes everything.
fn finish(machine: &mut Machine, mut turn: Turn<u32>, when: Moment) -> Turn<u32> {
    for parked in std::mem::take(&mut turn.parked) {
        let more = machine.resume(parked, Ok(NEW_ID), when);
        assert!(more.parked.is_empty() && turn.write.is_none());
        turn.answers.extend(more.answers);
        turn.write = more.write;
    }
    if let Some(write) = turn.write.take() {
        let more = machine.appended(write);
        assert!(more.write.is_none() && more.parked.is_empty());
        turn.answers.extend(more.answers);
        turn.markers.extend(more.markers);
    }
    turn
}

/// A request, carried through: its answer, and the markers that follow.
fn ask(machine: &mut Machine, request: Request, when: Moment) -> (Answer, Vec<Markers>) {
    let turn = machine.handle(request, 7, when);
    let mut turn = finish(machine, turn, when);
    let (waiter, answer) = turn.answers.pop().expect("an answer");
    assert_eq!((waiter, turn.answers.len()), (7, 0));
    (answer, turn.markers)
}

fn now(machine: &Machine) -> Option<&Transaction> {
    machine.entries.get(TX).map(|entry| &entry.transaction)
}

fn init(claimed: Option<(i64, i16)>) -> Request {
    let (producer_id, producer_epoch) = claimed.unwrap_or((NO_ID, NO_EPOCH));
    Request::InitProducerId(InitProducerId {
        transactional_id: TX.to_owned(),
        transaction_timeout_ms: TIMEOUT_MS,
        producer_id,
        producer_epoch,
    })
}

fn add(who: (i64, i16), partitions: &[TopicPartition], client: TransactionVersion) -> Request {
    Request::AddPartitionsToTxn(AddPartitionsToTxn {
        transactional_id: TX.to_owned(),
        producer: producer(who.0, who.1),
        verify_only: false,
        then_appends: false,
        partitions: partitions.to_vec(),
        client,
    })
}

fn end(who: (i64, i16), committed: bool, client: TransactionVersion) -> Request {
    Request::EndTxn(EndTxn {
        transactional_id: TX.to_owned(),
        producer: producer(who.0, who.1),
        committed,
        client,
    })
}
