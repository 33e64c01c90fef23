//! ElectLeaders (key 43, versions 0 to 2): asks for another leader where another would be better.
//!
//! One node leads everything: no election is ever needed, and of all partitions none is reported, as in Kafka.

use std::collections::HashSet;

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::elect_leaders::{
    ElectLeadersRequest, ElectLeadersResponse, ElectableTopic, ElectedPartitionResult,
    ElectedTopicResult,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use crate::api::access::Allowed;
use crate::api::{Context, Origin, Step, Work};
use crate::broker::catalog::Catalog;

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = ElectLeadersRequest::decode(r, origin.version)?;
    let topics = request.topic_partitions.unwrap_or_default();
    let response = ElectLeadersResponse {
        replica_election_results: topics
            .iter()
            .map(|topic| elected(topic, context.catalog))
            .collect(),
        ..Default::default()
    };
    Ok((Work::Done, origin.reply(|w| response.encode(w, origin.version))))
}

fn elected<'a>(asked: &ElectableTopic<'a>, catalog: &Catalog) -> ElectedTopicResult<'a> {
    let topic = catalog.by_name(asked.topic);
    let mut seen = HashSet::new();
    let partitions = asked.partitions.iter().filter(|index| seen.insert(**index));
    let results = partitions.map(|&partition_id| {
        let error_code = match topic.is_some_and(|topic| topic.has(partition_id)) {
            true => ErrorCode::ElectionNotNeeded,
            false => ErrorCode::UnknownTopicOrPartition,
        };
        ElectedPartitionResult { partition_id, error_code, error_message: None }
    });
    ElectedTopicResult { topic: asked.topic.into(), partition_result: results.collect() }
}
