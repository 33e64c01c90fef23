//! The typed settings of a topic: its overrides over the broker's settings over the defaults.
//!
//! Three settings decide one thing, [`Durability`], because users of three systems type different names. At one level
//! (the topic, or the broker) an explicit `durability` wins over `flush.messages=1`, and that over `write.caching`; any
//! of them on the topic wins over all of them on the broker.

use super::broker::BrokerConfig;
use super::error::ConfigError;
use super::parse::check_value;
use super::table;
use super::values::{Stated, parsed};
use std::collections::BTreeMap;

/// The settings of a topic.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicConfig {
    /// `durability`, or what `flush.messages` and `write.caching` mean by it.
    pub durability: Durability,
    /// `segment.bytes`.
    pub segment_bytes: u64,
    /// `segment.ms`.
    pub segment_ms: u64,
    /// `segment.jitter.ms`.
    pub segment_jitter_ms: u64,
    /// `segment.index.bytes`.
    pub segment_index_bytes: u32,
    /// `index.interval.bytes`.
    pub index_interval_bytes: u32,
    /// `max.message.bytes`.
    pub max_message_bytes: u32,
    /// `message.timestamp.type`.
    pub message_timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`; `i64::MAX` for no limit.
    pub message_timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`; `i64::MAX` for no limit.
    pub message_timestamp_after_max_ms: i64,
    /// `flush.ms`; `i64::MAX` for never.
    pub flush_ms: i64,
    /// `preallocate`.
    pub preallocate: bool,
    /// `compression.type`; `None` for the producer's.
    pub compression_type: Option<Compression>,
    /// `cleanup.policy` has `delete`.
    pub cleanup_delete: bool,
    /// `cleanup.policy` has `compact`.
    pub cleanup_compact: bool,
    /// `retention.ms`; `None` for ever.
    pub retention_ms: Option<u64>,
    /// `retention.bytes`; `None` for any number.
    pub retention_bytes: Option<u64>,
    /// `delete.retention.ms`.
    pub delete_retention_ms: u64,
    /// `min.compaction.lag.ms`.
    pub min_compaction_lag_ms: u64,
    /// `max.compaction.lag.ms`; `i64::MAX` for never.
    pub max_compaction_lag_ms: u64,
    /// `min.cleanable.dirty.ratio`, from 0 to 1.
    pub min_cleanable_dirty_ratio: f64,
    /// `file.delete.delay.ms`.
    pub file_delete_delay_ms: u64,
    /// `min.insync.replicas`.
    pub min_insync_replicas: u32,
}

/// What must have happened to a record before `acks=all` is answered, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Durability {
    /// It is in memory.
    Appended,
    /// The device accepted it.
    Written,
    /// It is flushed, and survives power loss.
    Durable,
}

/// Whose clock a record's timestamp is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer's.
    CreateTime,
    /// The broker's.
    LogAppendTime,
}

/// `compression.type`, other than `producer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "names of codecs")]
pub enum Compression {
    Uncompressed,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

impl TopicConfig {
    /// The settings of a topic with these overrides.
    ///
    /// # Errors
    /// The first override that is not accepted.
    pub fn resolve(
        broker: &BrokerConfig,
        overrides: &BTreeMap<String, String>,
    ) -> Result<Self, ConfigError> {
        let mut config = broker.topic_defaults.clone();
        let mut by_name = BTreeMap::new();
        for (name, value) in overrides {
            by_name.insert(validate_topic_override(name, value)?, value.as_str());
        }
        config.apply(|name| by_name.get(name).map(|value| (*value).to_owned()));
        config.check()
    }

    /// The settings of a topic that overrides nothing.
    pub(super) fn from_broker(stated: &Stated) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        config.apply(|name| {
            let setting = table::for_topics().find(|setting| setting.name == name)?;
            stated.topic_value(setting)
        });
        config.check()
    }

    /// The same settings with what one more level states on top.
    pub(super) fn stating(
        &self,
        stated: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let mut config = self.clone();
        config.apply(stated);
        config.check()
    }

    /// Takes over what one level states, by the topics' names.
    fn apply(&mut self, stated: impl Fn(&str) -> Option<String>) {
        for setting in table::for_topics() {
            if let Some(value) = stated(setting.name) {
                self.set(setting.name, &value);
            }
        }
        if let Some(durability) = durability_of(stated) {
            self.durability = durability;
        }
    }

