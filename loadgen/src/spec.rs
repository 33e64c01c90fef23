//! What a run is asked to do: one typed struct with Kafka's defaults, filled in by the command line
//! or by another program, and the rules that its fields must keep together.
//!
//! Knows nothing of sockets, threads or how the work is done.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use headwater_io::driver::Backend;

/// Bytes of the stamp that makes a record recognisable; see [`crate::payload`].
pub const STAMP_BYTES: usize = 16;
/// Bytes of the stamp and the intended send time after it.
pub const TIMED_STAMP_BYTES: usize = STAMP_BYTES + 8;
/// A broker remembers this many batches of an idempotent producer, so no more may be under way.
pub const IDEMPOTENT_IN_FLIGHT_MAX: usize = 5;

/// Where the load goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A broker that speaks Kafka's protocol, as `HOST:PORT`.
    Network(String),
    /// Headwater's library in this process, on this data directory.
    Embedded(PathBuf),
}

/// When a produce request counts as successful.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acks {
    /// Never answered.
    None,
    /// Written by the leader.
    Leader,
    /// Durable on every in-sync replica.
    All,
}

impl Acks {
    /// The number in a Produce request.
    pub fn code(self) -> i16 {
        match self {
            Acks::None => 0,
            Acks::Leader => 1,
            Acks::All => -1,
        }
    }
}

impl fmt::Display for Acks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Acks::None => "0",
            Acks::Leader => "1",
            Acks::All => "all",
        })
    }
}

/// How batches are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "Kafka's own names")]
pub enum Compression {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Compression::None => "none",
            Compression::Gzip => "gzip",
            Compression::Snappy => "snappy",
            Compression::Lz4 => "lz4",
            Compression::Zstd => "zstd",
        })
    }
}

/// What generated values are made of. Never constant bytes: those flatter compression and caches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// Random bytes: nothing can be compressed.
    Random,
    /// Words, as in a log line: compresses to about a third.
    Text,
}

/// Where a consumer begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartAt {
    /// The log start offset of each partition.
    Earliest,
    /// The end of each partition when the run starts.
    Latest,
    /// This offset in every partition.
    Offset(i64),
}

/// Which processor the generator's thread is tied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cpu {
    /// The last usable one if there are two or more (a broker's shards take the first ones).
    Last,
    /// This one.
    Number(usize),
    /// None: the scheduler decides.
    Unpinned,
}

/// One run. `RunSpec::default()` is Kafka's defaults against a local broker for ten seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSpec {
    /// Where the load goes.
    pub target: Target,
    /// Topic to use; created if it does not exist.
    pub topic: String,
    /// Partitions when it is created (1 if not said); an existing topic keeps what it has.
    pub partitions: Option<u32>,
    /// Replicas of each partition when it is created; -1 leaves it to the broker.
    pub replication_factor: i16,
    /// Settings of the topic when it is created, in Kafka's names.
    pub topic_config: Vec<(String, String)>,

    /// Settings of the embedded engine, as `headwater serve --set` takes them.
    pub engine_settings: Vec<(String, String)>,

    /// Consume only, send nothing.
    pub read_only: bool,
    /// End after this many records.
    pub records: Option<u64>,
    /// End after this long.
    pub duration: Option<Duration>,
    /// Time at the start that is not measured.
    pub warmup: Duration,
    /// Records offered per second (open loop); `None` sends as fast as it goes (saturation).
    pub rate_per_s: Option<f64>,

    /// Bytes of each generated value.
    pub record_bytes: usize,
    /// What generated values are made of.
    pub payload: Payload,
    /// How many distinct keys to use; 0 sends records without a key.
    pub key_cardinality: u64,
    /// Send the `key<TAB>value` lines of this file instead of generated records.
    pub input: Option<PathBuf>,

    /// When a request counts as successful.
    pub acks: Acks,
    /// How long a batch waits for more records.
    pub linger: Duration,
    /// A batch is full when one more record would make it larger than this.
    pub batch_bytes: usize,
    /// A batch is full at exactly this many records, whatever its size.
    pub batch_records: Option<u32>,
    /// Each request is a round: one batch for every partition that its broker leads, none of them
    /// missing and however large that gets. Closed loop.
    pub round: bool,
    /// A request takes several partitions' batches up to this size.
    pub request_bytes_max: usize,
    /// Bytes of records that wait in each producer before it stops taking more.
    pub buffer_bytes: usize,
    /// Unanswered produce requests on each connection.
    pub in_flight: usize,
    /// Producers, each with its own connection.
    pub producers: usize,
    /// How batches are compressed.
    pub compression: Compression,
    /// Use a producer id and sequence numbers, so that retries cannot duplicate.
    pub idempotent: bool,
    /// Send in transactions, each committed after this long; `None` sends without.
    pub commit_interval: Option<Duration>,
    /// The transactional id of a producer is this, a dash and its number.
    pub transactional_id: String,

    /// Consumers, each with its own connection.
    pub consumers: usize,
    /// Where they begin.
    pub from: StartAt,
    /// Bytes asked for in one fetch.
    pub fetch_bytes: usize,
    /// The broker answers when it has this many bytes,
    pub fetch_min_bytes: usize,
    /// or after this long.
    pub fetch_wait: Duration,
    /// On reaching the end, read again from the start.
    pub repeat: bool,
    /// Check the CRC of every batch that is consumed.
    pub check_crcs: bool,
    /// Read everything back afterwards and count what is wrong.
    pub verify: bool,

    /// How sockets are driven; `None` takes io_uring, or epoll where that is forbidden.
    pub backend: Option<Backend>,
    /// How long the thread looks for work before it sleeps; `None` decides by the processors.
    pub spin: Option<Duration>,
    /// Where the generator's thread runs.
    pub cpu: Cpu,
    /// Decides payload and keys; `None` draws one, which the result then names.
    pub seed: Option<u64>,
    /// Name given to the broker.
    pub client_id: String,
    /// A request without an answer for this long counts as failed.
    pub request_timeout: Duration,
    /// A record that is not acknowledged for this long counts as failed.
    pub delivery_timeout: Duration,
    /// Records per second below which the run counts as failed.
    pub expect_rate_per_s: Option<f64>,
    /// 99th percentile of latency in milliseconds above which the run counts as failed.
    pub expect_p99_ms: Option<f64>,
}

