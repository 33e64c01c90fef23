//! What of a log could be cleaned, and whether it is worth it: as Kafka's `LogCleanerManager` sees it.
//!
//! ```text
//! [ clean | cleanable ............................... | not cleanable ]
//!         first dirty                    cleanable upto
//! ```
//!
//! Not cleanable is the segment that is appended to; one with something that readers of committed records cannot see,
//! or that would have to be put back by the journal; one with a record younger than `min.compaction.lag.ms`; and
//! everything behind.

use super::super::segments::Segment;
use super::super::{Health, Log};
use crate::config::topic::TopicConfig;
use crate::model::Offset;

/// What a topic wants of compaction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// `min.cleanable.dirty.ratio`.
    pub dirty_ratio_min: f64,
    /// `delete.retention.ms`.
    pub delete_retention_ms: u64,
    /// `min.compaction.lag.ms`.
    pub lag_ms_min: u64,
    /// `max.compaction.lag.ms`.
    pub lag_ms_max: u64,
}

impl Policy {
    /// Of a topic with these settings, if it is compacted at all.
    pub fn of(config: &TopicConfig) -> Option<Self> {
        config.cleanup_compact.then_some(Policy {
            dirty_ratio_min: config.min_cleanable_dirty_ratio,
            delete_retention_ms: config.delete_retention_ms,
            lag_ms_min: config.min_compaction_lag_ms,
            lag_ms_max: config.max_compaction_lag_ms,
        })
    }
}

/// A log and what could be cleaned of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cleanable {
    /// Cleaned before, in bytes.
    pub clean_bytes: u64,
    /// To be cleaned, in bytes.
    pub dirty_bytes: u64,
    /// Where that begins.
    pub first_dirty: Offset,
    /// Where it ends: the base offset of a segment.
    pub upto: Offset,
    /// The oldest of it is older than `max.compaction.lag.ms`.
    pub is_overdue: bool,
}

impl Cleanable {
    /// The part of it that is dirty, from 0 to 1.
    pub fn dirty_ratio(&self) -> f64 {
        let total = self.clean_bytes + self.dirty_bytes;
        if total == 0 { 0.0 } else { self.dirty_bytes as f64 / total as f64 }
    }

    /// Whether it is worth to be cleaned now.
    pub fn is_due(&self, policy: &Policy) -> bool {
        (self.is_overdue && self.dirty_bytes > 0) || self.dirty_ratio() > policy.dirty_ratio_min
    }
}

impl Log {
    /// What could be cleaned, of what readers of committed records see before `stable`. Nothing of a log that
    /// does not serve, or that the cleaner has given up.
    pub fn cleanable(&self, policy: &Policy, stable: Offset, unix_ms: i64) -> Option<Cleanable> {
        let serves = matches!(self.health, Health::Serving | Health::Full { .. });
        if !serves || self.compaction.is_given_up() {
            return None;
        }
        let noted = self.compaction.note().first_dirty;
        let is_valid = noted >= self.log_start && noted <= self.marks.appended().offset;
        let first_dirty = if is_valid { noted } else { self.log_start };
        let count = self.cleanable_segments(policy, first_dirty, stable, unix_ms);
        let segments = || self.segments.iter().take(count);
        // It may begin in the middle of a segment.
        let dirty_from = |segment: &&Segment| segment.index.upto() > first_dirty;
        let bytes = |segment: &Segment| segment.end().0;
        let overdue_before = unix_ms.saturating_sub_unsigned(policy.lag_ms_max);
        let is_old = |segment: &Segment| {
            let oldest = segment.index.first_timestamp_ms();
            oldest > 0 && oldest < overdue_before
        };
        Some(Cleanable {
            clean_bytes: segments().filter(|segment| segment.base < first_dirty).map(bytes).sum(),
            dirty_bytes: segments().filter(dirty_from).map(bytes).sum(),
            first_dirty,
            upto: self.segments[count].base,
            is_overdue: segments().filter(dirty_from).any(is_old),
        })
    }

    /// How many of the oldest segments may be cleaned: the last one never.
    fn cleanable_segments(
        &self,
        policy: &Policy,
        first_dirty: Offset,
        stable: Offset,
        unix_ms: i64,
    ) -> usize {
        let stable = stable.min(self.marks.durable().offset);
        let floor = self.retained.floor();
        let young_from = unix_ms.saturating_sub_unsigned(policy.lag_ms_min);
        let can_be = |segment: &&Segment| {
            let is_young = policy.lag_ms_min > 0
                && segment.index.upto() > first_dirty
                && segment.index.max_timestamp_ms() > young_from;
            segment.is_sealed()
                && segment.base < floor
                && segment.index.next_offset() <= stable
                && !is_young
        };
        self.segments.iter().take(self.segments.len() - 1).take_while(can_be).count()
    }

    /// Whether sealed segments wait for a checkpoint of the journal to be cleaned.
    pub fn awaits_checkpoint_to_clean(&self) -> bool {
        let floor = self.retained.floor();
        let dirty = self.compaction.note().first_dirty;
        let waits = |segment: &Segment| {
            segment.is_sealed() && segment.base >= floor && segment.index.upto() > dirty
        };
        self.segments.iter().rev().skip(1).take(2).any(waits)
    }
}
