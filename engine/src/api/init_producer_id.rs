//! InitProducerId (key 22, versions 0 to 5): an id for an idempotent producer, never given twice.
//!
//! Ids come from blocks that the controller reserves durably. A producer that brings its id and epoch
//! (v3, KIP-360) gets the next epoch. What a transactional id gets is decided by its coordinator.

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::init_producer_id::{
    InitProducerIdRequest, InitProducerIdResponse,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::access::Allowed;
use super::{Context, Origin, Step, Work, transactions};
use crate::broker::controller::{self, Command, Outcome};
use crate::broker::txn::requests as txn;

/// A request in progress.
pub struct Call {
    origin: Origin,
    block: Option<Result<i64, ErrorCode>>,
}

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = InitProducerIdRequest::decode(r, origin.version)?;
    let call = Call { origin, block: None };
    if let Some(transactional_id) = request.transactional_id {
        let init = txn::InitProducerId {
            transactional_id: transactional_id.to_owned(),
            transaction_timeout_ms: request.transaction_timeout_ms,
            producer_id: request.producer_id,
            producer_epoch: request.producer_epoch,
        };
        let init = txn::Request::InitProducerId(init);
        return Ok(transactions::ask_one(origin, context, transactional_id, init, respond));
    }
    // The next epoch of an id that the producer has, unless epochs are used up.
    if request.producer_id >= 0 && (0..i16::MAX).contains(&request.producer_epoch) {
        let step = call.encode(Ok((request.producer_id, request.producer_epoch + 1)));
        return Ok((Work::InitProducerId(call), step));
    }
    let step = match context.producer_ids.next() {
        Some(id) => call.encode(Ok((id, 0))),
        None => Step::Command(Command::ProducerId),
    };
    Ok((Work::InitProducerId(call), step))
}

fn respond(origin: Origin, answer: txn::Answer) -> Step {
    let txn::Answer::InitProducerId(result) = answer else { unreachable!("an id was asked for") };
    let call = Call { origin, block: None };
    call.encode(result.map(|producer| (producer.producer_id, producer.producer_epoch)))
}

impl Call {
    /// The controller has answered.
    pub fn outcome(&mut self, outcome: Outcome) {
        if let Outcome::ProducerId(first) = outcome {
            self.block = Some(first.map_err(|fault| fault.code));
        }
    }

    /// The answer: the first id of the block; the others are kept for the next requests.
    pub fn reply(&mut self, context: &mut Context<'_>) -> Step {
        match self.block.take().expect("the controller has answered") {
            Ok(first) => {
                *context.producer_ids = controller::producer_id_block(first);
                let id = context.producer_ids.next().expect("a block is not empty");
                self.encode(Ok((id, 0)))
            }
            Err(code) => self.encode(Err(code)),
        }
    }

    fn encode(&self, result: Result<(i64, i16), ErrorCode>) -> Step {
        let (error_code, (producer_id, producer_epoch)) = match result {
            Ok(producer) => (ErrorCode::None, producer),
            Err(code) => (transactions::fenced(code, self.origin.version, 4), (-1, -1)),
        };
        let response =
            InitProducerIdResponse { throttle_time_ms: 0, error_code, producer_id, producer_epoch };
        self.origin.reply(|w| response.encode(w, self.origin.version))
    }
}
