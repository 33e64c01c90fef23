//! Creating, growing and deleting topics: checks first, then disk, then the record, then the catalog.

use std::sync::Arc;

use headwater_io::file::Fs;
use headwater_protocol::error_code::ErrorCode;

use super::command::{Fault, NewTopic, TopicName};
use super::{Publication, Work};
use crate::broker::catalog::{Catalog, Topic};
use crate::broker::{coordination, topics};
use crate::config::topic::TopicConfig;
use crate::log::{Log, directory};

/// The most partitions one broker has; each takes descriptors and memory.
pub const PARTITIONS_MAX: i32 = 100_000;

impl Work {
    pub(super) fn create(
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
            Fault::storage(&format!("topic '{}' cannot be created", topic.name), &e)
        })?;
        topics::write_record(&mut self.store, topic).map_err(Fault::not_swapped)?;
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

    pub(super) fn find(&self, name: &TopicName, catalog: &Catalog) -> Result<Arc<Topic>, Fault> {
        let (found, code) = match name {
            TopicName::Name(name) => (catalog.by_name(name), ErrorCode::UnknownTopicOrPartition),
            TopicName::Id(id) => (catalog.by_id(*id), ErrorCode::UnknownTopicId),
        };
        found.cloned().ok_or_else(|| Fault::new(code, "This server does not host this topic."))
    }

    pub(super) fn delete(
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
        if coordination::is_internal(&topic.name) {
            let why = format!("'{}' is internal: groups and transactions live in it", topic.name);
            return Err(Fault::new(ErrorCode::InvalidTopic, why));
        }
        topics::mark_deleting(&mut self.store, &topic).map_err(Fault::not_swapped)?;
        topics::remove_record(&mut self.store, &topic.name).map_err(Fault::not_swapped)?;
        out.catalog = Arc::new(out.catalog.without(&topic.name));
        out.release.extend((0..topic.partitions).map(|index| topic.key(index)));
        // The topic is gone; folders that cannot be removed now are removed at the next start.
        match topics::remove_folders(fs, &self.place.data_dir, &self.place.folders, &topic) {
            Ok(()) => drop(topics::unmark_deleting(&mut self.store, Some(&topic))),
            Err(error) => tracing::warn!(
                topic = topic.name,
                %error,
                "a deleted topic's folders could not be removed yet"
            ),
        }
        Ok(topic)
    }

    pub(super) fn grow(
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
}
