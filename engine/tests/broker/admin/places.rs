//! Where partitions are, how large they are, who leads them; and topics that are the broker's own.

use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::alter_partition_reassignments::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, ReassignablePartition,
    ReassignableTopic,
};
use headwater_protocol::messages::describe_log_dirs::{
    DescribableLogDirTopic, DescribeLogDirsRequest, DescribeLogDirsResponse,
};
use headwater_protocol::messages::describe_topic_partitions::{
    DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, DescribeTopicPartitionsTopic,
    PartitionCursor,
};
use headwater_protocol::messages::elect_leaders::{
    ElectLeadersRequest, ElectLeadersResponse, ElectableTopic,
};
use headwater_protocol::messages::find_coordinator::{
    FindCoordinatorRequest, FindCoordinatorResponse,
};
use headwater_protocol::messages::list_config_resources::{
    ListConfigResourcesRequest, ListConfigResourcesResponse,
};
use headwater_protocol::messages::list_partition_reassignments::{
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
};

use crate::harness::batches;
use crate::harness::broker::Options;
use crate::harness::client::Client;
use crate::harness::on_both;

/// Topic, partition, bytes.
type Size = (String, i32, i64);

fn sizes(
    client: &mut Client,
    version: i16,
    topics: Option<&[(&'static str, &[i32])]>,
) -> (Vec<Size>, (i64, i64)) {
    let topic = |(topic, partitions): &(&'static str, &[i32])| DescribableLogDirTopic {
        topic,
        partitions: partitions.to_vec(),
    };
    let topics = topics.map(|topics| topics.iter().map(topic).collect());
    let request = DescribeLogDirsRequest { topics };
    let frame = client.call(ApiKey::DescribeLogDirs, version, |w| request.encode(w, version));
    let response = frame.body(DescribeLogDirsResponse::decode);
    let dir = &response.results[0];
    assert_eq!((dir.error_code, response.results.len()), (ErrorCode::None, 1));
    assert!(dir.log_dir.starts_with('/'), "{}", dir.log_dir);
    let of_topic = dir.topics.iter().flat_map(|topic| {
        topic
            .partitions
            .iter()
            .map(|p| (topic.name.to_string(), p.partition_index, p.partition_size))
    });
    (of_topic.collect(), (dir.total_bytes, dir.usable_bytes))
}

#[test]
fn sizes_of_partitions_and_room_on_the_disk() {
    on_both(|backend| {
        let broker = Options::new(backend).shards(2).start();
        let mut client = broker.connect();
        client.create("t", 3, &[]);
        client.create("u", 1, &[]);
        let batch = batches::sized(1, 10_000, 1);
        client.append("t", 1, &batch);
        let bytes = batch.len() as i64;
        for version in 1..=5 {
            let (all, (total, usable)) = sizes(&mut client, version, None);
            let t = |partition, bytes| ("t".to_owned(), partition, bytes);
            assert_eq!(all, [t(0, 0), t(1, bytes), t(2, 0), ("u".to_owned(), 0, 0)]);
            assert_eq!(version >= 4, 0 < usable && usable <= total, "{usable} of {total}");
        }
        let (some, _) = sizes(&mut client, 4, Some(&[("t", &[1, 1, 7]), ("nowhere", &[0])]));
        assert_eq!(some, [("t".to_owned(), 1, bytes)]);
        assert_eq!(sizes(&mut client, 4, Some(&[])).0, []);
    });
}

/// Topic, its error, its partitions; then where to go on.
type Page = (Vec<(String, ErrorCode, Vec<i32>)>, Option<(String, i32)>);

fn page(
    client: &mut Client,
    topics: &[&'static str],
    limit: i32,
    from: Option<(&str, i32)>,
) -> Page {
    let topic = |name: &&'static str| DescribeTopicPartitionsTopic { name };
    let cursor =
        from.map(|(topic_name, partition_index)| PartitionCursor { topic_name, partition_index });
    let topics = topics.iter().map(topic).collect();
    let request =
        DescribeTopicPartitionsRequest { topics, response_partition_limit: limit, cursor };
    let frame = client.call(ApiKey::DescribeTopicPartitions, 0, |w| request.encode(w, 0));
    let response = frame.body(DescribeTopicPartitionsResponse::decode);
    let topics = response.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|p| p.partition_index).collect();
        (topic.name.as_deref().unwrap_or_default().to_owned(), topic.error_code, partitions)
    });
    let next = response.next_cursor.as_ref();
    (topics.collect(), next.map(|next| (next.topic_name.to_string(), next.partition_index)))
}

