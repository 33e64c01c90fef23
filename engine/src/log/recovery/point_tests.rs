//! Recovery points: used when somebody vouches for them, and otherwise as if they were not there.

use std::path::Path;

use headwater_io::sim::disk::Faults;
use headwater_protocol::batch::header::BatchHeader;

use super::tests::{DIR, Folder, batch};
use super::*;
use crate::log::point;
use crate::log::producers::Producers;
use crate::segment::index::Index;

/// Writes the point of segment 0 as of its first `count` batches of one record.
fn write_point(folder: &Folder, count: i64) -> io::Result<()> {
    let (mut index, mut producers, mut position) =
        (Index::new(Offset(0), 1024), Producers::default(), Position(0));
    for n in 0..count {
        let bytes = batch(n, 1, 100);
        let header = BatchHeader::parse(&bytes).unwrap();
        index.add(position, &header);
        producers.note(&header, Default::default(), None);
        position.0 += bytes.len() as u64;
    }
    let bytes = point::encode(&index, &producers, Offset(0), position, Offset(count));
    folder.fs.replace(&point::path(Path::new(DIR), Offset(0)), &bytes)
}

/// Makes everything before a position unreadable, headers and all.
fn blot_out(folder: &Folder, before: Position) {
    let mut bytes = folder.bytes(0);
    bytes[..before.0 as usize].fill(0xee);
    folder.fs.replace(&directory::segment(Path::new(DIR), Offset(0)), &bytes).unwrap();
}

fn has_point(folder: &Folder) -> bool {
    folder.fs.exists(&point::path(Path::new(DIR), Offset(0)))
}

#[test]
fn only_what_follows_the_point_is_read() {
    for vouched_by_journal in [true, false] {
        let mut folder = Folder::new(1);
        let pointed = folder.segment(0, 40, &[]);
        let end = folder.segment(0, 60, &[]);
        let whole = folder.expect_serving(end);
        write_point(&folder, 40).unwrap();
        match vouched_by_journal {
            true => folder.promise(Some(pointed), end),
            false => folder.clean = Some(end),
        }
        blot_out(&folder, pointed.position);
        let log = folder.expect_serving(end);
        assert_eq!(log.producers, whole.producers);
        assert_eq!(log.segments[0].index, whole.segments[0].index);
        assert!(has_point(&folder), "it is as good for the next start");
    }
}

#[test]
fn a_point_that_nobody_vouches_for_is_ignored_and_removed() {
    let mut folder = Folder::new(1);
    let floor = folder.segment(0, 39, &[]);
    let end = folder.segment(0, 60, &[]);
    let promises =
        [None, Some(Journaled { floor: None, end }), Some(Journaled { floor: Some(floor), end })];
    for promise in promises {
        write_point(&folder, 40).unwrap();
        folder.journaled = promise;
        folder.expect_serving(end);
        assert!(!has_point(&folder), "{promise:?}");
    }
}

#[test]
fn a_damaged_point_is_ignored_and_removed_and_one_of_a_quarantined_log_kept() {
    let mut folder = Folder::new(1);
    let end = folder.segment(0, 60, &[]);
    write_point(&folder, 40).unwrap();
    folder.promise(Some(end), end);
    folder.world.disk().rot(&point::path(Path::new(DIR), Offset(0)), 60, 1);
    folder.expect_serving(end);
    assert!(!has_point(&folder));
    write_point(&folder, 40).unwrap();
    folder.segment(0, 30, &[]);
    folder.expect_quarantine("[30, 60)");
    assert!(has_point(&folder));
}

#[test]
fn a_sealed_segment_has_no_point() {
    let mut folder = Folder::new(1);
    let first = folder.segment(0, 40, &[]);
    let end = folder.segment(40, 5, &[]);
    write_point(&folder, 40).unwrap();
    folder.promise(Some(first), end);
    folder.expect_serving(end);
    assert_eq!(
        folder.names(),
        ["00000000000000000000.hwindex", "00000000000000000000.log", "00000000000000000040.log"]
    );
}

/// Written, and recovery with it, under failing syncs and a power cut each time: the log is always whole.
#[test]
fn a_power_cut_around_a_point_changes_nothing() {
    for seed in 0..200 {
        println!("seed {seed}");
        let mut folder = Folder::new(seed);
        let floor = folder.segment(0, 40, &[]);
        let end = folder.segment(0, 60, &batch(60, 1, 100));
        if seed % 3 > 0 {
            write_point(&folder, 20).unwrap();
        }
        let faults = |n: u64| Faults { fail_sync_in: Some(1 + n), ..Faults::default() };
        folder.world.disk().set_faults(faults(seed % 2));
        let written = write_point(&folder, if seed % 5 == 0 { 50 } else { 40 });
        folder.promise(Some(floor), end);
        if written.is_ok() {
            folder.world.disk().set_faults(faults(seed % 3));
            drop(folder.try_open());
        }
        folder.world.disk().set_faults(Faults::default());
        folder.world.power_cut();
        folder.fs = folder.world.driver().fs();
        let log = folder.expect_serving(end);
        let whole = Folder::new(seed);
        whole.segment(0, 60, &[]);
        assert_eq!(log.producers, whole.open().producers);
        folder.world.power_cut();
        folder.fs = folder.world.driver().fs();
        assert_eq!(folder.bytes(0).len() as u64, end.position.0);
    }
}
