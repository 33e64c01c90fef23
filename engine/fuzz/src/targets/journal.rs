//! A shard's journal folder, as a ring of files that has gone round, damaged, scanned and put into segments.
//!
//! Promises: every frame that is believed was written, as it is; an undamaged journal is used to its end; a partition
//! that is said to be whole has, up to its end, the bytes that were appended to it.
//!
//! Payloads are what clients send, so some of them are frames themselves, forged for any use of a file. What a scan
//! believes must not depend on what stands in a payload.

mod ring;

use std::path::{Path, PathBuf};

use headwater::journal::chain::Verdict;
use headwater::journal::redo;
use headwater::journal::scan::{self, Case, Since};
use headwater::model::{Offset, PartitionKey};
use headwater_io::sim::rng::Rng;

use super::Target;
use crate::machine;
use crate::script::{self, Touched};
use ring::{DIR, DIRECTORY, History, SHARD};

pub const TARGET: Target = Target {
    name: "journal",
    about: "damaged journals, with frames forged inside of records: nothing is believed that was not written",
    make,
    check,
    smoke: 600,
    found: &[],
};

/// The first two bytes make a history, the rest damages what it left behind.
fn make(rng: &mut Rng) -> Vec<u8> {
    let seed = [rng.next_u64() as u8, rng.below(4) as u8];
    let mut bytes = seed.to_vec();
    if rng.chance(75) {
        bytes.extend(script::make(rng, &History::of(seed).files()));
    }
    bytes
}

fn check(bytes: &[u8]) {
    let Some((seed, script)) = bytes.split_first_chunk::<2>() else { return };
    let history = History::of(*seed);
    let mut files = history.files();
    let touched = script::apply(script, &mut files);
    let damaged = touched != Touched::default();
    let world = machine::world_with(1, &files);
    let fs = world.driver().fs();
    let since = Since {
        directory: DIRECTORY,
        shard: SHARD,
        epoch_floor: 0,
        first_needed_seq: history.first_needed_seq,
    };
    let folders = (0..history.appended.len()).map(|n| ring::segment(n, Offset(0)));
    for file in folders.chain([Path::new(DIR).join("journal-0")]) {
        fs.create_dir_all(file.parent().expect("a folder")).expect("a directory");
    }
    let scan = scan::scan(&fs, Path::new(DIR), since).expect("a disk without faults");
    for found in scan.frames.iter().filter(|found| found.whole) {
        let written = history.written.get(&found.seq());
        let same = written == Some(&(found.frame.head, found.frame.entries.clone()));
        assert!(same, "commit {} is believed and was never written", found.seq());
    }
    if !damaged {
        // A record that looks like a torn frame costs nothing.
        assert!(matches!(scan.decision.case, Case::CleanEnd | Case::TornLast));
        let needed = history.written.range(history.first_needed_seq..).map(|(seq, _)| *seq);
        assert!(
            scan.frames.iter().map(scan::FoundFrame::seq).eq(needed),
            "not all commits are used"
        );
    }
    let path_of = |key: &PartitionKey, base: Offset| -> Option<PathBuf> {
        Some(ring::segment(key.index as usize, base))
    };
    let plan = redo::plan(&fs, &scan, &history.points, &path_of).expect("a disk without faults");
    redo::apply(&fs, &plan, &path_of).expect("a disk without faults");
    for partition in &plan.partitions {
        if partition.verdict != Verdict::Whole {
            assert!(damaged, "{:?} without damage", partition.verdict);
            continue;
        }
        let appended = &history.appended[partition.key.index as usize];
        let end = partition.end.position.0 as usize;
        assert!(end <= appended.len(), "an end behind everything that was appended");
        assert!(
            damaged || end == appended.len(),
            "undamaged, and ends at {end} of {}",
            appended.len()
        );
        // Bytes before the point are the log's to check.
        if !touched.segments {
            let path = ring::segment(partition.key.index as usize, partition.end.segment_base);
            let bytes = fs.read(&path).expect("a segment");
            assert!(bytes[..end] == appended[..end], "whole, and other bytes than were appended");
        }
    }
}
