//! DescribeTopicPartitions.

use crate::body::{THEIR_UUID, compare, topic, versions};
use crate::samples::describe_topic_partitions as samples;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::messages::describe_topic_partitions::{
    DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse,
};
use kafka_protocol::messages as theirs;

#[test]
fn describe_topic_partitions_request() {
    use theirs::describe_topic_partitions_request as request;
    for version in versions(ApiKey::DescribeTopicPartitions) {
        let flights = request::TopicRequest::default().with_name(topic("flights"));
        let cursor =
            request::Cursor::default().with_topic_name(topic("flights")).with_partition_index(4);
        let theirs = theirs::DescribeTopicPartitionsRequest::default()
            .with_topics(vec![flights, request::TopicRequest::default()])
            .with_response_partition_limit(4)
            .with_cursor(Some(cursor));
        compare(version, &samples::describe_topic_partitions_request(), &theirs);
        compare(
            version,
            &DescribeTopicPartitionsRequest::default(),
            &theirs::DescribeTopicPartitionsRequest::default()
                .with_response_partition_limit(2000)
                .with_cursor(None),
        );
    }
}

#[test]
fn describe_topic_partitions_response() {
    use theirs::describe_topic_partitions_response as response;
    for version in versions(ApiKey::DescribeTopicPartitions) {
        let partition = response::DescribeTopicPartitionsResponsePartition::default()
            .with_error_code(6)
            .with_partition_index(4)
            .with_leader_id(5.into())
            .with_leader_epoch(6)
            .with_replica_nodes(vec![7.into(), 11.into()])
            .with_isr_nodes(vec![8.into(), 12.into()])
            .with_eligible_leader_replicas(Some(vec![9.into(), 13.into()]))
            .with_last_known_elr(Some(vec![10.into(), 14.into()]))
            .with_offline_replicas(vec![11.into(), 15.into()]);
        let flights = response::DescribeTopicPartitionsResponseTopic::default()
            .with_error_code(3)
            .with_name(Some(topic("flights")))
            .with_topic_id(THEIR_UUID.parse().unwrap())
            .with_is_internal(true)
            .with_partitions(vec![
                partition,
                response::DescribeTopicPartitionsResponsePartition::default()
                    .with_leader_id((-1).into())
                    .with_leader_epoch(-1)
                    .with_eligible_leader_replicas(None)
                    .with_last_known_elr(None),
            ])
            .with_topic_authorized_operations(264);
        let cursor =
            response::Cursor::default().with_topic_name(topic("flights")).with_partition_index(4);
        let theirs = theirs::DescribeTopicPartitionsResponse::default()
            .with_throttle_time_ms(3)
            .with_topics(vec![
                flights,
                response::DescribeTopicPartitionsResponseTopic::default()
                    .with_name(None)
                    .with_topic_authorized_operations(i32::MIN),
            ])
            .with_next_cursor(Some(cursor));
        compare(version, &samples::describe_topic_partitions_response(), &theirs);
        compare(
            version,
            &DescribeTopicPartitionsResponse::default(),
            &theirs::DescribeTopicPartitionsResponse::default().with_next_cursor(None),
        );
    }
}
