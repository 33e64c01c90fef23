//! One producer's way to one partition: the batch being filled, batches that wait, batches to be sent
//! again, and how many are under way. Keeps order: a batch that failed is sent again before anything
//! newer, and alone, once everything under way has been answered.
//!
//! Must not know brokers or connections.

use std::collections::VecDeque;

use headwater_io::clock::Nanos;
use headwater_protocol::batch::builder;
use headwater_protocol::batch::compression::Compression;

use crate::batch::{Batch, Buffers, Building, sequence_after};
use crate::client::identity::Identity;

/// See the module.
pub struct Lane {
    /// Where it leads.
    pub partition: u32,
    /// The batch being filled.
    pub building: Building,
    /// It has been filled long enough: it may be sent though it is not full.
    pub building_is_due: bool,
    /// It stands in the queue of its broker.
    pub is_queued: bool,
    sealed: VecDeque<Batch>,
    retry: VecDeque<Batch>,
    in_flight: u32,
    /// Batches failed and others are still under way.
    resolving: bool,
    /// A batch that failed before is under way, alone.
    probing: bool,
    not_before: Nanos,
    next_number: u64,
    next_sequence: i32,
}

impl Lane {
    /// An empty one.
    pub fn new(partition: u32, compression: Compression, is_transactional: bool) -> Self {
        Lane {
            partition,
            building: Building::new(compression, is_transactional),
            building_is_due: false,
            is_queued: false,
            sealed: VecDeque::new(),
            retry: VecDeque::new(),
            in_flight: 0,
            resolving: false,
            probing: false,
            not_before: Nanos(0),
            next_number: 0,
            next_sequence: 0,
        }
    }

    /// Number of the batch being filled.
    pub fn building_number(&self) -> u64 {
        self.next_number
    }

    /// Ends the batch being filled.
    pub fn seal(&mut self, identity: Option<Identity>, buffers: &mut Buffers) {
        let records = self.building.records();
        let producer = match identity {
            Some(Identity { id, epoch }) => {
                builder::Producer { id, epoch, base_sequence: self.next_sequence }
            }
            None => builder::Producer::NONE,
        };
        let batch = self.building.seal(self.partition, self.next_number, producer, buffers);
        self.sealed.push_back(batch);
        self.next_number += 1;
        self.next_sequence = sequence_after(self.next_sequence, records);
        self.building_is_due = false;
    }

    /// Whether a batch could be sent now.
    pub fn is_ready(&self, now: Nanos) -> bool {
        if self.resolving || self.probing {
            return false;
        }
        match self.retry.is_empty() {
            false => self.in_flight == 0 && now >= self.not_before,
            true => !self.sealed.is_empty() || self.has_due_building(),
        }
    }

    /// Bytes of the batch that [`Lane::take`] would give.
    pub fn next_bytes(&self) -> usize {
        let waiting = self.retry.front().or(self.sealed.front());
        waiting.map_or_else(|| self.building.bytes_with(None, &[]), |batch| batch.bytes.len())
    }

    /// The next batch to send, if one may be sent now.
    pub fn take(
        &mut self,
        now: Nanos,
        identity: Option<Identity>,
        buffers: &mut Buffers,
    ) -> Option<Batch> {
        if !self.is_ready(now) {
            return None;
        }
        if self.retry.is_empty() && self.sealed.is_empty() {
            self.seal(identity, buffers);
        }
        self.in_flight += 1;
        self.probing = !self.retry.is_empty();
        self.retry.pop_front().or_else(|| self.sealed.pop_front())
    }

    /// A batch under way was answered for good.
    pub fn settled(&mut self) {
        self.in_flight -= 1;
        self.resolve();
    }

    /// A batch under way must be sent again, at `not_before` at the earliest.
    pub fn failed(&mut self, mut batch: Batch, not_before: Nanos) {
        batch.retried = true;
        let place = self.retry.partition_point(|other| other.number < batch.number);
        self.retry.insert(place, batch);
        self.in_flight -= 1;
        self.resolving = true;
        self.not_before = not_before;
        self.resolve();
    }

    /// Whether batches failed and others are still under way: nothing is sent until they are answered.
    pub fn is_resolving(&self) -> bool {
        self.resolving
    }

    /// Whether anything is to be sent again.
    pub fn has_retries(&self) -> bool {
        !self.retry.is_empty()
    }

    /// Nothing waits and nothing is under way.
    pub fn is_empty(&self) -> bool {
        let waits = self.building.records() > 0 || !self.sealed.is_empty() || self.has_retries();
        !waits && self.in_flight == 0
    }

