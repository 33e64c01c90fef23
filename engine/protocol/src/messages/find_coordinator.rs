//! FindCoordinator, key 10, versions 0 to 6. Flexible from version 3.
//!
//! Names the node that keeps the state of a group or of a transactional id. Version 0 must stay on
//! offer: librdkafka takes its presence for a broker that understands lz4, and sends uncompressed
//! without a word if it is missing.
//!
//! | version | adds |
//! | --- | --- |
//! | 1 | transactions; throttle time, an error message (KIP-98) |
//! | 2 | throttled after the response is sent (KIP-219) |
//! | 3 | flexible (KIP-482) |
//! | 4 | several keys at once (KIP-699) |
//! | 5 | TransactionAbortable may be answered (KIP-890) |
//! | 6 | share groups (KIP-932) |
//!
//! Skipped: nothing.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// Whose coordinator is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FindCoordinatorRequest<'a> {
    /// What the keys are: 0 groups, 1 transactional ids, 2 share partitions. From version 1.
    pub key_type: i8,
    /// The keys; exactly one before version 4.
    pub keys: Vec<&'a str>,
}

impl<'a> FindCoordinatorRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut request = Self::default();
        if version <= 3 {
            request.keys.push(r.string()?);
        }
        if version >= 1 {
            request.key_type = r.i8()?;
        }
        if version >= 4 {
            request.keys = r.array(1, Reader::string)?;
        }
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        if version <= 3 {
            w.string(self.keys.first().copied().unwrap_or_default());
        }
        if version >= 1 {
            w.i8(self.key_type);
        }
        if version >= 4 {
            w.array(&self.keys, |w, key| w.string(key));
        }
        w.no_tags();
    }
}

/// Who coordinates.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FindCoordinatorResponse<'a> {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// One for each key; exactly one before version 4.
    pub coordinators: Vec<Coordinator<'a>>,
}

/// The coordinator of one key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coordinator<'a> {
    /// The key, from version 4.
    pub key: Cow<'a, str>,
    /// The node, -1 with an error.
    pub node_id: i32,
    /// Where it listens.
    pub host: Cow<'a, str>,
    /// Where it listens.
    pub port: i32,
    /// Error, or none.
    pub error_code: ErrorCode,
    /// Why, in words.
    pub error_message: Option<Cow<'a, str>>,
}

impl<'a> FindCoordinatorResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let throttle_time_ms = if version >= 1 { r.i32()? } else { 0 };
        let coordinators = match version {
            4.. => r.array(14, Coordinator::decode)?,
            _ => vec![Coordinator::decode_single(r, version)?],
        };
        r.skip_tags()?;
        Ok(Self { throttle_time_ms, coordinators })
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        if version >= 1 {
            w.i32(self.throttle_time_ms);
        }
        match (version, self.coordinators.first()) {
            (4.., _) => w.array(&self.coordinators, |w, coordinator| coordinator.encode(w)),
            (_, Some(coordinator)) => coordinator.encode_single(w, version),
            (_, None) => Coordinator::default().encode_single(w, version),
        }
        w.no_tags();
    }
}

impl<'a> Coordinator<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let coordinator = Self {
            key: r.string()?.into(),
            node_id: r.i32()?,
            host: r.string()?.into(),
            port: r.i32()?,
            error_code: ErrorCode::from_code(r.i16()?),
            error_message: r.nullable_string()?.map(Cow::from),
        };
        r.skip_tags()?;
        Ok(coordinator)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(&self.key);
        w.i32(self.node_id);
        w.string(&self.host);
        w.i32(self.port);
        w.error_code(self.error_code);
        w.nullable_string(self.error_message.as_deref());
        w.no_tags();
    }

    fn decode_single(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let error_code = ErrorCode::from_code(r.i16()?);
        let error_message = if version >= 1 { r.nullable_string()?.map(Cow::from) } else { None };
        let (node_id, host, port) = (r.i32()?, r.string()?.into(), r.i32()?);
        Ok(Self { key: Cow::default(), node_id, host, port, error_code, error_message })
    }

    fn encode_single(&self, w: &mut Writer<'_>, version: i16) {
        w.error_code(self.error_code);
        if version >= 1 {
            w.nullable_string(self.error_message.as_deref());
        }
        w.i32(self.node_id);
        w.string(&self.host);
        w.i32(self.port);
    }
}
