//! The broker's own topics are not for clients to write to, but for Kafka's administration client.

use bytes::BytesMut;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::batch::compression::Compression;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::frame::{RequestHeader, ResponseHeader, encode_request};
use headwater_protocol::messages::produce::{
    ProducePartition, ProduceRequest, ProduceResponse, ProduceTopic,
};
use headwater_protocol::wire::uuid::Uuid;

use crate::harness::batches::{keyed, plain};
use crate::harness::broker::Broker;
use crate::harness::client::Client;
use crate::harness::groups::{GROUPS, TRANSACTIONS};
use crate::harness::on_both;

fn produce_as(client: &mut Client, client_id: &str, topic: &str) -> ErrorCode {
    let records = keyed(Compression::None, &[("a key", Some("a"))]);
    let partitions = vec![ProducePartition { index: 0, records: Some(&records) }];
    let topics = vec![ProduceTopic { name: topic, topic_id: Uuid::ZERO, partitions }];
    let request = ProduceRequest { transactional_id: None, acks: -1, timeout_ms: 1000, topics };
    let (api, version) = (ApiKey::Produce, 9);
    let header = RequestHeader {
        api_key: api.code(),
        api_version: version,
        correlation_id: 1,
        client_id: Some(client_id),
    };
    let mut buffer = BytesMut::new();
    encode_request(&mut buffer, &header, |w| request.encode(w, version));
    client.send(&buffer).unwrap();
    let answer = client.try_receive().unwrap();
    let (_, mut reader) = ResponseHeader::decode(&answer, api, version).unwrap();
    let response = ProduceResponse::decode(&mut reader, version).unwrap();
    response.topics[0].partitions[0].error_code
}

#[test]
fn internal_topics_are_written_by_the_administration_client_only() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.find_coordinator(GROUPS, "g");
        client.find_coordinator(TRANSACTIONS, "x");
        for topic in ["__consumer_offsets", "__transaction_state"] {
            let refused = client.produce(topic, 0, &plain(&["a"]));
            assert_eq!(refused.error, ErrorCode::InvalidTopic, "{refused:?}");
            let why = format!("Cannot append to internal topic {topic}");
            assert_eq!(refused.message, Some(why));
            assert_eq!(produce_as(&mut client, "admin", topic), ErrorCode::InvalidTopic);
        }
        let topic = "__consumer_offsets";
        assert_eq!(produce_as(&mut client, "__admin_client", topic), ErrorCode::None);
    });
}
