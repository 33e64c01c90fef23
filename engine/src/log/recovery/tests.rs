//! Opening logs that were written by hand, on a simulated disk: the table, and what a journal promises.

use std::path::Path;

use headwater_io::buffer::BufferPool;
use headwater_io::file::Fs;
use headwater_io::sim::World;
use headwater_protocol::batch::builder::{BatchBuilder, Producer};
use headwater_protocol::batch::compression::Compression;
use headwater_protocol::batch::header;

use super::*;
use crate::segment::scan::ScanEnd;

pub(super) const DIR: &str = "/data/t-0";
const BATCH_MAX: usize = 51 << 10;

pub(super) fn settings() -> LogSettings {
    let settings = crate::log::tests::settings();
    LogSettings { segment_bytes: 256 << 10, unhardened_bytes_max: 128 << 10, ..settings }
}

pub(in crate::log) fn batch(base_offset: i64, records: usize, bytes: usize) -> Vec<u8> {
    let mut builder = BatchBuilder::new(Compression::None);
    for n in 0..records {
        builder.push(1000 + n as i64, Some(b"key"), Some(&vec![b'v'; bytes]));
    }
    let producer = Producer { id: 7, epoch: 0, base_sequence: base_offset as i32 };
    let mut bytes = builder.finish(producer).to_vec();
    header::set_base_offset(&mut bytes, base_offset);
    bytes
}

/// A log's folder on a simulated disk.
pub(super) struct Folder {
    pub world: World,
    pub fs: Fs,
    pub clean: Option<CleanEnd>,
    pub journaled: Option<Journaled>,
}

impl Folder {
    pub fn new(seed: u64) -> Self {
        let world = World::new(seed);
        let fs = world.driver().fs();
        fs.create_dir_all(Path::new(DIR)).unwrap();
        Folder { world, fs, clean: None, journaled: None }
    }

    /// Writes a segment of one-record batches, and then `behind`; where its batches end.
    pub fn segment(&self, base: i64, count: i64, behind: &[u8]) -> CleanEnd {
        let mut bytes: Vec<u8> = (base..base + count).flat_map(|n| batch(n, 1, 100)).collect();
        let position = Position(bytes.len() as u64);
        bytes.extend(behind);
        self.fs.replace(&directory::segment(Path::new(DIR), Offset(base)), &bytes).unwrap();
        CleanEnd { segment_base: Offset(base), position, next_offset: Offset(base + count) }
    }

    pub fn bytes(&self, base: i64) -> Vec<u8> {
        self.fs.read(&directory::segment(Path::new(DIR), Offset(base))).unwrap()
    }

    pub fn names(&self) -> Vec<String> {
        self.fs.list(Path::new(DIR)).unwrap().into_iter().map(|entry| entry.name).collect()
    }

    pub fn promise(&mut self, floor: Option<CleanEnd>, end: CleanEnd) {
        self.journaled = Some(Journaled { floor, end });
    }

    pub fn open(&self) -> Log {
        self.try_open().unwrap()
    }

    pub fn try_open(&self) -> io::Result<Log> {
        let log = OpenLog {
            fs: &self.fs,
            dir: DIR.into(),
            settings: settings(),
            pool: BufferPool::new(16 << 20, 16 << 20),
            epoch: LeaderEpoch(1),
            clean: self.clean,
            journaled: self.journaled,
            batch_bytes_max: BATCH_MAX,
        };
        log.open()
    }

    pub fn expect_serving(&self, end: CleanEnd) -> Log {
        let log = self.open();
        assert_eq!(log.health(), &Health::Serving);
        assert_eq!(log.clean_end(), Some(end));
        log
    }

    pub fn expect_quarantine(&self, part: &str) {
        let health = self.open().health().clone();
        let Health::Quarantined(reason) = &health else { panic!("{health:?}") };
        assert!(reason.contains(part), "`{reason}` lacks `{part}`");
    }
}