impl Default for RunSpec {
    fn default() -> Self {
        RunSpec {
            target: Target::Network("127.0.0.1:9092".into()),
            topic: "loadgen".into(),
            partitions: None,
            replication_factor: -1,
            topic_config: Vec::new(),
            engine_settings: Vec::new(),
            read_only: false,
            records: None,
            duration: None,
            warmup: Duration::ZERO,
            rate_per_s: None,
            record_bytes: 1024,
            payload: Payload::Random,
            key_cardinality: 0,
            input: None,
            acks: Acks::All,
            linger: Duration::from_millis(5),
            batch_bytes: 16 << 10,
            batch_records: None,
            round: false,
            request_bytes_max: 1 << 20,
            buffer_bytes: 32 << 20,
            in_flight: 5,
            producers: 1,
            compression: Compression::None,
            idempotent: false,
            commit_interval: None,
            transactional_id: "loadgen".into(),
            consumers: 0,
            from: StartAt::Latest,
            fetch_bytes: 1 << 20,
            fetch_min_bytes: 1,
            fetch_wait: Duration::from_millis(500),
            repeat: false,
            check_crcs: false,
            verify: false,
            backend: None,
            spin: None,
            cpu: Cpu::Last,
            seed: None,
            client_id: "loadgen".into(),
            request_timeout: Duration::from_secs(30),
            delivery_timeout: Duration::from_secs(120),
            expect_rate_per_s: None,
            expect_p99_ms: None,
        }
    }
}

impl RunSpec {
    /// A producing run against the broker at `HOST:PORT`.
    pub fn network(address: impl Into<String>) -> Self {
        RunSpec { target: Target::Network(address.into()), ..RunSpec::default() }
    }

    /// A producing run against the library on this data directory.
    pub fn embedded(dir: impl Into<PathBuf>) -> Self {
        RunSpec { target: Target::Embedded(dir.into()), ..RunSpec::default() }
    }

    /// Changes some fields and hands the spec on, so that one can be written as an expression.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Whether batches are numbered: asked for, or because transactions need it.
    pub fn is_idempotent(&self) -> bool {
        self.idempotent || self.commit_interval.is_some()
    }

    /// The transactional id of a producer, if it has one.
    pub fn transactional_id(&self, producer: usize) -> Option<String> {
        self.commit_interval.map(|_| format!("{}-{producer}", self.transactional_id))
    }

    /// How many records make a batch full, if that is counted: in a round one, if nothing else is said.
    pub fn records_per_batch(&self) -> Option<u32> {
        self.batch_records.or(self.round.then_some(1))
    }

    /// How long the run lasts when neither records nor duration say so: ten seconds of generated
    /// load, but the whole of a file or of what is there to read.
    pub fn effective_duration(&self) -> Option<Duration> {
        let ends_by_itself = self.records.is_some()
            || self.input.is_some()
            || (self.read_only && self.from != StartAt::Latest && !self.repeat);
        match self.duration {
            None if !ends_by_itself => Some(Duration::from_secs(10)),
            duration => duration,
        }
    }
}
