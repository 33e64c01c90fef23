//! Which commits and fetches of offsets a consumer group allows.

use headwater_protocol::error_code::ErrorCode;

use super::{Consumer, Member};
use crate::broker::groups::rpc::offsets::CommitTopic;

impl Consumer {
    /// A member with its epoch, or with an older one for what it has had since then; others while nobody is
    /// in the group.
    pub(in crate::broker::groups) fn may_commit(
        &self,
        member: &str,
        epoch: i32,
        topics: &[CommitTopic],
        knows_member_epochs: bool,
    ) -> Result<(), ErrorCode> {
        if epoch < 0 && self.members.is_empty() {
            return Ok(());
        }
        let member = self.members.get(member).ok_or(ErrorCode::UnknownMemberId)?;
        if !member.is_classic() && !knows_member_epochs {
            return Err(ErrorCode::UnsupportedVersion);
        }
        member.check_epoch(epoch, topics)
    }

    /// The same for a transaction, where a client may also say nothing about itself.
    pub(in crate::broker::groups) fn may_commit_in_transaction(
        &self,
        member: &str,
        epoch: i32,
        topics: &[CommitTopic],
    ) -> Result<(), ErrorCode> {
        if epoch < 0 && (member.is_empty() || self.members.is_empty()) {
            return Ok(());
        }
        let member = self.members.get(member).ok_or(ErrorCode::UnknownMemberId)?;
        // The older protocol of transactions has no word for a stale epoch.
        member.check_epoch(epoch, topics).map_err(|_| ErrorCode::IllegalGeneration)
    }

    /// A member with its epoch, or somebody who does not say who it is.
    pub(in crate::broker::groups) fn may_fetch(
        &self,
        member: Option<&str>,
        epoch: i32,
    ) -> Result<(), ErrorCode> {
        let Some(id) = member.filter(|id| !id.is_empty() || epoch >= 0) else { return Ok(()) };
        let member = self.members.get(id).ok_or(ErrorCode::UnknownMemberId)?;
        match member.current.epoch == epoch {
            true => Ok(()),
            false if member.is_classic() => Err(ErrorCode::IllegalGeneration),
            false => Err(ErrorCode::StaleMemberEpoch),
        }
    }
}

impl Member {
    fn check_epoch(&self, epoch: i32, topics: &[CommitTopic]) -> Result<(), ErrorCode> {
        if epoch == self.current.epoch {
            return Ok(());
        }
        if self.is_classic() {
            return Err(ErrorCode::IllegalGeneration);
        }
        let has_had = |topic: &CommitTopic| {
            topic.partitions.iter().all(|partition| {
                let index = partition.partition_index;
                let owned = [&self.current.assigned, &self.current.revoking];
                let since = owned.iter().find_map(|all| all.get(&topic.topic_id)?.get(&index));
                since.is_some_and(|since| *since <= epoch)
            })
        };
        let late = (0..self.current.epoch).contains(&epoch) && topics.iter().all(has_had);
        late.then_some(()).ok_or(ErrorCode::StaleMemberEpoch)
    }
}
