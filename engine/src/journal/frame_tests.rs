//! Tests of the frame's format.

use proptest::prelude::*;

use super::*;
use crate::model::ShardId;

pub(crate) fn entry(index: i32, position: u64, bytes: &[u8], kind: Kind) -> Entry {
    Entry {
        key: PartitionKey { topic: TopicId([7; 16]), index },
        segment_base: Offset(100),
        position: Position(position),
        len: bytes.len() as u32,
        next_offset: Offset(100 + position as i64 + 1),
        epoch: LeaderEpoch(3),
        crc: crc32c::crc32c(bytes),
        kind,
    }
}

/// Of the shard in this crate's tests of the journal.
pub(crate) const DIRECTORY: TopicId = TopicId([1; 16]);

pub(crate) fn seal() -> Seal {
    Seal::new(DIRECTORY, ShardId(0))
}

const HEAD: FrameHead = FrameHead { epoch: 5, seq: 9, stable_seq: 7 };

/// Two inline entries around an extent.
fn sample() -> (Vec<Entry>, AlignedBuf) {
    let entries = vec![
        entry(0, 10, b"hello world", Kind::Inline),
        entry(1, 4096, &[1; 8192], Kind::Extent),
        entry(2, 0, b"!", Kind::Inline),
    ];
    let mut buf = AlignedBuf::unpooled(frame_bytes(3, 12));
    encode(&mut buf, seal(), HEAD, &entries, &[vec![b"hello ", b"", b"world"], vec![b"!"]]);
    (entries, buf)
}

#[test]
fn comes_back_as_it_was_written() {
    let (entries, buf) = sample();
    assert_eq!(buf.len(), frame_bytes(3, 12));
    let frame = decode(&buf, seal()).unwrap();
    assert_eq!((frame.head, &frame.entries), (HEAD, &entries));
    assert_eq!(&buf[frame.payloads[0].clone()], b"hello world");
    assert!(frame.payloads[1].is_empty());
    assert_eq!(&buf[frame.payloads[2].clone()], b"!");
    assert_eq!(inline_at(&entries, 0), frame.payloads[0].start);
    assert_eq!(inline_at(&entries, 2), frame.payloads[2].start);
    assert_eq!(decode_head(&buf, seal()).unwrap().total_bytes, buf.len());
    assert_eq!(decode_in(&buf, seal(), 5).unwrap(), frame);
    assert_eq!(decode_in(&buf, seal(), 6), Err(FrameFault::OtherEpoch));
}

#[test]
fn an_empty_frame_is_one_block() {
    let mut buf = AlignedBuf::unpooled(BLOCK);
    encode(&mut buf, seal(), HEAD, &[], &[]);
    assert_eq!(buf.len(), BLOCK);
    assert_eq!(decode(&buf, seal()).unwrap().entries, []);
}

#[test]
fn fills_reused_memory_as_if_it_were_fresh() {
    let (entries, fresh) = sample();
    let mut buf = AlignedBuf::unpooled(2 * BLOCK);
    buf.set_len(2 * BLOCK);
    buf.fill(0xff);
    encode(&mut buf, seal(), HEAD, &entries, &[vec![b"hello world"], vec![b"!"]]);
    assert_eq!(&buf[..], &fresh[..]);
}

#[test]
fn refuses_every_flipped_bit_and_every_cut() {
    let (_, buf) = sample();
    for bit in 0..buf.len() * 8 {
        let mut bad = buf.to_vec();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(decode(&bad, seal()).is_err(), "bit {bit}");
    }
    for len in 0..buf.len() {
        assert!(decode(&buf[..len], seal()).is_err(), "cut at {len}");
    }
}

#[test]
fn each_fault_has_its_name() {
    let (_, buf) = sample();
    let with = |at: usize, byte: u8| {
        let mut bad = buf.to_vec();
        bad[at] ^= byte;
        decode(&bad, seal())
    };
    assert_eq!(decode(&[0; BLOCK], seal()), Err(FrameFault::Nothing));
    assert_eq!(decode(&[1; BLOCK], seal()), Err(FrameFault::NotAFrame));
    assert_eq!(with(0, 1), Err(FrameFault::NotAFrame));
    assert_eq!(with(16, 1), Err(FrameFault::HeaderCrc));
    assert_eq!(with(BLOCK - 1, 1), Err(FrameFault::BodyCrc));
    assert_eq!(decode(&buf[..BLOCK - 512], seal()), Err(FrameFault::TooLong));
}

#[test]
fn an_entry_that_makes_no_sense_is_named_even_when_all_checksums_hold() {
    let (entries, mut buf) = sample();
    buf[HEADER_BYTES + 59] = 2; // a kind that does not exist
    put_header(&mut buf, seal(), HEAD, entries.len(), 12);
    assert_eq!(decode(&buf, seal()), Err(FrameFault::BadEntry));
    buf[HEADER_BYTES + 59] = 1; // an extent: then the inline bytes have no owner
    put_header(&mut buf, seal(), HEAD, entries.len(), 12);
    assert_eq!(decode(&buf, seal()), Err(FrameFault::BadEntry));
}

#[test]
fn a_damaged_payload_leaves_the_entries_to_be_believed() {
    let (entries, mut buf) = sample();
    let at = inline_at(&entries, 2);
    buf[at] ^= 1;
    assert_eq!(decode(&buf, seal()), Err(FrameFault::BodyCrc));
    assert_eq!(salvage(&buf, seal()).unwrap().entries, entries);
    buf[HEADER_BYTES] ^= 1;
    assert_eq!(salvage(&buf, seal()), None);
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = (decode(&bytes, seal()), salvage(&bytes, seal()), decode_head(&bytes, seal()));
    }

    /// As before, past the checksums: lengths and counts of any size behind a header that checks.
    #[test]
    fn random_fields_behind_good_checksums_never_panic(
        fields in prop::collection::vec(any::<u8>(), HEADER_BYTES + 3 * ENTRY_BYTES),
        small in any::<bool>(),
    ) {
        let (_, mut buf) = sample();
        buf[8..HEADER_BYTES + 3 * ENTRY_BYTES].copy_from_slice(&fields[8..]);
        if small {
            buf[8..12].copy_from_slice(&(BLOCK as u32).to_be_bytes());
            buf[32..36].copy_from_slice(&3u32.to_be_bytes());
            buf[36..40].copy_from_slice(&12u32.to_be_bytes());
            buf[24..32].copy_from_slice(&[0; 8]);
        }
        let epoch = u32_at(&buf, 12);
        let checksum = |bytes: &[u8]| seal().checksum(epoch, bytes);
        let entries_crc = checksum(&buf[entries_range(3)]);
        buf[40..44].copy_from_slice(&entries_crc.to_be_bytes());
        let body_crc = checksum(&buf[HEADER_BYTES..]);
        buf[44..48].copy_from_slice(&body_crc.to_be_bytes());
        let header_crc = checksum(&buf[..HEADER_CRC_AT]);
        buf[48..52].copy_from_slice(&header_crc.to_be_bytes());
        let _ = (decode(&buf, seal()), salvage(&buf, seal()), decode_head(&buf, seal()));
    }
}
