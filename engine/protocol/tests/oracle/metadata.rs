//! Metadata.

use crate::body::{OUR_UUID, THEIR_UUID, compare, decode, encode, text, topic, versions};
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::metadata::{
    MetadataBroker, MetadataPartition, MetadataRequest, MetadataRequestTopic, MetadataResponse,
    MetadataTopic,
};
use headwater_protocol::wire::uuid::Uuid;
use kafka_protocol::messages as theirs;
use theirs::{metadata_request as request, metadata_response as response};

fn our_request() -> MetadataRequest<'static> {
    MetadataRequest {
        topics: Some(vec![MetadataRequestTopic { topic_id: OUR_UUID, name: Some("flights") }]),
        allow_auto_topic_creation: false,
        include_cluster_authorized_operations: false,
        include_topic_authorized_operations: true,
    }
}

#[test]
fn requests() {
    for version in versions(ApiKey::Metadata) {
        let mut theirs_topic =
            request::MetadataRequestTopic::default().with_name(Some(topic("flights")));
        let mut theirs = theirs::MetadataRequest::default();
        if version >= 4 {
            theirs.allow_auto_topic_creation = false;
        }
        if version >= 8 {
            theirs.include_topic_authorized_operations = true;
        }
        if version >= 10 {
            theirs_topic.topic_id = THEIR_UUID.parse().unwrap();
        }
        theirs.topics = Some(vec![theirs_topic]);
        compare(version, &our_request(), &theirs);

        if (8..=10).contains(&version) {
            let ours =
                MetadataRequest { include_cluster_authorized_operations: true, ..our_request() };
            compare(version, &ours, &theirs.with_include_cluster_authorized_operations(true));
        }
        if version >= 1 {
            let all = theirs::MetadataRequest::default().with_topics(None);
            compare(version, &MetadataRequest::default(), &all);
            let ours = MetadataRequest { topics: Some(vec![]), ..MetadataRequest::default() };
            compare(version, &ours, &all.with_topics(Some(vec![])));
        }
        if version >= 12 {
            let ours_topic = MetadataRequestTopic { topic_id: OUR_UUID, name: None };
            let ours =
                MetadataRequest { topics: Some(vec![ours_topic]), ..MetadataRequest::default() };
            let theirs_topic = request::MetadataRequestTopic::default()
                .with_name(None)
                .with_topic_id(THEIR_UUID.parse().unwrap());
            let theirs = theirs::MetadataRequest::default().with_topics(Some(vec![theirs_topic]));
            compare(version, &ours, &theirs);
        }
    }
}

#[test]
fn version_0_asks_for_all_topics_with_an_empty_list() {
    let bytes = encode(&MetadataRequest::default(), 0);
    assert_eq!(bytes[..], [0; 4]);
    assert_eq!(decode::<MetadataRequest<'_>>(&bytes, 0), MetadataRequest::default());
}

fn our_response() -> MetadataResponse<'static> {
    MetadataResponse {
        throttle_time_ms: 11,
        brokers: vec![
            MetadataBroker {
                node_id: 1,
                host: "one".into(),
                port: 9092,
                rack: Some("rack".into()),
            },
            MetadataBroker { node_id: 2, host: "two".into(), port: 9093, rack: None },
        ],
        cluster_id: Some("cluster".into()),
        controller_id: 2,
        topics: vec![MetadataTopic {
            error_code: ErrorCode::LeaderNotAvailable,
            name: Some("flights".into()),
            topic_id: OUR_UUID,
            is_internal: true,
            partitions: vec![MetadataPartition {
                error_code: ErrorCode::ReplicaNotAvailable,
                index: 3,
                leader_id: 1,
                leader_epoch: 7,
                replica_nodes: vec![1, 2, 3],
                isr_nodes: vec![1, 2],
                offline_replicas: vec![3],
            }],
            authorized_operations: 0x0df8,
        }],
        cluster_authorized_operations: i32::MIN,
        error_code: ErrorCode::RebootstrapRequired,
    }
}

fn their_response(version: i16) -> theirs::MetadataResponse {
    let nodes = |ids: &[i32]| ids.iter().map(|id| theirs::BrokerId(*id)).collect::<Vec<_>>();
    let mut one = response::MetadataResponseBroker::default()
        .with_node_id(1.into())
        .with_host(text("one"))
        .with_port(9092);
    let two = one.clone().with_node_id(2.into()).with_host(text("two")).with_port(9093);
    let mut partition = response::MetadataResponsePartition::default()
        .with_error_code(9)
        .with_partition_index(3)
        .with_leader_id(1.into())
        .with_replica_nodes(nodes(&[1, 2, 3]))
        .with_isr_nodes(nodes(&[1, 2]));
    let mut theirs_topic = response::MetadataResponseTopic::default()
        .with_error_code(5)
        .with_name(Some(topic("flights")));
    let mut body = theirs::MetadataResponse::default();
    if version >= 1 {
        one.rack = Some(text("rack"));
        body.controller_id = 2.into();
        theirs_topic.is_internal = true;
    }
    if version >= 2 {
        body.cluster_id = Some(text("cluster"));
    }
    if version >= 3 {
        body.throttle_time_ms = 11;
    }
    if version >= 5 {
        partition.offline_replicas = nodes(&[3]);
    }
    if version >= 7 {
        partition.leader_epoch = 7;
    }
    if version >= 8 {
        theirs_topic.topic_authorized_operations = 0x0df8;
    }
    if version >= 10 {
        theirs_topic.topic_id = THEIR_UUID.parse().unwrap();
    }
    if version >= 13 {
        body.error_code = 129;
    }
    body.with_brokers(vec![one, two])
        .with_topics(vec![theirs_topic.with_partitions(vec![partition])])
}

#[test]
fn responses() {
    for version in versions(ApiKey::Metadata) {
        compare(version, &our_response(), &their_response(version));
        if (8..=10).contains(&version) {
            let ours = MetadataResponse { cluster_authorized_operations: 264, ..our_response() };
            let theirs = their_response(version).with_cluster_authorized_operations(264);
            compare(version, &ours, &theirs);
        }
        if version >= 12 {
            let mut ours = our_response();
            ours.topics[0].name = None;
            ours.topics[0].topic_id = Uuid::ZERO;
            let mut theirs = their_response(version);
            theirs.topics[0].name = None;
            theirs.topics[0].topic_id = Default::default();
            compare(version, &ours, &theirs);
        }
    }
}
