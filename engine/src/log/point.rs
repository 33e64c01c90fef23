//! A recovery point of the segment that is appended to: its index and the producers as of one position, so
//! that the next start reads what follows and not the whole segment.
//!
//! It is believed only when somebody else vouches for the log up to that position (the journal's floor, or
//! a clean stop); a point that nobody vouches for is removed at the start, before anything is appended.
//! When one is written is said in `pointed`. Sealing the segment removes it: the index says more.

use std::path::{Path, PathBuf};

use super::directory;
use super::producers::{self, Producers};
use crate::model::{Offset, Position};
use crate::segment::index::{self, Index};

const MAGIC: u32 = u32::from_be_bytes(*b"HWPT");
const VERSION: u32 = 1;
const CRC_AT: usize = 4 + 4 + 8 + 8 + 8 + 4;
const HEADER_BYTES: usize = CRC_AT + 4;

/// What was known when the segment reached a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// The end of a batch.
    pub position: Position,
    /// The offset after that batch.
    pub next_offset: Offset,
    /// The index of everything before it.
    pub index: Index,
    /// The producers as of that offset.
    pub producers: Producers,
}

/// The point of the segment that starts at `base`.
pub fn path(dir: &Path, base: Offset) -> PathBuf {
    directory::point(dir, base)
}

/// The bytes of a point: everything big-endian.
///
/// ```text
/// magic "HWPT"     4
/// version          4   1
/// base offset      8   of the segment
/// position         8   in the segment, the end of a batch
/// next offset      8   the offset after that batch
/// index bytes      4
/// crc              4   CRC32C of everything before it and of what follows
/// index                as the file of an index of a segment that ends at the position
/// producers            as the file of a snapshot at the next offset
/// ```
///
/// # Panics
/// When `index` is not the index of the segment up to `next_offset`: a point must not know what came
/// after it, for that may be lost.
pub fn encode(
    index: &Index,
    producers: &Producers,
    base: Offset,
    position: Position,
    next_offset: Offset,
) -> Vec<u8> {
    assert_eq!(index.next_offset(), next_offset, "an index as of another offset");
    let index = index::file::encode(index, position);
    let mut out = Vec::with_capacity(HEADER_BYTES + index.len());
    out.extend(MAGIC.to_be_bytes());
    out.extend(VERSION.to_be_bytes());
    out.extend(base.0.to_be_bytes());
    out.extend(position.0.to_be_bytes());
    out.extend(next_offset.0.to_be_bytes());
    out.extend((index.len() as u32).to_be_bytes());
    out.extend([0; 4]);
    out.extend(index);
    out.extend(producers::file::encode(producers, next_offset));
    let crc = checksum(&out);
    out[CRC_AT..HEADER_BYTES].copy_from_slice(&crc.to_be_bytes());
    out
}

/// The point in `bytes`, if it is whole and of the segment that starts at `base`.
pub fn decode(bytes: &[u8], base: Offset) -> Option<Point> {
    if bytes.len() < HEADER_BYTES || checksum(bytes) != u32_at(bytes, CRC_AT) {
        return None;
    }
    let belongs = u32_at(bytes, 0) == MAGIC
        && u32_at(bytes, 4) == VERSION
        && u64_at(bytes, 8) == base.0 as u64;
    let position = Position(u64_at(bytes, 16));
    let next_offset = Offset(u64_at(bytes, 24) as i64);
    let (index, producers) = bytes[HEADER_BYTES..].split_at_checked(u32_at(bytes, 32) as usize)?;
    let index = index::file::decode(index, base, position)?;
    let producers = producers::file::decode(producers, next_offset)?;
    let fits = belongs && index.next_offset() == next_offset;
    fits.then_some(Point { position, next_offset, index, producers })
}

fn checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&bytes[..CRC_AT]), &bytes[HEADER_BYTES..])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_be_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_protocol::batch::header::BatchHeader;

    #[test]
    fn survives_its_file_and_refuses_every_flipped_bit() {
        let mut index = Index::new(Offset(1000), 200);
        let mut known = Producers::default();
        for n in 0..20 {
            let bytes = crate::log::recovery::tests::batch(1000 + n, 1, 40);
            let header = BatchHeader::parse(&bytes).unwrap();
            index.add(Position(n as u64 * 112), &header);
            known.note(&header, Default::default(), None);
        }
        let (position, next_offset) = (Position(20 * 112), Offset(1020));
        let bytes = encode(&index, &known, Offset(1000), position, next_offset);
        let point = Point { position, next_offset, index, producers: known };
        assert_eq!(decode(&bytes, Offset(1000)), Some(point));
        assert_eq!(decode(&bytes, Offset(1001)), None, "another segment");
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&bad, Offset(1000)), None, "bit {bit}");
        }
        for len in 0..bytes.len() {
            assert_eq!(decode(&bytes[..len], Offset(1000)), None, "cut at {len}");
        }
    }
}
