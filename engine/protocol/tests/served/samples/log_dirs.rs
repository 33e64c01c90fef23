//! DescribeLogDirs: bodies in which every field has a value of its own; every list ends with an
//! element of defaults.

use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::describe_log_dirs::{
    DescribableLogDirTopic, DescribeLogDirsPartition, DescribeLogDirsRequest,
    DescribeLogDirsResponse, DescribeLogDirsResult, DescribeLogDirsTopic,
};

pub fn describe_log_dirs_request() -> DescribeLogDirsRequest<'static> {
    DescribeLogDirsRequest {
        topics: Some(vec![
            DescribableLogDirTopic { topic: "flights", partitions: vec![4, 8] },
            DescribableLogDirTopic::default(),
        ]),
    }
}

pub fn describe_log_dirs_response() -> DescribeLogDirsResponse<'static> {
    DescribeLogDirsResponse {
        throttle_time_ms: 3,
        error_code: ErrorCode::InvalidRequest,
        results: vec![
            DescribeLogDirsResult {
                error_code: ErrorCode::KafkaStorageError,
                log_dir: "log dir".into(),
                topics: vec![
                    DescribeLogDirsTopic {
                        name: "flights".into(),
                        partitions: vec![
                            DescribeLogDirsPartition {
                                partition_index: 3,
                                partition_size: 1 << 34,
                                offset_lag: 1 << 35,
                                is_future_key: true,
                            },
                            DescribeLogDirsPartition::default(),
                        ],
                    },
                    DescribeLogDirsTopic::default(),
                ],
                total_bytes: 1 << 36,
                usable_bytes: 1 << 37,
                is_cordoned: true,
            },
            DescribeLogDirsResult::default(),
        ],
    }
}
