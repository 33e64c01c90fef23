//! One producer: takes records when they are due, gathers them into batches, sends those that are
//! ready, and settles what became of them.
//!
//! A batch is ready when it is full or has lingered; like Kafka's own producer, a batch that is ready
//! stays open until its broker takes a request, so a slow broker gets fuller batches.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`lane`] | the way to one partition |
//! | `fill` | records into batches |
//! | `send` | batches into requests |
//! | `settle` | answers, retries, a new identity |
//! | `transaction` | what is committed together, and when |

mod fill;
pub mod lane;
mod send;
mod settle;
mod transaction;

use std::collections::VecDeque;

use headwater_io::clock::Nanos;
use headwater_protocol::batch::compression;

use crate::batch::{Batch, Buffers};
use crate::client::cluster::Cluster;
use crate::client::control::CallError;
use crate::client::identity::{Identity, Registration};
use crate::client::network::Link;
use crate::client::sink::Sink;
use crate::meter::Meter;
use crate::partitioner::Partitioner;
use crate::source::Source;
use crate::spec::{Compression, RunSpec};
use crate::verify::Ledger;
use lane::Lane;
use transaction::Transactions;

/// What all producers of a run work with.
pub struct Shop {
    /// The settings of the run.
    pub spec: RunSpec,
    /// The way out.
    pub sink: Sink,
    /// Who leads what.
    pub cluster: Cluster,
    /// Where records come from.
    pub source: Source,
    /// Memory of batches.
    pub buffers: Buffers,
    /// What is measured.
    pub meter: Meter,
    /// What was acknowledged, if that is to be verified.
    pub ledger: Option<Ledger>,
    /// Somebody was told that the cluster has changed.
    pub cluster_is_stale: bool,
    /// A broker cannot do what the run needs.
    pub refused: Option<CallError>,
}

/// See the module.
pub struct Producer {
    index: usize,
    lanes: Vec<Lane>,
    partitioner: Partitioner,
    /// Sequence of the next record.
    next: u64,
    /// How many records it has to send, if that is known.
    share: Option<u64>,
    /// By broker: lanes that may have a batch to send.
    ready: Vec<VecDeque<u32>>,
    /// Batches being filled, in the order in which they will have lingered: when, lane, number.
    lingering: VecDeque<(Nanos, u32, u64)>,
    /// Lanes that wait before they try again, in the order in which they may.
    backing_off: VecDeque<(Nanos, u32)>,
    /// By broker.
    lines: Vec<Line>,
    /// By broker: whether it leads any partition.
    leads: Vec<bool>,
    /// Keys and values that were taken and not settled so far.
    buffered_bytes: u64,
    /// The buffer was full in the last turn.
    was_full: bool,
    /// Since when it has had room again; zero if it was never full.
    full_until: Nanos,
    identity: Option<Identity>,
    transactions: Option<Transactions>,
    /// The identity is spoilt: nothing is sent until there is another.
    begins_anew: bool,
    next_tag: u64,
    /// Records of one round, if requests are rounds.
    round_records: Option<u64>,
    /// No more records will come.
    is_flushed: bool,
}

/// The connection to one broker.
#[derive(Default)]
struct Line {
    link: Option<Link>,
    is_open: bool,
    in_flight: VecDeque<InFlight>,
    /// After failures: when to connect again.
    not_before: Nanos,
    failures: u32,
}

/// One request without an answer so far.
struct InFlight {
    tag: u64,
    sent_at: Nanos,
    batches: Vec<Batch>,
}

impl Producer {
    /// One of `spec.producers`, with an identity if it is idempotent.
    pub fn new(index: usize, shop: &Shop, registration: Option<Registration>) -> Self {
        let partitions = shop.cluster.partitions();
        let compression = protocol_compression(shop.spec.compression);
        let is_transactional = shop.spec.commit_interval.is_some();
        let lane = |partition| Lane::new(partition, compression, is_transactional);
        let (identity, coordinator) =
            registration.map(|given| (given.identity, given.coordinator)).unzip();
        let transactions = (shop.spec.transactional_id(index).zip(shop.spec.commit_interval))
            .zip(coordinator.flatten())
            .map(|((id, interval), address)| Transactions::new(id, interval, address));
        Producer {
            index,
            lanes: (0..partitions).map(lane).collect(),
            partitioner: Partitioner::new(partitions, index),
            next: 0,
            share: share(&shop.spec, &shop.source, partitions, index),
            ready: vec![VecDeque::new(); shop.cluster.brokers()],
            lingering: VecDeque::new(),
            backing_off: VecDeque::new(),
            lines: (0..shop.cluster.brokers()).map(|_| Line::default()).collect(),
            leads: shop.cluster.leading(),
            buffered_bytes: 0,
            was_full: false,
            full_until: Nanos(0),
            identity,
            transactions,
            begins_anew: false,
            next_tag: 0,
            round_records: shop.spec.round.then(|| request_records(&shop.spec, partitions)),
            is_flushed: false,
        }
    }

