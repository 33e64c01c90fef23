//! What one batch becomes in a cleaning: the same, less, nothing, or a header without records. The rules are those of
//! Kafka's `Cleaner`, for the one format that there is.
//!
//! | of a batch | goes when |
//! | --- | --- |
//! | a record | a later one in the mapped part of the log has its key; or it has no key |
//! | a tombstone | also when the batch's delete horizon has passed; the horizon is set by the first cleaning that keeps one |
//! | records of an aborted transaction | now |
//! | a marker | no batch of its transaction was met, and its horizon, set by the first cleaning that sees so, has passed |
//! | a batch without records | now, but for the last one of an active producer, which has its sequence number or epoch, and the last before the end of the cleaning, which says where offsets go on |
//!
//! Pure: a batch and what is known in, bytes out. Offsets never change.

use std::collections::HashMap;
use std::fmt;

use headwater_protocol::batch::compression::{DecompressError, records_of};
use headwater_protocol::batch::control::End;
use headwater_protocol::batch::header::{Batch, BatchHeader};
use headwater_protocol::batch::record::{Record, RecordError, records};
use headwater_protocol::batch::retained::{retain, retain_none};

use super::key_map::KeyMap;
use super::transactions::Transactions;
use crate::log::producers::LastBatch;
use crate::model::Offset;

/// A compressed batch may unpack to this and four times its size, in bytes.
const UNPACKED_BYTES_MAX: usize = 256 << 20;

/// What a cleaning goes by.
pub struct Rules {
    /// The wall clock when it began, in milliseconds.
    pub now_ms: i64,
    /// `delete.retention.ms`.
    pub delete_retention_ms: i64,
    /// The last offset of each key of the part of the log that was dirty.
    pub keys: KeyMap,
    /// Everything before it is in that map.
    pub mapped_upto: Offset,
    /// The end of what can be cleaned at all: the batch before it stays.
    pub cleanable_upto: Offset,
}

/// What a batch becomes.
#[derive(Debug, PartialEq, Eq)]
pub enum Cleaned {
    /// It goes.
    Gone,
    /// It stays as it is.
    Same,
    /// It is this one from now on.
    Less(Vec<u8>),
}

/// A batch after the cleaning, and how many of its records stay.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What it becomes.
    pub batch: Cleaned,
    /// Records that stay.
    pub kept: u64,
}

/// Why a batch whose checksum is right cannot be cleaned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unclean {
    /// Its records do not unpack.
    Packed(DecompressError),
    /// They are none.
    Record(RecordError),
}

/// Calls `visit` for every record of a batch.
///
/// # Errors
/// The first thing in it that is no record.
pub fn visit_records(
    batch: &Batch<'_>,
    mut visit: impl FnMut(Record<'_>) -> bool,
) -> Result<(), Unclean> {
    let mut scratch = Vec::new();
    let most = UNPACKED_BYTES_MAX + 4 * batch.bytes.len();
    let bytes = records_of(batch, most, &mut scratch).map_err(Unclean::Packed)?;
    for record in records(bytes, batch.header.record_count) {
        if !visit(record.map_err(Unclean::Record)?) {
            break;
        }
    }
    Ok(())
}

impl Rules {
    /// Cleans one batch; they come in log order.
    ///
    /// # Errors
    /// When what is in it cannot be read.
    pub fn clean(
        &self,
        batch: &Batch<'_>,
        transactions: &mut Transactions,
        last: &HashMap<i64, LastBatch>,
    ) -> Result<Outcome, Unclean> {
        let header = &batch.header;
        let is_control = header.attributes.is_control;
        let is_void = match is_control {
            true => transactions.marker(header, End::of(header, batch.bytes)),
            false => transactions.batch(header),
        };
        let goes = is_void && (!is_control || self.horizon_has_passed(header));
        let stays_empty =
            is_last_of_producer(header, last) || header.next_offset() == self.cleanable_upto.0;
        if goes {
            return Ok(none_left(header, stays_empty));
        }
        let mut scratch = Vec::new();
        let most = UNPACKED_BYTES_MAX + 4 * batch.bytes.len();
        let bytes = records_of(batch, most, &mut scratch).map_err(Unclean::Packed)?;
        let mut kept = Vec::new();
        for record in records(bytes, header.record_count) {
            let record = record.map_err(Unclean::Record)?;
            if is_control || self.stays(header, &record) {
                kept.push(record);
            }
        }
        if kept.is_empty() {
            return Ok(none_left(header, stays_empty));
        }
        let has_tombstones = kept.iter().any(|record| record.value.is_none());
        let begins_horizon = (has_tombstones || is_void) && horizon(header).is_none();
        let is_whole = kept.len() as u64 == u64::try_from(header.record_count).unwrap_or(0);
        let horizon = match begins_horizon {
            true => Some(self.now_ms.saturating_add(self.delete_retention_ms)),
            false => horizon(header),
        };
        let batch = match is_whole && !begins_horizon {
            true => Cleaned::Same,
            false => Cleaned::Less(retain(header, &kept, horizon)),
        };
        Ok(Outcome { batch, kept: kept.len() as u64 })
    }

    fn stays(&self, header: &BatchHeader, record: &Record<'_>) -> bool {
        let offset = Offset(header.base_offset + i64::from(record.offset_delta));
        if offset >= self.mapped_upto {
            return true;
        }
        let Some(key) = record.key else { return false };
        let is_last = self.keys.get(key).is_none_or(|last| offset >= last);
        is_last && (record.value.is_some() || !self.horizon_has_passed(header))
    }

    fn horizon_has_passed(&self, header: &BatchHeader) -> bool {
        horizon(header).is_some_and(|horizon| horizon <= self.now_ms)
    }
}

/// The time from which tombstones and markers of a batch may go, if a cleaning has set it.
fn horizon(header: &BatchHeader) -> Option<i64> {
    header.attributes.has_delete_horizon.then_some(header.base_timestamp)
}

fn none_left(header: &BatchHeader, stays_empty: bool) -> Outcome {
    let batch = match stays_empty {
        true if header.record_count == 0 => Cleaned::Same,
        true => Cleaned::Less(retain_none(header)),
        false => Cleaned::Gone,
    };
    Outcome { batch, kept: 0 }
}

/// Whether it has the last sequence number of an active producer; or, when the producer has done nothing since its
/// last transaction ended, the epoch that fences older ones.
fn is_last_of_producer(header: &BatchHeader, last: &HashMap<i64, LastBatch>) -> bool {
    let Some(last) = last.get(&header.producer_id).filter(|_| header.producer_id >= 0) else {
        return false;
    };
    match last.last_offset {
        Some(offset) => header.last_offset() == offset.0,
        None => header.attributes.is_control && header.producer_epoch == last.epoch,
    }
}

impl fmt::Display for Unclean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unclean::Packed(error) => error.fmt(f),
            Unclean::Record(error) => error.fmt(f),
        }
    }
}
