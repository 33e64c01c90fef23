//! What is inside a batch: that it unpacks, and holds the records that its header promises.

use crate::cli::dump::UNPACKED_BYTES_MAX;
use crate::model::Position;
use crate::segment::newest::Newest;
use headwater_io::file::{File, Fs};
use headwater_protocol::batch::compression::records_of;
use headwater_protocol::batch::header::{Batch, BatchHeader};
use headwater_protocol::batch::record::records;

/// Reads every record of a batch whose checksum is right.
pub(super) fn check_records(
    fs: &Fs,
    file: &File,
    newest: &Newest,
    position: Position,
    header: &BatchHeader,
) -> Result<(), String> {
    let mut bytes = vec![0; header.total_bytes()];
    newest.read_at(fs, file, position.0, &mut bytes).map_err(|e| e.to_string())?;
    let batch = Batch { header: *header, bytes: &bytes };
    let mut scratch = Vec::new();
    let unpacked =
        records_of(&batch, UNPACKED_BYTES_MAX, &mut scratch).map_err(|e| e.to_string())?;
    let mut last_delta = -1;
    let mut count = 0;
    for record in records(unpacked, header.record_count) {
        let delta = record.map_err(|e| e.to_string())?.offset_delta;
        if delta <= last_delta || delta > header.last_offset_delta {
            return Err(format!("record {count} has offset delta {delta} after {last_delta}"));
        }
        last_delta = delta;
        count += 1;
    }
    match count == header.record_count {
        true => Ok(()),
        false => Err(format!("{count} records, and the header says {}", header.record_count)),
    }
}
