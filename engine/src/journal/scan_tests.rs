//! Tests of the scan: the table, and files on a simulated disk.

use headwater_io::buffer::AlignedBuf;
use headwater_io::sim::World;

use super::*;
use crate::journal::frame::Kind;
use crate::journal::frame::tests::{DIRECTORY, entry, seal};
use crate::journal::frame::{Entry, FrameHead, encode, frame_bytes};
use crate::journal::header::{FileHeader, file_header};

const BLOCKS: usize = 8;
const SINCE: Since =
    Since { directory: DIRECTORY, shard: ShardId(0), epoch_floor: 1, first_needed_seq: 1 };

/// A shard's folder on a simulated disk.
pub(crate) struct Folder {
    pub(crate) world: World,
    pub(crate) fs: Fs,
    pub(crate) dir: PathBuf,
}

impl Folder {
    pub(crate) fn new() -> Self {
        let world = World::new(1);
        let fs = Fs::sim(world.disk().clone());
        let dir = PathBuf::from("shard-0");
        fs.create_dir_all(&dir).unwrap();
        Folder { world, fs, dir }
    }

    /// A file whose header says `epoch`; made when it does not exist.
    pub(crate) fn header(&self, file: usize, epoch: u32) {
        let path = path(&self.dir, file);
        if !self.fs.exists(&path) {
            let file = self.fs.create_new(&path, Access::Write).unwrap();
            self.fs.write_zeros(&file, 0, (BLOCKS * BLOCK) as u64).unwrap();
        }
        let Since { directory, shard, .. } = SINCE;
        let header = FileHeader { directory, shard, file: file as u32, epoch };
        self.put(file, 0, &file_header(&header));
    }

    /// A frame at a block, as the file's epoch demands, with inline bytes for each entry.
    pub(crate) fn frame(
        &self,
        file: usize,
        block: usize,
        head: FrameHead,
        parts: &[(Entry, &[u8])],
    ) {
        let entries: Vec<Entry> = parts.iter().map(|part| part.0).collect();
        let inline = parts.iter().filter(|part| part.0.kind == Kind::Inline);
        let inline: Vec<Vec<&[u8]>> = inline.map(|part| vec![part.1]).collect();
        let bytes = inline.iter().flatten().map(|slice| slice.len()).sum();
        let mut buf = AlignedBuf::unpooled(frame_bytes(entries.len(), bytes));
        encode(&mut buf, seal(), head, &entries, &inline);
        self.put(file, block, &buf);
    }

    pub(crate) fn put(&self, file: usize, block: usize, bytes: &[u8]) {
        let file = self.fs.open(&path(&self.dir, file), Access::Write).unwrap();
        self.fs.write_all_at(&file, (block * BLOCK) as u64, bytes).unwrap();
    }

    pub(crate) fn rot(&self, file: usize, block: usize, byte: usize) {
        self.world.disk().rot(&path(&self.dir, file), (block * BLOCK + byte) as u64, 0);
    }

    pub(crate) fn scan(&self) -> Scan {
        scan(&self.fs, &self.dir, SINCE).unwrap()
    }
}

pub(crate) fn head(epoch: u32, seq: u64, stable_seq: u64) -> FrameHead {
    FrameHead { epoch, seq, stable_seq }
}

/// Commits 1 to 4 of one block each in file 0; each knows the one before the last to be durable.
fn four() -> Folder {
    let folder = Folder::new();
    folder.header(0, 1);
    for seq in 1..=4 {
        let bytes = [seq as u8; 100];
        let part = (entry(0, (seq - 1) * 100, &bytes, Kind::Inline), &bytes[..]);
        folder.frame(0, seq as usize, head(1, seq, seq.saturating_sub(2)), &[part]);
    }
    folder
}

fn seqs(scan: &Scan) -> Vec<u64> {
    scan.frames.iter().filter(|f| f.whole).map(FoundFrame::seq).collect()
}

fn ranges(pairs: &[(u64, u64)]) -> Vec<Range<u64>> {
    pairs.iter().map(|&(from, to)| from..to).collect()
}

