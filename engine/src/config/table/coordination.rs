//! Kafka's settings of groups and transactions that mean something here.

use super::{INT, broker};
use crate::config::setting::{Kind, Setting, Unit};

const MS: Unit = Unit::Milliseconds;

pub(super) static SETTINGS: &[Setting] = &[
    broker(
        "offsets.topic.num.partitions",
        Kind::Int(Unit::Count, 1, 10_000),
        "50",
        "Partitions of `__consumer_offsets`, when it is made; groups are spread over them.",
    ),
    broker(
        "offsets.topic.segment.bytes",
        Kind::Int(Unit::Bytes, 1_048_576, INT),
        "104857600",
        "Size of a segment of `__consumer_offsets`, when it is made.",
    ),
    broker(
        "offsets.retention.minutes",
        Kind::Int(Unit::Minutes, 1, INT),
        "10080",
        "How long a group's offsets outlive it.",
    ),
    broker(
        "offsets.retention.check.interval.ms",
        Kind::Long(MS, 1, INT),
        "600000",
        "How often offsets are looked for that have outlived their groups.",
    ),
    broker(
        "offset.metadata.max.bytes",
        Kind::Int(Unit::Bytes, 0, INT),
        "4096",
        "Longest note that a client may leave with an offset.",
    ),
    broker(
        "group.initial.rebalance.delay.ms",
        Kind::Int(MS, 0, INT),
        "3000",
        "How long a new group waits for more members before its first assignment.",
    ),
    broker(
        "group.min.session.timeout.ms",
        Kind::Int(MS, 1, INT),
        "6000",
        "Shortest session that a member may ask for.",
    ),
    broker(
        "group.max.session.timeout.ms",
        Kind::Int(MS, 1, INT),
        "1800000",
        "Longest session that a member may ask for.",
    ),
    broker(
        "group.max.size",
        Kind::Int(Unit::Count, 1, INT),
        "2147483647",
        "Most members of a group.",
    ),
    broker(
        "group.consumer.heartbeat.interval.ms",
        Kind::Int(MS, 1, INT),
        "5000",
        "How often a member of a consumer group (KIP-848) reports.",
    ),
    broker(
        "group.consumer.session.timeout.ms",
        Kind::Int(MS, 1, INT),
        "45000",
        "Silence after which a member of a consumer group is removed.",
    ),
    broker(
        "group.consumer.max.size",
        Kind::Int(Unit::Count, 1, INT),
        "2147483647",
        "Most members of a consumer group.",
    ),
    broker(
        "group.consumer.assignors",
        Kind::List(&["uniform", "range"]),
        "uniform,range",
        "Ways in which the broker assigns partitions; the first is the default.",
    ),
    broker(
        "group.consumer.migration.policy",
        Kind::Choice(&["disabled", "upgrade", "downgrade", "bidirectional"]),
        "bidirectional",
        "Whether groups change their protocol with their members.",
    ),
    broker(
        "transaction.state.log.num.partitions",
        Kind::Int(Unit::Count, 1, 10_000),
        "50",
        "Partitions of `__transaction_state`, when it is made; transactional ids are spread over them.",
    ),
    broker(
        "transaction.state.log.segment.bytes",
        Kind::Int(Unit::Bytes, 1_048_576, INT),
        "104857600",
        "Size of a segment of `__transaction_state`, when it is made.",
    ),
    broker(
        "transaction.max.timeout.ms",
        Kind::Int(MS, 1, INT),
        "900000",
        "Longest transaction that a producer may ask for.",
    ),
    broker(
        "transaction.abort.timed.out.transaction.cleanup.interval.ms",
        Kind::Int(MS, 1, INT),
        "10000",
        "How often transactions are looked for that have been open for too long.",
    ),
    broker(
        "transactional.id.expiration.ms",
        Kind::Int(MS, 1, INT),
        "604800000",
        "How long an unused transactional id is remembered.",
    ),
    broker(
        "transaction.remove.expired.transaction.cleanup.interval.ms",
        Kind::Int(MS, 1, INT),
        "3600000",
        "How often transactional ids are looked for that are unused.",
    ),
];
