//! AddOffsetsToTxn, key 25, versions 0 to 4.
//!
//! Announces that a transaction will commit offsets of a group: the partition of
//! `__consumer_offsets` that keeps them becomes part of the transaction. Producers that use
//! transaction version 2 leave it out; TxnOffsetCommit does it for them (KIP-890).
//!
//! | version | adds |
//! | --- | --- |
//! | 1 | throttled after the response is sent (KIP-219) |
//! | 2 | InvalidProducerEpoch may be answered as itself (KIP-360) |
//! | 3 | flexible (KIP-482); ProducerFenced may be answered (KIP-588) |
//! | 4 | TransactionAbortable may be answered (KIP-890) |
//!
//! Skipped: nothing.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;

/// A transaction that will commit offsets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddOffsetsToTxnRequest<'a> {
    /// Transactional id.
    pub transactional_id: &'a str,
    /// Producer.
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i16,
    /// Group whose offsets they are.
    pub group_id: &'a str,
}

impl Default for AddOffsetsToTxnRequest<'_> {
    fn default() -> Self {
        Self { transactional_id: "", producer_id: -1, producer_epoch: -1, group_id: "" }
    }
}

impl<'a> AddOffsetsToTxnRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            transactional_id: r.string()?,
            producer_id: r.i64()?,
            producer_epoch: r.i16()?,
            group_id: r.string()?,
        };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, _version: i16) {
        w.string(self.transactional_id);
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        w.string(self.group_id);
        w.no_tags();
    }
}

/// Whether it may.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddOffsetsToTxnResponse {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// Error, or none.
    pub error_code: ErrorCode,
}

impl AddOffsetsToTxnResponse {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let response =
            Self { throttle_time_ms: r.i32()?, error_code: ErrorCode::from_code(r.i16()?) };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, _version: i16) {
        w.i32(self.throttle_time_ms);
        w.error_code(self.error_code);
        w.no_tags();
    }
}
