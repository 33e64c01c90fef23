//! The settings of Kafka that groups obey, typed; where they come from is not known here.

use std::time::Duration;

/// Whether classic groups become consumer groups and back while members change over (KIP-848).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "Kafka's own words")]
pub enum MigrationPolicy {
    Disabled,
    Upgrade,
    Downgrade,
    Bidirectional,
}

impl MigrationPolicy {
    /// Whether a classic group may become a consumer group.
    pub fn upgrades(self) -> bool {
        matches!(self, MigrationPolicy::Upgrade | MigrationPolicy::Bidirectional)
    }

    /// Whether a consumer group may become a classic group.
    pub fn downgrades(self) -> bool {
        matches!(self, MigrationPolicy::Downgrade | MigrationPolicy::Bidirectional)
    }
}

/// All of them. The default is Kafka's, except where Kafka has no limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `group.min.session.timeout.ms`.
    pub session_timeout_min_ms: i32,
    /// `group.max.session.timeout.ms`.
    pub session_timeout_max_ms: i32,
    /// `group.initial.rebalance.delay.ms`.
    pub initial_rebalance_delay: Duration,
    /// `group.max.size`.
    pub members_max: usize,
    /// `offset.metadata.max.bytes`.
    pub metadata_bytes_max: usize,
    /// `offsets.retention.minutes`.
    pub offsets_retention: Duration,
    /// `offsets.retention.check.interval.ms`.
    pub retention_check_interval: Duration,
    /// `group.consumer.session.timeout.ms`.
    pub consumer_session_timeout: Duration,
    /// `group.consumer.heartbeat.interval.ms`.
    pub consumer_heartbeat_interval_ms: i32,
    /// `group.consumer.max.size`.
    pub consumer_members_max: usize,
    /// `group.consumer.assignors`, the first is the default one.
    pub consumer_assignors: Vec<Assignor>,
    /// `group.consumer.migration.policy`.
    pub migration_policy: MigrationPolicy,
    /// Groups in one partition of `__consumer_offsets`, a limit of ours: about 2 KiB each when empty.
    pub groups_max: usize,
}

/// Who gets which partition, decided by the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignor {
    /// Every member as many as every other, and as few changes as possible.
    Uniform,
    /// Neighbouring partitions together, and the same ones of topics with as many partitions.
    Range,
}

impl Assignor {
    /// Kafka's name.
    pub fn name(self) -> &'static str {
        match self {
            Assignor::Uniform => "uniform",
            Assignor::Range => "range",
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            session_timeout_min_ms: 6_000,
            session_timeout_max_ms: 1_800_000,
            initial_rebalance_delay: Duration::from_secs(3),
            members_max: i32::MAX as usize,
            metadata_bytes_max: 4096,
            offsets_retention: Duration::from_secs(10_080 * 60),
            retention_check_interval: Duration::from_secs(600),
            consumer_session_timeout: Duration::from_secs(45),
            consumer_heartbeat_interval_ms: 5_000,
            consumer_members_max: i32::MAX as usize,
            consumer_assignors: vec![Assignor::Uniform, Assignor::Range],
            migration_policy: MigrationPolicy::Bidirectional,
            groups_max: 100_000,
        }
    }
}