#[test]
fn topics_are_described_page_by_page() {
    on_both(|backend| {
        let broker = Options::new(backend).start();
        let mut client = broker.connect();
        client.create("a", 3, &[]);
        client.create("b", 2, &[]);
        let found = |name: &str, partitions: &[i32]| {
            (name.to_owned(), ErrorCode::None, partitions.to_vec())
        };
        let (all, next) = page(&mut client, &[], 2000, None);
        assert_eq!((all, next), (vec![found("a", &[0, 1, 2]), found("b", &[0, 1])], None));
        let (first, next) = page(&mut client, &[], 2, None);
        assert_eq!((first, next), (vec![found("a", &[0, 1])], Some(("a".to_owned(), 2))));
        let (second, next) = page(&mut client, &[], 2, Some(("a", 2)));
        assert_eq!(
            (second, next),
            (vec![found("a", &[2]), found("b", &[0])], Some(("b".to_owned(), 1)))
        );
        // At the end of a topic, and of one that is gone since.
        let (first, next) = page(&mut client, &[], 3, None);
        assert_eq!((first, next), (vec![found("a", &[0, 1, 2])], Some(("b".to_owned(), 0))));
        assert_eq!(page(&mut client, &[], 9, Some(("aa", 5))).0, [found("b", &[0, 1])]);
        let (named, _) = page(&mut client, &["b", "nowhere", "b", "no/name"], 9, None);
        let lacking = |name: &str, code| (name.to_owned(), code, Vec::new());
        let (invalid, unknown) = (ErrorCode::InvalidTopic, ErrorCode::UnknownTopicOrPartition);
        assert_eq!(
            named,
            [found("b", &[0, 1]), lacking("no/name", invalid), lacking("nowhere", unknown)]
        );
    });
}

#[test]
fn one_node_needs_no_elections_and_moves_nothing() {
    on_both(|backend| {
        let broker = Options::new(backend).start();
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        for version in 0..=2 {
            let mut elect = |topic_partitions| {
                let request = ElectLeadersRequest { topic_partitions, ..Default::default() };
                let frame =
                    client.call(ApiKey::ElectLeaders, version, |w| request.encode(w, version));
                let response = frame.body(ElectLeadersResponse::decode);
                assert_eq!(response.error_code, ErrorCode::None);
                let results = response
                    .replica_election_results
                    .iter()
                    .flat_map(|topic| &topic.partition_result);
                results.map(|partition| partition.error_code).collect::<Vec<_>>()
            };
            let named = vec![ElectableTopic { topic: "t", partitions: vec![0, 5, 0] }];
            assert_eq!(
                elect(Some(named)),
                [ErrorCode::ElectionNotNeeded, ErrorCode::UnknownTopicOrPartition]
            );
            assert_eq!(elect(None), []);
        }
        let partitions = [(0, Some(vec![1])), (0, Some(vec![1, 2])), (0, None), (9, Some(vec![1]))];
        let partitions = partitions
            .map(|(partition_index, replicas)| ReassignablePartition { partition_index, replicas });
        let topics = vec![ReassignableTopic { name: "t", partitions: partitions.to_vec() }];
        let request = AlterPartitionReassignmentsRequest { topics, ..Default::default() };
        let frame = client.call(ApiKey::AlterPartitionReassignments, 0, |w| request.encode(w, 0));
        let response = frame.body(AlterPartitionReassignmentsResponse::decode);
        let codes: Vec<_> = response.responses[0].partitions.iter().map(|p| p.error_code).collect();
        assert_eq!(
            codes,
            [
                ErrorCode::None,
                ErrorCode::InvalidReplicaAssignment,
                ErrorCode::NoReassignmentInProgress,
                ErrorCode::UnknownTopicOrPartition
            ]
        );
        let request = ListPartitionReassignmentsRequest::default();
        let frame = client.call(ApiKey::ListPartitionReassignments, 0, |w| request.encode(w, 0));
        let response = frame.body(ListPartitionReassignmentsResponse::decode);
        assert_eq!((response.error_code, response.topics.len()), (ErrorCode::None, 0));
    });
}

#[test]
fn what_has_settings_can_be_listed() {
    on_both(|backend| {
        let broker = Options::new(backend).set("node.id=3").start();
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        let mut list = |version, resource_types: &[i8]| {
            let request = ListConfigResourcesRequest { resource_types: resource_types.to_vec() };
            let frame =
                client.call(ApiKey::ListConfigResources, version, |w| request.encode(w, version));
            let response = frame.body(ListConfigResourcesResponse::decode);
            let resources = response.config_resources.iter();
            let resources = resources.map(|r| (r.resource_type, r.resource_name.to_string()));
            (response.error_code, resources.collect::<Vec<_>>())
        };
        let (topic, node) = ((2, "t".to_owned()), (4, "3".to_owned()));
        assert_eq!(list(1, &[]), (ErrorCode::None, vec![topic.clone(), node]));
        assert_eq!(list(1, &[2]), (ErrorCode::None, vec![topic]));
        assert_eq!(list(1, &[77]).0, ErrorCode::UnsupportedVersion);
        assert_eq!(list(0, &[]), (ErrorCode::None, vec![]));
    });
}

#[test]
fn internal_topics_are_the_brokers_own() {
    on_both(|backend| {
        let broker = Options::new(backend).set("offsets.topic.num.partitions=1").start();
        let mut client = broker.connect();
        let offsets = "__consumer_offsets";
        assert_eq!(client.try_create(offsets, 1).expect("an answer"), ErrorCode::InvalidTopic);
        client.metadata(offsets, 9, true);
        assert!(!client.topics().contains(&offsets.to_owned()));
        let request = FindCoordinatorRequest { keys: vec!["g"], ..Default::default() };
        let frame = client.call(ApiKey::FindCoordinator, 4, |w| request.encode(w, 4));
        assert_eq!(
            frame.body(FindCoordinatorResponse::decode).coordinators[0].error_code,
            ErrorCode::None
        );
        assert_eq!(client.delete(offsets), ErrorCode::InvalidTopic);
        assert!(client.topics().contains(&offsets.to_owned()));
    });
}
