//! The requests that most tests send, in the versions that most clients send, with owned answers.

use std::io;

use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest, CreateTopicsResponse,
};
use headwater_protocol::messages::delete_topics::{
    DeleteTopicState, DeleteTopicsRequest, DeleteTopicsResponse,
};
use headwater_protocol::messages::fetch::response::FetchResponse;
use headwater_protocol::messages::fetch::{FetchPartition, FetchRequest, FetchTopic};
use headwater_protocol::messages::init_producer_id::{
    InitProducerIdRequest, InitProducerIdResponse,
};
use headwater_protocol::messages::list_offsets::{
    EARLIEST_TIMESTAMP, LATEST_TIMESTAMP, ListOffsetsPartition, ListOffsetsRequest,
    ListOffsetsResponse, ListOffsetsTopic,
};
use headwater_protocol::messages::metadata::{
    MetadataRequest, MetadataRequestTopic, MetadataResponse,
};
use headwater_protocol::messages::produce::{
    ProducePartition, ProduceRequest, ProduceResponse, ProduceTopic,
};
use headwater_protocol::wire::uuid::Uuid;

use super::batches::{self, Record};
use super::client::{Asked, Client, Frame};

/// The version in which most tests produce.
pub const PRODUCE: i16 = 9;
/// The version in which most tests fetch: without a session unless it says so.
pub const FETCH: i16 = 12;

/// One partition's answer to a produce request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Produced {
    /// Kafka's code.
    pub error: ErrorCode,
    /// Where the records went.
    pub base_offset: i64,
    /// The broker's time, if the topic wants it.
    pub log_append_time_ms: i64,
    /// The broker's words.
    pub message: Option<String>,
}

/// One partition's answer to a fetch request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Which partition.
    pub index: i32,
    /// Kafka's code.
    pub error: ErrorCode,
    /// The end of what consumers see.
    pub high_watermark: i64,
    /// Start of the log.
    pub log_start: i64,
    /// Batches as they came.
    pub bytes: Vec<u8>,
}

/// A whole answer to a fetch request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchAnswer {
    /// Kafka's code for the request as a whole.
    pub error: ErrorCode,
    /// The session, 0 for none.
    pub session: i32,
    /// By partition.
    pub partitions: Vec<Fetched>,
}

/// What to fetch, and how long to wait for it.
#[derive(Clone, Copy)]
pub struct Want<'a> {
    /// By name up to version 12, by id afterwards.
    pub topic: &'a str,
    /// From version 13.
    pub id: Uuid,
    /// Partition and offset.
    pub partitions: &'a [(i32, i64)],
    /// At most about so much, of each partition.
    pub partition_bytes: i32,
    /// At most about so much.
    pub bytes_max: i32,
    /// At least so much, or wait.
    pub bytes_min: i32,
    /// As long as this.
    pub wait_ms: i32,
    /// The session to go on with.
    pub session: (i32, i32),
}

impl<'a> Want<'a> {
    /// One partition from an offset on; no wait, no session.
    pub fn from(topic: &'a str, partitions: &'a [(i32, i64)]) -> Self {
        Want {
            topic,
            id: Uuid::ZERO,
            partitions,
            partition_bytes: 1 << 20,
            bytes_max: 50 << 20,
            bytes_min: 1,
            wait_ms: 0,
            session: (0, -1),
        }
    }
}

impl FetchAnswer {
    /// The answer of the only partition.
    pub fn only(mut self) -> Fetched {
        assert_eq!((self.error, self.partitions.len()), (ErrorCode::None, 1), "{self:?}");
        self.partitions.remove(0)
    }
}

impl Fetched {
    /// Its records.
    pub fn records(&self) -> Vec<Record> {
        batches::read(&self.bytes)
    }
}

impl Client {
    /// Creates a topic with settings; its id.
    pub fn create(&mut self, topic: &str, partitions: i32, settings: &[(&str, &str)]) -> Uuid {
        let frame = self.ask_create(topic, partitions, settings).expect("an answer");
        let response = frame.body(CreateTopicsResponse::decode);
        let result = &response.topics[0];
        assert_eq!(result.error_code, ErrorCode::None, "{:?}", result.error_message);
        result.topic_id
    }

    /// As [`Client::create`], on a broker that may be gone.
    pub fn try_create(&mut self, topic: &str, partitions: i32) -> io::Result<ErrorCode> {
        let frame = self.ask_create(topic, partitions, &[])?;
        Ok(frame.body(CreateTopicsResponse::decode).topics[0].error_code)
    }

