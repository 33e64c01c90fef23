//! Reading an internal partition back: from its start to its end, batch by batch.
//!
//! What is in memory is replayed at once; what is in a file is read by a job, so that the shard's thread
//! does not wait for the disk.

use headwater_protocol::batch::compression::{Compression, decompress};
use headwater_protocol::batch::control::Marker;
use headwater_protocol::batch::header::{self, BatchHeader, HEADER_BYTES};
use headwater_protocol::batch::record;

use super::machine::Machine;
use crate::broker::groups::turn::Producer;
use crate::model::Offset;

/// Read at once, in bytes.
pub const READ_BYTES: u64 = 1 << 20;
/// What one batch may hold when it is decompressed, in bytes.
const BATCH_BYTES_MAX: usize = 256 << 20;

/// What is read back.
pub enum Replayed<'a> {
    /// A record.
    Record {
        /// Where it is.
        offset: Offset,
        /// Of its batch, if that belongs to a transaction.
        producer: Option<Producer>,
        /// Its key.
        key: &'a [u8],
        /// Its value; none for a tombstone.
        value: Option<&'a [u8]>,
    },
    /// The end of a transaction.
    Marker(Producer, Marker),
}

/// Replays the whole batches in `bytes`; the offset after them.
///
/// # Errors
/// What is wrong, and where.
pub fn replay(machine: &mut Machine, bytes: &[u8], from: Offset) -> Result<Offset, String> {
    let mut next = from;
    for batch in header::batches(bytes) {
        // The last one may be cut: it is read again.
        let Ok(batch) = batch else { break };
        let header = header::check(batch.bytes)
            .map_err(|error| format!("the batch at offset {next}: {error}"))?;
        replay_batch(machine, &header, &batch.bytes[HEADER_BYTES..])
            .map_err(|error| format!("the batch at offset {}: {error}", header.base_offset))?;
        next = Offset(header.next_offset());
    }
    Ok(next)
}

fn replay_batch(machine: &mut Machine, header: &BatchHeader, body: &[u8]) -> Result<(), String> {
    let attributes = header.attributes;
    let mut plain = Vec::new();
    let body = match attributes.compression {
        Compression::None => body,
        compression => {
            let done = decompress(compression, body, BATCH_BYTES_MAX, &mut plain);
            done.map_err(|error| error.to_string())?;
            &plain
        }
    };
    let producer = Producer { id: header.producer_id, epoch: header.producer_epoch };
    for record in record::records(body, header.record_count) {
        let record = record.map_err(|error| error.to_string())?;
        let key = record.key.unwrap_or_default();
        let replayed = match (attributes.is_control, Marker::from_key(key)) {
            (true, Some(marker)) => Replayed::Marker(producer, marker),
            (true, None) => continue,
            (false, _) => Replayed::Record {
                offset: Offset(header.base_offset + i64::from(record.offset_delta)),
                producer: attributes.is_transactional.then_some(producer),
                key,
                value: record.value,
            },
        };
        machine.replay(&replayed)?;
    }
    Ok(())
}
