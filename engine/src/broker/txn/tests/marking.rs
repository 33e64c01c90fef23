//! Markers on their way: refused ones, topics that are gone, logs that are full, restarts.

use super::*;

#[test]
fn a_transaction_is_complete_when_its_last_partition_is() {
    for (prepared, complete) in [(PrepareCommit, CompleteCommit), (PrepareAbort, CompleteAbort)] {
        let mut machine = machine(Some(transaction(prepared)));
        let turn = machine.marked(TX, &p("b", 1), Ok(()), at(1));
        assert!(turn.write.is_none());
        // Told twice, or of a partition that is not in: it changes nothing.
        assert!(machine.marked(TX, &p("b", 1), Ok(()), at(1)).write.is_none());
        assert!(machine.marked(TX, &p("c", 1), Ok(()), at(1)).write.is_none());
        assert!(machine.marked("other", &p("a", 0), Ok(()), at(1)).write.is_none());
        let turn = machine.marked(TX, &p("a", 0), Ok(()), at(2));
        drop(finish(&mut machine, turn, at(2)));
        let now = now(&machine).unwrap();
        assert_eq!((now.state, now.partitions.len()), (complete, 0));
        assert_eq!(now.producer, producer(ID, EPOCH));
    }
}

#[test]
fn a_topic_that_is_gone_counts_as_marked() {
    let mut machine = machine(Some(transaction(PrepareCommit)));
    drop(machine.marked(TX, &p("a", 0), Err(ErrorCode::UnknownTopicOrPartition), at(1)));
    let turn = machine.marked(TX, &p("b", 1), Err(ErrorCode::UnknownTopicId), at(1));
    drop(finish(&mut machine, turn, at(1)));
    assert_eq!(now(&machine).unwrap().state, CompleteCommit);
}

#[test]
fn a_refused_marker_is_tried_again_until_it_is_taken() {
    let mut machine = machine(Some(transaction(PrepareCommit)));
    drop(machine.marked(TX, &p("a", 0), Ok(()), at(1)));
    for n in 1..4 {
        let turn = machine.marked(TX, &p("b", 1), Err(ErrorCode::KafkaStorageError), at(n * 1000));
        assert!(turn.write.is_none() && turn.markers.is_empty());
        let due = at(n * 1000 + 500);
        assert_eq!(machine.deadline(), Some(due.now));
        let turn = machine.expire(due);
        assert!(turn.write.is_none());
        assert_eq!(turn.markers[0].partitions, [p("b", 1)]);
        assert_eq!(machine.deadline(), None);
    }
    let turn = machine.marked(TX, &p("b", 1), Ok(()), at(5000));
    drop(finish(&mut machine, turn, at(5000)));
    assert_eq!(now(&machine).unwrap().state, CompleteCommit);
}

#[test]
fn a_last_record_that_the_log_refused_is_tried_again() {
    let mut machine = machine(Some(transaction(PrepareAbort)));
    drop(machine.marked(TX, &p("a", 0), Ok(()), at(1)));
    let turn = machine.marked(TX, &p("b", 1), Ok(()), at(1));
    let turn = machine.refused(turn.write.unwrap(), ErrorCode::KafkaStorageError);
    assert!(turn.answers.is_empty());
    assert_eq!(now(&machine).unwrap().state, PrepareAbort);
    let turn = machine.expire(at(501));
    assert!(turn.markers.is_empty());
    drop(finish(&mut machine, turn, at(501)));
    assert_eq!(now(&machine).unwrap().state, CompleteAbort);
}

#[test]
fn after_a_restart_what_was_decided_goes_on() {
    for (state, commit) in [(PrepareCommit, true), (PrepareAbort, false)] {
        let mut machine = Machine::new(Settings::default(), 8);
        let record = records::encode(TX, Some(&transaction(state)));
        machine.replay(&record.key, record.value.as_deref()).unwrap();
        let turn = machine.loaded(at(0));
        let [markers] = &turn.markers[..] else { panic!("{:?}", turn.markers) };
        assert_eq!((markers.commit, markers.coordinator_epoch), (commit, 8));
        assert_eq!(markers.partitions, [p("a", 0), p("b", 1)]);
    }
    // One without partitions lacks only its last record.
    let bare = Transaction { partitions: [].into(), ..transaction(PrepareAbort) };
    let mut machine = machine(Some(bare));
    let turn = machine.expire(at(0));
    drop(finish(&mut machine, turn, at(0)));
    assert_eq!(now(&machine).unwrap().state, CompleteAbort);
}

#[test]
fn a_request_whose_record_the_log_refused_has_changed_nothing() {
    let codes = [
        (ErrorCode::KafkaStorageError, ErrorCode::NotCoordinator),
        (ErrorCode::NotEnoughReplicas, ErrorCode::CoordinatorNotAvailable),
        (ErrorCode::MessageTooLarge, ErrorCode::UnknownServerError),
        (ErrorCode::InvalidRecord, ErrorCode::InvalidRecord),
    ];
    for (from_log, told) in codes {
        let mut machine = machine(Some(transaction(Ongoing)));
        let due = machine.deadline();
        let request = end((ID, EPOCH), true, TransactionVersion::V2);
        let write = machine.handle(request, 1, at(1)).write.unwrap();
        let turn = machine.refused(write, from_log);
        assert_eq!(turn.answers, [(1, Answer::EndTxn(Err(told)))]);
        assert_eq!(now(&machine), Some(&transaction(Ongoing)));
        assert_eq!(machine.deadline(), due);
    }
}

#[test]
fn who_goes_on_while_markers_are_written_had_better_wait() {
    use TransactionVersion::{V0, V2};
    let to = [p("a", 0)];
    let requests = |who| [add(who, &to, V0), add(who, &to, V2), init(Some(who))];
    for state in [PrepareCommit, PrepareAbort, Ongoing, CompleteCommit] {
        let machine = machine(Some(transaction(state)));
        for request in requests((ID, EPOCH)) {
            assert_eq!(
                machine.should_wait(&request),
                state.is_prepared(),
                "{state:?}, {request:?}"
            );
        }
        let end = end((ID, EPOCH), true, V2);
        assert!(!machine.should_wait(&end), "the answer to an end that is repeated is known");
    }
}
