//! Who coordinates what: groups and transactional ids are spread over the partitions of two internal
//! topics, and the shard that owns such a partition keeps the state of everything in it.
//!
//! Knows names and numbers only; the state machines are `groups` and `txn`, and the worker runs them.

use headwater_protocol::error_code::ErrorCode;

use super::catalog::{Catalog, Topic};
use super::groups::rpc as groups;
use super::txn::requests as txn;
use crate::model::ShardId;

/// Where the offsets and members of groups are.
pub const OFFSETS_TOPIC: &str = "__consumer_offsets";
/// Where the states of transactions are.
pub const TRANSACTIONS_TOPIC: &str = "__transaction_state";

/// Whether clients may not produce to a topic of this name, nor delete it.
pub fn is_internal(topic: &str) -> bool {
    topic == OFFSETS_TOPIC || topic == TRANSACTIONS_TOPIC
}

/// What a coordinator is asked.
#[derive(Clone, Debug)]
pub enum Question {
    /// About groups, in this partition of their topic.
    Groups(i32, groups::Request),
    /// About transactions, in this partition of their topic.
    Transactions(i32, txn::Request),
}

/// What it says.
#[derive(Clone, Debug)]
pub enum Reply {
    /// About groups.
    Groups(groups::Answer),
    /// About transactions.
    Transactions(txn::Answer),
}

impl Question {
    /// The answer of nobody: what is asked about is not here, or not yet.
    pub fn refuse(&self, code: ErrorCode) -> Reply {
        match self {
            Question::Groups(_, request) => Reply::Groups(request.refuse(code)),
            Question::Transactions(_, request) => Reply::Transactions(request.refuse(code)),
        }
    }

    /// Whether whoever asks will append to partitions when it has the answer, and does nothing else with it; and all of
    /// them are such.
    pub fn is_of_appends_to(&self, is_such: impl Fn(&txn::TopicPartition) -> bool) -> bool {
        match self {
            Question::Transactions(_, txn::Request::AddPartitionsToTxn(add)) => {
                add.then_appends && add.partitions.iter().all(is_such)
            }
            _ => false,
        }
    }

    /// The partition that is asked.
    pub fn place(&self) -> Place {
        match self {
            Question::Groups(partition, _) => (Kind::Groups, *partition),
            Question::Transactions(partition, _) => (Kind::Transactions, *partition),
        }
    }
}

impl Reply {
    /// The same answer when what it promised did not become durable.
    pub fn refused(self, code: ErrorCode) -> Reply {
        match self {
            Reply::Groups(answer) => Reply::Groups(answer.refused(code)),
            Reply::Transactions(answer) => Reply::Transactions(answer.refused(code)),
        }
    }
}

/// The two kinds of coordinators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Groups, in `__consumer_offsets`.
    Groups,
    /// Transactions, in `__transaction_state`.
    Transactions,
}

/// A partition of an internal topic.
pub type Place = (Kind, i32);

impl Kind {
    /// The kind that keeps its state in this topic.
    pub fn of_topic(name: &str) -> Option<Self> {
        match name {
            OFFSETS_TOPIC => Some(Kind::Groups),
            TRANSACTIONS_TOPIC => Some(Kind::Transactions),
            _ => None,
        }
    }
}

/// An internal topic, and who owns each of its partitions.
pub struct Spread<'a> {
    topic: &'a Topic,
    shards: usize,
}

impl<'a> Spread<'a> {
    /// Of the topics that there are; none before the first coordinator was looked for.
    pub fn of(catalog: &'a Catalog, kind: Kind, shards: usize) -> Option<Self> {
        let name = match kind {
            Kind::Groups => OFFSETS_TOPIC,
            Kind::Transactions => TRANSACTIONS_TOPIC,
        };
        catalog.by_name(name).map(|topic| Spread { topic, shards })
    }

    /// The partition of a group or of a transactional id.
    pub fn partition(&self, id: &str) -> i32 {
        partition_of(id, self.topic.partitions)
    }

    /// A question about one group, and whom to ask.
    pub fn ask_group(&self, group_id: &str, request: groups::Request) -> (ShardId, Question) {
        let partition = self.partition(group_id);
        (self.shard(partition), Question::Groups(partition, request))
    }

    /// A question about one transactional id, and whom to ask.
    pub fn ask_transaction(&self, id: &str, request: txn::Request) -> (ShardId, Question) {
        let partition = self.partition(id);
        (self.shard(partition), Question::Transactions(partition, request))
    }

    /// A question to everybody.
    pub fn ask_all(&self, question: impl Fn(i32) -> Question) -> Vec<(ShardId, Question)> {
        (0..self.topic.partitions).map(|n| (self.shard(n), question(n))).collect()
    }

    fn shard(&self, partition: i32) -> ShardId {
        self.topic.shard(partition, self.shards)
    }
}

/// Kafka's choice: the hash that Java gives to a string, made positive, by the number of partitions.
pub fn partition_of(id: &str, partitions: i32) -> i32 {
    let hash = id
        .encode_utf16()
        .fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    // The one number without a positive counterpart counts as zero.
    hash.checked_abs().unwrap_or(0) % partitions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_go_where_kafka_puts_them() {
        // String.hashCode of Java: "" 0, "a" 97, "ab" 3105, "polygenelubricants" the lowest number.
        for (id, partition) in [("", 0), ("a", 47), ("ab", 5), ("polygenelubricants", 0)] {
            assert_eq!(partition_of(id, 50), partition, "{id}");
        }
        assert_eq!(partition_of("grüße 🎈", 50), partition_of("grüße 🎈", 50));
        assert!((0..1000).all(|n| (0..7).contains(&partition_of(&format!("group-{n}"), 7))));
    }
}
