//! Records without a key, which a compacted topic does not take: nothing could be said of them later, and the cleaner
//! would drop them. As Kafka, the whole batch is refused with INVALID_RECORD, and the first of them are named.
//!
//! The one place where a producer's records are unpacked before they are kept.

use headwater_protocol::batch::compression::records_of;
use headwater_protocol::batch::header::Batch;
use headwater_protocol::batch::record::records;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::produce::{BatchIndexError, ProducePartitionResponse};

use crate::broker::catalog::Topic;
use crate::log::record_set::RecordSet;

/// What a batch may unpack to, in bytes: what the cleaner will unpack.
const UNPACKED_BYTES_MAX: usize = 256 << 20;
/// Records that are named in the message, as in Kafka.
const NAMED_MAX: usize = 3;

/// Refuses a record set if the topic is compacted and a record has no key; whether it did.
pub(super) fn refuse(
    topic: &Topic,
    set: &RecordSet,
    response: &mut ProducePartitionResponse<'_>,
) -> bool {
    if !topic.config.cleanup_compact {
        return false;
    }
    let Some(keyless) = keyless(set) else {
        response.error_code = ErrorCode::CorruptMessage;
        response.error_message = Some("its records cannot be unpacked".into());
        return true;
    };
    if keyless.is_empty() {
        return false;
    }
    let why = format!(
        "a compacted topic takes no record without a key: {}-{}",
        topic.name, response.index
    );
    let named: Vec<String> = keyless.iter().take(NAMED_MAX).map(ToString::to_string).collect();
    let message = format!(
        "{} records have no key, which a compacted topic needs; the first are {}",
        keyless.len(),
        named.join(", ")
    );
    response.error_code = ErrorCode::InvalidRecord;
    response.error_message = Some(message.into());
    let error = |batch_index| BatchIndexError { batch_index, message: Some(why.clone().into()) };
    response.record_errors = keyless.into_iter().map(error).collect();
    true
}

/// Which records of a set have no key; `None` when they cannot be read.
pub fn keyless(set: &RecordSet) -> Option<Vec<i32>> {
    let (mut found, mut scratch) = (Vec::new(), Vec::new());
    for (header, bytes) in set.batches() {
        let batch = Batch { header: *header, bytes };
        let payload = records_of(&batch, UNPACKED_BYTES_MAX, &mut scratch).ok()?;
        for (record, index) in records(payload, header.record_count).zip(0..) {
            if record.ok()?.key.is_none() {
                found.push(index);
            }
        }
    }
    Some(found)
}
