//! The figures of a run while it lasts: counts and latencies inside the measured window.
//!
//! Throughput counts what was acknowledged inside the window; latency counts what was *meant* (or
//! handed over) inside it, even if the answer comes after its end: the slow answers are exactly those
//! that must not be left out.

use std::collections::BTreeMap;
use std::ops::Range;

use headwater_io::clock::Nanos;
use headwater_protocol::error_code::ErrorCode;

use crate::batch::Batch;
use crate::latency::Latencies;
use crate::pace::Pace;
use crate::result::Errors;
use crate::schedule::Schedule;

/// The measured part of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// After warm-up.
    pub start: Nanos,
    /// Before waiting for the last answers; far away while nobody knows.
    pub end: Nanos,
}

impl Window {
    /// Whether `at` is inside.
    pub fn contains(&self, at: Nanos) -> bool {
        self.start <= at && at < self.end
    }
}

/// Records, requests and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records.
    pub records: u64,
    /// Requests with at least one good answer.
    pub requests: u64,
    /// Keys and values.
    pub payload_bytes: u64,
    /// Whole batches.
    pub batch_bytes: u64,
}

/// Transactions, as far as they have come.
#[derive(Default)]
pub struct Transactions {
    /// Committed inside the window.
    pub commits: u64,
    /// Given up at any time.
    pub aborted: u64,
    /// From EndTxn to its answer.
    pub commit_latency: Latencies,
    /// From the end of sending to that answer.
    pub pause: Latencies,
}

/// See the module.
pub struct Meter {
    /// The measured part.
    pub window: Window,
    /// Open loop: when records are meant to be sent.
    pub schedule: Option<Schedule>,
    /// How punctual the generator is.
    pub pace: Pace,
    /// Acknowledged inside the window.
    pub produced: Counts,
    /// Acknowledged at any time.
    pub acked_total: u64,
    /// When the last acknowledgement came.
    pub last_ack: Nanos,
    /// From handing over to answer, by request.
    pub request_latency: Latencies,
    /// From the intended time to the answer, by record.
    pub record_latency: Latencies,
    /// What became of transactions.
    pub transactions: Transactions,
    /// Received inside the window.
    pub consumed: Counts,
    /// From the intended time to reception, by record.
    pub end_to_end_latency: Latencies,
    /// From asking to answer, by fetch with records.
    pub fetch_latency: Latencies,
    /// Received batches with a wrong CRC.
    pub wrong_crcs: u64,
    /// What went wrong.
    pub errors: Errors,
}

impl Meter {
    /// Nothing measured so far.
    pub fn new(window: Window, schedule: Option<Schedule>) -> Self {
        Meter {
            window,
            schedule,
            pace: Pace::default(),
            produced: Counts::default(),
            acked_total: 0,
            last_ack: Nanos(0),
            request_latency: Latencies::default(),
            record_latency: Latencies::default(),
            transactions: Transactions::default(),
            consumed: Counts::default(),
            end_to_end_latency: Latencies::default(),
            fetch_latency: Latencies::default(),
            wrong_crcs: 0,
            errors: Errors::default(),
        }
    }

    /// A record meant for `intended` was handed to its batch.
    pub fn handed_over(&mut self, intended: Nanos, now: Nanos, full_until: Nanos) {
        if self.schedule.is_some() && self.window.contains(intended) {
            self.pace.handed_over(intended, now, full_until, 1);
        }
    }

    /// A request handed over at `sent_at` was answered, with `acks` = 0: handed to the kernel.
    pub fn request_answered(&mut self, sent_at: Nanos, now: Nanos, is_acknowledged: bool) {
        if self.window.contains(now) {
            self.produced.requests += 1;
        }
        if is_acknowledged && self.window.contains(sent_at) {
            self.request_latency.record(sent_at, now);
        }
    }

    /// A batch of `producer` was acknowledged (with `acks` = 0: sent).
    pub fn batch_acked(
        &mut self,
        producer: usize,
        batch: &Batch,
        now: Nanos,
        is_acknowledged: bool,
    ) {
        self.acked_total += u64::from(batch.records);
        self.last_ack = now;
        if self.window.contains(now) {
            self.produced.records += u64::from(batch.records);
            self.produced.payload_bytes += batch.payload_bytes;
            self.produced.batch_bytes += batch.bytes.len() as u64;
        }
        let Some(schedule) = self.schedule.as_ref().filter(|_| is_acknowledged) else { return };
        for sequence in batch.spans.iter().flat_map(|span| span.sequences()) {
            let intended = schedule.intended(producer, sequence);
            if self.window.contains(intended) {
                self.record_latency.record(intended, now);
            }
        }
    }

    /// A transaction is committed: nothing new was sent from `ended_at` on, EndTxn was sent at `asked_at`.
    pub fn committed(&mut self, ended_at: Nanos, asked_at: Nanos, now: Nanos) {
        self.transactions.commits += u64::from(self.window.contains(now));
        if self.window.contains(asked_at) {
            self.transactions.commit_latency.record(asked_at, now);
            self.transactions.pause.record(ended_at, now);
        }
    }

    /// Records of `producer` were never acknowledged; by now they have waited this long. Left out, they
    /// would make a broker that falls behind look better than one that is merely slow.
    pub fn never_acked(&mut self, producer: usize, sequences: Range<u64>, now: Nanos) {
        let Some(schedule) = &self.schedule else { return };
        for sequence in sequences {
            let intended = schedule.intended(producer, sequence);
            if self.window.contains(intended) {
                self.record_latency.record(intended, now);
            }
        }
    }

    /// An answer had this error.
    pub fn error(&mut self, code: ErrorCode) {
        count(&mut self.errors.by_code, code);
    }
}

fn count(by_code: &mut BTreeMap<String, u64>, code: ErrorCode) {
    match by_code.get_mut(code.name()) {
        Some(count) => *count += 1,
        None => drop(by_code.insert(code.name().to_owned(), 1)),
    }
}
