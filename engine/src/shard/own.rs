//! What the broker itself appends: at once or not at all, so that whoever decided it can go on from it.

use super::Shard;
use super::letters::{Refusal, ReplyTo};
use super::partition::Partition;
use super::serve::Moment;
use crate::log::append::{AppendError, AppendTime};
use crate::log::record_set::RecordSet;
use crate::model::{Offset, PartitionKey};

impl Shard {
    /// Appends; `reply_to` hears when it is durable. `None` when there is no room or memory yet, and nothing
    /// has happened: the same will succeed later.
    pub fn append_own(
        &mut self,
        key: PartitionKey,
        set: &RecordSet,
        at: Moment,
        reply_to: ReplyTo,
    ) -> Option<Result<Offset, Refusal>> {
        let Some((slot, found)) = self.find(key) else { return Some(Err(Refusal::Unknown)) };
        let result = found.append_own(set, at, reply_to);
        self.mark_dirty(slot);
        result
    }
}

impl Partition {
    fn append_own(
        &mut self,
        set: &RecordSet,
        at: Moment,
        reply_to: ReplyTo,
    ) -> Option<Result<Offset, Refusal>> {
        if self.is_backed_up() {
            return None;
        }
        let time = AppendTime { now: at.now, log_append_time_ms: None };
        match self.log.append(set, time, true) {
            Ok(appended) => {
                self.count_append(set, &appended);
                self.await_durable(appended, reply_to);
                Some(Ok(appended.base_offset))
            }
            Err(AppendError::NotYet) => None,
            Err(error) => Some(Err(Refusal::Append(error))),
        }
    }
}