    fn ask_create(
        &mut self,
        topic: &str,
        partitions: i32,
        settings: &[(&str, &str)],
    ) -> io::Result<Frame> {
        let configs =
            settings.iter().map(|(name, value)| CreatableTopicConfig { name, value: Some(value) });
        let topic = CreatableTopic {
            name: topic,
            num_partitions: partitions,
            replication_factor: 1,
            configs: configs.collect(),
            ..Default::default()
        };
        let request =
            CreateTopicsRequest { topics: vec![topic], timeout_ms: 10_000, validate_only: false };
        let asked = self.try_ask(ApiKey::CreateTopics, 7, |w| request.encode(w, 7))?;
        self.try_answer(asked)
    }

    /// Deletes a topic.
    pub fn delete(&mut self, topic: &str) -> ErrorCode {
        let topics = vec![DeleteTopicState { name: Some(topic), topic_id: Uuid::ZERO }];
        let request = DeleteTopicsRequest { topics, timeout_ms: 10_000 };
        let frame = self.call(ApiKey::DeleteTopics, 6, |w| request.encode(w, 6));
        frame.body(DeleteTopicsResponse::decode).topics[0].error_code
    }

    /// Names of all topics.
    pub fn topics(&mut self) -> Vec<String> {
        let frame = self.call(ApiKey::Metadata, 12, |w| MetadataRequest::default().encode(w, 12));
        let response = frame.body(MetadataResponse::decode);
        response
            .topics
            .iter()
            .map(|topic| topic.name.as_deref().unwrap_or_default().to_owned())
            .collect()
    }

    /// What the broker says of one topic, which it may create.
    pub fn metadata(&mut self, topic: &str, version: i16, create: bool) -> Frame {
        let topics = vec![MetadataRequestTopic { topic_id: Uuid::ZERO, name: Some(topic) }];
        let request = MetadataRequest {
            topics: Some(topics),
            allow_auto_topic_creation: create,
            ..MetadataRequest::default()
        };
        self.call(ApiKey::Metadata, version, |w| request.encode(w, version))
    }

    /// Appends a batch and waits until it is durable.
    pub fn produce(&mut self, topic: &str, partition: i32, records: &[u8]) -> Produced {
        self.produce_acks(topic, partition, records, -1)
    }

    /// Appends a batch that must succeed, and waits until it is durable; its first offset.
    pub fn append(&mut self, topic: &str, partition: i32, records: &[u8]) -> i64 {
        let produced = self.produce(topic, partition, records);
        assert_eq!(produced.error, ErrorCode::None, "{produced:?}");
        produced.base_offset
    }

    /// Appends a batch.
    pub fn produce_acks(
        &mut self,
        topic: &str,
        partition: i32,
        records: &[u8],
        acks: i16,
    ) -> Produced {
        let asked = self.ask_produce(topic, partition, records, acks);
        self.produced(asked)
    }

    /// Sends a batch and does not wait.
    pub fn ask_produce(&mut self, topic: &str, partition: i32, records: &[u8], acks: i16) -> Asked {
        self.try_ask_produce(topic, partition, records, acks).expect("the broker takes requests")
    }

    /// As [`Client::ask_produce`], to a broker that may be gone.
    pub fn try_ask_produce(
        &mut self,
        topic: &str,
        partition: i32,
        records: &[u8],
        acks: i16,
    ) -> io::Result<Asked> {
        let partitions = vec![ProducePartition { index: partition, records: Some(records) }];
        let topics = vec![ProduceTopic { name: topic, topic_id: Uuid::ZERO, partitions }];
        let request = ProduceRequest { transactional_id: None, acks, timeout_ms: 10_000, topics };
        self.try_ask(ApiKey::Produce, PRODUCE, |w| request.encode(w, PRODUCE))
    }

    /// The answer to a batch that was sent.
    pub fn produced(&mut self, asked: Asked) -> Produced {
        self.try_produced(asked).expect("an answer, not the end of the connection")
    }

    /// As [`Client::produced`], of a broker that may be gone.
    pub fn try_produced(&mut self, asked: Asked) -> io::Result<Produced> {
        let frame = self.try_answer(asked)?;
        let response = frame.body(ProduceResponse::decode);
        let partition = &response.topics[0].partitions[0];
        Ok(Produced {
            error: partition.error_code,
            base_offset: partition.base_offset,
            log_append_time_ms: partition.log_append_time_ms,
            message: partition.error_message.as_ref().map(|message| message.to_string()),
        })
    }

