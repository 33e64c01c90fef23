//! Settings that are changed while the broker runs: what was stated so, and what a change makes of it.
//!
//! Kept by the controller, as text under the broker's names; stated for this broker, or for all brokers of a cluster. One
//! statement here is stronger than everything that was stated at the start.

use super::broker::BrokerConfig;
use super::error::ConfigError;
use super::parse::check_value;
use super::setting::{Kind, Setting};
use super::table;
use super::topic::validate_topic_override;
use super::values::{Stated, parsed};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Names and values, as they are kept.
pub type Values = BTreeMap<String, String>;

/// What was stated while the broker ran.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dynamic {
    /// For this broker; stronger.
    pub(super) own: Stated,
    /// For all brokers.
    pub(super) all: Stated,
}

/// A change of what one resource states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// From now on it states this and nothing else.
    Replace(Values),
    /// Setting by setting.
    Edit(Vec<(String, Edit)>),
}

/// A change of one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// To this value.
    Set(String),
    /// To what it is when nothing is stated.
    Delete,
    /// With these words added.
    Append(String),
    /// With these words taken away.
    Subtract(String),
}

impl Dynamic {
    /// What these values state, which were checked when they were first stated.
    pub fn new(own: &Values, all: &Values) -> Self {
        let stated = |values: &Values| {
            let mut stated = Stated::default();
            values.iter().for_each(|(name, value)| stated.insert(name.clone(), value.clone()));
            stated
        };
        Dynamic { own: stated(own), all: stated(all) }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.own.get(name).or_else(|| self.all.get(name))
    }

    /// The value of a topic's setting, in the topic's unit.
    pub(super) fn topic_value(&self, setting: &Setting) -> Option<String> {
        self.own.topic_value(setting).or_else(|| self.all.topic_value(setting))
    }
}

impl BrokerConfig {
    /// The settings as they were at the start, with this stated on top.
    ///
    /// # Errors
    /// Settings that exclude each other.
    pub fn with(&self, dynamic: Dynamic) -> Result<Self, ConfigError> {
        let started = self.started.clone().unwrap_or_else(|| Arc::new(self.clone()));
        let mut config = (*started).clone();
        config.topic_defaults = config.topic_defaults.stating(|name| {
            let setting = table::for_topics().find(|setting| setting.name == name)?;
            dynamic.topic_value(setting)
        })?;
        for name in dynamic.all.names().chain(dynamic.own.names()) {
            if let Some(value) = dynamic.get(name) {
                config.set(name, value);
            }
        }
        config.dynamic = dynamic;
        config.started = Some(started);
        Ok(config)
    }

    /// What is read here while the broker runs; the rest has no effect, or is the topics'.
    fn set(&mut self, name: &str, value: &str) {
        match name {
            "auto.create.topics.enable" => self.auto_create_topics = parsed(name, value),
            "delete.topic.enable" => self.delete_topics = parsed(name, value),
            "num.partitions" => self.num_partitions = parsed(name, value),
            "fetch.max.bytes" => self.fetch_max_bytes = parsed(name, value),
            "connections.max.idle.ms" => {
                self.connection_idle_ms_max = u64::try_from(parsed::<i64>(name, value)).ok();
            }
            "log.cleaner.backoff.ms" => self.cleaner_backoff_ms = parsed(name, value),
            "log.cleaner.dedupe.buffer.size" => self.cleaner_dedupe_bytes = parsed(name, value),
            "log.cleaner.io.max.bytes.per.second" => {
                self.cleaner_bytes_per_second = parsed(name, value);
            }
            "producer.id.expiration.ms" => self.producer_id_expiration_ms = parsed(name, value),
            _ => {}
        }
    }
}

/// What a topic that states `overrides` states after a change.
///
/// # Errors
/// What is not accepted of a topic.
pub fn alter_topic(
    broker: &BrokerConfig,
    overrides: &Values,
    change: &Change,
) -> Result<Values, ConfigError> {
    let resolve = |name: &str| {
        let setting = table::find_for_topic(name)?;
        let value = broker.topic_value(setting).or_else(|| setting.default.map(str::to_owned));
        Ok(Named { name: setting.name.to_owned(), kind: setting.kind, value })
    };
    let check = |name: &str, value: &str| validate_topic_override(name, value).map(str::to_owned);
    apply(overrides, change, resolve, check)
}

/// What a broker, or all brokers, that state `values` state after a change.
///
/// # Errors
/// What is not accepted of a broker while it runs.
pub fn alter_broker(
    broker: &BrokerConfig,
    values: &Values,
    change: &Change,
) -> Result<Values, ConfigError> {
    let resolve = |name: &str| {
        let (_, found) = table::find_for_broker(name)?;
        let value = broker.stated.get(&found.name).map(str::to_owned).or(found.default);
        Ok(Named { name: found.name.into_owned(), kind: found.kind, value })
    };
    let check = |name: &str, value: &str| {
        let (setting, found) = table::find_for_broker(name)?;
        check_value(setting, found.kind, name, value)?;
        match setting.restart {
            true => Err(ConfigError::NotDynamic { name: name.to_owned() }),
            false => Ok(found.name.into_owned()),
        }
    };
    apply(values, change, resolve, check)
}

/// A setting as it is kept, and its value if nothing is stated.
struct Named {
    name: String,
    kind: Kind,
    value: Option<String>,
}

fn apply(
    values: &Values,
    change: &Change,
    resolve: impl Fn(&str) -> Result<Named, ConfigError>,
    check: impl Fn(&str, &str) -> Result<String, ConfigError>,
) -> Result<Values, ConfigError> {
    let edits = match change {
        Change::Replace(values) => {
            let checked =
                values.iter().map(|(name, value)| Ok((check(name, value)?, value.clone())));
            return checked.collect();
        }
        Change::Edit(edits) => edits,
    };
    let mut values = values.clone();
    for (name, edit) in edits {
        let value = match edit {
            Edit::Set(value) => value.clone(),
            Edit::Delete => {
                // A name that does not exist is not stated either.
                let name = resolve(name).map_or_else(|_| name.clone(), |named| named.name);
                values.remove(&name);
                continue;
            }
            Edit::Append(words) | Edit::Subtract(words) => {
                let named = resolve(name)?;
                if !matches!(named.kind, Kind::List(_)) {
                    return Err(ConfigError::NotAList { name: name.clone() });
                }
                let now = values.get(&named.name).cloned().or(named.value).unwrap_or_default();
                edited_list(&now, words, matches!(edit, Edit::Append(_)))
            }
        };
        values.insert(check(name, &value)?, value);
    }
    Ok(values)
}

/// A list with words added, each once, or taken away.
fn edited_list(now: &str, words: &str, add: bool) -> String {
    let split = |text: &str| -> Vec<String> {
        text.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
    };
    let (mut list, words) = (split(now), split(words));
    list.retain(|word| !words.contains(word));
    if add {
        list.extend(words);
    }
    list.join(",")
}
