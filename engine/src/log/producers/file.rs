//! The snapshot file of producers: everything big-endian.
//!
//! ```text
//! magic "HWPS"     4
//! version          4   2
//! offset           8   producers as of this offset
//! producer count   4
//! crc              4   CRC32C of everything before it and of what follows
//! producers            id 8, epoch 2, coordinator epoch 4, last timestamp 8, idle since 8, first offset
//!                      of its open transaction 8 (-1: none); if there is one: base offset of the segment
//!                      8 and position 8 where that starts; batch count 2, then for each batch: first
//!                      sequence 4, last sequence 4, base offset 8, next offset 8, timestamp 8
//! aborted count    4
//! aborted              producer id 8, first offset 8, last offset 8, last stable offset 8: transactions
//!                      aborted in the segment that the offset ends, or is in
//! ```
//!
//! Version 1 is read: there a producer is id, epoch and batches, and nothing follows the producers.

use std::collections::VecDeque;

use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::transactions::{Open, Place};
use super::{Batch, NO_EPOCH, Producer, Producers, REMEMBERED};
use crate::log::aborted::Aborted;
use crate::model::{Offset, Position};

const MAGIC: i32 = i32::from_be_bytes(*b"HWPS");
const VERSION: i32 = 2;
/// Before transactions.
const VERSION_1: i32 = 1;
const CRC_AT: usize = 4 + 4 + 8 + 4;
const HEADER_BYTES: usize = CRC_AT + 4;
/// In place of a time or an offset that is not there.
const NONE: i64 = -1;

/// The bytes of a snapshot.
pub fn encode(producers: &Producers, offset: Offset) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(MAGIC.to_be_bytes());
    out.extend(VERSION.to_be_bytes());
    out.extend(offset.0.to_be_bytes());
    out.extend((producers.known.len() as u32).to_be_bytes());
    out.extend([0; 4]);
    for (id, producer) in &producers.known {
        out.extend(id.to_be_bytes());
        encode_producer(producer, &mut out);
    }
    out.extend((producers.aborted.len() as u32).to_be_bytes());
    for aborted in &producers.aborted {
        out.extend(aborted.producer_id.to_be_bytes());
        for offset in [aborted.first_offset, aborted.last_offset, aborted.last_stable_offset] {
            out.extend(offset.0.to_be_bytes());
        }
    }
    let crc = checksum(&out);
    out[CRC_AT..HEADER_BYTES].copy_from_slice(&crc.to_be_bytes());
    out
}

fn encode_producer(producer: &Producer, out: &mut Vec<u8>) {
    out.extend(producer.epoch.to_be_bytes());
    out.extend(producer.coordinator_epoch.to_be_bytes());
    out.extend(producer.last_timestamp_ms.to_be_bytes());
    out.extend(producer.idle_since_ms.unwrap_or(NONE).to_be_bytes());
    match producer.open {
        None => out.extend(NONE.to_be_bytes()),
        Some(Open { first_offset, place }) => {
            out.extend(first_offset.0.to_be_bytes());
            out.extend(place.segment.0.to_be_bytes());
            out.extend(place.position.0.to_be_bytes());
        }
    }
    out.extend((producer.batches.len() as u16).to_be_bytes());
    for batch in &producer.batches {
        out.extend(batch.first_sequence.to_be_bytes());
        out.extend(batch.last_sequence.to_be_bytes());
        out.extend(batch.base_offset.0.to_be_bytes());
        out.extend(batch.next_offset.0.to_be_bytes());
        out.extend(batch.timestamp_ms.to_be_bytes());
    }
}

/// The producers in `bytes`, if it is whole and for this very offset.
pub fn decode(bytes: &[u8], offset: Offset) -> Option<Producers> {
    if bytes.len() < HEADER_BYTES {
        return None;
    }
    let mut r = Reader::new(bytes, false);
    let belongs = r.i32().ok()? == MAGIC;
    let version = r.i32().ok().filter(|version| [VERSION_1, VERSION].contains(version))?;
    let belongs = belongs && r.i64().ok()? == offset.0;
    let count = r.i32().ok()?;
    let sound = r.i32().ok()? as u32 == checksum(bytes);
    if !belongs || !sound {
        return None;
    }
    let producers = decode_all(&mut r, version, count).ok()?;
    (r.remaining() == 0).then_some(producers)
}

fn decode_all(r: &mut Reader<'_>, version: i32, count: i32) -> Result<Producers, DecodeError> {
    let mut producers = Producers::default();
    for _ in 0..count {
        let id = r.i64()?;
        let producer = match version {
            VERSION_1 => decode_producer_1(r)?,
            _ => decode_producer(r)?,
        };
        producers.insert(id, producer);
    }
    if version == VERSION_1 {
        return Ok(producers);
    }
    for _ in 0..r.i32()? {
        producers.aborted.push(Aborted {
            producer_id: r.i64()?,
            first_offset: Offset(r.i64()?),
            last_offset: Offset(r.i64()?),
            last_stable_offset: Offset(r.i64()?),
        });
    }
    Ok(producers)
}

fn decode_producer_1(r: &mut Reader<'_>) -> Result<Producer, DecodeError> {
    let epoch = r.i16()?;
    let batches = decode_batches(r)?;
    let last_timestamp_ms = batches.back().map_or(NONE, |batch| batch.timestamp_ms);
    let coordinator_epoch = NO_EPOCH;
    Ok(Producer {
        epoch,
        coordinator_epoch,
        last_timestamp_ms,
        idle_since_ms: None,
        open: None,
        batches,
    })
}

fn decode_producer(r: &mut Reader<'_>) -> Result<Producer, DecodeError> {
    let (epoch, coordinator_epoch) = (r.i16()?, r.i32()?);
    let (last_timestamp_ms, idle_since_ms) = (r.i64()?, r.i64()?);
    let open = match r.i64()? {
        NONE => None,
        first_offset => Some(Open {
            first_offset: Offset(first_offset),
            place: Place { segment: Offset(r.i64()?), position: Position(r.i64()? as u64) },
        }),
    };
    Ok(Producer {
        epoch,
        coordinator_epoch,
        last_timestamp_ms,
        idle_since_ms: (idle_since_ms != NONE).then_some(idle_since_ms),
        open,
        batches: decode_batches(r)?,
    })
}

fn decode_batches(r: &mut Reader<'_>) -> Result<VecDeque<Batch>, DecodeError> {
    let count = r.i16()?;
    let mut batches = VecDeque::with_capacity(REMEMBERED);
    for _ in 0..count {
        batches.push_back(Batch {
            first_sequence: r.i32()?,
            last_sequence: r.i32()?,
            base_offset: Offset(r.i64()?),
            next_offset: Offset(r.i64()?),
            timestamp_ms: r.i64()?,
        });
    }
    Ok(batches)
}

fn checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&bytes[..CRC_AT]), &bytes[HEADER_BYTES..])
}
