//! AddPartitionsToTxn and AddOffsetsToTxn: which partitions a transaction reaches. They are records before
//! anything is written to them, so that a marker can find every partition after a crash.
//!
//! Decides only. Whether topics exist, and who may write to them, was checked before.

use std::collections::BTreeSet;

use headwater_protocol::error_code::ErrorCode;

use super::records;
use super::requests::{
    AddOffsetsToTxn, AddPartitionsToTxn, Answer, ProducerIdAndEpoch, TopicPartition,
    TransactionVersion,
};
use super::settings::Settings;
use super::state::TransactionState;
use super::transaction::Transaction;
use super::turn::Decision;
use crate::planted::{self, Bug};

/// What the record of a transaction may grow by on its way to its end: two tags.
const GROWTH_BYTES: usize = 32;

/// Adds partitions, or only says whether they are in.
pub(super) fn decide_add(
    found: Option<&Transaction>,
    request: &AddPartitionsToTxn,
    settings: &Settings,
    unix_ms: i64,
) -> Decision {
    if request.verify_only {
        return Decision::Answer(verify(found, request));
    }
    let wanted = Wanted {
        transactional_id: &request.transactional_id,
        producer: request.producer,
        partitions: &request.partitions,
        client: request.client,
    };
    let answer = |code| request.answer_all(code);
    wanted.decide(found, settings, unix_ms, answer)
}

/// Adds the partition that holds a group's offsets.
pub(super) fn decide_add_offsets(
    found: Option<&Transaction>,
    request: &AddOffsetsToTxn,
    settings: &Settings,
    unix_ms: i64,
) -> Decision {
    let wanted = Wanted {
        transactional_id: &request.transactional_id,
        producer: request.producer,
        partitions: std::slice::from_ref(&request.offsets),
        // Clients of KIP-890 do not send this: the broker adds the partition for them.
        client: TransactionVersion::V0,
    };
    wanted.decide(found, settings, unix_ms, Answer::AddOffsetsToTxn)
}

/// What both have in common.
struct Wanted<'a> {
    transactional_id: &'a str,
    producer: ProducerIdAndEpoch,
    partitions: &'a [TopicPartition],
    client: TransactionVersion,
}

impl Wanted<'_> {
    fn decide(
        &self,
        found: Option<&Transaction>,
        settings: &Settings,
        unix_ms: i64,
        answer: impl Fn(ErrorCode) -> Answer,
    ) -> Decision {
        match self.next(found, settings, unix_ms) {
            Ok(Some(next)) => Decision::Become(vec![next], answer(ErrorCode::None)),
            Ok(None) => Decision::Answer(answer(ErrorCode::None)),
            Err(code) => Decision::Answer(answer(code)),
        }
    }

    /// The transaction with the partitions; `None` when it has them all.
    fn next(
        &self,
        found: Option<&Transaction>,
        settings: &Settings,
        unix_ms: i64,
    ) -> Result<Option<Transaction>, ErrorCode> {
        let transaction = found.ok_or(ErrorCode::InvalidProducerIdMapping)?;
        // Before the producer is looked at: it may already go by the id that it has after the markers.
        if transaction.state.is_prepared() {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        check_producer(transaction, self.producer)?;
        let has = |partition| transaction.partitions.contains(partition);
        if transaction.state == TransactionState::Ongoing && self.partitions.iter().all(has) {
            return Ok(None);
        }
        let next = transaction.extended(self.partitions, self.client, unix_ms);
        let bytes = records::encode(self.transactional_id, Some(&next)).bytes() + GROWTH_BYTES;
        // Kafka finds out when its log refuses the record, and answers the same.
        if bytes > settings.record_bytes_max {
            return Err(ErrorCode::UnknownServerError);
        }
        Ok(Some(next))
    }
}

fn verify(found: Option<&Transaction>, request: &AddPartitionsToTxn) -> Answer {
    match partitions_to_verify(found, request.producer) {
        Err(code) => request.answer_all(code),
        Ok(partitions) => {
            let each = request.partitions.iter().map(|partition| {
                let is_in = partitions.contains(partition);
                let code = if is_in { ErrorCode::None } else { ErrorCode::TransactionAbortable };
                (partition.clone(), code)
            });
            Answer::AddPartitionsToTxn(each.collect())
        }
    }
}

fn partitions_to_verify(
    found: Option<&Transaction>,
    producer: ProducerIdAndEpoch,
) -> Result<&BTreeSet<TopicPartition>, ErrorCode> {
    let transaction = found.ok_or(ErrorCode::InvalidProducerIdMapping)?;
    check_producer(transaction, producer)?;
    if transaction.state.is_prepared() {
        return Err(ErrorCode::ConcurrentTransactions);
    }
    Ok(&transaction.partitions)
}

/// Whether it is the producer's transaction, and the producer its newest instance.
pub(super) fn check_producer(
    transaction: &Transaction,
    producer: ProducerIdAndEpoch,
) -> Result<(), ErrorCode> {
    if producer.producer_id != transaction.producer.producer_id {
        return Err(ErrorCode::InvalidProducerIdMapping);
    }
    let is_older = producer.producer_epoch < transaction.producer.producer_epoch;
    if is_older && planted::is(Bug::AcceptFencedEpoch) {
        return Ok(());
    }
    if producer.producer_epoch != transaction.producer.producer_epoch {
        return Err(ErrorCode::ProducerFenced);
    }
    Ok(())
}
