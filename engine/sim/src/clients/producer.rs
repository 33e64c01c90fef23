//! A producer: sends batches to partitions drawn by chance, several requests at once, and repeats what was
//! not answered, as Kafka's do. What it is told goes into the model.

use std::collections::VecDeque;

use bytes::Bytes;
use headwater_io::clock::Nanos;
use headwater_protocol::batch::builder::{BatchBuilder, Producer as Name};
use headwater_protocol::batch::compression::Compression;
use headwater_protocol::error_code::ErrorCode;

use super::lane::Lane;
use super::{Role, Shared, Turn};
use crate::model::{Ack, Batch, Level, Violation};
use crate::plan;
use crate::requests;

/// Between two requests, at most.
const PACE_NS: u64 = 3_000_000;
/// After an error.
const BACKOFF_NS: u64 = 40_000_000;

/// A producer.
pub struct Producer {
    number: usize,
    plan: plan::Producer,
    identity: Option<i64>,
    /// The request for one, and when it was sent.
    identity_asked: Option<(i32, Nanos)>,
    lanes: Vec<Lane>,
    flying: VecDeque<Request>,
    /// Requests with new batches that it still sends.
    left: u64,
    wake: Nanos,
}

struct Request {
    correlation: i32,
    /// Partition and batch.
    batches: Vec<(usize, u64)>,
    sent: Nanos,
}

impl Producer {
    /// One that will send that many requests.
    pub fn new(number: usize, plan: plan::Producer, partitions: usize, requests: u64) -> Self {
        Producer {
            number,
            plan,
            identity: None,
            identity_asked: None,
            lanes: (0..partitions).map(|_| Lane::default()).collect(),
            flying: VecDeque::new(),
            left: requests,
            wake: Nanos(0),
        }
    }

    fn is_open(&self) -> bool {
        self.lanes.iter().any(|lane| !lane.is_empty())
    }

    fn ask_identity(&mut self, turn: &mut Turn<'_>) {
        let correlation = turn.wire.next_correlation();
        turn.wire.send(requests::init_producer_id(correlation), turn.io);
        self.identity_asked = Some((correlation, turn.now));
    }

    /// Sends one request; false when there is nothing to send.
    fn send(&mut self, turn: &mut Turn<'_>) -> bool {
        let batches = self.choose(turn.shared);
        if batches.is_empty() {
            return false;
        }
        let correlation = turn.wire.next_correlation();
        let connection = turn.wire.connection();
        for (partition, id) in &batches {
            let batch = &mut turn.shared.model.batches[*id as usize];
            batch.attempts += 1;
            if batch.attempts == 1 {
                batch.connection = connection;
                batch.sent = turn.now;
            }
            let numbers = [self.number as i64, *partition as i64, *id as i64];
            turn.shared.trace.event(turn.now, "produce", &numbers);
        }
        let shared = &*turn.shared;
        let parts: Vec<(&str, i32, &[u8])> = batches
            .iter()
            .map(|(partition, id)| {
                let (topic, index) = shared.name(*partition);
                (topic, index, &shared.model.batches[*id as usize].bytes[..])
            })
            .collect();
        let request = requests::produce(correlation, self.plan.acks, &parts);
        turn.wire.send(request, turn.io);
        if self.plan.acks != 0 {
            self.flying.push_back(Request { correlation, batches, sent: turn.now });
            return true;
        }
        for (partition, id) in batches {
            self.lanes[partition].settle(id, true);
            let ack = Ack { offset: None, level: None, at: turn.now };
            drop(turn.shared.model.acknowledged(id, ack));
        }
        true
    }

    /// What goes into the next request: one batch of each of some partitions.
    fn choose(&mut self, shared: &mut Shared) -> Vec<(usize, u64)> {
        let most = 1 + shared.rng.below(self.plan.partitions);
        let start = shared.rng.below(self.lanes.len() as u64) as usize;
        let (mut chosen, mut fresh) = (Vec::new(), false);
        for n in 0..self.lanes.len() {
            let partition = (start + n) % self.lanes.len();
            if shared.model.partitions[partition].given_up {
                self.lanes[partition].abandon();
                continue;
            }
            if chosen.len() as u64 >= most || !self.lanes[partition].may_send() {
                continue;
            }
            if let Some(id) = self.lanes[partition].again() {
                chosen.push((partition, id));
            } else if self.left > 0 {
                let id = self.make(partition, shared);
                self.lanes[partition].fly(id);
                chosen.push((partition, id));
                fresh = true;
            }
        }
        self.left -= u64::from(fresh);
        chosen
    }

    fn make(&mut self, partition: usize, shared: &mut Shared) -> u64 {
        let id = shared.model.batches.len() as u64;
        let records = 1 + shared.rng.below(3);
        let timestamp_ms = shared.model.next_timestamp_ms();
        let mut builder = BatchBuilder::new(Compression::None);
        for n in 0..records {
            let len = 8 + shared.rng.below(self.plan.value_bytes_max) as usize;
            let mut value = (id << 8 | n).to_be_bytes().to_vec();
            value.resize(len, (id * 7 + n) as u8);
            builder.push(timestamp_ms, None, Some(&value));
        }
        let lane = &mut self.lanes[partition];
        let identity = self.identity.filter(|_| self.plan.idempotent);
        let (name, sequence) = match identity {
            Some(id) => {
                (Name { id, epoch: 0, base_sequence: lane.next_sequence }, lane.next_sequence)
            }
            None => (Name::NONE, -1),
        };
        lane.next_sequence += records as i32;
        shared.model.batches.push(Batch {
            producer: self.number,
            identity: identity.unwrap_or(-1),
            sequence,
            partition,
            bytes: Bytes::copy_from_slice(builder.finish(name)),
            records: records as i64,
            attempts: 0,
            connection: 0,
            sent: Nanos(0),
            ack: None,
            lost: false,
        });
        id
    }

