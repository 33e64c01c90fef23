//! DeleteRecords, ElectLeaders, AlterPartitionReassignments, ListPartitionReassignments.

use crate::body::{compare, text, topic, versions};
use crate::samples::partitions as samples;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::messages::alter_partition_reassignments::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse,
};
use headwater_protocol::messages::delete_records::{DeleteRecordsRequest, DeleteRecordsResponse};
use headwater_protocol::messages::elect_leaders::{ElectLeadersRequest, ElectLeadersResponse};
use headwater_protocol::messages::list_partition_reassignments::{
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
};
use kafka_protocol::messages as theirs;

#[test]
fn delete_records_request() {
    use theirs::delete_records_request as request;
    for version in versions(ApiKey::DeleteRecords) {
        let partition =
            request::DeleteRecordsPartition::default().with_partition_index(3).with_offset(1 << 34);
        let topic = request::DeleteRecordsTopic::default()
            .with_name(topic("flights"))
            .with_partitions(vec![partition, request::DeleteRecordsPartition::default()]);
        let theirs = theirs::DeleteRecordsRequest::default()
            .with_topics(vec![topic, request::DeleteRecordsTopic::default()])
            .with_timeout_ms(4);
        compare(version, &samples::delete_records_request(), &theirs);
        compare(
            version,
            &DeleteRecordsRequest::default(),
            &theirs::DeleteRecordsRequest::default(),
        );
    }
}

#[test]
fn delete_records_response() {
    use theirs::delete_records_response as response;
    for version in versions(ApiKey::DeleteRecords) {
        let partition = response::DeleteRecordsPartitionResult::default()
            .with_partition_index(3)
            .with_low_watermark(1 << 34)
            .with_error_code(1);
        let topic = response::DeleteRecordsTopicResult::default()
            .with_name(topic("flights"))
            .with_partitions(vec![
                partition,
                response::DeleteRecordsPartitionResult::default().with_low_watermark(-1),
            ]);
        let theirs = theirs::DeleteRecordsResponse::default()
            .with_throttle_time_ms(3)
            .with_topics(vec![topic, response::DeleteRecordsTopicResult::default()]);
        compare(version, &samples::delete_records_response(), &theirs);
        compare(
            version,
            &DeleteRecordsResponse::default(),
            &theirs::DeleteRecordsResponse::default(),
        );
    }
}

#[test]
fn elect_leaders_request() {
    use theirs::elect_leaders_request as request;
    for version in versions(ApiKey::ElectLeaders) {
        let topic = request::TopicPartitions::default()
            .with_topic(topic("flights"))
            .with_partitions(vec![4, 8]);
        let mut theirs = theirs::ElectLeadersRequest::default()
            .with_topic_partitions(Some(vec![topic, request::TopicPartitions::default()]))
            .with_timeout_ms(5);
        if version >= 1 {
            theirs.election_type = 3;
        }
        compare(version, &samples::elect_leaders_request(), &theirs);
        compare(
            version,
            &ElectLeadersRequest::default(),
            &theirs::ElectLeadersRequest::default()
                .with_topic_partitions(None)
                .with_timeout_ms(60_000),
        );
    }
}

#[test]
fn elect_leaders_response() {
    use theirs::elect_leaders_response as response;
    for version in versions(ApiKey::ElectLeaders) {
        let partition = response::PartitionResult::default()
            .with_partition_id(3)
            .with_error_code(84)
            .with_error_message(Some(text("error message")));
        let topic = response::ReplicaElectionResult::default()
            .with_topic(topic("flights"))
            .with_partition_result(vec![
                partition,
                response::PartitionResult::default().with_error_message(None),
            ]);
        let mut theirs = theirs::ElectLeadersResponse::default()
            .with_throttle_time_ms(3)
            .with_replica_election_results(vec![topic, response::ReplicaElectionResult::default()]);
        if version >= 1 {
            theirs.error_code = 42;
        }
        compare(version, &samples::elect_leaders_response(), &theirs);
        compare(
            version,
            &ElectLeadersResponse::default(),
            &theirs::ElectLeadersResponse::default(),
        );
    }
}

