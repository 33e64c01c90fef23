//! CreateTopics, DeleteTopics, CreatePartitions.

use crate::body::{OUR_UUID, THEIR_UUID, compare, text, topic, versions};
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::create_partitions::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreatePartitionsTopic,
    CreatePartitionsTopicResult,
};
use headwater_protocol::messages::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreatableTopicResult, CreateTopicsRequest,
    CreateTopicsResponse, CreatedTopicConfig, ReplicaAssignment,
};
use headwater_protocol::messages::delete_topics::{
    DeletableTopicResult, DeleteTopicState, DeleteTopicsRequest, DeleteTopicsResponse,
};
use headwater_protocol::wire::uuid::Uuid;
use kafka_protocol::messages as theirs;
use theirs::{
    create_partitions_request, create_partitions_response, create_topics_request,
    create_topics_response, delete_topics_request, delete_topics_response,
};

fn nodes(ids: &[i32]) -> Vec<theirs::BrokerId> {
    ids.iter().map(|id| theirs::BrokerId(*id)).collect()
}

#[test]
fn create_topics_request() {
    let ours = CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: "flights",
            num_partitions: 12,
            replication_factor: 3,
            assignments: vec![ReplicaAssignment { partition_index: 4, broker_ids: vec![1, 2] }],
            configs: vec![
                CreatableTopicConfig { name: "retention.ms", value: Some("1000") },
                CreatableTopicConfig { name: "nothing", value: None },
            ],
        }],
        timeout_ms: 30_000,
        validate_only: true,
    };
    let config = create_topics_request::CreatableTopicConfig::default;
    let theirs = theirs::CreateTopicsRequest::default()
        .with_timeout_ms(30_000)
        .with_validate_only(true)
        .with_topics(vec![
            create_topics_request::CreatableTopic::default()
                .with_name(topic("flights"))
                .with_num_partitions(12)
                .with_replication_factor(3)
                .with_assignments(vec![
                    create_topics_request::CreatableReplicaAssignment::default()
                        .with_partition_index(4)
                        .with_broker_ids(nodes(&[1, 2])),
                ])
                .with_configs(vec![
                    config().with_name(text("retention.ms")).with_value(Some(text("1000"))),
                    config().with_name(text("nothing")).with_value(None),
                ]),
        ]);
    for version in versions(ApiKey::CreateTopics) {
        compare(version, &ours, &theirs);
    }
}

#[test]
fn create_topics_response() {
    let config = CreatedTopicConfig {
        name: "retention.ms".into(),
        value: Some("1000".into()),
        read_only: true,
        config_source: 5,
        is_sensitive: true,
    };
    let refused = CreatableTopicResult {
        name: "flights".into(),
        topic_id: OUR_UUID,
        error_code: ErrorCode::TopicAlreadyExists,
        error_message: Some("there is one".into()),
        topic_config_error_code: ErrorCode::TopicAuthorizationFailed,
        num_partitions: 12,
        replication_factor: 3,
        configs: Some(vec![config]),
    };
    let created =
        CreatableTopicResult { name: "landings".into(), configs: None, ..Default::default() };
    let ours = CreateTopicsResponse { throttle_time_ms: 11, topics: vec![refused, created] };
    for version in versions(ApiKey::CreateTopics) {
        let result = create_topics_response::CreatableTopicResult::default;
        let mut refused = result()
            .with_name(topic("flights"))
            .with_error_code(36)
            .with_error_message(Some(text("there is one")));
        let mut created = result().with_name(topic("landings")).with_error_message(None);
        if version >= 5 {
            refused.num_partitions = 12;
            refused.replication_factor = 3;
            refused.topic_config_error_code = 29;
            refused.configs = Some(vec![
                create_topics_response::CreatableTopicConfigs::default()
                    .with_name(text("retention.ms"))
                    .with_value(Some(text("1000")))
                    .with_read_only(true)
                    .with_config_source(5)
                    .with_is_sensitive(true),
            ]);
            created.configs = None;
        }
        if version >= 7 {
            refused.topic_id = THEIR_UUID.parse().unwrap();
        }
        let theirs = theirs::CreateTopicsResponse::default()
            .with_throttle_time_ms(11)
            .with_topics(vec![refused, created]);
        compare(version, &ours, &theirs);
    }
}

