//! The comparison itself, and what all bodies have in common for its sake.

use bytes::{Bytes, BytesMut};
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
use headwater_protocol::wire::uuid::Uuid;
use headwater_protocol::wire::writer::Writer;
use kafka_protocol::messages::TopicName;
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use std::fmt::Debug;

/// A body of ours.
pub trait Body<'a>: Sized + PartialEq + Debug {
    const API: ApiKey;
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError>;
    fn encode(&self, w: &mut Writer<'_>, version: i16);
}

macro_rules! bodies {
    ($($api:ident: $($body:ty),+;)+) => {$($(
        impl<'a> Body<'a> for $body {
            const API: ApiKey = ApiKey::$api;
            fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
                <$body>::decode(r, version)
            }
            fn encode(&self, w: &mut Writer<'_>, version: i16) {
                <$body>::encode(self, w, version)
            }
        }
    )+)+};
}

bodies! {
    ApiVersions: api_versions::ApiVersionsRequest<'a>, api_versions::ApiVersionsResponse<'a>;
    CreatePartitions: create_partitions::CreatePartitionsRequest<'a>,
        create_partitions::CreatePartitionsResponse<'a>;
    CreateTopics: create_topics::CreateTopicsRequest<'a>, create_topics::CreateTopicsResponse<'a>;
    DeleteTopics: delete_topics::DeleteTopicsRequest<'a>, delete_topics::DeleteTopicsResponse<'a>;
    DescribeCluster: describe_cluster::DescribeClusterRequest,
        describe_cluster::DescribeClusterResponse<'a>;
    DescribeConfigs: describe_configs::DescribeConfigsRequest<'a>,
        describe_configs::DescribeConfigsResponse<'a>;
    Fetch: fetch::FetchRequest<'a>, fetch::response::FetchResponse<'a>;
    FindCoordinator: find_coordinator::FindCoordinatorRequest<'a>,
        find_coordinator::FindCoordinatorResponse<'a>;
    InitProducerId: init_producer_id::InitProducerIdRequest<'a>,
        init_producer_id::InitProducerIdResponse;
    ListOffsets: list_offsets::ListOffsetsRequest<'a>, list_offsets::ListOffsetsResponse<'a>;
    Metadata: metadata::MetadataRequest<'a>, metadata::MetadataResponse<'a>;
    Produce: produce::ProduceRequest<'a>, produce::ProduceResponse<'a>;
    JoinGroup: join_group::JoinGroupRequest<'a>, join_group::JoinGroupResponse<'a>;
    SyncGroup: sync_group::SyncGroupRequest<'a>, sync_group::SyncGroupResponse<'a>;
    Heartbeat: heartbeat::HeartbeatRequest<'a>, heartbeat::HeartbeatResponse;
    LeaveGroup: leave_group::LeaveGroupRequest<'a>, leave_group::LeaveGroupResponse<'a>;
    OffsetCommit: offset_commit::OffsetCommitRequest<'a>, offset_commit::OffsetCommitResponse<'a>;
    OffsetFetch: offset_fetch::OffsetFetchRequest<'a>, offset_fetch::OffsetFetchResponse<'a>;
    OffsetDelete: offset_delete::OffsetDeleteRequest<'a>, offset_delete::OffsetDeleteResponse<'a>;
    OffsetForLeaderEpoch: offset_for_leader_epoch::OffsetForLeaderEpochRequest<'a>, offset_for_leader_epoch::OffsetForLeaderEpochResponse<'a>;
    DescribeGroups: describe_groups::DescribeGroupsRequest<'a>, describe_groups::DescribeGroupsResponse<'a>;
    ListGroups: list_groups::ListGroupsRequest<'a>, list_groups::ListGroupsResponse<'a>;
    DeleteGroups: delete_groups::DeleteGroupsRequest<'a>, delete_groups::DeleteGroupsResponse<'a>;
    AddPartitionsToTxn: add_partitions_to_txn::AddPartitionsToTxnRequest<'a>, add_partitions_to_txn::AddPartitionsToTxnResponse<'a>;
    AddOffsetsToTxn: add_offsets_to_txn::AddOffsetsToTxnRequest<'a>, add_offsets_to_txn::AddOffsetsToTxnResponse;
    EndTxn: end_txn::EndTxnRequest<'a>, end_txn::EndTxnResponse;
    TxnOffsetCommit: txn_offset_commit::TxnOffsetCommitRequest<'a>, txn_offset_commit::TxnOffsetCommitResponse<'a>;
    WriteTxnMarkers: write_txn_markers::WriteTxnMarkersRequest<'a>, write_txn_markers::WriteTxnMarkersResponse<'a>;
    DescribeProducers: describe_producers::DescribeProducersRequest<'a>, describe_producers::DescribeProducersResponse<'a>;
    DescribeTransactions: describe_transactions::DescribeTransactionsRequest<'a>, describe_transactions::DescribeTransactionsResponse<'a>;
    ListTransactions: list_transactions::ListTransactionsRequest<'a>, list_transactions::ListTransactionsResponse<'a>;
    DeleteRecords: delete_records::DeleteRecordsRequest<'a>, delete_records::DeleteRecordsResponse<'a>;
    DescribeLogDirs: describe_log_dirs::DescribeLogDirsRequest<'a>, describe_log_dirs::DescribeLogDirsResponse<'a>;
    ElectLeaders: elect_leaders::ElectLeadersRequest<'a>, elect_leaders::ElectLeadersResponse<'a>;
    AlterPartitionReassignments: alter_partition_reassignments::AlterPartitionReassignmentsRequest<'a>, alter_partition_reassignments::AlterPartitionReassignmentsResponse<'a>;
    ListPartitionReassignments: list_partition_reassignments::ListPartitionReassignmentsRequest<'a>, list_partition_reassignments::ListPartitionReassignmentsResponse<'a>;
    IncrementalAlterConfigs: incremental_alter_configs::IncrementalAlterConfigsRequest<'a>, incremental_alter_configs::IncrementalAlterConfigsResponse<'a>;
    AlterConfigs: alter_configs::AlterConfigsRequest<'a>, alter_configs::AlterConfigsResponse<'a>;
    ListConfigResources: list_config_resources::ListConfigResourcesRequest, list_config_resources::ListConfigResourcesResponse<'a>;
    DescribeClientQuotas: describe_client_quotas::DescribeClientQuotasRequest<'a>, describe_client_quotas::DescribeClientQuotasResponse<'a>;
    AlterClientQuotas: alter_client_quotas::AlterClientQuotasRequest<'a>, alter_client_quotas::AlterClientQuotasResponse<'a>;
    DescribeTopicPartitions: describe_topic_partitions::DescribeTopicPartitionsRequest<'a>, describe_topic_partitions::DescribeTopicPartitionsResponse<'a>;
    ConsumerGroupHeartbeat: consumer_group_heartbeat::ConsumerGroupHeartbeatRequest<'a>, consumer_group_heartbeat::ConsumerGroupHeartbeatResponse<'a>;
    ConsumerGroupDescribe: consumer_group_describe::ConsumerGroupDescribeRequest<'a>, consumer_group_describe::ConsumerGroupDescribeResponse<'a>;
}

