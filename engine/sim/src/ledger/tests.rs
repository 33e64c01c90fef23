//! Each checker of the ledger speaks when it should, and is silent otherwise.

use headwater_io::clock::Nanos;
use headwater_io::sim::rng::Rng;

use super::offsets::{Commit, Committer};
use super::output::Marks;
use super::{Attempt, Ledger};
use crate::model::Violation;
use crate::plan::{Plan, Wish, Workload};

fn ledger() -> Ledger {
    let wish = Wish { workload: Workload::Transactions, ..Wish::of(1) };
    let mut plan = Plan::draw(&wish, &mut Rng::new(1)).expect("a plan");
    let of = plan.transactional.as_mut().expect("a plan of transactions");
    of.outputs.iter_mut().for_each(|topic| topic.retention_bytes = None);
    Ledger::new(&plan)
}

/// An attempt of the first processor on partition 0 whose commit was sent.
fn attempt(ledger: &mut Ledger, epoch: i16, from: i64, to: i64) -> usize {
    let mut attempt = Attempt::new(0, (7, epoch), Nanos(10), vec![(0, from, to)]);
    attempt.commit_sent = Some(Nanos(20));
    ledger.attempts.push(attempt);
    ledger.attempts.len() - 1
}

fn said(result: Result<(), Violation>) -> &'static str {
    result.err().map_or("nothing", |violation| violation.checker)
}

#[test]
fn a_transaction_has_one_fate() {
    let mut ledger = ledger();
    let one = attempt(&mut ledger, 0, 0, 5);
    assert_eq!(said(ledger.settle(one, true, "a marker")), "nothing");
    assert_eq!(said(ledger.settle(one, true, "a reader")), "nothing");
    assert_eq!(said(ledger.settle(one, false, "another marker")), "atomicity");
    let other = attempt(&mut ledger, 0, 5, 6);
    ledger.attempts[other].commit_sent = None;
    assert_eq!(said(ledger.settle(other, true, "a reader")), "isolation");
}

#[test]
fn a_fenced_instance_succeeds_with_nothing() {
    let mut ledger = ledger();
    let old = attempt(&mut ledger, 3, 0, 5);
    assert_eq!(said(ledger.took_over(0, (7, 4), Nanos(25), Nanos(30))), "nothing");
    assert_eq!(said(ledger.succeeded(old, Nanos(29), "Produce")), "nothing");
    assert_eq!(said(ledger.succeeded(old, Nanos(31), "Produce")), "fencing");
    let new = attempt(&mut ledger, 4, 0, 5);
    assert_eq!(said(ledger.succeeded(new, Nanos(31), "Produce")), "nothing");
    assert_eq!(said(ledger.took_over(0, (7, 4), Nanos(40), Nanos(50))), "fencing");
}

#[test]
fn input_is_processed_once() {
    let mut ledger = ledger();
    for (from, to) in [(0, 5), (5, 7)] {
        let attempt = attempt(&mut ledger, 0, from, to);
        ledger.settle(attempt, true, "a marker").expect("its first fate");
    }
    assert_eq!(said(ledger.exactly_once(0, 0, 7)), "nothing");
    assert_eq!(said(ledger.exactly_once(0, 0, 9)), "exactly once");
    let again = attempt(&mut ledger, 0, 5, 7);
    assert_eq!(said(ledger.exactly_once(0, 0, 7)), "nothing");
    ledger.settle(again, true, "a marker").expect("its first fate");
    assert_eq!(said(ledger.exactly_once(0, 0, 7)), "exactly once");
}

#[test]
fn a_group_goes_on_where_a_transaction_ends() {
    let mut ledger = ledger();
    let one = attempt(&mut ledger, 0, 0, 5);
    assert_eq!(said(ledger.may_go_on(0, 0, 5)), "nothing");
    assert_eq!(said(ledger.may_go_on(0, 0, 4)), "offsets move with their records");
    ledger.settle(one, true, "its end was acknowledged").expect("its first fate");
    ledger.attempts[one].answered = Some(Nanos(30));
    let mut goes_on =
        |offset, asked| said(ledger.stable_offset(0, 0, offset, Nanos(asked), Nanos(asked + 1)));
    assert_eq!(goes_on(-1, 29), "nothing");
    assert_eq!(goes_on(5, 31), "nothing");
    assert_eq!(goes_on(-1, 33), "offsets move with their records");
}

#[test]
fn an_acknowledged_offset_is_there_or_a_later_one() {
    let commit = |offset, sent, over, acknowledged| {
        let (sent, over) = (Nanos(sent), Some(Nanos(over)));
        Commit { partition: 0, offset, sent, over, acknowledged }
    };
    // The second one was never answered: it may have come before or after the third.
    let commits = vec![commit(1, 10, 20, true), commit(2, 30, 99, false), commit(3, 50, 60, true)];
    let committer = Committer { commits };
    assert_eq!(said(committer.check(0, 3)), "nothing");
    assert_eq!(said(committer.check(0, 2)), "nothing");
    assert_eq!(said(committer.check(0, 1)), "committed offsets are kept");
    assert_eq!(said(committer.check(0, -1)), "committed offsets are kept");
    assert_eq!(said(committer.check(0, 4)), "committed offsets are kept");
    assert_eq!(said(committer.check(1, -1)), "nothing");
}

#[test]
fn marks_never_go_back() {
    let mut ledger = ledger();
    let output = &mut ledger.outputs[0];
    let marks = |start, stable, high| Marks { start, stable, high };
    assert_eq!(said(output.tell(0, marks(0, 5, 9))), "nothing");
    assert_eq!(said(output.tell(1, marks(0, 4, 9))), "nothing");
    assert_eq!(said(output.tell(1, marks(0, 3, 9))), "the last stable offset never goes back");
    output.broker_gone();
    assert_eq!(said(output.tell(2, marks(0, 4, 9))), "the last stable offset never goes back");
    assert_eq!(said(output.tell(3, marks(0, 5, 8))), "watermarks never go back");
    assert_eq!(said(output.tell(4, marks(0, 10, 9))), "no mark above the high watermark");
    assert_eq!(said(output.tell(5, marks(2, 9, 9))), "a log starts where it was told to");
}
