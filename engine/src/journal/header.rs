//! The first block of a journal file: whose it is and which use of it this is.
//!
//! Written durable before the first frame of a use. What lies behind it from earlier uses is told by
//! its epoch, so nothing has to be erased.
//!
//! ```text
//! magic "HWJH"      4
//! version           4   1
//! directory id     16   of the data directory
//! shard             2
//! zero              2
//! file              4   n of journal-<n>
//! epoch             4   of this use; grows over all files of the shard
//! crc               4   CRC32C of the rest of the block
//! zeros                 to the end of the block
//! ```

use headwater_io::buffer::BLOCK;

use super::fields::{id_at, u16_at, u32_at};
use crate::model::{ShardId, TopicId};

const MAGIC: u32 = u32::from_be_bytes(*b"HWJH");
const VERSION: u32 = 1;
const CRC_AT: usize = 4 + 4 + 16 + 2 + 2 + 4 + 4;

/// What a journal file says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileHeader {
    /// The data directory's identity.
    pub directory: TopicId,
    /// The shard.
    pub shard: ShardId,
    /// Which file of the ring.
    pub file: u32,
    /// Which use.
    pub epoch: u32,
}

/// Why there is no header here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderFault {
    /// Zeros: never used.
    Nothing,
    /// Not as it was written.
    Damaged,
    /// Sound, and of a version that this program does not know.
    Newer(u32),
}

/// The block that opens a use of a file.
pub fn file_header(header: &FileHeader) -> Vec<u8> {
    let mut out = Vec::with_capacity(BLOCK);
    out.extend(MAGIC.to_be_bytes());
    out.extend(VERSION.to_be_bytes());
    out.extend(header.directory.0);
    out.extend(header.shard.0.to_be_bytes());
    out.extend([0; 2]);
    out.extend(header.file.to_be_bytes());
    out.extend(header.epoch.to_be_bytes());
    out.resize(BLOCK, 0);
    let crc = checksum(&out);
    out[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_be_bytes());
    out
}

/// The header in the first block of `bytes`.
pub fn decode_file_header(bytes: &[u8]) -> Result<FileHeader, HeaderFault> {
    let block = bytes.get(..BLOCK).ok_or(HeaderFault::Damaged)?;
    if block.iter().all(|&b| b == 0) {
        return Err(HeaderFault::Nothing);
    }
    if u32_at(block, 0) != MAGIC || u32_at(block, CRC_AT) != checksum(block) {
        return Err(HeaderFault::Damaged);
    }
    if u32_at(block, 4) != VERSION {
        return Err(HeaderFault::Newer(u32_at(block, 4)));
    }
    if u32_at(block, 32) == u32::MAX {
        return Err(HeaderFault::Damaged); // there would be no next epoch
    }
    Ok(FileHeader {
        directory: TopicId(id_at(block, 8)),
        shard: ShardId(u16_at(block, 24)),
        file: u32_at(block, 28),
        epoch: u32_at(block, 32),
    })
}

fn checksum(block: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&block[..CRC_AT]), &block[CRC_AT + 4..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_its_block_and_refuses_every_flipped_bit() {
        let header =
            FileHeader { directory: TopicId([9; 16]), shard: ShardId(3), file: 2, epoch: 77 };
        let bytes = file_header(&header);
        assert_eq!(bytes.len(), BLOCK);
        assert_eq!(decode_file_header(&bytes), Ok(header));
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode_file_header(&bad), Err(HeaderFault::Damaged), "bit {bit}");
        }
        for len in 0..bytes.len() {
            assert!(decode_file_header(&bytes[..len]).is_err(), "cut at {len}");
        }
        assert_eq!(decode_file_header(&[0; BLOCK]), Err(HeaderFault::Nothing));
    }

    #[test]
    fn a_newer_version_is_told_from_damage() {
        let header = FileHeader { directory: TopicId::ZERO, shard: ShardId(0), file: 0, epoch: 1 };
        let mut bytes = file_header(&header);
        bytes[7] = 2;
        let crc = checksum(&bytes);
        bytes[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(decode_file_header(&bytes), Err(HeaderFault::Newer(2)));
    }
}
