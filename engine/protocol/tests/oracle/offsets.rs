//! OffsetCommit, OffsetFetch, OffsetDelete, OffsetForLeaderEpoch.

use crate::body::{THEIR_UUID, compare, text, topic, versions};
use crate::samples::offsets as samples;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::messages::offset_commit::{OffsetCommitRequest, OffsetCommitResponse};
use headwater_protocol::messages::offset_delete::{OffsetDeleteRequest, OffsetDeleteResponse};
use headwater_protocol::messages::offset_fetch::{OffsetFetchRequest, OffsetFetchResponse};
use headwater_protocol::messages::offset_for_leader_epoch::{
    OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
};
use kafka_protocol::messages as theirs;
use theirs::offset_fetch_response as response;

/// Version 10 is in [`crate::by_hand`].
#[test]
fn offset_commit_request() {
    use theirs::offset_commit_request as request;
    for version in *versions(ApiKey::OffsetCommit).start()..=9 {
        let mut partition = request::OffsetCommitRequestPartition::default()
            .with_partition_index(3)
            .with_committed_offset(1 << 34)
            .with_committed_metadata(Some(text("committed metadata")));
        if version >= 6 {
            partition.committed_leader_epoch = 5;
        }
        let flights = request::OffsetCommitRequestTopic::default()
            .with_name(topic("flights"))
            .with_partitions(vec![
                partition,
                request::OffsetCommitRequestPartition::default().with_committed_metadata(None),
            ]);
        let mut theirs = theirs::OffsetCommitRequest::default()
            .with_group_id(theirs::GroupId(text("group")))
            .with_generation_id_or_member_epoch(4)
            .with_member_id(text("member"))
            .with_topics(vec![flights, request::OffsetCommitRequestTopic::default()]);
        if version >= 7 {
            theirs.group_instance_id = Some(text("instance"));
        }
        if version <= 4 {
            theirs.retention_time_ms = 1 << 37;
        }
        compare(version, &samples::offset_commit_request(), &theirs);
        compare(
            version,
            &OffsetCommitRequest::default(),
            &theirs::OffsetCommitRequest::default()
                .with_generation_id_or_member_epoch(-1)
                .with_group_instance_id(None),
        );
    }
}

#[test]
fn offset_commit_response() {
    use theirs::offset_commit_response as response;
    for version in versions(ApiKey::OffsetCommit) {
        let partition = response::OffsetCommitResponsePartition::default()
            .with_partition_index(3)
            .with_error_code(12);
        let mut flights = response::OffsetCommitResponseTopic::default()
            .with_partitions(vec![partition, response::OffsetCommitResponsePartition::default()]);
        if version <= 9 {
            flights.name = topic("flights");
        }
        if version >= 10 {
            flights.topic_id = THEIR_UUID.parse().unwrap();
        }
        let mut theirs = theirs::OffsetCommitResponse::default()
            .with_topics(vec![flights, response::OffsetCommitResponseTopic::default()]);
        if version >= 3 {
            theirs.throttle_time_ms = 3;
        }
        let mut ours = samples::offset_commit_response();
        if version >= 10 {
            ours.topics[0].name = "".into();
        }
        compare(version, &ours, &theirs);
        compare(
            version,
            &OffsetCommitResponse::default(),
            &theirs::OffsetCommitResponse::default(),
        );
    }
}

#[test]
fn offset_delete_request() {
    use theirs::offset_delete_request as request;
    for version in versions(ApiKey::OffsetDelete) {
        let partition = request::OffsetDeleteRequestPartition::default().with_partition_index(3);
        let topic = request::OffsetDeleteRequestTopic::default()
            .with_name(topic("flights"))
            .with_partitions(vec![partition, request::OffsetDeleteRequestPartition::default()]);
        let theirs = theirs::OffsetDeleteRequest::default()
            .with_group_id(theirs::GroupId(text("group")))
            .with_topics(vec![topic, request::OffsetDeleteRequestTopic::default()]);
        compare(version, &samples::offset_delete_request(), &theirs);
        compare(version, &OffsetDeleteRequest::default(), &theirs::OffsetDeleteRequest::default());
    }
}

#[test]
fn offset_delete_response() {
    use theirs::offset_delete_response as response;
    for version in versions(ApiKey::OffsetDelete) {
        let partition = response::OffsetDeleteResponsePartition::default()
            .with_partition_index(3)
            .with_error_code(86);
        let topic = response::OffsetDeleteResponseTopic::default()
            .with_name(topic("flights"))
            .with_partitions(vec![partition, response::OffsetDeleteResponsePartition::default()]);
        let theirs = theirs::OffsetDeleteResponse::default()
            .with_error_code(68)
            .with_throttle_time_ms(4)
            .with_topics(vec![topic, response::OffsetDeleteResponseTopic::default()]);
        compare(version, &samples::offset_delete_response(), &theirs);
        compare(
            version,
            &OffsetDeleteResponse::default(),
            &theirs::OffsetDeleteResponse::default(),
        );
    }
}

