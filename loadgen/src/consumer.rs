//! One consumer: asks for what comes next of its partitions, one fetch at a time on each connection,
//! and counts what it gets.
//!
//! In a run that also produces, each record tells when it was meant to be sent, which gives the
//! latency from end to end on one clock. A run that only reads looks no further than the headers of
//! batches: it measures the broker, not the parsing of records.

use std::time::Duration;

use headwater_io::clock::Nanos;
use headwater_protocol::batch::{compression, header, record};
use headwater_protocol::error_code::ErrorCode;

use crate::client::messages::{FetchAsk, FetchedPart};
use crate::client::network::{Event, Link, Owner, What};
use crate::payload::read_stamp;
use crate::producer::Shop;

/// A batch decompresses to this much at most.
pub const RECORDS_BYTES_MAX: usize = 1 << 30;
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// See the module.
pub struct Consumer {
    index: usize,
    parts: Vec<Part>,
    /// By broker.
    lines: Vec<Line>,
    /// The seed of stamps to look for; `None` when records are not looked at.
    seed: Option<u64>,
    scratch: Vec<u8>,
    /// Times it began again.
    pub passes: u64,
}

/// One partition of it.
#[derive(Clone, Copy, Debug)]
struct Part {
    partition: u32,
    start: i64,
    position: i64,
    /// Where reading ends or begins again; `None` for never.
    end: Option<i64>,
}

#[derive(Default)]
struct Line {
    link: Option<Link>,
    is_open: bool,
    asked_at: Option<Nanos>,
    not_before: Nanos,
}

/// Where to read a partition.
#[derive(Clone, Copy, Debug)]
pub struct Assignment {
    /// Which partition.
    pub partition: u32,
    /// First offset.
    pub start: i64,
    /// Offset after the last one; `None` to follow the tail.
    pub end: Option<i64>,
}

impl Consumer {
    /// One of the run's consumers. `seed` makes it look for the stamps of this run's records.
    pub fn new(index: usize, assigned: &[Assignment], seed: Option<u64>) -> Self {
        let part = |&Assignment { partition, start, end }: &Assignment| Part {
            partition,
            start,
            position: start,
            end,
        };
        let parts = assigned.iter().map(part).collect();
        Consumer { index, parts, lines: Vec::new(), seed, scratch: Vec::new(), passes: 0 }
    }

    /// Which of `partitions` consumer `index` of `consumers` reads: its share, or if there are more
    /// consumers than partitions, one that others read as well.
    pub fn assigned(index: usize, consumers: usize, partitions: u32) -> Vec<u32> {
        let own: Vec<u32> = (0..partitions).filter(|&p| p as usize % consumers == index).collect();
        match own.is_empty() {
            true => vec![index as u32 % partitions],
            false => own,
        }
    }

    /// It has read everything up to the end.
    pub fn is_through(&self) -> bool {
        self.parts.iter().all(Part::is_through)
    }

    /// It need not read past these offsets, by partition.
    pub fn end_at(&mut self, ends: &[i64]) {
        for part in &mut self.parts {
            part.end = ends.get(part.partition as usize).copied();
        }
    }

    /// Every connection it needs is there.
    pub fn is_connected(&self, shop: &Shop) -> bool {
        let brokers = self.parts.iter().filter_map(|part| shop.cluster.leader(part.partition));
        brokers.into_iter().all(|broker| self.lines.get(broker).is_some_and(|line| line.is_open))
    }

    /// Asks for more wherever nothing is asked for. With `may_ask` false it only connects.
    pub fn ask(&mut self, shop: &mut Shop, now: Nanos, may_ask: bool) {
        self.lines.resize_with(shop.cluster.brokers(), Line::default);
        if shop.spec.repeat && self.is_through() {
            self.passes += 1;
            self.parts.iter_mut().for_each(|part| part.position = part.start);
        }
        for broker in 0..self.lines.len() {
            let wanted: Vec<(u32, i64)> = self
                .parts
                .iter()
                .filter(|part| shop.cluster.leader(part.partition) == Some(broker))
                .filter(|part| !part.is_through())
                .map(|part| (part.partition, part.position))
                .collect();
            let line = &mut self.lines[broker];
            if wanted.is_empty() || line.asked_at.is_some() || now < line.not_before {
                continue;
            }
            match line.link {
                None => {
                    let address = shop.cluster.address(broker);
                    line.link = Some(shop.sink.open(Owner::Consumer(self.index), address));
                }
                Some(link) if line.is_open && may_ask => {
                    let ask = FetchAsk {
                        topic: &shop.spec.topic,
                        partitions: &wanted,
                        wait_ms: shop.spec.fetch_wait.as_millis() as i32,
                        bytes_min: shop.spec.fetch_min_bytes as i32,
                        bytes_max: shop.spec.fetch_bytes as i32,
                        is_committed: shop.spec.commit_interval.is_some(),
                    };
                    shop.sink.fetch(link, 0, &ask);
                    line.asked_at = Some(now);
                }
                Some(_) => {}
            }
        }
    }

