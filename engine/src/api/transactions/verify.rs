//! Whether the partitions of a transactional Produce are in its transaction (KIP-890): asked once for each
//! partition and transaction, when the first batch arrives.

use headwater_protocol::error_code::ErrorCode;

use super::{answer, producer};
use crate::api::Context;
use crate::api::produce::ToVerify;
use crate::broker::coordination::{Kind, Question, Reply, Spread};
use crate::broker::txn::requests::{
    AddPartitionsToTxn, Answer, Request, TopicPartition, TransactionVersion,
};
use crate::model::ShardId;

/// From this version of Produce on clients leave it to the broker to add partitions.
const ADDS_PARTITIONS: i16 = 12;

/// The question to the transaction's coordinator, and where that is.
pub fn question(
    verify: &ToVerify<'_>,
    produce_version: i16,
    context: &Context<'_>,
) -> Option<(ShardId, Question)> {
    let spread = Spread::of(context.catalog, Kind::Transactions, context.node.shards)?;
    let partitions = verify.partitions.iter();
    let add = AddPartitionsToTxn {
        transactional_id: verify.transactional_id.to_owned(),
        producer: producer(verify.producer_id, verify.producer_epoch),
        verify_only: produce_version < ADDS_PARTITIONS,
        then_appends: true,
        partitions: partitions.map(|&(name, index)| TopicPartition::new(name, index)).collect(),
        client: TransactionVersion::V2,
    };
    Some(spread.ask_transaction(verify.transactional_id, Request::AddPartitionsToTxn(add)))
}

/// What it said of each partition, in the order of the question.
pub fn codes(reply: Reply) -> Vec<ErrorCode> {
    let Answer::AddPartitionsToTxn(each) = answer(reply) else {
        unreachable!("an addition was asked for")
    };
    each.into_iter().map(|(_, code)| code).collect()
}
