//! DescribeTransactions (key 65, version 0): where transactional ids are, and what their transactions
//! reach.

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::describe_transactions::{
    DescribeTransactionsRequest, DescribeTransactionsResponse, TransactionState, TransactionTopic,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::{answer, by_topic};
use crate::api::access::Allowed;
use crate::api::{Context, Origin, Step, Work, coordinated};
use crate::broker::coordination::{Kind, Spread};
use crate::broker::txn::requests::{Answer, Request, TransactionDescription};

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = DescribeTransactionsRequest::decode(r, origin.version)?;
    let ids: Vec<String> = request.transactional_ids.iter().map(|&id| id.to_owned()).collect();
    let Some(spread) = Spread::of(context.catalog, Kind::Transactions, context.node.shards) else {
        let nobody = || Answer::DescribeTransactions(Err(ErrorCode::TransactionalIdNotFound));
        let answers = ids.iter().map(|_| nobody()).collect();
        return Ok((Work::Done, respond(origin, ids, answers)));
    };
    let ask = |id: &String| {
        let transactional_id = id.clone();
        spread.ask_transaction(id, Request::DescribeTransactions { transactional_id })
    };
    let questions = ids.iter().map(ask).collect();
    Ok(coordinated::ask(origin, questions, |origin, replies| {
        respond(origin, ids, replies.into_iter().map(answer).collect())
    }))
}

fn respond(origin: Origin, ids: Vec<String>, answers: Vec<Answer>) -> Step {
    let states = ids.into_iter().zip(answers).map(|(id, answer)| match answer {
        Answer::DescribeTransactions(Ok(found)) => described(id, found),
        Answer::DescribeTransactions(Err(error_code)) => {
            TransactionState { error_code, transactional_id: id.into(), ..Default::default() }
        }
        _ => unreachable!("descriptions were asked for"),
    });
    let transaction_states = states.collect();
    let response = DescribeTransactionsResponse { throttle_time_ms: 0, transaction_states };
    origin.reply(|w| response.encode(w, origin.version))
}

fn described(id: String, found: TransactionDescription) -> TransactionState<'static> {
    let topics = by_topic(found.partitions.into_iter().map(|partition| (partition, ())));
    let topics = topics.into_iter().map(|(topic, partitions)| TransactionTopic {
        topic: topic.into(),
        partitions: partitions.into_iter().map(|(index, ())| index).collect(),
    });
    TransactionState {
        error_code: ErrorCode::None,
        transactional_id: id.into(),
        transaction_state: found.transaction_state.name().into(),
        transaction_timeout_ms: found.transaction_timeout_ms,
        transaction_start_time_ms: found.transaction_start_time_ms,
        producer_id: found.producer.producer_id,
        producer_epoch: found.producer.producer_epoch,
        topics: topics.collect(),
    }
}
