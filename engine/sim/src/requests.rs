//! The requests that simulated clients send, in the broker's own codecs, and their answers.

pub mod groups;
pub mod transactions;

use bytes::{Bytes, BytesMut};
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::frame::{self, RequestHeader, ResponseHeader};
use headwater_protocol::messages::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest, CreateTopicsResponse,
};
use headwater_protocol::messages::fetch::response::FetchResponse;
use headwater_protocol::messages::fetch::{FetchPartition, FetchRequest, FetchTopic};
use headwater_protocol::messages::init_producer_id::{
    InitProducerIdRequest, InitProducerIdResponse,
};
use headwater_protocol::messages::produce::{
    ProducePartition, ProduceRequest, ProduceResponse, ProduceTopic,
};
use headwater_protocol::wire::uuid::Uuid;
use headwater_protocol::wire::writer::Writer;

use crate::plan::Topic;

/// What a fetch usually brings at most, of one partition and of all.
pub const FETCH_BYTES: i32 = 1 << 20;

const PRODUCE: i16 = 9;
const FETCH: i16 = 11;
const CREATE_TOPICS: i16 = 5;
const INIT_PRODUCER_ID: i16 = 4;

fn encode(
    api: ApiKey,
    api_version: i16,
    correlation_id: i32,
    body: impl FnOnce(&mut Writer<'_>),
) -> Bytes {
    let header =
        RequestHeader { api_key: api.code(), api_version, correlation_id, client_id: Some("sim") };
    let mut buffer = BytesMut::new();
    frame::encode_request(&mut buffer, &header, body);
    buffer.freeze()
}

/// The correlation id of any answer.
pub fn correlation(answer: &[u8]) -> i32 {
    answer.get(..4).map_or(-1, |bytes| i32::from_be_bytes(bytes.try_into().expect("four bytes")))
}

/// Creates all topics.
pub fn create_topics(correlation: i32, topics: &[Topic]) -> Bytes {
    let number = |bytes: u64| bytes.to_string();
    let sizes = topics.iter();
    let sizes = sizes.map(|topic| (number(topic.segment_bytes), topic.retention_bytes.map(number)));
    let sizes: Vec<(String, Option<String>)> = sizes.collect();
    let topics = topics.iter().zip(&sizes).map(|(topic, (size, kept))| {
        let kept = kept.as_deref().map(|kept| ("retention.bytes", kept));
        let configs = [("segment.bytes", &size[..]), ("durability", topic.durability.name())];
        let configs = configs.into_iter().chain(kept);
        let config = |(name, value)| CreatableTopicConfig { name, value: Some(value) };
        CreatableTopic {
            name: &topic.name,
            num_partitions: topic.partitions as i32,
            replication_factor: 1,
            configs: configs.map(config).collect(),
            ..CreatableTopic::default()
        }
    });
    let request =
        CreateTopicsRequest { topics: topics.collect(), timeout_ms: 10_000, validate_only: false };
    encode(ApiKey::CreateTopics, CREATE_TOPICS, correlation, |w| request.encode(w, CREATE_TOPICS))
}

/// What became of it.
pub fn topics_created(answer: &[u8]) -> Option<CreateTopicsResponse<'_>> {
    let (_, mut body) = ResponseHeader::decode(answer, ApiKey::CreateTopics, CREATE_TOPICS).ok()?;
    CreateTopicsResponse::decode(&mut body, CREATE_TOPICS).ok()
}

/// Asks for a producer id.
pub fn init_producer_id(correlation: i32) -> Bytes {
    let request = InitProducerIdRequest::default();
    encode(ApiKey::InitProducerId, INIT_PRODUCER_ID, correlation, |w| {
        request.encode(w, INIT_PRODUCER_ID);
    })
}

/// The producer id.
pub fn producer_id(answer: &[u8]) -> Option<InitProducerIdResponse> {
    let (_, mut body) =
        ResponseHeader::decode(answer, ApiKey::InitProducerId, INIT_PRODUCER_ID).ok()?;
    InitProducerIdResponse::decode(&mut body, INIT_PRODUCER_ID).ok()
}

/// Batches for partitions: topic, index, bytes.
pub fn produce(correlation: i32, acks: i16, batches: &[(&str, i32, &[u8])]) -> Bytes {
    let topics = batches.iter().map(|(name, index, records)| ProduceTopic {
        name,
        topic_id: Uuid::ZERO,
        partitions: vec![ProducePartition { index: *index, records: Some(records) }],
    });
    let request = ProduceRequest {
        transactional_id: None,
        acks,
        timeout_ms: 10_000,
        topics: topics.collect(),
    };
    encode(ApiKey::Produce, PRODUCE, correlation, |w| request.encode(w, PRODUCE))
}

/// What became of them.
pub fn produced(answer: &[u8]) -> Option<ProduceResponse<'_>> {
    let (_, mut body) = ResponseHeader::decode(answer, ApiKey::Produce, PRODUCE).ok()?;
    ProduceResponse::decode(&mut body, PRODUCE).ok()
}

/// Fetches partitions: topic, index, offset; about so many bytes, and at least one batch.
pub fn fetch(
    correlation: i32,
    max_wait_ms: i32,
    max_bytes: i32,
    partitions: &[(&str, i32, i64)],
) -> Bytes {
    fetch_as(correlation, max_wait_ms, max_bytes, false, partitions)
}

/// The same; `committed`: only up to the last stable offset.
pub fn fetch_as(
    correlation: i32,
    max_wait_ms: i32,
    max_bytes: i32,
    committed: bool,
    partitions: &[(&str, i32, i64)],
) -> Bytes {
    let topics = partitions.iter().map(|(name, index, fetch_offset)| FetchTopic {
        name,
        topic_id: Uuid::ZERO,
        partitions: vec![FetchPartition {
            index: *index,
            fetch_offset: *fetch_offset,
            partition_max_bytes: max_bytes,
            ..FetchPartition::default()
        }],
    });
    let request = FetchRequest {
        max_wait_ms,
        min_bytes: 1,
        max_bytes,
        isolation_level: i8::from(committed),
        session_epoch: -1,
        topics: topics.collect(),
        ..FetchRequest::default()
    };
    encode(ApiKey::Fetch, FETCH, correlation, |w| request.encode(w, FETCH))
}

/// What was fetched.
pub fn fetched(answer: &[u8]) -> Option<FetchResponse<'_>> {
    let (_, mut body) = ResponseHeader::decode(answer, ApiKey::Fetch, FETCH).ok()?;
    FetchResponse::decode(&mut body, FETCH).ok()
}
