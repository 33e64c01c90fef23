//! What shards tell of partitions and groups, raw: what it means is put together elsewhere ([`super::overview`]), off
//! their threads.

use super::counters::Flow;
use crate::model::{Offset, PartitionKey};

/// A partition.
#[derive(Clone, Copy, Debug)]
pub struct PartitionFacts {
    /// Which one.
    pub key: PartitionKey,
    /// The end of what consumers see.
    pub high_watermark: Offset,
    /// Size of its segments.
    pub log_bytes: u64,
    /// What went through it.
    pub flow: Flow,
    /// Whether it is not served.
    pub is_offline: bool,
}

/// A group.
#[derive(Clone, Debug)]
pub struct GroupFacts {
    /// Its name.
    pub group: String,
    /// `classic` or `consumer`.
    pub protocol: &'static str,
    /// Kafka's name of its state.
    pub state: &'static str,
    /// Its members.
    pub members: usize,
    /// What it has committed: topic, partition, offset.
    pub committed: Vec<(String, i32, Offset)>,
}
