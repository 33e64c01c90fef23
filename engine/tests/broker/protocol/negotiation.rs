//! What a client asks first: which versions, which brokers, which topics.

use std::net::SocketAddr;

use headwater_protocol::api_key::{ApiKey, served};
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::frame::ResponseHeader;
use headwater_protocol::messages::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use headwater_protocol::messages::describe_cluster::{
    DescribeClusterRequest, DescribeClusterResponse, ENDPOINT_TYPE_CONTROLLERS,
};
use headwater_protocol::messages::metadata::{
    MetadataRequest, MetadataRequestTopic, MetadataResponse,
};
use headwater_protocol::wire::uuid::Uuid;

use crate::harness::broker::{Broker, Options};
use crate::harness::client::{Client, encode};
use crate::harness::on_both;

#[test]
fn api_versions_in_every_version_names_all_that_is_served() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        for version in 0..=4 {
            let request =
                ApiVersionsRequest { client_software_name: "test", client_software_version: "1" };
            let frame = client.call(ApiKey::ApiVersions, version, |w| request.encode(w, version));
            let response = frame.body(ApiVersionsResponse::decode);
            assert_eq!(response.error_code, ErrorCode::None);
            assert_eq!(response.api_keys.len(), served().count());
            let produce = &response.api_keys[0];
            assert_eq!((produce.api_key, produce.min_version, produce.max_version), (0, 0, 13));
        }
    });
}

/// KIP-511: answered in version 0, so that the client can choose another one on the same connection.
#[test]
fn api_versions_of_the_future_is_answered_in_version_0() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        let request =
            ApiVersionsRequest { client_software_name: "test", client_software_version: "1" };
        client.send(&encode(ApiKey::ApiVersions, 99, 7, |w| request.encode(w, 4))).unwrap();
        let bytes = client.try_receive().unwrap();
        let (header, mut body) = ResponseHeader::decode(&bytes, ApiKey::ApiVersions, 0).unwrap();
        let response = ApiVersionsResponse::decode(&mut body, 0).unwrap();
        assert_eq!(
            (header.correlation_id, response.error_code),
            (7, ErrorCode::UnsupportedVersion)
        );
        assert!(response.api_keys.iter().any(|api| api.api_key == 18 && api.max_version == 4));
        let frame = client.call(ApiKey::ApiVersions, 3, |w| request.encode(w, 3));
        assert_eq!(frame.body(ApiVersionsResponse::decode).error_code, ErrorCode::None);
    });
}

/// As in Kafka: what cannot be understood ends the connection, and only that one.
#[test]
fn what_is_not_served_ends_the_connection() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut bystander = broker.connect();
        for (api, version) in [
            (ApiKey::Metadata, 99),
            (ApiKey::Fetch, 3),
            (ApiKey::JoinGroup, 5),
            (ApiKey::Produce, -1),
        ] {
            let mut client = broker.connect();
            client.send(&encode(api, version, 1, |_| {})).unwrap();
            assert!(client.is_closed(), "{api} {version}");
        }
        let mut client = broker.connect();
        client.send(&[0, 0, 0, 10, 0x7f, 0xff, 0, 0, 0, 0, 0, 1, 0xff, 0xff]).unwrap();
        assert!(client.is_closed(), "an API that nobody knows");
        assert_eq!(bystander.topics(), Vec::<String>::new());
    });
}

