//! From a request to the group that it is about.

use headwater_protocol::error_code::ErrorCode;

use super::Groups;
use super::classic::Classic;
use super::group::Group;
use super::offsets::{commit, delete, fetch};
use super::rpc::classic::{Heartbeat, JoinGroup, Joined, LeaveGroup, Left, SyncGroup, Synced};
use super::rpc::offsets::{Committed, OffsetCommit, TxnOffsetCommit};
use super::rpc::{Answer, Request};
use super::turn::{Moment, Step, Then, Turn};

impl<W: Copy> Groups<W> {
    /// One request. What it changes in the records is in the turn's write.
    pub fn handle(&mut self, request: Request, waiter: W, at: Moment) -> Turn<W> {
        match request {
            Request::JoinGroup(request) => self.join(request, waiter, at),
            Request::SyncGroup(request) => self.sync(request, waiter, at),
            Request::Heartbeat(request) => self.heartbeat(&request, waiter, at),
            Request::LeaveGroup(request) => self.leave(request, waiter, at),
            Request::OffsetCommit(request) => self.commit(request, waiter, at),
            Request::TxnOffsetCommit(request) => self.commit_in_transaction(request, waiter, at),
            Request::OffsetFetch(request) => {
                let group = self.groups.get(&request.group_id);
                let fetched = fetch::fetch(group, &self.offsets, request);
                answered(waiter, Answer::OffsetFetch(fetched))
            }
            Request::OffsetDelete(request) => {
                let mut step = Step::new(&self.settings, &mut self.timers, at);
                let group = self.groups.get(&request.group_id);
                let known = (&self.offsets, &*self.topics);
                delete::delete(group, known, &mut step, request, waiter);
                step.finish()
            }
            Request::DescribeGroups(request) => {
                answered(waiter, Answer::DescribeGroups(self.describe(request.groups)))
            }
            Request::ListGroups(request) => {
                answered(waiter, Answer::ListGroups(self.list(&request)))
            }
            Request::DeleteGroups(request) => self.delete(request, waiter, at),
            Request::ConsumerGroupHeartbeat(request) => {
                self.consumer_heartbeat(request, waiter, at)
            }
            Request::ConsumerGroupDescribe(request) => {
                let described = self.describe_consumers(request.group_ids);
                answered(waiter, Answer::ConsumerGroupDescribe(described))
            }
        }
    }

    fn join(&mut self, request: JoinGroup, waiter: W, at: Moment) -> Turn<W> {
        let reject =
            |code| answered(waiter, Answer::JoinGroup(Joined::error(&request.member_id, code)));
        if request.group_id.is_empty() {
            return reject(ErrorCode::InvalidGroupId);
        }
        let allowed = self.settings.session_timeout_min_ms..=self.settings.session_timeout_max_ms;
        if !allowed.contains(&request.session_timeout_ms) {
            return reject(ErrorCode::InvalidSessionTimeout);
        }
        let id = &request.group_id;
        if let Some(Group::Consumer(consumer)) = self.groups.get(id) {
            if !consumer.members.is_empty() {
                return self.join_consumer_group(request, waiter, at);
            }
            let mut step = Step::new(&self.settings, &mut self.timers, at);
            step.entries = consumer.tombstones();
            step.then.push(Then::Join(Box::new(request), waiter));
            return step.finish();
        }
        if !self.groups.contains_key(id) {
            if !request.member_id.is_empty() {
                return reject(ErrorCode::UnknownMemberId);
            }
            if self.groups.len() >= self.settings.groups_max {
                return reject(ErrorCode::GroupMaxSizeReached);
            }
        }
        self.join_classic_group(request, waiter, at)
    }

    pub(super) fn join_classic_group(
        &mut self,
        request: JoinGroup,
        waiter: W,
        at: Moment,
    ) -> Turn<W> {
        let id = request.group_id.clone();
        let mut step = Step::new(&self.settings, &mut self.timers, at);
        let known = self.groups.entry(id.clone());
        let known = known.or_insert_with(|| Group::Classic(Classic::new(&id)));
        let Group::Classic(classic) = known else { unreachable!("consumer groups were seen to") };
        classic.join(&mut step, request, waiter);
        let turn = step.finish();
        self.drop_if_bare(&id, &turn);
        turn
    }

