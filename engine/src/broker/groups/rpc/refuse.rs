//! The answer to a request that no group is asked about: its coordinator is not here, or not ready.

use headwater_protocol::error_code::ErrorCode;

use super::admin::{DescribeGroups, DescribedGroup};
use super::classic::{Joined, Left, Synced};
use super::consumer::{ConsumerGroupDescribe, DescribedConsumerGroup, HeartbeatAnswer};
use super::offsets::{Committed, Deleted, Fetched};
use super::{Answer, Request};

impl Request {
    /// The same kind of answer, with an error in all its places.
    pub fn refuse(&self, code: ErrorCode) -> Answer {
        match self {
            Request::JoinGroup(join) => Answer::JoinGroup(Joined::error(&join.member_id, code)),
            Request::SyncGroup(_) => Answer::SyncGroup(Synced::error(code)),
            Request::Heartbeat(_) => Answer::Heartbeat(code),
            Request::LeaveGroup(_) => Answer::LeaveGroup(Left::error(code)),
            Request::OffsetCommit(commit) => {
                Answer::OffsetCommit(Committed::error(&commit.topics, code))
            }
            Request::TxnOffsetCommit(commit) => {
                Answer::OffsetCommit(Committed::error(&commit.topics, code))
            }
            Request::OffsetFetch(_) => {
                Answer::OffsetFetch(Fetched { error_code: code, topics: Vec::new() })
            }
            Request::OffsetDelete(_) => Answer::OffsetDelete(Deleted::error(code)),
            Request::DescribeGroups(describe) => Answer::DescribeGroups(groups(describe, code)),
            // Those of other coordinators are listed all the same.
            Request::ListGroups(_) => Answer::ListGroups(Vec::new()),
            Request::DeleteGroups(delete) => {
                let groups = delete.groups.iter().map(|group| (group.clone(), code));
                Answer::DeleteGroups(groups.collect())
            }
            Request::ConsumerGroupHeartbeat(_) => {
                Answer::ConsumerGroupHeartbeat(HeartbeatAnswer::error(code, None))
            }
            Request::ConsumerGroupDescribe(describe) => {
                Answer::ConsumerGroupDescribe(consumer_groups(describe, code))
            }
        }
    }
}

fn groups(describe: &DescribeGroups, error_code: ErrorCode) -> Vec<DescribedGroup> {
    let group = |group_id: &String| DescribedGroup {
        error_code,
        error_message: None,
        group_id: group_id.clone(),
        group_state: "",
        protocol_type: String::new(),
        protocol_data: String::new(),
        members: Vec::new(),
    };
    describe.groups.iter().map(group).collect()
}

fn consumer_groups(
    describe: &ConsumerGroupDescribe,
    error_code: ErrorCode,
) -> Vec<DescribedConsumerGroup> {
    let group = |group_id: &String| DescribedConsumerGroup {
        error_code,
        error_message: None,
        group_id: group_id.clone(),
        group_state: "",
        group_epoch: 0,
        assignment_epoch: 0,
        assignor_name: String::new(),
        members: Vec::new(),
    };
    describe.group_ids.iter().map(group).collect()
}
