//! AddPartitionsToTxn, AddOffsetsToTxn, EndTxn, TxnOffsetCommit.

use crate::body::{compare, text, topic, versions};
use crate::samples::transactions as samples;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::messages::add_offsets_to_txn::{
    AddOffsetsToTxnRequest, AddOffsetsToTxnResponse,
};
use headwater_protocol::messages::add_partitions_to_txn::{
    AddPartitionsToTxnRequest, AddPartitionsToTxnResponse,
};
use headwater_protocol::messages::end_txn::{EndTxnRequest, EndTxnResponse};
use headwater_protocol::messages::txn_offset_commit::{
    TxnOffsetCommitRequest, TxnOffsetCommitResponse,
};
use kafka_protocol::messages as theirs;

#[test]
fn add_offsets_to_txn_request() {
    for version in versions(ApiKey::AddOffsetsToTxn) {
        let theirs = theirs::AddOffsetsToTxnRequest::default()
            .with_transactional_id(theirs::TransactionalId(text("txn")))
            .with_producer_id((1 << 34).into())
            .with_producer_epoch(5)
            .with_group_id(theirs::GroupId(text("group")));
        compare(version, &samples::add_offsets_to_txn_request(), &theirs);
        compare(
            version,
            &AddOffsetsToTxnRequest::default(),
            &theirs::AddOffsetsToTxnRequest::default()
                .with_producer_id((-1).into())
                .with_producer_epoch(-1),
        );
    }
}

#[test]
fn add_offsets_to_txn_response() {
    for version in versions(ApiKey::AddOffsetsToTxn) {
        let theirs =
            theirs::AddOffsetsToTxnResponse::default().with_throttle_time_ms(3).with_error_code(48);
        compare(version, &samples::add_offsets_to_txn_response(), &theirs);
        compare(
            version,
            &AddOffsetsToTxnResponse::default(),
            &theirs::AddOffsetsToTxnResponse::default(),
        );
    }
}

#[test]
fn end_txn_request() {
    for version in versions(ApiKey::EndTxn) {
        let theirs = theirs::EndTxnRequest::default()
            .with_transactional_id(theirs::TransactionalId(text("txn")))
            .with_producer_id((1 << 34).into())
            .with_producer_epoch(5)
            .with_committed(true);
        compare(version, &samples::end_txn_request(), &theirs);
        compare(
            version,
            &EndTxnRequest::default(),
            &theirs::EndTxnRequest::default().with_producer_id((-1).into()).with_producer_epoch(-1),
        );
    }
}

#[test]
fn end_txn_response() {
    for version in versions(ApiKey::EndTxn) {
        let mut theirs =
            theirs::EndTxnResponse::default().with_throttle_time_ms(3).with_error_code(90);
        if version >= 5 {
            theirs.producer_id = (1 << 35).into();
            theirs.producer_epoch = 6;
        }
        compare(version, &samples::end_txn_response(), &theirs);
        compare(version, &EndTxnResponse::default(), &theirs::EndTxnResponse::default());
    }
}

#[test]
fn txn_offset_commit_request() {
    use theirs::txn_offset_commit_request as request;
    for version in versions(ApiKey::TxnOffsetCommit) {
        let mut partition = request::TxnOffsetCommitRequestPartition::default()
            .with_partition_index(3)
            .with_committed_offset(1 << 34)
            .with_committed_metadata(Some(text("committed metadata")));
        if version >= 2 {
            partition.committed_leader_epoch = 5;
        }
        let topic = request::TxnOffsetCommitRequestTopic::default()
            .with_name(topic("flights"))
            .with_partitions(vec![
                partition,
                request::TxnOffsetCommitRequestPartition::default().with_committed_metadata(None),
            ]);
        let mut theirs = theirs::TxnOffsetCommitRequest::default()
            .with_transactional_id(theirs::TransactionalId(text("txn")))
            .with_group_id(theirs::GroupId(text("group")))
            .with_producer_id((1 << 35).into())
            .with_producer_epoch(6)
            .with_topics(vec![topic, request::TxnOffsetCommitRequestTopic::default()]);
        if version >= 3 {
            theirs.generation_id = 7;
            theirs.member_id = text("member");
            theirs.group_instance_id = Some(text("instance"));
        }
        compare(version, &samples::txn_offset_commit_request(), &theirs);
        compare(
            version,
            &TxnOffsetCommitRequest::default(),
            &theirs::TxnOffsetCommitRequest::default()
                .with_producer_id((-1).into())
                .with_producer_epoch(-1)
                .with_group_instance_id(None),
        );
    }
}

