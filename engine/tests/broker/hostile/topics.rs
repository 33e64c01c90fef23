//! A hundred thousand topics in one request.

use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::create_topics::{
    CreatableTopic, CreateTopicsRequest, CreateTopicsResponse,
};
use headwater_protocol::messages::metadata::{
    MetadataRequest, MetadataRequestTopic, MetadataResponse,
};
use headwater_protocol::wire::uuid::Uuid;

use super::{Bystander, is_well, start};
use crate::harness::client::{Client, Frame};
use crate::harness::on_both;

const MANY: usize = 100_000;

fn create(client: &mut Client, names: &[String], partitions: i32) -> Frame {
    let topics = names.iter().map(|name| CreatableTopic {
        name,
        num_partitions: partitions,
        replication_factor: 1,
        ..CreatableTopic::default()
    });
    let topics = topics.collect();
    let request = CreateTopicsRequest { topics, timeout_ms: 10_000, validate_only: false };
    client.call(ApiKey::CreateTopics, 5, |w| request.encode(w, 5))
}

fn codes(frame: &Frame) -> Vec<ErrorCode> {
    let response = frame.body(CreateTopicsResponse::decode);
    response.topics.iter().map(|topic| topic.error_code).collect()
}

#[test]
fn a_hundred_thousand_topics_are_not_made_for_whoever_asks() {
    on_both(|backend| {
        let broker = start(backend);
        let mut bystander = Bystander::of(&broker);
        let mut client = broker.connect();
        let names: Vec<String> = (0..MANY).map(|n| format!("n{n}")).collect();
        let refused = codes(&create(&mut client, &names, 1));
        assert_eq!(refused, vec![ErrorCode::PolicyViolation; MANY]);
        assert_eq!(
            codes(&create(&mut client, &names[..11], 1000)),
            [ErrorCode::PolicyViolation; 11]
        );
        bystander.works_soon();

        let by_name = |name| MetadataRequestTopic { topic_id: Uuid::ZERO, name: Some(name) };
        let topics = names.iter().map(String::as_str).map(by_name).collect();
        let request = MetadataRequest {
            topics: Some(topics),
            allow_auto_topic_creation: false,
            ..MetadataRequest::default()
        };
        let frame = client.call(ApiKey::Metadata, 9, |w| request.encode(w, 9));
        let response = frame.body(MetadataResponse::decode);
        assert_eq!(response.topics.len(), MANY);
        let unknown = ErrorCode::UnknownTopicOrPartition;
        assert!(response.topics.iter().all(|topic| topic.error_code == unknown));
        assert_eq!(client.topics(), ["bystander"], "nothing was made");
        bystander.works_soon();
        is_well(&broker);
    });
}
