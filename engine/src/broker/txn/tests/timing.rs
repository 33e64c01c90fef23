//! What happens when nobody asks.

use super::*;

const WEEK_MS: u64 = 7 * 24 * 3_600_000;

#[test]
fn a_transaction_that_was_open_too_long_is_aborted_and_its_producer_fenced() {
    let mut machine = machine(Some(transaction(Empty)));
    let first = add((ID, EPOCH), &[p("a", 0)], TransactionVersion::V2);
    drop(ask(&mut machine, first, at(1000)));
    // More partitions do not give it more time.
    let more = add((ID, EPOCH), &[p("b", 0)], TransactionVersion::V2);
    drop(ask(&mut machine, more, at(50_000)));
    assert_eq!(machine.deadline(), Some(at(61_000).now));
    let turn = machine.expire(at(60_999));
    assert!(turn.write.is_none() && turn.markers.is_empty());
    let turn = machine.expire(at(61_000));
    let turn = finish(&mut machine, turn, at(61_000));
    assert_eq!((turn.markers[0].commit, turn.markers[0].producer_epoch), (false, EPOCH + 1));
    assert_eq!(turn.markers[0].partitions, [p("a", 0), p("b", 0)]);
    assert_eq!(now(&machine).unwrap().state, PrepareAbort);
    assert_eq!(machine.deadline(), None);
    for partition in &turn.markers[0].partitions {
        let turn = machine.marked(TX, partition, Ok(()), at(62_000));
        drop(finish(&mut machine, turn, at(62_000)));
    }
    let commit = |client| end((ID, EPOCH), true, client);
    let (old, _) = ask(&mut machine, commit(TransactionVersion::V0), at(62_000));
    assert_eq!(old, Answer::EndTxn(Err(ErrorCode::ProducerFenced)));
    let (new, _) = ask(&mut machine, commit(TransactionVersion::V2), at(62_000));
    assert_eq!(new, Answer::EndTxn(Err(ErrorCode::InvalidTxnState)));
}

#[test]
fn each_transaction_has_its_own_time() {
    let mut machine = machine(Some(transaction(Ongoing)));
    let (_, markers) = ask(&mut machine, end((ID, EPOCH), true, TransactionVersion::V2), at(10));
    for partition in &markers[0].partitions {
        let turn = machine.marked(TX, partition, Ok(()), at(20));
        drop(finish(&mut machine, turn, at(20)));
    }
    assert_eq!(machine.deadline(), Some(at(20 + WEEK_MS).now));
    let next = add((ID, EPOCH + 1), &[p("a", 0)], TransactionVersion::V2);
    drop(ask(&mut machine, next, at(20)));
    assert_eq!(machine.deadline(), Some(at(20 + 60_000).now));
}

#[test]
fn an_abort_that_the_log_refused_is_tried_again() {
    let mut machine = machine(Some(transaction(Ongoing)));
    let write = machine.expire(at(60_000)).write.unwrap();
    let turn = machine.refused(write, ErrorCode::KafkaStorageError);
    assert!(turn.answers.is_empty());
    assert_eq!(now(&machine), Some(&transaction(Ongoing)));
    assert_eq!(machine.deadline(), Some(at(60_500).now));
    let turn = machine.expire(at(60_500));
    drop(finish(&mut machine, turn, at(60_500)));
    assert_eq!(now(&machine).unwrap().producer, producer(ID, EPOCH + 1));
}

#[test]
fn an_idle_transactional_id_is_forgotten_with_a_tombstone() {
    for state in [Empty, CompleteCommit, CompleteAbort] {
        let mut machine = machine(Some(transaction(state)));
        assert_eq!(machine.deadline(), Some(at(WEEK_MS).now));
        let turn = machine.expire(at(WEEK_MS));
        let write = turn.write.as_ref().unwrap();
        assert_eq!(write.records, [records::encode(TX, None)]);
        drop(finish(&mut machine, turn, at(WEEK_MS)));
        assert!(now(&machine).is_none());
        assert_eq!(machine.deadline(), None);
        let gone = end((ID, EPOCH), true, TransactionVersion::V2);
        let (answer, _) = ask(&mut machine, gone, at(WEEK_MS));
        assert_eq!(answer, Answer::EndTxn(Err(ErrorCode::InvalidProducerIdMapping)));
    }
}

#[test]
fn time_that_passed_while_the_broker_was_down_counts() {
    let with = |state, started_ms, updated_ms| {
        let transaction = Transaction { started_ms, updated_ms, ..transaction(state) };
        machine(Some(transaction)).deadline()
    };
    assert_eq!(with(Ongoing, UNIX_MS - 20_000, UNIX_MS), Some(at(40_000).now));
    assert_eq!(with(Ongoing, UNIX_MS - 70_000, UNIX_MS), Some(at(0).now));
    assert_eq!(with(Empty, -1, UNIX_MS - 1000), Some(at(WEEK_MS - 1000).now));
    assert_eq!(with(PrepareAbort, UNIX_MS - 70_000, UNIX_MS), None);
    // A clock that was set back gives no more than the whole time; nonsense does not panic.
    assert_eq!(with(Ongoing, UNIX_MS + 20_000, UNIX_MS), Some(at(60_000).now));
    assert_eq!(with(Ongoing, i64::MIN, i64::MIN), Some(at(0).now));
    assert_eq!(with(Empty, i64::MAX, i64::MAX), Some(at(WEEK_MS).now));
}

#[test]
fn a_thousand_abandoned_transactions_are_aborted_in_turns() {
    let mut machine = machine(None);
    for n in 0..1000 {
        let topic = "t".repeat(200);
        let partitions = (0..20).map(|n| p(&format!("{topic}-{n}"), n)).collect();
        let transaction = Transaction { partitions, ..transaction(Ongoing) };
        machine.apply(&format!("tx-{n}"), Some(transaction));
    }
    machine.settings.record_bytes_max = 200_000;
    drop(machine.loaded(at(0)));
    let (mut turns, mut markers) = (0, 0);
    while machine.deadline().is_some_and(|due| due <= at(60_000).now) {
        let turn = machine.expire(at(60_000));
        let write = turn.write.as_ref().unwrap();
        assert!(write.bytes() <= 200_000 && write.records.len() <= 128);
        markers += finish(&mut machine, turn, at(60_000)).markers.len();
        turns += 1;
    }
    assert_eq!(markers, 1000);
    assert!((1000 / 128..100).contains(&turns), "{turns}");
    assert!(machine.transactions().all(|(_, transaction)| transaction.state == PrepareAbort));
}
