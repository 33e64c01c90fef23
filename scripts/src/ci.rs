//! Exactly what CI runs. One command before "done".

use crate::conformance;
use crate::steps::{Steps, cargo};

/// Arguments of `cargo xtask ci`.
#[derive(clap::Args)]
pub struct Args {
    /// Leave out the checks with real clients.
    #[arg(long)]
    no_conformance: bool,
}

/// Runs every step, then tells whether all passed.
pub fn run(args: &Args) -> bool {
    let mut steps = Steps::default();
    steps.command("format", &mut cargo(&["fmt", "--all", "--check"]));
    let lint = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    steps.command("lint", &mut cargo(&lint));
    let mut doc = cargo(&["doc", "--workspace", "--no-deps", "--quiet"]);
    steps.command("documentation", doc.env("RUSTDOCFLAGS", "-D warnings"));
    steps.command("tests", &mut cargo(&["test", "--workspace", "--no-fail-fast"]));
    if !args.no_conformance {
        steps.step("real clients, uring", || conformance::run(&conformance::Args::default()));
        let posix = conformance::Args::on_backend("posix");
        steps.step("real clients, posix", || conformance::run(&posix));
    }
    steps.finish()
}
