//! The command line: what can be asked of the bench, and the help that people read first.
//!
//! Nothing is checked here that clap does not check; `plan` and the commands say what makes no sense.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// The laboratory beside Headwater: what this machine allows, what each durability setting costs on
/// it, and which batch and linger to use.
#[derive(Debug, Parser)]
#[command(name = "bench", version, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Measure this disk and this machine with the engine's own ring, and no log in between.
    ///
    /// Sequential and durable writes by size and depth, reads, loopback, checksums. Takes under a
    /// minute and half a gigabyte of disk.
    Limits(LimitsArgs),
    /// What each durability setting costs on this disk: acks 0/1/all x durability x path.
    ///
    /// Starts a broker of its own for every run, offers load as fast as it goes and at fixed rates,
    /// measures the limits before and after, and shows every result as a share of them. The defaults
    /// take less than two minutes and less than 2 GB of disk.
    Compare(CompareArgs),
    /// Sweep linger.ms x batch.size x requests in flight, and name the best setting for a latency goal.
    Tune(TuneArgs),
    /// Run every figure that the project promises, and say which hold on this machine.
    Figures(FiguresArgs),
    /// Measure what one journal for all partitions gives, against the path without it.
    ///
    /// One durable record for each of 1 to 512 partitions at once, bulk appends, 10,000 partitions, a
    /// start after a kill, segment rolls under load. Takes ten minutes, most of them to make partitions,
    /// and some gigabytes of disk, which it gives back.
    Journal(JournalArgs),
    /// How a broker starts and what it holds with many topics, partitions and groups that nobody loads.
    ///
    /// Start after a stop and after a kill, resident memory, and how long clients wait for metadata and
    /// offsets. The defaults take some minutes, most of them to make partitions.
    Scale(ScaleArgs),
    /// Measure what exactly-once costs: the same load idempotent only and in transactions.
    ///
    /// As fast as it goes, everything durable, committed each 100 ms and each 10 ms; and records that come
    /// alone, to see what a transaction costs the device. The defaults take two minutes.
    Eos(EosArgs),
    /// Render a results folder again: summary, HTML report, and the table on the terminal.
    Report(ReportArgs),
    /// Comes with a later release.
    #[command(hide = true)]
    Explain {
        /// Whatever it will take.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// The broker that the bench starts beside itself.
    #[command(name = "__serve", hide = true)]
    Serve {
        /// As for `headwater serve`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

/// Where to measure and where to keep the results.
#[derive(Clone, Debug, Args)]
pub struct Place {
    /// Measure the disk that holds this directory. A folder is made in it and removed afterwards.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub data_dir: PathBuf,
    /// Keep the results in this folder (default: `results/<date>-<machine>-<command>`).
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print the summary as JSON on standard output instead of tables.
    #[arg(long)]
    pub json: bool,
}

/// How often and how long.
#[derive(Clone, Debug, Args)]
pub struct Effort {
    /// Measure everything this many times, interleaved [default: 3, eos 5].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub repeats: Option<u32>,
    /// Seconds of each measured run [default: compare 0.45, tune 0.5, figures 1.5, journal and eos 3].
    #[arg(long, value_name = "S")]
    pub seconds: Option<f64>,
    /// One repeat of a fraction of a second: to see that everything works, not to quote.
    #[arg(long)]
    pub quick: bool,
    /// Decides the order of runs.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

/// What the load is made of.
#[derive(Clone, Debug, Args)]
pub struct Load {
    /// Bytes of each record's value.
    #[arg(long, value_name = "N", default_value_t = 1024)]
    pub record_bytes: usize,
    /// Producers, each with a connection of its own.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub producers: usize,
    /// Partitions of the topic.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub partitions: u32,
}

/// Which broker.
#[derive(Clone, Debug, Args)]
pub struct Broker {
    /// Measure this running broker, Headwater or any other that speaks Kafka's protocol, instead of
    /// starting one.
    #[arg(long, value_name = "HOST:PORT")]
    pub broker: Option<String>,
    /// Measure the library inside this process, without a socket, instead of a broker.
    #[arg(long, conflicts_with_all = ["broker", "headwater"])]
    pub in_process: bool,
    /// Process of `--broker` on this machine, so that its processor time can be counted.
    #[arg(long, value_name = "PID", requires = "broker")]
    pub broker_pid: Option<u32>,
    /// Start this `headwater` program instead of the engine that is built into the bench.
    #[arg(long, value_name = "PATH", conflicts_with = "broker")]
    pub headwater: Option<PathBuf>,
    /// Shards of the broker [default: one].
    #[arg(long, value_name = "N")]
    pub shards: Option<u32>,
    /// How long a shard looks for work before it sleeps [default: the broker decides].
    #[arg(long, value_name = "US")]
    pub spin_us: Option<u64>,
    /// Any other setting of the broker, as in `headwater serve --set`.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,
}

/// Arguments of `bench limits`.
#[derive(Debug, Args)]
pub struct LimitsArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "a group of flags")]
    pub place: Place,
    /// Measure everything this many times, interleaved.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub repeats: u32,
    /// Seconds of each measurement.
    #[arg(long, value_name = "S", default_value_t = 0.3)]
    pub seconds: f64,
    /// Size of the file that is written and read.
    #[arg(long, value_name = "MIB", default_value_t = 512, value_parser = clap::value_parser!(u64).range(16..=1 << 20))]
    pub file_mib: u64,
    /// How long a thread looks for a completion before it sleeps.
    #[arg(long, value_name = "US", default_value_t = 200)]
    pub spin_us: u64,
    /// One pass of a few milliseconds each: to see that everything works, not to quote.
    #[arg(long)]
    pub quick: bool,
}

