//! Dispatch by API: decode a body and encode it again.

use bytes::BytesMut;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::messages::{
    add_offsets_to_txn, add_partitions_to_txn, alter_client_quotas, alter_configs,
    alter_partition_reassignments, api_versions, consumer_group_describe, consumer_group_heartbeat,
    create_partitions, create_topics, delete_groups, delete_records, delete_topics,
    describe_client_quotas, describe_cluster, describe_configs, describe_groups, describe_log_dirs,
    describe_producers, describe_topic_partitions, describe_transactions, elect_leaders, end_txn,
    fetch, find_coordinator, heartbeat, incremental_alter_configs, init_producer_id, join_group,
    leave_group, list_config_resources, list_groups, list_offsets, list_partition_reassignments,
    list_transactions, metadata, offset_commit, offset_delete, offset_fetch,
    offset_for_leader_epoch, produce, sync_group, txn_offset_commit, write_txn_markers,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;
use headwater_protocol::wire::writer::Writer;

/// Requests come from anyone; responses are read by the load generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Request,
    Response,
}

/// Decodes a body and encodes what was decoded.
pub fn recode(
    api: ApiKey,
    direction: Direction,
    version: i16,
    bytes: &[u8],
) -> Result<Vec<u8>, DecodeError> {
    let r = &mut Reader::new(bytes, api.is_flexible(version));
    let mut buffer = BytesMut::new();
    let w = &mut Writer::new(&mut buffer, api.is_flexible(version));
    macro_rules! pass {
        ($request:ty, $response:ty) => {
            match direction {
                Direction::Request => <$request>::decode(r, version)?.encode(w, version),
                Direction::Response => <$response>::decode(r, version)?.encode(w, version),
            }
        };
    }
    match api {
        ApiKey::Produce => pass!(produce::ProduceRequest, produce::ProduceResponse),
        ApiKey::Fetch => pass!(fetch::FetchRequest, fetch::response::FetchResponse),
        ApiKey::ListOffsets => {
            pass!(list_offsets::ListOffsetsRequest, list_offsets::ListOffsetsResponse)
        }
        ApiKey::Metadata => pass!(metadata::MetadataRequest, metadata::MetadataResponse),
        ApiKey::ApiVersions => {
            pass!(api_versions::ApiVersionsRequest, api_versions::ApiVersionsResponse)
        }
        ApiKey::CreateTopics => {
            pass!(create_topics::CreateTopicsRequest, create_topics::CreateTopicsResponse)
        }
        ApiKey::DeleteTopics => {
            pass!(delete_topics::DeleteTopicsRequest, delete_topics::DeleteTopicsResponse)
        }
        ApiKey::InitProducerId => {
            pass!(init_producer_id::InitProducerIdRequest, init_producer_id::InitProducerIdResponse)
        }
        ApiKey::DescribeConfigs => pass!(
            describe_configs::DescribeConfigsRequest,
            describe_configs::DescribeConfigsResponse
        ),
        ApiKey::CreatePartitions => pass!(
            create_partitions::CreatePartitionsRequest,
            create_partitions::CreatePartitionsResponse
        ),
        ApiKey::FindCoordinator => pass!(
            find_coordinator::FindCoordinatorRequest,
            find_coordinator::FindCoordinatorResponse
        ),
        ApiKey::DescribeCluster => pass!(
            describe_cluster::DescribeClusterRequest,
            describe_cluster::DescribeClusterResponse
        ),
        ApiKey::JoinGroup => pass!(join_group::JoinGroupRequest, join_group::JoinGroupResponse),
        ApiKey::SyncGroup => pass!(sync_group::SyncGroupRequest, sync_group::SyncGroupResponse),
        ApiKey::Heartbeat => pass!(heartbeat::HeartbeatRequest, heartbeat::HeartbeatResponse),
        ApiKey::LeaveGroup => {
            pass!(leave_group::LeaveGroupRequest, leave_group::LeaveGroupResponse)
        }
        ApiKey::OffsetCommit => {
            pass!(offset_commit::OffsetCommitRequest, offset_commit::OffsetCommitResponse)
        }
        ApiKey::OffsetFetch => {
            pass!(offset_fetch::OffsetFetchRequest, offset_fetch::OffsetFetchResponse)
        }
        ApiKey::OffsetDelete => {
            pass!(offset_delete::OffsetDeleteRequest, offset_delete::OffsetDeleteResponse)
        }
        ApiKey::OffsetForLeaderEpoch => pass!(
            offset_for_leader_epoch::OffsetForLeaderEpochRequest,
            offset_for_leader_epoch::OffsetForLeaderEpochResponse
        ),
        ApiKey::DescribeGroups => {
            pass!(describe_groups::DescribeGroupsRequest, describe_groups::DescribeGroupsResponse)
        }
        ApiKey::ListGroups => {
            pass!(list_groups::ListGroupsRequest, list_groups::ListGroupsResponse)
        }
        ApiKey::DeleteGroups => {
            pass!(delete_groups::DeleteGroupsRequest, delete_groups::DeleteGroupsResponse)
        }
        ApiKey::AddPartitionsToTxn => pass!(
            add_partitions_to_txn::AddPartitionsToTxnRequest,
            add_partitions_to_txn::AddPartitionsToTxnResponse
        ),
        ApiKey::AddOffsetsToTxn => pass!(
            add_offsets_to_txn::AddOffsetsToTxnRequest,
            add_offsets_to_txn::AddOffsetsToTxnResponse
        ),
        ApiKey::EndTxn => pass!(end_txn::EndTxnRequest, end_txn::EndTxnResponse),
        ApiKey::TxnOffsetCommit => pass!(
            txn_offset_commit::TxnOffsetCommitRequest,
            txn_offset_commit::TxnOffsetCommitResponse
        ),
        ApiKey::WriteTxnMarkers => pass!(
            write_txn_markers::WriteTxnMarkersRequest,
            write_txn_markers::WriteTxnMarkersResponse
        ),
        ApiKey::DescribeProducers => pass!(
            describe_producers::DescribeProducersRequest,
            describe_producers::DescribeProducersResponse
        ),
        ApiKey::DescribeTransactions => pass!(
            describe_transactions::DescribeTransactionsRequest,
            describe_transactions::DescribeTransactionsResponse
        ),
        ApiKey::ListTransactions => pass!(
            list_transactions::ListTransactionsRequest,
            list_transactions::ListTransactionsResponse
        ),
        ApiKey::DeleteRecords => {
            pass!(delete_records::DeleteRecordsRequest, delete_records::DeleteRecordsResponse)
        }
        ApiKey::DescribeLogDirs => pass!(
            describe_log_dirs::DescribeLogDirsRequest,
            describe_log_dirs::DescribeLogDirsResponse
        ),
        ApiKey::ElectLeaders => {
            pass!(elect_leaders::ElectLeadersRequest, elect_leaders::ElectLeadersResponse)
        }
        ApiKey::AlterPartitionReassignments => pass!(
            alter_partition_reassignments::AlterPartitionReassignmentsRequest,
            alter_partition_reassignments::AlterPartitionReassignmentsResponse
        ),
        ApiKey::ListPartitionReassignments => pass!(
            list_partition_reassignments::ListPartitionReassignmentsRequest,
            list_partition_reassignments::ListPartitionReassignmentsResponse
        ),
        ApiKey::IncrementalAlterConfigs => pass!(
            incremental_alter_configs::IncrementalAlterConfigsRequest,
            incremental_alter_configs::IncrementalAlterConfigsResponse
        ),
        ApiKey::AlterConfigs => {
            pass!(alter_configs::AlterConfigsRequest, alter_configs::AlterConfigsResponse)
        }
        ApiKey::ListConfigResources => pass!(
            list_config_resources::ListConfigResourcesRequest,
            list_config_resources::ListConfigResourcesResponse
        ),
        ApiKey::DescribeClientQuotas => pass!(
            describe_client_quotas::DescribeClientQuotasRequest,
            describe_client_quotas::DescribeClientQuotasResponse
        ),
        ApiKey::AlterClientQuotas => pass!(
            alter_client_quotas::AlterClientQuotasRequest,
            alter_client_quotas::AlterClientQuotasResponse
        ),
        ApiKey::DescribeTopicPartitions => pass!(
            describe_topic_partitions::DescribeTopicPartitionsRequest,
            describe_topic_partitions::DescribeTopicPartitionsResponse
        ),
        ApiKey::ConsumerGroupHeartbeat => pass!(
            consumer_group_heartbeat::ConsumerGroupHeartbeatRequest,
            consumer_group_heartbeat::ConsumerGroupHeartbeatResponse
        ),
        ApiKey::ConsumerGroupDescribe => pass!(
            consumer_group_describe::ConsumerGroupDescribeRequest,
            consumer_group_describe::ConsumerGroupDescribeResponse
        ),
        other => panic!("{other} is spoken and has no messages here"),
    }
    Ok(buffer.to_vec())
}
