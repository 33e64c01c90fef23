//! What clients of groups send, and whoever looks for coordinators or deletes records; and the answers.

use bytes::Bytes;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::frame::ResponseHeader;
use headwater_protocol::messages::delete_records::{
    DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsResponse, DeleteRecordsTopic,
};
use headwater_protocol::messages::find_coordinator::{
    FindCoordinatorRequest, FindCoordinatorResponse,
};
use headwater_protocol::messages::offset_commit::{
    OffsetCommitPartition, OffsetCommitRequest, OffsetCommitResponse, OffsetCommitTopic,
};
use headwater_protocol::messages::offset_fetch::{
    OffsetFetchGroup, OffsetFetchPartitionResult, OffsetFetchRequest, OffsetFetchResponse,
    OffsetFetchTopic,
};
use headwater_protocol::wire::reader::Reader;
use headwater_protocol::wire::uuid::Uuid;

use super::encode;

const FIND_COORDINATOR: i16 = 4;
const OFFSET_FETCH: i16 = 8;
const OFFSET_COMMIT: i16 = 8;
const DELETE_RECORDS: i16 = 2;

/// What a coordinator is looked for.
pub const OF_GROUPS: i8 = 0;
/// What a coordinator is looked for.
pub const OF_TRANSACTIONS: i8 = 1;

fn body(answer: &[u8], api: ApiKey, version: i16) -> Option<Reader<'_>> {
    ResponseHeader::decode(answer, api, version).ok().map(|(_, body)| body)
}

/// Looks for a coordinator: what it keeps its state in is made for the first who asks.
pub fn find_coordinator(correlation: i32, key_type: i8) -> Bytes {
    let request = FindCoordinatorRequest { key_type, keys: vec!["whoever"] };
    encode(ApiKey::FindCoordinator, FIND_COORDINATOR, correlation, |w| {
        request.encode(w, FIND_COORDINATOR);
    })
}

/// Whether there is one.
pub fn coordinator_found(answer: &[u8]) -> Option<ErrorCode> {
    let mut body = body(answer, ApiKey::FindCoordinator, FIND_COORDINATOR)?;
    let response = FindCoordinatorResponse::decode(&mut body, FIND_COORDINATOR).ok()?;
    response.coordinators.first().map(|coordinator| coordinator.error_code)
}

/// Asks where a group goes on in partitions of a topic; `require_stable`: and waits for open transactions.
pub fn fetch_offsets(
    correlation: i32,
    group_id: &str,
    topic: &str,
    partitions: &[i32],
    require_stable: bool,
) -> Bytes {
    let partition_indexes = partitions.to_vec();
    let topic = OffsetFetchTopic { name: topic, topic_id: Uuid::ZERO, partition_indexes };
    let topics = Some(vec![topic]);
    let group = OffsetFetchGroup { group_id, topics, ..OffsetFetchGroup::default() };
    let request = OffsetFetchRequest { groups: vec![group], require_stable };
    encode(ApiKey::OffsetFetch, OFFSET_FETCH, correlation, |w| request.encode(w, OFFSET_FETCH))
}

/// The offsets by partition, -1 for none; or why they are not told.
pub fn offsets_fetched(answer: &[u8]) -> Option<Result<Vec<(i32, i64)>, ErrorCode>> {
    let mut body = body(answer, ApiKey::OffsetFetch, OFFSET_FETCH)?;
    let response = OffsetFetchResponse::decode(&mut body, OFFSET_FETCH).ok()?;
    let group = response.groups.first()?;
    let partitions = || group.topics.iter().flat_map(|topic| &topic.partitions);
    let mut codes =
        std::iter::once(group.error_code).chain(partitions().map(|partition| partition.error_code));
    if let Some(code) = codes.find(|code| *code != ErrorCode::None) {
        return Some(Err(code));
    }
    let offset = |partition: &OffsetFetchPartitionResult<'_>| {
        (partition.partition_index, partition.committed_offset)
    };
    Some(Ok(partitions().map(offset).collect()))
}

/// A group without members goes on here.
pub fn commit_offset(
    correlation: i32,
    group_id: &str,
    topic: &str,
    partition_index: i32,
    committed_offset: i64,
) -> Bytes {
    let partition =
        OffsetCommitPartition { partition_index, committed_offset, ..Default::default() };
    let topic =
        OffsetCommitTopic { name: topic, topic_id: Uuid::ZERO, partitions: vec![partition] };
    let request =
        OffsetCommitRequest { group_id, topics: vec![topic], ..OffsetCommitRequest::default() };
    encode(ApiKey::OffsetCommit, OFFSET_COMMIT, correlation, |w| request.encode(w, OFFSET_COMMIT))
}

/// What became of it.
pub fn offset_committed(answer: &[u8]) -> Option<ErrorCode> {
    let mut body = body(answer, ApiKey::OffsetCommit, OFFSET_COMMIT)?;
    let response = OffsetCommitResponse::decode(&mut body, OFFSET_COMMIT).ok()?;
    response.topics.first()?.partitions.first().map(|partition| partition.error_code)
}

/// A partition is to start here.
pub fn delete_records(correlation: i32, topic: &str, partition_index: i32, offset: i64) -> Bytes {
    let partitions = vec![DeleteRecordsPartition { partition_index, offset }];
    let topics = vec![DeleteRecordsTopic { name: topic, partitions }];
    let request = DeleteRecordsRequest { topics, timeout_ms: 10_000 };
    encode(ApiKey::DeleteRecords, DELETE_RECORDS, correlation, |w| {
        request.encode(w, DELETE_RECORDS);
    })
}

/// Where it starts now.
pub fn records_deleted(answer: &[u8]) -> Option<Result<i64, ErrorCode>> {
    let mut body = body(answer, ApiKey::DeleteRecords, DELETE_RECORDS)?;
    let response = DeleteRecordsResponse::decode(&mut body, DELETE_RECORDS).ok()?;
    let partition = response.topics.first()?.partitions.first()?.clone();
    Some(match partition.error_code {
        ErrorCode::None => Ok(partition.low_watermark),
        code => Err(code),
    })
}
