//! What every checksum of a frame begins with, and what no client can know.
//!
//! Frames hold bytes that clients chose, and a scan looks for frames block by block. A record that is itself
//! a frame, with good checksums, must not be taken for one: so a frame's checksums begin with the id of the
//! data directory, which is random and never leaves it, with the shard, and with the use of the file.

use crate::model::{ShardId, TopicId};

/// Of the frames of one shard's journal: the CRC32C of the directory's id and the shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal(u32);

impl Seal {
    /// Of a shard in a data directory.
    pub fn new(directory: TopicId, shard: ShardId) -> Self {
        Seal(crc32c::crc32c_append(crc32c::crc32c(&directory.0), &shard.0.to_be_bytes()))
    }

    /// The checksum of a frame's bytes in one use of a file: as if the directory's id, the shard and the
    /// epoch came before them.
    pub fn checksum(self, epoch: u32, bytes: &[u8]) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c_append(self.0, &epoch.to_be_bytes()), bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_checksum_with_what_clients_do_not_know_before_the_bytes() {
        let seal = Seal::new(TopicId([9; 16]), ShardId(0x0102));
        let all = [&[9; 16][..], &[1, 2], &[0, 0, 0, 7], b"bytes"].concat();
        assert_eq!(seal.checksum(7, b"bytes"), crc32c::crc32c(&all));
    }

    #[test]
    fn another_directory_shard_or_use_has_another() {
        let checksum = |directory, shard, epoch| {
            Seal::new(TopicId([directory; 16]), ShardId(shard)).checksum(epoch, b"bytes")
        };
        let ours = checksum(1, 1, 1);
        for other in [checksum(2, 1, 1), checksum(1, 2, 1), checksum(1, 1, 2)] {
            assert_ne!(ours, other);
        }
    }
}
