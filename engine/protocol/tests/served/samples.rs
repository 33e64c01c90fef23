//! One body of each kind with something in every list, as bytes. The paths are written out because
//! the fuzzer includes this file from elsewhere.

#[path = "samples/alter_configs.rs"]
mod alter_configs;
#[path = "samples/consumer_groups.rs"]
mod consumer_groups;
#[path = "samples/describe_topic_partitions.rs"]
mod describe_topic_partitions;
#[path = "samples/group_admin.rs"]
mod group_admin;
#[path = "samples/groups.rs"]
mod groups;
#[path = "samples/log_dirs.rs"]
mod log_dirs;
#[path = "samples/offsets.rs"]
mod offsets;
#[path = "samples/partitions.rs"]
mod partitions;
#[path = "samples/quotas.rs"]
mod quotas;
#[path = "samples/records.rs"]
mod records;
#[path = "samples/transaction_admin.rs"]
mod transaction_admin;
#[path = "samples/transactions.rs"]
mod transactions;

use crate::bodies::Direction;
use bytes::BytesMut;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::messages::api_versions::{
    ApiVersionsRequest, ApiVersionsResponse, FinalizedFeature, SupportedFeature,
};
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
use headwater_protocol::messages::describe_cluster::{
    DescribeClusterBroker, DescribeClusterRequest, DescribeClusterResponse,
};
use headwater_protocol::messages::describe_configs::{
    ConfigSynonym, DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResponse,
    DescribeConfigsResult, DescribedConfig,
};
use headwater_protocol::messages::find_coordinator::{
    Coordinator, FindCoordinatorRequest, FindCoordinatorResponse,
};
use headwater_protocol::messages::init_producer_id::{
    InitProducerIdRequest, InitProducerIdResponse,
};
use headwater_protocol::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse,
    ListOffsetsTopic, ListOffsetsTopicResponse,
};
use headwater_protocol::messages::metadata::{
    MetadataBroker, MetadataPartition, MetadataRequest, MetadataRequestTopic, MetadataResponse,
    MetadataTopic,
};
use headwater_protocol::wire::uuid::Uuid;
use headwater_protocol::wire::writer::Writer;

const ID: Uuid = Uuid([5; 16]);

/// The bytes of a body.
pub fn sample(api: ApiKey, direction: Direction, version: i16) -> Vec<u8> {
    let mut buffer = BytesMut::new();
    let w = &mut Writer::new(&mut buffer, api.is_flexible(version));
    match direction {
        Direction::Request => request(api, w, version),
        Direction::Response => response(api, w, version),
    }
    buffer.to_vec()
}