/// The versions of an API that we decode, served or not.
pub fn versions(api: ApiKey) -> std::ops::RangeInclusive<i16> {
    let versions = api.spoken().expect("spoken");
    versions.decodable_min..=versions.max
}

/// Both sides write the same bytes and read what the other wrote.
///
/// Ours carries every field in every version, so decoding gives back less in old versions; there
/// the proof is that what was decoded encodes to the same bytes again.
pub fn compare<'a, O, T>(version: i16, ours: &O, theirs: &T)
where
    O: Body<'a>,
    T: Encodable + Decodable + PartialEq + Debug,
{
    let context = format!("{} version {version}", O::API);
    let our_bytes = encode(ours, version);
    let mut their_bytes = BytesMut::new();
    theirs.encode(&mut their_bytes, version).unwrap_or_else(|e| panic!("{context}: {e}"));
    assert_eq!(our_bytes, their_bytes.freeze(), "{context}");

    let mut rest = our_bytes.clone();
    let read_by_them = T::decode(&mut rest, version).unwrap_or_else(|e| panic!("{context}: {e}"));
    assert_eq!(&read_by_them, theirs, "{context}");
    assert!(rest.is_empty(), "{context}");

    // A test may leak: the decoded value must live as long as the one it is compared with.
    let bytes: &'a [u8] = our_bytes.to_vec().leak();
    let decoded: O = decode(bytes, version);
    assert_eq!(encode(&decoded, version), our_bytes, "{context}");
    if version == *versions(O::API).end() {
        assert_eq!(&decoded, ours, "{context}");
    }
}

pub fn encode<'a>(body: &impl Body<'a>, version: i16) -> Bytes {
    fn inner<'a, B: Body<'a>>(body: &B, version: i16) -> Bytes {
        let mut buffer = BytesMut::new();
        body.encode(&mut Writer::new(&mut buffer, B::API.is_flexible(version)), version);
        buffer.freeze()
    }
    inner(body, version)
}

pub fn decode<'a, B: Body<'a>>(bytes: &'a [u8], version: i16) -> B {
    let mut reader = Reader::new(bytes, B::API.is_flexible(version));
    let body = B::decode(&mut reader, version)
        .unwrap_or_else(|e| panic!("{} version {version}: {e}", B::API));
    assert_eq!(reader.remaining(), 0, "{} version {version}", B::API);
    body
}

pub fn text(text: &'static str) -> StrBytes {
    StrBytes::from_static_str(text)
}

pub fn topic(name: &'static str) -> TopicName {
    TopicName(text(name))
}

/// An identity that is not symmetric. Theirs is parsed from [`THEIR_UUID`].
pub const OUR_UUID: Uuid = Uuid([1, 8, 15, 22, 29, 36, 43, 50, 57, 64, 71, 78, 85, 92, 99, 106]);

/// [`OUR_UUID`] as text.
pub const THEIR_UUID: &str = "01080f16-1d24-2b32-3940-474e555c636a";
