//! Changing settings of topics and of the broker: checked, kept, and then in force on all shards.

use std::sync::Arc;

use headwater_protocol::error_code::ErrorCode;
use serde_json::json;

use super::command::{Fault, TopicName};
use super::{Publication, Work};
use crate::broker::catalog::{Catalog, Topic};
use crate::broker::meta_store::MetaStore;
use crate::broker::topics;
use crate::config::broker::BrokerConfig;
use crate::config::dynamic::{self, Change, Dynamic, Values};
use crate::config::error::ConfigError;
use crate::config::topic::TopicConfig;

/// What was stated for this broker while it ran.
const BROKER_KEY: &str = "config/broker";
/// What was stated so for all brokers.
const BROKERS_KEY: &str = "config/brokers";

/// Whose settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// A topic's.
    Topic(String),
    /// This broker's.
    Broker,
    /// Those of all brokers that state nothing of their own.
    Brokers,
}

/// A change of one resource's settings.
#[derive(Clone, Debug)]
pub struct ConfigChange {
    /// Whose.
    pub resource: Resource,
    /// What becomes of them.
    pub change: Change,
}

impl Work {
    pub(super) fn alter_configs(
        &mut self,
        ConfigChange { resource, change }: &ConfigChange,
        dry: bool,
        out: &mut Publication,
    ) -> Result<(), Fault> {
        match resource {
            Resource::Topic(name) => self.alter_topic(name, change, dry, out),
            Resource::Broker => self.alter_broker(BROKER_KEY, change, dry, out),
            Resource::Brokers => self.alter_broker(BROKERS_KEY, change, dry, out),
        }
    }

    fn alter_topic(
        &mut self,
        name: &str,
        change: &Change,
        dry: bool,
        out: &mut Publication,
    ) -> Result<(), Fault> {
        let topic = self.find(&TopicName::Name(name.to_owned()), &out.catalog)?;
        let overrides = dynamic::alter_topic(&self.place.config, &topic.overrides, change);
        let overrides = overrides.map_err(not_accepted)?;
        let config = TopicConfig::resolve(&self.place.config, &overrides).map_err(not_accepted)?;
        if dry || overrides == topic.overrides {
            return Ok(());
        }
        let altered = Topic { overrides, config, ..(*topic).clone() };
        topics::write_record(&mut self.store, &altered).map_err(Fault::not_swapped)?;
        self.change_logs(&altered, out);
        out.catalog = Arc::new(out.catalog.with(altered));
        Ok(())
    }

    fn alter_broker(
        &mut self,
        key: &str,
        change: &Change,
        dry: bool,
        out: &mut Publication,
    ) -> Result<(), Fault> {
        let config = &self.place.config;
        let values = dynamic::alter_broker(config, &stated(&self.store, key), change);
        let values = values.map_err(not_dynamic)?;
        let mut dynamic = [BROKER_KEY, BROKERS_KEY].map(|key| stated(&self.store, key));
        dynamic[usize::from(key == BROKERS_KEY)].clone_from(&values);
        let config = config.with(Dynamic::new(&dynamic[0], &dynamic[1])).map_err(not_dynamic)?;
        let altered = resolve_again(&out.catalog, &config)?;
        if dry {
            return Ok(());
        }
        let current = self.store.get(key).map(|(version, _)| version);
        self.store.swap(key, current, Some(json!(values))).map_err(Fault::not_swapped)?;
        self.place.config = Arc::new(config);
        out.config = Some(Arc::clone(&self.place.config));
        let catalog =
            altered.iter().fold((*out.catalog).clone(), |all, topic| all.with(topic.clone()));
        out.catalog = Arc::new(catalog);
        altered.iter().for_each(|topic| self.change_logs(topic, out));
        Ok(())
    }

    /// All logs of the topic follow its settings.
    fn change_logs(&self, topic: &Topic, out: &mut Publication) {
        for index in 0..topic.partitions {
            let shard = topic.shard(index, self.place.pools.len());
            let settings = self.place.partition_settings(&topic.config);
            let log = self.place.log_settings(&topic.config);
            out.change.push((shard, topic.key(index), settings, log));
        }
    }
}

/// The topics whose settings are others once the broker's are these.
fn resolve_again(catalog: &Catalog, config: &BrokerConfig) -> Result<Vec<Topic>, Fault> {
    let mut altered = Vec::new();
    for topic in catalog.topics() {
        let resolved = TopicConfig::resolve(config, &topic.overrides).map_err(|error| {
            let why = format!("topic '{}' does not allow it: {error}", topic.name);
            Fault::new(ErrorCode::InvalidRequest, why)
        })?;
        if resolved != topic.config {
            altered.push(Topic { config: resolved, ..(**topic).clone() });
        }
    }
    Ok(altered)
}

fn stated(store: &MetaStore, key: &str) -> Values {
    let record = store.get(key).map(|(_, value)| serde_json::from_value(value.clone()));
    record.and_then(Result::ok).unwrap_or_default()
}

/// The settings at the start, with what was stated while earlier processes ran. What is not accepted any more does not
/// keep the broker from starting.
pub fn read(store: &MetaStore, config: &BrokerConfig) -> Option<BrokerConfig> {
    let [own, all] = [BROKER_KEY, BROKERS_KEY].map(|key| stated(store, key));
    if own.is_empty() && all.is_empty() {
        return None;
    }
    let told = |error: &ConfigError| {
        tracing::error!(%error, "settings that were stated for the running broker are not in force");
    };
    config.with(Dynamic::new(&own, &all)).inspect_err(told).ok()
}

fn not_accepted(error: ConfigError) -> Fault {
    Fault::new(ErrorCode::InvalidConfig, error.to_string())
}

/// Kafka's code for what is wrong with a broker's settings.
fn not_dynamic(error: ConfigError) -> Fault {
    Fault::new(ErrorCode::InvalidRequest, error.to_string())
}