    /// Forgets a group that was made for a join that did not succeed, and that nobody has committed for; not
    /// while something is written about it.
    pub(super) fn drop_if_bare(&mut self, id: &str, turn: &Turn<W>) {
        if turn.write.is_some() {
            return;
        }
        let bare = match self.groups.get(id) {
            Some(Group::Classic(classic)) => classic.is_bare(),
            Some(Group::Consumer(_)) | None => false,
        };
        if bare && self.offsets.of(id).is_none() && self.offsets.pending_of(id).next().is_none() {
            self.groups.remove(id);
        }
    }

    fn sync(&mut self, request: SyncGroup, waiter: W, at: Moment) -> Turn<W> {
        let mut step = Step::new(&self.settings, &mut self.timers, at);
        match self.groups.get_mut(&request.group_id) {
            Some(Group::Classic(classic)) => classic.sync(&mut step, request, waiter),
            Some(Group::Consumer(consumer)) => {
                let synced = consumer.sync_classic(&mut step, &self.topics, &request);
                let synced = synced.unwrap_or_else(Synced::error);
                step.answer(waiter, Answer::SyncGroup(synced));
            }
            None => {
                let unknown = Synced::error(ErrorCode::UnknownMemberId);
                step.answer(waiter, Answer::SyncGroup(unknown));
            }
        }
        step.finish()
    }

    fn heartbeat(&mut self, request: &Heartbeat, waiter: W, at: Moment) -> Turn<W> {
        let mut step = Step::new(&self.settings, &mut self.timers, at);
        match self.groups.get_mut(&request.group_id) {
            Some(Group::Classic(classic)) => classic.heartbeat(&mut step, request, waiter),
            Some(Group::Consumer(consumer)) => {
                let code = consumer.heard_classic(&mut step, request).err();
                step.answer(waiter, Answer::Heartbeat(code.unwrap_or(ErrorCode::None)));
            }
            None => step.answer(waiter, Answer::Heartbeat(ErrorCode::UnknownMemberId)),
        }
        step.finish()
    }

    fn leave(&mut self, request: LeaveGroup, waiter: W, at: Moment) -> Turn<W> {
        let id = request.group_id.clone();
        let mut step = Step::new(&self.settings, &mut self.timers, at);
        match self.groups.get_mut(&id) {
            Some(Group::Classic(classic)) => classic.leave(&mut step, request, waiter),
            Some(Group::Consumer(consumer)) => {
                consumer.leave_classic(&mut step, &self.topics, request, waiter);
            }
            None => {
                let unknown = Left::error(ErrorCode::UnknownMemberId);
                step.answer(waiter, Answer::LeaveGroup(unknown));
            }
        }
        let turn = step.finish();
        self.drop_if_bare(&id, &turn);
        turn
    }

    fn commit(&mut self, request: OffsetCommit, waiter: W, at: Moment) -> Turn<W> {
        if !self.has_room(&request.group_id) {
            let full = Committed::error(&request.topics, ErrorCode::GroupMaxSizeReached);
            return answered(waiter, Answer::OffsetCommit(full));
        }
        let mut step = Step::new(&self.settings, &mut self.timers, at);
        let group = self.groups.get_mut(&request.group_id);
        commit::commit(group, &mut step, request, waiter);
        step.finish()
    }

    fn commit_in_transaction(
        &mut self,
        request: TxnOffsetCommit,
        waiter: W,
        at: Moment,
    ) -> Turn<W> {
        if !self.has_room(&request.group_id) {
            let full = Committed::error(&request.topics, ErrorCode::GroupMaxSizeReached);
            return answered(waiter, Answer::OffsetCommit(full));
        }
        let mut step = Step::new(&self.settings, &mut self.timers, at);
        let group = self.groups.get(&request.group_id);
        commit::commit_in_transaction(group, &mut step, request, waiter);
        step.finish()
    }

    pub(super) fn has_room(&self, group: &str) -> bool {
        self.groups.contains_key(group) || self.groups.len() < self.settings.groups_max
    }
}

/// Only an answer.
pub(super) fn answered<W>(waiter: W, answer: Answer) -> Turn<W> {
    Turn { answers: vec![(waiter, answer)], write: None }
}
