//! `headwater topic describe`: partitions with their offsets, and settings that differ from the broker's.

use super::super::client::{Client, check};
use super::super::config::{self, Shown};
use super::super::error::CliError;
use super::super::print::columns;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::messages::describe_configs::{ConfigSource, RESOURCE_TYPE_TOPIC};
use headwater_protocol::messages::list_offsets::{
    EARLIEST_TIMESTAMP, LATEST_TIMESTAMP, ListOffsetsPartition, ListOffsetsPartitionResponse,
    ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopic,
};
use headwater_protocol::messages::metadata::{MetadataResponse, MetadataTopic};
use serde::Serialize;

/// A topic in full.
#[derive(Debug, Serialize)]
pub(super) struct Described {
    topic: String,
    id: String,
    partitions: Vec<Partition>,
    /// Settings of its own.
    settings: Vec<Shown>,
}

#[derive(Debug, Serialize)]
struct Partition {
    partition: i32,
    leader: i32,
    leader_epoch: i32,
    replicas: Vec<i32>,
    in_sync: Vec<i32>,
    log_start_offset: i64,
    high_watermark: i64,
    /// Kafka's error, if the partition cannot be used.
    error: Option<&'static str>,
}

/// Asks for everything about these topics, or all.
pub(super) fn describe(client: &mut Client, names: &[String]) -> Result<Vec<Described>, CliError> {
    let answer = super::metadata(client, (!names.is_empty()).then_some(names))?;
    let mut response = answer.decode(MetadataResponse::decode)?;
    response.topics.sort_by(|a, b| a.name.cmp(&b.name));
    response.topics.iter().map(|topic| describe_one(client, topic)).collect()
}

fn describe_one(client: &mut Client, topic: &MetadataTopic<'_>) -> Result<Described, CliError> {
    let name = topic.name.as_deref().unwrap_or_default();
    check(&format!("describe topic {name}"), topic.error_code, None)?;
    let mut partitions: Vec<Partition> = topic
        .partitions
        .iter()
        .map(|partition| Partition {
            partition: partition.index,
            leader: partition.leader_id,
            leader_epoch: partition.leader_epoch,
            replicas: partition.replica_nodes.clone(),
            in_sync: partition.isr_nodes.clone(),
            log_start_offset: -1,
            high_watermark: -1,
            error: (!partition.error_code.is_none()).then(|| partition.error_code.name()),
        })
        .collect();
    partitions.sort_by_key(|partition| partition.partition);
    for (partition, start) in offsets(client, name, &partitions, EARLIEST_TIMESTAMP)? {
        partitions[partition].log_start_offset = start.offset;
        let error = (!start.error_code.is_none()).then(|| start.error_code.name());
        partitions[partition].error = partitions[partition].error.or(error);
    }
    for (partition, end) in offsets(client, name, &partitions, LATEST_TIMESTAMP)? {
        partitions[partition].high_watermark = end.offset;
    }
    let mut settings = config::ask(client, RESOURCE_TYPE_TOPIC, name)?;
    settings.retain(|setting| setting.is_from(ConfigSource::DynamicTopic));
    Ok(Described { topic: name.to_owned(), id: topic.topic_id.to_string(), partitions, settings })
}

/// For each partition its place in the list, and the answer.
fn offsets(
    client: &mut Client,
    name: &str,
    partitions: &[Partition],
    timestamp: i64,
) -> Result<Vec<(usize, ListOffsetsPartitionResponse)>, CliError> {
    let asked = partitions.iter().map(|partition| ListOffsetsPartition {
        index: partition.partition,
        current_leader_epoch: -1,
        timestamp,
        max_num_offsets: 1,
    });
    let request = ListOffsetsRequest {
        replica_id: -1,
        isolation_level: 0,
        topics: vec![ListOffsetsTopic { name, partitions: asked.collect() }],
        timeout_ms: super::OPERATION_TIMEOUT_MS,
    };
    let answer = client.call(ApiKey::ListOffsets, |w, version| request.encode(w, version))?;
    let response = answer.decode(ListOffsetsResponse::decode)?;
    let answers = response.topics.into_iter().flat_map(|topic| topic.partitions);
    let place = |answer: &ListOffsetsPartitionResponse| {
        partitions.iter().position(|asked| asked.partition == answer.index)
    };
    Ok(answers.filter_map(|answer| Some((place(&answer)?, answer))).collect())
}

/// For people.
pub(super) fn text(described: &[Described]) -> String {
    if described.is_empty() {
        return "no topics".to_owned();
    }
    let mut text = String::new();
    for topic in described {
        text.push_str(&format!(
            "{}  {} partitions  id {}\n",
            topic.topic,
            topic.partitions.len(),
            topic.id
        ));
        for setting in &topic.settings {
            text.push_str(&format!("  {}\n", setting.text()));
        }
        text.push_str(&indent(&columns(&partition_rows(&topic.partitions))));
        text.push('\n');
    }
    text
}

fn partition_rows(partitions: &[Partition]) -> Vec<Vec<String>> {
    let heading =
        ["PARTITION", "LEADER", "EPOCH", "START", "HIGH WATERMARK", "REPLICAS", "IN SYNC"];
    let ids = |ids: &[i32]| ids.iter().map(i32::to_string).collect::<Vec<_>>().join(",");
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for partition in partitions {
        let mut row = vec![
            partition.partition.to_string(),
            partition.leader.to_string(),
            partition.leader_epoch.to_string(),
            partition.log_start_offset.to_string(),
            partition.high_watermark.to_string(),
            ids(&partition.replicas),
            ids(&partition.in_sync),
        ];
        row.extend(partition.error.map(str::to_owned));
        rows.push(row);
    }
    rows
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}
