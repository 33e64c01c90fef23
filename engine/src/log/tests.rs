//! Tests of one log on a simulated disk: random work, power cuts, faults. Every test prints its seed.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use headwater_io::buffer::BufferPool;
use headwater_io::clock::Nanos;
use headwater_io::driver::Driver;
use headwater_io::sim::World;
use headwater_io::sim::disk::Faults;
use headwater_io::sim::rng::Rng;
use headwater_protocol::batch::builder::{BatchBuilder, Producer};
use headwater_protocol::batch::compression::Compression;
use headwater_protocol::batch::header;

use super::append::{AppendError, AppendTime, Appended};
use super::read::{Piece, ReadError};
use super::record_set::RecordSet;
use super::recovery::{CleanEnd, OpenLog};
use super::watermarks::Mark;
use super::{Health, Log, LogSettings};
use crate::model::{LeaderEpoch, Offset};

const DIR: &str = "/data/t-0";
const BATCH_MAX: usize = 51 << 10;

pub(super) fn settings() -> LogSettings {
    LogSettings {
        // Tiny, so that rolls and several units in flight happen in every run.
        segment_bytes: 256 << 10,
        segment_age_max: Duration::MAX,
        index_interval_bytes: 1024,
        direct: true,
        preallocate: false,
        unit_bytes: 32 << 10,
        depth: 3,
        unhardened_bytes_max: 128 << 10,
        flush_after: Duration::from_millis(5),
        linger: Duration::ZERO,
        journaled: false,
    }
}

fn batch(producer: Producer, records: usize, value: &[u8]) -> Bytes {
    let mut builder = BatchBuilder::new(Compression::None);
    for n in 0..records {
        builder.push(1000 + n as i64, Some(b"key"), Some(value));
    }
    Bytes::copy_from_slice(builder.finish(producer))
}

/// A log on a simulated machine, and what a client would know about it.
pub(super) struct Bench {
    pub world: World,
    pub io: Driver,
    pub log: Log,
    pub rng: Rng,
    /// Everything appended, in order: end offset and bytes as sent.
    pub sent: Vec<(Offset, Bytes)>,
}

pub(super) fn open(io: &Driver, epoch: i32, clean: Option<CleanEnd>) -> Log {
    io.fs().create_dir_all(Path::new(DIR)).unwrap();
    let log = OpenLog {
        fs: &io.fs(),
        dir: DIR.into(),
        settings: settings(),
        pool: BufferPool::new(16 << 20, 16 << 20),
        epoch: LeaderEpoch(epoch),
        clean,
        journaled: None,
        batch_bytes_max: BATCH_MAX,
    };
    log.open().unwrap()
}

impl Bench {
    pub(super) fn new(seed: u64) -> Self {
        let world = World::new(seed);
        let io = world.driver();
        let log = open(&io, 1, None);
        Bench { world, io, log, rng: Rng::new(seed ^ 0xbeef), sent: Vec::new() }
    }

    pub(super) fn now(&self) -> AppendTime {
        AppendTime { now: self.io.clock().now(), log_append_time_ms: None }
    }

    pub(super) fn append_set(&mut self, bytes: Bytes) -> Result<Appended, AppendError> {
        let set = RecordSet::check(bytes, BATCH_MAX).unwrap();
        for _ in 0..10_000 {
            match self.log.append(&set, self.now(), false) {
                Err(AppendError::NotYet) => self.turn(),
                other => return other,
            }
        }
        panic!("an append waited for ever");
    }

    pub(super) fn append(&mut self) -> Result<Appended, AppendError> {
        let most = if self.rng.chance(5) { 50_000 } else { 900 };
        let len = 1 + self.rng.below(most) as usize;
        let value: Vec<u8> = (0..len).map(|_| self.rng.next_u64() as u8).collect();
        let records = 1 + if len < 1000 { self.rng.below(4) as usize } else { 0 };
        let bytes = batch(Producer::NONE, records, &value);
        let appended = self.append_set(bytes.clone())?;
        self.sent.push((appended.end, bytes));
        Ok(appended)
    }

    /// One tick: start what is due, let a little time pass, take what came back.
    pub(super) fn turn(&mut self) {
        self.turn_until(Nanos(u64::MAX));
    }

    pub(super) fn settle(&mut self) {
        let end = self.log.marks().appended().offset;
        self.log.want_durable(end);
        for _ in 0..10_000 {
            if self.log.is_quiet() || !matches!(self.log.health(), Health::Serving) {
                return;
            }
            self.turn();
        }
        panic!("the log never came to rest: {:?}", self.log.marks());
    }

