//! A log on a simulated disk, the clients that write to it, and its cleaner, for the tests.

use std::collections::BTreeMap;

use bytes::Bytes;
use headwater_io::file::Fs;
use headwater_protocol::batch::attributes::Attributes;
use headwater_protocol::batch::builder::{BatchBuilder, Producer};
use headwater_protocol::batch::compression::Compression;
use headwater_protocol::batch::control::Marker;
use headwater_protocol::batch::header;

use super::model::{Table, parse};
use super::*;
use crate::log::LogSettings;
use crate::log::append::AppendError;
use crate::log::producers::transactions::MarkerOf;
use crate::log::read::{Piece, ReadError};
use crate::log::record_set::RecordSet;
use crate::log::tests::{Bench, open, settings};

pub const DIR: &str = "/data/t-0";
/// Long after every record of these tests.
pub const LATER_MS: i64 = 1_000_000;
pub const RETENTION_MS: u64 = 10_000;

pub const POLICY: Policy = Policy {
    dirty_ratio_min: 0.0,
    delete_retention_ms: RETENTION_MS,
    lag_ms_min: 0,
    lag_ms_max: i64::MAX as u64,
};

/// What a transactional client knows.
#[derive(Clone, Copy, Default)]
pub struct Client {
    epoch: i16,
    sequence: i32,
}

pub struct Workshop {
    pub bench: Bench,
    clients: BTreeMap<i64, Client>,
    pub clock_ms: i64,
}

impl Workshop {
    pub fn new(seed: u64) -> Self {
        let mut work =
            Workshop { bench: Bench::new(seed), clients: BTreeMap::new(), clock_ms: 1_000 };
        work.shrink();
        work
    }

    /// Segments of a few dozen batches.
    pub fn shrink(&mut self) {
        self.bench.log.change(LogSettings { segment_bytes: 16 << 10, ..settings() });
    }

    pub fn random(&mut self, below: u64) -> u64 {
        self.bench.rng.below(below)
    }

    /// A batch of some records, a few of them tombstones.
    pub fn batch(&mut self, producer: Producer, attributes: Attributes) -> Bytes {
        let compression = Compression::ALL[self.random(5) as usize];
        let mut builder = BatchBuilder::new(compression);
        for _ in 0..1 + self.random(6) {
            let key = format!("key {}", self.random(30));
            let value = vec![self.random(256) as u8; 1 + self.random(200) as usize];
            let is_tombstone = self.random(6) == 0;
            let time = self.clock_ms + self.random(500) as i64;
            builder.push(time, Some(key.as_bytes()), (!is_tombstone).then_some(&value));
        }
        self.clock_ms += 10;
        Bytes::copy_from_slice(builder.finish_with(producer, attributes))
    }

    /// One thing that some client does.
    pub fn act(&mut self) {
        let id = self.random(4) as i64;
        match self.random(10) {
            0..5 => {
                let batch = self.batch(Producer::NONE, Attributes::default());
                self.append(batch);
            }
            // An idempotent producer that may fall silent.
            5 | 6 => {
                self.append_sequenced(id, Attributes::default());
            }
            7 | 8 => self.append_sequenced(
                10 + id,
                Attributes { is_transactional: true, ..Attributes::default() },
            ),
            _ => self.end(10 + id),
        }
    }

    pub fn append_sequenced(&mut self, id: i64, attributes: Attributes) {
        let Client { epoch, sequence } = *self.clients.entry(id).or_default();
        let batch = self.batch(Producer { id, epoch, base_sequence: sequence }, attributes);
        let count = header::check(&batch).unwrap().record_count;
        self.append(batch);
        self.clients.get_mut(&id).unwrap().sequence += count;
    }

    pub fn append(&mut self, batch: Bytes) {
        let set = RecordSet::check(batch, 1 << 20).unwrap();
        loop {
            match self.bench.log.append(&set, self.bench.now(), true) {
                Err(AppendError::NotYet) => self.bench.turn(),
                other => {
                    other.unwrap();
                    return;
                }
            }
        }
    }

    pub fn end(&mut self, id: i64) {
        let client = self.clients.entry(id).or_default();
        // Both versions of the protocol.
        let transaction_version = if id % 2 == 0 { 2 } else { 1 };
        if transaction_version == 2 {
            *client = Client { epoch: client.epoch + 1, sequence: 0 };
        }
        let producer_epoch = client.epoch;
        let marker = if self.random(2) == 0 { Marker::Abort } else { Marker::Commit };
        let of =
            MarkerOf { producer_id: id, producer_epoch, coordinator_epoch: 3, transaction_version };
        let set = RecordSet::marker(&of, marker, self.clock_ms);
        loop {
            match self.bench.log.append_marker(&set, self.bench.now(), &of) {
                Err(AppendError::NotYet) => self.bench.turn(),
                other => {
                    other.unwrap();
                    return;
                }
            }
        }
    }