#[test]
fn the_table_row_by_row() {
    use Case::*;
    type Row<'a> = (&'a str, u64, &'a [u64], u64, bool, Case, u64, &'a [(u64, u64)]);
    let rows: [Row<'_>; 11] = [
        ("nothing at all", 1, &[], 0, false, CleanEnd, 1, &[]),
        ("only what is not needed", 7, &[], 3, false, CleanEnd, 7, &[]),
        ("all whole", 1, &[1, 2, 3], 2, false, CleanEnd, 4, &[]),
        ("torn last", 1, &[1, 2], 1, true, TornLast, 3, &[]),
        ("torn first", 1, &[], 0, true, TornLast, 1, &[]),
        (
            "one in flight behind a torn one",
            1,
            &[1, 2, 4],
            2,
            true,
            UnacknowledgedBehindTorn,
            3,
            &[],
        ),
        ("durable and missing", 1, &[1, 2, 4], 3, false, AcknowledgedDamaged, 5, &[(3, 4)]),
        ("the first ones missing", 5, &[7, 8], 6, false, AcknowledgedDamaged, 9, &[(5, 7)]),
        (
            "the last one missing, known by a torn one",
            1,
            &[1],
            2,
            true,
            AcknowledgedDamaged,
            3,
            &[(2, 3)],
        ),
        ("damage, then a torn tail", 1, &[1, 3, 4, 6], 3, true, AcknowledgedDamaged, 5, &[(2, 3)]),
        ("a gap that is durable in part", 1, &[1, 5], 3, false, AcknowledgedDamaged, 4, &[(2, 4)]),
    ];
    for (name, first_needed_seq, whole, stable_seq, torn_behind, case, end_seq, lost) in rows {
        let evidence =
            Evidence { first_needed_seq, whole: whole.to_vec(), stable_seq, torn_behind };
        let decision = Decision { case, end_seq, lost: ranges(lost) };
        assert_eq!(decide(&evidence), decision, "{name}");
    }
}

#[test]
fn a_clean_end() {
    let scan = four().scan();
    assert_eq!((scan.decision.case, seqs(&scan)), (Case::CleanEnd, vec![1, 2, 3, 4]));
    assert_eq!((scan.stable_seq, scan.highest_seq, scan.highest_epoch), (2, 4, 1));
}

#[test]
fn a_torn_last_commit_whatever_is_torn_of_it() {
    for byte in [16, 60, 100, 4000] {
        let folder = four();
        folder.rot(0, 4, byte);
        let scan = folder.scan();
        assert_eq!((scan.decision.case, seqs(&scan)), (Case::TornLast, vec![1, 2, 3]), "{byte}");
    }
}

#[test]
fn a_commit_in_flight_behind_a_torn_one_is_dropped() {
    let folder = four();
    folder.rot(0, 3, 60);
    let scan = folder.scan();
    assert_eq!(scan.decision.case, Case::UnacknowledgedBehindTorn);
    assert_eq!((seqs(&scan), scan.dropped_frames, scan.highest_seq), (vec![1, 2], 1, 4));
}

#[test]
fn damage_to_an_acknowledged_commit_does_not_hide_the_ones_behind() {
    let folder = four();
    folder.rot(0, 2, 16);
    let scan = folder.scan();
    assert_eq!((scan.decision.case, seqs(&scan)), (Case::AcknowledgedDamaged, vec![1, 3, 4]));
    assert_eq!(scan.decision.lost, ranges(&[(2, 3)]));
    let folder = four();
    folder.rot(0, 2, 4000); // the padding: entries are believed, and payloads have their own checksum
    let scan = folder.scan();
    assert_eq!((scan.frames.len(), seqs(&scan)), (4, vec![1, 3, 4]));
}

#[cfg(feature = "planted")]
#[test]
fn the_planted_mistake_ends_at_the_first_bad_frame() {
    let folder = four();
    folder.rot(0, 2, 16);
    planted::plant(Some(Bug::TruncateAtFirstBadFrame));
    let scan = folder.scan();
    planted::plant(None);
    assert_eq!((scan.decision.lost.len(), seqs(&scan)), (0, vec![1]));
}

