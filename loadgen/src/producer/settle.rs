//! What became of a request: acknowledged, to be sent again, given up, or a new identity needed.

use std::time::Duration;

use headwater_io::clock::Nanos;
use headwater_protocol::error_code::ErrorCode;

use super::{InFlight, Producer, Shop};
use crate::batch::Batch;
use crate::client::identity::Registration;
use crate::client::messages::ProducedPart;
use crate::client::network::{Event, What};
use crate::spec::Acks;

/// Kafka's `retry.backoff.ms`.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// What to do about one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Acked {
        base_offset: i64,
    },
    SendAgain,
    /// Send again, under a new identity.
    BeginAnew,
    GiveUp,
}

impl Producer {
    /// Something happened on one of its connections.
    pub fn take_in(&mut self, shop: &mut Shop, event: Event, now: Nanos) {
        if self.hear_coordinator(shop, &event, now) {
            return;
        }
        let Some(broker) = self.lines.iter().position(|line| line.link == Some(event.link)) else {
            return;
        };
        match event.what {
            What::Open => {
                self.lines[broker].is_open = true;
                self.lines[broker].failures = 0;
            }
            What::Closed(_) => self.broke(shop, broker, now),
            What::Handed { tag } => {
                let request = self.answered(broker, tag);
                shop.meter.request_answered(request.sent_at, now, false);
                for batch in request.batches {
                    self.settle(shop, batch, Verdict::Acked { base_offset: -1 }, now);
                }
            }
            What::Produced { tag, parts } => {
                let request = self.answered(broker, tag);
                self.judge(shop, request, &parts, now);
            }
            What::Fetched { .. } | What::Answered { .. } => {
                unreachable!("a producer only produces")
            }
        }
    }

    /// Whether it waits for another producer id.
    pub fn wants_identity(&self) -> bool {
        self.begins_anew && !self.has_requests_under_way()
    }

    /// Goes on under another producer id, or the same with another epoch.
    pub fn begin_anew(&mut self, shop: &mut Shop, registration: Registration) {
        let Registration { identity, coordinator } = registration;
        self.give_up_transaction(shop, coordinator);
        self.identity = Some(identity);
        self.begins_anew = false;
        for lane in 0..self.lanes.len() as u32 {
            self.lanes[lane as usize].renumber(identity);
            self.enqueue(lane, &shop.cluster);
        }
    }

    /// Gives up what was never sent and returns how many records that were.
    pub fn drop_unsent(&mut self, shop: &mut Shop, now: Nanos) -> u64 {
        let mut records = 0;
        for lane in &mut self.lanes {
            for batch in lane.take_unsent(self.identity, &mut shop.buffers) {
                records += u64::from(batch.records);
                self.buffered_bytes -= batch.payload_bytes;
                forget(shop, self.index, batch, now);
            }
        }
        records
    }

    /// Stops waiting: what has no answer by now counts as failed.
    pub fn abandon(&mut self, shop: &mut Shop, now: Nanos) {
        self.give_up_transaction(shop, None);
        let mut waiting = Vec::new();
        for line in &mut self.lines {
            if let Some(link) = line.link.take() {
                shop.sink.close(link);
            }
            waiting.extend(line.in_flight.drain(..).flat_map(|request| request.batches));
        }
        for lane in &mut self.lanes {
            waiting.extend(lane.take_unsent(self.identity, &mut shop.buffers));
            waiting.extend(lane.take_expired(Nanos(u64::MAX)));
        }
        for batch in waiting {
            shop.meter.errors.records_failed += u64::from(batch.records);
            forget(shop, self.index, batch, now);
        }
        self.buffered_bytes = 0;
    }

    fn answered(&mut self, broker: usize, tag: u64) -> InFlight {
        let request = self.lines[broker].in_flight.pop_front().expect("answers have requests");
        assert_eq!(request.tag, tag, "answers come in the order of requests");
        request
    }

    fn judge(&mut self, shop: &mut Shop, request: InFlight, parts: &[ProducedPart], now: Nanos) {
        let any_good = parts.iter().any(|part| part.error.is_none());
        if any_good {
            shop.meter.request_answered(request.sent_at, now, true);
        }
        for batch in request.batches {
            let part = parts.iter().find(|part| part.partition == batch.partition);
            // A broker that forgets a partition in its answer has not promised anything.
            let code = part.map_or(ErrorCode::NetworkException, |part| part.error);
            let base_offset = part.map_or(-1, |part| part.base_offset);
            if !code.is_none() {
                shop.meter.error(code);
                shop.cluster_is_stale |= code.is_retriable();
            }
            let verdict = self.verdict(&batch, code, base_offset, shop, now);
            self.settle(shop, batch, verdict, now);
        }
    }

