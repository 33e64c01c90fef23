//! The one place where topics are created and deleted and producer ids given out: commands in, one
//! after the other, each durable before it is answered and before anybody sees its effect.
//!
//! Decides here, works on an I/O thread ([`Work::run`]), publishes to all shards afterwards. Lives on the
//! first shard; with a cluster, it will live behind the shared metadata store.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use headwater_io::buffer::BufferPool;
use headwater_io::file::Fs;
use headwater_protocol::error_code::ErrorCode;
use serde_json::json;

use super::catalog::{Catalog, Topic};
use super::meta_store::{MetaStore, SwapError};
use super::topics;
use crate::config::broker::BrokerConfig;
use crate::config::topic::TopicConfig;
use crate::log::recovery::OpenLog;
use crate::log::{Log, directory};
use crate::model::{LeaderEpoch, PartitionKey, ShardId, TopicId};
use crate::shard::letters::{PartitionSettings, ReplyTo};

/// Of one log, handed to the device and not yet durable. Large enough for any device's bandwidth between
/// two syncs, small enough that damage further back is recognised as such.
pub const UNHARDENED_BYTES_MAX: u64 = 16 << 20;
/// Producer ids are reserved in the store this many at a time.
const PRODUCER_ID_BLOCK: i64 = 1000;
const PRODUCER_IDS_KEY: &str = "producer-ids";

/// The most partitions one broker has; each takes descriptors and memory.
pub const PARTITIONS_MAX: i32 = 100_000;

/// What the controller is asked to do.
#[derive(Clone, Debug)]
pub enum Command {
    /// Create topics, each on its own.
    Create {
        /// Which.
        topics: Vec<NewTopic>,
        /// Only say whether it would work.
        validate_only: bool,
    },
    /// Delete topics, each on its own.
    Delete(Vec<TopicName>),
    /// Give topics more partitions: name and new count.
    Grow {
        /// Which, and the new counts.
        topics: Vec<(String, i32)>,
        /// Only say whether it would work.
        validate_only: bool,
    },
    /// Look a topic up.
    Find(TopicName),
    /// A producer id that nobody has.
    ProducerId,
}

/// A topic to be created.
#[derive(Clone, Debug)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// Partitions; -1 for the broker's default.
    pub partitions: i32,
    /// Replicas; -1 for the broker's default.
    pub replicas: i16,
    /// Settings that differ from the broker's.
    pub overrides: BTreeMap<String, String>,
    /// Its identity, if it is really created.
    pub id: TopicId,
}

/// A topic by one of its names.
#[derive(Clone, Debug)]
pub enum TopicName {
    /// By name.
    Name(String),
    /// By id.
    Id(TopicId),
}

/// What became of a command.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Of each topic, in the order of the command: itself, or why not.
    Topics(Vec<Result<Arc<Topic>, Fault>>),
    /// The producer id.
    ProducerId(Result<i64, Fault>),
}

/// Why a command failed: Kafka's code and a sentence.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Kafka's code.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
}

impl Fault {
    fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Fault { code, message: message.into() }
    }
}

/// What all shards must hear after a command.
pub struct Publication {
    /// The topics from now on.
    pub catalog: Arc<Catalog>,
    /// Logs for their shards.
    pub adopt: Vec<(ShardId, PartitionKey, PartitionSettings, Log)>,
    /// Partitions that are gone.
    pub release: Vec<PartitionKey>,
}

/// What the controller's work needs to know of the process.
#[derive(Clone)]
pub struct Place {
    /// The data directory.
    pub data_dir: PathBuf,
    /// The broker's settings.
    pub config: Arc<BrokerConfig>,
    /// Whether logs are written past the page cache.
    pub direct: bool,
    /// The epoch under which logs append.
    pub epoch: LeaderEpoch,
    /// The pool of each shard.
    pub pools: Vec<BufferPool>,
}

/// The controller's state.
pub struct Controller {
    place: Place,
    catalog: Arc<Catalog>,
    /// Away while an I/O thread has it.
    store: Option<MetaStore>,
    queue: VecDeque<(Command, ReplyTo<Outcome>)>,
    asked_by: Option<ReplyTo<Outcome>>,
    next_placement: u64,
}