#[test]
fn txn_offset_commit_response() {
    use theirs::txn_offset_commit_response as response;
    for version in versions(ApiKey::TxnOffsetCommit) {
        let partition = response::TxnOffsetCommitResponsePartition::default()
            .with_partition_index(3)
            .with_error_code(90);
        let topic = response::TxnOffsetCommitResponseTopic::default()
            .with_name(topic("flights"))
            .with_partitions(vec![
                partition,
                response::TxnOffsetCommitResponsePartition::default(),
            ]);
        let theirs = theirs::TxnOffsetCommitResponse::default()
            .with_throttle_time_ms(3)
            .with_topics(vec![topic, response::TxnOffsetCommitResponseTopic::default()]);
        compare(version, &samples::txn_offset_commit_response(), &theirs);
        compare(
            version,
            &TxnOffsetCommitResponse::default(),
            &theirs::TxnOffsetCommitResponse::default(),
        );
    }
}

#[test]
fn add_partitions_to_txn_request() {
    use theirs::add_partitions_to_txn_request as request;
    let ours = samples::add_partitions_to_txn_request();
    for version in versions(ApiKey::AddPartitionsToTxn) {
        let each = request::AddPartitionsToTxnTopic::default;
        let topics = vec![each().with_name(topic("flights")).with_partitions(vec![4, 8]), each()];
        let mut theirs = theirs::AddPartitionsToTxnRequest::default();
        let mut plain = theirs.clone();
        if version <= 3 {
            theirs.v3_and_below_transactional_id = theirs::TransactionalId(text("txn"));
            theirs.v3_and_below_producer_id = (1 << 34).into();
            theirs.v3_and_below_producer_epoch = 5;
            theirs.v3_and_below_topics = topics;
            plain.v3_and_below_producer_id = (-1).into();
            plain.v3_and_below_producer_epoch = -1;
        } else {
            let each = request::AddPartitionsToTxnTransaction::default;
            let transaction = each()
                .with_transactional_id(theirs::TransactionalId(text("txn")))
                .with_producer_id((1 << 34).into())
                .with_producer_epoch(5)
                .with_verify_only(true)
                .with_topics(topics);
            let none = each().with_producer_id((-1).into()).with_producer_epoch(-1);
            theirs.transactions = vec![transaction, none];
        }
        compare(version, &ours, &theirs);
        compare(version, &AddPartitionsToTxnRequest::default(), &plain);
    }
}

#[test]
fn add_partitions_to_txn_response() {
    use theirs::add_partitions_to_txn_response as response;
    let ours = samples::add_partitions_to_txn_response();
    let plain = AddPartitionsToTxnResponse::default();
    for version in versions(ApiKey::AddPartitionsToTxn) {
        let each = response::AddPartitionsToTxnPartitionResult::default;
        let partition = each().with_partition_index(3).with_partition_error_code(48);
        let flights = response::AddPartitionsToTxnTopicResult::default()
            .with_name(topic("flights"))
            .with_results_by_partition(vec![partition, each()]);
        let topics = vec![flights, response::AddPartitionsToTxnTopicResult::default()];
        let mut theirs = theirs::AddPartitionsToTxnResponse::default().with_throttle_time_ms(3);
        if version <= 3 {
            theirs.results_by_topic_v3_and_below = topics;
        } else {
            let each = response::AddPartitionsToTxnResult::default;
            let id = theirs::TransactionalId(text("txn"));
            let result = each().with_transactional_id(id).with_topic_results(topics);
            theirs.error_code = 16;
            theirs.results_by_transaction = vec![result, each()];
        }
        compare(version, &ours, &theirs);
        compare(version, &plain, &theirs::AddPartitionsToTxnResponse::default());
    }
}
