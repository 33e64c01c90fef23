//! What recovery would say to a log, asked without a broker: for `verify`, which reports it, and `repair`,
//! which acts on it.

use super::dump;
use super::error::CliError;
use crate::broker::catalog::parse_id;
use crate::broker::controller::UNHARDENED_BYTES_MAX;
use crate::broker::start::decode_clean;
use crate::config::broker::BrokerConfig;
use crate::config::topic::TopicConfig;
use crate::log::directory;
use crate::log::recovery::{CleanEnd, Diagnosis, Journaled, Survey, acknowledged};
use crate::model::{Offset, PartitionKey, TopicId};
use headwater_io::file::Fs;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// The logs of a data directory, and what is needed to judge them.
pub(super) struct Logs<'a> {
    fs: &'a Fs,
    dir: &'a Path,
    /// The ends that the last stop wrote, if it was a clean one.
    pub clean: BTreeMap<String, CleanEnd>,
    topics: BTreeMap<String, Topic>,
    broker: BrokerConfig,
}

struct Topic {
    /// None, when its digits are damaged.
    id: Option<TopicId>,
    partitions: i32,
    /// The largest batch that it may hold.
    batch_bytes_max: u64,
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
            let id = value["id"].as_str().and_then(parse_id);
            let topic = Topic { id, partitions, batch_bytes_max };
            Some((key.strip_prefix("topic/")?.to_owned(), topic))
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
            self.topics.get(*topic).is_some_and(|topic| *index < topic.partitions)
        });
        Ok(known.map(|(topic, index)| (topic.to_owned(), index)).collect())
    }

    /// A partition as journals know it.
    pub fn key(&self, topic: &str, index: i32) -> Option<PartitionKey> {
        let topic = self.topics.get(topic).filter(|topic| index < topic.partitions)?;
        Some(PartitionKey { topic: topic.id?, index })
    }

    /// The folder of a partition that exists.
    pub fn folder(&self, key: &PartitionKey) -> Option<PathBuf> {
        let known = |topic: &Topic| topic.id == Some(key.topic) && key.index < topic.partitions;
        let (name, _) = self.topics.iter().find(|(_, topic)| known(topic))?;
        let dir = directory::partition(self.dir, name, key.index);
        self.fs.exists(&dir).then_some(dir)
    }

    /// The file of a segment, which need not be there yet.
    pub fn segment(&self, key: &PartitionKey, base: Offset) -> Option<PathBuf> {
        Some(directory::segment(&self.folder(key)?, base))
    }

    /// The end of a log that the last stop or an earlier start wrote down.
    ///
    /// # Errors
    /// When the note of it cannot be read.
    pub fn written_down(&self, topic: &str, index: i32) -> io::Result<Option<CleanEnd>> {
        let noted = acknowledged::read(self.fs, &directory::partition(self.dir, topic, index))?;
        let clean = self.clean.get(&format!("{topic}-{index}")).copied();
        Ok(noted.into_iter().chain(clean).reduce(CleanEnd::further))
    }

    /// Whether the next start would take the log offline, and why.
    ///
    /// # Errors
    /// When its files cannot be read.
    pub fn diagnose(
        &self,
        topic: &str,
        index: i32,
        journaled: Option<Journaled>,
    ) -> io::Result<Option<Diagnosis>> {
        let batch_bytes_max = self.topics.get(topic).map_or(0, |topic| topic.batch_bytes_max);
        let unit_bytes = self.broker.commit_unit_bytes as u64;
        let survey = Survey {
            fs: self.fs,
            dir: &directory::partition(self.dir, topic, index),
            clean: self.clean.get(&format!("{topic}-{index}")).copied(),
            journaled,
            window_bytes: UNHARDENED_BYTES_MAX + unit_bytes.max(batch_bytes_max),
            index_interval_bytes: 4096,
        };
        survey.diagnose()
    }
}
