//! The schema of one run's result: what `--json` prints and what other programs read back.
//!
//! Every number says its unit in its name; a field that was not measured is `null`, never zero. When
//! a field changes its meaning or goes away, [`SCHEMA_VERSION`] goes up; new fields may come at any
//! time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Name of the schema.
pub const SCHEMA: &str = "headwater.loadgen.run";
/// Version of the schema.
pub const SCHEMA_VERSION: u32 = 1;

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The version of the schema that this follows.
    pub schema_version: u32,
    /// The version of the program.
    pub loadgen_version: String,
    /// When the run began, in milliseconds since 1970.
    pub started_unix_ms: i64,
    /// How load was offered.
    pub mode: Mode,
    /// Seconds that were measured: without warm-up and without waiting for the last answers.
    pub measured_s: f64,
    /// The user stopped the run: figures are of the part that happened.
    pub interrupted: bool,
    /// The settings that were in force.
    pub settings: Settings,
    /// What was sent; `null` when the run only read.
    pub produce: Option<Produced>,
    /// What was consumed; `null` without consumers.
    pub consume: Option<Consumed>,
    /// How the generator itself fared.
    pub generator: Generator,
    /// What went wrong on the way, retries included.
    pub errors: Errors,
    /// What reading everything back found; `null` without `--verify`.
    pub verify: Option<VerifyCounts>,
    /// Expectations stated on the command line, and whether they held.
    pub checks: Vec<Check>,
}

/// How load was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// At a fixed schedule, whatever the broker does.
    OpenLoop,
    /// As fast as the broker takes it.
    Saturation,
    /// Only consumed.
    Read,
}

/// The settings that were in force; names and meanings of the command line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each field is the flag of the same name")]
pub struct Settings {
    pub target: String,
    pub topic: String,
    /// What the topic really has.
    pub partitions: u32,
    pub topic_config: BTreeMap<String, String>,
    pub acks: String,
    pub linger_ms: f64,
    pub batch_bytes: u64,
    pub batch_records: Option<u32>,
    #[serde(default)]
    pub round: bool,
    pub in_flight: u64,
    pub producers: u64,
    pub consumers: u64,
    pub idempotent: bool,
    #[serde(default)]
    pub transactional_id: Option<String>,
    #[serde(default)]
    pub commit_interval_ms: Option<f64>,
    pub compression: String,
    pub record_bytes: Option<u64>,
    pub payload: String,
    pub key_cardinality: u64,
    pub input: Option<String>,
    pub rate_per_s: Option<f64>,
    pub records: Option<u64>,
    pub duration_s: Option<f64>,
    pub warmup_s: f64,
    pub from: String,
    pub fetch_bytes: Option<u64>,
    pub fetch_min_bytes: Option<u64>,
    pub fetch_wait_ms: Option<f64>,
    pub backend: String,
    pub spin_us: u64,
    /// The processor the generator was tied to.
    pub cpu: Option<u64>,
    pub seed: u64,
}

/// What the producers achieved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Produced {
    /// Records acknowledged (with acks=0: sent) while measuring.
    pub records: u64,
    /// Requests answered (with acks=0: sent) while measuring.
    pub requests: u64,
    /// `records` per measured second.
    pub records_per_s: f64,
    /// `requests` per measured second.
    pub requests_per_s: f64,
    /// Keys and values, in millions of bytes per measured second.
    pub mb_per_s: f64,
    /// Whole batches as sent (compressed, with headers), in millions of bytes per measured second.
    pub batch_mb_per_s: f64,
    /// Records acknowledged in the whole run, warm-up and the wait for the last answers included.
    pub records_acked_total: u64,
    /// Open loop: the rate at which records were meant to be sent.
    pub offered_records_per_s: Option<f64>,
    /// Open loop: the broker did not keep up with the offered rate.
    pub fell_behind: bool,
    /// Open loop: records that were due but never sent, because the buffers were full to the end.
    pub records_unsent: u64,
    /// Time from handing a request to its connection until its answer, per request.
    pub latency_us: Option<LatencyUs>,
    /// Open loop: time from the intended send time until the answer, per record. The figure to quote.
    /// Records that never got an answer count with the time they had waited when they were given up.
    pub record_latency_us: Option<LatencyUs>,
    /// From when `record_latency_us` counts.
    pub record_latency_from: Option<LatencyFrom>,
    /// What became of transactions; `null` without `--transactional`.
    #[serde(default)]
    pub transactions: Option<Transactions>,
    /// Why latencies that were measured are not printed.
    pub latency_withheld: Option<String>,
    /// The curve of `latency_us`.
    pub latency_curve: Vec<CurvePoint>,
    /// The curve of `record_latency_us`.
    pub record_latency_curve: Vec<CurvePoint>,
}

