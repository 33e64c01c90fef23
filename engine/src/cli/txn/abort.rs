//! `headwater txn abort`: writes the marker that ends a transaction in one partition, whatever its coordinator thinks.

use super::producers;
use crate::cli::client::check;
use crate::cli::cluster::Cluster;
use crate::cli::error::CliError;
use crate::cli::partitions::Partition;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::messages::write_txn_markers::{
    WritableTxnMarker, WritableTxnMarkerTopic, WriteTxnMarkersRequest, WriteTxnMarkersResponse,
};
use serde::Serialize;

/// Whose transaction is ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Of {
    pub id: i64,
    pub epoch: i16,
    pub coordinator_epoch: i32,
}

/// What was done.
#[derive(Debug, Serialize)]
pub(super) struct Aborted {
    topic: String,
    partition: i32,
    producer_id: i64,
    producer_epoch: i16,
    coordinator_epoch: i32,
    /// `aborted`.
    outcome: &'static str,
}

/// The producer whose open transaction starts at an offset.
pub(super) fn at(cluster: &mut Cluster, at: &Partition, start_offset: i64) -> Result<Of, CliError> {
    let producers = producers::of(cluster, at)?;
    let found = producers.iter().find(|p| p.open_since_offset == Some(start_offset));
    let found = found.ok_or_else(|| {
        let (topic, partition) = at;
        let place = format!("offset {start_offset} of partition {partition} of topic {topic}");
        CliError::NotFound(format!("open transaction that starts at {place}"))
    })?;
    let expected = "a producer epoch that fits 16 bits";
    let epoch = i16::try_from(found.producer_epoch)
        .map_err(|_| CliError::BadArgument { text: found.producer_epoch.to_string(), expected })?;
    // Where no coordinator has written before, any may.
    let coordinator_epoch = found.coordinator_epoch.max(0);
    Ok(Of { id: found.producer_id, epoch, coordinator_epoch })
}

/// Asks the leader to append an abort marker.
pub(super) fn abort(cluster: &mut Cluster, at: Partition, of: Of) -> Result<Aborted, CliError> {
    let leader = producers::leader(cluster, &at)?;
    let (topic, partition) = at;
    let marker = WritableTxnMarker {
        producer_id: of.id,
        producer_epoch: of.epoch,
        transaction_result: false,
        topics: vec![WritableTxnMarkerTopic { name: &topic, partition_indexes: vec![partition] }],
        coordinator_epoch: of.coordinator_epoch,
        transaction_version: 0,
    };
    let request = WriteTxnMarkersRequest { markers: vec![marker] };
    let answer = cluster
        .node(leader)?
        .call(ApiKey::WriteTxnMarkers, |w, version| request.encode(w, version))?;
    let response = answer.decode(WriteTxnMarkersResponse::decode)?;
    let results = response.markers.iter().flat_map(|m| &m.topics).flat_map(|t| &t.partitions);
    for result in results {
        let what = format!("abort in partition {partition} of topic {topic}");
        check(&what, result.error_code, None)?;
    }
    Ok(Aborted {
        topic,
        partition,
        producer_id: of.id,
        producer_epoch: of.epoch,
        coordinator_epoch: of.coordinator_epoch,
        outcome: "aborted",
    })
}

impl Aborted {
    /// For people.
    pub(super) fn text(&self) -> String {
        let Aborted { outcome, topic, partition, producer_id, producer_epoch, .. } = self;
        format!("{outcome} producer {producer_id} epoch {producer_epoch} in {topic}-{partition}")
    }
}
