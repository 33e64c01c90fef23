//! Members of groups, of both protocols, and what they commit.

use std::time::Duration;

use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse,
};
use headwater_protocol::messages::find_coordinator::{
    FindCoordinatorRequest, FindCoordinatorResponse,
};
use headwater_protocol::messages::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use headwater_protocol::messages::join_group::{
    JoinGroupProtocol, JoinGroupRequest, JoinGroupResponse,
};
use headwater_protocol::messages::leave_group::{
    LeaveGroupRequest, LeaveGroupResponse, LeavingMember,
};
use headwater_protocol::messages::offset_commit::{
    OffsetCommitPartition, OffsetCommitRequest, OffsetCommitResponse, OffsetCommitTopic,
};
use headwater_protocol::messages::sync_group::{
    SyncGroupAssignment, SyncGroupRequest, SyncGroupResponse,
};

use super::client::{Asked, Client};
use super::eventually;

/// Kinds of coordinators.
pub const GROUPS: i8 = 0;
pub const TRANSACTIONS: i8 = 1;

/// A member of a classic group.
#[derive(Clone, Debug)]
pub struct Member {
    pub group: String,
    pub id: String,
    pub generation: i32,
}

/// What a client commits: topic, partition, offset, note.
pub type Commit<'a> = (&'a str, i32, i64, &'a str);

impl Client {
    /// Makes the internal topic, and waits until its coordinators answer.
    pub fn find_coordinator(&mut self, kind: i8, key: &str) -> i32 {
        eventually("a coordinator", Duration::from_secs(20), || {
            let request = FindCoordinatorRequest { key_type: kind, keys: vec![key] };
            let frame = self.call(ApiKey::FindCoordinator, 4, |w| request.encode(w, 4));
            let response = frame.body(FindCoordinatorResponse::decode);
            let found = &response.coordinators[0];
            found.error_code.is_none().then_some(found.node_id)
        })
    }

    /// Asks to be let into a classic group; answered when the others have come.
    pub fn ask_join(&mut self, group: &str, topic: &str) -> Asked {
        let metadata = subscription(topic);
        let request = JoinGroupRequest {
            group_id: group,
            session_timeout_ms: 30_000,
            rebalance_timeout_ms: 30_000,
            protocol_type: "consumer",
            protocols: vec![JoinGroupProtocol { name: "range", metadata: &metadata }],
            ..JoinGroupRequest::default()
        };
        // The last version in which a member is not sent away first to come back with an id.
        self.ask(ApiKey::JoinGroup, 3, |w| request.encode(w, 3))
    }

    /// What came of it: the member, and how many there are if it is to lead.
    pub fn joined(&mut self, group: &str, asked: Asked) -> (ErrorCode, Member, usize) {
        let frame = self.answer(asked);
        let response = frame.body(JoinGroupResponse::decode);
        let (id, generation) = (response.member_id.to_string(), response.generation_id);
        let member = Member { group: group.to_owned(), id, generation };
        (response.error_code, member, response.members.len())
    }

    /// Joins a classic group as its only member, and takes these partitions.
    pub fn join_alone(&mut self, group: &str, topic: &str, partitions: &[i32]) -> Member {
        let member = eventually("a coordinator that has loaded", Duration::from_secs(20), || {
            let asked = self.ask_join(group, topic);
            let (code, member, _) = self.joined(group, asked);
            code.is_none().then_some(member)
        });
        assert_eq!(self.sync(&member, topic, partitions), ErrorCode::None);
        member
    }

    /// Shares out partitions to itself.
    pub fn sync(&mut self, member: &Member, topic: &str, partitions: &[i32]) -> ErrorCode {
        let assignment = assignment(topic, partitions);
        let own = SyncGroupAssignment { member_id: &member.id, assignment: &assignment };
        let request = SyncGroupRequest {
            group_id: &member.group,
            generation_id: member.generation,
            member_id: &member.id,
            assignments: vec![own],
            ..SyncGroupRequest::default()
        };
        let frame = self.call(ApiKey::SyncGroup, 3, |w| request.encode(w, 3));
        frame.body(SyncGroupResponse::decode).error_code
    }

    /// Says that a member of a classic group is alive.
    pub fn beat(&mut self, member: &Member) -> ErrorCode {
        let request = HeartbeatRequest {
            group_id: &member.group,
            generation_id: member.generation,
            member_id: &member.id,
            group_instance_id: None,
        };
        let frame = self.call(ApiKey::Heartbeat, 3, |w| request.encode(w, 3));
        frame.body(HeartbeatResponse::decode).error_code
    }