    /// Begins to count sequences anew, under another identity.
    pub fn renumber(&mut self, identity: Identity) {
        self.next_sequence = 0;
        for batch in self.retry.iter_mut().chain(&mut self.sealed) {
            batch.renumber(identity, self.next_sequence);
            self.next_sequence = sequence_after(self.next_sequence, batch.records);
        }
    }

    /// Takes out what waited for longer than allowed, oldest first.
    pub fn take_expired(&mut self, opened_before: Nanos) -> Vec<Batch> {
        let mut expired = Vec::new();
        for queue in [&mut self.retry, &mut self.sealed] {
            while queue.front().is_some_and(|batch| batch.opened_at < opened_before) {
                expired.extend(queue.pop_front());
            }
        }
        expired
    }

    /// Takes out everything that is not under way and was never sent.
    pub fn take_unsent(&mut self, identity: Option<Identity>, buffers: &mut Buffers) -> Vec<Batch> {
        if self.building.records() > 0 {
            self.seal(identity, buffers);
        }
        self.sealed.drain(..).collect()
    }

    fn has_due_building(&self) -> bool {
        self.building_is_due && self.building.records() > 0
    }

    fn resolve(&mut self) {
        if self.in_flight == 0 {
            (self.resolving, self.probing) = (false, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Option<Identity> = Some(Identity { id: 1, epoch: 0 });

    fn lane_with(batches: u64, buffers: &mut Buffers) -> Lane {
        let mut lane = Lane::new(0, Compression::None, false);
        for sequence in 0..batches {
            lane.building.push(sequence, 0, None, b"x", Nanos(sequence));
            lane.seal(ID, buffers);
        }
        lane
    }

    #[test]
    fn an_unfilled_batch_waits_until_it_is_due() {
        let mut buffers = Buffers::default();
        let mut lane = Lane::new(0, Compression::None, false);
        lane.building.push(0, 0, None, b"x", Nanos(0));
        assert!(lane.take(Nanos(0), ID, &mut buffers).is_none());
        lane.building_is_due = true;
        assert_eq!(lane.take(Nanos(0), ID, &mut buffers).unwrap().records, 1);
        assert!(!lane.is_empty());
        lane.settled();
        assert!(lane.is_empty());
    }

    #[test]
    fn after_a_failure_order_is_kept() {
        let mut buffers = Buffers::default();
        let mut lane = lane_with(4, &mut buffers);
        let mut taken: Vec<Batch> =
            (0..3).map(|_| lane.take(Nanos(0), ID, &mut buffers).unwrap()).collect();
        // The last two fail, answered in any order; the first succeeds.
        lane.failed(taken.pop().unwrap(), Nanos(50));
        assert!(lane.take(Nanos(99), ID, &mut buffers).is_none(), "others are still under way");
        lane.failed(taken.pop().unwrap(), Nanos(60));
        lane.settled();
        assert!(lane.take(Nanos(59), ID, &mut buffers).is_none(), "too soon");
        for (number, retried) in [(1, true), (2, true), (3, false)] {
            let batch = lane.take(Nanos(60), ID, &mut buffers).unwrap();
            assert_eq!(
                (batch.number, batch.retried, batch.base_sequence),
                (number, retried, number as i32)
            );
            if retried {
                assert!(lane.take(Nanos(60), ID, &mut buffers).is_none(), "retries go alone");
            }
            lane.settled();
        }
        assert!(lane.is_empty());
    }

    #[test]
    fn a_new_identity_counts_from_zero() {
        let mut buffers = Buffers::default();
        let mut lane = lane_with(3, &mut buffers);
        lane.take(Nanos(0), ID, &mut buffers).unwrap();
        let second = lane.take(Nanos(0), ID, &mut buffers).unwrap();
        lane.settled();
        lane.failed(second, Nanos(0));
        lane.renumber(Identity { id: 2, epoch: 0 });
        for sequence in 0..2 {
            let batch = lane.take(Nanos(0), ID, &mut buffers).unwrap();
            assert_eq!(batch.base_sequence, sequence);
            lane.settled();
        }
    }

    #[test]
    fn what_waited_too_long_comes_out() {
        let mut buffers = Buffers::default();
        let mut lane = lane_with(3, &mut buffers);
        assert_eq!(lane.take_expired(Nanos(2)).len(), 2);
        assert_eq!(lane.take_unsent(ID, &mut buffers).len(), 1);
        assert!(lane.is_empty());
    }
}