/// A command being carried out on an I/O thread.
pub struct Work {
    command: Command,
    place: Place,
    catalog: Arc<Catalog>,
    store: MetaStore,
    next_placement: u64,
}

/// What comes back from the I/O thread.
pub struct Worked {
    store: MetaStore,
    outcome: Outcome,
    publication: Publication,
    next_placement: u64,
}

impl Controller {
    /// A controller over an open store.
    pub fn new(place: Place, catalog: Arc<Catalog>, store: MetaStore) -> Self {
        let next_placement = catalog.topics().map(|topic| topic.placement + 1).max().unwrap_or(0);
        Controller {
            place,
            catalog,
            store: Some(store),
            queue: VecDeque::new(),
            asked_by: None,
            next_placement,
        }
    }

    /// Queues a command.
    pub fn push(&mut self, command: Command, reply_to: ReplyTo<Outcome>) {
        self.queue.push_back((command, reply_to));
    }

    /// Work to be run on an I/O thread, if there is any and none is under way.
    pub fn next_work(&mut self) -> Option<Work> {
        self.store.as_ref()?;
        let (command, reply_to) = self.queue.pop_front()?;
        self.asked_by = Some(reply_to);
        Some(Work {
            command,
            place: self.place.clone(),
            catalog: Arc::clone(&self.catalog),
            store: self.store.take()?,
            next_placement: self.next_placement,
        })
    }

    /// The work is done: publish first, then answer.
    pub fn finish(&mut self, worked: Worked) -> (Publication, ReplyTo<Outcome>, Outcome) {
        self.store = Some(worked.store);
        self.catalog = Arc::clone(&worked.publication.catalog);
        self.next_placement = worked.next_placement;
        let reply_to = self.asked_by.take().expect("work was asked for");
        (worked.publication, reply_to, worked.outcome)
    }

    /// Whether nothing is queued or under way.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.store.is_some()
    }
}

impl Work {
    /// Carries the command out; blocking.
    pub fn run(mut self, fs: &Fs) -> Worked {
        let mut publication = Publication {
            catalog: Arc::clone(&self.catalog),
            adopt: Vec::new(),
            release: Vec::new(),
        };
        let outcome = match self.command.clone() {
            Command::Create { topics, validate_only } => Outcome::Topics(
                topics
                    .into_iter()
                    .map(|t| self.create(fs, t, validate_only, &mut publication))
                    .collect(),
            ),
            Command::Delete(names) => Outcome::Topics(
                names.into_iter().map(|n| self.delete(fs, &n, &mut publication)).collect(),
            ),
            Command::Grow { topics, validate_only } => Outcome::Topics(
                topics
                    .into_iter()
                    .map(|t| self.grow(fs, &t, validate_only, &mut publication))
                    .collect(),
            ),
            Command::Find(name) => Outcome::Topics(vec![self.find(&name, &self.catalog)]),
            Command::ProducerId => Outcome::ProducerId(self.producer_id()),
        };
        Worked { store: self.store, outcome, publication, next_placement: self.next_placement }
    }

    fn create(
        &mut self,
        fs: &Fs,
        new: NewTopic,
        dry: bool,
        out: &mut Publication,
    ) -> Result<Arc<Topic>, Fault> {
        let topic = self.check_new(new, &out.catalog)?;
        if !dry {
            self.next_placement += 1;
            self.make(fs, &topic, 0, out)?;
        }
        Ok(Arc::new(topic))
    }

    fn check_new(&self, new: NewTopic, catalog: &Catalog) -> Result<Topic, Fault> {
        let NewTopic { name, partitions, replicas, overrides, id } = new;
        if !directory::is_topic_name(&name) {
            let why = "a topic name has 1 to 249 of letters, digits, '.', '_' and '-'";
            return Err(Fault::new(ErrorCode::InvalidTopic, format!("{name:?}: {why}")));
        }
        if catalog.by_name(&name).is_some() {
            return Err(Fault::new(
                ErrorCode::TopicAlreadyExists,
                format!("Topic '{name}' already exists."),
            ));
        }
        let partitions =
            if partitions == -1 { self.place.config.num_partitions } else { partitions };
        self.check_count(partitions, 0, catalog)?;
        if replicas != -1 && replicas != 1 {
            let why = format!("replication factor is {replicas}, but there is 1 broker");
            return Err(Fault::new(ErrorCode::InvalidReplicationFactor, why));
        }
        let config = TopicConfig::resolve(&self.place.config, &overrides)
            .map_err(|e| Fault::new(ErrorCode::InvalidConfig, e.to_string()))?;
        Ok(Topic { name, id, partitions, placement: self.next_placement, overrides, config })
    }

