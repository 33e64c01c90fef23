//! Members that still speak the classic protocol in a group that has become a consumer group.
//!
//! Their generation is their member epoch; nobody leads. A change in the group is a REBALANCE_IN_PROGRESS to
//! them: they give up what they must, join again, and get by SyncGroup what the broker has assigned.

use headwater_protocol::error_code::ErrorCode;

use super::draft::Draft;
use super::{Consumer, Member};
use crate::broker::groups::Groups;
use crate::broker::groups::classic::CONSUMER;
use crate::broker::groups::classic::subscription::{Subscription, encode_assignment};
use crate::broker::groups::dispatch::answered;
use crate::broker::groups::group::Group;
use crate::broker::groups::records::assignment::{MemberState, Partitions};
use crate::broker::groups::records::member::ClassicMember;
use crate::broker::groups::rpc::Answer;
use crate::broker::groups::rpc::classic::{
    Heartbeat, JoinGroup, Joined, LeaveGroup, Left, MemberIdentity, SyncGroup, Synced,
};
use crate::broker::groups::topics::Topics;
use crate::broker::groups::turn::{Moment, Step, Then, Turn};

impl<W: Copy> Groups<W> {
    /// JoinGroup to a consumer group that has members.
    pub(in crate::broker::groups) fn join_consumer_group(
        &mut self,
        mut request: JoinGroup,
        waiter: W,
        at: Moment,
    ) -> Turn<W> {
        let Some(Group::Consumer(consumer)) = self.groups.get(&request.group_id) else {
            unreachable!("asked for a consumer group")
        };
        let is_unknown = request.member_id.is_empty();
        if is_unknown {
            request.member_id = at.fresh_id.to_string();
        }
        let reject = |id: &str, code| answered(waiter, Answer::JoinGroup(Joined::error(id, code)));
        if is_unknown && request.requires_known_member_id && request.group_instance_id.is_none() {
            return reject(&request.member_id, ErrorCode::MemberIdRequired);
        }
        let mut step = Step::new(&self.settings, &mut self.timers, at);
        let mut draft = consumer.draft(&step, &self.topics);
        match draft.join_classic(&request, is_unknown) {
            Err(code) => reject(&request.member_id, code),
            Ok(joined) => {
                let (group, member) = (request.group_id, request.member_id);
                step.entries = draft.entries;
                step.timers.cancel(&consumer.rejoin(&member));
                step.set(consumer.resync(&member), request.rebalance_timeout_ms);
                if step.entries.is_empty() {
                    consumer.heard(&mut step, &member);
                } else {
                    step.then.push(Then::Heard { group, member });
                }
                step.answer_after(waiter, Answer::JoinGroup(joined));
                step.finish()
            }
        }
    }
}

impl Draft<'_> {
    fn join_classic(&mut self, request: &JoinGroup, is_unknown: bool) -> Result<Joined, ErrorCode> {
        let id = &request.member_id;
        let protocols = request.protocols.iter().map(|p| (p.name.clone(), p.metadata.clone()));
        let protocols: Vec<_> = protocols.collect();
        if !self.group.supports(&request.protocol_type, &protocols) {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        let metadata = &protocols.first().ok_or(ErrorCode::InconsistentGroupProtocol)?.1;
        let subscription =
            Subscription::decode(metadata).map_err(|_| ErrorCode::InconsistentGroupProtocol)?;
        let is_new = self.admit_classic(id, request.group_instance_id.as_deref(), is_unknown)?;
        let before = self.group.members.get(id).cloned().unwrap_or_default();
        let mut now = before.metadata.clone();
        now.instance_id = request.group_instance_id.clone().or(now.instance_id);
        now.rack_id = subscription.rack.or(now.rack_id);
        now.rebalance_timeout_ms = request.rebalance_timeout_ms;
        now.client_id.clone_from(&request.client.id);
        now.client_host.clone_from(&request.client.host);
        now.topics = subscription.topics;
        now.topics.sort_unstable();
        now.topics.dedup();
        now.regex = None;
        let name = protocols[0].0.clone();
        let session_timeout_ms = request.session_timeout_ms;
        now.classic = Some(ClassicMember { session_timeout_ms, protocols });
        let resubscribed =
            (&now.topics, &now.regex) != (&before.metadata.topics, &before.metadata.regex);
        if now != before.metadata || is_new {
            self.write_member(id, Some(now));
        }
        self.bump(is_new || resubscribed);
        self.retarget();
        let mut owned = Partitions::new();
        for (topic, partitions) in subscription.owned {
            if let Some(topic) = self.topics.by_name(&topic).filter(|_| !partitions.is_empty()) {
                owned.entry(topic.id).or_default().extend(partitions);
            }
        }
        self.reconcile(id, Some(&owned))?;
        Ok(Joined {
            generation_id: self.group.members[id].current.epoch,
            protocol_type: Some(CONSUMER.to_owned()),
            protocol_name: Some(name),
            ..Joined::error(id, ErrorCode::None)
        })
    }

    fn admit_classic(
        &mut self,
        id: &str,
        instance: Option<&str>,
        is_unknown: bool,
    ) -> Result<bool, ErrorCode> {
        let known = self.group.members.contains_key(id);
        let former = instance.and_then(|instance| self.group.static_member(instance));
        let former = former.map(str::to_owned);
        if let (Some(instance), false) = (instance, is_unknown) {
            self.group.check_static(instance, id).map_err(|(code, _)| code)?;
        }
        let full = self.group.members.len() >= self.settings.consumer_members_max;
        match former {
            Some(former) if is_unknown => {
                self.replace(&former, id, 0);
                Ok(false)
            }
            None if !known && full => Err(ErrorCode::GroupMaxSizeReached),
            _ => Ok(!known),
        }
    }
}

