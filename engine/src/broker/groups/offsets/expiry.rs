//! Forgetting offsets because nobody has wanted them for long enough.
//!
//! While a group has members, the offsets of topics that it still reads stay; without members all of them
//! expire `offsets.retention.minutes` after the last member left. A group of clients without membership counts
//! from each commit.

use super::delete::tombstone;
use super::{Committed, Offsets};
use crate::broker::groups::group::Group;
use crate::broker::groups::topics::Topics;
use crate::broker::groups::turn::Step;

/// Tombstones of one batch: about 100 KiB.
const AT_ONCE: usize = 1000;

/// With so many a batch is worth writing before the next group is looked at.
pub(in crate::broker::groups) const ENOUGH: usize = AT_ONCE / 2;

/// What a look at a group's offsets has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::broker::groups) enum Found {
    /// Some stay.
    Kept,
    /// There will be none.
    AllGone,
    /// The batch is full: look at the same group again.
    More,
}

/// Since when the retention of a group's offsets counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::broker::groups) enum Since {
    /// The group is in use in a way that keeps all of them.
    Never,
    /// Each from its own commit.
    Commit,
    /// All from this wall-clock time.
    Ms(i64),
}

/// Adds a tombstone for each offset that has expired.
pub(in crate::broker::groups) fn expire<W: Copy>(
    group: &Group<W>,
    id: &str,
    (offsets, existing): (&Offsets, &Topics),
    step: &mut Step<'_, W>,
) -> Found {
    let pending = offsets.pending_of(id).next().is_some();
    let since = group.retention_since();
    let mut kept = pending;
    for (topic, partitions) in offsets.of(id).into_iter().flatten() {
        if since == Since::Never || group.is_subscribed(topic, existing) {
            kept = true;
            continue;
        }
        for (partition, committed) in partitions {
            if !has_expired(committed, since, step) || offsets.is_pending(id, topic, *partition) {
                kept = true;
            } else if step.entries.len() < AT_ONCE {
                step.entries.push(tombstone(id, topic, *partition));
            } else {
                return Found::More;
            }
        }
    }
    if kept { Found::Kept } else { Found::AllGone }
}

fn has_expired<W>(committed: &Committed, since: Since, step: &Step<'_, W>) -> bool {
    let now = step.at.unix_ms;
    if let Some(expire_ms) = committed.value.expire_ms {
        return now >= expire_ms;
    }
    let since = match since {
        Since::Never => return false,
        Since::Commit => committed.value.commit_ms,
        Since::Ms(ms) => ms,
    };
    let retention_ms =
        i64::try_from(step.settings.offsets_retention.as_millis()).unwrap_or(i64::MAX);
    now.saturating_sub(since) >= retention_ms
}
