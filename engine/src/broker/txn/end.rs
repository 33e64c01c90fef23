//! EndTxn: the decision that a transaction counts or does not. Once it is a durable record the producer may
//! be told; the markers follow.
//!
//! Decides only. Up to version 4 (KIP-98) a retry carries the same epoch as the first try. From version 5
//! (KIP-890) each end raises the epoch, so a retry is known by carrying the epoch before:
//!
//! | state | abort, retry | abort | commit, retry | commit |
//! | --- | --- | --- | --- | --- |
//! | Empty | fenced | ends | fenced | INVALID_TXN_STATE |
//! | Ongoing | fenced | ends | fenced | ends |
//! | CompleteAbort | answered alike | ends | INVALID_TXN_STATE | INVALID_TXN_STATE |
//! | CompleteCommit | INVALID_TXN_STATE | ends | answered alike | INVALID_TXN_STATE |
//!
//! In the prepared states it is always CONCURRENT_TRANSACTIONS: the client tries again.

use headwater_protocol::error_code::ErrorCode;

use super::partitions::check_producer;
use super::requests::{Answer, EndTxn, ProducerIdAndEpoch};
use super::state::TransactionState::{self, CompleteAbort, CompleteCommit, Empty, Ongoing};
use super::transaction::{LAST_EPOCH, NO_ID, Transaction};
use super::turn::Decision;
use crate::rare::{self, Rare};

/// What the request leads to; `new_id` is there when it was asked for.
pub(super) fn decide(
    found: Option<&Transaction>,
    request: &EndTxn,
    new_id: Option<i64>,
    unix_ms: i64,
) -> Decision {
    let decided = found.ok_or(ErrorCode::InvalidProducerIdMapping).and_then(|transaction| {
        match request.client.raises_epoch() {
            true => decide_v2(transaction, request, new_id, unix_ms),
            false => decide_v0(transaction, request, unix_ms),
        }
    });
    decided.unwrap_or_else(|code| Decision::Answer(Answer::EndTxn(Err(code))))
}

fn decide_v0(
    transaction: &Transaction,
    request: &EndTxn,
    unix_ms: i64,
) -> Result<Decision, ErrorCode> {
    check_producer(transaction, request.producer)?;
    let same = Answer::EndTxn(Ok(ProducerIdAndEpoch::NONE));
    match (transaction.state, request.committed) {
        (state, _) if state.is_prepared() => Err(ErrorCode::ConcurrentTransactions),
        (Ongoing, committed) => {
            let next = transaction.prepared(committed, request.client, NO_ID, unix_ms);
            Ok(Decision::Become(through(next, unix_ms), same))
        }
        (CompleteCommit, true) | (CompleteAbort, false) => Ok(Decision::Answer(same)),
        _ => Err(ErrorCode::InvalidTxnState),
    }
}

fn decide_v2(
    transaction: &Transaction,
    request: &EndTxn,
    new_id: Option<i64>,
    unix_ms: i64,
) -> Result<Decision, ErrorCode> {
    // Before the producer is looked at: it may already go by the id that it has after the markers.
    if transaction.state.is_prepared() {
        return Err(ErrorCode::ConcurrentTransactions);
    }
    if is_retry(transaction, request.producer) {
        rare::reached(Rare::EndRepeated);
        return match (transaction.state, request.committed) {
            (CompleteCommit, true) | (CompleteAbort, false) => {
                Ok(Decision::Answer(Answer::EndTxn(Ok(transaction.producer))))
            }
            _ => Err(ErrorCode::InvalidTxnState),
        };
    }
    check_producer(transaction, request.producer)?;
    match (transaction.state, request.committed) {
        (Ongoing, _) | (Empty | CompleteCommit | CompleteAbort, false) => {}
        _ => return Err(ErrorCode::InvalidTxnState),
    }
    let next_id = match (transaction.is_exhausted(), new_id) {
        (false, _) => NO_ID,
        (true, Some(id)) => id,
        (true, None) => return Ok(Decision::NeedProducerId),
    };
    let next = transaction.prepared(request.committed, request.client, next_id, unix_ms);
    let answer = Answer::EndTxn(Ok(next.completed(unix_ms).producer));
    Ok(Decision::Become(through(next, unix_ms), answer))
}

/// Whether the transaction has ended once since the producer had this epoch, or this id.
///
/// An epoch above the last one is no sign of that: the broker made it to fence the producer, whose next
/// epoch it cannot be. (Kafka instead takes a new id for such aborts; here the next InitProducerId does.)
/// Nor is it one when the end was by older rules, which raise nothing: then the epoch is a successor's, and
/// its commit would be taken for that of the producer that it has fenced. (Kafka does not look.)
fn is_retry(transaction: &Transaction, producer: ProducerIdAndEpoch) -> bool {
    let now = transaction.producer;
    let raised = producer.producer_id == now.producer_id
        && now.producer_epoch <= LAST_EPOCH
        && i32::from(producer.producer_epoch) + 1 == i32::from(now.producer_epoch);
    let renewed = producer.producer_id == transaction.previous_producer_id
        && producer.producer_id != now.producer_id
        && producer.producer_epoch == LAST_EPOCH
        && now.producer_epoch == 0;
    is_complete(transaction.state) && transaction.client.raises_epoch() && (raised || renewed)
}

fn is_complete(state: TransactionState) -> bool {
    matches!(state, CompleteCommit | CompleteAbort)
}

/// A transaction that reached no partition needs no markers: it is complete in the same batch.
pub(super) fn through(prepared: Transaction, unix_ms: i64) -> Vec<Transaction> {
    if !prepared.partitions.is_empty() {
        return vec![prepared];
    }
    let completed = prepared.completed(unix_ms);
    vec![prepared, completed]
}
