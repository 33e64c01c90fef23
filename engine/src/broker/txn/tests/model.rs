//! The partitions that transactions reach, as a map: what is open in them, and how it ended.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// The partitions of transactions, as far as transactions are concerned.
#[derive(Default)]
pub struct Partitions {
    /// Open transactions by partition and producer id, with the epoch that wrote.
    pub open: BTreeMap<(TopicPartition, i64), (i16, u64)>,
    /// The highest epoch that each producer id has shown.
    epochs: BTreeMap<(TopicPartition, i64), i16>,
    /// What became of transactions: partitions by number and kind of marker.
    pub ended: BTreeMap<(u64, bool), BTreeSet<TopicPartition>>,
}

impl Partitions {
    /// A record of a transaction; `false` when the partition knows a later epoch.
    pub fn write(
        &mut self,
        partition: &TopicPartition,
        who: ProducerIdAndEpoch,
        number: u64,
    ) -> bool {
        let key = (partition.clone(), who.producer_id);
        let epoch = self.epochs.entry(key.clone()).or_insert(who.producer_epoch);
        if who.producer_epoch < *epoch {
            return false;
        }
        *epoch = who.producer_epoch;
        let before = self.open.insert(key, (who.producer_epoch, number));
        assert!(before.is_none_or(|(_, open)| open == number), "two transactions became one");
        true
    }

    pub fn mark(&mut self, markers: &Markers, partition: &TopicPartition) {
        let key = (partition.clone(), markers.producer_id);
        let epoch = self.epochs.entry(key.clone()).or_insert(markers.producer_epoch);
        assert!(markers.producer_epoch >= *epoch, "a marker came after its time: {markers:?}");
        *epoch = markers.producer_epoch;
        if let Some((_, number)) = self.open.remove(&key) {
            self.ended.entry((number, markers.commit)).or_default().insert(partition.clone());
        }
    }
}
