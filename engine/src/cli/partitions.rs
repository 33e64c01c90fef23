//! Partitions as people name them (`flights`, `flights:0,3`), who leads them, and offsets in their logs.

use super::client::{OPERATION_TIMEOUT_MS, check};
use super::cluster::Cluster;
use super::error::CliError;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopic,
};
use headwater_protocol::messages::metadata::{
    MetadataRequest, MetadataRequestTopic, MetadataResponse,
};
use headwater_protocol::wire::uuid::Uuid;
use std::collections::{BTreeMap, BTreeSet};

/// A topic by name, and a partition of it.
pub type Partition = (String, i32);

/// A topic and some of its partitions, as it was typed; none stands for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The topic.
    pub topic: String,
    /// Which partitions.
    pub partitions: Option<Vec<i32>>,
}

impl Chosen {
    /// Reads `topic` or `topic:0,1`.
    ///
    /// # Errors
    /// When it is neither.
    pub fn parse(text: &str) -> Result<Self, CliError> {
        let expected = "TOPIC or TOPIC:0,1,2";
        let wrong = || CliError::BadArgument { text: text.to_owned(), expected };
        let (topic, partitions) = match text.split_once(':') {
            None => (text, None),
            Some((topic, indexes)) => {
                let index = |index: &str| index.trim().parse::<u16>().map(i32::from);
                let indexes: Result<Vec<_>, _> = indexes.split(',').map(index).collect();
                (topic, Some(indexes.map_err(|_| wrong())?))
            }
        };
        if topic.is_empty() {
            return Err(wrong());
        }
        Ok(Chosen { topic: topic.to_owned(), partitions })
    }
}

/// Leaders by partition, of these topics or of all.
///
/// # Errors
/// When a topic does not exist.
pub fn leaders(
    cluster: &mut Cluster,
    topics: Option<&BTreeSet<&str>>,
) -> Result<BTreeMap<Partition, i32>, CliError> {
    let by_name = |name| MetadataRequestTopic { topic_id: Uuid::ZERO, name: Some(name) };
    let request = MetadataRequest {
        topics: topics.map(|topics| topics.iter().copied().map(by_name).collect()),
        allow_auto_topic_creation: false,
        ..MetadataRequest::default()
    };
    let answer = cluster.any().call(ApiKey::Metadata, |w, version| request.encode(w, version))?;
    let mut leaders = BTreeMap::new();
    for topic in &answer.decode(MetadataResponse::decode)?.topics {
        let name = topic.name.as_deref().unwrap_or_default();
        if topic.error_code == ErrorCode::UnknownTopicOrPartition {
            return Err(CliError::NotFound(format!("topic {name}")));
        }
        check(&format!("find topic {name}"), topic.error_code, None)?;
        let all = topic.partitions.iter();
        leaders.extend(all.map(|p| ((name.to_owned(), p.index), p.leader_id)));
    }
    Ok(leaders)
}

/// The partitions that are meant, with their leaders.
///
/// # Errors
/// When one does not exist.
pub fn find(
    cluster: &mut Cluster,
    chosen: &[Chosen],
) -> Result<BTreeMap<Partition, i32>, CliError> {
    let topics = chosen.iter().map(|chosen| chosen.topic.as_str()).collect();
    let all = leaders(cluster, Some(&topics))?;
    let mut found = BTreeMap::new();
    for Chosen { topic, partitions } in chosen {
        let Some(indexes) = partitions else {
            let of_topic = all.iter().filter(|((name, _), _)| name == topic);
            found.extend(of_topic.map(|(partition, leader)| (partition.clone(), *leader)));
            continue;
        };
        for index in indexes {
            let partition = (topic.clone(), *index);
            let leader = all.get(&partition);
            let leader = leader
                .ok_or_else(|| CliError::NotFound(format!("partition {index} of topic {topic}")))?;
            found.insert(partition, *leader);
        }
    }
    Ok(found)
}

/// Offsets at a time, or at one of the ends; none where there is no such record.
///
/// # Errors
/// When a partition cannot be asked.
pub fn offsets_at(
    cluster: &mut Cluster,
    leaders: &BTreeMap<Partition, i32>,
    timestamp: i64,
) -> Result<BTreeMap<Partition, Option<i64>>, CliError> {
    let mut found = BTreeMap::new();
    let nodes: BTreeSet<i32> = leaders.values().copied().collect();
    for node in nodes {
        let own = leaders.iter().filter(|(_, leader)| **leader == node).map(|(own, _)| own);
        let topics = by_topic(own.cloned()).into_iter();
        let topics: Vec<(String, Vec<i32>)> = topics.collect();
        let asked = topics.iter().map(|(name, indexes)| ListOffsetsTopic {
            name,
            partitions: indexes
                .iter()
                .map(|&index| ListOffsetsPartition { index, timestamp, ..Default::default() })
                .collect(),
        });
        let request = ListOffsetsRequest {
            topics: asked.collect(),
            timeout_ms: OPERATION_TIMEOUT_MS,
            ..ListOffsetsRequest::default()
        };
        let client = cluster.node(node)?;
        let answer = client.call(ApiKey::ListOffsets, |w, version| request.encode(w, version))?;
        for topic in answer.decode(ListOffsetsResponse::decode)?.topics {
            for partition in topic.partitions {
                let name = (topic.name.clone().into_owned(), partition.index);
                let what = format!("ask partition {} of topic {} for an offset", name.1, name.0);
                check(&what, partition.error_code, None)?;
                found.insert(name, (partition.offset >= 0).then_some(partition.offset));
            }
        }
    }
    Ok(found)
}

/// Partitions gathered by their topic.
pub fn by_topic(partitions: impl Iterator<Item = Partition>) -> BTreeMap<String, Vec<i32>> {
    let mut topics: BTreeMap<String, Vec<i32>> = BTreeMap::new();
    for (topic, index) in partitions {
        topics.entry(topic).or_default().push(index);
    }
    topics
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_named_as_people_do() {
        let parse = |text| Chosen::parse(text).ok().map(|chosen| (chosen.topic, chosen.partitions));
        assert_eq!(parse("flights"), Some(("flights".to_owned(), None)));
        assert_eq!(parse("a.b:0,3"), Some(("a.b".to_owned(), Some(vec![0, 3]))));
        for wrong in ["", ":1", "a:", "a:x", "a:-1", "a:1,"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
