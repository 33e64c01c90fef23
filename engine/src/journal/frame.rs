//! A frame: one group commit of a shard, as it lies in the journal.
//!
//! Filled by the shard into the very memory that is written, read again by a scan. Whole blocks, never
//! written twice, so there is no tail to tear but its own. Its checksums begin with the shard's [`Seal`]:
//! what clients send is never taken for a frame. Must not know files.
//!
//! ```text
//! magic "HWJF"      4
//! version           4   1
//! total bytes       4   whole blocks, this header included
//! epoch             4   of the file's use: frames of an earlier use do not count
//! seq               8   of the commit, from 1, without gaps
//! stable seq        8   highest commit known durable when this frame was built; 0 = none
//! entry count       4
//! inline bytes      4
//! entries crc       4   sealed CRC32C of the entries: they are believed even when a payload is damaged
//! body crc          4   sealed CRC32C of everything after the header, zeros at the end included
//! header crc        4   sealed CRC32C of everything before it
//! entries               60 bytes each:
//!   topic id         16
//!   partition         4
//!   segment base      8
//!   position          8   in the segment file
//!   length            4
//!   next offset       8   the offset after its last record
//!   leader epoch      4
//!   crc               4   CRC32C of the entry's bytes
//!   kind              4   0 inline, 1 extent
//! inline bytes          of the inline entries, in their order
//! zeros                 to the end of the block
//! ```

use std::ops::Range;

use headwater_io::buffer::{AlignedBuf, BLOCK, round_up};

use super::fields::{id_at, u32_at, u64_at};
use super::seal::Seal;
use crate::model::{LeaderEpoch, Offset, PartitionKey, Position, TopicId};

const MAGIC: u32 = u32::from_be_bytes(*b"HWJF");
const VERSION: u32 = 1;
const ENTRIES_CRC_AT: usize = 40;
const HEADER_CRC_AT: usize = 48;
const HEADER_BYTES: usize = HEADER_CRC_AT + 4;
const ENTRY_BYTES: usize = 16 + 4 + 8 + 8 + 4 + 8 + 4 + 4 + 4;

/// Commits and epochs stop counting before the next one would not fit in its type.
const SEQ_MAX: u64 = i64::MAX as u64;

/// Where an entry's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// In the frame.
    Inline,
    /// In the segment already, written with the frame.
    Extent,
}

/// Bytes of one segment that a commit makes durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose they are.
    pub key: PartitionKey,
    /// The segment's base offset.
    pub segment_base: Offset,
    /// Where they start in the segment.
    pub position: Position,
    /// How many they are.
    pub len: u32,
    /// The offset after the last record that ends in them.
    pub next_offset: Offset,
    /// The leader epoch under which they were appended.
    pub epoch: LeaderEpoch,
    /// CRC32C of them.
    pub crc: u32,
    /// Where they are.
    pub kind: Kind,
}

impl Entry {
    /// Where its bytes end in the segment.
    pub fn end(&self) -> Position {
        Position(self.position.0 + u64::from(self.len))
    }
}

/// What a frame says about itself and the commits before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHead {
    /// Of the use of the file it lies in.
    pub epoch: u32,
    /// The commit's number, from 1.
    pub seq: u64,
    /// The highest commit known durable when it was built; 0 = none.
    pub stable_seq: u64,
}

/// A header that checks. What follows it may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadOnDisk {
    /// What it says.
    pub head: FrameHead,
    /// The frame's length in whole blocks' bytes.
    pub total_bytes: usize,
    entry_count: usize,
    inline_bytes: usize,
}

/// A frame that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it says about itself.
    pub head: FrameHead,
    /// What it makes durable.
    pub entries: Vec<Entry>,
    /// For each entry the bytes of the frame that hold its payload; empty for an extent.
    pub payloads: Vec<Range<usize>>,
    /// The frame's length.
    pub total_bytes: usize,
}

/// Why there is no frame here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameFault {
    /// A block of zeros.
    Nothing,
    /// No frame's first bytes, or those of a version that is not known.
    NotAFrame,
    /// The header of a frame of another use of the file.
    OtherEpoch,
    /// A frame's first bytes, and a header that does not check.
    HeaderCrc,
    /// It would end after the bytes there are.
    TooLong,
    /// The header checks; what follows it does not.
    BodyCrc,
    /// All checks, and an entry makes no sense.
    BadEntry,
}

/// Bytes of a frame with so many entries and inline bytes: whole blocks.
pub fn frame_bytes(entries: usize, inline_bytes: usize) -> usize {
    round_up(HEADER_BYTES + entries * ENTRY_BYTES + inline_bytes)
}

