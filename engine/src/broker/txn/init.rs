//! InitProducerId (KIP-98, KIP-360): who may take over a transactional id, and under which id and epoch.
//!
//! Decides only. Whoever is there already is fenced by the raised epoch; what it left open is aborted first.

use headwater_protocol::error_code::ErrorCode;

use super::requests::{Answer, InitProducerId, ProducerIdAndEpoch};
use super::settings::Settings;
use super::state::TransactionState;
use super::transaction::{LAST_EPOCH, NO_EPOCH, NO_ID, Transaction};
use super::turn::Decision;
use crate::rare::{self, Rare};

/// What the request leads to; `new_id` is there when it was asked for.
pub(super) fn decide(
    found: Option<&Transaction>,
    request: &InitProducerId,
    settings: &Settings,
    new_id: Option<i64>,
    unix_ms: i64,
) -> Decision {
    match decide_or_refuse(found, request, settings, new_id, unix_ms) {
        Ok(decision) => decision,
        Err(code) => Decision::Answer(Answer::InitProducerId(Err(code))),
    }
}

fn decide_or_refuse(
    found: Option<&Transaction>,
    request: &InitProducerId,
    settings: &Settings,
    new_id: Option<i64>,
    unix_ms: i64,
) -> Result<Decision, ErrorCode> {
    let claimed = claimed(request)?;
    if !(1..=settings.transaction_max_timeout_ms).contains(&request.transaction_timeout_ms) {
        return Err(ErrorCode::InvalidTransactionTimeout);
    }
    let timeout_ms = request.transaction_timeout_ms;
    let become_producer = |from: &Transaction, producer, last_epoch| {
        let next = from.initialised(producer, last_epoch, timeout_ms, unix_ms);
        Decision::Become(vec![next], Answer::InitProducerId(Ok(producer)))
    };
    let Some(transaction) = found else {
        // What a producer claims to be means nothing once it was forgotten.
        let Some(id) = new_id else { return Ok(Decision::NeedProducerId) };
        let producer = ProducerIdAndEpoch::new(id, 0);
        return Ok(become_producer(&Transaction::unborn(id, unix_ms), producer, NO_EPOCH));
    };
    if transaction.state.is_prepared() {
        return Err(ErrorCode::ConcurrentTransactions);
    }
    if claimed.is_some_and(|claimed| !may_claim(transaction, claimed)) {
        return Err(ErrorCode::ProducerFenced);
    }
    if transaction.state == TransactionState::Ongoing {
        rare::reached(Rare::TransactionTakenOver);
        // The client tries again until the abort is complete; by then the epoch is raised once more.
        let answer = Answer::InitProducerId(Err(ErrorCode::ConcurrentTransactions));
        return Ok(Decision::Become(vec![transaction.fenced(unix_ms)], answer));
    }
    let epoch = transaction.producer.producer_epoch;
    match claimed.map(|claimed| claimed.producer_epoch) {
        Some(claimed) if claimed != epoch && claimed != transaction.last_producer_epoch => {
            Err(ErrorCode::ProducerFenced)
        }
        // A retry whose first answer was lost. Nobody came between: that would have forgotten the last
        // epoch. An epoch above the last was made to fence, and is given to nobody.
        Some(claimed) if claimed != epoch && epoch <= LAST_EPOCH => {
            let last = transaction.last_producer_epoch;
            Ok(become_producer(transaction, transaction.producer, last))
        }
        Some(claimed) if claimed != epoch => Err(ErrorCode::ProducerFenced),
        claimed => {
            let last = if claimed.is_some() { epoch } else { NO_EPOCH };
            let producer = if transaction.is_exhausted() {
                new_id.map(|id| ProducerIdAndEpoch::new(id, 0))
            } else {
                Some(ProducerIdAndEpoch::new(transaction.producer.producer_id, epoch + 1))
            };
            let raised = producer.map(|producer| become_producer(transaction, producer, last));
            Ok(raised.unwrap_or(Decision::NeedProducerId))
        }
    }
}

/// Whom the producer claims to be: both numbers or none.
fn claimed(request: &InitProducerId) -> Result<Option<ProducerIdAndEpoch>, ErrorCode> {
    match (request.producer_id, request.producer_epoch) {
        (NO_ID, NO_EPOCH) => Ok(None),
        (NO_ID, _) | (_, NO_EPOCH) => Err(ErrorCode::InvalidRequest),
        (id, epoch) => Ok(Some(ProducerIdAndEpoch::new(id, epoch))),
    }
}

/// The id is the present one, or the one before and its epochs are used up: then it may be a retry of the
/// request that changed it.
fn may_claim(transaction: &Transaction, claimed: ProducerIdAndEpoch) -> bool {
    let is_before = claimed.producer_id == transaction.previous_producer_id;
    claimed.producer_id == transaction.producer.producer_id
        || (is_before && claimed.producer_epoch >= LAST_EPOCH)
}
