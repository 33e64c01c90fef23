//! `dump` and `verify` on a data directory on a simulated disk, sound and with every kind of damage.

use crate::broker::meta_store::MetaStore;
use crate::cli::print::Printer;
use crate::cli::verify::{Outcome, verify};
use crate::cli::{args::DumpArgs, dump};
use crate::log::producers::{self, Producers};
use crate::log::{directory, point};
use crate::model::{Offset, Position};
use crate::segment::index::{self, Index};
use headwater_io::file::Fs;
use headwater_io::sim::World;
use headwater_protocol::batch::builder::{BatchBuilder, Producer};
use headwater_protocol::batch::compression::Compression;
use headwater_protocol::batch::header::{BatchHeader, batches, set_base_offset, set_crc};
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

const DIR: &str = "/d";
const RECORDS: i64 = 3;

fn batch(base_offset: i64) -> Vec<u8> {
    let mut builder = BatchBuilder::new(Compression::Zstd);
    for n in 0..RECORDS {
        builder.push(1000 + n, Some(b"key"), Some(b"value"));
    }
    let mut bytes = builder.finish(Producer::NONE).to_vec();
    set_base_offset(&mut bytes, base_offset);
    bytes
}

/// A topic with one partition of two segments: a sealed one of two batches with its index, and the last one.
struct Sample {
    fs: Fs,
    first: PathBuf,
    last: PathBuf,
}

impl Sample {
    fn new() -> Self {
        let fs = World::new(1).driver().fs();
        let dir = Path::new(DIR);
        let log = directory::partition(dir, "t", 0);
        fs.create_dir_all(&log).expect("made");
        let identity =
            json!({ "format_version": 1, "cluster_id": "c", "node_id": 1, "directory_id": "d" });
        let write = |path: &Path, bytes: &[u8]| fs.replace(path, bytes).expect("written");
        write(&dir.join(directory::IDENTITY), identity.to_string().as_bytes());
        let mut store = MetaStore::open(&fs, &dir.join(directory::METADATA)).expect("opens");
        store.swap("topic/t", None, Some(json!({ "partitions": 1 }))).expect("swaps");

        let sealed = [batch(0), batch(RECORDS)].concat();
        let (first, last) =
            (directory::segment(&log, Offset(0)), directory::segment(&log, Offset(2 * RECORDS)));
        write(&first, &sealed);
        let mut index = Index::new(Offset(0), 0);
        let mut position = Position(0);
        for batch in batches(&sealed) {
            let batch = batch.expect("sound");
            index.add(position, &batch.header);
            position.0 += batch.bytes.len() as u64;
        }
        write(&directory::index(&log, Offset(0)), &index::file::encode(&index, position));
        write(&last, &[batch(2 * RECORDS), vec![0; 4096]].concat());
        let snapshot = producers::file::encode(&Producers::default(), Offset(6));
        write(&directory::snapshot(&log, Offset(6)), &snapshot);
        Self { fs, first, last }
    }

    fn change(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = self.fs.read(path).expect("there");
        change(&mut bytes);
        self.fs.replace(path, &bytes).expect("written");
    }

    fn verify(&self) -> Outcome {
        verify(&self.fs, Path::new(DIR)).expect("can be read")
    }

    fn expect(&self, notes: &[&str], wrong: &[&str]) {
        let outcome = self.verify();
        let check = |found: &[String], expected: &[&str]| {
            assert_eq!(found.len(), expected.len(), "{found:?}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(found.contains(expected), "{found} has no `{expected}`");
            }
        };
        check(&outcome.notes, notes);
        check(&outcome.wrong, wrong);
    }
}

#[test]
fn a_sound_directory_is_sound() {
    let outcome = Sample::new().verify();
    assert_eq!(
        (outcome.partitions, outcome.segments, outcome.batches, outcome.records),
        (1, 2, 3, 9)
    );
    assert_eq!((outcome.notes, outcome.wrong), (vec![], vec![]));
}

#[test]
fn damage_in_a_sealed_segment_is_wrong() {
    let sample = Sample::new();
    sample.change(&sample.first, |bytes| bytes[70] ^= 1);
    sample.expect(&["does not check"], &["BadChecksum", "offset 0 should come here"]);
}

#[test]
fn a_missing_segment_is_wrong() {
    let sample = Sample::new();
    sample.fs.replace(&sample.first, &batch(0)).expect("written");
    sample.expect(&["does not check"], &["offset 3 should come here", "segment 0 was sealed"]);
}

