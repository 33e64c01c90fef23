//! ListTransactions (key 66, versions 0 to 2): all transactional ids, from all coordinators.

use std::collections::BTreeSet;

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::list_transactions::{
    ListTransactionsRequest, ListTransactionsResponse, ListedTransaction,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::answer;
use crate::api::access::Allowed;
use crate::api::{Context, Origin, Step, Work, coordinated};
use crate::broker::coordination::{Kind, Question, Reply, Spread};
use crate::broker::txn::requests::{Answer, ListTransactions, Request};

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = ListTransactionsRequest::decode(r, origin.version)?;
    let list = ListTransactions {
        state_filters: request.state_filters.iter().map(|&state| state.to_owned()).collect(),
        producer_id_filters: request.producer_id_filters.clone(),
        duration_filter_ms: request.duration_filter,
        transactional_id_pattern: request.transactional_id_pattern.map(str::to_owned),
    };
    let questions = match Spread::of(context.catalog, Kind::Transactions, context.node.shards) {
        Some(spread) => {
            spread.ask_all(|n| Question::Transactions(n, Request::ListTransactions(list.clone())))
        }
        None => Vec::new(),
    };
    Ok(coordinated::ask(origin, questions, respond))
}

fn respond(origin: Origin, replies: Vec<Reply>) -> Step {
    let (mut error_code, mut unknown, mut states) = (ErrorCode::None, BTreeSet::new(), Vec::new());
    for answer in replies.into_iter().map(answer) {
        match answer {
            Answer::ListTransactions(Ok(list)) => {
                unknown.extend(list.unknown_state_filters);
                states.extend(list.transaction_states);
            }
            // Whoever sees half of the list would take it for the whole.
            Answer::ListTransactions(Err(code)) => error_code = code,
            _ => unreachable!("lists were asked for"),
        }
    }
    if !error_code.is_none() {
        states.clear();
    }
    let states = states.into_iter().map(|listed| ListedTransaction {
        transactional_id: listed.transactional_id.into(),
        producer_id: listed.producer_id,
        transaction_state: listed.transaction_state.name().into(),
    });
    let response = ListTransactionsResponse {
        throttle_time_ms: 0,
        error_code,
        unknown_state_filters: unknown.into_iter().map(Into::into).collect(),
        transaction_states: states.collect(),
    };
    origin.reply(|w| response.encode(w, origin.version))
}
