//! What the controller's work needs to know of the process, and what settings come to for shards and logs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use headwater_io::buffer::BufferPool;
use headwater_io::file::Fs;

use crate::broker::catalog::Topic;
use crate::config::broker::{BrokerConfig, DurabilityPath};
use crate::config::topic::{Durability, TimestampType, TopicConfig};
use crate::log::folder::Folders;
use crate::log::recovery::{CleanEnd, Journaled, OpenLog};
use crate::log::{Log, LogSettings};
use crate::model::LeaderEpoch;
use crate::shard::letters::{Bar, PartitionSettings};

/// Of one log, handed to the device and not yet durable. Large enough for any device's bandwidth between
/// two syncs, small enough that damage further back is recognised as such.
pub const UNHARDENED_BYTES_MAX: u64 = 16 << 20;

/// Where the controller works.
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
    /// The folders of the logs that are open.
    pub folders: Folders,
}

impl Place {
    /// Opens one partition's log; also, how many bytes of it had to be read.
    pub fn open_log(
        &self,
        fs: &Fs,
        topic: &Topic,
        index: i32,
        dir: PathBuf,
        clean: Option<CleanEnd>,
        journaled: Option<Journaled>,
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
        let opened = log.open_counted()?;
        self.folders.add(opened.0.folder().clone());
        Ok(opened)
    }

    /// What a shard must know of a topic's settings.
    pub fn partition_settings(&self, config: &TopicConfig) -> PartitionSettings {
        let bar = match config.durability {
            Durability::Appended => Bar::Appended,
            Durability::Written => Bar::Written,
            Durability::Durable => Bar::Durable,
        };
        let log_append_time = config.message_timestamp_type == TimestampType::LogAppendTime;
        PartitionSettings { bar, log_append_time }
    }

    /// What a log must know of them.
    pub fn log_settings(&self, config: &TopicConfig) -> LogSettings {
        // What is appended to is never compacted.
        let lag_ms_max =
            if config.cleanup_compact { config.max_compaction_lag_ms } else { u64::MAX };
        LogSettings {
            segment_bytes: config.segment_bytes,
            segment_age_max: Duration::from_millis(config.segment_ms.min(lag_ms_max)),
            index_interval_bytes: config.index_interval_bytes,
            direct: self.direct,
            preallocate: config.preallocate,
            unit_bytes: self.config.commit_unit_bytes,
            depth: self.config.commit_depth,
            unhardened_bytes_max: UNHARDENED_BYTES_MAX,
            flush_after: Duration::from_millis(self.config.commit_flush_ms),
            linger: Duration::from_micros(self.config.commit_linger_us.unwrap_or(0)),
            journaled: self.config.path == DurabilityPath::Journal,
        }
    }
}