    fn verdict(
        &self,
        batch: &Batch,
        code: ErrorCode,
        base_offset: i64,
        shop: &Shop,
        now: Nanos,
    ) -> Verdict {
        let lane = &self.lanes[batch.partition as usize];
        let too_late = now >= batch.opened_at.after(shop.spec.delivery_timeout);
        match code {
            ErrorCode::None => Verdict::Acked { base_offset },
            // It is there already: an earlier attempt arrived and its answer did not.
            ErrorCode::DuplicateSequenceNumber => Verdict::Acked { base_offset: -1 },
            _ if too_late => Verdict::GiveUp,
            // The batch before it failed, so this one had to.
            ErrorCode::OutOfOrderSequenceNumber if lane.is_resolving() || self.begins_anew => {
                Verdict::SendAgain
            }
            ErrorCode::OutOfOrderSequenceNumber | ErrorCode::UnknownProducerId
                if self.identity.is_some() =>
            {
                Verdict::BeginAnew
            }
            code if code.is_retriable() => Verdict::SendAgain,
            _ => Verdict::GiveUp,
        }
    }

    fn settle(&mut self, shop: &mut Shop, batch: Batch, verdict: Verdict, now: Nanos) {
        let partition = batch.partition;
        match verdict {
            Verdict::Acked { base_offset } => {
                let is_acknowledged = shop.spec.acks != Acks::None;
                shop.meter.batch_acked(self.index, &batch, now, is_acknowledged);
                if let Some(transactions) = &mut self.transactions {
                    transactions.acknowledged(&batch, base_offset, shop.ledger.is_some());
                } else if is_acknowledged && let Some(ledger) = &mut shop.ledger {
                    ledger.acknowledged(self.index, partition, base_offset, &batch.spans);
                }
                self.buffered_bytes -= batch.payload_bytes;
                shop.buffers.recycle(batch);
                self.lanes[partition as usize].settled();
            }
            Verdict::SendAgain | Verdict::BeginAnew => {
                self.begins_anew |= verdict == Verdict::BeginAnew;
                shop.meter.errors.batches_retried += 1;
                self.lanes[partition as usize].failed(batch, now.after(RETRY_AFTER));
            }
            Verdict::GiveUp => {
                self.lanes[partition as usize].settled();
                self.give_up(shop, batch, now);
            }
        }
        let lane = &self.lanes[partition as usize];
        if lane.is_ready(now) {
            self.enqueue(partition, &shop.cluster);
        } else if lane.has_retries() && !lane.is_resolving() {
            self.backing_off.push_back((now.after(RETRY_AFTER), partition));
        }
    }

    fn give_up(&mut self, shop: &mut Shop, batch: Batch, now: Nanos) {
        shop.meter.errors.records_failed += u64::from(batch.records);
        self.buffered_bytes -= batch.payload_bytes;
        forget(shop, self.index, batch, now);
        // Its sequence numbers are missing now: the broker would refuse everything after them.
        self.begins_anew |= self.identity.is_some();
    }

    /// A connection is gone: what was under way may have arrived or not.
    fn broke(&mut self, shop: &mut Shop, broker: usize, now: Nanos) {
        shop.cluster_is_stale = true;
        shop.meter.errors.disconnects += u64::from(self.lines[broker].is_open);
        self.lines[broker].broke(now);
        let lost: Vec<InFlight> = self.lines[broker].in_flight.drain(..).collect();
        for batch in lost.into_iter().flat_map(|request| request.batches) {
            let verdict = match shop.spec.acks {
                // Nobody waits for an answer: whether it arrived cannot be known.
                Acks::None => Verdict::GiveUp,
                _ if now >= batch.opened_at.after(shop.spec.delivery_timeout) => Verdict::GiveUp,
                _ => Verdict::SendAgain,
            };
            self.settle(shop, batch, verdict, now);
        }
        self.expire(shop, now);
    }

    fn expire(&mut self, shop: &mut Shop, now: Nanos) {
        let timeout = shop.spec.delivery_timeout.as_nanos() as u64;
        let opened_before = Nanos(now.0.saturating_sub(timeout));
        for lane in 0..self.lanes.len() {
            for batch in self.lanes[lane].take_expired(opened_before) {
                self.give_up(shop, batch, now);
            }
        }
    }
}

/// A batch will never be acknowledged.
fn forget(shop: &mut Shop, producer: usize, batch: Batch, now: Nanos) {
    for span in &batch.spans {
        shop.meter.never_acked(producer, span.sequences(), now);
    }
    shop.buffers.recycle(batch);
}