#[test]
fn frames_of_an_earlier_use_do_not_count() {
    let folder = four();
    folder.header(1, 2);
    folder.frame(1, 1, head(2, 5, 4), &[]);
    let since = Since { first_needed_seq: 5, ..SINCE };
    let scan_of = || scan(&folder.fs, &folder.dir, since).unwrap();
    assert_eq!(seqs(&scan_of()), [5]);
    // The ring has gone round: file 0 has a new use, with one frame before the old ones.
    folder.header(0, 3);
    assert_eq!((seqs(&scan_of()), scan_of().highest_epoch), (vec![5], 3));
    folder.frame(0, 1, head(3, 6, 5), &[]);
    assert_eq!((seqs(&scan_of()), scan_of().decision.case), (vec![5, 6], Case::CleanEnd));
    let floor = Since { epoch_floor: 4, first_needed_seq: 7, ..SINCE };
    let scan = scan(&folder.fs, &folder.dir, floor).unwrap();
    assert_eq!((scan.frames.len(), scan.decision.case), (0, Case::CleanEnd));
    assert!(scan_of().used_since && !scan.used_since, "no use is that late");
    assert_eq!(scan.read_bytes, 2 * BLOCK as u64, "headers tell");
}

#[test]
fn a_rotten_file_header_does_not_hide_its_frames_and_a_foreign_file_is_not_read() {
    let folder = four();
    folder.rot(0, 0, 9);
    assert_eq!(seqs(&folder.scan()), [1, 2, 3, 4]);
    let folder = four();
    let other = Since { directory: TopicId([2; 16]), ..SINCE };
    let scan = scan(&folder.fs, &folder.dir, other).unwrap();
    assert_eq!((scan.frames.len(), scan.foreign), (0, vec![path(&folder.dir, 0)]));
}

#[test]
fn a_missing_file_is_damage_only_when_frames_show_it() {
    let folder = four();
    folder.header(1, 2);
    folder.frame(1, 1, head(2, 5, 4), &[]);
    folder.fs.remove_file(&path(&folder.dir, 0)).unwrap();
    assert_eq!(folder.scan().decision.lost, ranges(&[(1, 5)]));
    folder.fs.remove_file(&path(&folder.dir, 1)).unwrap();
    assert_eq!(folder.scan().decision.case, Case::CleanEnd);
}

/// A frame for any use of a file and a commit far ahead, in a directory whose id is a guess.
fn forged(epoch: u32, seq: u64) -> Vec<u8> {
    let mut buf = AlignedBuf::unpooled(BLOCK);
    let guess = Seal::new(TopicId::ZERO, SINCE.shard);
    encode(&mut buf, guess, head(epoch, seq, seq - 1), &[], &[]);
    buf.to_vec()
}

/// Commit 1 with a record behind the frame's first block.
fn with_record(epoch: u32, record: &[u8]) -> Folder {
    let folder = Folder::new();
    folder.header(0, epoch);
    let bytes = [&vec![0; BLOCK - frame_header_and_entry()], record].concat();
    let part = (entry(0, 0, &bytes, Kind::Inline), &bytes[..]);
    folder.frame(0, 1, head(epoch, 1, 0), &[part]);
    folder
}

/// Clients choose what lies in a frame, and every block of it is looked at once the frame is stale or its
/// header is damaged.
#[test]
fn a_frame_that_a_client_has_sent_is_never_believed() {
    for forged_epoch in [1, 2, 3] {
        let record = forged(forged_epoch, 900);
        for rot in [16, 200] {
            let folder = with_record(1, &record);
            folder.rot(0, 1, rot);
            let scan = folder.scan();
            assert_eq!((scan.decision.case, scan.frames.len()), (Case::TornLast, 0));
            assert_eq!((scan.stable_seq, scan.highest_seq), (0, rot as u64 / 200));
        }
        // The file is used again, and the record is what an earlier use left behind.
        let folder = with_record(1, &record);
        folder.header(0, 2);
        folder.frame(0, 1, head(2, 2, 1), &[]);
        let since = Since { first_needed_seq: 2, ..SINCE };
        let again = scan(&folder.fs, &folder.dir, since).unwrap();
        assert_eq!((seqs(&again), again.decision.end_seq), (vec![2], 3));
        // Not even without the file's header.
        folder.rot(0, 0, 9);
        let again = scan(&folder.fs, &folder.dir, since).unwrap();
        assert_eq!((seqs(&again), again.highest_epoch), (vec![2], 2));
    }
}