fn request(api: ApiKey, w: &mut Writer<'_>, version: i16) {
    match api {
        ApiKey::Produce => records::produce_request().encode(w, version),
        ApiKey::Fetch => records::fetch_request().encode(w, version),
        ApiKey::ListOffsets => {
            let partitions = vec![ListOffsetsPartition::default()];
            let topics = vec![ListOffsetsTopic { name: "t", partitions }];
            ListOffsetsRequest { topics, ..Default::default() }.encode(w, version);
        }
        ApiKey::Metadata => {
            let topics = Some(vec![MetadataRequestTopic { topic_id: ID, name: Some("t") }]);
            MetadataRequest { topics, ..Default::default() }.encode(w, version);
        }
        ApiKey::ApiVersions => {
            ApiVersionsRequest { client_software_name: "name", client_software_version: "version" }
                .encode(w, version)
        }
        ApiKey::CreateTopics => create_topics_request().encode(w, version),
        ApiKey::DeleteTopics => {
            let topics = vec![DeleteTopicState { name: Some("t"), topic_id: ID }];
            DeleteTopicsRequest { topics, timeout_ms: 9 }.encode(w, version);
        }
        ApiKey::InitProducerId => {
            let transactional_id = Some("txn");
            InitProducerIdRequest { transactional_id, ..Default::default() }.encode(w, version);
        }
        ApiKey::DescribeConfigs => {
            let configuration_keys = Some(vec!["a", "b"]);
            let resource = DescribeConfigsResource {
                resource_type: 2,
                resource_name: "t",
                configuration_keys,
            };
            DescribeConfigsRequest { resources: vec![resource], ..Default::default() }
                .encode(w, version);
        }
        ApiKey::CreatePartitions => {
            let assignments = Some(vec![vec![1, 2], vec![]]);
            let topics = vec![CreatePartitionsTopic { name: "t", count: 3, assignments }];
            CreatePartitionsRequest { topics, ..Default::default() }.encode(w, version);
        }
        ApiKey::DescribeCluster => DescribeClusterRequest::default().encode(w, version),
        ApiKey::FindCoordinator => {
            FindCoordinatorRequest { key_type: 1, keys: vec!["g"] }.encode(w, version);
        }
        ApiKey::JoinGroup => groups::join_group_request().encode(w, version),
        ApiKey::SyncGroup => groups::sync_group_request().encode(w, version),
        ApiKey::Heartbeat => groups::heartbeat_request().encode(w, version),
        ApiKey::LeaveGroup => groups::leave_group_request().encode(w, version),
        ApiKey::OffsetCommit => offsets::offset_commit_request().encode(w, version),
        ApiKey::OffsetFetch => offsets::offset_fetch_request().encode(w, version),
        ApiKey::OffsetDelete => offsets::offset_delete_request().encode(w, version),
        ApiKey::OffsetForLeaderEpoch => {
            offsets::offset_for_leader_epoch_request().encode(w, version)
        }
        ApiKey::DescribeGroups => group_admin::describe_groups_request().encode(w, version),
        ApiKey::ListGroups => group_admin::list_groups_request().encode(w, version),
        ApiKey::DeleteGroups => group_admin::delete_groups_request().encode(w, version),
        ApiKey::AddPartitionsToTxn => {
            transactions::add_partitions_to_txn_request().encode(w, version)
        }
        ApiKey::AddOffsetsToTxn => transactions::add_offsets_to_txn_request().encode(w, version),
        ApiKey::EndTxn => transactions::end_txn_request().encode(w, version),
        ApiKey::TxnOffsetCommit => transactions::txn_offset_commit_request().encode(w, version),
        ApiKey::WriteTxnMarkers => {
            transaction_admin::write_txn_markers_request().encode(w, version)
        }
        ApiKey::DescribeProducers => {
            transaction_admin::describe_producers_request().encode(w, version)
        }
        ApiKey::DescribeTransactions => {
            transaction_admin::describe_transactions_request().encode(w, version)
        }
        ApiKey::ListTransactions => {
            transaction_admin::list_transactions_request().encode(w, version)
        }
        ApiKey::DeleteRecords => partitions::delete_records_request().encode(w, version),
        ApiKey::DescribeLogDirs => log_dirs::describe_log_dirs_request().encode(w, version),
        ApiKey::ElectLeaders => partitions::elect_leaders_request().encode(w, version),
        ApiKey::AlterPartitionReassignments => {
            partitions::alter_partition_reassignments_request().encode(w, version)
        }
        ApiKey::ListPartitionReassignments => {
            partitions::list_partition_reassignments_request().encode(w, version)
        }
        ApiKey::IncrementalAlterConfigs => {
            alter_configs::incremental_alter_configs_request().encode(w, version)
        }
        ApiKey::AlterConfigs => alter_configs::alter_configs_request().encode(w, version),
        ApiKey::ListConfigResources => {
            alter_configs::list_config_resources_request().encode(w, version)
        }
        ApiKey::DescribeClientQuotas => quotas::describe_client_quotas_request().encode(w, version),
        ApiKey::AlterClientQuotas => quotas::alter_client_quotas_request().encode(w, version),
        ApiKey::DescribeTopicPartitions => {
            describe_topic_partitions::describe_topic_partitions_request().encode(w, version)
        }
        ApiKey::ConsumerGroupHeartbeat => {
            consumer_groups::consumer_group_heartbeat_request().encode(w, version)
        }
        ApiKey::ConsumerGroupDescribe => {
            consumer_groups::consumer_group_describe_request().encode(w, version)
        }
        other => panic!("{other} is spoken and has no sample"),
    }
}

