//! Snappy as Kafka's clients write it: raw blocks in the framing of the Java library (Xerial),
//! which is not Google's framing format. Some clients write a single raw block without any framing;
//! that is read, too.
//!
//! ```text
//! 82 53 4e 41 50 50 59 00    magic
//! version        4           1
//! compatible     4           1
//! then blocks: length 4, raw snappy
//! ```

use super::compression::{Compression, DecompressError};
use snap::raw::{Decoder, Encoder, decompress_len, max_compress_len};

const MAGIC: &[u8; 8] = b"\x82SNAPPY\0";
const VERSION: i32 = 1;
const HEADER_BYTES: usize = MAGIC.len() + 4 + 4;

/// What the Java library puts into one block.
const BLOCK_BYTES: usize = 32 * 1024;

/// No element of the format yields more than 64 bytes from three, so a larger claim is a lie and
/// not worth the memory.
const RATIO_MAX: usize = 32;

const CORRUPT: DecompressError = DecompressError::Corrupt { compression: Compression::Snappy };

pub(super) fn compress(records: &[u8], out: &mut Vec<u8>) {
    let mut encoder = Encoder::new();
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&VERSION.to_be_bytes());
    out.extend_from_slice(&VERSION.to_be_bytes());
    for block in records.chunks(BLOCK_BYTES) {
        let length_at = out.len();
        let start = length_at + 4;
        out.resize(start + max_compress_len(block.len()), 0);
        let length = encoder.compress(block, &mut out[start..]).expect("room for the worst case");
        out.truncate(start + length);
        out[length_at..start].copy_from_slice(&(length as u32).to_be_bytes());
    }
}

pub(super) fn decompress(
    records: &[u8],
    bytes_max: usize,
    out: &mut Vec<u8>,
) -> Result<(), DecompressError> {
    if !records.starts_with(MAGIC) {
        return decompress_block(records, bytes_max, out);
    }
    let mut rest = records;
    while !rest.is_empty() {
        // The header may come again: the Java library lets streams be concatenated.
        if rest.starts_with(MAGIC) {
            rest = rest.get(HEADER_BYTES..).ok_or(CORRUPT)?;
            continue;
        }
        let (length, after) = rest.split_first_chunk::<4>().ok_or(CORRUPT)?;
        let (block, after) =
            after.split_at_checked(u32::from_be_bytes(*length) as usize).ok_or(CORRUPT)?;
        decompress_block(block, bytes_max, out)?;
        rest = after;
    }
    Ok(())
}

fn decompress_block(
    block: &[u8],
    bytes_max: usize,
    out: &mut Vec<u8>,
) -> Result<(), DecompressError> {
    let length = decompress_len(block).map_err(|_| CORRUPT)?;
    if length > block.len().saturating_mul(RATIO_MAX) {
        return Err(CORRUPT);
    }
    let start = out.len();
    if length > bytes_max - start {
        return Err(DecompressError::OverLimit { bytes_max });
    }
    out.resize(start + length, 0);
    let written = Decoder::new().decompress(block, &mut out[start..]).map_err(|_| CORRUPT)?;
    out.truncate(start + written);
    Ok(())
}
