//! What a client asks of a [`Machine`], and what it makes of the answers.

use bytes::{Bytes, BytesMut};
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::batch::header;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::frame::{self, RequestHeader, ResponseHeader};
use headwater_protocol::messages::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest, CreateTopicsResponse,
};
use headwater_protocol::messages::fetch::response::FetchResponse;
use headwater_protocol::messages::fetch::{FetchPartition, FetchRequest, FetchTopic};
use headwater_protocol::messages::produce::{
    ProducePartition, ProduceRequest, ProduceResponse, ProduceTopic,
};
use headwater_protocol::wire::uuid::Uuid;
use headwater_protocol::wire::writer::Writer;

use super::Machine;

/// What a fetch gave.
pub struct Fetched {
    /// Of the partition.
    pub error: ErrorCode,
    /// Up to where it may be read.
    pub high_watermark: i64,
    /// Bytes of records.
    pub records: Vec<u8>,
}

impl Machine {
    /// Creates a topic.
    ///
    /// # Panics
    /// When the connection ends instead of an answer, here and below.
    pub fn create(
        &mut self,
        client: usize,
        name: &str,
        partitions: i32,
        configs: &[(&str, &str)],
    ) -> ErrorCode {
        let configs =
            configs.iter().map(|(name, value)| CreatableTopicConfig { name, value: Some(value) });
        let topic = CreatableTopic {
            name,
            num_partitions: partitions,
            replication_factor: 1,
            configs: configs.collect(),
            ..CreatableTopic::default()
        };
        let request =
            CreateTopicsRequest { topics: vec![topic], timeout_ms: 1000, ..Default::default() };
        let asked = encode(ApiKey::CreateTopics, 5, |w| request.encode(w, 5));
        let answer = self.call(client, asked).expect("an answer");
        let (_, mut body) =
            ResponseHeader::decode(&answer, ApiKey::CreateTopics, 5).expect("a header");
        CreateTopicsResponse::decode(&mut body, 5).expect("a response").topics[0].error_code
    }

    /// Appends with acks=all; error and base offset.
    pub fn produce(
        &mut self,
        client: usize,
        topic: &str,
        partition: i32,
        batch: &[u8],
    ) -> (ErrorCode, i64) {
        let partitions = vec![ProducePartition { index: partition, records: Some(batch) }];
        let topics = vec![ProduceTopic { name: topic, topic_id: Uuid::ZERO, partitions }];
        let request = ProduceRequest { transactional_id: None, acks: -1, timeout_ms: 1000, topics };
        let asked = encode(ApiKey::Produce, 9, |w| request.encode(w, 9));
        let answer = self.call(client, asked).expect("an answer");
        let (_, mut body) = ResponseHeader::decode(&answer, ApiKey::Produce, 9).expect("a header");
        let response = ProduceResponse::decode(&mut body, 9).expect("a response");
        let partition = &response.topics[0].partitions[0];
        (partition.error_code, partition.base_offset)
    }

    /// What there is from an offset on, without waiting.
    pub fn fetch(&mut self, client: usize, topic: &str, index: i32, fetch_offset: i64) -> Fetched {
        let partition = FetchPartition {
            index,
            fetch_offset,
            partition_max_bytes: 1 << 20,
            ..Default::default()
        };
        let topics =
            vec![FetchTopic { name: topic, topic_id: Uuid::ZERO, partitions: vec![partition] }];
        let request = FetchRequest {
            min_bytes: 1,
            max_bytes: 4 << 20,
            session_epoch: -1,
            topics,
            ..Default::default()
        };
        let asked = encode(ApiKey::Fetch, 11, |w| request.encode(w, 11));
        let answer = self.call(client, asked).expect("an answer");
        let (_, mut body) = ResponseHeader::decode(&answer, ApiKey::Fetch, 11).expect("a header");
        let response = FetchResponse::decode(&mut body, 11).expect("a response");
        let partition = &response.topics[0].partitions[0];
        Fetched {
            error: partition.error_code,
            high_watermark: partition.high_watermark,
            records: partition.records.inline().unwrap_or_default().to_vec(),
        }
    }
}

/// A whole request with its length.
pub fn encode(api: ApiKey, version: i16, body: impl FnOnce(&mut Writer<'_>)) -> Bytes {
    let (api_key, api_version) = (api.code(), version);
    let header = RequestHeader { api_key, api_version, correlation_id: 1, client_id: Some("fuzz") };
    let mut buffer = BytesMut::new();
    frame::encode_request(&mut buffer, &header, body);
    buffer.freeze()
}

/// Whole batches one after the other: base offset, next offset, and the bytes as they were sent, without what the
/// broker fills in. Ends at the first that a consumer would refuse.
pub fn sound_batches(records: &[u8]) -> Vec<(i64, i64, Vec<u8>)> {
    let whole = header::batches(records).map_while(Result::ok);
    let sound = whole.take_while(|batch| header::check(batch.bytes).is_ok());
    sound
        .map(|batch| {
            let mut bytes = batch.bytes.to_vec();
            header::set_base_offset(&mut bytes, 0);
            header::set_leader_epoch(&mut bytes, -1);
            (batch.header.base_offset, batch.header.next_offset(), bytes)
        })
        .collect()
}
