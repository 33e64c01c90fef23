//! ListTransactions and DescribeTransactions.

use super::*;

fn listed(machine: &mut Machine, change: impl FnOnce(&mut ListTransactions)) -> String {
    let mut request = ListTransactions {
        state_filters: vec![],
        producer_id_filters: vec![],
        duration_filter_ms: -1,
        transactional_id_pattern: None,
    };
    change(&mut request);
    match ask(machine, Request::ListTransactions(request), at(1000)).0 {
        Answer::ListTransactions(Ok(list)) => {
            let ids = list.transaction_states.into_iter().map(|listed| listed.transactional_id);
            let ids: Vec<_> = ids.chain(list.unknown_state_filters).collect();
            ids.join(" ")
        }
        Answer::ListTransactions(Err(code)) => code.name().to_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn filters_let_pass_what_they_name() {
    let mut machine = machine(None);
    machine.apply("young-1", Some(transaction(Ongoing)));
    let started_ms = UNIX_MS - 5000;
    machine.apply("old-2", Some(Transaction { started_ms, ..transaction(Ongoing) }));
    let producer = producer(20, 0);
    machine.apply("idle-3", Some(Transaction { producer, ..transaction(CompleteAbort) }));
    let m = &mut machine;
    assert_eq!(listed(m, |_| {}), "idle-3 old-2 young-1");
    let states = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(listed(m, |r| r.state_filters = states(&["Ongoing"])), "old-2 young-1");
    let both = listed(m, |r| r.state_filters = states(&["Ongoing", "Odd"]));
    assert_eq!(both, "old-2 young-1 Odd");
    assert_eq!(listed(m, |r| r.state_filters = states(&["Odd"])), "Odd");
    assert_eq!(listed(m, |r| r.producer_id_filters = vec![20, 21]), "idle-3");
    // They were begun 1 s and 6 s ago.
    assert_eq!(listed(m, |r| r.duration_filter_ms = 999), "idle-3 old-2 young-1");
    assert_eq!(listed(m, |r| r.duration_filter_ms = 1000), "old-2");
    for (pattern, expected) in [
        ("old-2", "old-2"),
        ("old", ""),
        (".*-[12]", "old-2 young-1"),
        ("old-2|idle", "old-2"),
        ("", "idle-3 old-2 young-1"),
        ("(", "INVALID_REGULAR_EXPRESSION"),
        ("x)|(.*", "INVALID_REGULAR_EXPRESSION"),
        ("(a{1000}){1000}", "INVALID_REGULAR_EXPRESSION"),
    ] {
        let found = listed(m, |r| r.transactional_id_pattern = Some(pattern.to_owned()));
        assert_eq!(found, expected, "{pattern}");
    }
    let of_one = listed(m, |r| {
        r.transactional_id_pattern = Some(".*".to_owned());
        r.producer_id_filters = vec![ID];
        r.duration_filter_ms = 2000;
    });
    assert_eq!(of_one, "old-2");
}

fn described(machine: &mut Machine, id: &str) -> Result<TransactionDescription, ErrorCode> {
    let request = Request::DescribeTransactions { transactional_id: id.to_owned() };
    match ask(machine, request, at(1)).0 {
        Answer::DescribeTransactions(described) => described,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_description_shows_what_is_still_to_be_marked() {
    let mut machine = machine(Some(transaction(PrepareCommit)));
    let mut expected = TransactionDescription {
        transaction_state: PrepareCommit,
        transaction_timeout_ms: TIMEOUT_MS,
        transaction_start_time_ms: UNIX_MS,
        transaction_last_update_time_ms: UNIX_MS,
        producer: producer(ID, EPOCH),
        partitions: vec![p("a", 0), p("b", 1)],
    };
    assert_eq!(described(&mut machine, TX), Ok(expected.clone()));
    drop(machine.marked(TX, &p("a", 0), Ok(()), at(1)));
    expected.partitions.remove(0);
    assert_eq!(described(&mut machine, TX), Ok(expected));
    assert_eq!(described(&mut machine, "none"), Err(ErrorCode::TransactionalIdNotFound));
    assert_eq!(described(&mut machine, ""), Err(ErrorCode::InvalidRequest));
}
