//! `headwater txn find-hanging`: transactions that are open in a partition for longer than any may be, and of which no
//! coordinator knows in that partition: nobody will ever end them, and nothing behind them is read as committed.

use super::describe::{self, Described};
use super::producers::{self, Producer};
use crate::cli::cluster::Cluster;
use crate::cli::error::CliError;
use crate::cli::partitions::{self, Chosen, Partition};
use crate::cli::print::columns;
use crate::cli::time;
use headwater_protocol::messages::list_transactions::ListTransactionsRequest;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Partitions that one request asks about.
const AT_ONCE: usize = 1000;

/// A transaction that hangs.
#[derive(Debug, Serialize)]
pub(super) struct Hanging {
    topic: String,
    partition: i32,
    producer_id: i64,
    producer_epoch: i32,
    coordinator_epoch: i32,
    start_offset: i64,
    last_unix_ms: i64,
    /// How long its producer has not written.
    silent_ms: i64,
}

/// A transaction that is open in a partition.
struct Open {
    at: Partition,
    producer: Producer,
    start_offset: i64,
}

/// Looks for them in a partition, a topic, or everywhere.
pub(super) fn find(
    cluster: &mut Cluster,
    (topic, partition): (Option<&str>, Option<i32>),
    timeout_ms: i64,
) -> Result<Vec<Hanging>, CliError> {
    let leaders = match topic {
        None => partitions::leaders(cluster, None)?,
        Some(topic) => {
            let partitions = partition.map(|partition| vec![partition]);
            partitions::find(cluster, &[Chosen { topic: topic.to_owned(), partitions }])?
        }
    };
    let now_ms = time::now_ms();
    let mut open = open(cluster, &leaders)?;
    open.retain(|open| now_ms - open.producer.last_unix_ms > timeout_ms);
    if open.is_empty() {
        return Ok(Vec::new());
    }
    let known = known(cluster, &open)?;
    let hanging = open.into_iter().filter(|open| is_hanging(open, &known));
    Ok(hanging.map(|open| Hanging::new(open, now_ms)).collect())
}

fn open(cluster: &mut Cluster, leaders: &BTreeMap<Partition, i32>) -> Result<Vec<Open>, CliError> {
    let mut by_node: BTreeMap<i32, Vec<Partition>> = BTreeMap::new();
    for (partition, leader) in leaders {
        by_node.entry(*leader).or_default().push(partition.clone());
    }
    let mut open = Vec::new();
    for (node, partitions) in by_node {
        for some in partitions.chunks(AT_ONCE) {
            for (at, producers) in producers::asked(cluster, node, some)? {
                open.extend(producers.into_iter().filter_map(|producer| {
                    let start_offset = producer.open_since_offset?;
                    Some(Open { at: at.clone(), producer, start_offset })
                }));
            }
        }
    }
    Ok(open)
}

/// What coordinators know of these producers.
fn known(cluster: &mut Cluster, open: &[Open]) -> Result<BTreeMap<i64, Described>, CliError> {
    let producers: BTreeSet<i64> = open.iter().map(|open| open.producer.producer_id).collect();
    let request = ListTransactionsRequest {
        producer_id_filters: producers.into_iter().collect(),
        ..ListTransactionsRequest::default()
    };
    let mut known = BTreeMap::new();
    for listed in super::list(cluster, &request)? {
        // One that is gone meanwhile is not known.
        match describe::describe(cluster, std::slice::from_ref(&listed.transactional_id)) {
            Ok(described) => known.extend(described.into_iter().map(|d| (d.producer_id, d))),
            Err(CliError::NotFound(_)) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(known)
}

/// Its coordinator, if it has one, will not end it in this partition.
fn is_hanging(open: &Open, known: &BTreeMap<i64, Described>) -> bool {
    let (topic, partition) = &open.at;
    let of = known.get(&open.producer.producer_id);
    !of.is_some_and(|of| of.partitions.get(topic).is_some_and(|all| all.contains(partition)))
}

impl Hanging {
    fn new(open: Open, now_ms: i64) -> Self {
        let Open { at: (topic, partition), producer, start_offset } = open;
        Hanging {
            topic,
            partition,
            producer_id: producer.producer_id,
            producer_epoch: producer.producer_epoch,
            coordinator_epoch: producer.coordinator_epoch,
            start_offset,
            last_unix_ms: producer.last_unix_ms,
            silent_ms: now_ms - producer.last_unix_ms,
        }
    }
}

/// For people.
pub(super) fn text(hanging: &[Hanging]) -> String {
    if hanging.is_empty() {
        return "no hanging transactions".to_owned();
    }
    let heading = [
        "TOPIC",
        "PARTITION",
        "PRODUCER ID",
        "EPOCH",
        "COORDINATOR EPOCH",
        "START OFFSET",
        "LAST TIME",
        "SILENT FOR",
    ];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    rows.extend(hanging.iter().map(|one| {
        vec![
            one.topic.clone(),
            one.partition.to_string(),
            one.producer_id.to_string(),
            one.producer_epoch.to_string(),
            one.coordinator_epoch.to_string(),
            one.start_offset.to_string(),
            time::text_of(one.last_unix_ms),
            time::span_text(one.silent_ms),
        ]
    }));
    columns(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_hangs_when_its_coordinator_does_not_know_of_the_partition() {
        let producer = Producer {
            producer_id: 7,
            producer_epoch: 0,
            coordinator_epoch: 0,
            last_sequence: 0,
            last_unix_ms: 0,
            open_since_offset: Some(3),
        };
        let open = |partition| Open {
            at: ("t".to_owned(), partition),
            producer: producer.clone(),
            start_offset: 3,
        };
        let described = Described {
            transactional_id: "x".to_owned(),
            coordinator: 1,
            producer_id: 7,
            producer_epoch: 0,
            state: "Ongoing".to_owned(),
            timeout_ms: 1,
            started_unix_ms: None,
            open_ms: None,
            partitions: [("t".to_owned(), vec![0])].into(),
        };
        assert!(is_hanging(&open(0), &BTreeMap::new()), "nobody knows the producer");
        let known = BTreeMap::from([(7, described)]);
        assert!(!is_hanging(&open(0), &known), "it will be ended");
        assert!(is_hanging(&open(1), &known), "not here");
    }
}
