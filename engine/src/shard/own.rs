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

    /// From now on what is appended to this partition comes into the journal no later than what is appended to others
    /// after it.
    pub fn lead(&mut self, key: PartitionKey) {
        if let Some((_, found)) = self.find(key) {
            found.leads = true;
        }
    }

    /// Whether a power cut that leaves what is appended to `then` also leaves what was appended to `first` before: they
    /// share a journal. So nobody needs to wait in between for the first to be durable.
    pub fn keeps_order(&self, first: PartitionKey, then: PartitionKey) -> bool {
        let partition = |key| Some(&self.slots[*self.by_key.get(&key)? as usize]);
        let is_journaled = |one: &Partition| one.log.is_journaled();
        partition(first).is_some_and(|one| one.leads && is_journaled(one))
            && partition(then).is_some_and(is_journaled)
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