#[test]
fn alter_partition_reassignments_request() {
    use theirs::alter_partition_reassignments_request as request;
    for version in versions(ApiKey::AlterPartitionReassignments) {
        let partition = request::ReassignablePartition::default()
            .with_partition_index(3)
            .with_replicas(Some(vec![4.into(), 8.into()]));
        let topic =
            request::ReassignableTopic::default().with_name(topic("flights")).with_partitions(
                vec![partition, request::ReassignablePartition::default().with_replicas(None)],
            );
        let mut theirs = theirs::AlterPartitionReassignmentsRequest::default()
            .with_timeout_ms(3)
            .with_topics(vec![topic, request::ReassignableTopic::default()]);
        if version >= 1 {
            theirs.allow_replication_factor_change = false;
        }
        compare(version, &samples::alter_partition_reassignments_request(), &theirs);
        compare(
            version,
            &AlterPartitionReassignmentsRequest::default(),
            &theirs::AlterPartitionReassignmentsRequest::default().with_timeout_ms(60_000),
        );
    }
}

#[test]
fn alter_partition_reassignments_response() {
    use theirs::alter_partition_reassignments_response as response;
    for version in versions(ApiKey::AlterPartitionReassignments) {
        let partition = response::ReassignablePartitionResponse::default()
            .with_partition_index(3)
            .with_error_code(85)
            .with_error_message(Some(text("error message")));
        let topic = response::ReassignableTopicResponse::default()
            .with_name(topic("flights"))
            .with_partitions(vec![
                partition,
                response::ReassignablePartitionResponse::default().with_error_message(None),
            ]);
        let mut theirs = theirs::AlterPartitionReassignmentsResponse::default()
            .with_throttle_time_ms(3)
            .with_error_code(42)
            .with_error_message(Some(text("error message")))
            .with_responses(vec![topic, response::ReassignableTopicResponse::default()]);
        if version >= 1 {
            theirs.allow_replication_factor_change = false;
        }
        compare(version, &samples::alter_partition_reassignments_response(), &theirs);
        compare(
            version,
            &AlterPartitionReassignmentsResponse::default(),
            &theirs::AlterPartitionReassignmentsResponse::default().with_error_message(None),
        );
    }
}

#[test]
fn list_partition_reassignments_request() {
    use theirs::list_partition_reassignments_request as request;
    for version in versions(ApiKey::ListPartitionReassignments) {
        let topic = request::ListPartitionReassignmentsTopics::default()
            .with_name(topic("flights"))
            .with_partition_indexes(vec![4, 8]);
        let theirs = theirs::ListPartitionReassignmentsRequest::default()
            .with_timeout_ms(3)
            .with_topics(Some(vec![topic, request::ListPartitionReassignmentsTopics::default()]));
        compare(version, &samples::list_partition_reassignments_request(), &theirs);
        compare(
            version,
            &ListPartitionReassignmentsRequest::default(),
            &theirs::ListPartitionReassignmentsRequest::default()
                .with_timeout_ms(60_000)
                .with_topics(None),
        );
    }
}

#[test]
fn list_partition_reassignments_response() {
    use theirs::list_partition_reassignments_response as response;
    for version in versions(ApiKey::ListPartitionReassignments) {
        let partition = response::OngoingPartitionReassignment::default()
            .with_partition_index(3)
            .with_replicas(vec![4.into(), 8.into()])
            .with_adding_replicas(vec![5.into(), 9.into()])
            .with_removing_replicas(vec![6.into(), 10.into()]);
        let topic = response::OngoingTopicReassignment::default()
            .with_name(topic("flights"))
            .with_partitions(vec![partition, response::OngoingPartitionReassignment::default()]);
        let theirs = theirs::ListPartitionReassignmentsResponse::default()
            .with_throttle_time_ms(3)
            .with_error_code(42)
            .with_error_message(Some(text("error message")))
            .with_topics(vec![topic, response::OngoingTopicReassignment::default()]);
        compare(version, &samples::list_partition_reassignments_response(), &theirs);
        compare(
            version,
            &ListPartitionReassignmentsResponse::default(),
            &theirs::ListPartitionReassignmentsResponse::default().with_error_message(None),
        );
    }
}