#[test]
fn delete_topics_request() {
    let by_name = |name| DeleteTopicState { name: Some(name), topic_id: Uuid::ZERO };
    for version in versions(ApiKey::DeleteTopics) {
        let mut ours = DeleteTopicsRequest {
            topics: vec![by_name("flights"), by_name("landings")],
            timeout_ms: 30_000,
        };
        let mut theirs = theirs::DeleteTopicsRequest::default().with_timeout_ms(30_000);
        if version >= 6 {
            ours.topics[1] = DeleteTopicState { name: None, topic_id: OUR_UUID };
            theirs.topics = vec![
                delete_topics_request::DeleteTopicState::default()
                    .with_name(Some(topic("flights"))),
                delete_topics_request::DeleteTopicState::default()
                    .with_topic_id(THEIR_UUID.parse().unwrap()),
            ];
        } else {
            theirs.topic_names = vec![topic("flights"), topic("landings")];
        }
        compare(version, &ours, &theirs);
    }
}

#[test]
fn delete_topics_response() {
    for version in versions(ApiKey::DeleteTopics) {
        let mut ours = DeletableTopicResult {
            name: Some("flights".into()),
            topic_id: OUR_UUID,
            error_code: ErrorCode::TopicDeletionDisabled,
            error_message: Some("not here".into()),
        };
        let mut theirs = delete_topics_response::DeletableTopicResult::default()
            .with_name(Some(topic("flights")))
            .with_error_code(73);
        if version >= 5 {
            theirs.error_message = Some(text("not here"));
        }
        if version >= 6 {
            ours.name = None;
            theirs.name = None;
            theirs.topic_id = THEIR_UUID.parse().unwrap();
        }
        let ours = DeleteTopicsResponse { throttle_time_ms: 11, topics: vec![ours] };
        let theirs = theirs::DeleteTopicsResponse::default()
            .with_throttle_time_ms(11)
            .with_responses(vec![theirs]);
        compare(version, &ours, &theirs);
    }
}

#[test]
fn create_partitions_request() {
    let ours = CreatePartitionsRequest {
        topics: vec![
            CreatePartitionsTopic {
                name: "flights",
                count: 24,
                assignments: Some(vec![vec![1, 2], vec![2, 3]]),
            },
            CreatePartitionsTopic { name: "landings", count: 2, assignments: None },
        ],
        timeout_ms: 30_000,
        validate_only: true,
    };
    let grown = create_partitions_request::CreatePartitionsTopic::default;
    let assigned = |ids: &[i32]| {
        create_partitions_request::CreatePartitionsAssignment::default().with_broker_ids(nodes(ids))
    };
    let theirs = theirs::CreatePartitionsRequest::default()
        .with_timeout_ms(30_000)
        .with_validate_only(true)
        .with_topics(vec![
            grown()
                .with_name(topic("flights"))
                .with_count(24)
                .with_assignments(Some(vec![assigned(&[1, 2]), assigned(&[2, 3])])),
            grown().with_name(topic("landings")).with_count(2).with_assignments(None),
        ]);
    for version in versions(ApiKey::CreatePartitions) {
        compare(version, &ours, &theirs);
    }
}

#[test]
fn create_partitions_response() {
    let ours = CreatePartitionsResponse {
        throttle_time_ms: 11,
        results: vec![
            CreatePartitionsTopicResult {
                name: "flights".into(),
                error_code: ErrorCode::InvalidPartitions,
                error_message: Some("fewer than before".into()),
            },
            CreatePartitionsTopicResult { name: "landings".into(), ..Default::default() },
        ],
    };
    let result = create_partitions_response::CreatePartitionsTopicResult::default;
    let theirs =
        theirs::CreatePartitionsResponse::default().with_throttle_time_ms(11).with_results(vec![
            result()
                .with_name(topic("flights"))
                .with_error_code(37)
                .with_error_message(Some(text("fewer than before"))),
            result().with_name(topic("landings")),
        ]);
    for version in versions(ApiKey::CreatePartitions) {
        compare(version, &ours, &theirs);
    }
}
