//! The questions of setup, answered from the library: does the topic exist, create it, where does it
//! begin and end. They may block: nothing is being measured yet.

use bytes::{Bytes, BytesMut};
use headwater::embedded::EngineError;
use headwater::model::Offset;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::frame::{self, LENGTH_PREFIX_BYTES};
use headwater_protocol::messages::create_topics::{
    CreatableTopicResult, CreateTopicsRequest, CreateTopicsResponse,
};
use headwater_protocol::messages::list_offsets::{
    EARLIEST_TIMESTAMP, ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest,
    ListOffsetsResponse, ListOffsetsTopicResponse,
};
use headwater_protocol::messages::metadata::{
    MetadataBroker, MetadataPartition, MetadataRequest, MetadataResponse, MetadataTopic,
};
use headwater_protocol::wire::reader::Reader;
use headwater_protocol::wire::writer::Writer;

use super::Embedded;

const OWN_REQUEST: &str = "a request of our own can be read";
const NODE_ID: i32 = 0;

impl Embedded {
    /// The answer as a frame; `None` for what the library does not offer.
    pub(super) fn answer(&mut self, api: ApiKey, version: i16, request: &[u8]) -> Option<Bytes> {
        let mut body = Reader::new(request, api.is_flexible(version));
        match api {
            ApiKey::Metadata => {
                let request = MetadataRequest::decode(&mut body, version).expect(OWN_REQUEST);
                let response = self.metadata(&request);
                Some(to_frame(api, version, |w| response.encode(w, version)))
            }
            ApiKey::CreateTopics => {
                let request = CreateTopicsRequest::decode(&mut body, version).expect(OWN_REQUEST);
                let response = self.create(&request);
                Some(to_frame(api, version, |w| response.encode(w, version)))
            }
            ApiKey::ListOffsets => {
                let request = ListOffsetsRequest::decode(&mut body, version).expect(OWN_REQUEST);
                let response = self.offsets(&request);
                Some(to_frame(api, version, |w| response.encode(w, version)))
            }
            _ => None,
        }
    }

    fn metadata(&mut self, request: &MetadataRequest<'_>) -> MetadataResponse<'static> {
        let asked = request.topics.iter().flatten().filter_map(|topic| topic.name);
        let topics = asked.map(|name| {
            let partitions = self.partitions_of(name).len() as i32;
            let partition = |index| MetadataPartition {
                index,
                leader_id: NODE_ID,
                ..MetadataPartition::default()
            };
            MetadataTopic {
                error_code: match partitions {
                    0 => ErrorCode::UnknownTopicOrPartition,
                    _ => ErrorCode::None,
                },
                name: Some(name.to_owned().into()),
                partitions: (0..partitions).map(partition).collect(),
                ..MetadataTopic::default()
            }
        });
        let topics = topics.collect();
        let broker = MetadataBroker { node_id: NODE_ID, ..MetadataBroker::default() };
        MetadataResponse { brokers: vec![broker], topics, ..MetadataResponse::default() }
    }

    fn create(&mut self, request: &CreateTopicsRequest<'_>) -> CreateTopicsResponse<'static> {
        let create = |topic: &headwater_protocol::messages::create_topics::CreatableTopic<'_>| {
            let config = topic.configs.iter().map(|c| (c.name, c.value.unwrap_or_default()));
            let config: Vec<(&str, &str)> = config.collect();
            let created =
                self.engine.create_topic(topic.name, topic.num_partitions, &config).wait();
            let (error_code, error_message) = match created {
                Ok(()) => (ErrorCode::None, None),
                Err(EngineError::Fault(fault)) => (fault.code, Some(fault.message.into())),
                Err(e) => (ErrorCode::UnknownServerError, Some(e.to_string().into())),
            };
            let name = topic.name.to_owned().into();
            CreatableTopicResult {
                name,
                error_code,
                error_message,
                ..CreatableTopicResult::default()
            }
        };
        let topics = request.topics.iter().map(create).collect();
        CreateTopicsResponse { topics, ..CreateTopicsResponse::default() }
    }

    fn offsets(&mut self, request: &ListOffsetsRequest<'_>) -> ListOffsetsResponse<'static> {
        let topics = request.topics.iter().map(|topic| {
            let partitions = self.partitions_of(topic.name);
            let find = |asked: &ListOffsetsPartition| {
                let found =
                    partitions.get(asked.index as usize).ok_or(EngineError::UnknownPartition);
                let start = found.and_then(|p| Ok((p, p.watermarks().wait()?.log_start)));
                let offset = start.and_then(|(partition, start)| match asked.timestamp {
                    EARLIEST_TIMESTAMP => Ok(start),
                    // A read tells the end of what consumers see.
                    _ => Ok(partition.read(Offset(start.0), 1).wait()?.high_watermark),
                });
                let (error_code, offset) = match offset {
                    Ok(Offset(offset)) => (ErrorCode::None, offset),
                    Err(_) => (ErrorCode::UnknownTopicOrPartition, -1),
                };
                let index = asked.index;
                ListOffsetsPartitionResponse { index, error_code, offset, ..Default::default() }
            };
            let partitions = topic.partitions.iter().map(find).collect();
            ListOffsetsTopicResponse { name: topic.name.to_owned().into(), partitions }
        });
        ListOffsetsResponse { topics: topics.collect(), ..ListOffsetsResponse::default() }
    }
}

fn to_frame(api: ApiKey, version: i16, body: impl FnOnce(&mut Writer<'_>)) -> Bytes {
    let mut frame = BytesMut::new();
    frame::encode_response(&mut frame, api, version, 0, body);
    frame.freeze().slice(LENGTH_PREFIX_BYTES..)
}
