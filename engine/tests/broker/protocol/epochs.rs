//! OffsetForLeaderEpoch: every start is an epoch, and each knows where the ones before it ended.

use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::metadata::MetadataResponse;
use headwater_protocol::messages::offset_for_leader_epoch::{
    OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, OffsetForLeaderPartition,
    OffsetForLeaderTopic,
};

use crate::harness::batches::{plain, sized};
use crate::harness::broker::Broker;
use crate::harness::client::Client;
use crate::harness::on_both;

const OK: ErrorCode = ErrorCode::None;

/// Error, epoch, its end.
type Ended = (ErrorCode, i32, i64);

fn ends(client: &mut Client, version: i16, topic: &str, asked: &[(i32, i32, i32)]) -> Vec<Ended> {
    let partitions = asked.iter().map(|&(partition, current_leader_epoch, leader_epoch)| {
        OffsetForLeaderPartition { partition, current_leader_epoch, leader_epoch }
    });
    let topics = vec![OffsetForLeaderTopic { topic, partitions: partitions.collect() }];
    let request = OffsetForLeaderEpochRequest { replica_id: -1, topics };
    let api = ApiKey::OffsetForLeaderEpoch;
    let frame = client.call(api, version, |w| request.encode(w, version));
    let response = frame.body(OffsetForLeaderEpochResponse::decode);
    let all = response.topics.iter().flat_map(|topic| &topic.partitions);
    all.map(|found| (found.error_code, found.leader_epoch, found.end_offset)).collect()
}

fn end(client: &mut Client, epoch: i32) -> Ended {
    ends(client, 4, "t", &[(0, -1, epoch)])[0]
}

fn epoch(client: &mut Client) -> i32 {
    let frame = client.metadata("t", 9, false);
    let response = frame.body(MetadataResponse::decode);
    response.topics[0].partitions[0].leader_epoch
}

#[test]
fn each_epoch_ends_where_the_next_one_began() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        let first = epoch(&mut client);
        client.append("t", 0, &plain(&["a", "b", "c"]));
        assert_eq!(end(&mut client, first), (OK, first, 3));
        let broker = broker.kill_and_restart();
        let mut client = broker.connect();
        let second = epoch(&mut client);
        assert!(second > first, "every start is a new epoch");
        assert_eq!(end(&mut client, first), (OK, first, 3), "nothing is of a later one yet");
        client.append("t", 0, &plain(&["d", "e"]));
        // One in which nothing is appended.
        let broker = broker.restart().restart();
        let mut client = broker.connect();
        let fourth = epoch(&mut client);
        client.append("t", 0, &plain(&["f"]));
        for version in 2..=4 {
            let asked = [(0, fourth, second)];
            let found = ends(&mut client, version, "t", &asked);
            assert_eq!(found, [(OK, second, 5)], "version {version}");
        }
        let table = [
            (fourth, (OK, fourth, 6)),
            (fourth - 1, (OK, second, 5)),
            (second, (OK, second, 5)),
            (first, (OK, first, 3)),
            (fourth + 1, (OK, -1, -1)),
            (-1, (OK, -1, -1)),
        ];
        for (asked, expected) in table {
            assert_eq!(end(&mut client, asked), expected, "epoch {asked}");
        }
        // A partition that was not there in the first epoch.
        client.create("late", 1, &[]);
        client.append("late", 0, &plain(&["a"]));
        assert_eq!(ends(&mut client, 4, "late", &[(0, -1, first)]), [(OK, first, 0)]);
        let mut codes = |topic, asked: &[(i32, i32, i32)]| -> Vec<ErrorCode> {
            ends(&mut client, 3, topic, asked).into_iter().map(|found| found.0).collect()
        };
        assert_eq!(codes("t", &[(0, second, first)]), [ErrorCode::FencedLeaderEpoch]);
        assert_eq!(codes("t", &[(0, fourth + 1, first)]), [ErrorCode::UnknownLeaderEpoch]);
        assert_eq!(codes("t", &[(1, -1, first)]), [ErrorCode::UnknownTopicOrPartition]);
        assert_eq!(codes("u", &[(0, -1, first)]), [ErrorCode::UnknownTopicOrPartition]);
        let twice = [(0, -1, first), (0, -1, first)];
        assert_eq!(codes("t", &twice), [OK, ErrorCode::InvalidRequest]);
    });
}

/// Many batches in many segments, of which a few starts are in the middle.
#[test]
fn ends_are_found_in_many_segments() {
    on_both(|backend| {
        let mut broker = Broker::start(backend);
        broker.connect().create(
            "t",
            1,
            &[("segment.bytes", "100000"), ("index.interval.bytes", "3000")],
        );
        let mut known = Vec::new();
        let mut next = 0;
        for round in 0..4 {
            let mut client = broker.connect();
            for n in 0..=(round * 40) {
                client.append("t", 0, &sized(2, 1000, n));
                next += 2;
            }
            known.push((epoch(&mut client), next));
            for (epoch, offset) in &known {
                assert_eq!(end(&mut client, *epoch), (OK, *epoch, *offset), "round {round}");
            }
            broker = broker.restart();
        }
    });
}
