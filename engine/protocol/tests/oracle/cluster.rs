//! ApiVersions, DescribeCluster and FindCoordinator.

use crate::body::{compare, text, versions};
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::api_versions::{
    ApiVersion, ApiVersionsRequest, ApiVersionsResponse, FinalizedFeature, SupportedFeature,
};
use headwater_protocol::messages::describe_cluster::{
    DescribeClusterBroker, DescribeClusterRequest, DescribeClusterResponse,
    ENDPOINT_TYPE_CONTROLLERS,
};
use headwater_protocol::messages::find_coordinator::{
    Coordinator, FindCoordinatorRequest, FindCoordinatorResponse,
};
use kafka_protocol::messages as theirs;
use theirs::{api_versions_response, describe_cluster_response, find_coordinator_response};

#[test]
fn api_versions_request() {
    let ours =
        ApiVersionsRequest { client_software_name: "loadgen", client_software_version: "0.1" };
    for version in versions(ApiKey::ApiVersions) {
        let mut theirs = theirs::ApiVersionsRequest::default();
        if version >= 3 {
            theirs.client_software_name = text("loadgen");
            theirs.client_software_version = text("0.1");
        }
        compare(version, &ours, &theirs);
    }
}

#[test]
fn api_versions_response() {
    let ours = ApiVersionsResponse {
        error_code: ErrorCode::UnsupportedVersion,
        api_keys: vec![
            ApiVersion { api_key: 0, min_version: 0, max_version: 13 },
            ApiVersion { api_key: 18, min_version: 1, max_version: 4 },
        ],
        throttle_time_ms: 11,
        supported_features: vec![SupportedFeature {
            name: "transaction.version".into(),
            min_version: 1,
            max_version: 2,
        }],
        finalized_features_epoch: 1 << 40,
        finalized_features: vec![FinalizedFeature {
            name: "transaction.version".into(),
            max_version_level: 2,
            min_version_level: 1,
        }],
    };
    for version in versions(ApiKey::ApiVersions) {
        let api = api_versions_response::ApiVersion::default;
        let plain = theirs::ApiVersionsResponse::default();
        let mut theirs = plain.clone().with_error_code(35).with_api_keys(vec![
            api().with_api_key(0).with_max_version(13),
            api().with_api_key(18).with_min_version(1).with_max_version(4),
        ]);
        if version >= 1 {
            theirs.throttle_time_ms = 11;
        }
        if version >= 3 {
            theirs.supported_features = vec![
                api_versions_response::SupportedFeatureKey::default()
                    .with_name(text("transaction.version"))
                    .with_min_version(1)
                    .with_max_version(2),
            ];
            theirs.finalized_features_epoch = 1 << 40;
            theirs.finalized_features = vec![
                api_versions_response::FinalizedFeatureKey::default()
                    .with_name(text("transaction.version"))
                    .with_max_version_level(2)
                    .with_min_version_level(1),
            ];
        }
        compare(version, &ours, &theirs);
        compare(version, &ApiVersionsResponse::default(), &plain);
    }
}

#[test]
fn describe_cluster_request() {
    let ours = DescribeClusterRequest {
        include_cluster_authorized_operations: true,
        endpoint_type: ENDPOINT_TYPE_CONTROLLERS,
        include_fenced_brokers: true,
    };
    for version in versions(ApiKey::DescribeCluster) {
        let mut theirs = theirs::DescribeClusterRequest::default()
            .with_include_cluster_authorized_operations(true);
        if version >= 1 {
            theirs.endpoint_type = 2;
        }
        if version >= 2 {
            theirs.include_fenced_brokers = true;
        }
        compare(version, &ours, &theirs);
    }
}

#[test]
fn describe_cluster_response() {
    let ours = DescribeClusterResponse {
        throttle_time_ms: 11,
        error_code: ErrorCode::ClusterAuthorizationFailed,
        error_message: Some("not you".into()),
        endpoint_type: ENDPOINT_TYPE_CONTROLLERS,
        cluster_id: "cluster".into(),
        controller_id: 2,
        brokers: vec![DescribeClusterBroker {
            broker_id: 1,
            host: "one".into(),
            port: 9092,
            rack: Some("rack".into()),
            is_fenced: true,
        }],
        cluster_authorized_operations: 264,
    };
    for version in versions(ApiKey::DescribeCluster) {
        let mut broker = describe_cluster_response::DescribeClusterBroker::default()
            .with_broker_id(1.into())
            .with_host(text("one"))
            .with_port(9092)
            .with_rack(Some(text("rack")));
        let mut theirs = theirs::DescribeClusterResponse::default()
            .with_throttle_time_ms(11)
            .with_error_code(31)
            .with_error_message(Some(text("not you")))
            .with_cluster_id(text("cluster"))
            .with_controller_id(2.into())
            .with_cluster_authorized_operations(264);
        if version >= 1 {
            theirs.endpoint_type = 2;
        }
        if version >= 2 {
            broker.is_fenced = true;
        }
        compare(version, &ours, &theirs.with_brokers(vec![broker]));
    }
}

#[test]
fn find_coordinator_request() {
    for version in versions(ApiKey::FindCoordinator) {
        let keys = if version >= 4 { vec!["group", "other"] } else { vec!["group"] };
        let ours = FindCoordinatorRequest { key_type: 1, keys };
        let mut theirs = theirs::FindCoordinatorRequest::default();
        if version <= 3 {
            theirs.key = text("group");
        }
        if version >= 1 {
            theirs.key_type = 1;
        }
        if version >= 4 {
            theirs.coordinator_keys = vec![text("group"), text("other")];
        }
        compare(version, &ours, &theirs);
    }
}

#[test]
fn find_coordinator_response() {
    for version in versions(ApiKey::FindCoordinator) {
        let ours = FindCoordinatorResponse {
            throttle_time_ms: 11,
            coordinators: vec![Coordinator {
                key: "group".into(),
                node_id: 3,
                host: "host".into(),
                port: 9092,
                error_code: ErrorCode::CoordinatorNotAvailable,
                error_message: Some("not yet".into()),
            }],
        };
        let mut theirs = theirs::FindCoordinatorResponse::default();
        if version >= 1 {
            theirs.throttle_time_ms = 11;
        }
        if version <= 3 {
            theirs.error_code = ErrorCode::CoordinatorNotAvailable.code();
            theirs.node_id = theirs::BrokerId(3);
            theirs.host = text("host");
            theirs.port = 9092;
        }
        if (1..=3).contains(&version) {
            theirs.error_message = Some(text("not yet"));
        }
        if version >= 4 {
            theirs.coordinators = vec![
                find_coordinator_response::Coordinator::default()
                    .with_key(text("group"))
                    .with_node_id(theirs::BrokerId(3))
                    .with_host(text("host"))
                    .with_port(9092)
                    .with_error_code(ErrorCode::CoordinatorNotAvailable.code())
                    .with_error_message(Some(text("not yet"))),
            ];
        }
        compare(version, &ours, &theirs);
    }
}
