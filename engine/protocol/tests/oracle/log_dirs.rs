//! DescribeLogDirs. Version 5 is in [`crate::by_hand`].

use crate::body::{compare, text, topic, versions};
use crate::samples::log_dirs as samples;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::messages::describe_log_dirs::{
    DescribeLogDirsRequest, DescribeLogDirsResponse,
};
use kafka_protocol::messages as theirs;

#[test]
fn describe_log_dirs_request() {
    use theirs::describe_log_dirs_request as request;
    for version in *versions(ApiKey::DescribeLogDirs).start()..=4 {
        let topic = request::DescribableLogDirTopic::default()
            .with_topic(topic("flights"))
            .with_partitions(vec![4, 8]);
        let theirs = theirs::DescribeLogDirsRequest::default()
            .with_topics(Some(vec![topic, request::DescribableLogDirTopic::default()]));
        compare(version, &samples::describe_log_dirs_request(), &theirs);
        compare(
            version,
            &DescribeLogDirsRequest::default(),
            &theirs::DescribeLogDirsRequest::default().with_topics(None),
        );
    }
}

#[test]
fn describe_log_dirs_response() {
    use theirs::describe_log_dirs_response as response;
    for version in *versions(ApiKey::DescribeLogDirs).start()..=4 {
        let partition = response::DescribeLogDirsPartition::default()
            .with_partition_index(3)
            .with_partition_size(1 << 34)
            .with_offset_lag(1 << 35)
            .with_is_future_key(true);
        let topic = response::DescribeLogDirsTopic::default()
            .with_name(topic("flights"))
            .with_partitions(vec![partition, response::DescribeLogDirsPartition::default()]);
        let mut dirs = response::DescribeLogDirsResult::default()
            .with_error_code(56)
            .with_log_dir(text("log dir"))
            .with_topics(vec![topic, response::DescribeLogDirsTopic::default()]);
        if version >= 4 {
            dirs.total_bytes = 1 << 36;
            dirs.usable_bytes = 1 << 37;
        }
        let mut theirs = theirs::DescribeLogDirsResponse::default()
            .with_throttle_time_ms(3)
            .with_results(vec![dirs, response::DescribeLogDirsResult::default()]);
        if version >= 3 {
            theirs.error_code = 42;
        }
        compare(version, &samples::describe_log_dirs_response(), &theirs);
        compare(
            version,
            &DescribeLogDirsResponse::default(),
            &theirs::DescribeLogDirsResponse::default(),
        );
    }
}
