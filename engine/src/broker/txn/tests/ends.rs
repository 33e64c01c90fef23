//! EndTxn against every state, by the rules of both generations of clients.

use super::*;
use ErrorCode::{
    ConcurrentTransactions as Busy, InvalidProducerIdMapping as Mapping, InvalidTxnState as State,
    ProducerFenced as Fenced,
};
use TransactionVersion::{V0, V2};

/// Answers to: abort of the epoch before, abort, commit of the epoch before, commit.
type Row = (TransactionState, [Result<(), ErrorCode>; 4]);

#[rustfmt::skip]
const BY_KIP_98: [Row; 6] = [
    (Empty,          [Err(Fenced), Err(State), Err(Fenced), Err(State)]),
    (Ongoing,        [Err(Fenced), Ok(()),     Err(Fenced), Ok(())]),
    (PrepareCommit,  [Err(Fenced), Err(Busy),  Err(Fenced), Err(Busy)]),
    (PrepareAbort,   [Err(Fenced), Err(Busy),  Err(Fenced), Err(Busy)]),
    (CompleteCommit, [Err(Fenced), Err(State), Err(Fenced), Ok(())]),
    (CompleteAbort,  [Err(Fenced), Ok(()),     Err(Fenced), Err(State)]),
];

#[rustfmt::skip]
const BY_KIP_890: [Row; 6] = [
    (Empty,          [Err(Fenced), Ok(()),     Err(Fenced), Err(State)]),
    (Ongoing,        [Err(Fenced), Ok(()),     Err(Fenced), Ok(())]),
    (PrepareCommit,  [Err(Busy),   Err(Busy),  Err(Busy),   Err(Busy)]),
    (PrepareAbort,   [Err(Busy),   Err(Busy),  Err(Busy),   Err(Busy)]),
    (CompleteCommit, [Err(State),  Ok(()),     Ok(()),      Err(State)]),
    (CompleteAbort,  [Ok(()),      Ok(()),     Err(State),  Err(State)]),
];

const TRIES: [(i16, bool); 4] = [(-1, false), (0, false), (-1, true), (0, true)];

#[test]
fn every_state_answers_as_kafka_does() {
    for (version, table) in [(V0, BY_KIP_98), (V2, BY_KIP_890)] {
        for (state, row) in table {
            for ((before, committed), expected) in TRIES.into_iter().zip(row) {
                let what = format!("{version:?} {state:?} {before} {committed}");
                let mut machine = machine(Some(transaction(state)));
                let request = end((ID, EPOCH + before), committed, version);
                let (answer, markers) = ask(&mut machine, request, at(1));
                let next = now(&machine).unwrap();
                let Answer::EndTxn(answer) = answer else { panic!("{answer:?}") };
                assert_eq!(answer.map(|_| ()), expected, "{what}");
                assert_eq!(next.state, state_after(state, committed, next), "{what}");
                assert_eq!(markers.len(), usize::from(state == Ongoing && expected.is_ok()));
                if let Ok(said) = answer {
                    let now = if version == V2 { next.producer } else { producer(-1, -1) };
                    assert_eq!(said, now, "{what}");
                }
                // A retry and a refusal raise nothing.
                let raises = version == V2 && expected.is_ok() && before == 0;
                assert_eq!(next.producer, producer(ID, EPOCH + i16::from(raises)), "{what}");
            }
        }
    }
}

/// An open transaction is prepared, an empty one that was aborted is complete at once.
fn state_after(state: TransactionState, committed: bool, next: &Transaction) -> TransactionState {
    let has_moved = next.updated_ms != UNIX_MS;
    match (has_moved, state, committed) {
        (false, ..) => state,
        (true, Ongoing, true) => PrepareCommit,
        (true, Ongoing, false) => PrepareAbort,
        (true, ..) => CompleteAbort,
    }
}

#[test]
fn somebody_elses_producer_id_is_refused() {
    for (version, state) in [(V0, Ongoing), (V0, PrepareAbort), (V2, Ongoing), (V2, Empty)] {
        let mut machine = machine(Some(transaction(state)));
        let (answer, _) = ask(&mut machine, end((77, EPOCH), true, version), at(1));
        assert_eq!(answer, Answer::EndTxn(Err(Mapping)));
    }
    let (answer, _) = ask(&mut machine(None), end((ID, EPOCH), true, V2), at(1));
    assert_eq!(answer, Answer::EndTxn(Err(Mapping)));
}

