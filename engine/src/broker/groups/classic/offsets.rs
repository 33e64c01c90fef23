//! Which commits and deletions of offsets a classic group allows.

use headwater_protocol::error_code::ErrorCode;

use super::super::offsets::expiry::Since;
use super::{Classic, State};

impl<W: Copy> Classic<W> {
    /// A client outside of any group may commit while nobody is in this one; a member in its generation.
    pub(in crate::broker::groups) fn may_commit(
        &self,
        member: &str,
        instance: Option<&str>,
        generation: i32,
        in_transaction: bool,
    ) -> Result<(), ErrorCode> {
        if generation < 0 && self.state == State::Empty {
            return Ok(());
        }
        if generation >= 0 || !member.is_empty() || instance.is_some() {
            self.check_member(member, instance)?;
            if generation != self.generation {
                return Err(ErrorCode::IllegalGeneration);
            }
        } else if !in_transaction {
            return Err(ErrorCode::UnknownMemberId);
        }
        // The member knows of the new generation, but has not got its assignment.
        if !in_transaction && self.state == State::CompletingRebalance {
            return Err(ErrorCode::RebalanceInProgress);
        }
        Ok(())
    }

    /// While there are members, their topics must be known.
    pub(in crate::broker::groups) fn may_delete_offsets(&self) -> Result<(), ErrorCode> {
        let allowed = self.state == State::Empty || self.is_consumer();
        allowed.then_some(()).ok_or(ErrorCode::NonEmptyGroup)
    }

    /// Since when offsets count as unused.
    pub(in crate::broker::groups) fn retention_since(&self) -> Since {
        if self.protocol_type.is_none() {
            return Since::Commit;
        }
        match self.state {
            State::Empty => self.state_since_ms.map_or(Since::Commit, Since::Ms),
            State::Stable if self.subscribed_topics().is_some() => Since::Commit,
            _ => Since::Never,
        }
    }
}
