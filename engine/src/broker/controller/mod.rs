//! The one place where topics, settings and quotas are changed and producer ids given out: commands in, one after the
//! other, each durable before it is answered and before anybody sees its effect.
//!
//! Decides here, works on an I/O thread ([`Work::run`]), publishes to all shards afterwards. Lives on the
//! first shard; with a cluster, it will live behind the shared metadata store.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `command` | what is asked, and what is answered |
//! | `place` | the process, and what settings come to for logs |
//! | `topics`, [`configs`], [`quotas`], `producer_ids` | what is done |

mod command;
pub mod configs;
mod place;
mod producer_ids;
pub mod quotas;
mod topics;

use std::collections::VecDeque;
use std::sync::Arc;

use headwater_io::file::Fs;

use super::catalog::Catalog;
use super::meta_store::MetaStore;
use crate::config::broker::BrokerConfig;
use crate::log::{Log, LogSettings};
use crate::model::{PartitionKey, ShardId};
use crate::shard::letters::{PartitionSettings, ReplyTo};

pub use command::{Command, Fault, NewTopic, Outcome, TopicName};
pub use place::{Place, UNHARDENED_BYTES_MAX};
pub use producer_ids::producer_id_block;
pub use topics::PARTITIONS_MAX;

/// What all shards must hear after a command.
pub struct Publication {
    /// The topics and quotas from now on.
    pub catalog: Arc<Catalog>,
    /// The broker's settings from now on, if they have changed.
    pub config: Option<Arc<BrokerConfig>>,
    /// Logs for their shards.
    pub adopt: Vec<(ShardId, PartitionKey, PartitionSettings, Log)>,
    /// Logs whose settings have changed.
    pub change: Vec<(ShardId, PartitionKey, PartitionSettings, LogSettings)>,
    /// Partitions that are gone.
    pub release: Vec<PartitionKey>,
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
        if let Some(config) = &worked.publication.config {
            self.place.config = Arc::clone(config);
        }
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
            config: None,
            adopt: Vec::new(),
            change: Vec::new(),
            release: Vec::new(),
        };
        let outcome = self.carry_out(fs, &mut publication);
        Worked { store: self.store, outcome, publication, next_placement: self.next_placement }
    }

    fn carry_out(&mut self, fs: &Fs, out: &mut Publication) -> Outcome {
        match self.command.clone() {
            Command::Create { topics, validate_only: dry } => {
                let create = |topic| self.create(fs, topic, dry, out);
                Outcome::Topics(topics.into_iter().map(create).collect())
            }
            Command::Delete(names) => {
                Outcome::Topics(names.iter().map(|name| self.delete(fs, name, out)).collect())
            }
            Command::Grow { topics, validate_only: dry } => {
                Outcome::Topics(topics.iter().map(|topic| self.grow(fs, topic, dry, out)).collect())
            }
            Command::AlterConfigs { changes, validate_only: dry } => {
                let alter = |change| self.alter_configs(change, dry, out);
                Outcome::Altered(changes.iter().map(alter).collect())
            }
            Command::AlterQuotas { changes, validate_only: dry } => {
                Outcome::Altered(self.alter_quotas(&changes, dry, out))
            }
            Command::Find(name) => Outcome::Topics(vec![self.find(&name, &self.catalog)]),
            Command::ProducerId => Outcome::ProducerId(self.producer_id()),
            Command::Space => {
                let what = "the data directory's file system cannot be looked at";
                let space = fs.space(&self.place.data_dir);
                Outcome::Space(space.map_err(|error| Fault::storage(what, &error)))
            }
        }
    }
}
