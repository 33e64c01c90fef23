//! What shards are asked and what they answer. Letters cross threads, so they own what they carry; most
//! never leave the thread.

use headwater_protocol::batch::control::Marker;
use headwater_protocol::error_code::ErrorCode;

use super::reply::Completer;
use super::verification::Guard;
use crate::log::aborted::Aborted;
use crate::log::append::{AppendError, Appended};
use crate::log::epochs::EpochEnd;
use crate::log::look::TimeHit;
use crate::log::producers::transactions::{MarkerError, MarkerOf, ProducerState};
use crate::log::read::Piece;
use crate::log::record_set::RecordSet;
use crate::log::watermarks::Mark;
use crate::metrics::stages::Stamps;
use crate::model::{LeaderEpoch, Offset, PartitionKey, ShardId};

/// What a producer waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acks {
    /// Nothing; answered all the same when it is in memory, so that the connection knows how much is under
    /// way.
    None,
    /// The leader: the device accepted it.
    Leader,
    /// Every in-sync replica, each as durable as the topic says.
    All,
}

/// How safe a record must be before `acks=all` is answered and before it is visible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bar {
    /// In memory.
    Appended,
    /// The device accepted it.
    Written,
    /// Flushed.
    Durable,
}

/// Which records a consumer wants to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// All that are visible.
    #[default]
    Uncommitted,
    /// None of a transaction that is open or aborted.
    Committed,
}

impl Isolation {
    /// As Kafka writes it.
    pub fn of(level: i8) -> Self {
        if level == 1 { Isolation::Committed } else { Isolation::Uncommitted }
    }
}

/// What a shard must know of a partition's topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionSettings {
    /// The bar for `acks=all` and for visibility.
    pub bar: Bar,
    /// Whether records get the time of their append.
    pub log_append_time: bool,
}

/// Who gets an answer, here of type `A`: to questions, or to commands.
pub enum ReplyTo<A = Answer> {
    /// Part `part` of a call on a shard's own connections.
    Call {
        /// The shard that has the connection.
        shard: ShardId,
        /// The call there.
        call: CallId,
        /// Which of its questions this was.
        part: u32,
    },
    /// The coordinator that keeps its state in a partition.
    Coordinator {
        /// The shard that owns it.
        shard: ShardId,
        /// The partition.
        partition: PartitionKey,
        /// The coordinator's own number for what it waits for.
        ticket: u64,
    },
    /// A program that has the engine embedded.
    Program(Completer<A>),
    /// Nobody.
    Nobody,
}

/// A call in progress; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// A question to the shard that owns the partitions.
pub enum Ask {
    /// Append a record set.
    Append {
        /// Where to.
        partition: PartitionKey,
        /// What.
        set: RecordSet,
        /// When to answer.
        acks: Acks,
        /// What [`Refusal::Unverified`] gave, if the coordinator has agreed.
        verified: Option<Guard>,
    },
    /// Append the marker that ends a producer's transaction; answered as an append with all acks.
    Marker {
        /// Where to.
        partition: PartitionKey,
        /// Of whom.
        of: MarkerOf,
        /// How it ends.
        marker: Marker,
    },
    /// Read from several partitions.
    Read {
        /// Which, from where, how much.
        reads: Vec<ReadAsk>,
        /// About how much in all, in bytes.
        bytes_max: u64,
    },
    /// Wake the call when a partition's end is beyond what it has seen.
    Watch(Vec<Seen>),
    /// The call does not wait any more.
    Unwatch(Vec<PartitionKey>, CallId),
    /// An offset by time.
    Offset {
        /// Of which partition.
        partition: PartitionKey,
        /// Which one.
        at: OffsetAt,
        /// The epoch that the client knows, -1 for none.
        epoch: i32,
        /// Which records count.
        isolation: Isolation,
    },
    /// Where a leader epoch ended.
    EpochEnd {
        /// Of which partition.
        partition: PartitionKey,
        /// The epoch that the client knows, -1 for none.
        known: i32,
        /// Whose end is asked for.
        epoch: i32,
    },
    /// What is known of a partition's producers.
    Producers(PartitionKey),
    /// Sizes of partitions.
    Sizes(Vec<PartitionKey>),
    /// Delete the records of a partition before an offset.
    DeleteRecords {
        /// Of which partition.
        partition: PartitionKey,
        /// The first one to keep; without it, all that consumers can see go.
        upto: Option<Offset>,
    },
    /// Answer when everything appended so far is durable.
    Flush(PartitionKey),
    /// The marks of a partition.
    Marks(PartitionKey),
}

/// One partition of a read.
#[derive(Clone, Copy, Debug)]
pub struct ReadAsk {
    /// Which partition.
    pub partition: PartitionKey,
    /// From where.
    pub offset: Offset,
    /// About how much, in bytes; a first batch that is longer comes whole.
    pub bytes_max: u64,
    /// The epoch that the client knows, -1 for none.
    pub epoch: i32,
    /// Which records are wanted.
    pub isolation: Isolation,
}

/// What a call that waits has seen of a partition.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Which partition.
    pub partition: PartitionKey,
    /// The end of what it could read.
    pub end: Offset,
    /// Which records it wants.
    pub isolation: Isolation,
}

impl ReadAsk {
    /// Everything of a partition.
    pub fn all(partition: PartitionKey) -> Self {
        let isolation = Isolation::Uncommitted;
        ReadAsk { partition, offset: Offset(0), bytes_max: u64::MAX, epoch: -1, isolation }
    }
}

