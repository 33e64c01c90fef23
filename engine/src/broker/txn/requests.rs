//! What a transaction coordinator is asked, and what it says: owned values, one pair for each API,
//! named after Kafka's fields and the same for all versions on the wire.

use headwater_protocol::error_code::ErrorCode;

use super::state::TransactionState;

/// Whom a producer claims to be, or is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerIdAndEpoch {
    /// Its id.
    pub producer_id: i64,
    /// Which instance of it.
    pub producer_epoch: i16,
}

/// One partition by name: records of `__transaction_state` have no topic ids.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic's name.
    pub topic: String,
    /// The partition's index in the topic.
    pub partition: i32,
}

/// Which rules a client follows: Kafka's `transaction.version` as far as the client knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TransactionVersion {
    /// Those of KIP-98.
    V0 = 0,
    /// The same, with records that may have tagged fields.
    V1 = 1,
    /// Those of KIP-890: the broker adds partitions itself, each end raises the epoch.
    V2 = 2,
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// An identity for a transactional id, which fences its former holders.
    InitProducerId(InitProducerId),
    /// A transaction reaches these partitions.
    AddPartitionsToTxn(AddPartitionsToTxn),
    /// A transaction reaches the offsets of a group.
    AddOffsetsToTxn(AddOffsetsToTxn),
    /// A transaction ends.
    EndTxn(EndTxn),
    /// Which transactional ids there are.
    ListTransactions(ListTransactions),
    /// What one of them is doing.
    DescribeTransactions {
        /// Which.
        transactional_id: String,
    },
}

/// InitProducerId of a transactional producer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitProducerId {
    /// Who.
    pub transactional_id: String,
    /// How long its transactions may stay open.
    pub transaction_timeout_ms: i32,
    /// The id that it has, -1 for none (KIP-360).
    pub producer_id: i64,
    /// The epoch that it has, -1 for none.
    pub producer_epoch: i16,
}

/// One transaction of AddPartitionsToTxn: the only one of versions 0 to 3, one of the batch of later ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddPartitionsToTxn {
    /// Whose transaction.
    pub transactional_id: String,
    /// The producer's id and epoch.
    pub producer: ProducerIdAndEpoch,
    /// Only say whether they belong to it.
    pub verify_only: bool,
    /// The broker itself asks: what it appends to these partitions when it has the answer is acknowledged only with
    /// everything that the answer speaks of.
    pub then_appends: bool,
    /// Which.
    pub partitions: Vec<TopicPartition>,
    /// See [`TransactionVersion::of_add_partitions`].
    pub client: TransactionVersion,
}

/// AddOffsetsToTxn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddOffsetsToTxn {
    /// Whose transaction.
    pub transactional_id: String,
    /// The producer's id and epoch.
    pub producer: ProducerIdAndEpoch,
    /// Where the group's offsets are: its partition of `__consumer_offsets`.
    pub offsets: TopicPartition,
}

/// EndTxn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndTxn {
    /// Whose transaction.
    pub transactional_id: String,
    /// The producer's id and epoch.
    pub producer: ProducerIdAndEpoch,
    /// Whether its records shall count.
    pub committed: bool,
    /// See [`TransactionVersion::of_end_txn`].
    pub client: TransactionVersion,
}

/// ListTransactions: what passes all filters; an empty one lets everything pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListTransactions {
    /// Names of states.
    pub state_filters: Vec<String>,
    /// Producer ids.
    pub producer_id_filters: Vec<i64>,
    /// Only what has been open for longer than this; nothing when negative.
    pub duration_filter_ms: i64,
    /// A regular expression that the whole transactional id matches (version 2).
    pub transactional_id_pattern: Option<String>,
}

/// An answer, to the request of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The identity.
    InitProducerId(Result<ProducerIdAndEpoch, ErrorCode>),
    /// What became of each partition, in the request's order.
    AddPartitionsToTxn(Vec<(TopicPartition, ErrorCode)>),
    /// Whether the offsets belong to the transaction now.
    AddOffsetsToTxn(ErrorCode),
    /// The identity under which the producer goes on: version 5 sends it, earlier ones get
    /// [`ProducerIdAndEpoch::NONE`] and do not.
    EndTxn(Result<ProducerIdAndEpoch, ErrorCode>),
    /// Those of this partition of `__transaction_state`.
    ListTransactions(Result<TransactionList, ErrorCode>),
    /// What one is doing.
    DescribeTransactions(Result<TransactionDescription, ErrorCode>),
}

