//! DescribeTransactions, key 65, version 0. Flexible.
//!
//! Tells the state of transactions, by transactional id (KIP-664).
//!
//! Skipped: nothing.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// Transactions asked about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DescribeTransactionsRequest<'a> {
    /// Transactional ids.
    pub transactional_ids: Vec<&'a str>,
}

impl<'a> DescribeTransactionsRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let request = Self { transactional_ids: r.array(1, Reader::string)? };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, _version: i16) {
        w.array(&self.transactional_ids, |w, id| w.string(id));
        w.no_tags();
    }
}

/// Transactions found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DescribeTransactionsResponse<'a> {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// By transactional id.
    pub transaction_states: Vec<TransactionState<'a>>,
}

/// The state of one transactional id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionState<'a> {
    /// Error, or none.
    pub error_code: ErrorCode,
    /// Transactional id.
    pub transactional_id: Cow<'a, str>,
    /// State, as `Ongoing`; empty after an error.
    pub transaction_state: Cow<'a, str>,
    /// How long a transaction may stay open.
    pub transaction_timeout_ms: i32,
    /// When it began, -1 if none is open.
    pub transaction_start_time_ms: i64,
    /// Producer.
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i16,
    /// Partitions in the transaction.
    pub topics: Vec<TransactionTopic<'a>>,
}

/// Partitions of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TransactionTopic<'a> {
    /// Name.
    pub topic: Cow<'a, str>,
    /// Partitions.
    pub partitions: Vec<i32>,
}

impl Default for TransactionState<'_> {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::None,
            transactional_id: Cow::default(),
            transaction_state: Cow::default(),
            transaction_timeout_ms: 0,
            transaction_start_time_ms: 0,
            producer_id: -1,
            producer_epoch: -1,
            topics: Vec::new(),
        }
    }
}

impl<'a> DescribeTransactionsResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: r.i32()?,
            transaction_states: r.array(27, TransactionState::decode)?,
        };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, _version: i16) {
        w.i32(self.throttle_time_ms);
        w.array(&self.transaction_states, |w, state| state.encode(w));
        w.no_tags();
    }
}

impl<'a> TransactionState<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let state = Self {
            error_code: ErrorCode::from_code(r.i16()?),
            transactional_id: r.string()?.into(),
            transaction_state: r.string()?.into(),
            transaction_timeout_ms: r.i32()?,
            transaction_start_time_ms: r.i64()?,
            producer_id: r.i64()?,
            producer_epoch: r.i16()?,
            topics: r.array(2, TransactionTopic::decode)?,
        };
        r.skip_tags()?;
        Ok(state)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.error_code(self.error_code);
        w.string(&self.transactional_id);
        w.string(&self.transaction_state);
        w.i32(self.transaction_timeout_ms);
        w.i64(self.transaction_start_time_ms);
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        w.array(&self.topics, |w, topic| topic.encode(w));
        w.no_tags();
    }
}

impl<'a> TransactionTopic<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let topic = Self { topic: r.string()?.into(), partitions: r.array(4, Reader::i32)? };
        r.skip_tags()?;
        Ok(topic)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(&self.topic);
        w.array(&self.partitions, |w, partition| w.i32(*partition));
        w.no_tags();
    }
}
