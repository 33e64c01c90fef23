//! Records into batches: on schedule, or as fast as batches are wanted.

use headwater_io::clock::Nanos;

use super::{Producer, Shop};

/// Keys and values taken in one turn at most, so that answers are never left waiting for long.
const TURN_BYTES: u64 = 256 << 10;

impl Producer {
    /// Takes the records that are due; none are at or after `end`. True when it stopped only so that
    /// others may have a turn.
    pub fn fill(&mut self, shop: &mut Shop, now: Nanos, end: Nanos, unix_ms: i64) -> bool {
        let limit = self.share.unwrap_or(u64::MAX);
        let due = match &shop.meter.schedule {
            Some(schedule) => schedule.due(self.index, now.min(Nanos(end.0 - 1))).min(limit),
            None if now < end => limit,
            None => return false,
        };
        let is_open_loop = shop.meter.schedule.is_some();
        if std::mem::take(&mut self.was_full) {
            // Room may have come at any time since: none of that was the generator's doing.
            self.full_until = now;
        }
        let mut taken = 0;
        while self.next < due && taken < TURN_BYTES {
            if self.is_full(shop) {
                self.was_full = true;
                return false;
            }
            if !is_open_loop && !self.wants_more() {
                return false;
            }
            taken += self.take_one(shop, now, unix_ms);
        }
        self.next < due
    }

    /// Records taken so far.
    pub fn taken(&self) -> u64 {
        self.next
    }

    /// Records that the schedule wants taken before `end`.
    pub fn due_by(&self, shop: &Shop, end: Nanos) -> u64 {
        let Some(schedule) = &shop.meter.schedule else { return self.next };
        let due = schedule.due(self.index, Nanos(end.0 - 1)).min(self.share.unwrap_or(u64::MAX));
        due.max(self.next)
    }

    /// No more records will come: what there is may be sent, also a round that is not whole.
    pub fn flush(&mut self, shop: &Shop) {
        self.is_flushed = true;
        for lane in 0..self.lanes.len() as u32 {
            if self.lanes[lane as usize].building.records() > 0 {
                self.lanes[lane as usize].building_is_due = true;
                self.enqueue(lane, &shop.cluster);
            }
        }
    }

    /// Marks the batches that have lingered.
    pub(super) fn mark_lingered(&mut self, shop: &Shop, now: Nanos) {
        while let Some(&(due, lane, number)) = self.lingering.front()
            && due <= now
        {
            self.lingering.pop_front();
            // It may have been full, and sent, long before.
            if self.lanes[lane as usize].building_number() == number {
                self.lanes[lane as usize].building_is_due = true;
                self.enqueue(lane, &shop.cluster);
            }
        }
    }

    pub(super) fn is_full(&self, shop: &Shop) -> bool {
        self.buffered_bytes >= shop.spec.buffer_bytes as u64
    }

    /// Some partitions have their batch of this round and others do not.
    pub(super) fn is_within_round(&self) -> bool {
        self.round_records.is_some_and(|records| !self.next.is_multiple_of(records))
            && !self.is_flushed
    }

    /// Without a schedule there should always be a batch ready for each broker, and no more. A round is
    /// one batch of each partition.
    fn wants_more(&self) -> bool {
        if self.is_within_round() {
            return true;
        }
        let mut brokers = self.lines.iter().zip(&self.ready).zip(&self.leads);
        !self.begins_anew
            && brokers.any(|((line, ready), leads)| line.is_open && ready.is_empty() && *leads)
    }

    fn take_one(&mut self, shop: &mut Shop, now: Nanos, unix_ms: i64) -> u64 {
        let sequence = self.next;
        self.next += 1;
        let intended = match &shop.meter.schedule {
            Some(schedule) => schedule.intended(self.index, sequence),
            None => now,
        };
        shop.meter.handed_over(intended, now, self.full_until);
        let record = shop.source.make(self.index, sequence, intended, &self.partitioner);
        let (partition, key, value) = (record.partition, record.key, record.value);
        let bytes = (key.map_or(0, <[u8]>::len) + value.len()) as u64;

        let lane = &mut self.lanes[partition as usize];
        let batch_records = shop.spec.records_per_batch();
        let overfull = batch_records.is_none()
            && lane.building.records() > 0
            && lane.building.bytes_with(key, value) > shop.spec.batch_bytes;
        if overfull {
            lane.seal(self.identity, &mut shop.buffers);
        }
        let is_first = lane.building.records() == 0;
        lane.building.push(sequence, unix_ms, key, value, now);
        let full = batch_records.is_some_and(|full| lane.building.records() >= full);
        if full {
            lane.seal(self.identity, &mut shop.buffers);
        } else if is_first {
            self.lingering.push_back((
                now.after(shop.spec.linger),
                partition,
                lane.building_number(),
            ));
        }
        self.buffered_bytes += bytes;
        if overfull || full {
            self.partitioner.batch_closed(partition);
            self.enqueue(partition, &shop.cluster);
        }
        bytes
    }
}