#[test]
fn offset_for_leader_epoch_request() {
    use theirs::offset_for_leader_epoch_request as request;
    for version in versions(ApiKey::OffsetForLeaderEpoch) {
        let partition = request::OffsetForLeaderPartition::default()
            .with_partition(3)
            .with_current_leader_epoch(4)
            .with_leader_epoch(5);
        let topic = request::OffsetForLeaderTopic::default()
            .with_topic(topic("flights"))
            .with_partitions(vec![
                partition,
                request::OffsetForLeaderPartition::default().with_current_leader_epoch(-1),
            ]);
        let mut theirs = theirs::OffsetForLeaderEpochRequest::default()
            .with_topics(vec![topic, request::OffsetForLeaderTopic::default()]);
        if version >= 3 {
            theirs.replica_id = 3.into();
        }
        compare(version, &samples::offset_for_leader_epoch_request(), &theirs);
        compare(
            version,
            &OffsetForLeaderEpochRequest::default(),
            &theirs::OffsetForLeaderEpochRequest::default(),
        );
    }
}

#[test]
fn offset_for_leader_epoch_response() {
    use theirs::offset_for_leader_epoch_response as response;
    for version in versions(ApiKey::OffsetForLeaderEpoch) {
        let partition = response::EpochEndOffset::default()
            .with_error_code(75)
            .with_partition(4)
            .with_leader_epoch(5)
            .with_end_offset(1 << 36);
        let topic = response::OffsetForLeaderTopicResult::default()
            .with_topic(topic("flights"))
            .with_partitions(vec![
                partition,
                response::EpochEndOffset::default().with_leader_epoch(-1).with_end_offset(-1),
            ]);
        let theirs = theirs::OffsetForLeaderEpochResponse::default()
            .with_throttle_time_ms(3)
            .with_topics(vec![topic, response::OffsetForLeaderTopicResult::default()]);
        compare(version, &samples::offset_for_leader_epoch_response(), &theirs);
        compare(
            version,
            &OffsetForLeaderEpochResponse::default(),
            &theirs::OffsetForLeaderEpochResponse::default(),
        );
    }
}

/// Version 10 is in [`crate::by_hand`].
#[test]
fn offset_fetch_request() {
    use theirs::offset_fetch_request as request;
    let ours = samples::offset_fetch_request();
    for version in *versions(ApiKey::OffsetFetch).start()..=9 {
        let mut theirs = theirs::OffsetFetchRequest::default();
        let mut plain = theirs.clone();
        if version <= 7 {
            let single = request::OffsetFetchRequestTopic::default;
            theirs.group_id = theirs::GroupId(text("group"));
            theirs.topics = Some(vec![
                single().with_name(topic("flights")).with_partition_indexes(vec![5, 9]),
                single(),
            ]);
        }
        if (2..=7).contains(&version) {
            plain.topics = None;
        }
        if version >= 7 {
            theirs.require_stable = true;
        }
        if version >= 8 {
            let each = request::OffsetFetchRequestTopics::default;
            let mut group = request::OffsetFetchRequestGroup::default()
                .with_group_id(theirs::GroupId(text("group")))
                .with_topics(Some(vec![
                    each().with_name(topic("flights")).with_partition_indexes(vec![5, 9]),
                    each(),
                ]));
            if version >= 9 {
                group.member_id = Some(text("member"));
                group.member_epoch = 5;
            }
            let all = request::OffsetFetchRequestGroup::default().with_topics(None);
            theirs.groups = vec![group, all];
        }
        compare(version, &ours, &theirs);
        compare(version, &OffsetFetchRequest::default(), &plain);
    }
}

#[test]
fn offset_fetch_response() {
    for version in versions(ApiKey::OffsetFetch) {
        let mut theirs = theirs::OffsetFetchResponse::default();
        let mut ours = samples::offset_fetch_response();
        if version >= 3 {
            theirs.throttle_time_ms = 3;
        }
        match version {
            8.. => theirs.groups = their_groups(version),
            _ => theirs.topics = their_single_topics(version),
        }
        if (2..=7).contains(&version) {
            theirs.error_code = 16;
        }
        if version >= 10 {
            ours.groups[0].topics[0].name = "".into();
        }
        compare(version, &ours, &theirs);
        compare(version, &OffsetFetchResponse::default(), &theirs::OffsetFetchResponse::default());
    }
}

fn their_single_topics(version: i16) -> Vec<response::OffsetFetchResponseTopic> {
    let kept = response::OffsetFetchResponsePartition::default;
    let mut partition = kept()
        .with_partition_index(3)
        .with_committed_offset(1 << 34)
        .with_metadata(Some(text("metadata")))
        .with_error_code(25);
    if version >= 5 {
        partition.committed_leader_epoch = 5;
    }
    let none = kept().with_committed_offset(-1).with_metadata(None);
    let each = response::OffsetFetchResponseTopic::default;
    vec![each().with_name(topic("flights")).with_partitions(vec![partition, none]), each()]
}

fn their_groups(version: i16) -> Vec<response::OffsetFetchResponseGroup> {
    let kept = response::OffsetFetchResponsePartitions::default;
    let partition = kept()
        .with_partition_index(3)
        .with_committed_offset(1 << 34)
        .with_committed_leader_epoch(5)
        .with_metadata(Some(text("metadata")))
        .with_error_code(25);
    let none = kept().with_committed_offset(-1).with_metadata(None);
    let mut flights =
        response::OffsetFetchResponseTopics::default().with_partitions(vec![partition, none]);
    match version {
        10.. => flights.topic_id = THEIR_UUID.parse().unwrap(),
        _ => flights.name = topic("flights"),
    }
    let each = response::OffsetFetchResponseGroup::default;
    let topics = vec![flights, response::OffsetFetchResponseTopics::default()];
    let group = each().with_group_id(theirs::GroupId(text("group"))).with_topics(topics);
    vec![group.with_error_code(16), each()]
}
