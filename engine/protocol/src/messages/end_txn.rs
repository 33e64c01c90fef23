//! EndTxn, key 26, versions 0 to 5.
//!
//! Ends a transaction: commit or abort.
//!
//! | version | adds |
//! | --- | --- |
//! | 1 | throttled after the response is sent (KIP-219) |
//! | 2 | InvalidProducerEpoch may be answered as itself (KIP-360) |
//! | 3 | flexible (KIP-482); ProducerFenced may be answered (KIP-588) |
//! | 4 | TransactionAbortable may be answered (KIP-890) |
//! | 5 | transaction version 2: the answer holds the id and epoch for the next transaction (KIP-890) |
//!
//! Skipped: nothing.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;

/// A transaction to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndTxnRequest<'a> {
    /// Transactional id.
    pub transactional_id: &'a str,
    /// Producer.
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i16,
    /// True to commit, false to abort.
    pub committed: bool,
}

impl Default for EndTxnRequest<'_> {
    fn default() -> Self {
        Self { transactional_id: "", producer_id: -1, producer_epoch: -1, committed: false }
    }
}

impl<'a> EndTxnRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            transactional_id: r.string()?,
            producer_id: r.i64()?,
            producer_epoch: r.i16()?,
            committed: r.bool()?,
        };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, _version: i16) {
        w.string(self.transactional_id);
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        w.bool(self.committed);
        w.no_tags();
    }
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndTxnResponse {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// Error, or none.
    pub error_code: ErrorCode,
    /// Producer of the next transaction, -1 after an error; from version 5.
    pub producer_id: i64,
    /// Its epoch, -1 after an error; from version 5.
    pub producer_epoch: i16,
}

impl Default for EndTxnResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: ErrorCode::None,
            producer_id: -1,
            producer_epoch: -1,
        }
    }
}

impl EndTxnResponse {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: r.i32()?,
            error_code: ErrorCode::from_code(r.i16()?),
            producer_id: if version >= 5 { r.i64()? } else { -1 },
            producer_epoch: if version >= 5 { r.i16()? } else { -1 },
        };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.i32(self.throttle_time_ms);
        w.error_code(self.error_code);
        if version >= 5 {
            w.i64(self.producer_id);
            w.i16(self.producer_epoch);
        }
        w.no_tags();
    }
}
