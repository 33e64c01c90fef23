//! The typed settings of groups and transactions.

use super::values::Stated;

/// What coordinators obey. Names and units as Kafka's settings have them.
#[derive(Clone, Debug, PartialEq)]
pub struct CoordinationConfig {
    /// `offsets.topic.num.partitions`.
    pub offsets_topic_partitions: i32,
    /// `offsets.topic.segment.bytes`.
    pub offsets_segment_bytes: u64,
    /// `offsets.retention.minutes`.
    pub offsets_retention_minutes: u64,
    /// `offsets.retention.check.interval.ms`.
    pub offsets_retention_check_ms: u64,
    /// `offset.metadata.max.bytes`.
    pub offset_metadata_bytes_max: usize,
    /// `group.initial.rebalance.delay.ms`.
    pub group_initial_rebalance_delay_ms: u64,
    /// `group.min.session.timeout.ms`.
    pub group_session_timeout_min_ms: i32,
    /// `group.max.session.timeout.ms`.
    pub group_session_timeout_max_ms: i32,
    /// `group.max.size`.
    pub group_members_max: usize,
    /// `group.consumer.heartbeat.interval.ms`.
    pub consumer_heartbeat_interval_ms: i32,
    /// `group.consumer.session.timeout.ms`.
    pub consumer_session_timeout_ms: u64,
    /// `group.consumer.max.size`.
    pub consumer_members_max: usize,
    /// `group.consumer.assignors`, in order.
    pub consumer_assignors: Vec<String>,
    /// `group.consumer.migration.policy`.
    pub consumer_migration_policy: String,
    /// `transaction.state.log.num.partitions`.
    pub transactions_topic_partitions: i32,
    /// `transaction.state.log.segment.bytes`.
    pub transactions_segment_bytes: u64,
    /// `transaction.max.timeout.ms`.
    pub transaction_timeout_max_ms: i32,
    /// `transaction.abort.timed.out.transaction.cleanup.interval.ms`.
    pub transaction_abort_check_ms: u64,
    /// `transactional.id.expiration.ms`.
    pub transactional_id_expiration_ms: u64,
    /// `transaction.remove.expired.transaction.cleanup.interval.ms`.
    pub transactional_id_check_ms: u64,
}

impl CoordinationConfig {
    pub(super) fn of(values: &Stated) -> Self {
        let text = |name| values.text(name).unwrap_or_default();
        let words = |name| text(name).split(',').map(|word| word.trim().to_owned()).collect();
        Self {
            offsets_topic_partitions: values.number("offsets.topic.num.partitions"),
            offsets_segment_bytes: values.number("offsets.topic.segment.bytes"),
            offsets_retention_minutes: values.number("offsets.retention.minutes"),
            offsets_retention_check_ms: values.number("offsets.retention.check.interval.ms"),
            offset_metadata_bytes_max: values.number("offset.metadata.max.bytes"),
            group_initial_rebalance_delay_ms: values.number("group.initial.rebalance.delay.ms"),
            group_session_timeout_min_ms: values.number("group.min.session.timeout.ms"),
            group_session_timeout_max_ms: values.number("group.max.session.timeout.ms"),
            group_members_max: values.number("group.max.size"),
            consumer_heartbeat_interval_ms: values.number("group.consumer.heartbeat.interval.ms"),
            consumer_session_timeout_ms: values.number("group.consumer.session.timeout.ms"),
            consumer_members_max: values.number("group.consumer.max.size"),
            consumer_assignors: words("group.consumer.assignors"),
            consumer_migration_policy: text("group.consumer.migration.policy").to_owned(),
            transactions_topic_partitions: values.number("transaction.state.log.num.partitions"),
            transactions_segment_bytes: values.number("transaction.state.log.segment.bytes"),
            transaction_timeout_max_ms: values.number("transaction.max.timeout.ms"),
            transaction_abort_check_ms: values
                .number("transaction.abort.timed.out.transaction.cleanup.interval.ms"),
            transactional_id_expiration_ms: values.number("transactional.id.expiration.ms"),
            transactional_id_check_ms: values
                .number("transaction.remove.expired.transaction.cleanup.interval.ms"),
        }
    }
}
