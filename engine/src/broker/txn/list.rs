//! ListTransactions and DescribeTransactions: what an operator sees. Reads only.

use std::collections::BTreeMap;

use headwater_protocol::error_code::ErrorCode;

use super::Entry;
use super::requests::{
    ListTransactions, ListedTransaction, TransactionDescription, TransactionList,
};
use super::state::TransactionState;
use super::transaction::Transaction;
use crate::broker::pattern;

/// Those that pass all filters.
pub(super) fn list(
    entries: &BTreeMap<String, Entry>,
    request: &ListTransactions,
    unix_ms: i64,
) -> Result<TransactionList, ErrorCode> {
    let pattern = request.transactional_id_pattern.as_deref().filter(|text| !text.is_empty());
    let pattern = pattern.map(pattern::whole).transpose();
    let pattern = pattern.map_err(|_| ErrorCode::InvalidRegularExpression)?;
    let (mut states, mut unknown_state_filters) = (Vec::new(), Vec::new());
    for name in &request.state_filters {
        match TransactionState::from_name(name) {
            Some(state) => states.push(state),
            None => unknown_state_filters.push(name.clone()),
        }
    }
    let passes = |id: &str, transaction: &Transaction| {
        let (state, producer_id) = (transaction.state, transaction.producer.producer_id);
        let ids = &request.producer_id_filters;
        let open_ms = unix_ms.saturating_sub(transaction.started_ms);
        // A filter of unknown states only lets nothing pass.
        (request.state_filters.is_empty() || states.contains(&state))
            && (ids.is_empty() || ids.contains(&producer_id))
            && (request.duration_filter_ms < 0 || open_ms > request.duration_filter_ms)
            && pattern.as_ref().is_none_or(|pattern| pattern.is_match(id))
    };
    let found = entries.iter().filter(|(id, entry)| passes(id, &entry.transaction));
    let transaction_states = found.map(|(id, Entry { transaction, .. })| ListedTransaction {
        transactional_id: id.clone(),
        producer_id: transaction.producer.producer_id,
        transaction_state: transaction.state,
    });
    Ok(TransactionList { unknown_state_filters, transaction_states: transaction_states.collect() })
}

/// One of them.
pub(super) fn describe(found: Option<&Entry>) -> Result<TransactionDescription, ErrorCode> {
    let entry = found.ok_or(ErrorCode::TransactionalIdNotFound)?;
    let Transaction { state, timeout_ms, started_ms, updated_ms, producer, .. } = entry.transaction;
    Ok(TransactionDescription {
        transaction_state: state,
        transaction_timeout_ms: timeout_ms,
        transaction_start_time_ms: started_ms,
        transaction_last_update_time_ms: updated_ms,
        producer,
        partitions: entry.unmarked(),
    })
}
