//! `cargo xtask VERB`: what keeps the house, in the project's own language.
//!
//! Links nothing of ours: it starts processes and reads files, so that it runs even when the engine does not compile.
//! What CI runs is `cargo xtask ci` and nothing else; `.ci/run` only prepares the machine for it.

#![forbid(unsafe_code)]

mod ci;
mod conformance;
mod docs;
mod nightly;
mod repo;
mod steps;
mod tidy;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The verbs that keep the house.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Exactly what CI runs: format, lint, tests (tidy and fresh documents among them), real clients.
    Ci(ci::Args),
    /// Rules of the repository: layers, the fence around `unsafe`, sizes, words.
    Tidy,
    /// Writes the generated pages, or with --check fails when one is stale.
    Docs(docs::Args),
    /// Real clients against a broker of ours: kcat, Python, Java, kafka-dump-log.
    Conformance(conformance::Args),
    /// What is too long for CI: more random cases, minutes of fuzzing, a hundred kills, both backends.
    Nightly(nightly::Args),
}

fn main() -> ExitCode {
    let passed = match Args::parse().verb {
        Verb::Ci(args) => ci::run(&args),
        Verb::Tidy => tidy::run(),
        Verb::Docs(args) => docs::run(&args),
        Verb::Conformance(args) => conformance::run(&args),
        Verb::Nightly(args) => nightly::run(&args),
    };
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
