//! AddOffsetsToTxn (key 25, versions 0 to 4): a transaction reaches the offsets of a group.

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::add_offsets_to_txn::{
    AddOffsetsToTxnRequest, AddOffsetsToTxnResponse,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::{ask_one, fenced, producer};
use crate::api::access::Allowed;
use crate::api::{Context, Origin, Step, Work};
use crate::broker::coordination::{Kind, OFFSETS_TOPIC, Spread};
use crate::broker::txn::requests::{AddOffsetsToTxn, Answer, Request, TopicPartition};

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = AddOffsetsToTxnRequest::decode(r, origin.version)?;
    let Some(groups) = Spread::of(context.catalog, Kind::Groups, context.node.shards) else {
        // Nobody has looked for the group's coordinator: the client will.
        return Ok((Work::Done, respond(origin, ErrorCode::CoordinatorNotAvailable)));
    };
    let add = AddOffsetsToTxn {
        transactional_id: request.transactional_id.to_owned(),
        producer: producer(request.producer_id, request.producer_epoch),
        offsets: TopicPartition::new(OFFSETS_TOPIC, groups.partition(request.group_id)),
    };
    let (id, add) = (request.transactional_id, Request::AddOffsetsToTxn(add));
    Ok(ask_one(origin, context, id, add, |origin, answer| {
        let Answer::AddOffsetsToTxn(code) = answer else { unreachable!("an addition") };
        respond(origin, code)
    }))
}

fn respond(origin: Origin, error_code: ErrorCode) -> Step {
    let error_code = fenced(error_code, origin.version, 2);
    let response = AddOffsetsToTxnResponse { throttle_time_ms: 0, error_code };
    origin.reply(|w| response.encode(w, origin.version))
}