/// Which offset is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetAt {
    /// The first one.
    Start,
    /// The one after the last visible record.
    End,
    /// The first at or after this time, in milliseconds.
    Time(i64),
    /// That of the highest timestamp.
    MaxTimestamp,
}

/// An answer to an [`Ask`].
pub enum Answer {
    /// To `Append` and `Marker`.
    Appended(Result<AppendAnswer, Refusal>),
    /// To `Read`, in the order of its reads.
    Read(Vec<Result<ReadAnswer, Refusal>>),
    /// To `Offset`: `None` when there is no such record.
    Offset(Result<(Option<TimeHit>, LeaderEpoch), Refusal>),
    /// To `EpochEnd`: `None` for an epoch of which nothing is known.
    EpochEnd(Result<Option<EpochEnd>, Refusal>),
    /// To `Producers`, in order of their ids.
    Producers(Result<Vec<ProducerState>, Refusal>),
    /// To `Sizes`, in order: bytes, or nothing for what is not here.
    Sizes(Vec<Option<u64>>),
    /// To `DeleteRecords`: the start of the log, once it is durable.
    LogStart(Result<Offset, Refusal>),
    /// To `Watch`: something changed, read again.
    Moved,
    /// To `Flush` and `Marks`.
    Marks(Result<Marks, Refusal>),
}

/// Where a record set went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppendAnswer {
    /// Its offsets and time.
    pub appended: Appended,
    /// Start of the log.
    pub log_start: Offset,
    /// When it passed which stage.
    pub stamps: Stamps,
}

/// What was read, and how far the partition is.
#[derive(Clone, Default)]
pub struct ReadAnswer {
    /// The bytes, in order.
    pub pieces: Vec<Piece>,
    /// Their length together.
    pub bytes: u64,
    /// Whether there is more than the question's limits let through.
    pub more: bool,
    /// The end of what consumers see.
    pub high_watermark: Offset,
    /// The end of what consumers of committed records see.
    pub last_stable: Offset,
    /// What a reader of committed records must leave out.
    pub aborted: Vec<Aborted>,
    /// Start of the log.
    pub log_start: Offset,
}

impl ReadAnswer {
    /// The end of what could be read.
    pub fn end(&self, isolation: Isolation) -> Offset {
        match isolation {
            Isolation::Uncommitted => self.high_watermark,
            Isolation::Committed => self.last_stable,
        }
    }
}

/// How far a partition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// In memory.
    pub appended: Mark,
    /// The device accepted it.
    pub written: Mark,
    /// Flushed.
    pub durable: Mark,
    /// The end of what consumers of committed records see.
    pub last_stable: Offset,
    /// Start of the log.
    pub log_start: Offset,
}

/// Why a partition refused; each has one code of Kafka's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The partition is not here (any more).
    Unknown,
    /// The append was refused.
    Append(AppendError),
    /// It would begin a transaction here: ask the producer's coordinator whether this partition is in it, then
    /// append again with the guard.
    Unverified(Guard),
    /// The guard that came along is void: the transaction for which it was given is over.
    NotInTransaction,
    /// The offset is before the start or after the end.
    OutOfRange {
        /// Start of the log.
        log_start: Offset,
        /// End of what consumers see.
        high_watermark: Offset,
    },
    /// The log is offline: failed, or quarantined.
    Offline,
    /// What was asked for is known to be damaged on the disk.
    Corrupt,
    /// The client knows an older epoch.
    FencedEpoch,
    /// The client knows an epoch that we do not.
    UnknownEpoch,
}

impl Refusal {
    /// Kafka's error code.
    pub fn code(&self) -> ErrorCode {
        use crate::log::producers::SequenceError;
        match self {
            Refusal::Unknown => ErrorCode::UnknownTopicOrPartition,
            Refusal::Append(AppendError::Sequence(error)) => match error {
                SequenceError::OutOfOrder { .. } => ErrorCode::OutOfOrderSequenceNumber,
                SequenceError::DuplicateUnknown => ErrorCode::DuplicateSequenceNumber,
                SequenceError::Fenced { .. } => ErrorCode::InvalidProducerEpoch,
                SequenceError::InTransaction { .. } => ErrorCode::InvalidTxnState,
            },
            Refusal::Append(AppendError::Marker(error)) => match error {
                MarkerError::Fenced { .. } => ErrorCode::InvalidProducerEpoch,
                MarkerError::CoordinatorFenced { .. } => ErrorCode::TransactionCoordinatorFenced,
            },
            Refusal::Unverified(_)
            | Refusal::NotInTransaction
            | Refusal::Append(AppendError::Unverified) => ErrorCode::InvalidTxnState,
            Refusal::Append(AppendError::Full | AppendError::Offline) => {
                ErrorCode::KafkaStorageError
            }
            Refusal::Append(AppendError::NotYet) => ErrorCode::RequestTimedOut,
            Refusal::OutOfRange { .. } => ErrorCode::OffsetOutOfRange,
            Refusal::Offline => ErrorCode::KafkaStorageError,
            Refusal::Corrupt => ErrorCode::CorruptMessage,
            Refusal::FencedEpoch => ErrorCode::FencedLeaderEpoch,
            Refusal::UnknownEpoch => ErrorCode::UnknownLeaderEpoch,
        }
    }
}
