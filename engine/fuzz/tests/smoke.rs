//! Every target with a few thousand inputs, always the same ones: what CI tries on every change. Minutes of new ones
//! are `cargo xtask nightly`'s.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicU64;

use headwater_fuzz::run;
use headwater_fuzz::targets::{TARGETS, Target};

fn smoke(target: &Target) {
    for bytes in target.found {
        assert_eq!(run::check(target, bytes), Ok(()), "{}: found once, and again", target.name);
    }
    let outcome = run::run(target, 1, target.smoke, None, &AtomicU64::new(0));
    if let Some(failure) = outcome.failure {
        panic!("{failure}");
    }
    assert_eq!(outcome.inputs, target.smoke);
    assert_eq!(run::check(target, &[]), Ok(()), "{}: nothing at all", target.name);
}

#[test]
fn every_target_keeps_its_promises() {
    let names: BTreeSet<&str> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(names.len(), TARGETS.len(), "two of one name");
    std::thread::scope(|scope| {
        let (even, odd): (Vec<_>, Vec<_>) = (0..TARGETS.len()).partition(|n| n % 2 == 0);
        for half in [even, odd] {
            scope.spawn(move || half.into_iter().for_each(|n| smoke(&TARGETS[n])));
        }
    });
}
