//! What is too long for CI: the same checks with more random cases.

use crate::conformance;
use crate::steps::{Steps, cargo};

/// Random cases of each property test; 256 by default.
const CASES: &str = "10000";

/// Runs every step, then tells whether all passed.
pub fn run() -> bool {
    let mut steps = Steps::default();
    let mut test = cargo(&["test", "--release", "--workspace"]);
    steps.command("tests, many cases", test.env("PROPTEST_CASES", CASES));
    steps.command("build", &mut cargo(&["build", "--release", "--workspace"]));
    for backend in ["uring", "posix"] {
        let args = conformance::Args::on_backend(backend);
        steps.step(&format!("real clients, {backend}"), || conformance::run(&args));
    }
    steps.finish()
}
