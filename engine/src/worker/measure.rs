//! What a worker counts, and how it says it when it is asked: in portions, between two rounds of its loop.
//!
//! Whoever asks sends a letter and gets a copy. Nothing is shared while requests are served; an addition is all that
//! they pay. A portion is a few hundred partitions or groups: some ten microseconds.

use std::sync::Arc;
use std::sync::mpsc::Sender;

use bytes::Bytes;
use headwater_io::clock::Nanos;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::wire::errors::Errors;

use super::Worker;
use super::coordinators::measure::Cursor;
use crate::broker::catalog::Catalog;
use crate::log::read::Piece;
use crate::metrics::counters::Connected;
use crate::metrics::facts::{GroupFacts, PartitionFacts};
use crate::metrics::requests::{Ended, Requests};
use crate::metrics::sheet::Sheet;
use crate::metrics::stages::Journey;
use crate::metrics::table::Metric;
use crate::shard::letters::Answer;

/// Partitions, or committed offsets, of one portion.
pub(super) const PORTION: usize = 512;

/// A question for what is counted.
pub struct Measure {
    /// Which part of it.
    pub portion: Portion,
    /// Where the answer goes.
    pub reply_to: Sender<Measured>,
}

/// A part of what a shard knows.
#[derive(Debug, Default)]
pub enum Portion {
    /// What needs no look at partitions or groups.
    #[default]
    Numbers,
    /// Partitions, from a slot on.
    Partitions(usize),
    /// Groups and transactions, from a place on.
    Coordinators(Cursor),
}

/// An answer.
#[derive(Default)]
pub struct Measured {
    /// Values.
    pub sheet: Sheet,
    /// Partitions.
    pub partitions: Vec<PartitionFacts>,
    /// Groups.
    pub groups: Vec<GroupFacts>,
    /// The topics as this shard knows them, with the numbers.
    pub catalog: Option<Arc<Catalog>>,
    /// What to ask for next; nothing when that was all.
    pub next: Option<Portion>,
}

/// What a worker counts.
#[derive(Default)]
pub(super) struct Counted {
    requests: Requests,
    pub(super) connections: Connected,
}

/// A request, for what is told of it when it is answered.
pub(super) struct Asked {
    api: Option<ApiKey>,
    bytes: usize,
    journey: Journey,
}

impl Asked {
    pub(super) fn parks(&mut self, now: Nanos) {
        self.journey.parks(now);
    }

    pub(super) fn goes_on(&mut self, now: Nanos) {
        self.journey.goes_on(now);
    }

    /// A shard has answered; an append knows where its time went.
    pub(super) fn hears(&mut self, answer: &Answer) {
        if let Answer::Appended(Ok(appended)) = answer {
            self.journey.appended(appended.stamps);
        }
    }
}

impl Worker {
    pub(super) fn asked(&self, connection: u32, frame: &Bytes) -> Asked {
        let received = self.connections[connection as usize].received_at;
        let key = frame.first_chunk().map(|key| i16::from_be_bytes(*key));
        let api = key.and_then(ApiKey::from_code);
        Asked { api, bytes: frame.len(), journey: Journey::new(received, self.now()) }
    }

    pub(super) fn count_answered(&mut self, asked: &Asked, parts: &[Piece], errors: &Errors) {
        let Some(api) = asked.api else { return };
        let response_bytes = parts.iter().map(Piece::len).sum();
        let ended = Ended { request_bytes: asked.bytes, response_bytes, errors };
        let now = self.now();
        self.counted.requests.answered(api, &asked.journey, now, ended);
    }

    pub(super) fn count_closed(&mut self, asked: &Asked) {
        if let Some(api) = asked.api {
            self.counted.requests.closed(api);
        }
    }

    /// Answers a question for what is counted.
    pub(super) fn measure(&mut self, measure: Measure) {
        let mut measured = Measured::default();
        measured.next = match measure.portion {
            Portion::Numbers => {
                self.say(&mut measured.sheet);
                measured.catalog = Some(Arc::clone(&self.catalog));
                Some(Portion::Partitions(0))
            }
            Portion::Partitions(from) => {
                let next = self.say_partitions(from, &mut measured);
                next.map(Portion::Partitions).or(Some(Portion::Coordinators(Cursor::default())))
            }
            Portion::Coordinators(from) => {
                self.say_coordinators(from, &mut measured).map(Portion::Coordinators)
            }
        };
        // Whoever asked may have given up.
        drop(measure.reply_to.send(measured));
    }

    fn say(&self, sheet: &mut Sheet) {
        let shard = self.id.0.to_string();
        self.counted.requests.say(sheet);
        let Connected { accepted, refused, ended, sends } = &self.counted.connections;
        for (metric, number) in [
            (Metric::RequestsInService, self.calls.len() as u64),
            (Metric::Connections, self.connections.len() as u64),
            (Metric::ConnectionsAccepted, *accepted),
            (Metric::ConnectionsRefused, *refused),
            (Metric::ConnectionsEnded, *ended),
            (Metric::ConnectionsThrottled, self.throttled.len() as u64),
        ] {
            sheet.add(metric, &[], number);
        }
        sheet.add_times(Metric::SendTime, &[], sends);
        let io = self.io.counters();
        for (metric, number) in [
            (Metric::DeviceWrites, io.writes),
            (Metric::DeviceDurableWrites, io.durable_writes),
            (Metric::DeviceWrittenBytes, io.written_bytes),
            (Metric::DeviceSyncs, io.syncs),
            (Metric::Operations, io.ops),
            (Metric::Enters, io.enters),
            (Metric::Parks, io.parks),
            (Metric::SpinHits, io.spin_hits),
            (Metric::RequestMemory, self.held_bytes as u64),
            (Metric::UnsentBytes, self.unsent_bytes),
            (Metric::Pressed, u64::from(self.is_pressed())),
            (Metric::LettersBackedUp, u64::from(self.mail.is_backed_up())),
        ] {
            sheet.add(metric, &[&shard], number);
        }
        self.shard.say(&shard, sheet);
    }

    fn say_partitions(&self, from: usize, measured: &mut Measured) -> Option<usize> {
        let next = self.shard.facts(from, PORTION, &mut measured.partitions);
        let shard = self.id.0.to_string();
        let offline = measured.partitions.iter().filter(|facts| facts.is_offline).count();
        let sheet = &mut measured.sheet;
        sheet.add(Metric::Partitions, &[&shard], measured.partitions.len() as u64);
        sheet.add(Metric::PartitionsOffline, &[&shard], offline as u64);
        next
    }
}
