//! Cleaning on a simulated disk: random workloads against the model, power cuts at every step, lost and damaged files.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use headwater_protocol::batch::attributes::Attributes;
use headwater_protocol::batch::builder::{BatchBuilder, Producer};
use headwater_protocol::batch::compression::Compression;
use headwater_protocol::batch::control::Marker;
use headwater_protocol::batch::header;

use super::model::{Model, Table, parse};
use super::*;
use crate::log::LogSettings;
use crate::log::append::AppendError;
use crate::log::directory;
use crate::log::producers::transactions::MarkerOf;
use crate::log::read::{Piece, ReadError};
use crate::log::record_set::RecordSet;
use crate::log::tests::{Bench, open, settings};

const DIR: &str = "/data/t-0";
/// Long after every record of these tests.
const LATER_MS: i64 = 1_000_000;
const RETENTION_MS: u64 = 10_000;

const POLICY: Policy = Policy {
    dirty_ratio_min: 0.0,
    delete_retention_ms: RETENTION_MS,
    lag_ms_min: 0,
    lag_ms_max: i64::MAX as u64,
};

/// What a transactional client knows.
#[derive(Clone, Copy, Default)]
struct Client {
    epoch: i16,
    sequence: i32,
}

struct Work {
    bench: Bench,
    clients: BTreeMap<i64, Client>,
    clock_ms: i64,
}

impl Work {
    fn new(seed: u64) -> Self {
        let mut work = Work { bench: Bench::new(seed), clients: BTreeMap::new(), clock_ms: 1_000 };
        work.shrink();
        work
    }

    /// Segments of a few dozen batches.
    fn shrink(&mut self) {
        self.bench.log.change(LogSettings { segment_bytes: 16 << 10, ..settings() });
    }

    fn random(&mut self, below: u64) -> u64 {
        self.bench.rng.below(below)
    }

