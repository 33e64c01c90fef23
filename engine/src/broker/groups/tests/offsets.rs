//! Scenes of offsets: who may commit, what is read back, transactions, expiry.

use std::time::Duration;

use headwater_protocol::error_code::ErrorCode;

use super::stage::*;
use crate::broker::groups::rpc::admin::{DeleteGroups, ListGroups};
use crate::broker::groups::rpc::offsets::*;
use crate::broker::groups::rpc::{Answer, Request};
use crate::broker::groups::turn::Producer;

const GROUP: &str = "g";
const PRODUCER: Producer = Producer { id: 7, epoch: 0 };

fn topics(topic: &str, partition: i32, offset: i64) -> Vec<CommitTopic> {
    let partition = CommitPartition {
        partition_index: partition,
        committed_offset: offset,
        committed_leader_epoch: -1,
        committed_metadata: Some("m".to_owned()),
    };
    vec![CommitTopic { name: topic.to_owned(), topic_id: topic_id(1), partitions: vec![partition] }]
}

fn commit(generation: i32, member: &str, topics: Vec<CommitTopic>) -> OffsetCommit {
    OffsetCommit {
        group_id: GROUP.to_owned(),
        generation_id_or_member_epoch: generation,
        member_id: member.to_owned(),
        group_instance_id: None,
        retention_time_ms: -1,
        topics,
        knows_member_epochs: true,
    }
}

impl Stage {
    pub fn commit(&mut self, request: OffsetCommit) -> ErrorCode {
        let Answer::OffsetCommit(answer) = self.ask(Request::OffsetCommit(request)) else {
            panic!()
        };
        answer.topics[0].2[0].1
    }

    fn commit_in_transaction(&mut self, offset: i64) -> ErrorCode {
        let request = TxnOffsetCommit {
            group_id: GROUP.to_owned(),
            producer_id: PRODUCER.id,
            producer_epoch: PRODUCER.epoch,
            generation_id: -1,
            member_id: String::new(),
            group_instance_id: None,
            topics: topics("t", 0, offset),
        };
        let answer = self.ask(Request::TxnOffsetCommit(request));
        let Answer::OffsetCommit(answer) = answer else { panic!() };
        answer.topics[0].2[0].1
    }

    fn offset(&mut self, require_stable: bool) -> Result<i64, ErrorCode> {
        let request = OffsetFetch {
            group_id: GROUP.to_owned(),
            member_epoch: -1,
            topics: Some(vec![("t".to_owned(), vec![0])]),
            require_stable,
            ..OffsetFetch::default()
        };
        let Answer::OffsetFetch(fetched) = self.ask(Request::OffsetFetch(request)) else {
            panic!()
        };
        let found = &fetched.topics[0].1[0];
        if found.error_code.is_none() { Ok(found.committed_offset) } else { Err(found.error_code) }
    }

    fn delete_group(&mut self) -> ErrorCode {
        let request = DeleteGroups { groups: vec![GROUP.to_owned()] };
        let Answer::DeleteGroups(codes) = self.ask(Request::DeleteGroups(request)) else {
            panic!()
        };
        codes[0].1
    }

    fn delete_offset(&mut self, topic: &str) -> Result<ErrorCode, ErrorCode> {
        let topics = vec![(topic.to_owned(), vec![0])];
        let request = OffsetDelete { group_id: GROUP.to_owned(), topics };
        let Answer::OffsetDelete(deleted) = self.ask(Request::OffsetDelete(request)) else {
            panic!()
        };
        if deleted.error_code.is_none() {
            Ok(deleted.topics[0].1[0].1)
        } else {
            Err(deleted.error_code)
        }
    }
}

#[test]
fn clients_without_membership_commit_while_nobody_is_in_the_group() {
    let mut stage = Stage::new();
    assert_eq!(stage.offset(false), Ok(-1));
    assert_eq!(stage.commit(commit(-1, "", topics("t", 0, 5))), ErrorCode::None);
    assert_eq!(stage.offset(true), Ok(5));
    let joined = stage.stable(GROUP, 1);
    let member = joined[0].member_id.clone();
    let cases = [
        (-1, "", ErrorCode::UnknownMemberId),
        (1, "who", ErrorCode::UnknownMemberId),
        (0, member.as_str(), ErrorCode::IllegalGeneration),
        (1, member.as_str(), ErrorCode::None),
    ];
    for (generation, member, code) in cases {
        assert_eq!(stage.commit(commit(generation, member, topics("t", 0, 6))), code);
    }
    let mut fenced = commit(1, &member, topics("t", 0, 7));
    fenced.group_instance_id = Some("i".to_owned());
    assert_eq!(stage.commit(fenced), ErrorCode::UnknownMemberId);
    stage.restart();
    assert_eq!(stage.offset(true), Ok(6));
}

#[test]
fn what_cannot_be_committed_is_told_for_each_partition() {
    let mut stage = Stage::new();
    let mut all = topics("t", 0, 5);
    all[0].partitions.push(CommitPartition {
        partition_index: 1,
        committed_metadata: Some("x".repeat(4097)),
        ..CommitPartition::default()
    });
    let Answer::OffsetCommit(answer) = stage.ask(Request::OffsetCommit(commit(-1, "", all))) else {
        panic!()
    };
    assert_eq!(answer.topics[0].2, [(0, ErrorCode::None), (1, ErrorCode::OffsetMetadataTooLarge)]);
    stage.refuse = Some(ErrorCode::MessageTooLarge);
    assert_eq!(stage.commit(commit(-1, "", topics("t", 0, 9))), ErrorCode::InvalidCommitOffsetSize);
    assert_eq!(stage.offset(true), Ok(5));
    let old = OffsetCommit { knows_member_epochs: false, ..commit(1, "m", topics("t", 0, 1)) };
    let unknown = OffsetCommit { group_id: "none".to_owned(), ..old };
    assert_eq!(stage.commit(unknown.clone()), ErrorCode::IllegalGeneration);
    let newer = OffsetCommit { knows_member_epochs: true, ..unknown };
    assert_eq!(stage.commit(newer), ErrorCode::GroupIdNotFound);
}