#[test]
fn the_recovery_table() {
    use Behind::{FarBatch, NearBatch, Nothing, Rubbish};
    use Decision::{CutAndTell, CutTorn, CutUnacknowledged, Quarantine, Serve};
    let broken = ScanEnd::Broken(header::BatchError::ZeroFill);
    let gap = ScanEnd::OffsetGap { expected: Offset(1), found: Offset(2) };
    let columns = [Nothing, Rubbish, NearBatch, FarBatch];
    let damaged = [CutTorn, CutTorn, CutAndTell, Quarantine];
    let met = [Serve, CutUnacknowledged, CutUnacknowledged, CutUnacknowledged];
    let rows = [
        (Promise::None, ScanEnd::AtEnd, [Serve; 4]),
        (Promise::None, ScanEnd::ZeroFill, [Serve; 4]),
        (Promise::None, broken, damaged),
        (Promise::None, gap, damaged),
        (Promise::Met, ScanEnd::AtEnd, met),
        (Promise::Met, ScanEnd::ZeroFill, met),
        (Promise::Met, broken, met),
        (Promise::Met, gap, met),
        (Promise::Missed, ScanEnd::AtEnd, [Quarantine; 4]),
        (Promise::Missed, ScanEnd::ZeroFill, [Quarantine; 4]),
        (Promise::Missed, broken, [Quarantine; 4]),
        (Promise::Missed, gap, [Quarantine; 4]),
    ];
    for (promise, why, decisions) in rows {
        for (behind, decision) in columns.into_iter().zip(decisions) {
            assert_eq!(decide(why, behind, promise), decision, "{promise:?} {why:?} {behind:?}");
        }
    }
    assert_eq!(window_bytes(&settings(), BATCH_MAX), (128 << 10) + BATCH_MAX as u64);
}

#[test]
fn what_lies_behind_the_acknowledged_end_is_cut() {
    let behinds: [Vec<u8>; 4] = [vec![], vec![0; 9000], b"rubbish".to_vec(), batch(5, 1, 300)];
    for behind in behinds {
        for later in [false, true] {
            let mut folder = Folder::new(1);
            let end = folder.segment(0, 5, &behind);
            if later {
                folder.segment(6, 3, &[]);
            }
            folder.promise(None, end);
            folder.expect_serving(end);
            assert_eq!(folder.bytes(0).len() as u64, end.position.0);
            assert_eq!(folder.names(), ["00000000000000000000.log"]);
        }
    }
}

#[test]
fn a_sealed_segment_that_is_the_last_acknowledged_one_is_appended_to_again() {
    let mut folder = Folder::new(1);
    let end = folder.segment(0, 5, &[]);
    folder.segment(5, 3, &[]);
    folder.open();
    assert_eq!(folder.names().len(), 3, "an index was made");
    folder.promise(None, end);
    folder.expect_serving(end);
    assert_eq!(folder.names(), ["00000000000000000000.log"]);
}

#[test]
fn a_segment_that_was_begun_and_got_nothing_need_not_be_there() {
    let mut folder = Folder::new(1);
    let end = folder.segment(0, 5, &[0; 5000]);
    let begun = CleanEnd {
        segment_base: end.next_offset,
        position: Position(0),
        next_offset: end.next_offset,
    };
    folder.promise(Some(begun), begun);
    folder.expect_serving(end);
    folder.segment(5, 2, &[]);
    folder.expect_serving(begun);
}

#[test]
fn a_log_that_ends_before_the_acknowledged_end_is_quarantined_and_stays_so() {
    let sound = Folder::new(1);
    let end = sound.segment(0, 5, &[]);
    let whole = sound.bytes(0);
    let one = whole.len() / 5;
    let damaged = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = whole.clone();
        change(&mut bytes);
        bytes
    };
    let cases = [
        ("[4, 5)", damaged(&|bytes| bytes.truncate(4 * one))),
        ("[3, 5)", damaged(&|bytes| bytes.truncate(4 * one - 1))),
        ("[4, 5)", damaged(&|bytes| bytes[4 * one..].fill(0))),
        ("[2, 5)", damaged(&|bytes| bytes[2 * one + 70] ^= 1)),
        ("[0, 5)", vec![]),
    ];
    for (range, bytes) in cases {
        let mut folder = Folder::new(1);
        let path = directory::segment(Path::new(DIR), Offset(0));
        folder.fs.replace(&path, &bytes).unwrap();
        folder.promise(None, end);
        folder.expect_quarantine(range);
        // The journal speaks for one start only, and the log remembers.
        folder.journaled = None;
        folder.world.power_cut();
        folder.fs = folder.world.driver().fs();
        folder.expect_quarantine(range);
        assert!(folder.bytes(0) == bytes, "bytes were changed");
        // Somebody brings the bytes back from a copy.
        folder.fs.replace(&path, &whole).unwrap();
        folder.expect_serving(end);
        assert_eq!(folder.names(), ["00000000000000000000.log"]);
    }
}

