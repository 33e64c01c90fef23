//! AddPartitionsToTxn (key 24, versions 0 to 5): a transaction reaches these partitions.
//!
//! Versions 0 to 3 come from clients and name one transaction, later ones from brokers and name several.
//! When a topic is missing nothing is added, and the other partitions are "not attempted".

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::add_partitions_to_txn::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnRequest, AddPartitionsToTxnResponse,
    AddPartitionsToTxnResult, AddPartitionsToTxnTopicResult, AddPartitionsToTxnTransaction,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::{answer, by_topic, fenced, producer};
use crate::api::access::Allowed;
use crate::api::{Context, Origin, Step, Work, coordinated};
use crate::broker::catalog::Catalog;
use crate::broker::coordination::{Kind, Reply, Spread};
use crate::broker::txn::requests::{
    AddPartitionsToTxn, Answer, Request, TopicPartition, TransactionVersion,
};

/// A transaction of the request: answered here, or by its coordinator.
struct Asked {
    transactional_id: String,
    refused: Option<Answer>,
}

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = AddPartitionsToTxnRequest::decode(r, origin.version)?;
    let spread = Spread::of(context.catalog, Kind::Transactions, context.node.shards);
    let (mut asked, mut questions) = (Vec::new(), Vec::new());
    for transaction in &request.transactions {
        let add = addition(transaction, origin.version);
        let missing = missing(&add, context.catalog);
        let refused = match (&spread, missing) {
            (_, Some(refused)) => Some(refused),
            (None, None) => Some(add.answer_all(ErrorCode::NotCoordinator)),
            (Some(spread), None) => {
                let id = transaction.transactional_id;
                questions.push(spread.ask_transaction(id, Request::AddPartitionsToTxn(add)));
                None
            }
        };
        let transactional_id = transaction.transactional_id.to_owned();
        asked.push(Asked { transactional_id, refused });
    }
    Ok(coordinated::ask(origin, questions, |origin, replies| respond(origin, asked, replies)))
}

fn addition(transaction: &AddPartitionsToTxnTransaction<'_>, version: i16) -> AddPartitionsToTxn {
    let partitions = transaction.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|&index| TopicPartition::new(topic.name, index))
    });
    AddPartitionsToTxn {
        transactional_id: transaction.transactional_id.to_owned(),
        producer: producer(transaction.producer_id, transaction.producer_epoch),
        verify_only: transaction.verify_only,
        then_appends: false,
        partitions: partitions.collect(),
        client: TransactionVersion::of_add_partitions(version),
    }
}

/// The answer when not all partitions exist.
fn missing(add: &AddPartitionsToTxn, catalog: &Catalog) -> Option<Answer> {
    let exists = |one: &TopicPartition| {
        catalog.by_name(&one.topic).is_some_and(|topic| topic.has(one.partition))
    };
    if add.partitions.iter().all(exists) {
        return None;
    }
    let each = add.partitions.iter().map(|one| {
        let code = match exists(one) {
            true => ErrorCode::OperationNotAttempted,
            false => ErrorCode::UnknownTopicOrPartition,
        };
        (one.clone(), code)
    });
    Some(Answer::AddPartitionsToTxn(each.collect()))
}

fn respond(origin: Origin, asked: Vec<Asked>, replies: Vec<Reply>) -> Step {
    let mut replies = replies.into_iter().map(answer);
    let results = asked.into_iter().map(|asked| {
        let next = || replies.next().expect("an answer for each that was asked about");
        let Answer::AddPartitionsToTxn(each) = asked.refused.unwrap_or_else(next) else {
            unreachable!("an addition was asked for")
        };
        let version = origin.version;
        let each = each.into_iter().map(|(at, code)| (at, fenced(code, version, 2))).collect();
        result(asked.transactional_id, each)
    });
    let response = AddPartitionsToTxnResponse {
        throttle_time_ms: 0,
        error_code: ErrorCode::None,
        results_by_transaction: results.collect(),
    };
    origin.reply(|w| response.encode(w, origin.version))
}

fn result(
    transactional_id: String,
    each: Vec<(TopicPartition, ErrorCode)>,
) -> AddPartitionsToTxnResult<'static> {
    let topics = by_topic(each).into_iter().map(|(name, partitions)| {
        let one = |(partition_index, partition_error_code)| AddPartitionsToTxnPartitionResult {
            partition_index,
            partition_error_code,
        };
        let results_by_partition = partitions.into_iter().map(one).collect();
        AddPartitionsToTxnTopicResult { name: name.into(), results_by_partition }
    });
    let topic_results = topics.collect();
    AddPartitionsToTxnResult { transactional_id: transactional_id.into(), topic_results }
}