/// The same frame with the directory's own seal is one: the test above would notice.
#[test]
fn a_frame_with_the_right_seal_is_believed_wherever_it_lies() {
    let mut buf = AlignedBuf::unpooled(BLOCK);
    encode(&mut buf, seal(), head(1, 2, 1), &[], &[]);
    let folder = with_record(1, &buf);
    folder.rot(0, 1, 16);
    assert_eq!(seqs(&folder.scan()), [2]);
    let other = Since { shard: ShardId(1), ..SINCE };
    let bytes = folder.fs.read(&path(&folder.dir, 0)).unwrap();
    assert_eq!(newest_epoch(&bytes, SINCE.seal()), Some(1));
    assert_eq!(newest_epoch(&bytes, other.seal()), None);
}

/// Its header checks, so what lies inside of it is a client's.
#[test]
fn what_lies_inside_a_torn_frame_is_never_a_frame() {
    let mut buf = AlignedBuf::unpooled(BLOCK);
    encode(&mut buf, seal(), head(1, 9, 8), &[], &[]);
    let folder = with_record(1, &buf);
    folder.rot(0, 1, 200);
    let scan = folder.scan();
    assert_eq!((scan.decision.case, scan.frames.len()), (Case::TornLast, 0));
}

fn frame_header_and_entry() -> usize {
    crate::journal::frame::inline_at(&[entry(0, 0, b"x", Kind::Inline)], 0)
}

#[test]
fn a_power_cut_leaves_a_first_part_of_the_commits() {
    for seed in 0..100 {
        let folder = Folder { world: World::new(seed), ..Folder::new() };
        let fs = Fs::sim(folder.world.disk().clone());
        let folder = Folder { fs, ..folder };
        folder.fs.create_dir_all(&folder.dir).unwrap();
        folder.header(0, 1);
        let file = folder.fs.open(&path(&folder.dir, 0), Access::Write).unwrap();
        for seq in 1..=6u64 {
            let bytes = vec![seq as u8; 100];
            let part = (entry(0, (seq - 1) * 100, &bytes, Kind::Inline), &bytes[..]);
            folder.frame(0, seq as usize, head(1, seq, seq.saturating_sub(3)), &[part]);
            if seq == 4 {
                folder.fs.sync(&file).unwrap();
                folder.fs.sync_dir(&folder.dir).unwrap();
            }
        }
        folder.world.power_cut();
        let scan = folder.scan();
        let found = seqs(&scan);
        assert_eq!(found, (1..=found.len() as u64).collect::<Vec<_>>(), "seed {seed}");
        assert!(found.len() >= 4, "seed {seed}");
        assert_ne!(scan.decision.case, Case::AcknowledgedDamaged, "seed {seed}");
    }
}

/// A ring that went round twice, damaged at random: what is used is what was written, and a commit
/// before the end is whole or named as lost.
#[test]
fn random_damage_is_never_used_and_never_silent() {
    for seed in 0..300 {
        let mut rng = headwater_io::sim::rng::Rng::new(seed);
        let folder = Folder::new();
        let per_file = (BLOCKS - 1) as u64;
        for seq in 1..=per_file * 5 + rng.below(per_file) {
            let (turn, place) = ((seq - 1) / per_file, (seq - 1) % per_file);
            let (file, epoch) = ((turn % 2) as usize, turn as u32 + 1);
            if place == 0 {
                folder.header(file, epoch);
            }
            let bytes = [seq as u8; 10];
            let part = (entry(0, seq * 10, &bytes, Kind::Inline), &bytes[..]);
            folder.frame(
                file,
                place as usize + 1,
                head(epoch, seq, seq.saturating_sub(2)),
                &[part],
            );
        }
        for _ in 0..rng.below(6) {
            let (file, block) = (rng.below(2) as usize, rng.below(BLOCKS as u64) as usize);
            folder.rot(file, block, rng.below(BLOCK as u64) as usize);
        }
        let since = Since { first_needed_seq: per_file * 4 + 1, ..SINCE };
        let scan = scan(&folder.fs, &folder.dir, since).unwrap();
        let whole = seqs(&scan);
        for found in scan.frames.iter().filter(|found| found.whole) {
            let expected = entry(0, found.seq() * 10, &[found.seq() as u8; 10], Kind::Inline);
            assert_eq!(found.frame.entries, [expected], "seed {seed}");
        }
        for seq in since.first_needed_seq..scan.decision.end_seq {
            let lost = scan.decision.lost.iter().any(|range| range.contains(&seq));
            assert_ne!(whole.contains(&seq), lost, "seed {seed}: commit {seq}");
        }
        assert!(scan.decision.end_seq > scan.stable_seq, "seed {seed}");
    }
}
