//! From the broker's settings to what the state machines obey.

use std::time::Duration;

use crate::broker::groups::settings::{Assignor, MigrationPolicy, Settings as GroupSettings};
use crate::broker::txn::settings::Settings as TransactionSettings;
use crate::config::coordination::CoordinationConfig;

pub(super) fn groups(config: &CoordinationConfig) -> GroupSettings {
    let assignors = config.consumer_assignors.iter().filter_map(|name| assignor(name));
    GroupSettings {
        session_timeout_min_ms: config.group_session_timeout_min_ms,
        session_timeout_max_ms: config.group_session_timeout_max_ms,
        initial_rebalance_delay: Duration::from_millis(config.group_initial_rebalance_delay_ms),
        members_max: config.group_members_max,
        metadata_bytes_max: config.offset_metadata_bytes_max,
        offsets_retention: Duration::from_secs(config.offsets_retention_minutes * 60),
        retention_check_interval: Duration::from_millis(config.offsets_retention_check_ms),
        consumer_session_timeout: Duration::from_millis(config.consumer_session_timeout_ms),
        consumer_heartbeat_interval_ms: config.consumer_heartbeat_interval_ms,
        consumer_members_max: config.consumer_members_max,
        consumer_assignors: assignors.collect(),
        migration_policy: match config.consumer_migration_policy.as_str() {
            "disabled" => MigrationPolicy::Disabled,
            "upgrade" => MigrationPolicy::Upgrade,
            "downgrade" => MigrationPolicy::Downgrade,
            _ => MigrationPolicy::Bidirectional,
        },
        ..GroupSettings::default()
    }
}

fn assignor(name: &str) -> Option<Assignor> {
    [Assignor::Uniform, Assignor::Range].into_iter().find(|assignor| assignor.name() == name)
}

pub(super) fn transactions(config: &CoordinationConfig) -> TransactionSettings {
    TransactionSettings {
        transaction_max_timeout_ms: config.transaction_timeout_max_ms,
        transactional_id_expiration_ms: config.transactional_id_expiration_ms as i64,
        ..TransactionSettings::default()
    }
}
