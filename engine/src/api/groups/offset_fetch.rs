//! OffsetFetch (key 9, versions 1 to 10): how far groups have read.

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::offset_fetch::{
    OffsetFetchGroup, OffsetFetchGroupResult, OffsetFetchPartitionResult, OffsetFetchRequest,
    OffsetFetchResponse, OffsetFetchTopicResult,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;
use headwater_protocol::wire::uuid::Uuid;

use super::{ask_each, owned};
use crate::api::access::Allowed;
use crate::api::{Context, Origin, Step, Work};
use crate::broker::catalog::Catalog;
use crate::broker::groups::rpc::offsets::{Fetched, FetchedOffset, OffsetFetch};
use crate::broker::groups::rpc::{Answer, Request};

/// From this version on topics are named by their ids.
const TOPIC_IDS: i16 = 10;

/// What a group's answer needs besides the coordinator's.
struct Asked {
    group_id: String,
    /// Topics by id that are not there, with their partitions.
    unknown: Vec<(Uuid, Vec<i32>)>,
}

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let version = origin.version;
    let request = OffsetFetchRequest::decode(r, version)?;
    let groups = request.groups.iter();
    let asked: Vec<Asked> = groups.map(|group| asked(group, version, context.catalog)).collect();
    let group_ids: Vec<&str> = request.groups.iter().map(|group| group.group_id).collect();
    let catalog = context.catalog.clone();
    let one = |n: usize| {
        let topics = named(&request.groups[n], version, &catalog);
        Request::OffsetFetch(fetch(&request.groups[n], topics, request.require_stable))
    };
    let names = context.catalog.clone();
    Ok(ask_each(origin, context, &group_ids, one, move |origin, answers| {
        let groups = asked.into_iter().zip(answers).map(|(asked, answer)| match answer {
            Answer::OffsetFetch(fetched) => result(asked, fetched, origin.version, &names),
            _ => unreachable!("offsets were asked for"),
        });
        let response = OffsetFetchResponse { throttle_time_ms: 0, groups: groups.collect() };
        origin.reply(|w| response.encode(w, origin.version))
    }))
}

type Topics = Option<Vec<(String, Vec<i32>)>>;

fn fetch(group: &OffsetFetchGroup<'_>, topics: Topics, require_stable: bool) -> OffsetFetch {
    OffsetFetch {
        group_id: group.group_id.to_owned(),
        member_id: owned(group.member_id),
        member_epoch: group.member_epoch,
        topics,
        require_stable,
    }
}

/// The topics of a group by name; those that have no name are left out.
fn named(group: &OffsetFetchGroup<'_>, version: i16, catalog: &Catalog) -> Topics {
    let topics = group.topics.as_ref()?.iter().filter_map(|topic| {
        let name = match version {
            TOPIC_IDS.. => &catalog.by_id(topic.topic_id)?.name,
            _ => topic.name,
        };
        Some((name.to_owned(), topic.partition_indexes.clone()))
    });
    Some(topics.collect())
}

fn asked(group: &OffsetFetchGroup<'_>, version: i16, catalog: &Catalog) -> Asked {
    let by_id = group.topics.iter().flatten().filter(|_| version >= TOPIC_IDS);
    let unknown = by_id.filter(|topic| catalog.by_id(topic.topic_id).is_none());
    let unknown = unknown.map(|topic| (topic.topic_id, topic.partition_indexes.clone()));
    Asked { group_id: group.group_id.to_owned(), unknown: unknown.collect() }
}

fn result(
    asked: Asked,
    fetched: Fetched,
    version: i16,
    catalog: &Catalog,
) -> OffsetFetchGroupResult<'static> {
    let id_of = |name: &str| catalog.by_name(name).map_or(Uuid::ZERO, |topic| topic.id);
    let known = fetched.topics.into_iter().map(|(name, offsets)| OffsetFetchTopicResult {
        topic_id: id_of(&name),
        name: name.into(),
        partitions: offsets.into_iter().map(offset).collect(),
    });
    // A topic that is gone has offsets still, but no id that they could be told by.
    let known = known.filter(|topic| version < TOPIC_IDS || topic.topic_id != Uuid::ZERO);
    let unknown = asked.unknown.into_iter().map(|(topic_id, indexes)| OffsetFetchTopicResult {
        name: "".into(),
        topic_id,
        partitions: indexes.into_iter().map(no_such_topic).collect(),
    });
    OffsetFetchGroupResult {
        group_id: asked.group_id.into(),
        topics: known.chain(unknown).collect(),
        error_code: fetched.error_code,
    }
}

fn offset(offset: FetchedOffset) -> OffsetFetchPartitionResult<'static> {
    OffsetFetchPartitionResult {
        partition_index: offset.partition_index,
        committed_offset: offset.committed_offset,
        committed_leader_epoch: offset.committed_leader_epoch,
        metadata: Some(offset.metadata.into()),
        error_code: offset.error_code,
    }
}

fn no_such_topic(partition_index: i32) -> OffsetFetchPartitionResult<'static> {
    OffsetFetchPartitionResult {
        partition_index,
        metadata: Some("".into()),
        error_code: ErrorCode::UnknownTopicId,
        ..OffsetFetchPartitionResult::default()
    }
}
