//! AddPartitionsToTxn and AddOffsetsToTxn against every state.

use super::*;

const ALL: [TransactionState; 6] =
    [Empty, Ongoing, PrepareCommit, PrepareAbort, CompleteCommit, CompleteAbort];

fn codes(answer: Answer) -> Vec<ErrorCode> {
    match answer {
        Answer::AddPartitionsToTxn(each) => each.into_iter().map(|(_, code)| code).collect(),
        Answer::AddOffsetsToTxn(code) => vec![code],
        other => panic!("{other:?}"),
    }
}

fn add_offsets(who: (i64, i16)) -> Request {
    Request::AddOffsetsToTxn(AddOffsetsToTxn {
        transactional_id: TX.to_owned(),
        producer: producer(who.0, who.1),
        offsets: p("__consumer_offsets", 4),
    })
}

fn verify(who: (i64, i16), partitions: &[TopicPartition]) -> Request {
    let Request::AddPartitionsToTxn(request) = add(who, partitions, TransactionVersion::V2) else {
        unreachable!()
    };
    Request::AddPartitionsToTxn(AddPartitionsToTxn { verify_only: true, ..request })
}

#[test]
fn every_state_answers_as_kafka_does() {
    use ErrorCode::{
        ConcurrentTransactions as Busy, InvalidProducerIdMapping as Mapping, None,
        ProducerFenced as Fenced,
    };
    let who = [((ID, EPOCH), None), ((ID, EPOCH - 1), Fenced), ((ID, EPOCH + 1), Fenced)];
    for state in ALL {
        for (who, expected) in who.into_iter().chain([((77, EPOCH), Mapping)]) {
            // Prepared, it does not matter who asks: the id may be the one after the markers.
            let expected = if state.is_prepared() { Busy } else { expected };
            let ongoing = if expected == None { Ongoing } else { state };
            let new = add(who, &[p("c", 2), p("a", 0)], TransactionVersion::V2);
            for (request, count) in [(new, 2), (add_offsets(who), 1)] {
                let mut machine = machine(Some(transaction(state)));
                let (answer, markers) = ask(&mut machine, request, at(1));
                assert_eq!(codes(answer), vec![expected; count], "{state:?} {who:?}");
                assert_eq!(now(&machine).unwrap().state, ongoing, "{state:?} {who:?}");
                assert!(markers.is_empty());
            }
        }
    }
    let mut nobody = machine(Option::None);
    assert_eq!(codes(ask(&mut nobody, add_offsets((ID, EPOCH)), at(1)).0), [Mapping]);
}

#[test]
fn partitions_are_added_to_those_that_are_there() {
    let mut machine = machine(Some(transaction(Ongoing)));
    drop(ask(&mut machine, add((ID, EPOCH), &[p("c", 2)], TransactionVersion::V2), at(1)));
    drop(ask(&mut machine, add_offsets((ID, EPOCH)), at(2)));
    let transaction = now(&machine).unwrap();
    let expected = [p("__consumer_offsets", 4), p("a", 0), p("b", 1), p("c", 2)];
    assert_eq!(transaction.partitions, expected.into());
    assert_eq!((transaction.started_ms, transaction.updated_ms), (UNIX_MS, UNIX_MS + 2));
}

#[test]
fn partitions_that_are_in_need_no_record() {
    let mut machine = machine(Some(transaction(Ongoing)));
    let request = add((ID, EPOCH), &[p("b", 1)], TransactionVersion::V2);
    let turn = machine.handle(request, 1, at(1));
    assert!(turn.write.is_none());
    assert_eq!(turn.answers.len(), 1);
}

#[test]
fn a_transaction_begins_with_its_first_partition() {
    let mut machine = machine(Some(transaction(CompleteCommit)));
    drop(ask(&mut machine, add((ID, EPOCH), &[p("c", 2)], TransactionVersion::V0), at(9)));
    let transaction = now(&machine).unwrap();
    assert_eq!(transaction.started_ms, UNIX_MS + 9);
    assert_eq!(transaction.partitions, [p("c", 2)].into());
    assert_eq!(transaction.client, TransactionVersion::V0);
}

#[test]
fn verifying_changes_nothing() {
    use ErrorCode::{
        ConcurrentTransactions as Busy, InvalidProducerIdMapping as Mapping, None,
        ProducerFenced as Fenced, TransactionAbortable as Abortable,
    };
    let wanted = [p("c", 2), p("a", 0)];
    for state in ALL {
        let cases = match state {
            Ongoing => ([Abortable, None], [Fenced; 2], [Mapping; 2]),
            PrepareCommit | PrepareAbort => ([Busy; 2], [Fenced; 2], [Mapping; 2]),
            _ => ([Abortable; 2], [Fenced; 2], [Mapping; 2]),
        };
        let who = [(ID, EPOCH), (ID, EPOCH - 1), (77, EPOCH)];
        for (who, expected) in who.into_iter().zip([cases.0, cases.1, cases.2]) {
            let mut machine = machine(Some(transaction(state)));
            let turn = machine.handle(verify(who, &wanted), 1, at(1));
            assert!(turn.write.is_none());
            let (_, answer) = turn.answers.into_iter().next().unwrap();
            assert_eq!(codes(answer), expected, "{state:?} {who:?}");
        }
    }
}

#[test]
fn a_record_too_large_for_the_log_is_refused_before_it_is_written() {
    let mut machine = machine(Some(transaction(Empty)));
    let many: Vec<_> = (0..250_000).map(|n| p("t", n)).collect();
    let (answer, _) = ask(&mut machine, add((ID, EPOCH), &many, TransactionVersion::V2), at(1));
    assert!(codes(answer).iter().all(|code| *code == ErrorCode::UnknownServerError));
    let fewer = add((ID, EPOCH), &many[..240_000], TransactionVersion::V2);
    drop(ask(&mut machine, fewer, at(1)));
    assert_eq!(now(&machine).unwrap().state, Ongoing);
    let turn = machine.handle(end((ID, EPOCH), true, TransactionVersion::V2), 1, at(2));
    assert!(turn.write.unwrap().bytes() <= machine.settings.record_bytes_max);
}
