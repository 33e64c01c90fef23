//! Settings of a topic that change while its partitions are in use.

use super::Shard;
use super::letters::PartitionSettings;
use super::partition::Partition;
use crate::log::LogSettings;
use crate::model::PartitionKey;

impl Shard {
    /// The settings of a partition's topic have changed.
    pub fn change(&mut self, key: PartitionKey, settings: PartitionSettings, log: LogSettings) {
        let Some(&slot) = self.by_key.get(&key) else { return };
        self.slots[slot as usize].change(settings, log);
        self.mark_dirty(slot);
    }
}

impl Partition {
    /// Who waits already goes on waiting for what was promised then.
    fn change(&mut self, settings: PartitionSettings, log: LogSettings) {
        self.shown = self.visible();
        self.settings = settings;
        self.log.change(log);
        self.log.want_durable(self.log.marks().appended().offset);
    }
}
