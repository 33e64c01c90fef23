//! Tests of redo, on a simulated disk.

use super::*;
use crate::journal::chain::Gap;
use crate::journal::frame::tests::entry;
use crate::journal::scan::tests::{Folder, head};
use crate::model::{LeaderEpoch, Position};

fn path_of(key: &PartitionKey, base: Offset) -> Option<PathBuf> {
    (key.index < 100).then(|| PathBuf::from(format!("logs/{}-{base}", key.index)))
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.fs.create_dir_all(Path::new("logs")).unwrap();
    folder.header(0, 1);
    folder
}

/// An inline entry of `bytes` for one partition, and the bytes.
fn part(index: i32, position: u64, bytes: &[u8]) -> (Entry, &[u8]) {
    (entry(index, position, bytes, Kind::Inline), bytes)
}

fn point(index: i32, position: u64) -> PartitionPoint {
    PartitionPoint {
        key: entry(index, 0, b"", Kind::Inline).key,
        segment_base: Offset(100),
        position: Position(position),
        next_offset: Offset(100),
        log_start: Offset(0),
        epoch: LeaderEpoch(0),
    }
}

fn plan_of(folder: &Folder, points: &[PartitionPoint]) -> Plan {
    plan(&folder.fs, &folder.scan(), points, &path_of).unwrap()
}

fn verdicts(plan: &Plan) -> Vec<Verdict> {
    plan.partitions.iter().map(|partition| partition.verdict).collect()
}

fn gap(verdict: Verdict) -> Gap {
    match verdict {
        Verdict::Quarantine(gap) => gap,
        other => panic!("{other:?}"),
    }
}

#[test]
fn writes_what_the_journal_holds_as_often_as_it_is_asked() {
    let folder = folder();
    folder.frame(0, 1, head(1, 1, 0), &[part(0, 0, b"one"), part(1, 0, b"other")]);
    folder.frame(0, 2, head(1, 2, 0), &[part(0, 3, b"two")]);
    // The block's image with more behind it.
    folder.frame(0, 3, head(1, 3, 1), &[part(0, 0, b"onetwothree")]);
    let plan = plan_of(&folder, &[]);
    assert_eq!(verdicts(&plan), [Verdict::Whole; 2]);
    assert_eq!(plan.partitions[0].end.position, Position(11));
    let created = vec![PathBuf::from("logs/0-100"), PathBuf::from("logs/1-100")];
    for created in [created, Vec::new()] {
        let report = apply(&folder.fs, &plan, &path_of).unwrap();
        let bytes = 3 + 5 + 3 + 11;
        assert_eq!(report, Report { entries: 4, bytes, created, of_deleted_partitions: 0 });
        assert_eq!(folder.fs.read(Path::new("logs/0-100")).unwrap(), b"onetwothree");
        assert_eq!(folder.fs.read(Path::new("logs/1-100")).unwrap(), b"other");
    }
    folder.world.power_cut();
    assert_eq!(folder.fs.read(Path::new("logs/0-100")).unwrap(), b"onetwothree");
}

#[test]
fn what_lies_before_a_point_is_left_alone() {
    let folder = folder();
    let mut old = part(0, 0, b"old");
    old.0.segment_base = Offset(50); // deleted since
    folder.frame(0, 1, head(1, 1, 0), &[old, part(0, 0, b"synced"), part(0, 7, b"new")]);
    let plan = plan_of(&folder, &[point(0, 7)]);
    assert_eq!((verdicts(&plan), plan.partitions[0].writes.len()), (vec![Verdict::Whole], 1));
    assert_eq!(plan.partitions[0].end.position, Position(10));
}

/// It was logged because the block was to be written again, and that write may be torn.
#[test]
fn an_image_of_the_block_in_which_the_log_ends_is_written_again() {
    let folder = folder();
    folder.frame(0, 1, head(1, 1, 0), &[part(0, 0, b"image")]);
    let plan = plan_of(&folder, &[point(0, 5)]);
    assert_eq!((verdicts(&plan), plan.partitions[0].writes.len()), (vec![Verdict::Whole], 1));
    assert_eq!((plan.partitions[0].end.position, plan.end_seq), (Position(5), 2));
}

#[test]
fn a_roll_continues_with_the_next_offset_at_the_first_byte() {
    for (base, position, sound) in [(105, 0, true), (106, 0, false), (105, 4, false)] {
        let folder = folder();
        let mut last = part(0, 0, b"last");
        last.0.next_offset = Offset(105);
        let mut first = part(0, position, b"first");
        (first.0.segment_base, first.0.next_offset) = (Offset(base), Offset(110));
        folder.frame(0, 1, head(1, 1, 0), &[last, first]);
        let verdict = plan_of(&folder, &[]).partitions[0].verdict;
        assert_eq!(verdict == Verdict::Whole, sound, "{base} {position}");
    }
}

