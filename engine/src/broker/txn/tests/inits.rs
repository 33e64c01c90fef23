//! InitProducerId against every state, with every claim.

use super::*;

/// What a producer says it is.
const NOBODY: Option<(i64, i16)> = None;
const CURRENT: Option<(i64, i16)> = Some((ID, EPOCH));
const BEFORE: Option<(i64, i16)> = Some((ID, EPOCH - 1));
const OLDER: Option<(i64, i16)> = Some((ID, EPOCH - 2));
const STRANGER: Option<(i64, i16)> = Some((77, EPOCH));

#[test]
fn every_state_answers_as_kafka_does() {
    use ErrorCode::{ConcurrentTransactions as Busy, ProducerFenced as Fenced};
    let raised = Ok(producer(ID, EPOCH + 1));
    let same = Ok(producer(ID, EPOCH));
    for idle in [Empty, CompleteCommit, CompleteAbort] {
        let cases = [
            (NOBODY, raised, Empty),
            (CURRENT, raised, Empty),
            (BEFORE, same, Empty),
            (OLDER, Err(Fenced), idle),
            (STRANGER, Err(Fenced), idle),
        ];
        check(idle, &cases);
    }
    for prepared in [PrepareCommit, PrepareAbort] {
        for claim in [NOBODY, CURRENT, BEFORE, OLDER, STRANGER] {
            check(prepared, &[(claim, Err(Busy), prepared)]);
        }
    }
    let cases = [
        (NOBODY, Err(Busy), PrepareAbort),
        (CURRENT, Err(Busy), PrepareAbort),
        (BEFORE, Err(Busy), PrepareAbort),
        (STRANGER, Err(Fenced), Ongoing),
    ];
    check(Ongoing, &cases);
}

type Case = (Option<(i64, i16)>, Result<ProducerIdAndEpoch, ErrorCode>, TransactionState);

fn check(from: TransactionState, cases: &[Case]) {
    for (claim, answer, next) in cases {
        let last_producer_epoch = EPOCH - 1;
        let mut machine = machine(Some(Transaction { last_producer_epoch, ..transaction(from) }));
        let (said, _) = ask(&mut machine, init(*claim), at(1));
        assert_eq!(said, Answer::InitProducerId(*answer), "{from:?} {claim:?}");
        assert_eq!(now(&machine).unwrap().state, *next, "{from:?} {claim:?}");
    }
}

#[test]
fn a_new_transactional_id_gets_a_new_producer_id_whatever_it_claims() {
    for claim in [NOBODY, CURRENT] {
        let mut machine = machine(None);
        let turn = machine.handle(init(claim), 1, at(0));
        assert_eq!((turn.parked.len(), turn.answers.len()), (1, 0));
        let turn = finish(&mut machine, turn, at(0));
        assert_eq!(turn.answers, [(1, Answer::InitProducerId(Ok(producer(NEW_ID, 0))))]);
        assert_eq!(now(&machine).unwrap().timeout_ms, TIMEOUT_MS);
    }
}

#[test]
fn without_a_producer_id_the_error_is_passed_on() {
    let mut machine = machine(None);
    let mut turn = machine.handle(init(NOBODY), 1, at(0));
    let parked = turn.parked.pop().unwrap();
    let code = ErrorCode::KafkaStorageError;
    let turn = machine.resume(parked, Err(code), at(0));
    assert_eq!(turn.answers, [(1, Answer::InitProducerId(Err(code)))]);
    assert!(now(&machine).is_none());
}

#[test]
fn two_that_wait_for_producer_ids_do_not_take_each_others() {
    let mut machine = machine(None);
    let first = machine.handle(init(NOBODY), 1, at(0));
    let second = machine.handle(init(NOBODY), 2, at(0));
    let first = finish(&mut machine, first, at(0));
    let second = finish(&mut machine, second, at(0));
    assert_eq!(first.answers, [(1, Answer::InitProducerId(Ok(producer(NEW_ID, 0))))]);
    assert_eq!(second.answers, [(2, Answer::InitProducerId(Ok(producer(NEW_ID, 1))))]);
}