    /// Something happened on one of its connections.
    pub fn take_in(&mut self, shop: &mut Shop, event: Event, now: Nanos) {
        let Some(line) = self.lines.iter_mut().find(|line| line.link == Some(event.link)) else {
            return;
        };
        match event.what {
            What::Open => line.is_open = true,
            What::Closed(_) => {
                shop.cluster_is_stale = true;
                shop.meter.errors.disconnects += u64::from(line.is_open);
                *line = Line { not_before: now.after(RETRY_AFTER), ..Line::default() };
            }
            What::Fetched { error, parts, .. } => {
                let asked_at = line.asked_at.take().expect("an answer has a question");
                let brought = parts.iter().any(|part| !part.batches.is_empty());
                if shop.meter.window.contains(now) && brought {
                    shop.meter.consumed.requests += 1;
                    shop.meter.fetch_latency.record(asked_at, now);
                }
                let any_error =
                    parts.iter().map(|part| part.error).chain([error]).find(|e| !e.is_none());
                if let Some(code) = any_error {
                    line.not_before = now.after(RETRY_AFTER);
                    shop.meter.error(code);
                    shop.cluster_is_stale |= code.is_retriable();
                }
                for part in &parts {
                    self.read(shop, part, now);
                }
            }
            What::Produced { .. } | What::Handed { .. } | What::Answered { .. } => {
                unreachable!("a consumer only fetches")
            }
        }
    }

    fn read(&mut self, shop: &mut Shop, fetched: &FetchedPart, now: Nanos) {
        let Some(at) = self.parts.iter().position(|part| part.partition == fetched.partition)
        else {
            return;
        };
        if fetched.error == ErrorCode::OffsetOutOfRange {
            // Retention was faster. The next offset that surely exists is the end.
            self.parts[at].position = self.parts[at].end.unwrap_or(self.parts[at].start);
        }
        for batch in header::batches(&fetched.batches).map_while(Result::ok) {
            let part = &mut self.parts[at];
            if batch.header.next_offset() <= part.position {
                continue;
            }
            part.position = batch.header.next_offset();
            if shop.spec.check_crcs && header::check(batch.bytes).is_err() {
                shop.meter.wrong_crcs += 1;
            }
            if shop.meter.window.contains(now) {
                shop.meter.consumed.records += u64::from(batch.header.record_count.unsigned_abs());
                shop.meter.consumed.batch_bytes += batch.bytes.len() as u64;
            }
            if let Some(seed) = self.seed {
                self.measure(shop, &batch, seed, now);
            }
        }
    }

    /// How long each record was under way.
    fn measure(&mut self, shop: &mut Shop, batch: &header::Batch<'_>, seed: u64, now: Nanos) {
        let records = compression::records_of(batch, RECORDS_BYTES_MAX, &mut self.scratch);
        let Ok(records) = records else { return };
        for record in record::records(records, batch.header.record_count).map_while(Result::ok) {
            let stamp = record.value.and_then(|value| read_stamp(value, seed));
            if let Some(stamp) = stamp.filter(|stamp| shop.meter.window.contains(stamp.intended)) {
                shop.meter.end_to_end_latency.record(stamp.intended, now);
            }
        }
    }
}

impl Part {
    fn is_through(&self) -> bool {
        self.end.is_some_and(|end| self.position >= end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_shared_and_nobody_is_idle() {
        assert_eq!(Consumer::assigned(1, 3, 7), [1, 4]);
        assert_eq!(Consumer::assigned(0, 1, 2), [0, 1]);
        assert_eq!(Consumer::assigned(4, 5, 3), [1]);
    }
}