fn create_topics_request() -> CreateTopicsRequest<'static> {
    let topic = CreatableTopic {
        name: "t",
        assignments: vec![ReplicaAssignment { partition_index: 0, broker_ids: vec![1, 2] }],
        configs: vec![CreatableTopicConfig { name: "a", value: Some("b") }],
        ..CreatableTopic::default()
    };
    CreateTopicsRequest { topics: vec![topic], ..Default::default() }
}

fn response(api: ApiKey, w: &mut Writer<'_>, version: i16) {
    match api {
        ApiKey::Produce => records::produce_response().encode(w, version),
        ApiKey::Fetch => records::fetch_response().encode(w, version),
        ApiKey::ListOffsets => {
            let partition = ListOffsetsPartitionResponse { offset: 7, ..Default::default() };
            let partitions = vec![partition];
            let topics = vec![ListOffsetsTopicResponse { name: "t".into(), partitions }];
            ListOffsetsResponse { topics, ..Default::default() }.encode(w, version);
        }
        ApiKey::Metadata => metadata_response().encode(w, version),
        ApiKey::ApiVersions => api_versions_response().encode(w, version),
        ApiKey::CreateTopics => {
            let name = "t".into();
            let configs = Some(vec![CreatedTopicConfig { name: "a".into(), ..Default::default() }]);
            let topics = vec![CreatableTopicResult { name, configs, ..Default::default() }];
            CreateTopicsResponse { topics, ..Default::default() }.encode(w, version);
        }
        ApiKey::DeleteTopics => {
            let responses =
                vec![DeletableTopicResult { name: Some("t".into()), ..Default::default() }];
            DeleteTopicsResponse { topics: responses, ..Default::default() }.encode(w, version);
        }
        ApiKey::InitProducerId => InitProducerIdResponse::default().encode(w, version),
        ApiKey::DescribeConfigs => {
            let synonyms = vec![ConfigSynonym { name: "s".into(), ..Default::default() }];
            let config = DescribedConfig { name: "a".into(), synonyms, ..Default::default() };
            let result = DescribeConfigsResult { configs: vec![config], ..Default::default() };
            DescribeConfigsResponse { results: vec![result], ..Default::default() }
                .encode(w, version);
        }
        ApiKey::CreatePartitions => {
            let results =
                vec![CreatePartitionsTopicResult { name: "t".into(), ..Default::default() }];
            CreatePartitionsResponse { results, ..Default::default() }.encode(w, version);
        }
        ApiKey::FindCoordinator => {
            let coordinators = vec![Coordinator { host: "h".into(), ..Default::default() }];
            FindCoordinatorResponse { coordinators, ..Default::default() }.encode(w, version);
        }
        ApiKey::DescribeCluster => {
            let brokers = vec![DescribeClusterBroker { host: "h".into(), ..Default::default() }];
            DescribeClusterResponse { brokers, ..Default::default() }.encode(w, version);
        }
        ApiKey::JoinGroup => groups::join_group_response().encode(w, version),
        ApiKey::SyncGroup => groups::sync_group_response().encode(w, version),
        ApiKey::Heartbeat => groups::heartbeat_response().encode(w, version),
        ApiKey::LeaveGroup => groups::leave_group_response().encode(w, version),
        ApiKey::OffsetCommit => offsets::offset_commit_response().encode(w, version),
        ApiKey::OffsetFetch => offsets::offset_fetch_response().encode(w, version),
        ApiKey::OffsetDelete => offsets::offset_delete_response().encode(w, version),
        ApiKey::OffsetForLeaderEpoch => {
            offsets::offset_for_leader_epoch_response().encode(w, version)
        }
        ApiKey::DescribeGroups => group_admin::describe_groups_response().encode(w, version),
        ApiKey::ListGroups => group_admin::list_groups_response().encode(w, version),
        ApiKey::DeleteGroups => group_admin::delete_groups_response().encode(w, version),
        ApiKey::AddPartitionsToTxn => {
            transactions::add_partitions_to_txn_response().encode(w, version)
        }
        ApiKey::AddOffsetsToTxn => transactions::add_offsets_to_txn_response().encode(w, version),
        ApiKey::EndTxn => transactions::end_txn_response().encode(w, version),
        ApiKey::TxnOffsetCommit => transactions::txn_offset_commit_response().encode(w, version),
        ApiKey::WriteTxnMarkers => {
            transaction_admin::write_txn_markers_response().encode(w, version)
        }
        ApiKey::DescribeProducers => {
            transaction_admin::describe_producers_response().encode(w, version)
        }
        ApiKey::DescribeTransactions => {
            transaction_admin::describe_transactions_response().encode(w, version)
        }
        ApiKey::ListTransactions => {
            transaction_admin::list_transactions_response().encode(w, version)
        }
        ApiKey::DeleteRecords => partitions::delete_records_response().encode(w, version),
        ApiKey::DescribeLogDirs => log_dirs::describe_log_dirs_response().encode(w, version),
        ApiKey::ElectLeaders => partitions::elect_leaders_response().encode(w, version),
        ApiKey::AlterPartitionReassignments => {
            partitions::alter_partition_reassignments_response().encode(w, version)
        }
        ApiKey::ListPartitionReassignments => {
            partitions::list_partition_reassignments_response().encode(w, version)
        }
        ApiKey::IncrementalAlterConfigs => {
            alter_configs::incremental_alter_configs_response().encode(w, version)
        }
        ApiKey::AlterConfigs => alter_configs::alter_configs_response().encode(w, version),
        ApiKey::ListConfigResources => {
            alter_configs::list_config_resources_response().encode(w, version)
        }
        ApiKey::DescribeClientQuotas => {
            quotas::describe_client_quotas_response().encode(w, version)
        }
        ApiKey::AlterClientQuotas => quotas::alter_client_quotas_response().encode(w, version),
        ApiKey::DescribeTopicPartitions => {
            describe_topic_partitions::describe_topic_partitions_response().encode(w, version)
        }
        ApiKey::ConsumerGroupHeartbeat => {
            consumer_groups::consumer_group_heartbeat_response().encode(w, version)
        }
        ApiKey::ConsumerGroupDescribe => {
            consumer_groups::consumer_group_describe_response().encode(w, version)
        }
        other => panic!("{other} is spoken and has no sample"),
    }
}

fn metadata_response() -> MetadataResponse<'static> {
    let partition = MetadataPartition {
        replica_nodes: vec![1, 2],
        isr_nodes: vec![1],
        offline_replicas: vec![2],
        ..MetadataPartition::default()
    };
    MetadataResponse {
        brokers: vec![MetadataBroker { host: "h".into(), ..Default::default() }],
        topics: vec![MetadataTopic {
            name: Some("t".into()),
            topic_id: ID,
            partitions: vec![partition],
            ..MetadataTopic::default()
        }],
        ..MetadataResponse::default()
    }
}

fn api_versions_response() -> ApiVersionsResponse<'static> {
    ApiVersionsResponse {
        supported_features: vec![SupportedFeature {
            name: "f".into(),
            min_version: 1,
            max_version: 2,
        }],
        finalized_features_epoch: 3,
        finalized_features: vec![FinalizedFeature {
            name: "f".into(),
            max_version_level: 2,
            min_version_level: 1,
        }],
        ..ApiVersionsResponse::from_table()
    }
}
