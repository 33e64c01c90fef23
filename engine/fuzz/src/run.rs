//! Feeds a target: seeds in, the first failure out.

use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use headwater_io::sim::rng::Rng;

use crate::memory;
use crate::targets::Target;

/// No input may make a process ask for this much more memory: the largest that we use are a few kilobytes, and what
/// they may decompress to is a megabyte.
const MEMORY_BYTES_MAX: u64 = 1 << 30;

/// Memory is looked at after so many inputs: asking costs more than decoding.
const LOOK_EVERY: u64 = 64;

/// What broke a promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The target.
    pub target: &'static str,
    /// The input, or the first of several of which it was one.
    pub seed: u64,
    /// How many; 1 but for memory, which is measured now and then.
    pub inputs: u64,
    /// What was promised and not kept.
    pub what: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { target, seed, inputs, what } = self;
        writeln!(f, "{target}: seed {seed}: {what}")?;
        write!(f, "  repeat with: fuzz repeat {target} {seed}")?;
        if *inputs > 1 { write!(f, " --inputs {inputs}") } else { Ok(()) }
    }
}

/// What a run came to.
#[derive(Debug)]
pub struct Outcome {
    /// Inputs checked.
    pub inputs: u64,
    /// Their bytes together.
    pub bytes: u64,
    /// How long the slowest took, and its seed.
    pub slowest: (Duration, u64),
    /// What ended it early.
    pub failure: Option<Failure>,
}

/// The input of a seed.
pub fn input(target: &Target, seed: u64) -> Vec<u8> {
    (target.make)(&mut Rng::new(seed))
}

/// Checks any bytes.
///
/// # Errors
/// The words of the panic, when a promise was broken.
pub fn check(target: &Target, bytes: &[u8]) -> Result<(), String> {
    panic::catch_unwind(AssertUnwindSafe(|| (target.check)(bytes))).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
    })
}

/// Checks inputs from `first` on, until there have been `inputs_max` or it is `until`. `now` always holds the seed
/// that is being checked, for whoever watches over inputs that do not come back.
pub fn run(
    target: &Target,
    first: u64,
    inputs_max: u64,
    until: Option<Instant>,
    now: &AtomicU64,
) -> Outcome {
    let mut outcome =
        Outcome { inputs: 0, bytes: 0, slowest: (Duration::ZERO, first), failure: None };
    let mut peak = memory::peak_bytes();
    while outcome.inputs < inputs_max && until.is_none_or(|until| Instant::now() < until) {
        let from = first.wrapping_add(outcome.inputs);
        let inputs = LOOK_EVERY.min(inputs_max - outcome.inputs);
        for n in 0..inputs {
            let seed = from.wrapping_add(n);
            now.store(seed, Ordering::Relaxed);
            let failure = step(target, seed, &mut outcome);
            if let Err(what) = failure {
                outcome.failure = Some(Failure { target: target.name, seed, inputs: 1, what });
                return outcome;
            }
        }
        let grown = memory::peak_bytes().saturating_sub(peak);
        if grown > MEMORY_BYTES_MAX {
            let what = format!("the process asked for {grown} bytes more");
            outcome.failure = Some(Failure { target: target.name, seed: from, inputs, what });
            return outcome;
        }
        peak += grown;
    }
    outcome
}

fn step(target: &Target, seed: u64, outcome: &mut Outcome) -> Result<(), String> {
    let bytes = input(target, seed);
    let start = Instant::now();
    let checked = check(target, &bytes);
    let took = start.elapsed();
    if took > outcome.slowest.0 {
        outcome.slowest = (took, seed);
    }
    outcome.inputs += 1;
    outcome.bytes += bytes.len() as u64;
    checked
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHY: Target = Target {
        name: "shy",
        about: "dislikes one number",
        make: |rng| rng.next_u64().to_be_bytes().to_vec(),
        check: |bytes| assert!(bytes[0] != 7, "it is seven"),
        smoke: 1,
        found: &[],
    };

    #[test]
    fn a_failure_names_the_seed_that_repeats_it() {
        let failure = run(&SHY, 0, 100_000, None, &AtomicU64::new(0)).failure.expect("one of 256");
        assert_eq!(failure.what, "it is seven");
        assert!(check(&SHY, &input(&SHY, failure.seed)).is_err());
        let again = run(&SHY, failure.seed, 1, None, &AtomicU64::new(0)).failure;
        assert_eq!(again.as_ref(), Some(&failure));
        assert!(failure.to_string().ends_with(&format!("fuzz repeat shy {}", failure.seed)));
    }

    #[test]
    fn memory_that_is_only_reserved_counts() {
        let greedy = Target {
            check: |_| drop(std::hint::black_box(Vec::<u8>::with_capacity(3 << 30))),
            ..SHY
        };
        let failure = run(&greedy, 0, 1, None, &AtomicU64::new(0)).failure.expect("too much");
        assert!(failure.what.contains("bytes more"), "{failure}");
    }
}