    fn check_count(&self, partitions: i32, have: i32, catalog: &Catalog) -> Result<(), Fault> {
        let others: i32 = catalog.topics().map(|topic| topic.partitions).sum::<i32>() - have;
        if partitions < 1 || partitions > PARTITIONS_MAX - others {
            let most = PARTITIONS_MAX - others;
            let why =
                format!("{partitions} partitions: 1 to {most} more are possible on this broker");
            return Err(Fault::new(ErrorCode::InvalidPartitions, why));
        }
        Ok(())
    }

    /// Folders, logs, record, in this order.
    fn make(
        &mut self,
        fs: &Fs,
        topic: &Topic,
        from: i32,
        out: &mut Publication,
    ) -> Result<(), Fault> {
        let made = self.make_on_disk(fs, topic, from);
        let logs = made.map_err(|e| {
            // On a full disk every try would leave something behind.
            topics::remove_made(fs, &self.place.data_dir, topic, from);
            storage(&format!("topic '{}' cannot be created", topic.name), &e)
        })?;
        topics::write_record(&mut self.store, topic).map_err(not_swapped)?;
        for (index, log) in (from..).zip(logs) {
            let shard = topic.shard(index, self.place.pools.len());
            out.adopt.push((
                shard,
                topic.key(index),
                self.place.partition_settings(&topic.config),
                log,
            ));
        }
        out.catalog = Arc::new(out.catalog.with(topic.clone()));
        Ok(())
    }

    fn make_on_disk(&self, fs: &Fs, topic: &Topic, from: i32) -> std::io::Result<Vec<Log>> {
        let dirs = topics::make_folders(fs, &self.store, &self.place.data_dir, topic, from)?;
        let indexes = from..topic.partitions;
        let open = |(index, dir)| self.place.open_log(fs, topic, index, dir, None, None);
        indexes.zip(dirs).map(|at| open(at).map(|(log, _)| log)).collect()
    }

    fn find(&self, name: &TopicName, catalog: &Catalog) -> Result<Arc<Topic>, Fault> {
        let (found, code) = match name {
            TopicName::Name(name) => (catalog.by_name(name), ErrorCode::UnknownTopicOrPartition),
            TopicName::Id(id) => (catalog.by_id(*id), ErrorCode::UnknownTopicId),
        };
        found.cloned().ok_or_else(|| Fault::new(code, "This server does not host this topic."))
    }

    fn delete(
        &mut self,
        fs: &Fs,
        name: &TopicName,
        out: &mut Publication,
    ) -> Result<Arc<Topic>, Fault> {
        if !self.place.config.delete_topics {
            let why = "delete.topic.enable is false on this broker";
            return Err(Fault::new(ErrorCode::TopicDeletionDisabled, why));
        }
        let topic = self.find(name, &out.catalog)?;
        topics::mark_deleting(&mut self.store, &topic).map_err(not_swapped)?;
        topics::remove_record(&mut self.store, &topic.name).map_err(not_swapped)?;
        out.catalog = Arc::new(out.catalog.without(&topic.name));
        out.release.extend((0..topic.partitions).map(|index| topic.key(index)));
        // The topic is gone; folders that cannot be removed now are removed at the next start.
        match topics::remove_folders(fs, &self.place.data_dir, &topic) {
            Ok(()) => drop(topics::unmark_deleting(&mut self.store, Some(&topic))),
            Err(error) => tracing::warn!(
                topic = topic.name,
                %error,
                "a deleted topic's folders could not be removed yet"
            ),
        }
        Ok(topic)
    }

