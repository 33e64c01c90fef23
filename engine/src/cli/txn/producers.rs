//! `headwater txn describe-producers`: who has produced to a partition, and whose transaction is open in it.

use crate::cli::client::check;
use crate::cli::cluster::Cluster;
use crate::cli::error::CliError;
use crate::cli::partitions::{self, Chosen, Partition};
use crate::cli::print::columns;
use crate::cli::time;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::messages::describe_producers::{
    DescribeProducersRequest, DescribeProducersResponse, DescribeProducersTopic, ProducerState,
};
use serde::Serialize;

/// A producer, as a partition knows it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Producer {
    pub producer_id: i64,
    pub producer_epoch: i32,
    /// The epoch of the coordinator that ended a transaction of it here last; -1 for none.
    pub coordinator_epoch: i32,
    pub last_sequence: i32,
    pub last_unix_ms: i64,
    /// Where its open transaction starts.
    pub open_since_offset: Option<i64>,
}

/// What the leader knows.
pub(super) fn of(cluster: &mut Cluster, at: &Partition) -> Result<Vec<Producer>, CliError> {
    let leader = leader(cluster, at)?;
    asked(cluster, leader, std::slice::from_ref(at)).map(|mut all| {
        let producers = all.pop().map(|(_, producers)| producers);
        producers.unwrap_or_default()
    })
}

/// Who leads a partition that must exist.
pub(super) fn leader(cluster: &mut Cluster, at: &Partition) -> Result<i32, CliError> {
    let chosen = Chosen { topic: at.0.clone(), partitions: Some(vec![at.1]) };
    let found = partitions::find(cluster, &[chosen])?;
    found.get(at).copied().ok_or_else(|| CliError::NotFound(format!("topic {}", at.0)))
}

/// Producers of several partitions that one node leads.
pub(super) fn asked(
    cluster: &mut Cluster,
    leader: i32,
    at: &[Partition],
) -> Result<Vec<(Partition, Vec<Producer>)>, CliError> {
    let topics = partitions::by_topic(at.iter().cloned());
    let topics = topics
        .iter()
        .map(|(name, indexes)| DescribeProducersTopic { name, partition_indexes: indexes.clone() });
    let request = DescribeProducersRequest { topics: topics.collect() };
    let answer = cluster
        .node(leader)?
        .call(ApiKey::DescribeProducers, |w, version| request.encode(w, version))?;
    let mut all = Vec::new();
    for topic in answer.decode(DescribeProducersResponse::decode)?.topics {
        for partition in topic.partitions {
            let at = (topic.name.clone().into_owned(), partition.partition_index);
            let what = format!("ask partition {} of topic {} for its producers", at.1, at.0);
            check(&what, partition.error_code, partition.error_message.as_deref())?;
            all.push((at, partition.active_producers.iter().map(Producer::new).collect()));
        }
    }
    Ok(all)
}

impl Producer {
    fn new(state: &ProducerState) -> Self {
        let open_since = state.current_txn_start_offset;
        Producer {
            producer_id: state.producer_id,
            producer_epoch: state.producer_epoch,
            coordinator_epoch: state.coordinator_epoch,
            last_sequence: state.last_sequence,
            last_unix_ms: state.last_timestamp,
            open_since_offset: (open_since >= 0).then_some(open_since),
        }
    }
}

/// For people.
pub(super) fn text(producers: &[Producer]) -> String {
    if producers.is_empty() {
        return "no producers".to_owned();
    }
    let heading = [
        "PRODUCER ID",
        "EPOCH",
        "COORDINATOR EPOCH",
        "LAST SEQUENCE",
        "LAST TIME",
        "OPEN SINCE OFFSET",
    ];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    rows.extend(producers.iter().map(|producer| {
        vec![
            producer.producer_id.to_string(),
            producer.producer_epoch.to_string(),
            producer.coordinator_epoch.to_string(),
            producer.last_sequence.to_string(),
            time::text_of(producer.last_unix_ms),
            producer.open_since_offset.map_or_else(|| "-".to_owned(), |offset| offset.to_string()),
        ]
    }));
    columns(&rows)
}
