//! What a journal says of itself when it is measured.

use super::Journal;
use crate::metrics::counters::Journaled;
use crate::metrics::sheet::Sheet;
use crate::metrics::table::Metric;

impl Journal {
    /// Says what it has done, and what room it has.
    pub(in crate::shard) fn say(&self, shard: &str, sheet: &mut Sheet) {
        let Journaled { commits, frame_bytes, extent_bytes, rounds, full } = self.counted;
        for (metric, number) in [
            (Metric::JournalLive, self.ring.live_bytes()),
            (Metric::JournalCapacity, self.ring.capacity_bytes()),
            (Metric::JournalCommits, commits),
            (Metric::JournalFrameBytes, frame_bytes),
            (Metric::JournalExtentBytes, extent_bytes),
            (Metric::JournalRounds, rounds),
            (Metric::JournalRunning, u64::from(!self.tidy.is_idle())),
            (Metric::JournalFull, full),
        ] {
            sheet.add(metric, &[shard], number);
        }
    }
}
