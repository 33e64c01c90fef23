//! A frame of the journal, the header of its file, and a checkpoint.
//!
//! Promises: refused by name, or encoded to what is decoded to the same again; no payload reaches out of its frame.

use headwater::journal::checkpoint::{self, Checkpoint, PartitionPoint};
use headwater::journal::frame::{self, Entry, FrameHead, Kind};
use headwater::journal::header::{FileHeader, decode_file_header, file_header};
use headwater::journal::seal::Seal;
use headwater::model::{LeaderEpoch, Offset, PartitionKey, Position, ShardId, TopicId};
use headwater_io::buffer::{AlignedBuf, BLOCK};
use headwater_io::sim::rng::Rng;

use super::Target;
use crate::damage;

pub const TARGET: Target = Target {
    name: "journal-frame",
    about: "frames, file headers and checkpoints of the journal: refused by name, or the same when encoded again",
    make,
    check,
    smoke: 3000,
    found: &[],
};

const DIRECTORY: TopicId = TopicId([9; 16]);
/// Where their checksums are (`FORMAT.md`).
const FRAME_ENTRIES_CRC_AT: usize = 40;
const FRAME_BODY_CRC_AT: usize = 44;
const FRAME_HEADER_CRC_AT: usize = 48;
const FRAME_HEADER_BYTES: usize = 52;
const ENTRY_BYTES: usize = 60;
const HEADER_CRC_AT: usize = 36;
const CHECKPOINT_CRC_AT: usize = 52;

fn make(rng: &mut Rng) -> Vec<u8> {
    match rng.below(4) {
        0 => {
            let (shard, file) = (ShardId(rng.below(4) as u16), rng.below(4) as u32);
            let header =
                FileHeader { directory: DIRECTORY, shard, file, epoch: rng.below(9) as u32 };
            sealed(rng, file_header(&header), HEADER_CRC_AT)
        }
        1 => {
            let bytes = checkpoint::encode(&sample_checkpoint(rng));
            sealed(rng, bytes, CHECKPOINT_CRC_AT)
        }
        _ => {
            let mut bytes = sample_frame(rng);
            damage::damage(rng, &mut bytes);
            if rng.chance(70) {
                seal_frame(&mut bytes);
            }
            bytes
        }
    }
}

fn sealed(rng: &mut Rng, mut bytes: Vec<u8>, crc_at: usize) -> Vec<u8> {
    damage::damage(rng, &mut bytes);
    if rng.chance(70) {
        damage::seal(&mut bytes, crc_at);
    }
    bytes
}

fn sample_frame(rng: &mut Rng) -> Vec<u8> {
    let (mut entries, mut payloads) = (Vec::new(), Vec::new());
    for n in 0..rng.below(5) {
        let payload = damage::noise(rng, 3000);
        let kind = if rng.chance(70) { Kind::Inline } else { Kind::Extent };
        entries.push(Entry {
            key: PartitionKey { topic: TopicId([n as u8; 16]), index: n as i32 },
            segment_base: Offset(n as i64),
            position: Position(rng.below(100_000)),
            len: payload.len() as u32,
            next_offset: Offset(1000 + n as i64),
            epoch: LeaderEpoch(1),
            crc: crc32c::crc32c(&payload),
            kind,
        });
        if kind == Kind::Inline {
            payloads.push(payload);
        }
    }
    encode(FrameHead { epoch: 3, seq: 8, stable_seq: rng.below(8) }, &entries, &payloads)
}

fn encode(head: FrameHead, entries: &[Entry], payloads: &[Vec<u8>]) -> Vec<u8> {
    let inline_bytes = payloads.iter().map(Vec::len).sum();
    let mut buf = AlignedBuf::unpooled(frame::frame_bytes(entries.len(), inline_bytes));
    let slices: Vec<Vec<&[u8]>> = payloads.iter().map(|payload| vec![&payload[..]]).collect();
    frame::encode(&mut buf, seal(), head, entries, &slices);
    buf.to_vec()
}

fn seal() -> Seal {
    Seal::new(DIRECTORY, ShardId(1))
}

/// Makes all three checksums of a frame right again.
pub fn seal_frame(bytes: &mut [u8]) {
    if bytes.len() < FRAME_HEADER_BYTES {
        return;
    }
    let field =
        |bytes: &[u8], at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four"));
    let total = (field(bytes, 8) as usize).clamp(FRAME_HEADER_BYTES, bytes.len());
    let table =
        (field(bytes, 32) as usize).saturating_mul(ENTRY_BYTES).min(total - FRAME_HEADER_BYTES);
    let epoch = field(bytes, 12);
    let checksum = |bytes: &[u8]| seal().checksum(epoch, bytes);
    let entries_crc = checksum(&bytes[FRAME_HEADER_BYTES..FRAME_HEADER_BYTES + table]);
    bytes[FRAME_ENTRIES_CRC_AT..][..4].copy_from_slice(&entries_crc.to_be_bytes());
    let body_crc = checksum(&bytes[FRAME_HEADER_BYTES..total]);
    bytes[FRAME_BODY_CRC_AT..][..4].copy_from_slice(&body_crc.to_be_bytes());
    let header_crc = checksum(&bytes[..FRAME_HEADER_CRC_AT]);
    bytes[FRAME_HEADER_CRC_AT..][..4].copy_from_slice(&header_crc.to_be_bytes());
}

fn sample_checkpoint(rng: &mut Rng) -> Checkpoint {
    let point = |n: u64| PartitionPoint {
        key: PartitionKey { topic: TopicId([n as u8; 16]), index: n as i32 },
        segment_base: Offset(n as i64),
        position: Position(n * 100),
        next_offset: Offset(n as i64 + 7),
        log_start: Offset(0),
        epoch: LeaderEpoch(2),
    };
    Checkpoint {
        serial: rng.below(100),
        directory: DIRECTORY,
        shard: ShardId(1),
        in_use: rng.chance(50),
        epoch_floor: rng.below(10) as u32,
        first_needed_seq: 1 + rng.below(100),
        partitions: (0..rng.below(20)).map(point).collect(),
    }
}

fn check(bytes: &[u8]) {
    if let Ok(header) = decode_file_header(bytes) {
        let again = file_header(&header);
        assert_eq!(decode_file_header(&again), Ok(header));
    }
    if let Ok(checkpoint) = checkpoint::decode(bytes) {
        let again = checkpoint::encode(&checkpoint);
        assert!(again.len() <= bytes.len(), "{} bytes became {}", bytes.len(), again.len());
        assert!(checkpoint::decode(&again).ok() == Some(checkpoint));
    }
    let head = frame::decode_head(bytes, seal());
    let salvaged = frame::salvage(bytes, seal());
    let Ok(found) = frame::decode(bytes, seal()) else { return };
    assert!(
        head.is_some()
            && found.total_bytes <= bytes.len()
            && found.total_bytes.is_multiple_of(BLOCK)
    );
    assert!(salvaged.is_none_or(|salvaged| salvaged == found), "salvaged to something else");
    let payloads =
        found.entries.iter().zip(&found.payloads).filter(|(entry, _)| entry.kind == Kind::Inline);
    let payloads: Vec<Vec<u8>> =
        payloads.map(|(_, range)| bytes[..found.total_bytes][range.clone()].to_vec()).collect();
    let again = encode(found.head, &found.entries, &payloads);
    assert_eq!(frame::decode(&again, seal()), Ok(found));
}