/// Fills `buf` from its start. `inline` holds, for each inline entry in order, the slices that make up
/// its bytes.
///
/// # Panics
/// When the frame does not fit in `buf`, or `inline` is not what the entries say.
pub fn encode(
    buf: &mut AlignedBuf,
    seal: Seal,
    head: FrameHead,
    entries: &[Entry],
    inline: &[Vec<&[u8]>],
) {
    assert!(head.stable_seq < head.seq, "a commit is not durable before it is built");
    let inline_bytes = inline_total(entries);
    let total_bytes = frame_bytes(entries.len(), inline_bytes);
    assert!(total_bytes <= buf.capacity(), "a frame of {total_bytes} bytes in {}", buf.capacity());
    buf.set_len(0);
    put(buf, &[0; HEADER_BYTES]);
    entries.iter().for_each(|entry| put(buf, &encode_entry(entry)));
    put_inline(buf, entries, inline);
    buf.pad_to_block();
    assert_eq!(buf.len(), total_bytes, "a frame is as long as its parts");
    put_header(buf, seal, head, entries.len(), inline_bytes);
}

fn put_inline(buf: &mut AlignedBuf, entries: &[Entry], inline: &[Vec<&[u8]>]) {
    let owners = entries.iter().filter(|entry| entry.kind == Kind::Inline);
    assert_eq!(owners.clone().count(), inline.len(), "one payload per inline entry");
    for (entry, slices) in owners.zip(inline) {
        let before = buf.len();
        slices.iter().for_each(|slice| put(buf, slice));
        assert_eq!(buf.len() - before, entry.len as usize, "a payload is as long as its entry");
    }
}

fn put(buf: &mut AlignedBuf, bytes: &[u8]) {
    let n = buf.extend_from(bytes);
    assert_eq!(n, bytes.len(), "room was counted before");
}

/// Writes the header in front of the body that is in place.
fn put_header(
    buf: &mut AlignedBuf,
    seal: Seal,
    head: FrameHead,
    entry_count: usize,
    inline_bytes: usize,
) {
    let checksum = |bytes: &[u8]| seal.checksum(head.epoch, bytes);
    let entries_crc = checksum(&buf[entries_range(entry_count)]);
    let body_crc = checksum(&buf[HEADER_BYTES..]);
    let mut header = Vec::with_capacity(HEADER_BYTES);
    header.extend(MAGIC.to_be_bytes());
    header.extend(VERSION.to_be_bytes());
    header.extend((buf.len() as u32).to_be_bytes());
    header.extend(head.epoch.to_be_bytes());
    header.extend(head.seq.to_be_bytes());
    header.extend(head.stable_seq.to_be_bytes());
    header.extend((entry_count as u32).to_be_bytes());
    header.extend((inline_bytes as u32).to_be_bytes());
    header.extend(entries_crc.to_be_bytes());
    header.extend(body_crc.to_be_bytes());
    header.extend(checksum(&header).to_be_bytes());
    buf[..HEADER_BYTES].copy_from_slice(&header);
}

fn encode_entry(entry: &Entry) -> [u8; ENTRY_BYTES] {
    let mut out = [0; ENTRY_BYTES];
    out[0..16].copy_from_slice(&entry.key.topic.0);
    out[16..20].copy_from_slice(&entry.key.index.to_be_bytes());
    out[20..28].copy_from_slice(&entry.segment_base.0.to_be_bytes());
    out[28..36].copy_from_slice(&entry.position.0.to_be_bytes());
    out[36..40].copy_from_slice(&entry.len.to_be_bytes());
    out[40..48].copy_from_slice(&entry.next_offset.0.to_be_bytes());
    out[48..52].copy_from_slice(&entry.epoch.0.to_be_bytes());
    out[52..56].copy_from_slice(&entry.crc.to_be_bytes());
    out[56..60].copy_from_slice(&u32::from(entry.kind == Kind::Extent).to_be_bytes());
    out
}

/// The byte of the frame at which the payload of `entries[n]` begins; it must be inline.
///
/// # Panics
/// When there is no such entry, or it is an extent.
pub fn inline_at(entries: &[Entry], n: usize) -> usize {
    assert_eq!(entries[n].kind, Kind::Inline, "an extent is not in the frame");
    entries_range(entries.len()).end + inline_total(&entries[..n])
}

/// The header at the start of `bytes`, if it checks. Says nothing about what follows it.
pub fn decode_head(bytes: &[u8], seal: Seal) -> Option<HeadOnDisk> {
    head_at(bytes, seal).ok()
}

/// The frame at the start of `bytes`; more may follow.
pub fn decode(bytes: &[u8], seal: Seal) -> Result<Frame, FrameFault> {
    let on_disk = head_at(bytes, seal)?;
    let frame = bytes.get(..on_disk.total_bytes).ok_or(FrameFault::TooLong)?;
    let body_crc = seal.checksum(on_disk.head.epoch, &frame[HEADER_BYTES..]);
    if body_crc != u32_at(frame, HEADER_CRC_AT - 4) {
        return Err(FrameFault::BodyCrc);
    }
    decode_entries(frame, &on_disk)
}