#[test]
fn an_end_inside_a_batch_or_behind_a_missing_segment_is_not_reached() {
    let mut folder = Folder::new(1);
    let end = folder.segment(0, 5, &[]);
    let inside = CleanEnd { position: Position(end.position.0 - 1), ..end };
    folder.promise(None, inside);
    folder.expect_quarantine("[4, 5)");
    let mut folder = Folder::new(1);
    folder.segment(0, 5, &[]);
    folder.segment(9, 3, &[]);
    let end = folder.segment(12, 3, &[]);
    folder.promise(Some(end), end);
    folder.expect_quarantine("[5, 15)");
    let mut folder = Folder::new(1);
    folder.segment(50, 5, &[]);
    folder.promise(None, CleanEnd { segment_base: Offset(20), ..end });
    folder.expect_quarantine("were acknowledged");
    assert_eq!(folder.names()[0], "00000000000000000050.log");
}

#[test]
fn what_a_clean_stop_says_of_a_log_that_misses_it_is_remembered() {
    let mut folder = Folder::new(1);
    let end = folder.segment(0, 5, &[]);
    let bytes = folder.bytes(0);
    folder.segment(0, 4, &[]);
    folder.clean = Some(end);
    folder.expect_quarantine("[4, 5)");
    folder.clean = None;
    folder.expect_quarantine("[4, 5)");
    folder.fs.replace(&directory::segment(Path::new(DIR), Offset(0)), &bytes).unwrap();
    folder.expect_serving(end);
}

/// Sound batches, and not those that were there: another log's, or those of an older copy of the file.
#[test]
fn a_sealed_segment_that_became_another_takes_the_log_offline_and_removes_nothing() {
    let mut folder = Folder::new(1);
    folder.segment(0, 5, &[]);
    let end = folder.segment(5, 3, &[]);
    drop(folder.open());
    let names = folder.names();
    assert!(names.iter().any(|name| name.ends_with(".hwindex")), "{names:?}");
    for count in [4, 6] {
        folder.segment(0, count, &[]);
        folder.clean = Some(end);
        folder.expect_quarantine(&format!("[{count}, 8) were acknowledged"));
        folder.clean = None;
        folder.expect_quarantine("were acknowledged");
        acknowledged::remove(&folder.fs, Path::new(DIR)).unwrap();
        folder.expect_quarantine("segment 0 was sealed");
        assert_eq!(folder.names(), names);
    }
    folder.segment(0, 5, &[]);
    folder.expect_serving(end);
}

#[test]
fn segments_that_a_clean_stop_saw_and_that_are_gone_are_missed() {
    let mut folder = Folder::new(1);
    folder.segment(0, 5, &[]);
    let end = folder.segment(5, 3, &[]);
    drop(folder.open());
    folder.fs.remove_file(&directory::segment(Path::new(DIR), Offset(5))).unwrap();
    folder.clean = Some(end);
    folder.expect_quarantine("[5, 8) were acknowledged");
}

#[test]
fn below_the_floor_only_headers_are_read() {
    let mut folder = Folder::new(1);
    let floor = folder.segment(0, 3, &[]);
    let end = folder.segment(0, 5, &[]);
    let mut bytes = folder.bytes(0);
    bytes[70] ^= 1;
    folder.fs.replace(&directory::segment(Path::new(DIR), Offset(0)), &bytes).unwrap();
    folder.promise(Some(floor), end);
    folder.expect_serving(end);
    bytes[floor.position.0 as usize + 70] ^= 1;
    folder.fs.replace(&directory::segment(Path::new(DIR), Offset(0)), &bytes).unwrap();
    folder.expect_quarantine("[3, 5)");
}

#[test]
fn a_floor_inside_a_batch_is_as_good() {
    for short in [1, 30, 70] {
        let mut folder = Folder::new(1);
        let floor = folder.segment(0, 3, &[]);
        let end = folder.segment(0, 5, &[]);
        let inside = CleanEnd { position: Position(floor.position.0 - short), ..floor };
        folder.promise(Some(inside), end);
        folder.expect_serving(end);
        let mut bytes = folder.bytes(0);
        bytes[floor.position.0 as usize - 20] ^= 1;
        folder.fs.replace(&directory::segment(Path::new(DIR), Offset(0)), &bytes).unwrap();
        folder.expect_quarantine("[2, 5)");
    }
}
