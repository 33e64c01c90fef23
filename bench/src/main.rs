//! The program `bench`: reads the command line, runs one command, and turns its outcome into an exit
//! status: 0 done, 1 failed or a promise did not hold, 2 wrong usage.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use headwater_bench::args::Cli;
use headwater_bench::commands;

fn main() -> ExitCode {
    match commands::run(Cli::parse().command) {
        Ok(commands::Outcome::Held) => ExitCode::SUCCESS,
        Ok(commands::Outcome::Missed) => ExitCode::from(1),
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::from(error.exit_status())
        }
    }
}
