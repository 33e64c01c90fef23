//! ListTransactions, key 66, versions 0 to 2. Flexible.
//!
//! Names the transactional ids that the broker coordinates. To see all, ask all brokers (KIP-664).
//!
//! | version | adds |
//! | --- | --- |
//! | 1 | only transactions that are open for longer than so long (KIP-994) |
//! | 2 | only transactional ids that match a pattern (KIP-1152) |
//!
//! Skipped: nothing.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// Which transactions are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListTransactionsRequest<'a> {
    /// States wanted, all if empty.
    pub state_filters: Vec<&'a str>,
    /// Producers wanted, all if empty.
    pub producer_id_filters: Vec<i64>,
    /// Open for longer than this many milliseconds, all if negative; from version 1.
    pub duration_filter: i64,
    /// Regular expression that the whole id must match, all if null or empty; from version 2.
    pub transactional_id_pattern: Option<&'a str>,
}

impl Default for ListTransactionsRequest<'_> {
    fn default() -> Self {
        Self {
            state_filters: Vec::new(),
            producer_id_filters: Vec::new(),
            duration_filter: -1,
            transactional_id_pattern: None,
        }
    }
}

impl<'a> ListTransactionsRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            state_filters: r.array(1, Reader::string)?,
            producer_id_filters: r.array(8, Reader::i64)?,
            duration_filter: if version >= 1 { r.i64()? } else { -1 },
            transactional_id_pattern: if version >= 2 { r.nullable_string()? } else { None },
        };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.array(&self.state_filters, |w, filter| w.string(filter));
        w.array(&self.producer_id_filters, |w, filter| w.i64(*filter));
        if version >= 1 {
            w.i64(self.duration_filter);
        }
        if version >= 2 {
            w.nullable_string(self.transactional_id_pattern);
        }
        w.no_tags();
    }
}

/// Transactions found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListTransactionsResponse<'a> {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// Error, or none.
    pub error_code: ErrorCode,
    /// States asked for that do not exist.
    pub unknown_state_filters: Vec<Cow<'a, str>>,
    /// By transactional id.
    pub transaction_states: Vec<ListedTransaction<'a>>,
}

/// A transactional id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTransaction<'a> {
    /// Transactional id.
    pub transactional_id: Cow<'a, str>,
    /// Producer.
    pub producer_id: i64,
    /// State.
    pub transaction_state: Cow<'a, str>,
}

impl Default for ListedTransaction<'_> {
    fn default() -> Self {
        Self {
            transactional_id: Cow::default(),
            producer_id: -1,
            transaction_state: Cow::default(),
        }
    }
}

impl<'a> ListTransactionsResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: r.i32()?,
            error_code: ErrorCode::from_code(r.i16()?),
            unknown_state_filters: r.array(1, |r| Ok(r.string()?.into()))?,
            transaction_states: r.array(10, ListedTransaction::decode)?,
        };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, _version: i16) {
        w.i32(self.throttle_time_ms);
        w.error_code(self.error_code);
        w.array(&self.unknown_state_filters, |w, filter| w.string(filter));
        w.array(&self.transaction_states, |w, state| state.encode(w));
        w.no_tags();
    }
}

impl<'a> ListedTransaction<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let transaction = Self {
            transactional_id: r.string()?.into(),
            producer_id: r.i64()?,
            transaction_state: r.string()?.into(),
        };
        r.skip_tags()?;
        Ok(transaction)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(&self.transactional_id);
        w.i64(self.producer_id);
        w.string(&self.transaction_state);
        w.no_tags();
    }
}
