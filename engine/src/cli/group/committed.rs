//! What a group has committed: asked for, and changed.

use crate::cli::client::check;
use crate::cli::cluster::{Cluster, Coordinated};
use crate::cli::error::CliError;
use crate::cli::partitions::{Partition, by_topic};
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::offset_commit::{
    OffsetCommitPartition, OffsetCommitRequest, OffsetCommitResponse, OffsetCommitTopic,
};
use headwater_protocol::messages::offset_fetch::{
    OffsetFetchGroup, OffsetFetchRequest, OffsetFetchResponse,
};
use std::collections::BTreeMap;

/// The last versions in which topics are named, not numbered.
const FETCH_BY_NAME: i16 = 9;
const COMMIT_BY_NAME: i16 = 9;

/// All that the group has committed.
///
/// # Errors
/// When it cannot be asked.
pub(super) fn fetch(
    cluster: &mut Cluster,
    group: &str,
) -> Result<BTreeMap<Partition, i64>, CliError> {
    let asked = OffsetFetchGroup { group_id: group, ..OffsetFetchGroup::default() };
    let request = OffsetFetchRequest { groups: vec![asked], require_stable: false };
    let (_, code, committed) = cluster.ask_coordinator(Coordinated::Group, group, |client| {
        let answer = client.call_upto(ApiKey::OffsetFetch, FETCH_BY_NAME, |w, version| {
            request.encode(w, version);
        })?;
        let response = answer.decode(OffsetFetchResponse::decode)?;
        let mut committed = BTreeMap::new();
        let mut code = ErrorCode::None;
        for group in &response.groups {
            code = group.error_code;
            for topic in &group.topics {
                let sound = topic.partitions.iter().filter(|p| p.committed_offset >= 0);
                committed.extend(sound.map(|p| {
                    ((topic.name.clone().into_owned(), p.partition_index), p.committed_offset)
                }));
            }
        }
        Ok((code, committed))
    })?;
    match code {
        ErrorCode::GroupIdNotFound => Ok(BTreeMap::new()),
        code => check(&format!("fetch offsets of group {group}"), code, None).map(|()| committed),
    }
}

/// Commits these offsets for a group without members.
///
/// # Errors
/// At the first one that is refused.
pub(super) fn commit(
    cluster: &mut Cluster,
    group: &str,
    offsets: &BTreeMap<Partition, i64>,
) -> Result<(), CliError> {
    let topics = by_topic(offsets.keys().cloned());
    let partition = |topic: &String, index: i32| OffsetCommitPartition {
        partition_index: index,
        committed_offset: offsets[&(topic.clone(), index)],
        committed_metadata: Some(""),
        ..OffsetCommitPartition::default()
    };
    let topics = topics.iter().map(|(name, indexes)| OffsetCommitTopic {
        name,
        partitions: indexes.iter().map(|index| partition(name, *index)).collect(),
        ..OffsetCommitTopic::default()
    });
    let topics = topics.collect();
    let request = OffsetCommitRequest { group_id: group, topics, ..Default::default() };
    let (_, code, failed) = cluster.ask_coordinator(Coordinated::Group, group, |client| {
        let answer = client.call_upto(ApiKey::OffsetCommit, COMMIT_BY_NAME, |w, version| {
            request.encode(w, version);
        })?;
        let response = answer.decode(OffsetCommitResponse::decode)?;
        let all = response.topics.iter().flat_map(|topic| {
            topic.partitions.iter().map(|p| (topic.name.clone().into_owned(), p))
        });
        let mut failed = all.filter(|(_, partition)| !partition.error_code.is_none());
        let failed = failed.next().map(|(topic, p)| (p.error_code, topic, p.partition_index));
        let code = failed.as_ref().map_or(ErrorCode::None, |failed| failed.0);
        Ok((code, failed))
    })?;
    let at = failed.map_or(String::new(), |(_, topic, index)| {
        format!(" in partition {index} of topic {topic}")
    });
    check(&format!("commit for group {group}{at}"), code, None)
}
