//! InitProducerId, key 22, versions 0 to 5.
//!
//! Gives a producer its id and epoch: a new pair for an idempotent producer, the pair of the
//! transactional id with a raised epoch for a transactional one, which fences its predecessors.
//!
//! | version | adds |
//! | --- | --- |
//! | 1 | throttled after the response is sent (KIP-219) |
//! | 2 | flexible (KIP-482) |
//! | 3 | current id and epoch, to recover without a new id (KIP-360) |
//! | 4 | ProducerFenced may be answered (KIP-588) |
//! | 5 | TransactionAbortable may be answered (KIP-890) |
//!
//! Skipped: version 6, two-phase commit with an outside coordinator (KIP-939), which Kafka 4.3 does
//! not serve by default either.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;

/// A producer that wants an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitProducerIdRequest<'a> {
    /// Set by a transactional producer.
    pub transactional_id: Option<&'a str>,
    /// How long a transaction may stay open before the broker aborts it.
    pub transaction_timeout_ms: i32,
    /// The producer's current id, -1 if none; from version 3.
    pub producer_id: i64,
    /// The producer's current epoch, -1 if none; from version 3.
    pub producer_epoch: i16,
}

impl Default for InitProducerIdRequest<'_> {
    fn default() -> Self {
        Self {
            transactional_id: None,
            // What Java's idempotent producer sends: there is no transaction to time out.
            transaction_timeout_ms: i32::MAX,
            producer_id: -1,
            producer_epoch: -1,
        }
    }
}

impl<'a> InitProducerIdRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            transactional_id: r.nullable_string()?,
            transaction_timeout_ms: r.i32()?,
            producer_id: if version >= 3 { r.i64()? } else { -1 },
            producer_epoch: if version >= 3 { r.i16()? } else { -1 },
        };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.nullable_string(self.transactional_id);
        w.i32(self.transaction_timeout_ms);
        if version >= 3 {
            w.i64(self.producer_id);
            w.i16(self.producer_epoch);
        }
        w.no_tags();
    }
}

/// The identity, or why there is none. The same in all versions but for the encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitProducerIdResponse {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// Error, or none.
    pub error_code: ErrorCode,
    /// Id, -1 after an error.
    pub producer_id: i64,
    /// Epoch, -1 after an error.
    pub producer_epoch: i16,
}

impl Default for InitProducerIdResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: ErrorCode::None,
            producer_id: -1,
            producer_epoch: -1,
        }
    }
}

impl InitProducerIdResponse {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'_>, _version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: r.i32()?,
            error_code: ErrorCode::from_code(r.i16()?),
            producer_id: r.i64()?,
            producer_epoch: r.i16()?,
        };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, _version: i16) {
        w.i32(self.throttle_time_ms);
        w.error_code(self.error_code);
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        w.no_tags();
    }
}
