//! WriteTxnMarkers, DescribeProducers, DescribeTransactions, ListTransactions.

use crate::body::{compare, text, topic, versions};
use crate::samples::transaction_admin as samples;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::messages::describe_producers::{
    DescribeProducersRequest, DescribeProducersResponse,
};
use headwater_protocol::messages::describe_transactions::{
    DescribeTransactionsRequest, DescribeTransactionsResponse,
};
use headwater_protocol::messages::list_transactions::{
    ListTransactionsRequest, ListTransactionsResponse,
};
use headwater_protocol::messages::write_txn_markers::{
    WriteTxnMarkersRequest, WriteTxnMarkersResponse,
};
use kafka_protocol::messages as theirs;

/// Version 2 is in [`crate::by_hand`].
#[test]
fn write_txn_markers_request() {
    use theirs::write_txn_markers_request as request;
    let version = *versions(ApiKey::WriteTxnMarkers).start();

    let topic = request::WritableTxnMarkerTopic::default()
        .with_name(topic("flights"))
        .with_partition_indexes(vec![4, 8]);
    let marker = request::WritableTxnMarker::default()
        .with_producer_id((1 << 33).into())
        .with_producer_epoch(4)
        .with_transaction_result(true)
        .with_topics(vec![topic, request::WritableTxnMarkerTopic::default()])
        .with_coordinator_epoch(7);
    let theirs = theirs::WriteTxnMarkersRequest::default().with_markers(vec![
        marker,
        request::WritableTxnMarker::default().with_producer_id((-1).into()).with_producer_epoch(-1),
    ]);
    compare(version, &samples::write_txn_markers_request(), &theirs);
    compare(
        version,
        &WriteTxnMarkersRequest::default(),
        &theirs::WriteTxnMarkersRequest::default(),
    );
}

#[test]
fn write_txn_markers_response() {
    use theirs::write_txn_markers_response as response;
    let version = *versions(ApiKey::WriteTxnMarkers).start();

    let partition = response::WritableTxnMarkerPartitionResult::default()
        .with_partition_index(3)
        .with_error_code(6);
    let topic = response::WritableTxnMarkerTopicResult::default()
        .with_name(topic("flights"))
        .with_partitions(vec![partition, response::WritableTxnMarkerPartitionResult::default()]);
    let marker = response::WritableTxnMarkerResult::default()
        .with_producer_id((1 << 33).into())
        .with_topics(vec![topic, response::WritableTxnMarkerTopicResult::default()]);
    let theirs = theirs::WriteTxnMarkersResponse::default().with_markers(vec![
        marker,
        response::WritableTxnMarkerResult::default().with_producer_id((-1).into()),
    ]);
    compare(version, &samples::write_txn_markers_response(), &theirs);
    compare(
        version,
        &WriteTxnMarkersResponse::default(),
        &theirs::WriteTxnMarkersResponse::default(),
    );
}

#[test]
fn describe_producers_request() {
    use theirs::describe_producers_request as request;
    for version in versions(ApiKey::DescribeProducers) {
        let topic = request::TopicRequest::default()
            .with_name(topic("flights"))
            .with_partition_indexes(vec![4, 8]);
        let theirs = theirs::DescribeProducersRequest::default()
            .with_topics(vec![topic, request::TopicRequest::default()]);
        compare(version, &samples::describe_producers_request(), &theirs);
        compare(
            version,
            &DescribeProducersRequest::default(),
            &theirs::DescribeProducersRequest::default(),
        );
    }
}