    fn grow(
        &mut self,
        fs: &Fs,
        (name, count): &(String, i32),
        dry: bool,
        out: &mut Publication,
    ) -> Result<Arc<Topic>, Fault> {
        let topic = self.find(&TopicName::Name(name.clone()), &out.catalog)?;
        let have = topic.partitions;
        if *count <= have {
            let why = format!("topic '{name}' has {have} partitions; {count} is not more");
            return Err(Fault::new(ErrorCode::InvalidPartitions, why));
        }
        self.check_count(*count, have, &out.catalog)?;
        let grown = Topic { partitions: *count, ..(*topic).clone() };
        if !dry {
            self.make(fs, &grown, have, out)?;
        }
        Ok(Arc::new(grown))
    }

    /// Ids are handed out from a block whose end is durable, so that none is ever given twice.
    fn producer_id(&mut self) -> Result<i64, Fault> {
        let record =
            self.store.get(PRODUCER_IDS_KEY).map(|(version, value)| (version, value.clone()));
        let (version, next) = match record {
            Some((version, value)) => (Some(version), value["next"].as_i64().unwrap_or(0)),
            None => (None, 0),
        };
        let block = json!({ "next": next + PRODUCER_ID_BLOCK });
        match self.store.swap(PRODUCER_IDS_KEY, version, Some(block)) {
            Ok(_) => Ok(next),
            Err(SwapError::Io(e)) => Err(storage("the metadata store cannot be written", &e)),
            Err(SwapError::Conflict(_)) => {
                Err(Fault::new(ErrorCode::CoordinatorLoadInProgress, "try again"))
            }
        }
    }
}

fn not_swapped(error: SwapError) -> Fault {
    match error {
        SwapError::Conflict(_) => {
            Fault::new(ErrorCode::InvalidRequest, "the topic was changed meanwhile")
        }
        SwapError::Io(e) => storage("the metadata store cannot be written", &e),
    }
}

fn storage(what: &str, error: &std::io::Error) -> Fault {
    Fault::new(ErrorCode::KafkaStorageError, format!("{what}: {error}"))
}

/// The producer ids after `first` that its block leaves to hand out.
pub fn producer_id_block(first: i64) -> std::ops::Range<i64> {
    first..first + PRODUCER_ID_BLOCK
}

impl Place {
    /// Opens one partition's log; also, how many bytes of it had to be read.
    pub fn open_log(
        &self,
        fs: &Fs,
        topic: &Topic,
        index: i32,
        dir: PathBuf,
        clean: Option<crate::log::recovery::CleanEnd>,
        journaled: Option<crate::log::recovery::Journaled>,
    ) -> std::io::Result<(Log, u64)> {
        let shard = topic.shard(index, self.pools.len());
        let log = OpenLog {
            fs,
            dir,
            settings: self.log_settings(&topic.config),
            pool: self.pools[usize::from(shard.0)].clone(),
            epoch: self.epoch,
            clean,
            journaled,
            batch_bytes_max: topic.config.max_message_bytes as usize,
        };
        log.open_counted()
    }

    /// What a shard must know of a topic's settings.
    pub fn partition_settings(&self, config: &TopicConfig) -> PartitionSettings {
        use crate::config::topic::{Durability, TimestampType};
        use crate::shard::letters::Bar;
        let bar = match config.durability {
            Durability::Appended => Bar::Appended,
            Durability::Written => Bar::Written,
            Durability::Durable => Bar::Durable,
        };
        let log_append_time = config.message_timestamp_type == TimestampType::LogAppendTime;
        PartitionSettings { bar, log_append_time }
    }

    fn log_settings(&self, config: &TopicConfig) -> crate::log::LogSettings {
        use std::time::Duration;
        crate::log::LogSettings {
            segment_bytes: config.segment_bytes,
            segment_age_max: Duration::from_millis(config.segment_ms),
            index_interval_bytes: config.index_interval_bytes,
            direct: self.direct,
            preallocate: config.preallocate,
            unit_bytes: self.config.commit_unit_bytes,
            depth: self.config.commit_depth,
            unhardened_bytes_max: UNHARDENED_BYTES_MAX,
            flush_after: Duration::from_millis(self.config.commit_flush_ms),
            linger: Duration::from_micros(self.config.commit_linger_us),
            journaled: self.config.path == crate::config::broker::DurabilityPath::Journal,
        }
    }
}