    /// Which producer it is.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Every record it had to send was handed over.
    pub fn is_through(&self) -> bool {
        self.share == Some(self.next)
    }

    /// Nothing waits and nothing is under way.
    pub fn is_idle(&self) -> bool {
        let is_committed = self.transactions.as_ref().is_none_or(Transactions::is_idle);
        self.buffered_bytes == 0 && !self.has_requests_under_way() && is_committed
    }

    /// Requests were sent and not answered so far.
    pub fn has_requests_under_way(&self) -> bool {
        self.lines.iter().any(|line| !line.in_flight.is_empty())
    }

    /// Every connection it needs is there.
    pub fn is_connected(&self) -> bool {
        let coordinated = self.transactions.as_ref().is_none_or(Transactions::is_connected);
        coordinated
            && self.lines.iter().zip(&self.leads).all(|(line, leads)| line.is_open || !leads)
    }

    /// The earliest time at which it has something to do that no event announces. `takes_records` says
    /// that it still fills batches.
    pub fn next_due(&self, shop: &Shop, takes_records: bool) -> Nanos {
        let record = match &shop.meter.schedule {
            Some(schedule) if takes_records && !self.is_through() && !self.is_full(shop) => {
                schedule.intended(self.index, self.next)
            }
            _ => Nanos(u64::MAX),
        };
        let lingered = self.lingering.front().map_or(Nanos(u64::MAX), |(due, _, _)| *due);
        let retry = self.backing_off.front().map_or(Nanos(u64::MAX), |(due, _)| *due);
        let closed = self
            .lines
            .iter()
            .zip(&self.leads)
            .filter(|(line, leads)| **leads && line.link.is_none());
        let reconnect = closed.map(|(line, _)| line.not_before).min().unwrap_or(Nanos(u64::MAX));
        let transaction =
            self.transactions.as_ref().map_or(Nanos(u64::MAX), Transactions::next_due);
        record.min(lingered).min(retry).min(reconnect).min(transaction)
    }

    /// Puts a lane into the queue of its broker, once.
    fn enqueue(&mut self, lane: u32, cluster: &Cluster) {
        let Some(broker) = cluster.leader(lane) else { return };
        if !std::mem::replace(&mut self.lanes[lane as usize].is_queued, true) {
            self.ready[broker].push_back(lane);
        }
    }
}

/// How many records a producer has to send, so that all together send what was asked for.
fn share(spec: &RunSpec, source: &Source, partitions: u32, index: usize) -> Option<u64> {
    // A share of nothing stays nothing however long the run lasts.
    let available = source.share(index).filter(|&lines| lines == 0 || spec.duration.is_none());
    let Some(total) = spec.records.filter(|_| available.is_none()) else { return available };
    let (producers, burst) = (spec.producers as u64, request_records(spec, partitions));
    // Requests take turns, as in the schedule; the last one may be short.
    let (whole, rest) = (total / burst, total % burst);
    let own = (whole + producers - 1 - index as u64) / producers;
    Some(own * burst + if whole % producers == index as u64 { rest } else { 0 })
}

/// How many records a request has, as far as that is decided before it is made.
fn request_records(spec: &RunSpec, partitions: u32) -> u64 {
    let batch = u64::from(spec.records_per_batch().unwrap_or(1));
    if spec.round { batch * u64::from(partitions) } else { batch }
}

fn protocol_compression(compression: Compression) -> compression::Compression {
    match compression {
        Compression::None => compression::Compression::None,
        Compression::Gzip => compression::Compression::Gzip,
        Compression::Snappy => compression::Compression::Snappy,
        Compression::Lz4 => compression::Compression::Lz4,
        Compression::Zstd => compression::Compression::Zstd,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up() {
        let cases = [(10, 1, 3), (100, 15, 4), (5, 7, 2), (1, 1, 1)];
        let both = cases.into_iter().flat_map(|case| [(case, false), (case, true)]);
        for ((records, burst, producers), round) in both {
            let spec = RunSpec::default().with(|s| {
                s.round = round;
                s.records = Some(records);
                s.batch_records = Some(burst);
                s.producers = producers;
            });
            let source = Source::new(&spec, 1, None);
            let total: u64 = (0..producers).map(|p| share(&spec, &source, 4, p).unwrap()).sum();
            assert_eq!(total, records, "{burst} {producers} {round}");
        }
    }
}