    /// Fetches.
    pub fn fetch(&mut self, want: &Want<'_>) -> FetchAnswer {
        let asked = self.ask_fetch(want, FETCH);
        self.fetched(asked)
    }

    /// Fetches one partition from an offset on.
    pub fn fetch_from(&mut self, topic: &str, partition: i32, offset: i64) -> Fetched {
        self.fetch(&Want::from(topic, &[(partition, offset)])).only()
    }

    /// Asks for records and does not wait.
    pub fn ask_fetch(&mut self, want: &Want<'_>, version: i16) -> Asked {
        let partitions = want.partitions.iter().map(|&(index, fetch_offset)| FetchPartition {
            index,
            fetch_offset,
            partition_max_bytes: want.partition_bytes,
            ..Default::default()
        });
        let topic =
            FetchTopic { name: want.topic, topic_id: want.id, partitions: partitions.collect() };
        let request = FetchRequest {
            max_wait_ms: want.wait_ms,
            min_bytes: want.bytes_min,
            max_bytes: want.bytes_max,
            session_id: want.session.0,
            session_epoch: want.session.1,
            topics: if topic.partitions.is_empty() { Vec::new() } else { vec![topic] },
            ..Default::default()
        };
        self.ask(ApiKey::Fetch, version, |w| request.encode(w, version))
    }

    /// The answer to a fetch that was sent.
    pub fn fetched(&mut self, asked: Asked) -> FetchAnswer {
        let frame = self.answer(asked);
        owned(&frame.body(FetchResponse::decode))
    }

    /// Reads a partition from an offset to its end.
    pub fn read_all(&mut self, topic: &str, partition: i32, from: i64) -> Vec<Record> {
        let mut all: Vec<Record> = Vec::new();
        let mut offset = from;
        loop {
            let fetched = self.fetch_from(topic, partition, offset);
            assert_eq!(fetched.error, ErrorCode::None, "at offset {offset}");
            let records = fetched.records();
            let before = offset;
            for record in records.into_iter().filter(|record| record.offset >= before) {
                assert_eq!(record.offset, offset, "records come in order, without gaps");
                offset += 1;
                all.push(record);
            }
            if offset >= fetched.high_watermark {
                return all;
            }
            assert!(
                offset > before,
                "no progress at offset {offset} of {}",
                fetched.high_watermark
            );
        }
    }

    /// First offset, and the one after the last that consumers see.
    pub fn ends(&mut self, topic: &str, partition: i32) -> (i64, i64) {
        let first = self.offset_at(topic, partition, EARLIEST_TIMESTAMP).1;
        (first, self.offset_at(topic, partition, LATEST_TIMESTAMP).1)
    }

    /// The offset and time of the first record at or after a time.
    pub fn offset_at(
        &mut self,
        topic: &str,
        partition: i32,
        timestamp: i64,
    ) -> (ErrorCode, i64, i64) {
        let partitions =
            vec![ListOffsetsPartition { index: partition, timestamp, ..Default::default() }];
        let topics = vec![ListOffsetsTopic { name: topic, partitions }];
        let request = ListOffsetsRequest { topics, ..Default::default() };
        let frame = self.call(ApiKey::ListOffsets, 7, |w| request.encode(w, 7));
        let response = frame.body(ListOffsetsResponse::decode);
        let partition = &response.topics[0].partitions[0];
        (partition.error_code, partition.offset, partition.timestamp)
    }

    /// A producer id.
    pub fn producer_id(&mut self) -> i64 {
        let request = InitProducerIdRequest::default();
        let frame = self.call(ApiKey::InitProducerId, 4, |w| request.encode(w, 4));
        let response = frame.body(InitProducerIdResponse::decode);
        assert_eq!((response.error_code, response.producer_epoch), (ErrorCode::None, 0));
        response.producer_id
    }
}

/// A fetch answer without its frame.
pub fn owned(response: &FetchResponse<'_>) -> FetchAnswer {
    let partitions = response.topics.iter().flat_map(|topic| &topic.partitions);
    let partitions = partitions.map(|partition| Fetched {
        index: partition.index,
        error: partition.error_code,
        high_watermark: partition.high_watermark,
        log_start: partition.log_start_offset,
        bytes: partition.records.inline().expect("bytes are in the frame").to_vec(),
    });
    FetchAnswer {
        error: response.error_code,
        session: response.session_id,
        partitions: partitions.collect(),
    }
}