/// Transactions of all producers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Transactions {
    /// Committed while measuring.
    pub commits: u64,
    /// `commits` per measured second.
    pub commits_per_s: f64,
    /// Given up in the whole run, with all records in them.
    pub aborted: u64,
    /// Time from sending EndTxn until it is answered.
    pub commit_latency_us: Option<LatencyUs>,
    /// The curve of `commit_latency_us`.
    pub commit_latency_curve: Vec<CurvePoint>,
    /// Time in which a producer may send nothing: from the interval's end until the commit is answered.
    pub pause_us: Option<LatencyUs>,
}

/// From when a record's latency counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LatencyFrom {
    /// Each record has an intended time of its own, and waiting for its batch (linger) is in it.
    IntendedRecord,
    /// With `--batch-records`, all records of a request are meant for the same instant.
    IntendedRequest,
}

/// What the consumers achieved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Consumed {
    /// Records received while measuring.
    pub records: u64,
    /// Fetches answered while measuring.
    pub fetches: u64,
    /// `records` per measured second.
    pub records_per_s: f64,
    /// `fetches` per measured second.
    pub fetches_per_s: f64,
    /// Batches as received (compressed, with headers), in millions of bytes per measured second.
    pub batch_mb_per_s: f64,
    /// Time from the record's intended send time (saturation: from its making) until it was received.
    pub end_to_end_latency_us: Option<LatencyUs>,
    /// The curve of it.
    pub end_to_end_latency_curve: Vec<CurvePoint>,
    /// Time from asking until the answer, per fetch that brought records.
    pub fetch_latency_us: Option<LatencyUs>,
    /// Batches whose CRC was wrong; `null` when it was not checked.
    pub batches_with_wrong_crc: Option<u64>,
    /// Times the end was reached and reading began again.
    pub passes: u64,
}

/// Percentiles of a latency, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "percentiles say what they are")]
pub struct LatencyUs {
    pub count: u64,
    pub mean: f64,
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub p99_9: f64,
    pub p99_99: f64,
    pub max: f64,
}

/// A point of a percentile curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Percent of the values that are at most `us`.
    pub percentile: f64,
    /// Microseconds.
    pub us: f64,
}

/// How the generator itself fared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Generator {
    /// Open loop: 99th percentile of how late records were handed to their batch, where the generator
    /// and not the broker was the reason.
    pub schedule_lag_us_p99: Option<f64>,
    /// Open loop: the worst of it.
    pub schedule_lag_us_max: Option<f64>,
    /// False when it was so late that no latency is printed.
    pub kept_schedule: bool,
    /// Processor time of its thread during the measured part, in seconds, spinning included.
    pub cpu_s: f64,
}

/// What went wrong on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errors {
    /// Answers with an error, by Kafka's name of it.
    pub by_code: BTreeMap<String, u64>,
    /// Batches that were sent again.
    pub batches_retried: u64,
    /// Records given up: refused for good or not acknowledged in time.
    pub records_failed: u64,
    /// Connections that broke.
    pub disconnects: u64,
    /// Requests without an answer in time.
    pub timeouts: u64,
}

/// What reading everything back found. A record that was not acknowledged may be there or not; only
/// acknowledged ones can be lost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyCounts {
    /// Records acknowledged.
    pub records_acked: u64,
    /// Records read back.
    pub records_read: u64,
    /// Acknowledged but not there.
    pub lost: u64,
    /// There more than once (each further copy counts).
    pub duplicated: u64,
    /// There, but after a later record of the same producer and partition (of the same key, for a file).
    pub reordered: u64,
    /// There, but not as sent: value, key or partition changed.
    pub altered: u64,
    /// There, but not at the offset that was acknowledged.
    pub misplaced: u64,
    /// There though never acknowledged; allowed.
    pub unacknowledged_present: u64,
    /// Batches whose CRC is wrong.
    pub batches_with_wrong_crc: u64,
}

impl VerifyCounts {
    /// How many promises were broken. With `may_repeat` (batches were sent again, without sequence
    /// numbers) a second copy, and what it puts out of order, is not one.
    pub fn wrong(&self, may_repeat: bool) -> u64 {
        let repeated = if may_repeat { 0 } else { self.duplicated + self.reordered };
        self.lost + self.altered + self.misplaced + self.batches_with_wrong_crc + repeated
    }
}

/// An expectation, and whether it held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What was expected: `records_per_s_min`, `p99_ms_max`, `verify_wrong_max`, `wrong_crcs_max`,
    /// `records_failed_max`.
    pub name: String,
    /// The bound.
    pub expected: f64,
    /// What came out; `null` when it could not be measured.
    pub measured: Option<f64>,
    /// Whether it held.
    pub held: bool,
}

impl RunResult {
    /// Whether every expectation held.
    pub fn passed(&self) -> bool {
        self.checks.iter().all(|check| check.held)
    }
}
