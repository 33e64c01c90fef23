//! What recovery would say to a log, asked without a broker: for `verify`, which reports it, and `repair`,
//! which acts on it.

use super::dump;
use super::error::CliError;
use crate::broker::controller::UNHARDENED_BYTES_MAX;
use crate::broker::start::decode_clean;
use crate::config::broker::BrokerConfig;
use crate::config::topic::TopicConfig;
use crate::log::directory;
use crate::log::recovery::{CleanEnd, Diagnosis, Survey};
use headwater_io::file::Fs;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// The logs of a data directory, and what is needed to judge them.
pub(super) struct Logs<'a> {
    fs: &'a Fs,
    dir: &'a Path,
    /// The ends that the last stop wrote, if it was a clean one.
    pub clean: BTreeMap<String, CleanEnd>,
    /// Topics with their partitions and the largest batch they may hold.
    topics: BTreeMap<String, (i32, u64)>,
    broker: BrokerConfig,
}

impl<'a> Logs<'a> {
    /// Reads what the directory says of its logs. Settings of the broker are taken to be the defaults; they
    /// count only for what lies in the last megabytes of a log.
    ///
    /// # Errors
    /// When the metadata cannot be read.
    pub fn read(fs: &'a Fs, dir: &'a Path) -> Result<Self, CliError> {
        let broker = BrokerConfig::default();
        let store = dump::read_store(fs, &dir.join(directory::METADATA))?;
        let topics = store.list("topic/").filter_map(|(key, _, value)| {
            let partitions = i32::try_from(value["partitions"].as_i64()?).ok()?;
            let overrides = serde_json::from_value(value["overrides"].clone()).unwrap_or_default();
            let config = TopicConfig::resolve(&broker, &overrides).ok();
            let batch_bytes_max = config.map_or(0, |config| config.max_message_bytes as u64);
            Some((key.strip_prefix("topic/")?.to_owned(), (partitions, batch_bytes_max)))
        });
        let topics = topics.collect();
        let bytes = fs.read(&dir.join(directory::CLEAN)).ok();
        let clean = bytes.and_then(|bytes| decode_clean(&bytes)).unwrap_or_default();
        Ok(Logs { fs, dir, clean, topics, broker })
    }

    /// All partitions that are there and that a topic has.
    ///
    /// # Errors
    /// When the directory cannot be listed.
    pub fn partitions(&self) -> io::Result<Vec<(String, i32)>> {
        let entries = self.fs.list(self.dir)?;
        let folders = entries.iter().filter(|entry| entry.is_dir);
        let parsed = folders.filter_map(|entry| directory::parse_partition(&entry.name));
        let known = parsed.filter(|(topic, index)| {
            self.topics.get(*topic).is_some_and(|(count, _)| index < count)
        });
        Ok(known.map(|(topic, index)| (topic.to_owned(), index)).collect())
    }

    /// Whether the next start would take the log offline, and why.
    ///
    /// # Errors
    /// When its files cannot be read.
    pub fn diagnose(&self, topic: &str, index: i32) -> io::Result<Option<Diagnosis>> {
        let batch_bytes_max = self.topics.get(topic).map_or(0, |(_, bytes)| *bytes);
        let unit_bytes = self.broker.commit_unit_bytes as u64;
        let survey = Survey {
            fs: self.fs,
            dir: &directory::partition(self.dir, topic, index),
            clean: self.clean.get(&format!("{topic}-{index}")).copied(),
            journaled: None,
            window_bytes: UNHARDENED_BYTES_MAX + unit_bytes.max(batch_bytes_max),
            index_interval_bytes: 4096,
        };
        survey.diagnose()
    }
}