/// Arguments of `bench compare`.
#[derive(Debug, Args)]
#[expect(missing_docs, reason = "groups of flags")]
pub struct CompareArgs {
    #[command(flatten)]
    pub place: Place,
    #[command(flatten)]
    pub effort: Effort,
    #[command(flatten)]
    pub load: Load,
    #[command(flatten)]
    pub broker: Broker,
    /// Bytes of a batch (batch.size).
    #[arg(long, value_name = "N", default_value_t = 16 << 10)]
    pub batch_bytes: usize,
    /// How long a batch waits for more records (linger.ms).
    #[arg(long, value_name = "X", default_value_t = 0.0)]
    pub linger_ms: f64,
    /// Unanswered requests on each connection.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub in_flight: usize,
    /// Records per second to offer at a fixed schedule, beside saturation; `none` for saturation only.
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', default_values = ["10000", "100000"])]
    pub rates: Vec<String>,
    /// Only settings whose name contains this, such as `acks=all` or `direct`.
    #[arg(long, value_name = "TEXT")]
    pub only: Option<String>,
    /// Never write more than this in one run, so that a fast disk does not fill.
    #[arg(long, value_name = "MIB", default_value_t = 1024)]
    pub run_mib_max: u64,
    /// Run another list of cells: `figures` is the same as `bench figures`.
    #[arg(long, value_name = "NAME", value_enum, default_value_t = Scenario::Durability)]
    pub scenario: Scenario,
}

/// A list of cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// acks x durability x path.
    Durability,
    /// The figures that the project promises.
    Figures,
}

/// Arguments of `bench tune`.
#[derive(Debug, Args)]
#[expect(missing_docs, reason = "groups of flags")]
pub struct TuneArgs {
    #[command(flatten)]
    pub place: Place,
    #[command(flatten)]
    pub effort: Effort,
    #[command(flatten)]
    pub load: Load,
    #[command(flatten)]
    pub broker: Broker,
    /// The goal: highest throughput whose 99th percentile stays below this.
    #[arg(long, value_name = "X", default_value_t = 5.0)]
    pub p99_ms: f64,
    /// 0, 1 or all.
    #[arg(long, value_name = "ACKS", default_value = "all")]
    pub acks: Acks,
    /// What acks=all waits for.
    #[arg(long, value_name = "BAR", default_value = "durable")]
    pub durability: Durability,
    /// How the broker writes.
    #[arg(long, value_name = "PATH", default_value = "direct")]
    pub path: Path,
    /// Values of linger.ms.
    #[arg(long, value_name = "X,X,...", value_delimiter = ',', default_values_t = [0.0, 1.0, 5.0])]
    pub linger_ms: Vec<f64>,
    /// Values of batch.size.
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', default_values_t = [16 << 10, 64 << 10, 256 << 10])]
    pub batch_bytes: Vec<usize>,
    /// Values of max.in.flight.requests.per.connection.
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', default_values_t = [1, 5])]
    pub in_flight: Vec<usize>,
    /// Records per second to offer to each setting.
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', default_values_t = [10_000.0, 50_000.0, 100_000.0, 200_000.0])]
    pub rates: Vec<f64>,
    /// Never write more than this in one run, so that a fast disk does not fill.
    #[arg(long, value_name = "MIB", default_value_t = 1024)]
    pub run_mib_max: u64,
}