#[test]
fn a_missing_commit_concerns_those_whose_entries_do_not_continue() {
    let folder = folder();
    folder.frame(0, 1, head(1, 1, 0), &[part(0, 0, b"aaa"), part(1, 0, b"bbb"), part(2, 0, b"c")]);
    folder.frame(0, 2, head(1, 2, 0), &[part(0, 3, b"lost")]);
    folder.frame(0, 3, head(1, 3, 2), &[part(0, 7, b"AAA"), part(1, 3, b"BBB")]);
    folder.rot(0, 2, 16); // the header: nothing is known of it
    let plan = plan_of(&folder, &[point(3, 9)]);
    assert_eq!((plan.unknown_commits, plan.end_seq, plan.ambiguous_commits), (1, 4, 0));
    let gap = gap(plan.partitions[0].verdict);
    assert_eq!((gap.from_position, gap.to_position), (Position(3), Position(7)));
    assert_eq!((gap.from_offset, gap.to_offset), (Offset(101), Offset(108)));
    let doubtful = Verdict::Doubtful { commit: 2 };
    assert_eq!(verdicts(&plan)[1..], [Verdict::Whole, doubtful, doubtful]);
    apply(&folder.fs, &plan, &path_of).unwrap();
    assert_eq!(folder.fs.read(Path::new("logs/0-100")).unwrap(), b"aaa\0\0\0\0AAA");
}

#[test]
fn a_damaged_payload_concerns_its_own_partition_only() {
    let folder = folder();
    folder.frame(0, 1, head(1, 1, 0), &[part(0, 0, b"aaa"), part(1, 0, b"bbb")]);
    folder.frame(0, 2, head(1, 2, 1), &[]);
    let entries = [entry(0, 0, b"aaa", Kind::Inline), entry(1, 0, b"bbb", Kind::Inline)];
    folder.rot(0, 1, crate::journal::frame::inline_at(&entries, 1));
    let plan = plan_of(&folder, &[]);
    assert_eq!((plan.unknown_commits, plan.partitions[0].verdict), (0, Verdict::Whole));
    let gap = gap(plan.partitions[1].verdict);
    assert_eq!((gap.from_position, gap.to_position), (Position(0), Position(3)));
    assert_eq!((gap.from_offset, gap.to_offset), (Offset(100), Offset(101)));
}

/// An extent and an inline entry behind it in commit 2 of 3; `stable` is what commit 3 knows.
fn with_extent(on_disk: &[u8], stable: u64) -> Plan {
    let folder = folder();
    let file = folder.fs.create_new(Path::new("logs/0-100"), Access::Write).unwrap();
    folder.fs.write_all_at(&file, 0, on_disk).unwrap();
    folder.frame(0, 1, head(1, 1, 0), &[part(1, 0, b"before")]);
    let extent = (entry(0, 0, &[7; 4096], Kind::Extent), &[][..]);
    folder.frame(0, 2, head(1, 2, 1), &[extent, part(0, 4096, b"rest")]);
    folder.frame(0, 3, head(1, 3, stable), &[part(1, 6, b"behind")]);
    plan_of(&folder, &[])
}

#[test]
fn an_extent_that_checks_is_part_of_its_commit() {
    let plan = with_extent(&[7; 4096], 1);
    assert_eq!((verdicts(&plan), plan.end_seq), (vec![Verdict::Whole; 2], 4));
    assert_eq!(plan.partitions[0].end.position, Position(4100));
}

#[test]
fn a_bad_extent_that_was_acknowledged_is_damage() {
    for bad in [&[7; 4095][..], &[8; 4096]] {
        let plan = with_extent(bad, 2);
        assert_eq!((plan.end_seq, plan.ambiguous_commits), (4, 0));
        let gap = gap(plan.partitions[0].verdict);
        assert_eq!((gap.from_position, gap.to_position), (Position(0), Position(4096)));
        assert_eq!(plan.partitions[1].verdict, Verdict::Whole);
        assert_eq!(plan.partitions[1].end.position, Position(12));
    }
}

#[test]
fn a_bad_extent_that_nobody_knows_to_be_durable_ends_the_journal() {
    let plan = with_extent(&[7; 100], 1);
    assert_eq!((plan.end_seq, plan.ambiguous_commits), (2, 2));
    assert_eq!((plan.partitions.len(), verdicts(&plan)), (1, vec![Verdict::Whole]));
    assert_eq!(plan.partitions[0].end.position, Position(6), "the commit before it");
}

#[test]
fn entries_of_a_deleted_partition_are_counted_and_go_nowhere() {
    let folder = folder();
    folder.frame(0, 1, head(1, 1, 0), &[part(100, 0, b"gone")]);
    let plan = plan_of(&folder, &[]);
    let report = apply(&folder.fs, &plan, &path_of).unwrap();
    assert_eq!((report.entries, report.of_deleted_partitions), (0, 1));
}

#[test]
fn a_number_that_claims_a_long_journal_costs_no_time() {
    let last = i64::MAX as u64;
    let folder = folder();
    folder.frame(0, 1, head(1, last, last - 1), &[part(0, 0, b"a")]);
    let plan = plan_of(&folder, &[]);
    assert_eq!(plan.unknown_commits, last - 1);
}