impl Consumer {
    /// Whether a classic member with these protocols can be in the group.
    fn supports(&self, protocol_type: &str, protocols: &[(String, bytes::Bytes)]) -> bool {
        let classics = self.members.values().filter_map(|member| member.metadata.classic.as_ref());
        let knows = |classic: &ClassicMember, name: &String| {
            classic.protocols.iter().any(|(known, _)| known == name)
        };
        let classics: Vec<_> = classics.collect();
        let mut names = protocols.iter().map(|(name, _)| name);
        protocol_type == CONSUMER
            && names.any(|name| classics.iter().all(|classic| knows(classic, name)))
    }

    /// A member of the classic protocol in its generation.
    fn classic_member(&self, id: &str, instance: Option<&str>) -> Result<&Member, ErrorCode> {
        if let Some(instance) = instance {
            self.check_static(instance, id).map_err(|(code, _)| code)?;
        }
        let member = self.members.get(id).filter(|member| member.is_classic());
        member.ok_or(ErrorCode::UnknownMemberId)
    }

    /// SyncGroup.
    pub(in crate::broker::groups) fn sync_classic<W>(
        &self,
        step: &mut Step<'_, W>,
        topics: &Topics,
        request: &SyncGroup,
    ) -> Result<Synced, ErrorCode> {
        let id = &request.member_id;
        let member = self.classic_member(id, request.group_instance_id.as_deref())?;
        if request.generation_id != member.current.epoch {
            return Err(ErrorCode::IllegalGeneration);
        }
        let classic = member.metadata.classic.as_ref().expect("a classic member");
        let (name, metadata) = classic.protocols.first().ok_or(ErrorCode::UnknownServerError)?;
        let other =
            |asked: &Option<String>, own: &str| asked.as_ref().is_some_and(|asked| asked != own);
        if other(&request.protocol_type, CONSUMER) || other(&request.protocol_name, name) {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        let revoking = member.current.state == MemberState::UnrevokedPartitions;
        if self.epoch.epoch > member.current.epoch && !revoking {
            self.must_rejoin(step, id, member);
            return Err(ErrorCode::RebalanceInProgress);
        }
        step.timers.cancel(&self.resync(id));
        self.heard(step, id);
        let version = Subscription::decode(metadata).map_or(0, |subscription| subscription.version);
        Ok(Synced {
            error_code: ErrorCode::None,
            protocol_type: request.protocol_type.clone(),
            protocol_name: request.protocol_name.clone(),
            assignment: encode_assignment(version, &member.by_name(topics)),
        })
    }

    /// Heartbeat: alive, and perhaps asked to join again.
    pub(in crate::broker::groups) fn heard_classic<W>(
        &self,
        step: &mut Step<'_, W>,
        request: &Heartbeat,
    ) -> Result<(), ErrorCode> {
        let id = &request.member_id;
        let member = self.classic_member(id, request.group_instance_id.as_deref())?;
        if request.generation_id != member.current.epoch {
            return Err(ErrorCode::IllegalGeneration);
        }
        self.heard(step, id);
        let must_join = match member.current.state {
            _ if self.epoch.epoch > member.current.epoch => true,
            MemberState::UnrevokedPartitions => true,
            MemberState::UnreleasedPartitions => !self.waits(id, member),
            MemberState::Stable | MemberState::Unknown => false,
        };
        if must_join {
            self.must_rejoin(step, id, member);
            return Err(ErrorCode::RebalanceInProgress);
        }
        Ok(())
    }

    /// Whether something of the member's target still belongs to another.
    fn waits(&self, id: &str, member: &Member) -> bool {
        let target = self.targets.get(id).into_iter().flatten();
        let mut all =
            target.flat_map(|(topic, partitions)| partitions.iter().map(|p| (*topic, *p)));
        all.any(|(topic, partition)| {
            let own = member.current.assigned.get(&topic);
            !own.is_some_and(|own| own.contains_key(&partition))
                && self.owner(topic, partition).is_some()
        })
    }

    /// LeaveGroup: members of the classic protocol, and static ones by an operator.
    pub(in crate::broker::groups) fn leave_classic<W>(
        &self,
        step: &mut Step<'_, W>,
        topics: &Topics,
        request: LeaveGroup,
        waiter: W,
    ) {
        let (mut members, mut gone) = (Vec::new(), Vec::new());
        for member in request.members {
            let code = match self.leaving(&member) {
                Ok(id) if gone.contains(&id) => ErrorCode::UnknownMemberId,
                Ok(id) => {
                    gone.push(id);
                    ErrorCode::None
                }
                Err(code) => code,
            };
            members.push((member.member_id, member.group_instance_id, code));
        }
        if !gone.is_empty() {
            self.remove_members(step, topics, &gone);
        }
        let left = Left { error_code: ErrorCode::None, members };
        step.answer_after(waiter, Answer::LeaveGroup(left));
    }

    fn leaving(&self, member: &MemberIdentity) -> Result<String, ErrorCode> {
        let instance = member.group_instance_id.as_deref();
        let id = if member.member_id.is_empty() {
            let known = instance.and_then(|instance| self.static_member(instance));
            known.ok_or(ErrorCode::UnknownMemberId)?
        } else {
            &member.member_id
        };
        self.classic_member(id, instance)?;
        Ok(id.to_owned())
    }
}