#[test]
fn offsets_of_a_transaction_count_when_it_is_committed() {
    let mut stage = Stage::new();
    stage.commit(commit(-1, "", topics("t", 0, 1)));
    for (offset, committed, seen) in [(2, false, 1), (3, true, 3)] {
        assert_eq!(stage.commit_in_transaction(offset), ErrorCode::None);
        assert_eq!(stage.offset(true), Err(ErrorCode::UnstableOffsetCommit));
        assert_eq!(stage.offset(false), Ok(1));
        stage.restart();
        assert_eq!(stage.offset(true), Err(ErrorCode::UnstableOffsetCommit));
        stage.marker(PRODUCER, committed);
        assert_eq!(stage.offset(true), Ok(seen));
        stage.restart();
        assert_eq!(stage.offset(true), Ok(seen));
    }
    // The later record counts, though the transaction ends after it.
    stage.commit_in_transaction(4);
    stage.commit(commit(-1, "", topics("t", 0, 5)));
    stage.marker(PRODUCER, true);
    assert_eq!(stage.offset(true), Ok(5));
    stage.assert_replayable();
}

#[test]
fn groups_and_offsets_are_deleted_when_nobody_uses_them() {
    let mut stage = Stage::new();
    assert_eq!(stage.delete_group(), ErrorCode::GroupIdNotFound);
    assert_eq!(stage.delete_offset("t"), Err(ErrorCode::GroupIdNotFound));
    let joined = stage.stable(GROUP, 1);
    stage.commit(commit(1, &joined[0].member_id, topics("t", 0, 1)));
    stage.commit(commit(1, &joined[0].member_id, topics("u", 0, 1)));
    assert_eq!(stage.delete_group(), ErrorCode::NonEmptyGroup);
    assert_eq!(stage.delete_offset("t"), Ok(ErrorCode::GroupSubscribedToTopic));
    assert_eq!(stage.delete_offset("u"), Ok(ErrorCode::None));
    stage.leave(GROUP, &joined[0].member_id, None);
    stage.commit_in_transaction(3);
    assert_eq!(stage.delete_group(), ErrorCode::None);
    assert_eq!((stage.offset(true), stage.state(GROUP)), (Ok(-1), "Dead"));
    stage.marker(PRODUCER, true);
    assert_eq!(stage.offset(true), Ok(-1), "nothing is left to commit");
    stage.assert_replayable();
}

#[test]
fn offsets_expire_after_the_group_was_empty_for_long_enough_and_the_group_with_them() {
    let day = Duration::from_secs(24 * 3600);
    let mut stage = Stage::new();
    let joined = stage.stable(GROUP, 1);
    stage.commit(commit(1, &joined[0].member_id, topics("t", 0, 1)));
    stage.leave(GROUP, &joined[0].member_id, None);
    stage.pass(day * 6);
    assert_eq!(stage.offset(true), Ok(1));
    stage.pass(day + Duration::from_secs(1200));
    assert_eq!((stage.offset(true), stage.state(GROUP)), (Ok(-1), "Dead"));
    // A client of old that names its own time.
    let request = OffsetCommit { retention_time_ms: 1000, ..commit(-1, "", topics("t", 0, 2)) };
    stage.commit(request);
    stage.pass(Duration::from_secs(1200));
    assert_eq!(stage.offset(true), Ok(-1));
    stage.assert_replayable();
}

#[test]
fn many_offsets_expire_in_several_batches_and_an_open_transaction_keeps_its_own() {
    let mut stage = Stage::new();
    for partition in 0..2500 {
        stage.commit(commit(-1, "", topics("t", partition, 1)));
    }
    stage.commit_in_transaction(2);
    let before = stage.log.len();
    stage.pass(Duration::from_secs(8 * 24 * 3600));
    assert_eq!(stage.log.len() - before, 2499);
    assert_eq!(stage.offset(false), Ok(1));
    stage.assert_replayable();
}

#[test]
fn a_deleted_topic_takes_its_offsets_along() {
    let mut stage = Stage::new();
    stage.commit(commit(-1, "", topics("t", 0, 1)));
    let at = stage.moment();
    let turn = stage.groups.topic_deleted("t", at);
    stage.play(turn);
    assert_eq!(stage.offset(true), Ok(-1));
    stage.assert_replayable();
}

#[test]
fn groups_are_listed_by_state_and_type() {
    let mut stage = Stage::new();
    stage.stable("stable", 1);
    stage.commit(commit(-1, "", topics("t", 0, 1)));
    let cases: [(&[&str], &[&str], &[&str]); 4] = [
        (&[], &[], &["g", "stable"]),
        (&["STABLE"], &[], &["stable"]),
        (&["empty", "dead"], &["Classic"], &["g"]),
        (&[], &["consumer"], &[]),
    ];
    for (states, types, names) in cases {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let request = ListGroups { states_filter: owned(states), types_filter: owned(types) };
        let Answer::ListGroups(listed) = stage.ask(Request::ListGroups(request)) else { panic!() };
        assert_eq!(listed.iter().map(|group| group.group_id.as_str()).collect::<Vec<_>>(), names);
    }
}