    fn settled(
        &mut self,
        (partition, id): (usize, u64),
        code: ErrorCode,
        offset: i64,
        turn: &mut Turn<'_>,
    ) -> Result<(), Violation> {
        let numbers = [self.number as i64, id as i64, i64::from(code.code()), offset];
        turn.shared.trace.event(turn.now, "answered", &numbers);
        match code {
            ErrorCode::None => {
                self.lanes[partition].settle(id, true);
                let level = self.level(partition, turn.shared);
                let ack = Ack { offset: Some(offset), level: Some(level), at: turn.now };
                return turn.shared.model.acknowledged(id, ack);
            }
            ErrorCode::DuplicateSequenceNumber => {
                self.lanes[partition].settle(id, true);
                return Ok(());
            }
            ErrorCode::KafkaStorageError => turn.shared.storage_errors += 1,
            ErrorCode::OutOfOrderSequenceNumber if self.plan.idempotent => {
                return self.out_of_order(partition, id, turn);
            }
            ErrorCode::RequestTimedOut => {}
            code => {
                let facts = format!("batch {id} was answered {code:?}");
                self.lanes[partition].settle(id, false);
                return turn.shared.model.violated(partition, "errors make sense", facts);
            }
        }
        self.wake = turn.soon(BACKOFF_NS);
        match self.plan.idempotent {
            true => self.lanes[partition].repeat(id),
            false => self.lanes[partition].settle(id, false),
        }
        Ok(())
    }

    /// Something before it is missing: if that is still to be repeated, all is well.
    fn out_of_order(
        &mut self,
        partition: usize,
        id: u64,
        turn: &mut Turn<'_>,
    ) -> Result<(), Violation> {
        let lane = &mut self.lanes[partition];
        // It may have been sent together with what failed before it: only a lonely try tells.
        let lonely = lane.was_alone(id) && lane.is_first(id);
        if !lonely {
            lane.repeat(id);
            return Ok(());
        }
        if self.level(partition, turn.shared) == Level::Durable {
            let facts = format!("batch {id}: what was acknowledged before it is forgotten");
            turn.shared.model.violated(partition, "idempotence", facts)?;
        }
        // Its predecessors were lost where that is allowed: a new name, as Kafka's producers take one.
        self.identity = None;
        for lane in &mut self.lanes {
            lane.abandon();
            lane.next_sequence = 0;
        }
        self.flying.clear();
        Ok(())
    }

    /// What its acknowledgement means.
    fn level(&self, partition: usize, shared: &Shared) -> Level {
        let durability = shared.model.partitions[partition].durability;
        if self.plan.acks == 1 { durability.min(Level::Written) } else { durability }
    }
}

impl Role for Producer {
    fn work(&mut self, turn: &mut Turn<'_>) -> Result<(), Violation> {
        if turn.now < self.wake {
            return Ok(());
        }
        if self.plan.idempotent && self.identity.is_none() {
            if self.identity_asked.is_none() {
                self.ask_identity(turn);
            }
            self.wake = turn.soon(BACKOFF_NS);
            return Ok(());
        }
        let sent = self.flying.len() < self.plan.in_flight && self.send(turn);
        self.wake = turn.soon(if sent { PACE_NS } else { BACKOFF_NS });
        Ok(())
    }

    fn answer(&mut self, answer: &Bytes, turn: &mut Turn<'_>) -> Result<(), Violation> {
        let unreadable = || Violation {
            checker: "answers can be read",
            facts: "a produce response cannot".to_owned(),
        };
        let correlation = requests::correlation(answer);
        if self.identity_asked.is_some_and(|(asked, _)| asked == correlation) {
            self.identity_asked = None;
            let response = requests::producer_id(answer).ok_or_else(unreadable)?;
            if response.error_code == ErrorCode::None {
                turn.shared.model.identified(response.producer_id)?;
                self.identity = Some(response.producer_id);
            }
            return Ok(());
        }
        let Some(request) = self.flying.pop_front() else { return Ok(()) };
        if request.correlation != correlation {
            // Abandoned with its name.
            self.flying.push_front(request);
            return Ok(());
        }
        let response = requests::produced(answer).ok_or_else(unreadable)?;
        for topic in &response.topics {
            for got in &topic.partitions {
                let of = turn.shared.partition(&topic.name, got.index);
                let batch = request.batches.iter().find(|(partition, _)| Some(*partition) == of);
                let Some(&batch) = batch else { return Err(unreadable()) };
                self.settled(batch, got.error_code, got.base_offset, turn)?;
                if self.plan.idempotent && self.identity.is_none() {
                    // It goes on under a new name: what else was under the old one is nobody's any more.
                    return Ok(());
                }
            }
        }
        self.wake = self.wake.min(turn.soon(PACE_NS));
        Ok(())
    }

    fn broken(&mut self, shared: &mut Shared) {
        self.identity_asked = None;
        for request in std::mem::take(&mut self.flying) {
            for (partition, id) in request.batches {
                match self.plan.idempotent || shared.rng.chance(50) {
                    true => self.lanes[partition].repeat(id),
                    false => self.lanes[partition].settle(id, false),
                }
            }
        }
    }

    fn wake(&self) -> Nanos {
        self.wake
    }

    fn waiting_since(&self) -> Option<Nanos> {
        self.flying.front().map(|request| request.sent).or(self.identity_asked.map(|(_, at)| at))
    }

    fn is_done(&self) -> bool {
        self.left == 0 && !self.is_open()
    }

    fn finish(&mut self) {
        self.left = 0;
    }
}
