//! The typed settings of a process.
//!
//! Made from checked values, so that nothing above ever parses a setting; a unit is in each name. A program that embeds
//! the engine starts from `BrokerConfig::default()` and changes fields. What a setting means is in [`super::table`].

use super::coordination::CoordinationConfig;
use super::dynamic::Dynamic;
use super::error::ConfigError;
use super::listener::{Address, Listeners};
use super::parse::{self, Assignment};
use super::setting;
use super::setting::Setting;
use super::topic::TopicConfig;
use super::values::Stated;
use std::path::PathBuf;
use std::sync::Arc;

/// The settings of a broker, or of an engine without one.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokerConfig {
    /// `node.id`.
    pub node_id: i32,
    /// `log.dirs`.
    pub data_dir: PathBuf,
    /// `listeners`.
    pub listen: Address,
    /// `advertised.listeners`; `None` for the address that was bound.
    pub advertise: Option<Address>,
    /// `metrics.listen`; `None` for nowhere.
    pub metrics_listen: Option<Address>,
    /// `metrics.labels.max`.
    pub metrics_labels_max: usize,
    /// `shards`; 0 for one for each usable processor.
    pub shards: u32,
    /// `backend`; `None` for uring where it is allowed.
    pub backend: Option<BackendName>,
    /// `spin.us`; `None` for what waking up costs.
    pub spin_us: Option<u64>,
    /// `pin`.
    pub pin: bool,
    /// `cpu.first`.
    pub cpu_first: usize,
    /// `durability.path`.
    pub path: DurabilityPath,
    /// `journal.file.bytes`.
    pub journal_file_bytes: u64,
    /// `journal.files`.
    pub journal_files: usize,
    /// `commit.linger.us`; `None` for `auto`.
    pub commit_linger_us: Option<u64>,
    /// `commit.unit.bytes`.
    pub commit_unit_bytes: usize,
    /// `commit.depth`.
    pub commit_depth: usize,
    /// `commit.flush.ms`.
    pub commit_flush_ms: u64,
    /// `scrub.bytes.per.second`; 0 for never.
    pub scrub_bytes_per_second: u64,
    /// `scrub.interval.hours`.
    pub scrub_interval_hours: u64,
    /// `log.cleaner.enable`.
    pub cleaner_enable: bool,
    /// `log.cleaner.backoff.ms`.
    pub cleaner_backoff_ms: u64,
    /// `log.cleaner.dedupe.buffer.size`.
    pub cleaner_dedupe_bytes: u64,
    /// `log.cleaner.io.max.bytes.per.second`.
    pub cleaner_bytes_per_second: f64,
    /// `memory.bytes`; `None` for a quarter of the machine's, at most 512 MiB.
    pub memory_bytes: Option<u64>,
    /// `hot.percent`.
    pub hot_percent: u32,
    /// `max.connections`.
    pub connections_max: usize,
    /// `connection.requests.max`.
    pub connection_requests_max: usize,
    /// `connections.max.idle.ms`; `None` for ever.
    pub connection_idle_ms_max: Option<u64>,
    /// `socket.request.max.bytes`.
    pub socket_request_max_bytes: usize,
    /// `fetch.max.bytes`.
    pub fetch_max_bytes: usize,
    /// `max.incremental.fetch.session.cache.slots`.
    pub fetch_sessions_max: usize,
    /// `auto.create.topics.enable`.
    pub auto_create_topics: bool,
    /// `log.retention.check.interval.ms`.
    pub retention_check_ms: u64,
    /// `delete.topic.enable`.
    pub delete_topics: bool,
    /// `num.partitions`.
    pub num_partitions: i32,
    /// `producer.id.expiration.ms`.
    pub producer_id_expiration_ms: u64,
    /// `quota.window.num`.
    pub quota_window_samples: u32,
    /// `quota.window.size.seconds`.
    pub quota_window_seconds: u32,
    /// Groups and transactions.
    pub coordination: CoordinationConfig,
    /// What a topic has that overrides nothing.
    pub topic_defaults: TopicConfig,
    /// What was stated at the start, for DescribeConfigs.
    pub(super) stated: Stated,
    /// What was stated since.
    pub(super) dynamic: Dynamic,
    /// The settings at the start, if they were changed since.
    pub(super) started: Option<Arc<BrokerConfig>>,
}

/// `backend`, when one is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackendName {
    /// io_uring.
    Uring,
    /// epoll and I/O threads.
    Posix,
}

/// `durability.path`: how bytes reach the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DurabilityPath {
    /// Into the shard's journal, by one write for all partitions.
    Journal,
    /// Past the page cache, then a flush.
    Direct,
    /// Through the page cache, then a flush.
    Buffered,
}

