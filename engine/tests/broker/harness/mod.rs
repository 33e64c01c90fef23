//! What all tests of the broker need: a process of its own on a free port and in a folder of its own, a
//! client on plain sockets, and batches.
//!
//! Every wait has a deadline, and a broker never outlives its test.

pub mod batches;
pub mod broker;
pub mod client;
pub mod facts;
pub mod groups;
pub mod requests;
pub mod transactions;

use std::time::{Duration, Instant};

use headwater_io::driver::Backend;
use headwater_io::probe;

/// Runs a test on every backend that this machine allows, side by side.
pub fn on_both(test: impl Fn(Backend) + Sync) {
    let backends = backends();
    std::thread::scope(|scope| {
        let runs: Vec<_> = backends
            .iter()
            .map(|&backend| {
                (
                    backend,
                    scope.spawn({
                        let test = &test;
                        move || test(backend)
                    }),
                )
            })
            .collect();
        for (backend, run) in runs {
            if let Err(panic) = run.join() {
                eprintln!("failed on the backend {backend}");
                std::panic::resume_unwind(panic);
            }
        }
    });
}

fn backends() -> Vec<Backend> {
    let choice = probe::choose(None);
    match choice.backend {
        Backend::Uring => vec![Backend::Uring, Backend::Posix],
        _ => {
            eprintln!("SKIPPED on uring: {choice}");
            vec![Backend::Posix]
        }
    }
}

/// Asks until there is an answer.
///
/// # Panics
/// When there is none in time.
pub fn eventually<T>(what: &str, within: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + within;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < end, "not within {within:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Random numbers from a seed, so that a failure can be repeated.
pub struct Seeded(u64);

impl Seeded {
    /// The same seed gives the same numbers.
    pub fn new(seed: u64) -> Self {
        Seeded(seed ^ 0x9e37_79b9_7f4a_7c15)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % limit as u64) as usize
    }

    /// Any byte.
    pub fn byte(&mut self) -> u8 {
        self.below(256) as u8
    }
}