    fn set(&mut self, name: &str, value: &str) {
        match name {
            "segment.bytes" => self.segment_bytes = parsed(name, value),
            "segment.ms" => self.segment_ms = parsed(name, value),
            "segment.jitter.ms" => self.segment_jitter_ms = parsed(name, value),
            "segment.index.bytes" => self.segment_index_bytes = parsed(name, value),
            "index.interval.bytes" => self.index_interval_bytes = parsed(name, value),
            "max.message.bytes" => self.max_message_bytes = parsed(name, value),
            "message.timestamp.type" => {
                self.message_timestamp_type = match value {
                    "LogAppendTime" => TimestampType::LogAppendTime,
                    _ => TimestampType::CreateTime,
                }
            }
            "message.timestamp.before.max.ms" => {
                self.message_timestamp_before_max_ms = parsed(name, value);
            }
            "message.timestamp.after.max.ms" => {
                self.message_timestamp_after_max_ms = parsed(name, value);
            }
            "flush.ms" => self.flush_ms = parsed(name, value),
            "preallocate" => self.preallocate = parsed(name, value),
            "compression.type" => self.compression_type = Compression::from_name(value),
            "cleanup.policy" => {
                let has = |policy| value.split(',').any(|word| word.trim() == policy);
                (self.cleanup_delete, self.cleanup_compact) = (has("delete"), has("compact"));
            }
            "retention.ms" => self.retention_ms = unless_negative(parsed(name, value)),
            "retention.bytes" => self.retention_bytes = unless_negative(parsed(name, value)),
            "delete.retention.ms" => self.delete_retention_ms = parsed(name, value),
            "min.compaction.lag.ms" => self.min_compaction_lag_ms = parsed(name, value),
            "max.compaction.lag.ms" => self.max_compaction_lag_ms = parsed(name, value),
            "min.cleanable.dirty.ratio" => self.min_cleanable_dirty_ratio = parsed(name, value),
            "file.delete.delay.ms" => self.file_delete_delay_ms = parsed(name, value),
            "min.insync.replicas" => self.min_insync_replicas = parsed(name, value),
            // The rest is kept with the topic, and read by nobody yet.
            _ => {}
        }
    }

    fn check(self) -> Result<Self, ConfigError> {
        let (min, max) = (self.min_compaction_lag_ms, self.max_compaction_lag_ms);
        if min > max {
            return Err(ConfigError::Conflict {
                one: format!("min.compaction.lag.ms={min}"),
                other: format!("max.compaction.lag.ms={max}"),
                advice: "let the minimum be at most the maximum",
            });
        }
        Ok(self)
    }
}

/// Kafka's defaults, and `durable`: what the table says.
impl Default for TopicConfig {
    fn default() -> Self {
        let mut config = Self {
            durability: Durability::Durable,
            segment_bytes: 0,
            segment_ms: 0,
            segment_jitter_ms: 0,
            segment_index_bytes: 0,
            index_interval_bytes: 0,
            max_message_bytes: 0,
            message_timestamp_type: TimestampType::CreateTime,
            message_timestamp_before_max_ms: 0,
            message_timestamp_after_max_ms: 0,
            flush_ms: 0,
            preallocate: false,
            compression_type: None,
            cleanup_delete: false,
            cleanup_compact: false,
            retention_ms: None,
            retention_bytes: None,
            delete_retention_ms: 0,
            min_compaction_lag_ms: 0,
            max_compaction_lag_ms: 0,
            min_cleanable_dirty_ratio: 0.0,
            file_delete_delay_ms: 0,
            min_insync_replicas: 0,
        };
        config.apply(|name| {
            table::for_topics().find(|setting| setting.name == name)?.default.map(str::to_owned)
        });
        config
    }
}

/// Checks one override of a topic and returns the setting's name, an alias resolved.
///
/// # Errors
/// An unknown name, a name of the broker's, a value that is not accepted.
pub fn validate_topic_override(name: &str, value: &str) -> Result<&'static str, ConfigError> {
    let setting = table::find_for_topic(name)?;
    check_value(setting, setting.kind, name, value)?;
    Ok(setting.name)
}

/// What one level says about durability.
///
/// `write.caching=true` becomes *written*, not *appended*, though Redpanda answers from memory: there the copies on other
/// brokers survive the kill of one process, and here the device has to.
fn durability_of(stated: impl Fn(&str) -> Option<String>) -> Option<Durability> {
    if let Some(name) = stated("durability") {
        return Durability::from_name(&name);
    }
    if stated("flush.messages").is_some_and(|messages| messages == "1") {
        return Some(Durability::Durable);
    }
    match stated("write.caching").as_deref() {
        Some("true") => Some(Durability::Written),
        Some("false") => Some(Durability::Durable),
        _ => None,
    }
}

fn unless_negative(n: i64) -> Option<u64> {
    u64::try_from(n).ok()
}

impl Durability {
    /// As it is written in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Appended => "appended",
            Self::Written => "written",
            Self::Durable => "durable",
        }
    }

    /// The reverse of [`Self::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Appended, Self::Written, Self::Durable].into_iter().find(|d| d.name() == name)
    }
}

impl Compression {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "uncompressed" => Some(Self::Uncompressed),
            "gzip" => Some(Self::Gzip),
            "snappy" => Some(Self::Snappy),
            "lz4" => Some(Self::Lz4),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }
}
