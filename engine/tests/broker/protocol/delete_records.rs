//! DeleteRecords: partitions start later, at once and for good.

use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::delete_records::{
    DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsResponse, DeleteRecordsTopic,
    HIGH_WATERMARK,
};

use crate::harness::batches::{THEN_MS, plain};
use crate::harness::broker::Options;
use crate::harness::client::Client;
use crate::harness::on_both;

/// Error and low watermark of each partition, in the order of the question.
fn delete(client: &mut Client, topic: &str, asked: &[(i32, i64)]) -> Vec<(ErrorCode, i64)> {
    let partition = |&(partition_index, offset)| DeleteRecordsPartition { partition_index, offset };
    let partitions = asked.iter().map(partition).collect();
    let topics = vec![DeleteRecordsTopic { name: topic, partitions }];
    let request = DeleteRecordsRequest { topics, timeout_ms: 10_000 };
    let frame = client.call(ApiKey::DeleteRecords, 2, |w| request.encode(w, 2));
    let response = frame.body(DeleteRecordsResponse::decode);
    let results = response.topics.iter().flat_map(|topic| &topic.partitions);
    results.map(|result| (result.error_code, result.low_watermark)).collect()
}

#[test]
fn a_partition_starts_where_it_was_told_also_after_a_kill() {
    on_both(|backend| {
        for path in ["journal", "direct", "buffered"] {
            let broker = Options::new(backend).set(&format!("durability.path={path}")).start();
            let mut client = broker.connect();
            client.create("t", 3, &[]);
            for partition in 0..2 {
                for n in 0..4 {
                    client.append("t", partition, &plain(&[[n; 10], [n; 10], [n; 10]]));
                }
            }
            let done = delete(&mut client, "t", &[(0, 5), (1, HIGH_WATERMARK), (2, 0)]);
            assert_eq!(done, [5, 12, 0].map(|start| (ErrorCode::None, start)));
            // What is gone already is no error, what is not there yet is one.
            let done = delete(&mut client, "t", &[(0, 2), (1, 13), (2, -2), (3, 0)]);
            let out = (ErrorCode::OffsetOutOfRange, -1);
            let unknown = (ErrorCode::UnknownTopicOrPartition, -1);
            assert_eq!(done, [(ErrorCode::None, 5), out, out, unknown]);
            let broker = broker.kill_and_restart();
            let mut client = broker.connect();
            assert_eq!([0, 1, 2].map(|n| client.ends("t", n)), [(5, 12), (12, 12), (0, 0)]);
            assert_eq!(client.fetch_from("t", 0, 4).error, ErrorCode::OffsetOutOfRange);
            let fetched = client.fetch_from("t", 0, 5);
            assert_eq!((fetched.error, fetched.log_start), (ErrorCode::None, 5));
            // The batch that holds it comes whole.
            assert_eq!(fetched.records().first().map(|record| record.offset), Some(3));
            assert_eq!(client.offset_at("t", 0, THEN_MS).1, 5, "not one that is gone");
            assert_eq!(client.append("t", 1, &plain(&["more"])), 12);
            assert_eq!(client.read_all("t", 1, 12).len(), 1);
        }
    });
}

#[test]
fn what_must_not_be_deleted_is_refused() {
    on_both(|backend| {
        let broker = Options::new(backend).start();
        let mut client = broker.connect();
        client.create("compacted", 1, &[("cleanup.policy", "compact")]);
        client.create("both", 1, &[("cleanup.policy", "compact,delete")]);
        let policy = (ErrorCode::PolicyViolation, -1);
        assert_eq!(delete(&mut client, "compacted", &[(0, 0)]), [policy]);
        let again = (ErrorCode::InvalidRequest, -1);
        assert_eq!(delete(&mut client, "both", &[(0, 0), (0, 0)]), [(ErrorCode::None, 0), again]);
        let unknown = (ErrorCode::UnknownTopicOrPartition, -1);
        assert_eq!(delete(&mut client, "none", &[(0, 0)]), [unknown]);
    });
}
