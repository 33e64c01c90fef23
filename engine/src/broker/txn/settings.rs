//! The settings that a transaction coordinator reads, and its limits.

use std::time::Duration;

/// As configured; Kafka's names, Kafka's defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `transaction.max.timeout.ms`: a producer may not ask for more.
    pub transaction_max_timeout_ms: i32,
    /// `transactional.id.expiration.ms`: an idle transactional id is forgotten after this.
    pub transactional_id_expiration_ms: i64,
    /// The largest record, key and value, that the log takes; a write of several records stays below, too.
    pub record_bytes_max: usize,
    /// Transactional ids that one partition remembers, about 500 bytes each.
    pub transactional_ids_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            transaction_max_timeout_ms: 900_000,
            transactional_id_expiration_ms: 7 * 24 * 3_600_000,
            record_bytes_max: 1_000_000,
            transactional_ids_max: 100_000,
        }
    }
}

/// How long until a marker that a partition refused, or a record that the log refused, is tried again.
pub(super) const RETRY: Duration = Duration::from_millis(500);
/// Timers served in one turn: the next turn follows at once.
pub(super) const TIMERS_PER_TURN: usize = 128;
