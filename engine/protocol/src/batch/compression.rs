//! Compression of the records of a batch. All five kinds that Kafka has; each is one block in its
//! usual framing, but for snappy, whose framing is Java's own (see [`super::snappy`]).
//!
//! Decompression takes a limit: a kilobyte can become a gigabyte, and who sends it may mean to.

use super::header::Batch;
use super::snappy;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};
use std::fmt;
use std::io::{Read, Write};
use zstd::zstd_safe;

/// How records are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// Gzip.
    Gzip,
    /// Snappy in Xerial framing.
    Snappy,
    /// LZ4 frame.
    Lz4,
    /// Zstandard, since Produce 7 and Fetch 10 (KIP-110).
    Zstd,
}

/// Why records could not be decompressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecompressError {
    /// The bytes are not what the batch header says they are.
    Corrupt {
        /// What the batch header says.
        compression: Compression,
    },
    /// They become more than the caller allows.
    OverLimit {
        /// What the caller allows.
        bytes_max: usize,
    },
}

impl Compression {
    /// Every kind, in the order of its number.
    pub const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

    /// The lowest three bits of a batch's attributes.
    pub fn bits(self) -> i16 {
        self as i16
    }

    /// The kind with this number.
    pub fn from_bits(bits: i16) -> Option<Self> {
        Self::ALL.get(usize::try_from(bits).ok()?).copied()
    }

    /// The name used by the setting `compression.type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|compression| compression.name() == name)
    }
}

/// Appends the compressed `records` to `out`, at the level that Kafka's clients use by default.
pub fn compress(compression: Compression, records: &[u8], out: &mut Vec<u8>) {
    match compression {
        Compression::None => out.extend_from_slice(records),
        Compression::Gzip => {
            let mut encoder = GzEncoder::new(out, flate2::Compression::default());
            encoder.write_all(records).expect(IN_MEMORY);
            encoder.finish().expect(IN_MEMORY);
        }
        Compression::Snappy => snappy::compress(records, out),
        Compression::Lz4 => {
            // Java reads independent blocks only; 64 KiB is what it writes.
            let info =
                FrameInfo::new().block_mode(BlockMode::Independent).block_size(BlockSize::Max64KB);
            let mut encoder = FrameEncoder::with_frame_info(info, out);
            encoder.write_all(records).expect(IN_MEMORY);
            encoder.finish().expect(IN_MEMORY);
        }
        Compression::Zstd => zstd::stream::copy_encode(records, out, ZSTD_LEVEL).expect(IN_MEMORY),
    }
}

/// Kafka's default, and Zstandard's own.
const ZSTD_LEVEL: i32 = 3;

const IN_MEMORY: &str = "compressing from memory to memory does not fail";

/// Replaces the content of `out` by the decompressed `records`, at most `bytes_max` of them.
pub fn decompress(
    compression: Compression,
    records: &[u8],
    bytes_max: usize,
    out: &mut Vec<u8>,
) -> Result<(), DecompressError> {
    out.clear();
    match compression {
        Compression::None if records.len() > bytes_max => {
            Err(DecompressError::OverLimit { bytes_max })
        }
        Compression::None => {
            out.extend_from_slice(records);
            Ok(())
        }
        Compression::Gzip => read_all(compression, MultiGzDecoder::new(records), bytes_max, out),
        Compression::Snappy => snappy::decompress(records, bytes_max, out),
        Compression::Lz4 => read_all(compression, FrameDecoder::new(records), bytes_max, out),
        Compression::Zstd => decompress_zstd(records, bytes_max, out),
    }
}

/// The records of a batch, decompressed if need be: either bytes of the batch itself or the content
/// of `scratch`.
pub fn records_of<'a>(
    batch: &Batch<'a>,
    bytes_max: usize,
    scratch: &'a mut Vec<u8>,
) -> Result<&'a [u8], DecompressError> {
    match batch.header.attributes.compression {
        Compression::None => Ok(batch.stored_records()),
        compression => {
            decompress(compression, batch.stored_records(), bytes_max, scratch)?;
            Ok(scratch)
        }
    }
}

fn read_all(
    compression: Compression,
    decoder: impl Read,
    bytes_max: usize,
    out: &mut Vec<u8>,
) -> Result<(), DecompressError> {
    // One byte more than allowed tells "exactly at the limit" from "over it".
    let mut limited = decoder.take(bytes_max as u64 + 1);
    limited.read_to_end(out).map_err(|_| DecompressError::Corrupt { compression })?;
    match out.len() > bytes_max {
        true => Err(DecompressError::OverLimit { bytes_max }),
        false => Ok(()),
    }
}

/// One shot into a buffer of our size, retried with a larger one, because the streaming decoder
/// first allocates the window that the frame asks for: 128 MiB for a frame of ten bytes.
fn decompress_zstd(
    records: &[u8],
    bytes_max: usize,
    out: &mut Vec<u8>,
) -> Result<(), DecompressError> {
    const GUESS_MIN: usize = 16 * 1024;
    const GUESS_RATIO: usize = 8;
    /// `ZSTD_error_dstSize_tooSmall`; errors are returned as negative numbers.
    const TOO_SMALL: usize = 70usize.wrapping_neg();

    let mut capacity = (records.len() * GUESS_RATIO).max(GUESS_MIN).min(bytes_max);
    loop {
        out.reserve_exact(capacity);
        let result = zstd_safe::decompress(out, records);
        match result {
            Ok(_) if out.len() <= bytes_max => return Ok(()),
            Err(TOO_SMALL) if capacity < bytes_max => {
                capacity = capacity.saturating_mul(4).min(bytes_max);
            }
            Ok(_) | Err(TOO_SMALL) => return Err(DecompressError::OverLimit { bytes_max }),
            Err(_) => {
                return Err(DecompressError::Corrupt { compression: Compression::Zstd });
            }
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for DecompressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Corrupt { compression } => write!(f, "records are not valid {compression}"),
            Self::OverLimit { bytes_max } => {
                write!(f, "records decompress to more than {bytes_max} bytes")
            }
        }
    }
}

impl std::error::Error for DecompressError {}

#[cfg(test)]
mod tests;
