//! ConsumerGroupHeartbeat and ConsumerGroupDescribe (KIP-848).

use headwater_protocol::error_code::ErrorCode;

use super::Client;
use crate::broker::groups::records::assignment::Partitions;

/// Join, stay in, or leave a consumer group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsumerGroupHeartbeat {
    /// The group.
    pub group_id: String,
    /// The member; a client of version 0 leaves it empty to get one.
    pub member_id: String,
    /// 0 to join, -1 to leave, -2 to leave for a while as a static member; else the epoch it was told.
    pub member_epoch: i32,
    /// Set for a static member.
    pub instance_id: Option<String>,
    /// Its rack, when that changed.
    pub rack_id: Option<String>,
    /// How long it may take to give partitions back; -1 when that has not changed.
    pub rebalance_timeout_ms: i32,
    /// Topics by name, when they changed.
    pub subscribed_topic_names: Option<Vec<String>>,
    /// Topics by regular expression, when that changed; empty for none.
    pub subscribed_topic_regex: Option<String>,
    /// The assignor that it prefers, when that changed.
    pub server_assignor: Option<String>,
    /// The partitions that it has, when they changed.
    pub topic_partitions: Option<Partitions>,
    /// Who.
    pub client: Client,
    /// Version 1 and later: the client makes its own id.
    pub requires_member_id: bool,
}

/// Answer to a heartbeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeartbeatAnswer {
    /// The error.
    pub error_code: ErrorCode,
    /// The error in words.
    pub error_message: Option<String>,
    /// The member's id.
    pub member_id: Option<String>,
    /// The member's epoch.
    pub member_epoch: i32,
    /// When to come again.
    pub heartbeat_interval_ms: i32,
    /// What it may read, when that changed.
    pub assignment: Option<Partitions>,
}

impl HeartbeatAnswer {
    /// No longer, or not, a member.
    pub fn error(error_code: ErrorCode, why: Option<&str>) -> Self {
        HeartbeatAnswer {
            error_code,
            error_message: why.map(str::to_owned),
            member_id: None,
            member_epoch: 0,
            heartbeat_interval_ms: 0,
            assignment: None,
        }
    }
}

/// Tell about consumer groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsumerGroupDescribe {
    /// Which.
    pub group_ids: Vec<String>,
}

/// A consumer group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedConsumerGroup {
    /// The error.
    pub error_code: ErrorCode,
    /// The error in words.
    pub error_message: Option<String>,
    /// Its id.
    pub group_id: String,
    /// Its state, in Kafka's words.
    pub group_state: &'static str,
    /// The group's epoch.
    pub group_epoch: i32,
    /// The epoch of the target assignment.
    pub assignment_epoch: i32,
    /// The assignor.
    pub assignor_name: String,
    /// Members.
    pub members: Vec<DescribedConsumer>,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedConsumer {
    /// Its id.
    pub member_id: String,
    /// Set for a static member.
    pub instance_id: Option<String>,
    /// Its rack.
    pub rack_id: Option<String>,
    /// Its epoch.
    pub member_epoch: i32,
    /// The client's name.
    pub client_id: String,
    /// The client's address.
    pub client_host: String,
    /// Topics by name.
    pub subscribed_topic_names: Vec<String>,
    /// Topics by regular expression.
    pub subscribed_topic_regex: Option<String>,
    /// What it has: topic id, name, partitions. Topics that are gone are left out.
    pub assignment: Vec<DescribedTopic>,
    /// What it shall have.
    pub target_assignment: Vec<DescribedTopic>,
    /// 0 for the classic protocol, 1 for the consumer protocol (version 1).
    pub member_type: i8,
}

/// Partitions of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedTopic {
    /// The topic's id.
    pub topic_id: crate::model::TopicId,
    /// Its name.
    pub topic_name: String,
    /// Partitions.
    pub partitions: Vec<i32>,
}