#[test]
fn when_epochs_are_used_up_there_is_a_new_producer_id() {
    let exhausted = |epoch| {
        let producer = producer(ID, epoch);
        Transaction { producer, last_producer_epoch: epoch - 1, ..transaction(CompleteAbort) }
    };
    let fresh = Answer::InitProducerId(Ok(producer(NEW_ID, 0)));
    for epoch in [LAST_EPOCH, i16::MAX] {
        let mut machine = machine(Some(exhausted(epoch)));
        assert_eq!(ask(&mut machine, init(NOBODY), at(1)).0, fresh);
    }
    // A retry of the request that changed the id gets the same again; so does one across it.
    let mut machine = machine(Some(exhausted(LAST_EPOCH)));
    let claim = Some((ID, LAST_EPOCH));
    assert_eq!(ask(&mut machine, init(claim), at(1)).0, fresh);
    assert_eq!(ask(&mut machine, init(claim), at(2)).0, fresh);
    // An epoch that was made to fence is given to nobody.
    let mut machine = super::machine(Some(exhausted(i16::MAX)));
    let fenced = Answer::InitProducerId(Err(ErrorCode::ProducerFenced));
    assert_eq!(ask(&mut machine, init(claim), at(1)).0, fenced);
}

#[test]
fn an_open_transaction_is_aborted_first_and_its_producer_fenced() {
    let mut machine = machine(Some(transaction(Ongoing)));
    let (_, markers) = ask(&mut machine, init(NOBODY), at(1));
    let [markers] = &markers[..] else { panic!("{markers:?}") };
    assert_eq!((markers.producer_id, markers.producer_epoch), (ID, EPOCH + 1));
    assert_eq!((markers.commit, markers.coordinator_epoch), (false, COORDINATOR_EPOCH));
    let fenced = end((ID, EPOCH), true, TransactionVersion::V0);
    assert_eq!(
        ask(&mut machine, fenced.clone(), at(2)).0,
        Answer::EndTxn(Err(ErrorCode::ProducerFenced))
    );
    for partition in &markers.partitions {
        let turn = machine.marked(TX, partition, Ok(()), at(3));
        drop(finish(&mut machine, turn, at(3)));
    }
    let answer = ask(&mut machine, init(NOBODY), at(4)).0;
    assert_eq!(answer, Answer::InitProducerId(Ok(producer(ID, EPOCH + 2))));
    let fenced = ask(&mut machine, fenced, at(5)).0;
    assert_eq!(fenced, Answer::EndTxn(Err(ErrorCode::ProducerFenced)));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let with = |change: fn(&mut InitProducerId)| {
        let Request::InitProducerId(mut request) = init(NOBODY) else { unreachable!() };
        change(&mut request);
        ask(&mut machine(Some(transaction(Empty))), Request::InitProducerId(request), at(0)).0
    };
    let refused = |code| Answer::InitProducerId(Err(code));
    let invalid = refused(ErrorCode::InvalidRequest);
    assert_eq!(with(|r| r.transactional_id.clear()), invalid);
    assert_eq!(with(|r| r.transactional_id = "x".repeat(32_768)), invalid);
    assert_eq!(with(|r| r.producer_id = 1), invalid);
    assert_eq!(with(|r| r.producer_epoch = 1), invalid);
    let timeout = refused(ErrorCode::InvalidTransactionTimeout);
    assert_eq!(with(|r| r.transaction_timeout_ms = 0), timeout);
    assert_eq!(with(|r| r.transaction_timeout_ms = 900_001), timeout);
}

#[test]
fn there_is_room_for_so_many_transactional_ids() {
    let mut machine = machine(Some(transaction(Empty)));
    machine.settings.transactional_ids_max = 1;
    let Request::InitProducerId(mut other) = init(NOBODY) else { unreachable!() };
    other.transactional_id = "other".to_owned();
    let answer = ask(&mut machine, Request::InitProducerId(other), at(0)).0;
    assert_eq!(answer, Answer::InitProducerId(Err(ErrorCode::PolicyViolation)));
    assert!(matches!(ask(&mut machine, init(NOBODY), at(0)).0, Answer::InitProducerId(Ok(_))));
}