/// The frame of the file's use `epoch` at the start of `bytes`.
pub fn decode_in(bytes: &[u8], seal: Seal, epoch: u32) -> Result<Frame, FrameFault> {
    match head_at(bytes, seal)?.head.epoch == epoch {
        true => decode(bytes, seal),
        false => Err(FrameFault::OtherEpoch),
    }
}

/// A frame whose body does not check while its entries do: what each should have held is known, and
/// each payload has a checksum of its own.
pub fn salvage(bytes: &[u8], seal: Seal) -> Option<Frame> {
    let on_disk = head_at(bytes, seal).ok()?;
    let frame = bytes.get(..on_disk.total_bytes)?;
    let entries = &frame[entries_range(on_disk.entry_count)];
    if seal.checksum(on_disk.head.epoch, entries) != u32_at(frame, ENTRIES_CRC_AT) {
        return None;
    }
    decode_entries(frame, &on_disk).ok()
}

fn head_at(bytes: &[u8], seal: Seal) -> Result<HeadOnDisk, FrameFault> {
    if bytes.len() < HEADER_BYTES {
        return Err(FrameFault::NotAFrame);
    }
    if u32_at(bytes, 0) != MAGIC {
        let block = &bytes[..bytes.len().min(BLOCK)];
        let zeros = block.iter().all(|&b| b == 0);
        return Err(if zeros { FrameFault::Nothing } else { FrameFault::NotAFrame });
    }
    let epoch = u32_at(bytes, 12);
    if seal.checksum(epoch, &bytes[..HEADER_CRC_AT]) != u32_at(bytes, HEADER_CRC_AT) {
        return Err(FrameFault::HeaderCrc);
    }
    let on_disk = HeadOnDisk {
        head: FrameHead { epoch, seq: u64_at(bytes, 16), stable_seq: u64_at(bytes, 24) },
        total_bytes: u32_at(bytes, 8) as usize,
        entry_count: u32_at(bytes, 32) as usize,
        inline_bytes: u32_at(bytes, 36) as usize,
    };
    let makes_sense = u32_at(bytes, 4) == VERSION
        && on_disk.head.stable_seq < on_disk.head.seq
        && on_disk.head.seq <= SEQ_MAX
        && on_disk.head.epoch < u32::MAX
        && on_disk.total_bytes == frame_bytes(on_disk.entry_count, on_disk.inline_bytes);
    if makes_sense { Ok(on_disk) } else { Err(FrameFault::NotAFrame) }
}

/// The entries of a frame whose header and entries check.
fn decode_entries(frame: &[u8], on_disk: &HeadOnDisk) -> Result<Frame, FrameFault> {
    let table = entries_range(on_disk.entry_count);
    let inline_end = table.end + on_disk.inline_bytes;
    let mut entries = Vec::with_capacity(on_disk.entry_count);
    let mut payloads = Vec::with_capacity(on_disk.entry_count);
    let mut at = table.end;
    for bytes in frame[table].chunks_exact(ENTRY_BYTES) {
        let entry = decode_entry(bytes).ok_or(FrameFault::BadEntry)?;
        let held = if entry.kind == Kind::Inline { entry.len as usize } else { 0 };
        if held > inline_end - at {
            return Err(FrameFault::BadEntry);
        }
        payloads.push(at..at + held);
        entries.push(entry);
        at += held;
    }
    if at != inline_end {
        return Err(FrameFault::BadEntry);
    }
    Ok(Frame { head: on_disk.head, entries, payloads, total_bytes: on_disk.total_bytes })
}

fn decode_entry(bytes: &[u8]) -> Option<Entry> {
    let entry = Entry {
        key: PartitionKey { topic: TopicId(id_at(bytes, 0)), index: u32_at(bytes, 16) as i32 },
        segment_base: Offset(u64_at(bytes, 20) as i64),
        position: Position(u64_at(bytes, 28)),
        len: u32_at(bytes, 36),
        next_offset: Offset(u64_at(bytes, 40) as i64),
        epoch: LeaderEpoch(u32_at(bytes, 48) as i32),
        crc: u32_at(bytes, 52),
        kind: match u32_at(bytes, 56) {
            0 => Kind::Inline,
            1 => Kind::Extent,
            _ => return None,
        },
    };
    let makes_sense = entry.key.index >= 0
        && entry.segment_base.0 >= 0
        && entry.next_offset >= entry.segment_base
        && entry.position.0 <= i64::MAX as u64 - u64::from(entry.len);
    makes_sense.then_some(entry)
}

fn entries_range(count: usize) -> Range<usize> {
    HEADER_BYTES..HEADER_BYTES + count * ENTRY_BYTES
}

fn inline_total(entries: &[Entry]) -> usize {
    let inline = entries.iter().filter(|entry| entry.kind == Kind::Inline);
    inline.map(|entry| entry.len as usize).sum()
}

#[cfg(test)]
#[path = "frame_tests.rs"]
pub(crate) mod tests;