    /// All bytes from an offset on, as a consumer would get them.
    pub(super) fn read_from(&mut self, mut offset: Offset, visible: Mark) -> Vec<u8> {
        let mut all = Vec::new();
        while offset < visible.offset {
            let bytes_max = 1 + self.rng.below(20_000);
            let read = match self.log.read(offset, bytes_max, visible) {
                Ok(read) => read,
                Err(ReadError::Look(look)) => {
                    let found = look.run(&self.io.fs());
                    assert!(found.is_ok(), "looked in vain for {offset}");
                    self.log.looked(found);
                    continue;
                }
                Err(_) => panic!("cannot read {offset}"),
            };
            let mut bytes = Vec::new();
            for piece in &read.pieces {
                match piece {
                    Piece::Memory(memory) => bytes.extend_from_slice(memory),
                    Piece::File { file, at, len } => {
                        let mut part = vec![0; *len as usize];
                        assert_eq!(
                            self.io.fs().read_at(file, *at, &mut part).unwrap() as u64,
                            *len
                        );
                        bytes.extend(part);
                    }
                }
            }
            assert_eq!(bytes.len() as u64, read.bytes);
            let before = offset;
            let mut used = 0;
            for batch in header::batches(&bytes) {
                let Ok(batch) = batch else { break };
                assert_eq!(
                    header::check(batch.bytes).map(|h| h.base_offset),
                    Ok(batch.header.base_offset)
                );
                if used == 0 {
                    assert!(
                        batch.header.base_offset <= offset.0
                            && batch.header.next_offset() > offset.0
                    );
                }
                offset = Offset(batch.header.next_offset());
                used += batch.bytes.len();
            }
            assert!(offset > before, "a read without a whole batch");
            all.extend_from_slice(&bytes[..used]);
        }
        all
    }

    /// What was sent up to `end`, as it must lie in the log.
    pub(super) fn expected(&self, end: Offset) -> Vec<u8> {
        let mut all = Vec::new();
        let mut base = 0;
        for (next, bytes) in self.sent.iter().take_while(|(next, _)| *next <= end) {
            let mut batch = bytes.to_vec();
            header::set_base_offset(&mut batch, base);
            all.extend(batch);
            base = next.0;
        }
        all
    }

    pub(super) fn assert_holds(&mut self, end: Offset) {
        let visible = self.log.marks().durable();
        assert!(visible.offset >= end, "lost: acknowledged to {end}, found {visible:?}");
        let mut got = self.read_from(Offset(0), visible);
        let mut at = 0;
        while at < got.len() {
            // The epoch is the only other byte that the broker sets.
            header::set_leader_epoch(&mut got[at..], -1);
            at += header::BatchHeader::parse(&got[at..]).unwrap().total_bytes();
        }
        assert!(
            got == self.expected(visible.offset),
            "the log's bytes are not those that were sent"
        );
    }
}

#[test]
fn everything_appended_becomes_durable_and_readable() {
    for seed in 0..20 {
        println!("seed {seed}");
        let mut b = Bench::new(seed);
        for _ in 0..300 {
            b.append().unwrap();
            if b.rng.chance(40) {
                let end = b.log.marks().appended().offset;
                b.log.want_durable(end);
            }
            if b.rng.chance(50) {
                b.turn();
            }
            while b.rng.chance(70) && b.log.evict() > 0 {}
        }
        b.settle();
        let end = b.log.marks().appended();
        assert_eq!(b.log.marks().durable(), end);
        b.assert_holds(end.offset);
        assert!(b.log.segments.len() > 1, "no roll happened");
    }
}

#[test]
fn a_power_cut_at_any_moment_loses_nothing_durable() {
    for seed in 0..300 {
        println!("seed {seed}");
        let mut b = Bench::new(seed);
        for life in 2..5 {
            for _ in 0..b.rng.below(120) {
                b.append().unwrap();
                if b.rng.chance(60) {
                    let end = b.log.marks().appended().offset;
                    b.log.want_durable(end);
                }
                if b.rng.chance(50) {
                    b.turn();
                }
            }
            let acknowledged = b.log.marks().durable().offset;
            b.world.power_cut();
            b.io = b.world.driver();
            b.log = open(&b.io, life, None);
            assert_eq!(b.log.health(), &Health::Serving);
            let end = b.log.marks().durable().offset;
            b.sent.retain(|(next, _)| *next <= end);
            assert_eq!(b.sent.last().map_or(0, |(next, _)| next.0), end.0, "cut inside a batch");
            b.assert_holds(acknowledged);
        }
    }
}

#[test]
fn a_clean_stop_is_opened_without_reading_records() {
    let mut b = Bench::new(1);
    for _ in 0..50 {
        b.append().unwrap();
    }
    b.settle();
    let clean = b.log.clean_end().unwrap();
    b.log = open(&b.io, 2, Some(clean));
    assert_eq!(b.log.marks().durable().offset, clean.next_offset);
    b.assert_holds(clean.next_offset);
}

