//! EndTxn (key 26, versions 0 to 5): a transaction is to count, or not.
//!
//! Answered when the decision is durable; its markers follow. Version 5 (KIP-890) tells the epoch under
//! which the producer goes on.

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::end_txn::{EndTxnRequest, EndTxnResponse};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::{ask_one, fenced, producer};
use crate::api::access::Allowed;
use crate::api::{Context, Origin, Step, Work};
use crate::broker::txn::requests::{
    Answer, EndTxn, ProducerIdAndEpoch, Request, TransactionVersion,
};

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = EndTxnRequest::decode(r, origin.version)?;
    let end = EndTxn {
        transactional_id: request.transactional_id.to_owned(),
        producer: producer(request.producer_id, request.producer_epoch),
        committed: request.committed,
        client: TransactionVersion::of_end_txn(origin.version),
    };
    let (id, end) = (request.transactional_id, Request::EndTxn(end));
    Ok(ask_one(origin, context, id, end, |origin, answer| {
        let Answer::EndTxn(result) = answer else { unreachable!("an end was asked for") };
        let (error_code, next) = match result {
            Ok(next) => (ErrorCode::None, next),
            Err(code) => (fenced(code, origin.version, 2), ProducerIdAndEpoch::NONE),
        };
        let response = EndTxnResponse {
            throttle_time_ms: 0,
            error_code,
            producer_id: next.producer_id,
            producer_epoch: next.producer_epoch,
        };
        origin.reply(|w| response.encode(w, origin.version))
    }))
}
