//! What a shard says of itself when it is measured.

use super::Shard;
use super::partition::Partition;
use crate::log::Health;
use crate::metrics::facts::PartitionFacts;
use crate::metrics::sheet::Sheet;
use crate::metrics::table::Metric;

impl Shard {
    /// Says what is known without looking at the partitions.
    pub fn say(&self, shard: &str, sheet: &mut Sheet) {
        let usage = self.pool.usage();
        sheet.add(Metric::PoolUsed, &[shard], usage.in_use_bytes as u64);
        sheet.add(Metric::PoolFree, &[shard], usage.free_bytes as u64);
        let scrubbed = self.scrubbed_so_far();
        sheet.add(Metric::ScrubBytes, &[shard], scrubbed.bytes);
        sheet.add(Metric::ScrubSegments, &[shard], scrubbed.segments);
        sheet.add(Metric::ScrubDamages, &[shard], scrubbed.damages);
        self.say_cleaned(shard, sheet);
        if let Some(journal) = &self.journal {
            journal.say(shard, sheet);
        }
    }

    fn say_cleaned(&self, shard: &str, sheet: &mut Sheet) {
        let cleaned = self.cleaned_so_far();
        let busy_ns = u64::try_from(cleaned.busy.as_nanos()).unwrap_or(u64::MAX);
        for (metric, value) in [
            (Metric::CleanerRuns, cleaned.runs),
            (Metric::CleanerFailures, cleaned.failures),
            (Metric::CleanerTime, busy_ns),
            (Metric::CleanerMoved, cleaned.tally.moved_bytes),
            (Metric::CleanerCleaned, cleaned.tally.cleaned_bytes),
            (Metric::CleanerWritten, cleaned.tally.written_bytes),
            (Metric::CleanerRecords, cleaned.tally.records),
            (Metric::CleanerKept, cleaned.tally.kept_records),
            (Metric::CleanerDirty, cleaned.dirty_bytes),
            (Metric::CleanerDirtyRatio, (cleaned.dirty_ratio_max * 100.0).round() as u64),
            (Metric::CleanerGivenUp, cleaned.uncleanable),
        ] {
            sheet.add(metric, &[shard], value);
        }
    }

    /// Partitions from a slot on, `max` slots of them, and the slot to go on from.
    pub fn facts(&self, from: usize, max: usize, into: &mut Vec<PartitionFacts>) -> Option<usize> {
        let (end, all) = (from + max, self.slots.capacity());
        let partitions = (from..end.min(all)).filter_map(|slot| self.slots.get(slot));
        into.extend(partitions.filter(|partition| !partition.released).map(Partition::facts));
        (end < all).then_some(end)
    }
}

impl Partition {
    fn facts(&self) -> PartitionFacts {
        PartitionFacts {
            key: self.key,
            high_watermark: self.visible().offset,
            log_bytes: self.log.size_bytes(),
            flow: self.flow,
            is_offline: matches!(self.log.health(), Health::Failed(_) | Health::Quarantined(_)),
        }
    }
}
