//! The command line of `headwater`: reads the arguments, does what they say, prints, and chooses the exit status.
//!
//! May import anything, and nothing imports it. Exit status: 0 done, 1 failed or a check did not hold, 2 wrong usage.
//! Errors are one line on standard error that says what to do; with `--json`, standard output is JSON and nothing else.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`args`] | what can be typed |
//! | [`serve`] | runs a broker, with its [`log`] |
//! | [`topic`], [`group`], [`txn`], [`config`] | ask brokers, over Kafka's protocol through [`client`] and [`cluster`] |
//! | [`partitions`], [`time`] | partitions and moments, as people name them |
//! | [`doctor`] | looks at the machine |
//! | [`dump`], [`verify`] | look at files, and change nothing |
//! | [`repair`] | gives up what a damaged log has lost, when told to |

pub mod args;
pub mod client;
pub mod cluster;
pub mod config;
mod diagnosis;
pub mod doctor;
pub mod dump;
pub mod error;
pub mod group;
mod journals;
pub mod log;
pub mod partitions;
pub mod print;
pub mod repair;
pub mod serve;
pub mod time;
pub mod topic;
pub mod txn;
pub mod verify;

#[cfg(test)]
mod tests;

use args::{Args, Command};
use clap::Parser;
use error::CliError;
use print::Printer;
use std::process::ExitCode;

/// Runs the program with the arguments of this process.
pub fn main() -> ExitCode {
    let args = Args::parse();
    match run(args.command) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads the output had enough of it.
        Err(CliError::Output(e)) if e.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("headwater: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), CliError> {
    match command {
        Command::Serve(args) => serve::run(&args),
        Command::Topic { verb, remote } => topic::run(&verb, &remote),
        Command::Group { verb, remote } => group::run(&verb, &remote),
        Command::Txn { verb, remote } => txn::run(&verb, &remote),
        Command::Config { verb } => config::run(&verb),
        Command::Doctor(args) => doctor::run(&args, &mut Printer::new(args.json)),
        Command::Dump(args) => dump::run(&args, &mut Printer::new(args.json)),
        Command::Repair(args) => repair::run(&args, &mut Printer::new(args.json)),
        Command::Verify(args) => verify::run(&args, &mut Printer::new(args.json)),
    }
}
