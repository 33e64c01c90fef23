//! ConsumerGroupHeartbeat: join, stay, leave.

use headwater_protocol::error_code::ErrorCode;

use super::draft::Draft;
use super::{AWAY, Consumer, Member};
use crate::broker::groups::Groups;
use crate::broker::groups::dispatch::answered;
use crate::broker::groups::group::Group;
use crate::broker::groups::records::Entry;
use crate::broker::groups::records::assignment::{MemberState, OwnedPartitions, Partitions};
use crate::broker::groups::records::member::MemberMetadata;
use crate::broker::groups::rpc::Answer;
use crate::broker::groups::rpc::consumer::{ConsumerGroupHeartbeat, HeartbeatAnswer};
use crate::broker::groups::settings::Settings;
use crate::broker::groups::topics::Topics;
use crate::broker::groups::turn::{Moment, Step, Then, Turn};
use crate::broker::pattern;

/// An error and what to say about it.
type Refusal = (ErrorCode, &'static str);

/// The epoch of a member that leaves for good.
const LEAVE: i32 = -1;

impl<W: Copy> Groups<W> {
    pub(in crate::broker::groups) fn consumer_heartbeat(
        &mut self,
        request: ConsumerGroupHeartbeat,
        waiter: W,
        at: Moment,
    ) -> Turn<W> {
        let result = check(&request, &self.settings).and_then(|()| match request.member_epoch {
            LEAVE | AWAY => self.leave_consumer_group(&request, waiter, at),
            _ => self.stay_in_consumer_group(request, waiter, at),
        });
        result.unwrap_or_else(|(code, why)| {
            let refused = HeartbeatAnswer::error(code, Some(why));
            answered(waiter, Answer::ConsumerGroupHeartbeat(refused))
        })
    }

    fn stay_in_consumer_group(
        &mut self,
        mut request: ConsumerGroupHeartbeat,
        waiter: W,
        at: Moment,
    ) -> Result<Turn<W>, Refusal> {
        if request.member_id.is_empty() {
            request.member_id = at.fresh_id.to_string();
        }
        let id = request.group_id.clone();
        let joins = request.member_epoch == 0;
        if joins && !self.has_room(&id) {
            return Err((ErrorCode::GroupMaxSizeReached, "There is no room for another group."));
        }
        let mut step = Step::new(&self.settings, &mut self.timers, at);
        let (settings, topics, unix_ms) = (&self.settings, &*self.topics, at.unix_ms);
        let start = |group, entries| Draft { group, entries, settings, topics, unix_ms };
        let mut draft = match self.groups.get(&id) {
            Some(Group::Consumer(consumer)) => {
                if let Some(answer) = consumer.unchanged(&request, settings, topics) {
                    consumer.heard(&mut step, &request.member_id);
                    step.answer(waiter, Answer::ConsumerGroupHeartbeat(answer));
                    return Ok(step.finish());
                }
                start(consumer.clone(), Vec::new())
            }
            Some(Group::Classic(classic)) if joins => {
                let (group, entries) = Consumer::upgraded(classic, settings, topics)?;
                start(group, entries)
            }
            None if joins => start(Consumer::new(&id), Vec::new()),
            _ => return Err((ErrorCode::GroupIdNotFound, "There is no such consumer group.")),
        };
        let answer = draft.beat(&request)?;
        let entries = draft.entries;
        let mut heard = vec![request.member_id];
        if let Some(Group::Classic(classic)) = self.groups.get_mut(&id) {
            classic.release(&mut step);
            heard.extend(classic.member_ids());
        }
        let moves =
            |entry: &Entry| matches!(entry, Entry::Current { member, .. } if *member == heard[0]);
        if let Some(Group::Consumer(consumer)) = self.groups.get(&id) {
            if entries.iter().any(moves) {
                // With a new assignment the time to give back begins anew.
                step.timers.cancel(&consumer.revoke(&heard[0]));
            }
            if entries.is_empty() {
                consumer.heard(&mut step, &heard[0]);
            }
        }
        if !entries.is_empty() {
            let then = |member| Then::Heard { group: id.clone(), member };
            step.then.extend(heard.into_iter().map(then));
        }
        step.entries = entries;
        step.answer_after(waiter, Answer::ConsumerGroupHeartbeat(answer));
        Ok(step.finish())
    }

    fn leave_consumer_group(
        &mut self,
        request: &ConsumerGroupHeartbeat,
        waiter: W,
        at: Moment,
    ) -> Result<Turn<W>, Refusal> {
        let Some(Group::Consumer(consumer)) = self.groups.get(&request.group_id) else {
            return Err((ErrorCode::GroupIdNotFound, "There is no such consumer group."));
        };
        let mut id = request.member_id.clone();
        if let Some(instance) = &request.instance_id {
            id = consumer.check_static(instance, &id)?;
        }
        let member = consumer.members.get(&id).ok_or(UNKNOWN)?;
        let mut step = Step::new(&self.settings, &mut self.timers, at);
        if request.member_epoch == AWAY {
            let mut current = member.current.clone();
            (current.epoch, current.state) = (AWAY, MemberState::Stable);
            current.revoking.clear();
            let mut draft = consumer.draft(&step, &self.topics);
            draft.write_current(&id, Some(current));
            step.entries = draft.entries;
        } else {
            consumer.remove_members(&mut step, &self.topics, std::slice::from_ref(&id));
        }
        let answer = HeartbeatAnswer {
            member_id: Some(id),
            member_epoch: request.member_epoch,
            ..HeartbeatAnswer::error(ErrorCode::None, None)
        };
        step.answer_after(waiter, Answer::ConsumerGroupHeartbeat(answer));
        Ok(step.finish())
    }
}

const UNKNOWN: Refusal = (ErrorCode::UnknownMemberId, "The member is not known.");

/// What no member may send.
fn check(request: &ConsumerGroupHeartbeat, settings: &Settings) -> Result<(), Refusal> {
    let invalid =
        |wrong: bool, why| if wrong { Err((ErrorCode::InvalidRequest, why)) } else { Ok(()) };
    let empty = |text: &Option<String>| text.as_ref().is_some_and(String::is_empty);
    let joins = request.member_epoch == 0;
    invalid(request.group_id.is_empty(), "GroupId can't be empty.")?;
    invalid(empty(&request.instance_id), "InstanceId can't be empty.")?;
    invalid(empty(&request.rack_id), "RackId can't be empty.")?;
    invalid(request.member_epoch < AWAY, "MemberEpoch is invalid.")?;
    let needs_id = !joins || request.requires_member_id;
    invalid(needs_id && request.member_id.is_empty(), "MemberId can't be empty.")?;
    let away = request.member_epoch == AWAY;
    invalid(away && request.instance_id.is_none(), "InstanceId can't be null.")?;
    if joins {
        let rebalance = request.rebalance_timeout_ms == -1;
        invalid(rebalance, "RebalanceTimeoutMs must be provided in first request.")?;
        let has_none = request.topic_partitions.as_ref().is_some_and(Partitions::is_empty);
        invalid(!has_none, "TopicPartitions must be empty when (re-)joining.")?;
        let subscribed =
            request.subscribed_topic_names.is_some() || request.subscribed_topic_regex.is_some();
        invalid(
            !subscribed,
            "Either SubscribedTopicNames or SubscribedTopicRegex must be set when (re-)joining.",
        )?;
    }
    let regex = request.subscribed_topic_regex.as_deref().filter(|regex| !regex.is_empty());
    if regex.is_some_and(|regex| pattern::whole(regex).is_err()) {
        let why = "SubscribedTopicRegex is not a valid regular expression.";
        return Err((ErrorCode::InvalidRegularExpression, why));
    }
    let known = |name: &String| settings.consumer_assignors.iter().any(|a| a.name() == name);
    match &request.server_assignor {
        Some(name) if !known(name) => {
            Err((ErrorCode::UnsupportedAssignor, "The server assignor is not supported."))
        }
        _ => Ok(()),
    }
}

impl Consumer {
    pub(super) fn draft<'a, W>(&self, step: &Step<'a, W>, topics: &'a Topics) -> Draft<'a> {
        let (group, unix_ms) = (self.clone(), step.at.unix_ms);
        Draft { group, entries: Vec::new(), settings: step.settings, topics, unix_ms }
    }

    /// The answer to a heartbeat that says nothing new to a group in which nothing is new.
    fn unchanged(
        &self,
        request: &ConsumerGroupHeartbeat,
        settings: &Settings,
        topics: &Topics,
    ) -> Option<HeartbeatAnswer> {
        let member = self.members.get(&request.member_id)?;
        let says_nothing = request.rebalance_timeout_ms == -1
            && request.subscribed_topic_names.is_none()
            && request.subscribed_topic_regex.is_none()
            && request.server_assignor.is_none()
            && request.rack_id.is_none();
        let still = member.current.state == MemberState::Stable
            && member.current.epoch == request.member_epoch
            && member.current.epoch == self.target_epoch.epoch
            && self.target_epoch.epoch == self.epoch.epoch;
        let same_client = member.metadata.client_id == request.client.id
            && member.metadata.client_host == request.client.host
            && member.metadata.instance_id == request.instance_id
            && !member.is_classic();
        let nothing_new = says_nothing && still && same_client;
        let nothing_new = nothing_new && self.metadata_hash(topics) == self.epoch.metadata_hash;
        nothing_new.then(|| answer(&request.member_id, member, settings, false))
    }

    /// A static member under its newest id; that id.
    pub(super) fn check_static(&self, instance: &str, id: &str) -> Result<String, Refusal> {
        match self.static_member(instance) {
            None => Err((ErrorCode::UnknownMemberId, "The instance id is not known.")),
            Some(known) if known != id => {
                Err((ErrorCode::FencedInstanceId, "Another member has taken this instance id."))
            }
            Some(known) => Ok(known.to_owned()),
        }
    }
}

impl Draft<'_> {
    /// A member joins or stays: who it is, what the group becomes, and how far the member gets.
    fn beat(&mut self, request: &ConsumerGroupHeartbeat) -> Result<HeartbeatAnswer, Refusal> {
        let id = &request.member_id;
        let is_new = self.admit(request)?;
        let before = self.group.members.get(id).cloned().unwrap_or_default();
        let updated = updated(&before.metadata, request);
        let changed = updated != before.metadata || is_new;
        let resubscribed =
            (&updated.topics, &updated.regex) != (&before.metadata.topics, &before.metadata.regex);
        if changed {
            self.write_member(id, Some(updated));
        }
        self.bump(is_new || resubscribed);
        self.retarget();
        let fenced = |code| (code, "The member must abandon all its partitions and rejoin.");
        self.reconcile(id, request.topic_partitions.as_ref()).map_err(fenced)?;
        let member = &self.group.members[id];
        let whole = request.rebalance_timeout_ms != -1
            && (request.subscribed_topic_names.is_some()
                || request.subscribed_topic_regex.is_some())
            && request.topic_partitions.is_some();
        let tell = request.member_epoch == 0
            || whole
            || partitions(&before.current.assigned) != partitions(&member.current.assigned);
        Ok(answer(id, member, self.settings, tell))
    }

    /// Whether this may be a member; true for a new one.
    fn admit(&mut self, request: &ConsumerGroupHeartbeat) -> Result<bool, Refusal> {
        let (id, joins) = (&request.member_id, request.member_epoch == 0);
        let known = self.group.members.contains_key(id);
        let returns = request.instance_id.as_deref().and_then(|i| self.group.static_member(i));
        let returns = returns.map(str::to_owned);
        if !known
            && returns.is_none()
            && self.group.members.len() >= self.settings.consumer_members_max
        {
            return Err((
                ErrorCode::GroupMaxSizeReached,
                "The consumer group has reached its maximum capacity.",
            ));
        }
        match (&request.instance_id, returns) {
            (Some(_), Some(old)) if joins => {
                let former = &self.group.members[&old];
                if former.current.epoch != AWAY && !former.is_classic() {
                    let why = "The instance id is owned by a member that has not left.";
                    return Err((ErrorCode::UnreleasedInstanceId, why));
                }
                self.replace(&old, id, 0);
                Ok(false)
            }
            (Some(instance), _) if !joins => {
                self.group.check_static(instance, id)?;
                self.group.members[id].check(request)?;
                Ok(false)
            }
            _ if known => {
                let member = &self.group.members[id];
                // A classic member that has been upgraded joins with the consumer protocol.
                if !(joins && member.is_classic()) {
                    member.check(request)?;
                }
                Ok(false)
            }
            _ if joins => Ok(true),
            _ => Err(UNKNOWN),
        }
    }
}

