//! The ledger for generated records: each names itself by its stamp, so every kind of wrong can be
//! told from every other.

use super::ReadRecord;
use super::bits::Bits;
use super::placement::Placement;
use crate::batch::Span;
use crate::payload::{Pool, Stamp, read_stamp};
use crate::result::VerifyCounts;

pub struct Generated {
    pool: Pool,
    seed: u64,
    producers: Vec<Track>,
    placement: Placement,
}

#[derive(Clone, Default)]
struct Track {
    acked: Bits,
    seen: Bits,
    /// By partition: one more than the highest sequence seen.
    next: Vec<u64>,
}

impl Generated {
    pub fn new(pool: Pool, seed: u64, producers: usize) -> Self {
        let producers = vec![Track::default(); producers];
        Generated { pool, seed, producers, placement: Placement::default() }
    }

    pub fn acked(&mut self, producer: usize, partition: u32, base_offset: i64, spans: &[Span]) {
        for span in spans {
            for sequence in span.sequences() {
                self.producers[producer].acked.insert(sequence);
            }
        }
        if base_offset >= 0 {
            self.placement.promise(partition, base_offset, name(producer, spans[0].first));
        }
    }

    pub fn read(&mut self, record: &ReadRecord<'_>, counts: &mut VerifyCounts) {
        let stamp = read_stamp(record.value, self.seed);
        let found = stamp.filter(|stamp| stamp.producer < self.producers.len());
        let promised = self.placement.promised_at(record.partition, record.offset);
        let found_name = found.map(|stamp| name(stamp.producer, stamp.sequence));
        if promised.is_some() && promised != found_name {
            counts.misplaced += 1;
        }
        let Some(stamp) = found else {
            // It cannot be said which record this was: that one will be missing as well.
            counts.altered += 1;
            return;
        };
        let in_its_partition = stamp.partition == record.partition & 0xffff;
        if !in_its_partition || !self.pool.matches(&stamp, record.value) {
            counts.altered += 1;
        }
        self.judge_order(&stamp, record.partition, counts);
    }

    fn judge_order(&mut self, stamp: &Stamp, partition: u32, counts: &mut VerifyCounts) {
        let track = &mut self.producers[stamp.producer];
        if !track.seen.insert(stamp.sequence) {
            counts.duplicated += 1;
            return;
        }
        if !track.acked.contains(stamp.sequence) {
            counts.unacknowledged_present += 1;
        }
        let partition = partition as usize;
        if partition >= track.next.len() {
            track.next.resize(partition + 1, 0);
        }
        match stamp.sequence < track.next[partition] {
            true => counts.reordered += 1,
            false => track.next[partition] = stamp.sequence + 1,
        }
    }

    pub fn finish(&self, counts: &mut VerifyCounts) {
        counts.lost = self.producers.iter().map(|t| t.acked.count_missing_in(&t.seen)).sum();
    }
}

fn name(producer: usize, sequence: u64) -> u64 {
    (producer as u64) << 48 | sequence
}
