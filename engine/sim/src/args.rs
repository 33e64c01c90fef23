//! What can be typed: every command, flag and default, with its help. Nothing is done here.

use std::ops::Range;

use clap::{Parser, Subcommand};
use headwater_sim::faults::Faults;
use headwater_sim::plan::{PATHS, Wish, Workload};

/// Whole brokers on a simulated disk, network and clock: the production code, where one seed decides
/// everything that happens.
#[derive(Debug, Parser)]
#[command(name = "sim", version, propagate_version = true, max_term_width = 100)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs one seed and says what came of it; status 1 when a checker spoke.
    Run {
        /// Which one.
        #[arg(long)]
        seed: u64,
        /// Print every event, and what the broker logs, on standard error.
        #[arg(long)]
        trace: bool,
        #[command(flatten)]
        limits: Limits,
    },
    /// Runs many seeds, goes on after failures, and shows which rare paths were reached; status 1 when a
    /// checker spoke.
    Fuzz {
        /// From the first to the one before the last.
        #[arg(long, value_name = "A..B", value_parser = seeds, default_value = "0..2000")]
        seeds: Range<u64>,
        /// Stop after so many minutes, wherever that is.
        #[arg(long, value_name = "M")]
        minutes: Option<f64>,
        /// Seeds at once [default: one for each processor]
        #[arg(long, value_name = "N")]
        jobs: Option<usize>,
        #[command(flatten)]
        limits: Limits,
    },
    /// Makes classic mistakes in the broker, one at a time, and shows which checker finds each, and how
    /// soon. Needs a program that was built with `--features planted`.
    Planted {
        /// Give up on a mistake after so many seeds.
        #[arg(long, value_name = "N", default_value_t = 2000)]
        seeds: u64,
    },
    /// Shows what a power cut costs: acknowledged records that are gone, for each acks, durability and path.
    Loss {
        /// Seeds for each line.
        #[arg(long, value_name = "N", default_value_t = 100)]
        seeds: u64,
        /// One JSON document instead of a table.
        #[arg(long)]
        json: bool,
    },
}

/// What runs may be like.
#[derive(Clone, Debug, clap::Args)]
pub struct Limits {
    /// What clients do: `records` or `transactions`. A seed is another run in each [default: drawn from the
    /// seed]
    #[arg(long, value_parser = workload)]
    pub workload: Option<Workload>,
    /// Only this durability.path [default: drawn from the seed]
    #[arg(long, value_parser = path)]
    pub path: Option<String>,
    /// Faults that runs may have: all, none, names with commas between them, or all and names to leave
    /// out: `all,-bit-rot`. Each run draws some of them.
    #[arg(long, value_name = "LIST", default_value = "all", allow_hyphen_values = true)]
    pub faults: Faults,
}

impl Limits {
    /// A run of this seed within them.
    pub fn wish(&self, seed: u64) -> Wish {
        let workload = self.workload.unwrap_or_else(|| Workload::drawn(seed));
        Wish { workload, path: self.path.clone(), faults: self.faults, ..Wish::of(seed) }
    }
}

fn path(text: &str) -> Result<String, String> {
    match PATHS.contains(&text) {
        true => Ok(text.to_owned()),
        false => Err("say journal, direct or buffered".to_owned()),
    }
}

fn workload(text: &str) -> Result<Workload, String> {
    let found = Workload::ALL.into_iter().find(|workload| workload.name() == text);
    found.ok_or_else(|| "say records or transactions".to_owned())
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let ends = text.split_once("..").and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    match ends {
        Some((first, end)) if first < end => Ok(first..end),
        _ => Err("say A..B with A below B: 0..2000".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
        assert_eq!(seeds("3..5"), Ok(3..5));
        assert!(seeds("5..5").is_err() && seeds("5").is_err());
    }
}
