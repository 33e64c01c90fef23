//! `headwater txn describe`: what coordinators know of transactional ids.

use crate::cli::client::check;
use crate::cli::cluster::{Cluster, Coordinated};
use crate::cli::error::CliError;
use crate::cli::print::columns;
use crate::cli::time;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::describe_transactions::{
    DescribeTransactionsRequest, DescribeTransactionsResponse, TransactionState,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// A transactional id in full.
#[derive(Debug, Serialize)]
pub(super) struct Described {
    pub transactional_id: String,
    pub coordinator: i32,
    pub producer_id: i64,
    pub producer_epoch: i16,
    /// Kafka's word.
    pub state: String,
    pub timeout_ms: i32,
    /// Since when it is open, in milliseconds since 1970.
    pub started_unix_ms: Option<i64>,
    pub open_ms: Option<i64>,
    /// What it has written to and must be told its end.
    pub partitions: BTreeMap<String, Vec<i32>>,
}

/// Asks the coordinator of each.
pub(super) fn describe(cluster: &mut Cluster, ids: &[String]) -> Result<Vec<Described>, CliError> {
    ids.iter().map(|id| describe_one(cluster, id)).collect()
}

fn describe_one(cluster: &mut Cluster, id: &str) -> Result<Described, CliError> {
    let request = DescribeTransactionsRequest { transactional_ids: vec![id] };
    let (coordinator, code, described) =
        cluster.ask_coordinator(Coordinated::Transaction, id, |client| {
            let answer = client
                .call(ApiKey::DescribeTransactions, |w, version| request.encode(w, version))?;
            let mut states =
                answer.decode(DescribeTransactionsResponse::decode)?.transaction_states;
            let Some(state) = states.pop() else {
                return Ok((ErrorCode::TransactionalIdNotFound, None));
            };
            Ok((state.error_code, Some(Described::new(state))))
        })?;
    match (code, described) {
        (ErrorCode::TransactionalIdNotFound, _) | (ErrorCode::None, None) => {
            Err(CliError::NotFound(format!("transactional id {id}")))
        }
        (ErrorCode::None, Some(described)) => Ok(Described { coordinator, ..described }),
        (code, _) => Err(check(&format!("describe transactional id {id}"), code, None)
            .expect_err("it is an error")),
    }
}

impl Described {
    fn new(state: TransactionState<'_>) -> Self {
        let started = Some(state.transaction_start_time_ms).filter(|ms| *ms >= 0);
        let topics = state.topics.into_iter().map(|t| (t.topic.into_owned(), t.partitions));
        Described {
            transactional_id: state.transactional_id.into_owned(),
            coordinator: -1,
            producer_id: state.producer_id,
            producer_epoch: state.producer_epoch,
            state: state.transaction_state.into_owned(),
            timeout_ms: state.transaction_timeout_ms,
            started_unix_ms: started,
            open_ms: started.map(|ms| (time::now_ms() - ms).max(0)),
            partitions: topics.collect(),
        }
    }
}

/// For people.
pub(super) fn text(described: &[Described]) -> String {
    let heading = [
        "TRANSACTIONAL ID",
        "COORDINATOR",
        "PRODUCER ID",
        "EPOCH",
        "STATE",
        "TIMEOUT",
        "OPEN SINCE",
        "FOR",
        "PARTITIONS",
    ];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    rows.extend(described.iter().map(|one| {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let partitions = one.partitions.iter().map(|(topic, indexes)| {
            let indexes: Vec<String> = indexes.iter().map(i32::to_string).collect();
            format!("{topic}:{}", indexes.join(","))
        });
        let partitions = partitions.collect::<Vec<_>>().join(" ");
        vec![
            one.transactional_id.clone(),
            one.coordinator.to_string(),
            one.producer_id.to_string(),
            one.producer_epoch.to_string(),
            one.state.clone(),
            time::span_text(one.timeout_ms.into()),
            or_dash(one.started_unix_ms.map(time::text_of)),
            or_dash(one.open_ms.map(time::span_text)),
            or_dash(Some(partitions).filter(|text| !text.is_empty())),
        ]
    }));
    columns(&rows)
}
