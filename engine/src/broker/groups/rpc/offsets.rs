//! OffsetCommit, TxnOffsetCommit, OffsetFetch, OffsetDelete.

use headwater_protocol::error_code::ErrorCode;

use crate::model::TopicId;

/// Offsets of one topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitTopic {
    /// Its name.
    pub name: String,
    /// Its id, zero when unknown.
    pub topic_id: TopicId,
    /// Offsets.
    pub partitions: Vec<CommitPartition>,
}

/// An offset of one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitPartition {
    /// The partition.
    pub partition_index: i32,
    /// The next offset to read.
    pub committed_offset: i64,
    /// Leader epoch of the last record read, -1 when unknown.
    pub committed_leader_epoch: i32,
    /// The client's own note.
    pub committed_metadata: Option<String>,
}

/// Commit offsets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetCommit {
    /// The group.
    pub group_id: String,
    /// Generation, or member epoch of a consumer group; -1 for one that is in no group.
    pub generation_id_or_member_epoch: i32,
    /// The member.
    pub member_id: String,
    /// Set for a static member.
    pub group_instance_id: Option<String>,
    /// How long to keep them (versions 2 to 4); -1 for the broker's setting.
    pub retention_time_ms: i64,
    /// Offsets.
    pub topics: Vec<CommitTopic>,
    /// Version 9 and later: knows the errors of consumer groups.
    pub knows_member_epochs: bool,
}

/// Commit offsets as part of a transaction. That the producer may is for the log to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TxnOffsetCommit {
    /// The group.
    pub group_id: String,
    /// The producer.
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i16,
    /// Generation or member epoch, -1 when unknown.
    pub generation_id: i32,
    /// The member.
    pub member_id: String,
    /// Set for a static member.
    pub group_instance_id: Option<String>,
    /// Offsets.
    pub topics: Vec<CommitTopic>,
}

/// Answer to both commits: error by topic and partition, as asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Name, id, and partitions with their errors.
    pub topics: Vec<(String, TopicId, Errors)>,
}

/// Partitions with their errors.
pub type Errors = Vec<(i32, ErrorCode)>;

impl Committed {
    /// The same for every partition that is asked about.
    pub fn error(topics: &[CommitTopic], code: ErrorCode) -> Self {
        let one = |partition: &CommitPartition| (partition.partition_index, code);
        let topics = topics.iter().map(|topic| {
            (topic.name.clone(), topic.topic_id, topic.partitions.iter().map(one).collect())
        });
        Committed { topics: topics.collect() }
    }

    /// What would have been committed is not.
    pub fn refused(mut self, code: ErrorCode) -> Self {
        let partitions = self.topics.iter_mut().flat_map(|(_, _, partitions)| partitions);
        for (_, error) in partitions.filter(|(_, error)| error.is_none()) {
            *error = code;
        }
        self
    }
}

/// Read the offsets of one group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OffsetFetch {
    /// The group.
    pub group_id: String,
    /// A member of a consumer group (version 9).
    pub member_id: Option<String>,
    /// Its epoch, -1 for none.
    pub member_epoch: i32,
    /// Topics with partitions; none for all that there are.
    pub topics: Option<Vec<(String, Vec<i32>)>>,
    /// Rather an error than an offset that an open transaction may replace.
    pub require_stable: bool,
}

/// Answer to a fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The error of the whole.
    pub error_code: ErrorCode,
    /// Offsets.
    pub topics: Vec<(String, Vec<FetchedOffset>)>,
}

/// One offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedOffset {
    /// The partition.
    pub partition_index: i32,
    /// The offset, -1 for none.
    pub committed_offset: i64,
    /// Its leader epoch, -1 for none.
    pub committed_leader_epoch: i32,
    /// The client's own note.
    pub metadata: String,
    /// The error.
    pub error_code: ErrorCode,
}

/// Forget offsets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OffsetDelete {
    /// The group.
    pub group_id: String,
    /// Topics with partitions.
    pub topics: Vec<(String, Vec<i32>)>,
}

/// Answer to a delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// The error of the whole.
    pub error_code: ErrorCode,
    /// Partitions with their errors.
    pub topics: Vec<(String, Errors)>,
}

impl Deleted {
    /// Nothing deleted.
    pub fn error(error_code: ErrorCode) -> Self {
        Deleted { error_code, topics: Vec::new() }
    }
}
