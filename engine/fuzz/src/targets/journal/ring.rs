//! What a shard may have left in its journal folder: a ring that has gone round a few times, and the segments that its
//! checkpoints let it forget commits for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use headwater::journal::checkpoint::PartitionPoint;
use headwater::journal::frame::{self, Entry, FrameHead, Kind};
use headwater::journal::ring::{FileHeader, Ring, file_header};
use headwater::journal::scan;
use headwater::journal::seal::Seal;
use headwater::model::{LeaderEpoch, Offset, PartitionKey, Position, ShardId, TopicId};
use headwater_io::buffer::{AlignedBuf, BLOCK};
use headwater_io::sim::rng::Rng;

use crate::machine::ImageFile;

pub const DIR: &str = "/data/shard-0";
pub const DIRECTORY: TopicId = TopicId([9; 16]);
pub const SHARD: ShardId = ShardId(0);

const FILES: usize = 3;
const FILE_BYTES: usize = 16 * BLOCK;
const PARTITIONS: usize = 2;
/// Of a frame, see `FORMAT.md`.
const FRAME_HEADER_BYTES: usize = 52;
const ENTRY_BYTES: usize = 60;
/// The most commits that are needed: a third of the ring, whatever is in them.
const KEPT: u64 = 4;

/// Everything that was done.
pub struct History {
    /// Commits by number, as they were written.
    pub written: BTreeMap<u64, (FrameHead, Vec<Entry>)>,
    /// For each partition, all bytes of its only segment.
    pub appended: Vec<Vec<u8>>,
    /// The last checkpoint: earlier commits are in the segments.
    pub first_needed_seq: u64,
    /// Where it says that the partitions were.
    pub points: Vec<PartitionPoint>,
    journal: Vec<Vec<u8>>,
    segments: Vec<Vec<u8>>,
    ring: Ring,
}

/// The segment of a partition.
pub fn segment(partition: usize, base: Offset) -> PathBuf {
    PathBuf::from(format!("/data/t-{partition}/{:020}.log", base.0))
}

impl History {
    /// The history of a seed. The second byte says whether clients forge frames.
    pub fn of(seed: [u8; 2]) -> Self {
        let mut rng = Rng::new(u64::from(seed[0]));
        let forged = seed[1] == 0;
        let mut history = History {
            written: BTreeMap::new(),
            appended: vec![Vec::new(); PARTITIONS],
            first_needed_seq: 1,
            points: Vec::new(),
            journal: vec![vec![0; FILE_BYTES]; FILES],
            segments: vec![Vec::new(); PARTITIONS],
            ring: Ring::new(FILES, FILE_BYTES as u64, 1),
        };
        history.checkpoint(1);
        for seq in 1..=1 + rng.below(60) {
            history.commit(&mut rng, seq, forged);
        }
        history
    }

    /// The files on the disk.
    pub fn files(&self) -> Vec<ImageFile> {
        let journal = self.journal.iter().enumerate();
        let journal = journal.map(|(n, bytes)| (scan::path(Path::new(DIR), n), bytes.clone()));
        let segments = self.segments.iter().enumerate();
        journal.chain(segments.map(|(n, bytes)| (segment(n, Offset(0)), bytes.clone()))).collect()
    }

    fn commit(&mut self, rng: &mut Rng, seq: u64, forged: bool) {
        if seq - self.first_needed_seq >= KEPT {
            self.checkpoint(seq);
        }
        let (mut entries, mut payloads) = (Vec::new(), Vec::new());
        for partition in 0..PARTITIONS {
            if rng.chance(70) {
                let payload = payload(rng, forged);
                let kind = if rng.chance(80) { Kind::Inline } else { Kind::Extent };
                entries.push(self.append(partition, &payload, kind, seq));
                if kind == Kind::Inline {
                    payloads.push(payload);
                }
            }
        }
        let bytes = frame::frame_bytes(entries.len(), payloads.iter().map(Vec::len).sum());
        self.prepare();
        let place = self.ring.place(bytes as u64, seq).expect("room for a few commits");
        let head = FrameHead { epoch: place.epoch, seq, stable_seq: seq.saturating_sub(2) };
        let mut buf = AlignedBuf::unpooled(bytes);
        let slices: Vec<Vec<&[u8]>> = payloads.iter().map(|payload| vec![&payload[..]]).collect();
        frame::encode(&mut buf, Seal::new(DIRECTORY, SHARD), head, &entries, &slices);
        self.journal[place.file][place.at as usize..][..bytes].copy_from_slice(&buf);
        self.written.insert(seq, (head, entries));
    }

    fn append(&mut self, partition: usize, payload: &[u8], kind: Kind, seq: u64) -> Entry {
        let appended = &mut self.appended[partition];
        let position = Position(appended.len() as u64);
        appended.extend(payload);
        if kind == Kind::Extent {
            let end = appended.len();
            self.segments[partition].resize(end, 0);
            self.segments[partition][position.0 as usize..].copy_from_slice(payload);
        }
        Entry {
            key: key(partition),
            segment_base: Offset(0),
            position,
            len: payload.len() as u32,
            next_offset: Offset(seq as i64),
            epoch: LeaderEpoch(1),
            crc: crc32c::crc32c(payload),
            kind,
        }
    }

    /// Segments have everything, so commits before `seq` are forgotten.
    fn checkpoint(&mut self, seq: u64) {
        self.first_needed_seq = seq;
        self.ring.retire(seq);
        self.segments = self.appended.clone();
        self.points = (0..PARTITIONS)
            .map(|partition| PartitionPoint {
                key: key(partition),
                segment_base: Offset(0),
                position: Position(self.appended[partition].len() as u64),
                next_offset: Offset(seq as i64 - 1),
                log_start: Offset(0),
                epoch: LeaderEpoch(1),
            })
            .collect();
    }

    fn prepare(&mut self) {
        if let Some((file, epoch)) = self.ring.wants_prepared() {
            self.ring.preparing(file);
            let header =
                FileHeader { directory: DIRECTORY, shard: SHARD, file: file as u32, epoch };
            self.journal[file][..BLOCK].copy_from_slice(&file_header(&header));
            self.ring.prepared(file);
        }
    }
}

fn key(partition: usize) -> PartitionKey {
    PartitionKey { topic: TopicId([7; 16]), index: partition as i32 }
}

/// What a client sends: noise, or frames at every place in a block, for every use of a file.
fn payload(rng: &mut Rng, forged: bool) -> Vec<u8> {
    if !forged {
        return (0..1 + rng.below(9000)).map(|_| rng.next_u64() as u8).collect();
    }
    // Behind a frame's header and one or two entries, the next block begins here.
    let before = FRAME_HEADER_BYTES + ENTRY_BYTES * (1 + rng.below(2) as usize);
    let mut payload = vec![0; BLOCK - before];
    for _ in 0..=rng.below(2) {
        payload.extend(forgery(rng));
    }
    payload
}

/// A frame without entries that claims a use of a file and a commit far ahead. All that its author does not know is
/// which directory it lands in.
fn forgery(rng: &mut Rng) -> Vec<u8> {
    const GUESSED: TopicId = TopicId([0; 16]);
    let head =
        FrameHead { epoch: 1 + rng.below(8) as u32, seq: 1000 + rng.below(10), stable_seq: 999 };
    let mut buf = AlignedBuf::unpooled(frame::frame_bytes(0, 0));
    frame::encode(&mut buf, Seal::new(GUESSED, SHARD), head, &[], &[]);
    buf.to_vec()
}