#[test]
fn describe_producers_response() {
    use theirs::describe_producers_response as response;
    for version in versions(ApiKey::DescribeProducers) {
        let state = response::ProducerState::default()
            .with_producer_id((1 << 33).into())
            .with_producer_epoch(4)
            .with_last_sequence(5)
            .with_last_timestamp(1 << 36)
            .with_coordinator_epoch(7)
            .with_current_txn_start_offset(1 << 38);
        let partition = response::PartitionResponse::default()
            .with_partition_index(3)
            .with_error_code(6)
            .with_error_message(Some(text("error message")))
            .with_active_producers(vec![
                state,
                response::ProducerState::default()
                    .with_producer_id((-1).into())
                    .with_producer_epoch(-1)
                    .with_last_sequence(-1)
                    .with_last_timestamp(-1)
                    .with_current_txn_start_offset(-1),
            ]);
        let topic =
            response::TopicResponse::default().with_name(topic("flights")).with_partitions(vec![
                partition,
                response::PartitionResponse::default().with_error_message(None),
            ]);
        let theirs = theirs::DescribeProducersResponse::default()
            .with_throttle_time_ms(3)
            .with_topics(vec![topic, response::TopicResponse::default()]);
        compare(version, &samples::describe_producers_response(), &theirs);
        compare(
            version,
            &DescribeProducersResponse::default(),
            &theirs::DescribeProducersResponse::default(),
        );
    }
}

#[test]
fn describe_transactions_request() {
    for version in versions(ApiKey::DescribeTransactions) {
        let theirs = theirs::DescribeTransactionsRequest::default().with_transactional_ids(vec![
            theirs::TransactionalId(text("one")),
            theirs::TransactionalId(text("two")),
        ]);
        compare(version, &samples::describe_transactions_request(), &theirs);
        compare(
            version,
            &DescribeTransactionsRequest::default(),
            &theirs::DescribeTransactionsRequest::default(),
        );
    }
}

#[test]
fn describe_transactions_response() {
    use theirs::describe_transactions_response as response;
    for version in versions(ApiKey::DescribeTransactions) {
        let topic =
            response::TopicData::default().with_topic(topic("flights")).with_partitions(vec![4, 8]);
        let state = response::TransactionState::default()
            .with_error_code(105)
            .with_transactional_id(theirs::TransactionalId(text("txn")))
            .with_transaction_state(text("Ongoing"))
            .with_transaction_timeout_ms(6)
            .with_transaction_start_time_ms(1 << 37)
            .with_producer_id((1 << 38).into())
            .with_producer_epoch(9)
            .with_topics(vec![topic, response::TopicData::default()]);
        let theirs = theirs::DescribeTransactionsResponse::default()
            .with_throttle_time_ms(3)
            .with_transaction_states(vec![
                state,
                response::TransactionState::default()
                    .with_producer_id((-1).into())
                    .with_producer_epoch(-1),
            ]);
        compare(version, &samples::describe_transactions_response(), &theirs);
        compare(
            version,
            &DescribeTransactionsResponse::default(),
            &theirs::DescribeTransactionsResponse::default(),
        );
    }
}

#[test]
fn list_transactions_request() {
    for version in versions(ApiKey::ListTransactions) {
        let mut theirs = theirs::ListTransactionsRequest::default()
            .with_state_filters(vec![text("Ongoing"), text("Empty")])
            .with_producer_id_filters(vec![4.into(), 8.into()]);
        if version >= 1 {
            theirs.duration_filter = 1 << 35;
        }
        if version >= 2 {
            theirs.transactional_id_pattern = Some(text("transactional id pattern"));
        }
        compare(version, &samples::list_transactions_request(), &theirs);
        compare(
            version,
            &ListTransactionsRequest::default(),
            &theirs::ListTransactionsRequest::default().with_transactional_id_pattern(None),
        );
    }
}

#[test]
fn list_transactions_response() {
    use theirs::list_transactions_response as response;
    for version in versions(ApiKey::ListTransactions) {
        let transaction = response::TransactionState::default()
            .with_transactional_id(theirs::TransactionalId(text("txn")))
            .with_producer_id((1 << 34).into())
            .with_transaction_state(text("Ongoing"));
        let theirs = theirs::ListTransactionsResponse::default()
            .with_throttle_time_ms(3)
            .with_error_code(14)
            .with_unknown_state_filters(vec![text("one"), text("two")])
            .with_transaction_states(vec![
                transaction,
                response::TransactionState::default().with_producer_id((-1).into()),
            ]);
        compare(version, &samples::list_transactions_response(), &theirs);
        compare(
            version,
            &ListTransactionsResponse::default(),
            &theirs::ListTransactionsResponse::default(),
        );
    }
}