    /// Leaves a classic group.
    pub fn leave(&mut self, member: &Member) -> ErrorCode {
        let leaving = LeavingMember { member_id: &member.id, ..LeavingMember::default() };
        let request = LeaveGroupRequest { group_id: &member.group, members: vec![leaving] };
        let frame = self.call(ApiKey::LeaveGroup, 3, |w| request.encode(w, 3));
        frame.body(LeaveGroupResponse::decode).error_code
    }

    /// A heartbeat of the consumer protocol: error, member epoch, partitions if they are told.
    pub fn consumer_beat(
        &mut self,
        request: &ConsumerGroupHeartbeatRequest<'_>,
    ) -> (ErrorCode, i32, Option<usize>) {
        let frame = self.call(ApiKey::ConsumerGroupHeartbeat, 1, |w| request.encode(w, 1));
        let response = frame.body(ConsumerGroupHeartbeatResponse::decode);
        let told = response.assignment.as_ref().map(|assignment| {
            assignment.topic_partitions.iter().map(|topic| topic.partitions.len()).sum()
        });
        (response.error_code, response.member_epoch, told)
    }

    /// Commits, as nobody in particular: a consumer that assigns partitions to itself.
    pub fn commit(&mut self, group: &str, commits: &[Commit<'_>]) -> Vec<ErrorCode> {
        eventually("a coordinator that has loaded", Duration::from_secs(20), || {
            let codes = self.commit_as(group, "", -1, 8, commits);
            let loads = codes.contains(&ErrorCode::CoordinatorLoadInProgress);
            (!loads && !codes.contains(&ErrorCode::NotCoordinator)).then_some(codes)
        })
    }

    /// Commits as a member, in a version of OffsetCommit.
    pub fn commit_as(
        &mut self,
        group: &str,
        member: &str,
        generation: i32,
        version: i16,
        commits: &[Commit<'_>],
    ) -> Vec<ErrorCode> {
        let topics = commits.iter().map(|&(name, index, offset, note)| OffsetCommitTopic {
            name,
            partitions: vec![OffsetCommitPartition {
                partition_index: index,
                committed_offset: offset,
                committed_metadata: Some(note),
                ..OffsetCommitPartition::default()
            }],
            ..OffsetCommitTopic::default()
        });
        let request = OffsetCommitRequest {
            group_id: group,
            generation_id_or_member_epoch: generation,
            member_id: member,
            topics: topics.collect(),
            ..OffsetCommitRequest::default()
        };
        let frame = self.call(ApiKey::OffsetCommit, version, |w| request.encode(w, version));
        let response = frame.body(OffsetCommitResponse::decode);
        response.topics.iter().map(|topic| topic.partitions[0].error_code).collect()
    }
}

/// A member of a consumer group that joins, or beats with an epoch.
pub fn beat_of<'a>(
    group: &'a str,
    member: &'a str,
    epoch: i32,
) -> ConsumerGroupHeartbeatRequest<'a> {
    ConsumerGroupHeartbeatRequest {
        group_id: group,
        member_id: member,
        member_epoch: epoch,
        ..ConsumerGroupHeartbeatRequest::default()
    }
}

/// A member of a consumer group that joins to read a topic.
pub fn join_of<'a>(
    group: &'a str,
    member: &'a str,
    topic: &'a str,
) -> ConsumerGroupHeartbeatRequest<'a> {
    ConsumerGroupHeartbeatRequest {
        rebalance_timeout_ms: 30_000,
        subscribed_topic_names: Some(vec![topic]),
        topic_partitions: Some(Vec::new()),
        ..beat_of(group, member, 0)
    }
}

fn text(into: &mut Vec<u8>, text: &str) {
    into.extend((text.len() as i16).to_be_bytes());
    into.extend(text.as_bytes());
}

/// What a consumer says when it joins: version 0, one topic, nothing of its assignor's own.
fn subscription(topic: &str) -> Vec<u8> {
    let mut bytes = vec![0, 0, 0, 0, 0, 1];
    text(&mut bytes, topic);
    bytes.extend((-1i32).to_be_bytes());
    bytes
}

/// What a consumer is given: version 0, one topic with partitions, nothing more.
fn assignment(topic: &str, partitions: &[i32]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 0, 0, 0, 1];
    text(&mut bytes, topic);
    bytes.extend((partitions.len() as i32).to_be_bytes());
    bytes.extend(partitions.iter().flat_map(|partition| partition.to_be_bytes()));
    bytes.extend((-1i32).to_be_bytes());
    bytes
}