impl BrokerConfig {
    /// Checks and types what was stated: the command line over the settings file over the defaults.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn from_sources(assignments: &[Assignment]) -> Result<Self, ConfigError> {
        Self::from_stated(parse::check_all(assignments)?)
    }

    fn from_stated(stated: Stated) -> Result<Self, ConfigError> {
        let values = &stated;
        let listeners = Listeners {
            controller_names: values.text("controller.listener.names").unwrap_or_default(),
            protocols: values.text("listener.security.protocol.map").unwrap_or_default(),
        };
        let advertised = values.text("advertised.listeners");
        Ok(Self {
            node_id: values.number("node.id"),
            data_dir: values.text("log.dirs").unwrap_or(".").into(),
            listen: listeners.listen(values.text("listeners").unwrap_or_default())?,
            advertise: advertised.map(|value| listeners.advertise(value)).transpose()?,
            metrics_listen: values.text("metrics.listen").map(Listeners::metrics).transpose()?,
            metrics_labels_max: values.number("metrics.labels.max"),
            shards: values.number("shards"),
            backend: match values.text("backend") {
                Some("uring") => Some(BackendName::Uring),
                Some("posix") => Some(BackendName::Posix),
                _ => None,
            },
            spin_us: u64::try_from(values.number::<i64>("spin.us")).ok(),
            pin: values.number("pin"),
            cpu_first: values.number("cpu.first"),
            path: match values.text("durability.path") {
                Some("buffered") => DurabilityPath::Buffered,
                Some("direct") => DurabilityPath::Direct,
                _ => DurabilityPath::Journal,
            },
            journal_file_bytes: values.number("journal.file.bytes"),
            journal_files: values.number("journal.files"),
            commit_linger_us: match values.text("commit.linger.us") {
                Some(setting::AUTO) => None,
                _ => Some(values.number("commit.linger.us")),
            },
            commit_unit_bytes: values.number("commit.unit.bytes"),
            commit_depth: values.number("commit.depth"),
            commit_flush_ms: values.number("commit.flush.ms"),
            scrub_bytes_per_second: values.number("scrub.bytes.per.second"),
            scrub_interval_hours: values.number("scrub.interval.hours"),
            cleaner_enable: values.number("log.cleaner.enable"),
            cleaner_backoff_ms: values.number("log.cleaner.backoff.ms"),
            cleaner_dedupe_bytes: values.number("log.cleaner.dedupe.buffer.size"),
            cleaner_bytes_per_second: values.number("log.cleaner.io.max.bytes.per.second"),
            memory_bytes: Some(values.number("memory.bytes")).filter(|bytes| *bytes > 0),
            hot_percent: values.number("hot.percent"),
            connections_max: values.number("max.connections"),
            connection_requests_max: values.number("connection.requests.max"),
            connection_idle_ms_max: u64::try_from(values.number::<i64>("connections.max.idle.ms"))
                .ok(),
            socket_request_max_bytes: values.number("socket.request.max.bytes"),
            fetch_max_bytes: values.number("fetch.max.bytes"),
            fetch_sessions_max: values.number("max.incremental.fetch.session.cache.slots"),
            auto_create_topics: values.number("auto.create.topics.enable"),
            retention_check_ms: values.number("log.retention.check.interval.ms"),
            delete_topics: values.number("delete.topic.enable"),
            num_partitions: values.number("num.partitions"),
            producer_id_expiration_ms: values.number("producer.id.expiration.ms"),
            quota_window_samples: values.number("quota.window.num"),
            quota_window_seconds: values.number("quota.window.size.seconds"),
            coordination: CoordinationConfig::of(values),
            topic_defaults: TopicConfig::from_broker(values)?,
            stated,
            dynamic: Dynamic::default(),
            started: None,
        })
    }
}

impl BrokerConfig {
    /// What the broker states for a topic's setting, in the topic's unit.
    pub(super) fn topic_value(&self, setting: &Setting) -> Option<String> {
        self.dynamic.topic_value(setting).or_else(|| self.stated.topic_value(setting))
    }
}

/// What holds when nothing is stated.
impl Default for BrokerConfig {
    fn default() -> Self {
        match Self::from_stated(Stated::default()) {
            Ok(config) => config,
            Err(error) => unreachable!("the table's defaults are accepted: {error}"),
        }
    }
}

impl BackendName {
    /// As it is written in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uring => "uring",
            Self::Posix => "posix",
        }
    }
}

impl DurabilityPath {
    /// As it is written in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Buffered => "buffered",
            Self::Journal => "journal",
        }
    }
}
