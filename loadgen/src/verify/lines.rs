//! The ledger for the lines of a file. Lines carry no stamp: they are sent as they are. So they are
//! compared as a multiset of (key, value), and their order within a key by their place in the file.
//! Two equal lines cannot be told apart; nobody could.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::rc::Rc;

use super::ReadRecord;
use super::bits::Bits;
use super::placement::Placement;
use crate::batch::Span;
use crate::input::{Input, InputRecord};
use crate::result::VerifyCounts;

pub struct Lines {
    input: Rc<Input>,
    hasher: RandomState,
    /// By hash of key and value: lines not seen yet, the next one last.
    unseen: HashMap<u64, Vec<u32>>,
    /// By hash of the key: one more than the highest line seen.
    next: HashMap<u64, u32>,
    acked: Bits,
    seen: Bits,
    placement: Placement,
}

impl Lines {
    pub fn new(input: Rc<Input>) -> Self {
        let hasher = RandomState::new();
        let mut unseen: HashMap<u64, Vec<u32>> = HashMap::new();
        for line in (0..input.lines()).rev() {
            let record = input.record(line);
            unseen.entry(hasher.hash_one((record.key, record.value))).or_default().push(line);
        }
        Lines {
            input,
            hasher,
            unseen,
            next: HashMap::new(),
            acked: Bits::default(),
            seen: Bits::default(),
            placement: Placement::default(),
        }
    }

    pub fn acked(&mut self, producer: usize, partition: u32, base_offset: i64, spans: &[Span]) {
        for span in spans {
            for sequence in span.sequences() {
                self.acked.insert(u64::from(self.input.line(producer, sequence)));
            }
        }
        if base_offset >= 0 {
            let first = self.input.line(producer, spans[0].first);
            self.placement.promise(partition, base_offset, u64::from(first));
        }
    }

    pub fn read(&mut self, record: &ReadRecord<'_>, counts: &mut VerifyCounts) {
        let found = InputRecord { key: record.key, value: record.value };
        let promised = self.placement.promised_at(record.partition, record.offset);
        if promised.is_some_and(|line| self.input.record(line as u32) != found) {
            counts.misplaced += 1;
        }
        let Some(unseen) = self.unseen.get_mut(&self.hasher.hash_one((record.key, record.value)))
        else {
            counts.altered += 1;
            return;
        };
        let Some(line) = unseen.pop() else {
            counts.duplicated += 1;
            return;
        };
        self.seen.insert(u64::from(line));
        if !self.acked.contains(u64::from(line)) {
            counts.unacknowledged_present += 1;
        }
        // Without a key a record may go to any partition: there is no order to keep.
        if let Some(key) = record.key {
            let next = self.next.entry(self.hasher.hash_one(key)).or_default();
            match line < *next {
                true => counts.reordered += 1,
                false => *next = line + 1,
            }
        }
    }

    pub fn finish(&self, counts: &mut VerifyCounts) {
        counts.lost = self.acked.count_missing_in(&self.seen);
    }
}
