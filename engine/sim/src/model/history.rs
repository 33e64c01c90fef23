//! What there is to remember of a run: what was sent, what was promised of it, what was seen and lost.

use std::collections::BTreeMap;

use bytes::Bytes;
use headwater_io::clock::Nanos;

use crate::plan::End;

/// How safe something is, weakest first; Headwater's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// In memory.
    Appended,
    /// Accepted by the device: survives a kill.
    Written,
    /// Flushed: survives a power cut.
    Durable,
}

impl Level {
    /// As it is written in settings.
    pub fn name(self) -> &'static str {
        match self {
            Level::Appended => "appended",
            Level::Written => "written",
            Level::Durable => "durable",
        }
    }

    /// Whether it is there after a life that ended so.
    pub fn survives(self, end: End) -> bool {
        match end {
            End::Cut => self >= Level::Durable,
            End::Kill | End::Stop => self >= Level::Written,
        }
    }
}

/// A batch that a producer has sent, or will.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Which producer.
    pub producer: usize,
    /// Its producer id; -1 without idempotence.
    pub identity: i64,
    /// Its first sequence number; -1 without idempotence.
    pub sequence: i32,
    /// Which partition, counted over all topics.
    pub partition: usize,
    /// As it is sent.
    pub bytes: Bytes,
    /// How many records are in it.
    pub records: i64,
    /// How often it was sent.
    pub attempts: u32,
    /// The connection on which it was sent first.
    pub connection: u64,
    /// When it was sent first.
    pub sent: Nanos,
    /// What was promised of it.
    pub ack: Option<Ack>,
    /// It was acknowledged, could be lost, and was.
    pub lost: bool,
}

/// A promise.
#[derive(Clone, Copy, Debug)]
pub struct Ack {
    /// Where it is.
    pub offset: Option<i64>,
    /// What it survives; `None` promises nothing.
    pub level: Option<Level>,
    /// When it was given.
    pub at: Nanos,
}

/// A partition as clients know it.
#[derive(Clone, Debug)]
pub struct Partition {
    /// Its topic.
    pub topic: usize,
    /// Its number there.
    pub index: usize,
    /// Its folder.
    pub folder: String,
    /// What its topic's acks=all waits for, and what consumers see.
    pub durability: Level,
    /// Damaged and offline, or damaged in a way that clients have seen: they leave it alone.
    pub given_up: bool,
    /// What consumers have seen: base offset and batch.
    pub(super) seen: BTreeMap<i64, u64>,
    pub(super) high_watermark: i64,
}

/// An acknowledged batch that was lost where that is allowed.
#[derive(Clone, Copy, Debug)]
pub struct Loss {
    /// Records in it.
    pub records: i64,
    /// Its size.
    pub bytes: u64,
    /// How long before the end of that life it was acknowledged, in nanoseconds.
    pub age_ns: u64,
}