impl Member {
    /// The epoch that it was told last; or the one before with nothing that it may not have, for the answer
    /// may have been lost.
    fn check(&self, request: &ConsumerGroupHeartbeat) -> Result<(), Refusal> {
        let current = &self.current;
        let epoch = request.member_epoch;
        let subset = |owned: &Partitions| {
            let mut all = owned.iter().flat_map(|(t, ps)| ps.iter().map(move |p| (t, p)));
            all.all(|(topic, p)| current.assigned.get(topic).is_some_and(|own| own.contains_key(p)))
        };
        let lost = epoch == current.previous_epoch
            && epoch < current.epoch
            && request.topic_partitions.as_ref().is_some_and(subset);
        match epoch == current.epoch || lost {
            true => Ok(()),
            false => {
                let why = "The member epoch is not the current one. The member must abandon all its partitions and rejoin.";
                Err((ErrorCode::FencedMemberEpoch, why))
            }
        }
    }
}

/// The member's words with what is new.
fn updated(before: &MemberMetadata, request: &ConsumerGroupHeartbeat) -> MemberMetadata {
    let mut now = before.clone();
    now.instance_id = request.instance_id.clone().or(now.instance_id);
    now.rack_id = request.rack_id.clone().or(now.rack_id);
    now.server_assignor = request.server_assignor.clone().or(now.server_assignor);
    if request.rebalance_timeout_ms != -1 {
        now.rebalance_timeout_ms = request.rebalance_timeout_ms;
    }
    if let Some(topics) = &request.subscribed_topic_names {
        now.topics.clone_from(topics);
        now.topics.sort_unstable();
        now.topics.dedup();
    }
    if let Some(regex) = &request.subscribed_topic_regex {
        now.regex = Some(regex.clone()).filter(|regex| !regex.is_empty());
    }
    now.client_id.clone_from(&request.client.id);
    now.client_host.clone_from(&request.client.host);
    now.classic = None;
    now
}

fn answer(id: &str, member: &Member, settings: &Settings, tell: bool) -> HeartbeatAnswer {
    HeartbeatAnswer {
        member_id: Some(id.to_owned()),
        member_epoch: member.current.epoch,
        heartbeat_interval_ms: settings.consumer_heartbeat_interval_ms,
        assignment: tell.then(|| partitions(&member.current.assigned)),
        ..HeartbeatAnswer::error(ErrorCode::None, None)
    }
}

fn partitions(owned: &OwnedPartitions) -> Partitions {
    owned.iter().map(|(topic, all)| (*topic, all.keys().copied().collect())).collect()
}
