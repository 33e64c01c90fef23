//! CreatePartitions: more of them, never fewer.

use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::create_partitions::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreatePartitionsTopic,
};

use crate::harness::batches::plain;
use crate::harness::broker::Options;
use crate::harness::client::Client;
use crate::harness::on_both;

type Assignments = Option<Vec<Vec<i32>>>;

fn grow(
    client: &mut Client,
    topics: &[(&str, i32, Assignments)],
    validate_only: bool,
) -> Vec<(String, ErrorCode)> {
    let topic = |&(name, count, ref assignments): &_| CreatePartitionsTopic {
        name,
        count,
        assignments: Assignments::clone(assignments),
    };
    let topics = topics.iter().map(topic).collect();
    let request = CreatePartitionsRequest { topics, timeout_ms: 1000, validate_only };
    let frame = client.call(ApiKey::CreatePartitions, 3, |w| request.encode(w, 3));
    let response = frame.body(CreatePartitionsResponse::decode);
    let mut results: Vec<_> =
        response.results.iter().map(|r| (r.name.to_string(), r.error_code)).collect();
    results.sort();
    results
}

#[test]
fn partitions_are_added_and_survive() {
    on_both(|backend| {
        let broker = Options::new(backend).shards(2).start();
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        client.append("t", 0, &plain(&["old"]));
        let mut one = |count, assignments: Assignments, dry| {
            grow(&mut client, &[("t", count, assignments)], dry)[0].1
        };
        assert_eq!(one(4, None, true), ErrorCode::None);
        assert_eq!(one(1, None, false), ErrorCode::InvalidPartitions);
        assert_eq!(one(0, None, false), ErrorCode::InvalidPartitions);
        assert_eq!(one(i32::MAX, None, false), ErrorCode::InvalidPartitions);
        assert_eq!(one(2, Some(vec![vec![9]]), false), ErrorCode::InvalidReplicaAssignment);
        assert_eq!(
            one(3, Some(vec![vec![1]]), false),
            ErrorCode::InvalidReplicaAssignment,
            "one is missing"
        );
        assert_eq!(one(2, Some(vec![vec![1]]), false), ErrorCode::None);
        assert_eq!(one(4, None, false), ErrorCode::None);
        let unknown = grow(&mut client, &[("t", 4, None), ("nowhere", 2, None)], false);
        let expected = [ErrorCode::UnknownTopicOrPartition, ErrorCode::InvalidPartitions];
        assert_eq!(unknown.iter().map(|result| result.1).collect::<Vec<_>>(), expected);
        for partition in 1..4 {
            assert_eq!(client.append("t", partition, &plain(&["new"])), 0);
        }
        assert_eq!(
            client.produce("t", 4, &plain(&["x"])).error,
            ErrorCode::UnknownTopicOrPartition
        );
        let broker = broker.restart();
        let mut client = broker.connect();
        for partition in 0..4 {
            assert_eq!(client.read_all("t", partition, 0).len(), 1);
        }
    });
}