#[test]
fn a_failed_write_or_sync_ends_service_and_keeps_what_was_acknowledged() {
    let write = Faults { fail_write_in: Some(20), ..Faults::default() };
    let sync = Faults { fail_sync_in: Some(20), ..Faults::default() };
    for (seed, faults) in (0..40).flat_map(|seed| [(seed, write), (seed, sync)]) {
        println!("seed {seed} {faults:?}");
        let mut b = Bench::new(seed);
        b.world.disk().set_faults(faults);
        let failed = (0..1000).any(|_| {
            let end = b.log.marks().appended().offset;
            b.log.want_durable(end);
            b.turn();
            matches!(b.append(), Err(AppendError::Offline))
        });
        assert!(failed, "the fault never struck");
        let acknowledged = b.log.marks().durable().offset;
        b.settle();
        assert_eq!(b.log.marks().durable().offset, acknowledged, "a mark moved after a failure");
        b.world.disk().set_faults(Faults::default());
        b.world.power_cut();
        b.io = b.world.driver();
        b.log = open(&b.io, 2, None);
        b.assert_holds(acknowledged);
    }
}

#[test]
fn a_full_disk_refuses_appends_serves_reads_and_recovers() {
    let mut b = Bench::new(3);
    b.world.disk().set_faults(Faults { capacity_bytes: Some(1 << 20), ..Faults::default() });
    let refused = (0..10_000).any(|_| {
        b.turn();
        matches!(b.append(), Err(AppendError::Full))
    });
    assert!(refused);
    for _ in 0..200 {
        b.turn();
    }
    let visible = b.log.marks().durable();
    b.assert_holds(visible.offset);
    b.world.disk().set_faults(Faults::default());
    let accepted = (0..10_000).any(|_| {
        b.turn();
        b.append().is_ok()
    });
    assert!(accepted, "did not recover when there was room");
    b.settle();
    let end = b.log.marks().appended().offset;
    b.assert_holds(end);
}

#[test]
fn rot_in_acknowledged_data_is_quarantined_not_cut() {
    let mut b = Bench::new(4);
    while b.log.segments.len() < 2 || b.log.active().end().0 < 230 << 10 {
        b.append().unwrap();
        b.turn();
    }
    b.settle();
    let base = b.log.active().base;
    let path = super::directory::segment(Path::new(DIR), base);
    b.world.disk().rot(&path, 5000, 3);
    b.log = open(&b.io, 2, None);
    assert!(matches!(b.log.health(), Health::Quarantined(_)), "{:?}", b.log.health());
    let visible = b.log.marks().durable();
    assert!(matches!(b.log.read(Offset(0), 100, visible), Err(ReadError::Offline)));
    assert_eq!(
        b.io.fs().list(Path::new(DIR)).unwrap().iter().filter(|e| e.name.ends_with(".log")).count(),
        2
    );
}

#[test]
fn a_damaged_index_or_snapshot_is_rebuilt() {
    let mut b = Bench::new(5);
    let producer = Producer { id: 7, epoch: 0, base_sequence: 0 };
    b.append_set(batch(producer, 1, b"once")).unwrap();
    b.sent.push((Offset(1), batch(producer, 1, b"once")));
    while b.log.segments.len() < 3 {
        b.append().unwrap();
        b.turn();
    }
    b.settle();
    for entry in b.io.fs().list(Path::new(DIR)).unwrap() {
        if entry.name.ends_with("hwindex") || entry.name.ends_with("hwsnapshot") {
            b.world.disk().rot(&Path::new(DIR).join(entry.name), 30, 1);
        }
    }
    let end = b.log.marks().durable().offset;
    b.log = open(&b.io, 2, None);
    b.assert_holds(end);
    let again = b.append_set(batch(producer, 1, b"once")).unwrap();
    assert!(again.duplicate && again.base_offset == Offset(0), "{again:?}");
}

#[test]
fn a_retry_is_recognised_across_a_power_cut() {
    let mut b = Bench::new(6);
    for n in 0..8 {
        let producer = Producer { id: 7, epoch: 0, base_sequence: n };
        b.append_set(batch(producer, 1, b"x")).unwrap();
    }
    b.settle();
    b.world.power_cut();
    b.io = b.world.driver();
    b.log = open(&b.io, 2, None);
    let again =
        b.append_set(batch(Producer { id: 7, epoch: 0, base_sequence: 6 }, 1, b"x")).unwrap();
    assert_eq!((again.duplicate, again.base_offset, again.end), (true, Offset(6), Offset(7)));
    let gap = b.append_set(batch(Producer { id: 7, epoch: 0, base_sequence: 9 }, 1, b"x"));
    assert!(matches!(gap, Err(AppendError::Sequence(_))));
}

#[path = "transaction_tests.rs"]
mod transactions;
