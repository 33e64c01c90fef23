//! Transactions are measured in portions that leave nobody out and count nobody twice.

use super::*;

#[test]
fn portions_of_any_size_make_the_same_whole() {
    let mut machine = machine(None);
    for (id, state) in [("a", Ongoing), ("b", Empty), ("c", Ongoing), ("d", CompleteCommit)] {
        machine.apply(id, Some(transaction(state)));
    }
    let started_ms = UNIX_MS - 5_000;
    machine.apply("old", Some(Transaction { started_ms, ..transaction(PrepareAbort) }));
    for portion in [1, 2, 3, 100] {
        let (mut ongoing, mut all, mut oldest_ms, mut after) = (0, 0, 0, None);
        loop {
            let mut left = portion;
            let found = machine.measure(after.as_deref(), &mut left, UNIX_MS + 1_000);
            ongoing += found.states.get("Ongoing").copied().unwrap_or(0);
            all += found.states.values().sum::<u64>();
            oldest_ms = oldest_ms.max(found.oldest_ms);
            after = found.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!((all, ongoing, oldest_ms), (5, 2, 6_000), "portions of {portion}");
    }
}