/// Arguments of `bench figures`.
#[derive(Debug, Args)]
#[expect(missing_docs, reason = "groups of flags")]
pub struct FiguresArgs {
    #[command(flatten)]
    pub place: Place,
    #[command(flatten)]
    pub effort: Effort,
    #[command(flatten)]
    pub broker: Broker,
    /// Only figures whose name contains this.
    #[arg(long, value_name = "TEXT")]
    pub only: Option<String>,
}

/// Arguments of `bench journal`.
#[derive(Debug, Args)]
#[expect(missing_docs, reason = "groups of flags")]
pub struct JournalArgs {
    #[command(flatten)]
    pub place: Place,
    #[command(flatten)]
    pub effort: Effort,
    #[command(flatten)]
    pub broker: Broker,
    /// The path that is judged; `direct` runs beside it. A broker that refuses it is judged by `direct`.
    #[arg(long, value_name = "PATH", default_value = "journal")]
    pub path: Path,
    /// Write so much before the broker is killed.
    #[arg(long, value_name = "GB", default_value_t = 2.0)]
    pub gb: f64,
    /// Partitions of the broker that is started after a clean stop.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub many: u32,
    /// Only cells whose name contains this.
    #[arg(long, value_name = "TEXT")]
    pub only: Option<String>,
}

/// Arguments of `bench scale`.
#[derive(Debug, Args)]
pub struct ScaleArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "a group of flags")]
    pub place: Place,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a group of flags")]
    pub broker: Broker,
    /// Topics.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub topics: u32,
    /// Partitions of all of them.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub partitions: u32,
    /// Groups, each with an offset for every partition of one topic.
    #[arg(long, value_name = "N", default_value_t = 500)]
    pub groups: u32,
    /// How often each question is asked; a fifth of it for those with everything in the answer.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    pub calls: u32,
    /// Leave a broker alone for so long before its memory counts.
    #[arg(long, value_name = "S", default_value_t = 3.0)]
    pub settle_s: f64,
    /// Do all of it this many times.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub repeats: u32,
    /// A few of everything, once: to see that it works, not to quote.
    #[arg(long)]
    pub quick: bool,
}

/// Arguments of `bench eos`.
#[derive(Debug, Args)]
#[expect(missing_docs, reason = "groups of flags")]
pub struct EosArgs {
    #[command(flatten)]
    pub place: Place,
    #[command(flatten)]
    pub effort: Effort,
    #[command(flatten)]
    pub broker: Broker,
    /// Commit after sending so long; the promises are for 100 and 10.
    #[arg(long, value_name = "MS,MS,...", value_delimiter = ',', default_values_t = [100.0, 10.0])]
    pub commit_ms: Vec<f64>,
    /// Bytes of each record's value.
    #[arg(long, value_name = "N", default_value_t = 1024)]
    pub record_bytes: usize,
    /// Producers, each with a transactional id of its own.
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub producers: usize,
    /// Partitions of the topic; each producer writes to all of them.
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub partitions: u32,
    /// Never write more than this in one run, so that a fast disk does not fill.
    #[arg(long, value_name = "MIB", default_value_t = 4096)]
    pub run_mib_max: u64,
}

/// Arguments of `bench report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// A folder that `limits`, `compare`, `tune` or `figures` has written.
    pub folder: PathBuf,
    /// Print the summary as JSON on standard output instead of tables.
    #[arg(long)]
    pub json: bool,
}

pub use crate::setting::{Acks, Durability, Path};
