//! Cleaning on a simulated disk: random workloads against the model, power cuts at every step, lost and damaged files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bytes::Bytes;
use headwater_io::sim::disk::Faults;
use headwater_protocol::batch::builder::{BatchBuilder, Producer};
use headwater_protocol::batch::compression::Compression;
use headwater_protocol::batch::control::Marker;
use headwater_protocol::batch::header::{self, HEADER_BYTES};

use super::model::{Model, Row, Table};
use super::workshop::*;
use super::*;
use crate::log::directory;
use crate::log::tests::settings;

/// Base offsets and sizes.
fn sizes(log: &Log) -> Vec<(Offset, u64)> {
    log.segments.iter().map(|segment| (segment.base, segment.end().0)).collect()
}

/// The index on the disk is the one that the log has.
fn check_indexes(work: &Workshop) {
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
        let mut work = Workshop::new(seed);
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
            assert_eq!(read_committed(&work, &after), committed_before(&after, work.stable()));
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
    committed_before(tables, Offset(i64::MAX))
}

fn committed_before(tables: &[Table], end: Offset) -> BTreeMap<Vec<u8>, (i64, Option<Vec<u8>>)> {
    let mut pending: BTreeMap<i64, Vec<&Row>> = BTreeMap::new();
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
    rows.retain(|row| row.offset < end.0);
    rows.sort_by_key(|row| row.offset);
    let of = |row: &Row| (row.key.clone().unwrap(), (row.offset, row.value.clone()));
    rows.into_iter().map(of).collect()
}

/// The same as a reader of committed records finds it, from the lists of aborted transactions.
fn read_committed(work: &Workshop, tables: &[Table]) -> BTreeMap<Vec<u8>, (i64, Option<Vec<u8>>)> {
    let (stable, mut void) = (work.stable(), BTreeSet::new());
    let mut aborted = work.bench.log.aborted_in(Offset(0), stable);
    aborted.sort_by_key(|one| one.first_offset);
    let mut aborted = aborted.into_iter().peekable();
    let mut last = BTreeMap::new();
    for table in tables.iter().take_while(|table| table.header.base_offset < stable.0) {
        while let Some(begun) =
            aborted.next_if(|one| one.first_offset.0 <= table.header.last_offset())
        {
            void.insert(begun.producer_id);
        }
        let id = table.header.producer_id;
        if table.marker == Some(Marker::Abort) {
            void.remove(&id);
        }
        let is_void = table.header.attributes.is_transactional && void.contains(&id);
        if !is_void && !table.header.attributes.is_control {
            let of = |row: &Row| (row.key.clone().unwrap(), (row.offset, row.value.clone()));
            last.extend(table.rows.iter().map(of));
        }
    }
    last
}

#[test]
fn a_power_cut_at_every_step_leaves_one_whole_log() {
    for seed in 0..4 {
        let mut steps = 0;
        for ops in 1.. {
            let mut work = Workshop::new(seed);
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

fn try_open(work: &Workshop) -> io::Result<Log> {
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
    let mut work = Workshop::new(1);
    let put = |work: &mut Workshop, key: u64, value: u64| {
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
    let mut work = Workshop::new(2);
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
fn cleaned(seed: u64) -> (Workshop, Vec<Table>) {
    let mut work = Workshop::new(seed);
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

/// The horizon of a tombstone may cost its batch some bytes, where nothing else is saved.
#[test]
fn a_segment_that_became_longer_can_be_read_to_its_end() {
    let mut work = Workshop::new(9);
    for round in 0..3 {
        for n in 0..100 {
            let mut builder = BatchBuilder::new(Compression::None);
            builder.push(work.clock_ms, Some(format!("{round} {n}").as_bytes()), None);
            work.append(Bytes::copy_from_slice(builder.finish(Producer::NONE)));
        }
        while !work.bench.log.roll() {
            work.bench.turn();
        }
    }
    work.fill_whole(1);
    let before = sizes(&work.bench.log);
    let upto = work.cleanable(LATER_MS).unwrap().upto;
    work.clean_all(LATER_MS);
    let after = sizes(&work.bench.log);
    let kept = |sizes: &[(Offset, u64)]| {
        sizes.iter().filter(|(base, _)| *base < upto).map(|(_, bytes)| bytes).sum::<u64>()
    };
    assert!(kept(&after) > kept(&before) + HEADER_BYTES as u64, "{before:?} {after:?}");
    let tables = work.tables();
    assert!(tables.len() >= 300);
    for table in &tables {
        let bytes = work.read_at(Offset(table.header.base_offset));
        let first = header::check(&bytes).unwrap();
        assert_eq!(first.base_offset, table.header.base_offset);
    }
}

#[test]
fn readers_of_the_old_segments_read_on() {
    let mut work = Workshop::new(6);
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
    let scrub = |work: &mut Workshop| {
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

#[test]
fn a_disk_that_is_full_or_fails_costs_the_run_and_nothing_else() {
    for n in 1..40 {
        let mut work = Workshop::new(8);
        work.fill_whole(150);
        let (before, used) = (work.tables(), work.bench.world.disk().used_bytes());
        let faults = match n % 3 {
            0 => Faults { capacity_bytes: Some(used + n * 200), ..Faults::default() },
            1 => Faults { fail_write_in: Some(n), ..Faults::default() },
            _ => Faults { fail_sync_in: Some(n), ..Faults::default() },
        };
        work.bench.world.disk().set_faults(faults);
        let end = work.clean(LATER_MS, 1 << 20, 100_000);
        work.bench.world.disk().set_faults(Faults::default());
        match work.bench.log.health().clone() {
            Health::Serving => {
                assert_eq!(committed(&work.tables()), committed(&before), "{n} {end:?}");
                if end == Some(Ended::Failed) {
                    let names = work.fs().list(Path::new(DIR)).unwrap();
                    let is_left = |name: &str| name.ends_with(directory::CLEANED);
                    assert!(!names.iter().any(|entry| is_left(&entry.name)), "{n}");
                }
                work.clean_all(LATER_MS);
            }
            // The swap was decided: a start finishes it.
            _ => assert_eq!(end, Some(Ended::Failed)),
        }
        work.cut(2);
        assert_eq!(work.bench.log.health(), &Health::Serving, "{n}");
        work.clean_all(LATER_MS);
        assert_eq!(committed(&work.tables()), committed(&before), "{n}");
        check_indexes(&work);
    }
}

#[test]
fn nothing_is_concluded_from_an_offset_that_leads_out_of_its_segment() {
    let (mut work, _) = cleaned(9);
    let (base, _) = sizes(&work.bench.log)[0];
    let path = directory::segment(Path::new(DIR), base);
    let file = work.fs().open(&path, headwater_io::file::Access::Write).unwrap();
    // Of the first batch: no checksum covers it.
    work.fs().write_all_at(&file, 0, &1_000_000_i64.to_be_bytes()).unwrap();
    work.fill_whole(100);
    assert_eq!(work.clean(LATER_MS, 1 << 20, 100_000), Some(Ended::Failed));
    assert!(work.bench.log.is_uncleanable());
    assert_eq!(work.cleanable(LATER_MS), None);
    assert_eq!(work.bench.log.health(), &Health::Serving);
}
