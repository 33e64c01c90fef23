//! The numbers of a log as types: offsets, positions, epochs, and the names of partitions.
//!
//! Free to every layer; knows nothing of any.

use std::fmt;

use serde::{Deserialize, Serialize};

pub use headwater_protocol::wire::uuid::Uuid as TopicId;

/// A record's place in its partition. As an end it is the *next* offset, so ranges are half open.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Offset(pub i64);

/// A byte in a segment file.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Position(pub u64);

/// A byte of a log counted over all its segments, from an arbitrary start that holds while the log is
/// open. Unlike a [`Position`] it keeps growing when a segment is rolled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogByte(pub u64);

/// Which leader appended a batch; grows with every restart and every change of leader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaderEpoch(pub i32);

/// One partition of one topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionKey {
    /// The topic's id: a deleted and recreated topic of the same name is another topic.
    pub topic: TopicId,
    /// The partition's index in the topic.
    pub index: i32,
}

/// One shard (and its thread), counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardId(pub u16);

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
