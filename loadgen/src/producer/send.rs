//! Batches into requests: for each broker as many requests as may be under way, in each the next
//! batch of every partition that has one, up to a size.

use std::time::Duration;

use headwater_io::clock::Nanos;

use super::transaction::Transactions;
use super::{InFlight, Line, Producer, Shop};
use crate::batch::Batch;
use crate::client::messages::ProduceHead;
use crate::client::network::Owner;

/// Waited before the first attempt to connect again, doubled up to the second figure.
const RECONNECT_AFTER: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

impl Producer {
    /// Sends what may be sent.
    pub fn send(&mut self, shop: &mut Shop, now: Nanos) {
        self.mark_lingered(shop, now);
        self.end_backing_off(shop, now);
        self.tend_transaction(shop, now);
        for broker in 0..self.lines.len() {
            if !self.lines[broker].is_open {
                self.connect(shop, broker, now);
                continue;
            }
            let may_send = !self.begins_anew && !self.is_within_round();
            while may_send && self.lines[broker].in_flight.len() < shop.spec.in_flight {
                let batches = self.gather(shop, broker, now);
                if batches.is_empty() {
                    break;
                }
                self.send_request(shop, broker, batches, now);
            }
        }
    }

    /// Makes the connections it will need.
    fn connect(&mut self, shop: &mut Shop, broker: usize, now: Nanos) {
        let line = &mut self.lines[broker];
        if self.leads[broker] && line.link.is_none() && now >= line.not_before {
            let address = shop.cluster.address(broker);
            line.link = Some(shop.sink.open(Owner::Producer(self.index), address));
        }
    }

    /// The batches of one request: at most one of each partition; in a round one of each, so that its size
    /// is whatever that makes.
    fn gather(&mut self, shop: &mut Shop, broker: usize, now: Nanos) -> Vec<Batch> {
        let mut batches = Vec::new();
        let mut bytes = 0;
        let only_retries = self.transactions.as_ref().is_some_and(Transactions::is_ending);
        let bytes_max = match self.round_records {
            Some(_) => usize::MAX,
            None => shop.spec.request_bytes_max,
        };
        for _ in 0..self.ready[broker].len() {
            let Some(index) = self.ready[broker].pop_front() else { break };
            let lane = &mut self.lanes[index as usize];
            if only_retries && !lane.has_retries() {
                self.ready[broker].push_back(index);
                continue;
            }
            let was_building = lane.building_number();
            if !batches.is_empty() && bytes + lane.next_bytes() > bytes_max {
                self.ready[broker].push_front(index);
                break;
            }
            if let Some(batch) = lane.take(now, self.identity, &mut shop.buffers) {
                bytes += batch.bytes.len();
                batches.push(batch);
            }
            lane.is_queued = lane.is_ready(now);
            if lane.is_queued {
                self.ready[broker].push_back(index);
            }
            if lane.building_number() != was_building {
                self.partitioner.batch_closed(index);
            }
        }
        batches
    }

    fn send_request(&mut self, shop: &mut Shop, broker: usize, batches: Vec<Batch>, now: Nanos) {
        let parts: Vec<_> = batches.iter().map(|b| (b.partition, b.bytes.clone())).collect();
        if let Some(transactions) = &mut self.transactions {
            transactions.sent(now);
        }
        let head = ProduceHead {
            transactional_id: self.transactions.as_ref().map(Transactions::id),
            topic: &shop.spec.topic,
            acks: shop.spec.acks.code(),
            timeout_ms: shop.spec.request_timeout.as_millis() as i32,
            batches: &parts,
        };
        let line = &mut self.lines[broker];
        let link = line.link.expect("an open line has a link");
        let tag = self.next_tag;
        self.next_tag += 1;
        let sent = shop.sink.produce(link, tag, &head);
        assert!(sent, "a connection is not open without speaking Produce");
        line.in_flight.push_back(InFlight { tag, sent_at: now, batches });
    }

    fn end_backing_off(&mut self, shop: &Shop, now: Nanos) {
        while let Some(&(due, lane)) = self.backing_off.front()
            && due <= now
        {
            self.backing_off.pop_front();
            self.enqueue(lane, &shop.cluster);
        }
    }

    /// The cluster has changed: queues follow the partitions.
    pub fn remap(&mut self, shop: &Shop) {
        self.lines.resize_with(shop.cluster.brokers(), Line::default);
        self.ready.resize_with(shop.cluster.brokers(), Default::default);
        self.ready.iter_mut().for_each(std::collections::VecDeque::clear);
        self.leads = shop.cluster.leading();
        for lane in 0..self.lanes.len() as u32 {
            self.lanes[lane as usize].is_queued = false;
            self.enqueue(lane, &shop.cluster);
        }
    }
}

impl Line {
    /// The connection is gone.
    pub(super) fn broke(&mut self, now: Nanos) {
        let (first, longest) = RECONNECT_AFTER;
        self.link = None;
        self.is_open = false;
        self.not_before = now.after((first * 2u32.pow(self.failures.min(8))).min(longest));
        self.failures += 1;
    }
}
