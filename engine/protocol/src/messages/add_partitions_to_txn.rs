//! AddPartitionsToTxn, key 24, versions 0 to 5.
//!
//! Adds partitions to a transaction, before the producer writes to them. Producers that use
//! transaction version 2 leave it out; the broker they write to does it for them (KIP-890).
//!
//! | version | adds |
//! | --- | --- |
//! | 1 | throttled after the response is sent (KIP-219) |
//! | 2 | InvalidProducerEpoch may be answered as itself (KIP-360) |
//! | 3 | flexible (KIP-482); ProducerFenced may be answered (KIP-588) |
//! | 4 | several transactions, and only to ask whether partitions are in; from brokers (KIP-890) |
//! | 5 | TransactionAbortable may be answered (KIP-890) |
//!
//! Skipped: nothing.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// Partitions to add.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddPartitionsToTxnRequest<'a> {
    /// By transaction; exactly one before version 4.
    pub transactions: Vec<AddPartitionsToTxnTransaction<'a>>,
}

/// Partitions to add to one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddPartitionsToTxnTransaction<'a> {
    /// Transactional id.
    pub transactional_id: &'a str,
    /// Producer.
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i16,
    /// Only say whether they are in it, from version 4.
    pub verify_only: bool,
    /// By topic.
    pub topics: Vec<AddPartitionsToTxnTopic<'a>>,
}

/// Partitions to add of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddPartitionsToTxnTopic<'a> {
    /// Name.
    pub name: &'a str,
    /// Partitions.
    pub partitions: Vec<i32>,
}

impl Default for AddPartitionsToTxnTransaction<'_> {
    fn default() -> Self {
        Self {
            transactional_id: "",
            producer_id: -1,
            producer_epoch: -1,
            verify_only: false,
            topics: Vec::new(),
        }
    }
}

impl<'a> AddPartitionsToTxnRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let transactions = match version {
            4.. => r.array(13, AddPartitionsToTxnTransaction::decode)?,
            _ => vec![AddPartitionsToTxnTransaction::decode_single(r)?],
        };
        r.skip_tags()?;
        Ok(Self { transactions })
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        match (version, self.transactions.first()) {
            (4.., _) => w.array(&self.transactions, |w, transaction| transaction.encode(w)),
            (_, Some(transaction)) => transaction.encode_single(w),
            (_, None) => AddPartitionsToTxnTransaction::default().encode_single(w),
        }
        w.no_tags();
    }
}

impl<'a> AddPartitionsToTxnTransaction<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let transaction = Self {
            transactional_id: r.string()?,
            producer_id: r.i64()?,
            producer_epoch: r.i16()?,
            verify_only: r.bool()?,
            topics: r.array(2, AddPartitionsToTxnTopic::decode)?,
        };
        r.skip_tags()?;
        Ok(transaction)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(self.transactional_id);
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        w.bool(self.verify_only);
        w.array(&self.topics, |w, topic| topic.encode(w));
        w.no_tags();
    }

    fn decode_single(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            transactional_id: r.string()?,
            producer_id: r.i64()?,
            producer_epoch: r.i16()?,
            verify_only: false,
            topics: r.array(2, AddPartitionsToTxnTopic::decode)?,
        })
    }

    fn encode_single(&self, w: &mut Writer<'_>) {
        w.string(self.transactional_id);
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        w.array(&self.topics, |w, topic| topic.encode(w));
    }
}

impl<'a> AddPartitionsToTxnTopic<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let topic = Self { name: r.string()?, partitions: r.array(4, Reader::i32)? };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(self.name);
        w.array(&self.partitions, |w, partition| w.i32(*partition));
        w.no_tags();
    }
}

/// What became of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddPartitionsToTxnResponse<'a> {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// Error of the whole request, or none; from version 4. Before, each partition has to carry it.
    pub error_code: ErrorCode,
    /// By transaction; exactly one before version 4.
    pub results_by_transaction: Vec<AddPartitionsToTxnResult<'a>>,
}

/// What became of the partitions of one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddPartitionsToTxnResult<'a> {
    /// Transactional id, from version 4.
    pub transactional_id: Cow<'a, str>,
    /// By topic.
    pub topic_results: Vec<AddPartitionsToTxnTopicResult<'a>>,
}

/// What became of the partitions of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddPartitionsToTxnTopicResult<'a> {
    /// Name.
    pub name: Cow<'a, str>,
    /// By partition.
    pub results_by_partition: Vec<AddPartitionsToTxnPartitionResult>,
}

/// What became of one partition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddPartitionsToTxnPartitionResult {
    /// Partition.
    pub partition_index: i32,
    /// Error, or none.
    pub partition_error_code: ErrorCode,
}

impl<'a> AddPartitionsToTxnResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: r.i32()?,
            error_code: match version {
                4.. => ErrorCode::from_code(r.i16()?),
                _ => ErrorCode::None,
            },
            results_by_transaction: match version {
                4.. => r.array(2, AddPartitionsToTxnResult::decode)?,
                _ => vec![AddPartitionsToTxnResult::decode_single(r)?],
            },
        };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.i32(self.throttle_time_ms);
        if version >= 4 {
            w.error_code(self.error_code);
        }
        match (version, self.results_by_transaction.first()) {
            (4.., _) => w.array(&self.results_by_transaction, |w, result| result.encode(w)),
            (_, Some(result)) => result.encode_single(w),
            (_, None) => AddPartitionsToTxnResult::default().encode_single(w),
        }
        w.no_tags();
    }
}

impl<'a> AddPartitionsToTxnResult<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let result = Self {
            transactional_id: r.string()?.into(),
            topic_results: r.array(2, AddPartitionsToTxnTopicResult::decode)?,
        };
        r.skip_tags()?;
        Ok(result)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(&self.transactional_id);
        w.array(&self.topic_results, |w, topic| topic.encode(w));
        w.no_tags();
    }

    fn decode_single(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let topic_results = r.array(2, AddPartitionsToTxnTopicResult::decode)?;
        Ok(Self { transactional_id: Cow::default(), topic_results })
    }

    fn encode_single(&self, w: &mut Writer<'_>) {
        w.array(&self.topic_results, |w, topic| topic.encode(w));
    }
}

impl<'a> AddPartitionsToTxnTopicResult<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let topic = Self {
            name: r.string()?.into(),
            results_by_partition: r.array(6, AddPartitionsToTxnPartitionResult::decode)?,
        };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(&self.name);
        w.array(&self.results_by_partition, |w, partition| partition.encode(w));
        w.no_tags();
    }
}

impl AddPartitionsToTxnPartitionResult {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let partition = Self {
            partition_index: r.i32()?,
            partition_error_code: ErrorCode::from_code(r.i16()?),
        };
        r.skip_tags()?;
        Ok(partition)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.i32(self.partition_index);
        w.error_code(self.partition_error_code);
        w.no_tags();
    }
}
