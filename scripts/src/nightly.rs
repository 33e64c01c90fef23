//! What is too long for CI: the same checks with more random cases, inputs and kills.

use std::process::Command;

use crate::conformance;
use crate::steps::{Steps, cargo};

/// Random cases of each property test; 256 by default.
const CASES: &str = "10000";
const BACKENDS: [&str; 2] = ["uring", "posix"];
const PATHS: [&str; 3] = ["journal", "direct", "buffered"];

/// Arguments of `cargo xtask nightly`.
#[derive(clap::Args)]
pub struct Args {
    /// Fuzz each target for so long
    #[arg(long, value_name = "N", default_value_t = 5)]
    minutes: u64,
    /// The first seed of all inputs and kills [default: one that was never used, printed with what it finds]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Kill a broker so often, on each backend and path of durability
    #[arg(long, value_name = "N", default_value_t = 100)]
    kills: u32,
    /// Only what is fuzzed and killed
    #[arg(long)]
    only_fuzz: bool,
}

/// Runs every step, then tells whether all passed.
pub fn run(args: &Args) -> bool {
    let mut steps = Steps::default();
    if !args.only_fuzz {
        let mut test = cargo(&["test", "--release", "--workspace"]);
        steps.command("tests, many cases", test.env("PROPTEST_CASES", CASES));
        steps.command("build", &mut cargo(&["build", "--release", "--workspace"]));
        for backend in BACKENDS {
            let args = conformance::Args::on_backend(backend);
            steps.step(&format!("real clients, {backend}"), || conformance::run(&args));
        }
    }
    steps.command("fuzz", &mut fuzz(args, &["run", "--seconds", &(args.minutes * 60).to_string()]));
    let kills = args.kills.to_string();
    for backend in BACKENDS {
        for path in PATHS {
            let path_setting = format!("durability.path={path}");
            let words = ["kill", "--kills", &kills, "--backend", backend, "--set", &path_setting];
            steps.command(&format!("kills, {backend}, {path}"), &mut fuzz(args, &words));
        }
    }
    steps.finish()
}

/// The fuzzer with the overflow checks that a release has not: a number that wraps is a finding.
fn fuzz(args: &Args, words: &[&str]) -> Command {
    let mut command =
        cargo(&["run", "--release", "--quiet", "-p", "headwater-fuzz", "--bin", "fuzz", "--"]);
    command.env("CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS", "true").args(words);
    if let Some(seed) = args.seed {
        command.args(["--seed", &seed.to_string()]);
    }
    command
}