#[test]
fn metadata_creates_what_is_missing_if_it_may() {
    on_both(|backend| {
        let broker = Options::new(backend).set("num.partitions=3").start();
        let mut client = broker.connect();
        let error = |client: &mut Client, topic: &str, create: bool| {
            let frame = client.metadata(topic, 12, create);
            let response = frame.body(MetadataResponse::decode);
            (response.topics[0].error_code, response.topics[0].partitions.len())
        };
        assert_eq!(error(&mut client, "a", false), (ErrorCode::UnknownTopicOrPartition, 0));
        assert_eq!(error(&mut client, "a", true), (ErrorCode::None, 3));
        assert_eq!(error(&mut client, "a", false), (ErrorCode::None, 3));
        assert_eq!(error(&mut client, "no such/name", true), (ErrorCode::InvalidTopic, 0));
        assert_eq!(client.topics(), ["a"]);
        let broker = Options::new(backend).set("auto.create.topics.enable=false").start();
        let mut client = broker.connect();
        assert_eq!(error(&mut client, "a", true), (ErrorCode::UnknownTopicOrPartition, 0));
    });
}

#[test]
fn metadata_names_leader_and_address_in_every_version() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        let id = client.create("a", 2, &[]);
        for version in 0..=13 {
            let frame = client.metadata("a", version, false);
            let response = frame.body(MetadataResponse::decode);
            let here = &response.brokers[0];
            assert_eq!(
                format!("{}:{}", here.host, here.port).parse(),
                Ok::<SocketAddr, _>(broker.addr)
            );
            let topic = &response.topics[0];
            assert_eq!(topic.partitions.len(), 2);
            assert!(
                topic
                    .partitions
                    .iter()
                    .all(|p| p.leader_id == here.node_id && p.isr_nodes == [here.node_id])
            );
            assert!(version < 10 || topic.topic_id == id);
        }
    });
}

/// All topics: an empty list in version 0, null afterwards, where an empty list means none.
#[test]
fn metadata_tells_all_none_and_one_by_id_apart() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        let id = client.create("a", 1, &[]);
        client.create("b", 1, &[]);
        let mut ask = |version: i16, topics: Option<Vec<MetadataRequestTopic<'_>>>| {
            let request = MetadataRequest { topics, ..MetadataRequest::default() };
            let frame = client.call(ApiKey::Metadata, version, |w| request.encode(w, version));
            let response = frame.body(MetadataResponse::decode);
            let named = |topic: &headwater_protocol::messages::metadata::MetadataTopic<'_>| {
                (topic.error_code, topic.name.as_deref().unwrap_or("-").to_owned())
            };
            response.topics.iter().map(named).collect::<Vec<_>>()
        };
        let both = [(ErrorCode::None, "a".to_owned()), (ErrorCode::None, "b".to_owned())];
        assert_eq!(ask(0, Some(Vec::new())), both);
        assert_eq!(ask(9, None), both);
        assert_eq!(ask(9, Some(Vec::new())), []);
        let by_id = |topic_id| Some(vec![MetadataRequestTopic { topic_id, name: None }]);
        assert_eq!(ask(12, by_id(id)), both[..1]);
        let beside = |name| vec![MetadataRequestTopic { topic_id: id, name: Some(name) }];
        assert_eq!(ask(12, Some(beside(""))), both[..1], "as Java's consumers ask");
        assert_eq!(ask(12, by_id(Uuid([7; 16])))[0].0, ErrorCode::UnknownTopicId);
    });
}

#[test]
fn describe_cluster_names_the_one_node() {
    on_both(|backend| {
        let broker = Options::new(backend).set("node.id=42").start();
        let mut client = broker.connect();
        for version in 0..=2 {
            let request = DescribeClusterRequest::default();
            let frame =
                client.call(ApiKey::DescribeCluster, version, |w| request.encode(w, version));
            let response = frame.body(DescribeClusterResponse::decode);
            assert_eq!((response.controller_id, response.brokers.len()), (42, 1));
            assert!(!response.cluster_id.is_empty());
        }
        let request = DescribeClusterRequest {
            endpoint_type: ENDPOINT_TYPE_CONTROLLERS,
            ..Default::default()
        };
        let frame = client.call(ApiKey::DescribeCluster, 1, |w| request.encode(w, 1));
        let response = frame.body(DescribeClusterResponse::decode);
        assert_eq!(response.error_code, ErrorCode::MismatchedEndpointType);
    });
}
