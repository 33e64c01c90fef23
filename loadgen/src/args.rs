//! The command line: every flag, its unit and its default, and nothing else. Turns into a [`RunSpec`];
//! defaults live there, so that the command line and other programs cannot disagree.

mod units;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use headwater_io::driver::Backend;

use units::{acks, bytes, count, cpu, duration, millis, pair, rate, start_at, with_port};

use crate::spec::{Acks, Compression, Cpu, Payload, RunSpec, StartAt, Target};

/// What Kafka Streams commits after, exactly once.
const COMMIT_INTERVAL: Duration = Duration::from_millis(100);

/// Offers load to a broker that speaks Kafka's protocol, and verifies what was acknowledged.
#[derive(Debug, Parser)]
#[command(name = "loadgen", version, about, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Send records (or only read them), measure, verify.
    ///
    /// With --rate the load is an open loop: every record has an intended send time, fixed before the
    /// run, and its latency counts from there. Without it, as fast as the target takes it.
    ///
    /// Exit status: 0 done; 1 failed, or a check did not hold; 2 wrong usage.
    Run(Box<RunArgs>),
}

/// Flags of `run`.
#[derive(Debug, Args)]
#[command(next_line_help = false)]
pub struct RunArgs {
    /// Broker to use
    #[arg(
        long,
        value_name = "HOST:PORT",
        help_heading = "Target",
        required_unless_present = "embedded",
        conflicts_with = "embedded"
    )]
    target: Option<String>,
    /// Use the library in this process instead, on this data directory
    #[arg(long, value_name = "DIR", help_heading = "Target")]
    embedded: Option<PathBuf>,
    /// Topic, created if it does not exist [default: loadgen]
    #[arg(long, value_name = "NAME", help_heading = "Target")]
    topic: Option<String>,
    /// Partitions when the topic is created [default: 1]
    #[arg(long, value_name = "N", help_heading = "Target")]
    partitions: Option<u32>,
    /// Replicas when the topic is created [default: the broker's]
    #[arg(long, value_name = "N", help_heading = "Target")]
    replication_factor: Option<i16>,
    /// Setting of the topic when it is created, e.g. flush.messages=1 (may be repeated)
    #[arg(long = "config", value_name = "NAME=VALUE", value_parser = pair, help_heading = "Target")]
    topic_config: Vec<(String, String)>,

    /// Setting of the engine with --embedded, e.g. durability.path=buffered (may be repeated)
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = pair, help_heading = "Target")]
    engine_settings: Vec<(String, String)>,

    /// Records to offer per second, all producers together, e.g. 100000 or 1.5M/s [default: saturation]
    #[arg(long, value_name = "N/s", value_parser = rate, help_heading = "Load")]
    rate: Option<f64>,
    /// End after this many records
    #[arg(long, value_name = "N", value_parser = count, help_heading = "Load")]
    records: Option<u64>,
    /// End after this long, in seconds or e.g. 500ms, 2m [default: 10 s unless --records or --input]
    #[arg(long, value_name = "S", value_parser = duration, help_heading = "Load")]
    duration: Option<Duration>,
    /// Do not measure this long at the start, in seconds [default: 0]
    #[arg(long, value_name = "S", value_parser = duration, help_heading = "Load")]
    warmup: Option<Duration>,
    /// Bytes of each value [default: 1024]
    #[arg(long, value_name = "N", value_parser = bytes, help_heading = "Load")]
    record_bytes: Option<usize>,
    /// What values are made of: random cannot be compressed, text can [default: random]
    #[arg(long, value_name = "KIND", help_heading = "Load")]
    payload: Option<PayloadArg>,
    /// Use this many distinct keys; 0 sends no key [default: 0]
    #[arg(long, value_name = "N", value_parser = count, help_heading = "Load")]
    key_cardinality: Option<u64>,
    /// Send the `key<TAB>value` lines of a file, once (with --duration: again and again)
    #[arg(long, value_name = "FILE", help_heading = "Load")]
    input: Option<PathBuf>,
    /// Seed of payload and keys [default: random, printed in the result]
    #[arg(long, value_name = "N", help_heading = "Load")]
    seed: Option<u64>,

    /// Producers, each with a connection of its own [default: 1]
    #[arg(long, value_name = "N", help_heading = "Producers")]
    producers: Option<usize>,
    /// Who must have a record before it is acknowledged [default: all]
    #[arg(long, value_name = "0|1|all", value_parser = acks, help_heading = "Producers")]
    acks: Option<Acks>,
    /// How long a batch waits for more records, in milliseconds [default: 5]
    #[arg(long, value_name = "X", value_parser = millis, help_heading = "Producers")]
    linger_ms: Option<Duration>,
    /// Size of a full batch, e.g. 16384 or 256KiB [default: 16384]
    #[arg(long, value_name = "N", value_parser = bytes, help_heading = "Producers")]
    batch_bytes: Option<usize>,
    /// Exactly this many records in a batch, whatever its size; in an open loop the schedule then is
    /// one of requests, and all records of a request are due at once
    #[arg(long, value_name = "N", help_heading = "Producers")]
    batch_records: Option<u32>,
    /// Let each request be a round: one record (with --batch-records: so many) for every partition.
    /// With --in-flight 1 a round begins when the one before is answered
    #[arg(long, help_heading = "Producers")]
    round: bool,
    /// Unanswered requests per connection [default: 5]
    #[arg(long, value_name = "N", help_heading = "Producers")]
    in_flight: Option<usize>,
    /// Records that may wait in each producer, in bytes [default: 32MiB]
    #[arg(long, value_name = "N", value_parser = bytes, help_heading = "Producers")]
    buffer_bytes: Option<usize>,
    /// none, gzip, snappy, lz4 or zstd [default: none]
    #[arg(long, value_name = "C", help_heading = "Producers")]
    compression: Option<CompressionArg>,
    /// Number batches, so that retries cannot duplicate
    #[arg(long, help_heading = "Producers")]
    idempotent: bool,
    /// Send in transactions; implies --idempotent. With --verify and --consumers, read what is committed
    #[arg(long, help_heading = "Producers")]
    transactional: bool,
    /// With --transactional: commit after sending this long, in milliseconds [default: 100]
    #[arg(long, value_name = "X", value_parser = millis, requires = "transactional", help_heading = "Producers")]
    commit_interval_ms: Option<Duration>,
    /// With --transactional: what the ids of the producers begin with; runs at once need different ones
    /// [default: loadgen]
    #[arg(long, value_name = "NAME", requires = "transactional", help_heading = "Producers")]
    transactional_id: Option<String>,
    /// Give up on a record after this long, in seconds [default: 120]
    #[arg(long, value_name = "S", value_parser = duration, help_heading = "Producers")]
    delivery_timeout: Option<Duration>,

    /// Consumers, each with a connection of its own [default: 0, with --read 1]
    #[arg(long, value_name = "N", help_heading = "Consumers")]
    consumers: Option<usize>,
    /// Only read, send nothing
    #[arg(long, help_heading = "Consumers")]
    read: bool,
    /// Where --read begins: earliest, latest or an offset [default: earliest]
    #[arg(long, value_name = "WHERE", value_parser = start_at, help_heading = "Consumers")]
    from: Option<StartAt>,
    /// Bytes of one fetch [default: 1MiB]
    #[arg(long, value_name = "N", value_parser = bytes, help_heading = "Consumers")]
    fetch_bytes: Option<usize>,
    /// Bytes for which the broker answers at once [default: 1]
    #[arg(long, value_name = "N", value_parser = bytes, help_heading = "Consumers")]
    fetch_min_bytes: Option<usize>,
    /// How long the broker waits for them, in milliseconds [default: 500]
    #[arg(long, value_name = "X", value_parser = millis, help_heading = "Consumers")]
    fetch_wait_ms: Option<Duration>,
    /// With --read: begin again at the end, until --duration or --records
    #[arg(long, help_heading = "Consumers")]
    repeat: bool,
    /// Check the CRC of every batch consumed
    #[arg(long, help_heading = "Consumers")]
    check_crcs: bool,

    /// Read everything back and count what is lost, duplicated, reordered, altered
    #[arg(long, help_heading = "Result")]
    verify: bool,
    /// Write the result to this file, or to standard output with -
    #[arg(long, value_name = "FILE", help_heading = "Result")]
    pub json: Option<PathBuf>,
    /// Write the latency distribution to this file, as HdrHistogram's percentile table (.hgrm) in microseconds
    #[arg(long, value_name = "FILE", help_heading = "Result")]
    pub hdr: Option<PathBuf>,
    /// Fail if fewer records per second were acknowledged (or read)
    #[arg(long, value_name = "N/s", value_parser = rate, help_heading = "Result")]
    expect_rate: Option<f64>,
    /// Fail if the 99th percentile of latency is above this many milliseconds
    #[arg(long, value_name = "X", help_heading = "Result")]
    expect_p99_ms: Option<f64>,

    /// How sockets are driven [default: uring, or posix where that is forbidden]
    #[arg(long, value_name = "uring|posix", help_heading = "Machine")]
    backend: Option<Backend>,
    /// Look for work this long before sleeping, in microseconds [default: 100, on one processor 0]
    #[arg(long, value_name = "N", help_heading = "Machine")]
    spin_us: Option<u64>,
    /// Processor of the generator's thread, or none [default: the last one, if there are more than two]
    #[arg(long, value_name = "N", value_parser = cpu, help_heading = "Machine")]
    cpu: Option<Cpu>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PayloadArg {
    Random,
    Text,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum CompressionArg {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

impl RunArgs {
    /// What the flags ask for. The error is a sentence for the user.
    pub fn spec(&self) -> Result<RunSpec, String> {
        let target = match (&self.target, &self.embedded) {
            (_, Some(dir)) => Target::Embedded(dir.clone()),
            (Some(address), None) => Target::Network(with_port(address)),
            (None, None) => return Err("say where to: --target HOST:PORT or --embedded DIR".into()),
        };
        let mut spec = RunSpec { target, ..RunSpec::default() };
        spec.partitions = self.partitions;
        spec.topic_config = self.topic_config.clone();
        spec.engine_settings = self.engine_settings.clone();
        spec.rate_per_s = self.rate;
        spec.records = self.records;
        spec.duration = self.duration;
        spec.batch_records = self.batch_records;
        spec.round = self.round;
        spec.input = self.input.clone();
        spec.seed = self.seed;
        spec.idempotent = self.idempotent;
        spec.commit_interval =
            self.transactional.then(|| self.commit_interval_ms.unwrap_or(COMMIT_INTERVAL));
        spec.read_only = self.read;
        spec.repeat = self.repeat;
        spec.check_crcs = self.check_crcs;
        spec.verify = self.verify;
        spec.backend = self.backend;
        spec.spin = self.spin_us.map(Duration::from_micros);
        spec.expect_rate_per_s = self.expect_rate;
        spec.expect_p99_ms = self.expect_p99_ms;
        self.override_defaults(&mut spec);
        Ok(spec)
    }

    /// What has a default that was not left alone.
    fn override_defaults(&self, spec: &mut RunSpec) {
        put(&mut spec.topic, self.topic.clone());
        put(&mut spec.replication_factor, self.replication_factor);
        put(&mut spec.warmup, self.warmup);
        put(&mut spec.record_bytes, self.record_bytes);
        put(&mut spec.key_cardinality, self.key_cardinality);
        put(
            &mut spec.payload,
            self.payload.map(|kind| match kind {
                PayloadArg::Random => Payload::Random,
                PayloadArg::Text => Payload::Text,
            }),
        );
        put(&mut spec.producers, self.producers);
        put(&mut spec.transactional_id, self.transactional_id.clone());
        put(&mut spec.acks, self.acks);
        put(&mut spec.linger, self.linger_ms);
        put(&mut spec.batch_bytes, self.batch_bytes);
        put(&mut spec.in_flight, self.in_flight);
        put(&mut spec.buffer_bytes, self.buffer_bytes);
        put(&mut spec.delivery_timeout, self.delivery_timeout);
        put(
            &mut spec.compression,
            self.compression.map(|kind| match kind {
                CompressionArg::None => Compression::None,
                CompressionArg::Gzip => Compression::Gzip,
                CompressionArg::Snappy => Compression::Snappy,
                CompressionArg::Lz4 => Compression::Lz4,
                CompressionArg::Zstd => Compression::Zstd,
            }),
        );
        put(&mut spec.consumers, self.consumers.or(self.read.then_some(1)));
        put(&mut spec.from, self.from.or(self.read.then_some(StartAt::Earliest)));
        put(&mut spec.fetch_bytes, self.fetch_bytes);
        put(&mut spec.fetch_min_bytes, self.fetch_min_bytes);
        put(&mut spec.fetch_wait, self.fetch_wait_ms);
        put(&mut spec.cpu, self.cpu);
    }
}

fn put<T>(field: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *field = given;
    }
}

#[cfg(test)]
mod tests;