#[test]
fn markers_carry_the_raised_epoch_and_only_with_version_2() {
    for (version, epoch) in [(V0, EPOCH), (V2, EPOCH + 1)] {
        let mut machine = machine(Some(transaction(Ongoing)));
        let (_, markers) = ask(&mut machine, end((ID, EPOCH), true, version), at(1));
        let expected = Markers {
            transactional_id: TX.to_owned(),
            producer_id: ID,
            producer_epoch: epoch,
            coordinator_epoch: COORDINATOR_EPOCH,
            transaction_version: version.level(),
            commit: true,
            partitions: vec![p("a", 0), p("b", 1)],
        };
        assert_eq!(markers, [expected]);
    }
}

#[test]
fn a_retry_is_answered_alike_after_the_markers_and_after_a_restart() {
    let mut machine = machine(Some(transaction(Ongoing)));
    let commit = end((ID, EPOCH), true, V2);
    let first = ask(&mut machine, commit.clone(), at(1)).0;
    assert_eq!(first, Answer::EndTxn(Ok(producer(ID, EPOCH + 1))));
    assert_eq!(ask(&mut machine, commit.clone(), at(1)).0, Answer::EndTxn(Err(Busy)));
    for partition in [p("a", 0), p("b", 1)] {
        let turn = machine.marked(TX, &partition, Ok(()), at(2));
        drop(finish(&mut machine, turn, at(2)));
    }
    assert_eq!(ask(&mut machine, commit.clone(), at(3)).0, first);
    let record = records::encode(TX, now(&machine));
    let mut again = Machine::new(Settings::default(), COORDINATOR_EPOCH + 1);
    again.replay(&record.key, record.value.as_deref()).unwrap();
    drop(again.loaded(at(4)));
    assert_eq!(ask(&mut again, commit, at(5)).0, first);
}

#[test]
fn the_last_epoch_ends_with_a_new_producer_id() {
    let last = Transaction { producer: producer(ID, LAST_EPOCH), ..transaction(Ongoing) };
    let mut machine = machine(Some(last));
    let commit = end((ID, LAST_EPOCH), true, V2);
    let (first, markers) = ask(&mut machine, commit.clone(), at(1));
    assert_eq!(first, Answer::EndTxn(Ok(producer(NEW_ID, 0))));
    assert_eq!((markers[0].producer_id, markers[0].producer_epoch), (ID, i16::MAX));
    // The client goes on under its new id at once, and must not be told that it is somebody else.
    let next = add((NEW_ID, 0), &[p("a", 0)], V2);
    let all = |code| Answer::AddPartitionsToTxn(vec![(p("a", 0), code)]);
    assert_eq!(ask(&mut machine, next.clone(), at(1)).0, all(Busy));
    for partition in &markers[0].partitions {
        let turn = machine.marked(TX, partition, Ok(()), at(2));
        drop(finish(&mut machine, turn, at(2)));
    }
    assert_eq!(ask(&mut machine, commit, at(3)).0, first);
    assert_eq!(ask(&mut machine, next, at(3)).0, all(ErrorCode::None));
}

#[test]
fn an_epoch_that_was_made_to_fence_is_not_handed_out_to_a_late_abort() {
    let producer = producer(ID, i16::MAX);
    let fenced = Transaction { producer, ..transaction(CompleteAbort) };
    let mut machine = machine(Some(fenced));
    let late = ask(&mut machine, end((ID, LAST_EPOCH), false, V2), at(1)).0;
    assert_eq!(late, Answer::EndTxn(Err(Fenced)));
}

#[test]
fn a_successors_commit_by_older_rules_is_not_taken_for_ones_own() {
    let client = V0;
    let mut machine = machine(Some(Transaction { client, ..transaction(CompleteCommit) }));
    let fenced = ask(&mut machine, end((ID, EPOCH - 1), true, V2), at(1)).0;
    assert_eq!(fenced, Answer::EndTxn(Err(Fenced)));
}
