//! The requests that groups answer, as plain values: fields as Kafka's RPCs have them, without versions.
//!
//! Translating them from and to the wire is the API layer's.

pub mod admin;
pub mod classic;
pub mod consumer;
pub mod offsets;
mod refuse;

use headwater_protocol::error_code::ErrorCode;

/// Who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// `client.id`.
    pub id: String,
    /// Its address, in Kafka's form: `/127.0.0.1`.
    pub host: String,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named after its API")]
pub enum Request {
    JoinGroup(classic::JoinGroup),
    SyncGroup(classic::SyncGroup),
    Heartbeat(classic::Heartbeat),
    LeaveGroup(classic::LeaveGroup),
    OffsetCommit(offsets::OffsetCommit),
    TxnOffsetCommit(offsets::TxnOffsetCommit),
    OffsetFetch(offsets::OffsetFetch),
    OffsetDelete(offsets::OffsetDelete),
    DescribeGroups(admin::DescribeGroups),
    ListGroups(admin::ListGroups),
    DeleteGroups(admin::DeleteGroups),
    ConsumerGroupHeartbeat(consumer::ConsumerGroupHeartbeat),
    ConsumerGroupDescribe(consumer::ConsumerGroupDescribe),
}

/// Its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named after its API")]
pub enum Answer {
    JoinGroup(classic::Joined),
    SyncGroup(classic::Synced),
    Heartbeat(ErrorCode),
    LeaveGroup(classic::Left),
    /// Also for TxnOffsetCommit.
    OffsetCommit(offsets::Committed),
    OffsetFetch(offsets::Fetched),
    OffsetDelete(offsets::Deleted),
    DescribeGroups(Vec<admin::DescribedGroup>),
    ListGroups(Vec<admin::ListedGroup>),
    DeleteGroups(Vec<(String, ErrorCode)>),
    ConsumerGroupHeartbeat(consumer::HeartbeatAnswer),
    ConsumerGroupDescribe(Vec<consumer::DescribedConsumerGroup>),
}

impl Answer {
    /// The same answer when what it promised could not be written.
    pub fn refused(self, code: ErrorCode) -> Self {
        match self {
            Answer::JoinGroup(joined) => {
                Answer::JoinGroup(classic::Joined::error(&joined.member_id, code))
            }
            Answer::SyncGroup(_) => Answer::SyncGroup(classic::Synced::error(code)),
            Answer::Heartbeat(_) => Answer::Heartbeat(code),
            Answer::LeaveGroup(_) => Answer::LeaveGroup(classic::Left::error(code)),
            Answer::OffsetCommit(committed) => Answer::OffsetCommit(committed.refused(code)),
            Answer::OffsetDelete(_) => Answer::OffsetDelete(offsets::Deleted::error(code)),
            Answer::DeleteGroups(groups) => Answer::DeleteGroups(
                groups.into_iter().map(|(id, own)| (id, own.or(code))).collect(),
            ),
            Answer::ConsumerGroupHeartbeat(_) => {
                Answer::ConsumerGroupHeartbeat(consumer::HeartbeatAnswer::error(code, None))
            }
            only_read @ (Answer::OffsetFetch(_)
            | Answer::DescribeGroups(_)
            | Answer::ListGroups(_)
            | Answer::ConsumerGroupDescribe(_)) => only_read,
        }
    }
}

/// The first error counts.
trait Or {
    fn or(self, other: ErrorCode) -> ErrorCode;
}

impl Or for ErrorCode {
    fn or(self, other: ErrorCode) -> ErrorCode {
        if self.is_none() { other } else { self }
    }
}