/// What ListTransactions found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransactionList {
    /// Filters that name no state.
    pub unknown_state_filters: Vec<String>,
    /// By transactional id.
    pub transaction_states: Vec<ListedTransaction>,
}

/// One line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedTransaction {
    /// Whose.
    pub transactional_id: String,
    /// The producer's id.
    pub producer_id: i64,
    /// Where it is.
    pub transaction_state: TransactionState,
}

/// What DescribeTransactions says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionDescription {
    /// Where it is.
    pub transaction_state: TransactionState,
    /// How long it may stay open.
    pub transaction_timeout_ms: i32,
    /// When it was begun, -1 for never.
    pub transaction_start_time_ms: i64,
    /// When it last changed (version 1).
    pub transaction_last_update_time_ms: i64,
    /// The producer's id and epoch.
    pub producer: ProducerIdAndEpoch,
    /// The partitions that it has reached and not yet marked, in order.
    pub partitions: Vec<TopicPartition>,
}

impl ProducerIdAndEpoch {
    /// Nobody.
    pub const NONE: Self = Self { producer_id: -1, producer_epoch: -1 };

    /// This producer.
    pub fn new(producer_id: i64, producer_epoch: i16) -> Self {
        Self { producer_id, producer_epoch }
    }
}

impl TopicPartition {
    /// This partition.
    pub fn new(topic: impl Into<String>, partition: i32) -> Self {
        Self { topic: topic.into(), partition }
    }
}

impl TransactionVersion {
    /// The rules of a client that sends EndTxn in this version.
    pub fn of_end_txn(version: i16) -> Self {
        if version >= 5 { Self::V2 } else { Self::V0 }
    }

    /// The rules of a client for whom AddPartitionsToTxn was sent in this version.
    pub fn of_add_partitions(version: i16) -> Self {
        if version >= 4 { Self::V2 } else { Self::V0 }
    }

    /// Whether each end of a transaction raises the epoch.
    pub fn raises_epoch(self) -> bool {
        self == Self::V2
    }

    /// Its number in a record.
    pub fn level(self) -> i16 {
        self as i16
    }

    /// The version with this number.
    pub fn from_level(level: i16) -> Option<Self> {
        [Self::V0, Self::V1, Self::V2].into_iter().find(|version| version.level() == level)
    }
}

impl Request {
    /// The same kind of answer, with an error in all its places.
    pub fn refuse(&self, code: ErrorCode) -> Answer {
        match self {
            Self::InitProducerId(_) => Answer::InitProducerId(Err(code)),
            Self::AddPartitionsToTxn(request) => request.answer_all(code),
            Self::AddOffsetsToTxn(_) => Answer::AddOffsetsToTxn(code),
            Self::EndTxn(_) => Answer::EndTxn(Err(code)),
            Self::ListTransactions(_) => Answer::ListTransactions(Err(code)),
            Self::DescribeTransactions { .. } => Answer::DescribeTransactions(Err(code)),
        }
    }
}

impl Answer {
    /// The same answer when what it promised did not become durable.
    pub fn refused(self, code: ErrorCode) -> Self {
        match self {
            Self::InitProducerId(_) => Self::InitProducerId(Err(code)),
            Self::AddPartitionsToTxn(partitions) => Self::AddPartitionsToTxn(
                partitions.into_iter().map(|(partition, _)| (partition, code)).collect(),
            ),
            Self::AddOffsetsToTxn(_) => Self::AddOffsetsToTxn(code),
            Self::EndTxn(_) => Self::EndTxn(Err(code)),
            only_read @ (Self::ListTransactions(_) | Self::DescribeTransactions(_)) => only_read,
        }
    }
}

impl AddPartitionsToTxn {
    /// The same for each partition.
    pub fn answer_all(&self, code: ErrorCode) -> Answer {
        let each = self.partitions.iter().map(|partition| (partition.clone(), code));
        Answer::AddPartitionsToTxn(each.collect())
    }
}
