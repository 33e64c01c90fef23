//! The command line of `fuzz`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use headwater_fuzz::targets::{self, Target};
use headwater_io::driver::Backend;

/// Gives every parser bytes that mean harm, and says how to repeat what breaks.
///
/// `fuzz serve` is `headwater serve`: `fuzz kill` needs nothing else built.
///
/// Exit status: 0 every promise held; 1 one did not; 2 wrong usage.
#[derive(Parser)]
#[command(name = "fuzz", version, arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Subcommand)]
pub enum Verb {
    /// Every target, with what it promises
    List,
    /// Inputs from a seed on, until one breaks a promise or time is up
    Run {
        /// Targets [default: all, one after the other]
        #[arg(value_name = "TARGET", value_parser = target)]
        targets: Vec<&'static Target>,
        /// The first seed; each input has the next [default: one that was never used]
        #[arg(long, value_name = "N")]
        seed: Option<u64>,
        /// How long for each target [default: 10, unless --inputs]
        #[arg(long, value_name = "S")]
        seconds: Option<u64>,
        /// How many inputs for each target
        #[arg(long, value_name = "N")]
        inputs: Option<u64>,
    },
    /// The input of one seed again, with its bytes
    Repeat {
        /// Target
        #[arg(value_parser = target)]
        target: &'static Target,
        /// The seed that a failure named
        seed: u64,
        /// From that seed on, as many as the failure named
        #[arg(long, value_name = "N", default_value_t = 1)]
        inputs: u64,
        /// Keep the bytes of the (first) input in this file
        #[arg(long, value_name = "FILE")]
        save: Option<PathBuf>,
    },
    /// Any file as an input
    Check {
        /// Target
        #[arg(value_parser = target)]
        target: &'static Target,
        /// The file
        file: PathBuf,
    },
    /// A real broker, killed again and again under load; then everything acknowledged is read back
    Kill {
        /// How often
        #[arg(long, value_name = "N", default_value_t = 100)]
        kills: u32,
        /// uring or posix
        #[arg(long, value_name = "BACKEND", default_value = "uring")]
        backend: Backend,
        /// Setting of the broker, e.g. durability.path=buffered (may be repeated)
        #[arg(long = "set", value_name = "NAME=VALUE")]
        settings: Vec<String>,
        /// Decides when it is killed [default: one that was never used]
        #[arg(long, value_name = "N")]
        seed: Option<u64>,
        /// An empty folder on the disk to use; kept when something is wrong
        #[arg(long, value_name = "DIR", default_value = "target/kill")]
        dir: PathBuf,
    },
}

fn target(name: &str) -> Result<&'static Target, String> {
    targets::by_name(name).ok_or_else(|| "no such target; `fuzz list` prints all".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
        assert!(Args::try_parse_from(["fuzz", "run", "requests", "--seconds", "1"]).is_ok());
        assert!(Args::try_parse_from(["fuzz", "run", "nothing"]).is_err());
    }
}