    pub fn fill(&mut self, acts: usize) {
        for _ in 0..acts {
            self.act();
        }
        self.bench.settle();
    }

    /// As [`Workshop::fill`], and no transaction is left open.
    pub fn fill_whole(&mut self, acts: usize) {
        self.fill(acts);
        for id in 10..14 {
            if self.clients.contains_key(&id) {
                self.end(id);
            }
        }
        for _ in 0..2 {
            while !self.bench.log.roll() {
                self.bench.turn();
            }
            let batch = self.batch(Producer::NONE, Attributes::default());
            self.append(batch);
        }
        self.bench.settle();
        let is_open = |segment: &Segment| !segment.is_sealed();
        while self.bench.log.segments.iter().filter(|segment| is_open(segment)).count() > 1 {
            self.bench.turn();
        }
    }

    pub fn stable(&self) -> Offset {
        let visible = self.bench.log.marks().durable();
        self.bench.log.stable(visible, None).offset
    }

    pub fn cleanable(&self, now_ms: i64) -> Option<Cleanable> {
        self.bench.log.cleanable(&POLICY, self.stable(), now_ms)
    }

    /// Begins a run and takes it so many turns further, or to its end; whether it has ended, and how.
    pub fn clean(&mut self, now_ms: i64, map_bytes_max: u64, turns: usize) -> Option<Ended> {
        let found = self.cleanable(now_ms).filter(|found| found.dirty_bytes > 0)?;
        self.bench.log.begin_cleaning(&POLICY, &found, now_ms, map_bytes_max);
        for _ in 0..turns {
            if self.bench.world.disk().is_silent() {
                return None;
            }
            let step = 500 + self.random(5_000);
            self.bench.log.clean_step(step, false, &mut self.bench.io);
            self.bench.turn();
            if let Some(Worked { end: Some(end), .. }) = self.bench.log.take_worked() {
                return Some(end);
            }
        }
        None
    }

    pub fn clean_all(&mut self, now_ms: i64) {
        if self.cleanable(now_ms).is_some_and(|found| found.dirty_bytes > 0) {
            assert_eq!(self.clean(now_ms, 1 << 20, 100_000), Some(Ended::Done));
        }
    }

    /// All batches from the start on, as a consumer gets them that never asks for the same twice.
    pub fn read(&mut self) -> Vec<u8> {
        let visible = self.bench.log.marks().durable();
        let (mut all, mut offset) = (Vec::new(), self.bench.log.log_start());
        while offset < visible.offset {
            let bytes = self.read_at(offset);
            let mut used = 0;
            for batch in header::batches(&bytes) {
                let Ok(batch) = batch else { break };
                let found = header::check(batch.bytes).unwrap();
                assert!(found.next_offset() > offset.0, "{} at {offset}", found.base_offset);
                assert!(used == 0 || found.base_offset >= offset.0);
                offset = Offset(found.next_offset());
                used += batch.bytes.len();
            }
            if used == 0 {
                break;
            }
            all.extend_from_slice(&bytes[..used]);
        }
        all
    }

    pub fn read_at(&mut self, offset: Offset) -> Vec<u8> {
        let visible = self.bench.log.marks().durable();
        let bytes_max = 1 + self.random(9_000);
        let fs = self.bench.io.fs();
        let read = loop {
            match self.bench.log.read(offset, bytes_max, visible) {
                Ok(read) => break read,
                Err(ReadError::Look(look)) => self.bench.log.looked(look.run(&fs)),
                Err(_) => panic!("cannot read {offset}"),
            }
            assert!(!self.bench.log.take_look_failure(), "looked in vain for {offset}");
        };
        gather(&fs, &read.pieces)
    }

    pub fn tables(&mut self) -> Vec<Table> {
        parse(&self.read())
    }

    pub fn cut(&mut self, epoch: i32) {
        self.bench.world.power_cut();
        self.bench.io = self.bench.world.driver();
        self.bench.log = open(&self.bench.io, epoch, None);
        self.shrink();
    }

    pub fn fs(&self) -> Fs {
        self.bench.io.fs()
    }
}

pub fn gather(fs: &Fs, pieces: &[Piece]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Memory(memory) => bytes.extend_from_slice(memory),
            Piece::File { file, at, len } => {
                let mut part = vec![0; *len as usize];
                assert_eq!(fs.read_at(file, *at, &mut part).unwrap() as u64, *len);
                bytes.extend(part);
            }
        }
    }
    bytes
}
