//! The topics, and the quotas of clients, as one immutable picture: every shard holds the newest and replaces it as a whole.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::quotas::Quotas;
use crate::config::topic::TopicConfig;
use crate::model::{PartitionKey, ShardId, TopicId};

/// All topics at one moment.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    by_name: BTreeMap<String, Arc<Topic>>,
    by_id: HashMap<TopicId, Arc<Topic>>,
    quotas: Arc<Quotas>,
}

/// One topic.
#[derive(Clone, Debug)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// Its identity.
    pub id: TopicId,
    /// Partitions, counted from 0.
    pub partitions: i32,
    /// Counted up with each topic; spreads the first partitions of topics over shards.
    pub placement: u64,
    /// Settings that differ from the broker's.
    pub overrides: BTreeMap<String, String>,
    /// The settings in force.
    pub config: TopicConfig,
}

/// A topic as a record of the metadata store, under `topic/<name>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicRecord {
    /// The topic's identity, 32 hexadecimal digits.
    pub id: String,
    /// Partitions.
    pub partitions: i32,
    /// See [`Topic::placement`].
    pub placement: u64,
    /// Settings that differ from the broker's.
    pub overrides: BTreeMap<String, String>,
}

impl Catalog {
    /// A topic by name.
    pub fn by_name(&self, name: &str) -> Option<&Arc<Topic>> {
        self.by_name.get(name)
    }

    /// A topic by id.
    pub fn by_id(&self, id: TopicId) -> Option<&Arc<Topic>> {
        self.by_id.get(&id)
    }

    /// All topics by name.
    pub fn topics(&self) -> impl Iterator<Item = &Arc<Topic>> {
        self.by_name.values()
    }

    /// The quotas of clients.
    pub fn quotas(&self) -> &Arc<Quotas> {
        &self.quotas
    }

    /// The same topics with these quotas.
    pub fn with_quotas(&self, quotas: Quotas) -> Self {
        Catalog { quotas: Arc::new(quotas), ..self.clone() }
    }

    /// The same topics with this one added or replaced.
    pub fn with(&self, topic: Topic) -> Self {
        let mut catalog = self.clone();
        let topic = Arc::new(topic);
        catalog.by_id.insert(topic.id, Arc::clone(&topic));
        catalog.by_name.insert(topic.name.clone(), topic);
        catalog
    }

    /// The same topics without this one.
    pub fn without(&self, name: &str) -> Self {
        let mut catalog = self.clone();
        if let Some(topic) = catalog.by_name.remove(name) {
            catalog.by_id.remove(&topic.id);
        }
        catalog
    }
}

impl Topic {
    /// The partition's name on shards.
    pub fn key(&self, index: i32) -> PartitionKey {
        PartitionKey { topic: self.id, index }
    }

    /// Whether the topic has this partition.
    pub fn has(&self, index: i32) -> bool {
        (0..self.partitions).contains(&index)
    }

    /// The shard that owns a partition: neighbours go to neighbouring shards, and topics of one
    /// partition do not all start on the first.
    pub fn shard(&self, index: i32, shards: usize) -> ShardId {
        ShardId(((self.placement + index as u64) % shards as u64) as u16)
    }

    /// The topic as a record.
    pub fn record(&self) -> TopicRecord {
        let id = format_id(self.id);
        let overrides = self.overrides.clone();
        TopicRecord { id, partitions: self.partitions, placement: self.placement, overrides }
    }
}

impl TopicRecord {
    /// The identity, if its digits are sound.
    pub fn topic_id(&self) -> Option<TopicId> {
        parse_id(&self.id)
    }
}

/// An identity as 32 hexadecimal digits.
pub fn format_id(id: TopicId) -> String {
    id.0.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An identity from 32 hexadecimal digits.
pub fn parse_id(hex: &str) -> Option<TopicId> {
    if hex.len() != 32 || !hex.is_ascii() {
        return None;
    }
    let mut id = [0; 16];
    for (n, byte) in id.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).ok()?;
    }
    Some(headwater_protocol::wire::uuid::Uuid(id))
}
