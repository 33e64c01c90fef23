//! Kafka's settings for topics, with the broker's names for them; names, kinds and defaults are those of Kafka 4.

use super::{INT, KIB, LONG, NEVER, hours, minutes, same, topic};
use crate::config::setting::{Kind, Setting, Unit};

const NO_REPLICAS: &str = "one node has one replica of everything";
const NO_RECOMPRESSION: &str = "batches are stored as the producer compressed them";
const NO_TIERS: &str = "tiered storage is not built yet";
const FLUSHED_SOONER: &str =
    "commit.flush.ms flushes sooner, and acks=all waits as durability says";

pub(super) static SETTINGS: &[Setting] = &[
    topic(
        "segment.bytes",
        Kind::Int(Unit::Bytes, 4 * KIB, INT),
        "1073741824",
        "Size at which a segment file is sealed and the next one begun.",
    )
    .from(&[same("log.segment.bytes")]),
    topic(
        "segment.ms",
        Kind::Long(Unit::Milliseconds, 1, LONG),
        "604800000",
        "Age of its first record, counted from when it arrived, at which a segment file is sealed, even if it is small.",
    )
    .from(&[same("log.roll.ms"), hours("log.roll.hours")]),
    topic(
        "index.interval.bytes",
        Kind::Int(Unit::Bytes, 0, INT),
        "4096",
        "Bytes of log between two entries of the offset and time index.",
    )
    .from(&[same("log.index.interval.bytes")]),
    topic(
        "max.message.bytes",
        Kind::Int(Unit::Bytes, 0, INT),
        "1048588",
        "Largest batch of records that is accepted.",
    )
    .from(&[same("message.max.bytes")]),
    topic(
        "message.timestamp.type",
        Kind::Choice(&["CreateTime", "LogAppendTime"]),
        "CreateTime",
        "Whose clock a record's timestamp is of: the producer's or the broker's.",
    )
    .from(&[same("log.message.timestamp.type")]),
    topic(
        "message.timestamp.before.max.ms",
        Kind::Long(Unit::Milliseconds, 0, LONG),
        NEVER,
        "How far a producer's timestamp may lie in the past.",
    )
    .from(&[same("log.message.timestamp.before.max.ms")]),
    topic(
        "message.timestamp.after.max.ms",
        Kind::Long(Unit::Milliseconds, 0, LONG),
        "3600000",
        "How far a producer's timestamp may lie in the future.",
    )
    .from(&[same("log.message.timestamp.after.max.ms")]),
    topic(
        "flush.messages",
        Kind::Long(Unit::Count, 1, LONG),
        NEVER,
        "1 means durability=durable, as its users expect; larger numbers do not weaken anything.",
    )
    .from(&[same("log.flush.interval.messages")]),
    topic(
        "flush.ms",
        Kind::Long(Unit::Milliseconds, 0, LONG),
        NEVER,
        "How long a record may stay unflushed.",
    )
    .from(&[same("log.flush.interval.ms"), same("log.flush.scheduler.interval.ms")])
    .inert(FLUSHED_SOONER),
    topic(
        "flush.bytes",
        Kind::Long(Unit::Bytes, 1, LONG),
        "262144",
        "Redpanda's name: how many bytes may stay unflushed.",
    )
    .inert(FLUSHED_SOONER),
    topic(
        "preallocate",
        Kind::Bool,
        "false",
        "Whether a segment file gets its whole size when it is created, instead of growing in steps.",
    )
    .from(&[same("log.preallocate")]),
    topic(
        "compression.type",
        Kind::Choice(&["producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"]),
        "producer",
        "How batches are compressed on disk.",
    )
    .from(&[same("compression.type")])
    .inert(NO_RECOMPRESSION),
    topic("compression.gzip.level", Kind::Int(Unit::Count, -1, 9), "-1", "Level of gzip.")
        .from(&[same("compression.gzip.level")])
        .inert(NO_RECOMPRESSION),
    topic("compression.lz4.level", Kind::Int(Unit::Count, 1, 17), "9", "Level of lz4.")
        .from(&[same("compression.lz4.level")])
        .inert(NO_RECOMPRESSION),
    topic("compression.zstd.level", Kind::Int(Unit::Count, -131_072, 22), "3", "Level of zstd.")
        .from(&[same("compression.zstd.level")])
        .inert(NO_RECOMPRESSION),
    topic(
        "cleanup.policy",
        Kind::List(&["delete", "compact"]),
        "delete",
        "What happens to old records: delete them by age and size, compact them by key, or both.",
    )
    .from(&[same("log.cleanup.policy")]),
    topic(
        "retention.ms",
        Kind::Long(Unit::Milliseconds, -1, LONG),
        "604800000",
        "Age at which a sealed segment may be deleted; -1 is never.",
    )
    .from(&[
        same("log.retention.ms"),
        minutes("log.retention.minutes"),
        hours("log.retention.hours"),
    ]),
    topic(
        "retention.bytes",
        Kind::Long(Unit::Bytes, -1, LONG),
        "-1",
        "Size of a partition above which its oldest segment may be deleted; -1 is never.",
    )
    .from(&[same("log.retention.bytes")]),
    topic(
        "delete.retention.ms",
        Kind::Long(Unit::Milliseconds, 0, LONG),
        "86400000",
        "How long compaction keeps the mark of a deleted key.",
    )
    .from(&[same("log.cleaner.delete.retention.ms")]),
    topic(
        "min.compaction.lag.ms",
        Kind::Long(Unit::Milliseconds, 0, LONG),
        "0",
        "Age below which a record is not compacted.",
    )
    .from(&[same("log.cleaner.min.compaction.lag.ms")]),
    topic(
        "max.compaction.lag.ms",
        Kind::Long(Unit::Milliseconds, 1, LONG),
        NEVER,
        "Age above which a record must have been compacted.",
    )
    .from(&[same("log.cleaner.max.compaction.lag.ms")]),
    topic(
        "min.cleanable.dirty.ratio",
        Kind::Double(0.0, 1.0),
        "0.5",
        "Share of uncompacted bytes at which compaction starts.",
    )
    .from(&[same("log.cleaner.min.cleanable.ratio")]),
    topic(
        "min.insync.replicas",
        Kind::Int(Unit::Count, 1, INT),
        "1",
        "Replicas that must be in sync for acks=all.",
    )
    .from(&[same("min.insync.replicas")])
    .inert(NO_REPLICAS),
    topic(
        "unclean.leader.election.enable",
        Kind::Bool,
        "false",
        "Whether a replica that is behind may become the leader.",
    )
    .from(&[same("unclean.leader.election.enable")])
    .inert(NO_REPLICAS),
    topic(
        "leader.replication.throttled.replicas",
        Kind::List(&[]),
        "",
        "Replicas whose leader's side is throttled.",
    )
    .inert(NO_REPLICAS),
    topic(
        "follower.replication.throttled.replicas",
        Kind::List(&[]),
        "",
        "Replicas whose follower's side is throttled.",
    )
    .inert(NO_REPLICAS),
    topic(
        "file.delete.delay.ms",
        Kind::Long(Unit::Milliseconds, 0, LONG),
        "60000",
        "How long the files of a deleted segment stay on disk under another name; those of a deleted topic go at once.",
    )
    .from(&[same("log.segment.delete.delay.ms")]),
    topic(
        "segment.index.bytes",
        Kind::Int(Unit::Bytes, 4, INT),
        "10485760",
        "Largest size of an index file.",
    )
    .from(&[same("log.index.size.max.bytes")])
    .inert("an index grows with its segment"),
    topic(
        "segment.jitter.ms",
        Kind::Long(Unit::Milliseconds, 0, LONG),
        "0",
        "Random time by which segment.ms is shortened, so that partitions do not roll at once.",
    )
    .from(&[same("log.roll.jitter.ms"), hours("log.roll.jitter.hours")])
    .inert("segments are prepared ahead, so that rolling costs little"),
    topic(
        "remote.storage.enable",
        Kind::Bool,
        "false",
        "Whether old segments go to an object store.",
    )
    .refused(NO_TIERS),
    topic(
        "local.retention.ms",
        Kind::Long(Unit::Milliseconds, -2, LONG),
        "-2",
        "Age at which a segment that is in the object store leaves this disk.",
    )
    .inert(NO_TIERS),
    topic(
        "local.retention.bytes",
        Kind::Long(Unit::Bytes, -2, LONG),
        "-2",
        "Size above which segments that are in the object store leave this disk.",
    )
    .inert(NO_TIERS),
    topic(
        "remote.log.copy.disable",
        Kind::Bool,
        "false",
        "Whether no more segments go to the object store.",
    )
    .inert(NO_TIERS),
    topic(
        "remote.log.delete.on.disable",
        Kind::Bool,
        "false",
        "Whether segments in the object store go when tiering is switched off.",
    )
    .inert(NO_TIERS),
];