#[test]
fn a_torn_tail_is_noted_and_damage_before_sound_batches_is_wrong() {
    let sample = Sample::new();
    sample.change(&sample.last, |bytes| {
        let end = batch(6).len();
        bytes[end..end + 4].copy_from_slice(&[1, 2, 3, 4]);
    });
    sample.expect(&["a write that never completed is cut off"], &[]);
    sample.change(&sample.last, |bytes| {
        let end = batch(6).len();
        let behind = batch(12);
        bytes[end + 100..end + 100 + behind.len()].copy_from_slice(&behind);
    });
    sample.expect(&[], &["and sound batches behind it"]);
}

#[test]
fn records_that_do_not_unpack_are_wrong_though_the_checksum_is_right() {
    let sample = Sample::new();
    sample.change(&sample.last, |bytes| {
        let length = BatchHeader::parse(bytes).expect("sound").total_bytes();
        bytes[65..75].fill(0xff);
        set_crc(&mut bytes[..length]);
    });
    sample.expect(&[], &["batch at byte 0, offset 6"]);
}

#[test]
fn damage_beside_the_segments_is_noted_or_wrong() {
    let sample = Sample::new();
    let log = directory::partition(Path::new(DIR), "t", 0);
    sample.change(&directory::index(&log, Offset(0)), |bytes| bytes[50] ^= 1);
    sample.change(&directory::snapshot(&log, Offset(6)), |bytes| bytes[8] ^= 1);
    sample.expect(&["it is rebuilt", "rebuilt from batches"], &[]);
    sample.fs.create_dir_all(&directory::partition(Path::new(DIR), "t", 1)).expect("made");
    let outcome = sample.verify();
    assert!(
        outcome.notes.iter().any(|note| note.contains("no topic has this partition")),
        "{outcome:?}"
    );
    sample.change(&Path::new(DIR).join(directory::METADATA), |bytes| bytes.extend_from_within(..));
    sample.change(&Path::new(DIR).join(directory::METADATA), |bytes| bytes[10] ^= 1);
    assert!(sample.verify().wrong[0].contains("is damaged at byte 0"));
    sample.fs.remove_file(&Path::new(DIR).join(directory::IDENTITY)).expect("removed");
    let error = verify(&sample.fs, Path::new(DIR)).expect_err("no identity").to_string();
    assert_eq!(error, "/d: is not a data directory: it has no headwater.json");
}

#[test]
fn recovery_points_are_checked() {
    let sample = Sample::new();
    let log = directory::partition(Path::new(DIR), "t", 0);
    let (base, batch) = (Offset(6), batch(6));
    let point = |position: u64| {
        let mut index = Index::new(base, 0);
        index.add(Position(position), &BatchHeader::parse(&batch).expect("sound"));
        let end = Position(position + batch.len() as u64);
        let bytes = point::encode(&index, &Producers::default(), base, end, Offset(9));
        sample.fs.replace(&point::path(&log, base), &bytes).expect("written");
    };
    point(0);
    sample.expect(&[], &[]);
    sample.change(&point::path(&log, base), |bytes| bytes[20] ^= 1);
    sample.expect(&["does not check: the segment is read from its start"], &[]);
    point(4096);
    sample.expect(&["is of a longer segment"], &[]);
}

/// Bytes that somebody else can look at.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("not poisoned").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn dump_shows_batches_records_and_the_end() {
    let folder = tempfile::tempdir().expect("made");
    let path = directory::segment(folder.path(), Offset(3));
    std::fs::write(&path, [batch(3), vec![0; 100]].concat()).expect("written");
    let dumped = |json| {
        let out = Shared::default();
        let args = DumpArgs { path: path.clone(), records: true, json };
        dump::run(&args, &mut Printer::to(Box::new(out.clone()), json)).expect("dumps");
        String::from_utf8(out.0.lock().expect("not poisoned").clone()).expect("text")
    };
    let text = dumped(false);
    assert!(text.starts_with("batch offsets 3..=5 records 3 position 0 "), "{text}");
    assert!(text.contains("\n  4 \"key\" = \"value\"\n"), "{text}");
    assert!(text.contains("1 batches, next offset 6, end at byte "), "{text}");
    assert!(text.ends_with(": ZeroFill\n"), "{text}");
    let lines = dumped(true);
    let kinds: Vec<String> = lines
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).expect("JSON")["kind"].to_string()
        })
        .collect();
    assert_eq!(kinds, ["\"batch\"", "\"record\"", "\"record\"", "\"record\"", "\"end\""]);

    let args = DumpArgs { path: folder.path().join("x.txt"), records: false, json: false };
    let error = dump::run(&args, &mut Printer::new(false)).expect_err("none of ours").to_string();
    assert!(error.contains("none of ours by its name"), "{error}");
}