    /// A batch of some records, a few of them tombstones.
    fn batch(&mut self, producer: Producer, attributes: Attributes) -> Bytes {
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
    fn act(&mut self) {
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

    fn append_sequenced(&mut self, id: i64, attributes: Attributes) {
        let Client { epoch, sequence } = *self.clients.entry(id).or_default();
        let batch = self.batch(Producer { id, epoch, base_sequence: sequence }, attributes);
        let count = header::check(&batch).unwrap().record_count;
        self.append(batch);
        self.clients.get_mut(&id).unwrap().sequence += count;
    }

    fn append(&mut self, batch: Bytes) {
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

    fn end(&mut self, id: i64) {
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

    fn fill(&mut self, acts: usize) {
        for _ in 0..acts {
            self.act();
        }
        self.bench.settle();
    }

    /// As [`Work::fill`], and no transaction is left open.
    fn fill_whole(&mut self, acts: usize) {
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

    fn stable(&self) -> Offset {
        let visible = self.bench.log.marks().durable();
        self.bench.log.stable(visible, None).offset
    }

    fn cleanable(&self, now_ms: i64) -> Option<Cleanable> {
        self.bench.log.cleanable(&POLICY, self.stable(), now_ms)
    }

    /// Begins a run and takes it so many turns further, or to its end; whether it has ended, and how.
    fn clean(&mut self, now_ms: i64, map_bytes_max: u64, turns: usize) -> Option<Ended> {
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

    fn clean_all(&mut self, now_ms: i64) {
        if self.cleanable(now_ms).is_some_and(|found| found.dirty_bytes > 0) {
            assert_eq!(self.clean(now_ms, 1 << 20, 100_000), Some(Ended::Done));
        }
    }

    /// All batches from the start on, as a consumer gets them that never asks for the same twice.
    fn read(&mut self) -> Vec<u8> {
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

    fn read_at(&mut self, offset: Offset) -> Vec<u8> {
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

    fn tables(&mut self) -> Vec<Table> {
        parse(&self.read())
    }

    fn cut(&mut self, epoch: i32) {
        self.bench.world.power_cut();
        self.bench.io = self.bench.world.driver();
        self.bench.log = open(&self.bench.io, epoch, None);
        self.shrink();
    }

    fn fs(&self) -> Fs {
        self.bench.io.fs()
    }
}

fn gather(fs: &Fs, pieces: &[Piece]) -> Vec<u8> {
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

/// Base offsets and sizes.
fn sizes(log: &Log) -> Vec<(Offset, u64)> {
    log.segments.iter().map(|segment| (segment.base, segment.end().0)).collect()
}

/// The index on the disk is the one that the log has.
fn check_indexes(work: &Work) {
    let (fs, dir) = (work.fs(), Path::new(DIR));
    let log = &work.bench.log;
    for (n, segment) in log.segments.iter().enumerate().take(log.segments.len() - 1) {
        let bytes = fs.read(&directory::index(dir, segment.base)).unwrap();
        let index = crate::segment::index::file::decode(&bytes, segment.base, segment.end());
        let mut expected = segment.index.clone();
        let list = crate::log::aborted::file::encode(&segment.aborted);
        expected.set_aborted(crate::log::aborted::file::check(&list));
        assert_eq!(index, Some(expected));
        assert_eq!(segment.index.upto(), log.segments[n + 1].base);
    }
    let first = log.segments[0].base;
    for entry in fs.list(dir).unwrap() {
        let base = directory::parse_any(&entry.name).unwrap_or(first);
        let known = log.segments.iter().any(|segment| segment.base == base);
        let is_other = directory::parse_snapshot(&entry.name).is_some();
        assert!(known || is_other, "{} is of no segment", entry.name);
        assert!(!entry.name.ends_with(directory::CLEANED) && !entry.name.ends_with(".swap"));
    }
}

#[test]
fn random_logs_become_what_kafkas_rules_say() {
    let mut runs = 0;
    for seed in 0..60 {
        println!("seed {seed}");
        let mut work = Work::new(seed);
        let mut now_ms = LATER_MS;
        for round in 0..4 {
            let acts = 50 + work.random(250) as usize;
            work.fill(acts);
            // Sometimes with too little memory for all keys, and sometimes long after the last time.
            let map_bytes_max = 1 << 20;
            now_ms += work.random(2) as i64 * 2 * RETENTION_MS as i64;
            let before = work.tables();
            let Some(found) = work.cleanable(now_ms).filter(|found| found.dirty_bytes > 0) else {
                continue;
            };
            let model = Model {
                from: found.first_dirty.0,
                mapped_upto: found.upto.0,
                rewritten_upto: found.upto.0,
                cleanable_upto: found.upto.0,
                now_ms,
                delete_retention_ms: RETENTION_MS as i64,
                last: work.bench.log.producers.last_batches(),
            };
            assert_eq!(work.clean(now_ms, map_bytes_max, 100_000), Some(Ended::Done));
            let (after, expected) = (work.tables(), model.clean(&before));
            for (after, expected) in after.iter().zip(&expected) {
                assert_eq!(after, expected, "round {round}, of {found:?}");
            }
            assert_eq!(after.len(), expected.len());
            check_indexes(&work);
            assert_eq!(work.bench.log.compaction.note().first_dirty, found.upto);
            runs += 1;
            if work.random(2) == 0 {
                work.cut(round + 2);
                assert_eq!(work.bench.log.health(), &Health::Serving);
                assert_eq!(work.tables(), after);
                check_indexes(&work);
            }
        }
    }
    assert!(runs > 100, "{runs} runs");
}

/// The committed records that count at last, by key.
fn committed(tables: &[Table]) -> BTreeMap<Vec<u8>, (i64, Option<Vec<u8>>)> {
    let mut pending: BTreeMap<i64, Vec<&super::model::Row>> = BTreeMap::new();
    let mut rows = Vec::new();
    for table in tables {
        let id = table.header.producer_id;
        match table.marker {
            Some(Marker::Commit) => rows.extend(pending.remove(&id).unwrap_or_default()),
            Some(Marker::Abort) => drop(pending.remove(&id)),
            None if table.header.attributes.is_transactional => {
                pending.entry(id).or_default().extend(&table.rows);
            }
            None => rows.extend(&table.rows),
        }
    }
    rows.sort_by_key(|row| row.offset);
    let of = |row: &super::model::Row| (row.key.clone().unwrap(), (row.offset, row.value.clone()));
    rows.into_iter().map(of).collect()
}

#[test]
fn a_power_cut_at_every_step_leaves_one_whole_log() {
    for seed in 0..4 {
        let mut steps = 0;
        for ops in 1.. {
            let mut work = Work::new(seed);
            work.fill_whole(60);
            let (before, end) = (work.tables(), work.bench.log.marks().durable());
            let table = committed(&before);
            work.bench.world.disk().silence_after(ops);
            let ended = work.clean(LATER_MS, 1 << 20, 100_000);
            if !work.bench.world.disk().is_silent() {
                assert_eq!(ended, Some(Ended::Done));
                break;
            }
            steps += 1;
            work.bench.world.power_cut();
            work.bench.io = work.bench.world.driver();
            // And while a start puts that right.
            let again = work.random(40);
            work.bench.world.disk().silence_after(again);
            drop(try_open(&work));
            work.cut(2);
            assert_eq!(work.bench.log.health(), &Health::Serving, "seed {seed}, after {ops}");
            assert_eq!(work.bench.log.marks().durable().offset, end.offset);
            let after = work.tables();
            assert_eq!(committed(&after), table, "seed {seed}, after {ops}");
            for row in after.iter().flat_map(|table| &table.rows) {
                assert!(before.iter().flat_map(|table| &table.rows).any(|was| was == row));
            }
            check_indexes(&work);
            work.clean_all(LATER_MS);
            assert_eq!(committed(&work.tables()), table);
            check_indexes(&work);
        }
        println!("seed {seed}: {steps} steps");
        assert!(steps > 20);
    }
}

fn try_open(work: &Work) -> io::Result<Log> {
    let fs = work.fs();
    let open = crate::log::recovery::OpenLog {
        fs: &fs,
        dir: DIR.into(),
        settings: settings(),
        pool: headwater_io::buffer::BufferPool::new(16 << 20, 16 << 20),
        epoch: crate::model::LeaderEpoch(1),
        clean: None,
        journaled: None,
        batch_bytes_max: 51 << 10,
    };
    open.open()
}

#[test]
fn more_keys_than_fit_are_cleaned_bit_by_bit() {
    let mut work = Work::new(1);
    let put = |work: &mut Work, key: u64, value: u64| {
        let mut builder = BatchBuilder::new(Compression::None);
        builder.push(1_000, Some(&key.to_be_bytes()), Some(&value.to_be_bytes()));
        work.append(Bytes::copy_from_slice(builder.finish(Producer::NONE)));
    };
    for round in 0..2 {
        (0..2_000).for_each(|key| put(&mut work, key, round));
    }
    work.fill_whole(0);
    let upto = work.cleanable(LATER_MS).unwrap().upto;
    let mut from = Offset(0);
    for runs in 1.. {
        // The smallest map there is: 1,024 slots.
        assert_eq!(work.clean(LATER_MS, 0, 100_000), Some(Ended::Done));
        let to = work.bench.log.compaction.note().first_dirty;
        assert!(to > from, "{from} {to}");
        from = to;
        if to == upto {
            assert_eq!(runs, 5);
            break;
        }
    }
    let rows: Vec<_> = work.tables().into_iter().flat_map(|table| table.rows).collect();
    let kept = rows.iter().filter(|row| row.offset < upto.0).count();
    assert!((2_000..2_010).contains(&kept), "{kept}");
    check_indexes(&work);
}

#[test]
fn what_is_young_is_left_alone_and_what_is_overdue_is_not() {
    let mut work = Work::new(2);
    work.fill_whole(300);
    let segments: Vec<_> = work
        .bench
        .log
        .segments
        .iter()
        .map(|one| (one.base, one.index.max_timestamp_ms()))
        .collect();
    let (stable, log) = (work.stable(), &work.bench.log);
    let young = Policy { lag_ms_min: 500, ..POLICY };
    for (n, (base, newest)) in segments.iter().enumerate().skip(1).take(segments.len() - 2) {
        // Just old enough for the ones before it.
        let now_ms = segments[..n].iter().map(|(_, newest)| *newest).max().unwrap() + 500;
        let found = log.cleanable(&young, stable, now_ms).unwrap();
        let expected = if now_ms - 500 < *newest { *base } else { found.upto };
        assert_eq!(found.upto, expected);
    }
    let lazy = Policy { dirty_ratio_min: 1.0, lag_ms_max: 1_000, ..POLICY };
    let oldest = segments[0].1;
    assert!(!log.cleanable(&lazy, stable, 1_500).unwrap().is_due(&lazy));
    assert!(log.cleanable(&lazy, stable, oldest + 1_001).unwrap().is_due(&lazy));
    assert_eq!(log.cleanable(&POLICY, Offset(0), LATER_MS).unwrap().upto, Offset(0));
}

/// A log that was cleaned, and another time had something appended.
fn cleaned(seed: u64) -> (Work, Vec<Table>) {
    let mut work = Work::new(seed);
    work.fill_whole(400);
    work.clean_all(LATER_MS);
    let tables = work.tables();
    assert!(work.bench.log.segments.len() > 1);
    (work, tables)
}

#[test]
fn an_index_of_a_cleaned_segment_is_made_again_and_a_lost_note_costs_nothing() {
    let (mut work, tables) = cleaned(3);
    let (fs, dir) = (work.fs(), Path::new(DIR));
    for base in sizes(&work.bench.log).into_iter().rev().skip(1).map(|(base, _)| base) {
        fs.remove_file(&directory::index(dir, base)).unwrap();
        fs.sync_dir(dir).unwrap();
        work.cut(2);
        assert_eq!(work.bench.log.health(), &Health::Serving);
        assert_eq!(work.tables(), tables);
        check_indexes(&work);
    }
    let fs = work.fs();
    fs.remove_file(&dir.join(directory::CLEANED_NOTE)).unwrap();
    fs.sync_dir(dir).unwrap();
    work.cut(3);
    assert_eq!(work.bench.log.health(), &Health::Serving);
    assert_eq!(work.bench.log.compaction.note(), &Note::NONE);
    assert_eq!(work.tables(), tables);
    work.clean_all(LATER_MS);
    assert_eq!(committed(&work.tables()), committed(&tables));
}

#[test]
fn a_cleaned_segment_that_is_missing_or_cut_is_found_out() {
    for missing in [true, false] {
        let (mut work, _) = cleaned(4);
        let (fs, dir) = (work.fs(), Path::new(DIR));
        let all = sizes(&work.bench.log);
        let (base, bytes) = all[(all.len() - 1) / 2];
        let path = directory::segment(dir, base);
        match missing {
            true => {
                // The first one may be missing: the log then starts later.
                let (base, _) = all[1];
                fs.remove_file(&directory::segment(dir, base)).unwrap();
                fs.sync_dir(dir).unwrap();
                if all.len() < 3 {
                    continue;
                }
            }
            false => {
                let file = fs.open(&path, headwater_io::file::Access::Write).unwrap();
                fs.set_len(&file, bytes / 2).unwrap();
                fs.sync(&file).unwrap();
            }
        }
        work.cut(2);
        let health = work.bench.log.health();
        assert!(matches!(health, Health::Quarantined(_)), "{missing} {health:?}");
    }
}

#[test]
fn every_offset_can_be_read_and_every_time_is_found() {
    let (mut work, tables) = cleaned(5);
    let visible = work.bench.log.marks().durable();
    let rows: Vec<_> = tables.iter().flat_map(|table| &table.rows).collect();
    for offset in 0..visible.offset.0 {
        let bytes = work.read_at(Offset(offset));
        let next = header::BatchHeader::parse(&bytes).unwrap();
        let expected = tables.iter().find(|table| table.header.next_offset() > offset).unwrap();
        assert_eq!(next.base_offset, expected.header.base_offset, "at {offset}");
    }
    let fs = work.fs();
    for time in (0..LATER_MS).step_by(700).take_while(|time| *time < work.clock_ms + 2_000) {
        let hit = work.bench.log.look_for_time(time, visible).run(&fs).unwrap();
        let expected = rows.iter().find(|row| row.timestamp_ms >= time);
        assert_eq!(hit.map(|hit| hit.offset.0), expected.map(|row| row.offset), "at {time}");
    }
}

#[test]
fn readers_of_the_old_segments_read_on() {
    let mut work = Work::new(6);
    work.fill_whole(300);
    let before = work.read();
    // Everything that is kept in memory is let go of.
    while work.bench.log.evict() > 0 {}
    let visible = work.bench.log.marks().durable();
    let Ok(read) = work.bench.log.read(Offset(0), 1 << 20, visible) else { panic!("not read") };
    work.clean_all(LATER_MS);
    let bytes = gather(&work.fs(), &read.pieces);
    assert!(!bytes.is_empty() && before.starts_with(&bytes));
    assert_ne!(work.read()[..bytes.len().min(500)], before[..bytes.len().min(500)]);
}

#[test]
fn the_scrubber_finds_nothing_in_what_was_cleaned_and_everything_that_is_flipped() {
    let (mut work, _) = cleaned(7);
    let fs = work.fs();
    let serials: Vec<u32> = work.bench.log.segments.iter().map(|segment| segment.serial).collect();
    let scrub = |work: &mut Work| {
        let mut news = 0;
        for serial in &serials {
            let mut at = crate::model::Position(0);
            while let Some(passage) = work.bench.log.passage(*serial, at, 4_000) {
                let passed = passage.run(&fs);
                at = passed.end;
                news += work.bench.log.passed(&passed);
            }
        }
        news
    };
    assert_eq!(scrub(&mut work), 0);
    let (base, bytes) = sizes(&work.bench.log)[0];
    let path = directory::segment(Path::new(DIR), base);
    let file = fs.open(&path, headwater_io::file::Access::Write).unwrap();
    let mut byte = [0];
    fs.read_at(&work.bench.log.segments[0].reader, bytes / 2, &mut byte).unwrap();
    fs.write_all_at(&file, bytes / 2, &[byte[0] ^ 1]).unwrap();
    assert_eq!(scrub(&mut work), 1);
    // A damaged segment is not cleaned.
    work.fill(200);
    let found = work.cleanable(LATER_MS).unwrap();
    work.bench.log.begin_cleaning(&POLICY, &found, LATER_MS, 1 << 20);
    let before = sizes(&work.bench.log)[0];
    for _ in 0..200 {
        work.bench.log.clean_step(10_000, false, &mut work.bench.io);
        work.bench.turn();
    }
    assert_eq!(sizes(&work.bench.log)[0], before);
    assert!(!work.bench.log.is_being_cleaned());
}
