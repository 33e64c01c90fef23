//! DescribeTopicPartitions (key 75, version 0): topics and their partitions, so many at a time (KIP-966).
//!
//! In order of names; a cursor says where the next answer goes on. Nobody is eligible beyond those in sync.

use std::collections::BTreeSet;

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::describe_topic_partitions::{
    DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, DescribedPartition,
    DescribedTopic, NextPartitionCursor,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use crate::api::access::Allowed;
use crate::api::{Context, Node, OPERATIONS_NOT_ASKED, Origin, Step, Work};
use crate::broker::catalog::{Catalog, Topic};
use crate::broker::coordination;
use crate::log::directory;

/// Partitions in one answer, whatever the client asks for: Kafka's `max.request.partition.size.limit`.
const PARTITIONS_MAX: i32 = 2000;

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = DescribeTopicPartitionsRequest::decode(r, origin.version)?;
    let response = describe(&request, context.catalog, context.node);
    Ok((Work::Done, origin.reply(|w| response.encode(w, origin.version))))
}

fn describe<'a>(
    request: &DescribeTopicPartitionsRequest<'a>,
    catalog: &'a Catalog,
    node: &Node,
) -> DescribeTopicPartitionsResponse<'a> {
    let (from, mut first) = match &request.cursor {
        Some(cursor) => (cursor.topic_name, cursor.partition_index.max(0)),
        None => ("", 0),
    };
    let names: BTreeSet<&str> = match request.topics.is_empty() {
        true => catalog.topics().map(|topic| topic.name.as_str()).collect(),
        false => request.topics.iter().map(|topic| topic.name).collect(),
    };
    let mut left = request.response_partition_limit.clamp(1, PARTITIONS_MAX);
    let mut response = DescribeTopicPartitionsResponse::default();
    for name in names.range(from..).copied() {
        if name != from {
            first = 0;
        }
        if left == 0 {
            let topic_name = name.into();
            response.next_cursor = Some(NextPartitionCursor { topic_name, partition_index: first });
            break;
        }
        let Some(topic) = catalog.by_name(name) else {
            response.topics.push(unknown(name));
            continue;
        };
        let end = topic.partitions.min(first.saturating_add(left));
        response.topics.push(described(topic, first..end, node));
        left -= (end - first).max(0);
        if end < topic.partitions {
            let topic_name = name.into();
            response.next_cursor = Some(NextPartitionCursor { topic_name, partition_index: end });
            break;
        }
    }
    response
}

fn unknown(name: &str) -> DescribedTopic<'_> {
    let error_code = match directory::is_topic_name(name) {
        true => ErrorCode::UnknownTopicOrPartition,
        false => ErrorCode::InvalidTopic,
    };
    DescribedTopic { error_code, name: Some(name.into()), ..Default::default() }
}

fn described<'a>(
    topic: &'a Topic,
    partitions: std::ops::Range<i32>,
    node: &Node,
) -> DescribedTopic<'a> {
    let partition = |partition_index| DescribedPartition {
        error_code: ErrorCode::None,
        partition_index,
        leader_id: node.id,
        leader_epoch: node.epoch.0,
        replica_nodes: vec![node.id],
        isr_nodes: vec![node.id],
        eligible_leader_replicas: Some(Vec::new()),
        last_known_elr: Some(Vec::new()),
        offline_replicas: Vec::new(),
    };
    DescribedTopic {
        error_code: ErrorCode::None,
        name: Some(topic.name.as_str().into()),
        topic_id: topic.id,
        is_internal: coordination::is_internal(&topic.name),
        partitions: partitions.map(partition).collect(),
        topic_authorized_operations: OPERATIONS_NOT_ASKED,
    }
}
