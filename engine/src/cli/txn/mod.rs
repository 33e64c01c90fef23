//! `headwater txn`: lists and describes transactions, and ends those that hang.
//!
//! | module | what it does |
//! | --- | --- |
//! | here | `list` |
//! | `describe` | `describe` |
//! | `producers` | `describe-producers`: who has produced to a partition |
//! | `hanging` | `find-hanging` |
//! | `abort` | `abort` |

mod abort;
mod describe;
mod hanging;
mod producers;

use super::args::RemoteArgs;
use super::args::txn::TxnVerb;
use super::client::check;
use super::cluster::Cluster;
use super::error::CliError;
use super::print::{Printer, columns};
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::messages::list_transactions::{
    ListTransactionsRequest, ListTransactionsResponse,
};
use serde::Serialize;

/// A transactional id, in short.
#[derive(Debug, Serialize)]
struct Listed {
    transactional_id: String,
    coordinator: i32,
    producer_id: i64,
    /// Kafka's word.
    state: String,
}

/// Does what the verb says.
///
/// # Errors
/// When brokers cannot be asked, or say no.
pub fn run(verb: &TxnVerb, remote: &RemoteArgs) -> Result<(), CliError> {
    let mut cluster = Cluster::connect(&remote.bootstrap)?;
    let mut printer = Printer::new(remote.json);
    match verb {
        TxnVerb::List { state, producer_ids, longer_than_ms, pattern } => {
            let request = ListTransactionsRequest {
                state_filters: state.iter().map(String::as_str).collect(),
                producer_id_filters: producer_ids.clone(),
                duration_filter: longer_than_ms.unwrap_or(-1),
                transactional_id_pattern: pattern.as_deref(),
            };
            let mut listed = list(&mut cluster, &request)?;
            // Brokers let ids pass that never began one: those have no start.
            listed.retain(|one| longer_than_ms.is_none() || one.is_open());
            printer.print(&listed, |listed| list_text(listed))?;
        }
        TxnVerb::Describe { ids } => {
            let described = describe::describe(&mut cluster, ids)?;
            printer.print(&described, |described| describe::text(described))?;
        }
        TxnVerb::DescribeProducers { at } => {
            let at = (at.topic.clone(), at.partition);
            let producers = producers::of(&mut cluster, &at)?;
            printer.print(&producers, |producers| producers::text(producers))?;
        }
        TxnVerb::FindHanging { topic, partition, max_transaction_timeout_min } => {
            let within = (topic.as_deref(), *partition);
            let timeout_ms = i64::from(*max_transaction_timeout_min) * 60_000;
            let hanging = hanging::find(&mut cluster, within, timeout_ms)?;
            printer.print(&hanging, |hanging| hanging::text(hanging))?;
        }
        TxnVerb::Abort { at, start_offset, producer_id, producer_epoch, coordinator_epoch } => {
            let at = (at.topic.clone(), at.partition);
            let of = match (start_offset, producer_id.zip(*producer_epoch)) {
                (_, Some((id, epoch))) => {
                    abort::Of { id, epoch, coordinator_epoch: *coordinator_epoch }
                }
                (Some(offset), None) => abort::at(&mut cluster, &at, *offset)?,
                (None, None) => {
                    return Err(CliError::NothingToDo("--start-offset or --producer-id"));
                }
            };
            let aborted = abort::abort(&mut cluster, at, of)?;
            printer.print(&aborted, abort::Aborted::text)?;
        }
    }
    Ok(())
}

impl Listed {
    /// Whether a transaction has begun and not ended.
    fn is_open(&self) -> bool {
        matches!(self.state.as_str(), "Ongoing" | "PrepareCommit" | "PrepareAbort")
    }
}

/// Each broker knows those that it coordinates.
fn list(
    cluster: &mut Cluster,
    request: &ListTransactionsRequest<'_>,
) -> Result<Vec<Listed>, CliError> {
    let mut listed = Vec::new();
    for coordinator in cluster.nodes() {
        let client = cluster.node(coordinator)?;
        let answer =
            client.call(ApiKey::ListTransactions, |w, version| request.encode(w, version))?;
        let response = answer.decode(ListTransactionsResponse::decode)?;
        check("list transactions", response.error_code, None)?;
        if let Some(unknown) = response.unknown_state_filters.first() {
            let expected = "a state of transactions, as in --help";
            return Err(CliError::BadArgument { text: unknown.clone().into_owned(), expected });
        }
        listed.extend(response.transaction_states.into_iter().map(|found| Listed {
            transactional_id: found.transactional_id.into_owned(),
            coordinator,
            producer_id: found.producer_id,
            state: found.transaction_state.into_owned(),
        }));
    }
    listed.sort_by(|a, b| a.transactional_id.cmp(&b.transactional_id));
    Ok(listed)
}

fn list_text(listed: &[Listed]) -> String {
    if listed.is_empty() {
        return "no transactions".to_owned();
    }
    let heading = ["TRANSACTIONAL ID", "COORDINATOR", "PRODUCER ID", "STATE"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    rows.extend(listed.iter().map(|one| {
        let (coordinator, producer) = (one.coordinator.to_string(), one.producer_id.to_string());
        vec![one.transactional_id.clone(), coordinator, producer, one.state.clone()]
    }));
    columns(&rows)
}
