//! Producer ids: handed out from blocks whose end is durable, so that none is ever given twice.

use headwater_protocol::error_code::ErrorCode;
use serde_json::json;

use super::Work;
use super::command::Fault;
use crate::broker::meta_store::SwapError;

/// Producer ids are reserved in the store this many at a time.
const PRODUCER_ID_BLOCK: i64 = 1000;
const PRODUCER_IDS_KEY: &str = "producer-ids";

/// The producer ids after `first` that its block leaves to hand out.
pub fn producer_id_block(first: i64) -> std::ops::Range<i64> {
    first..first + PRODUCER_ID_BLOCK
}

impl Work {
    /// The first id of a block that nobody has.
    pub(super) fn producer_id(&mut self) -> Result<i64, Fault> {
        let record =
            self.store.get(PRODUCER_IDS_KEY).map(|(version, value)| (version, value.clone()));
        let (version, next) = match record {
            Some((version, value)) => (Some(version), value["next"].as_i64().unwrap_or(0)),
            None => (None, 0),
        };
        let block = json!({ "next": next + PRODUCER_ID_BLOCK });
        match self.store.swap(PRODUCER_IDS_KEY, version, Some(block)) {
            Ok(_) => Ok(next),
            Err(SwapError::Io(e)) => {
                Err(Fault::storage("the metadata store cannot be written", &e))
            }
            Err(SwapError::Conflict(_)) => {
                Err(Fault::new(ErrorCode::CoordinatorLoadInProgress, "try again"))
            }
        }
    }
}
