//! Scenes of the consumer protocol.

use std::sync::Arc;
use std::time::Duration;

use headwater_protocol::error_code::ErrorCode;

use super::stage::*;
use crate::broker::groups::records::assignment::Partitions;
use crate::broker::groups::rpc::consumer::*;
use crate::broker::groups::rpc::{Answer, Client, Request};

const GROUP: &str = "g";

pub fn beat(member: &str, epoch: i32) -> ConsumerGroupHeartbeat {
    ConsumerGroupHeartbeat {
        group_id: GROUP.to_owned(),
        member_id: member.to_owned(),
        member_epoch: epoch,
        rebalance_timeout_ms: -1,
        client: Client { id: "c".to_owned(), host: "/h".to_owned() },
        requires_member_id: true,
        ..ConsumerGroupHeartbeat::default()
    }
}

pub fn join(member: &str) -> ConsumerGroupHeartbeat {
    ConsumerGroupHeartbeat {
        rebalance_timeout_ms: 30_000,
        subscribed_topic_names: Some(vec!["t".to_owned()]),
        topic_partitions: Some(Partitions::new()),
        ..beat(member, 0)
    }
}

pub fn owning(member: &str, epoch: i32, owned: &Partitions) -> ConsumerGroupHeartbeat {
    ConsumerGroupHeartbeat { topic_partitions: Some(owned.clone()), ..beat(member, epoch) }
}

pub fn t(partitions: &[i32]) -> Partitions {
    let all: std::collections::BTreeSet<i32> = partitions.iter().copied().collect();
    [(topic_id(1), all)].into_iter().filter(|(_, all)| !all.is_empty()).collect()
}

impl Stage {
    pub fn beats(&mut self, request: ConsumerGroupHeartbeat) -> HeartbeatAnswer {
        let answer = self.ask(Request::ConsumerGroupHeartbeat(request));
        let Answer::ConsumerGroupHeartbeat(answer) = answer else { panic!() };
        answer
    }

    fn epoch(&mut self, request: ConsumerGroupHeartbeat) -> Result<i32, ErrorCode> {
        let answer = self.beats(request);
        if answer.error_code.is_none() { Ok(answer.member_epoch) } else { Err(answer.error_code) }
    }

    pub fn consumer_state(&mut self) -> &'static str {
        self.groups.describe_consumers(vec![GROUP.to_owned()])[0].group_state
    }
}

#[test]
fn a_partition_is_given_back_before_another_member_gets_it() {
    let mut stage = Stage::new();
    let one = stage.beats(join("a"));
    assert_eq!((one.member_epoch, one.assignment), (1, Some(t(&[0, 1, 2, 3]))));
    assert_eq!(one.heartbeat_interval_ms, 5000);
    let two = stage.beats(join("b"));
    assert_eq!((two.member_epoch, two.assignment), (2, Some(t(&[]))));
    assert_eq!(stage.consumer_state(), "Reconciling");
    // The first one is told what stays, and keeps its epoch until the rest is given back.
    let told = stage.beats(beat("a", 1));
    assert_eq!((told.member_epoch, told.assignment), (1, Some(t(&[0, 1]))));
    assert_eq!(stage.beats(beat("a", 1)).assignment, None);
    assert_eq!(stage.beats(owning("a", 1, &t(&[0, 1, 2, 3]))).member_epoch, 1);
    assert_eq!(stage.beats(beat("b", 2)).assignment, None);
    stage.restart();
    assert_eq!(stage.beats(owning("a", 1, &t(&[0, 1]))).member_epoch, 2);
    assert_eq!(stage.beats(beat("b", 2)).assignment, Some(t(&[2, 3])));
    assert_eq!(stage.consumer_state(), "Stable");
    let quiet = stage.log.len();
    assert_eq!(stage.beats(beat("a", 2)).assignment, None);
    assert_eq!(stage.log.len(), quiet, "nothing new, nothing written");
    stage.assert_replayable();
}

#[test]
fn epochs_fence_and_a_lost_answer_does_not() {
    let mut stage = Stage::new();
    assert_eq!(stage.epoch(beat("a", 1)), Err(ErrorCode::GroupIdNotFound));
    stage.beats(join("a"));
    assert_eq!(stage.epoch(join("a")), Ok(1), "the answer was lost");
    assert_eq!(stage.epoch(beat("b", 1)), Err(ErrorCode::UnknownMemberId));
    assert_eq!(stage.epoch(beat("a", 2)), Err(ErrorCode::FencedMemberEpoch));
    stage.beats(join("b"));
    stage.beats(owning("a", 1, &t(&[0, 1])));
    assert_eq!(
        stage.epoch(beat("a", 1)),
        Err(ErrorCode::FencedMemberEpoch),
        "it does not say what it has"
    );
    assert_eq!(stage.epoch(owning("a", 1, &t(&[0]))), Ok(2), "it has what it may");
    stage.assert_replayable();
}

#[test]
fn a_member_that_goes_or_is_silent_leaves_its_partitions_to_the_others() {
    let mut stage = Stage::new();
    for member in ["a", "b", "c"] {
        stage.beats(join(member));
    }
    assert_eq!(stage.epoch(beat("c", -1)), Ok(-1));
    assert_eq!(stage.epoch(beat("c", -1)), Err(ErrorCode::UnknownMemberId));
    for _ in 0..10 {
        stage.pass(Duration::from_secs(5));
        let epoch =
            stage.groups.describe_consumers(vec![GROUP.to_owned()])[0].members[0].member_epoch;
        stage.beats(owning("a", epoch, &t(&[])));
    }
    let described = stage.groups.describe_consumers(vec![GROUP.to_owned()]).remove(0);
    assert_eq!(described.members.len(), 1, "the silent one is out");
    assert_eq!(described.members[0].assignment[0].partitions, [0, 1, 2, 3]);
    assert_eq!((described.group_state, described.assignor_name.as_str()), ("Stable", "uniform"));
    stage.assert_replayable();
}

#[test]
fn who_does_not_give_back_in_time_is_out() {
    let mut stage = Stage::new();
    stage.beats(join("a"));
    stage.beats(join("b"));
    for _ in 0..5 {
        assert_eq!(stage.epoch(beat("a", 1)), Ok(1));
        stage.pass(Duration::from_secs(5));
        stage.beats(beat("b", 2));
    }
    stage.beats(beat("a", 1));
    stage.pass(Duration::from_secs(6));
    assert_eq!(stage.epoch(beat("a", 1)), Err(ErrorCode::UnknownMemberId));
    assert_eq!(stage.beats(beat("b", 2)).assignment, Some(t(&[0, 1, 2, 3])));
}

#[test]
fn a_static_member_comes_back_to_what_it_had() {
    let with = |request: ConsumerGroupHeartbeat| ConsumerGroupHeartbeat {
        instance_id: Some("i".to_owned()),
        ..request
    };
    let mut stage = Stage::new();
    stage.beats(with(join("a")));
    assert_eq!(stage.epoch(with(join("b"))), Err(ErrorCode::UnreleasedInstanceId));
    assert_eq!(stage.epoch(with(beat("a", -2))), Ok(-2));
    let back = stage.beats(with(join("b")));
    assert_eq!((back.member_epoch, back.assignment), (1, Some(t(&[0, 1, 2, 3]))), "nobody noticed");
    assert_eq!(stage.epoch(with(beat("a", 1))), Err(ErrorCode::FencedInstanceId));
    assert_eq!(stage.epoch(with(beat("b", -2))), Ok(-2));
    stage.restart();
    stage.pass(Duration::from_secs(46));
    assert_eq!(stage.consumer_state(), "Empty", "it was away for too long");
    stage.assert_replayable();
}

#[test]
fn new_partitions_and_new_topics_are_assigned() {
    let mut stage = Stage::new();
    stage.beats(ConsumerGroupHeartbeat {
        subscribed_topic_names: Some(vec!["v".to_owned(), "t".to_owned()]),
        ..join("a")
    });
    let topics = [topic("t", 1, 5), topic("v", 3, 1)].into_iter().collect();
    stage.topics = Arc::new(topics);
    stage.groups.set_topics(Arc::clone(&stage.topics));
    let told = stage.beats(beat("a", 1));
    let mut expected = t(&[0, 1, 2, 3, 4]);
    expected.insert(topic_id(3), [0].into());
    assert_eq!((told.member_epoch, told.assignment), (2, Some(expected)));
    stage.topics = Arc::new([topic("v", 3, 1)].into_iter().collect());
    stage.groups.set_topics(Arc::clone(&stage.topics));
    let told = stage.beats(beat("a", 2));
    assert_eq!(told.assignment, Some([(topic_id(3), [0].into())].into()));
}

#[test]
fn a_pattern_is_matched_by_the_broker_again_when_topics_change() {
    let pattern = |text: &str| Some(text.to_owned());
    let mut stage = Stage::new();
    let regex = pattern("t|v.*");
    let by_pattern = ConsumerGroupHeartbeat {
        subscribed_topic_names: None,
        subscribed_topic_regex: regex,
        ..join("a")
    };
    let joined = stage.beats(by_pattern);
    assert_eq!(joined.assignment, Some(t(&[0, 1, 2, 3])));
    stage.topics = Arc::new([topic("t", 1, 4), topic("vv", 3, 1)].into_iter().collect());
    stage.groups.set_topics(Arc::clone(&stage.topics));
    let mut expected = t(&[0, 1, 2, 3]);
    expected.insert(topic_id(3), [0].into());
    let told = stage.beats(beat("a", 1));
    assert_eq!((told.member_epoch, told.assignment), (2, Some(expected.clone())));
    let replayed = stage.replayed(&stage.log.clone());
    assert_eq!(replayed.durable(), stage.groups.durable());
    // By name as well; then by name only.
    let both = ConsumerGroupHeartbeat {
        subscribed_topic_names: Some(vec!["t".to_owned()]),
        ..beat("a", 2)
    };
    assert_eq!(stage.beats(both).member_epoch, 3);
    let neither = ConsumerGroupHeartbeat { subscribed_topic_regex: pattern(""), ..beat("a", 3) };
    let told = stage.beats(neither);
    assert_eq!((told.member_epoch, told.assignment), (3, Some(t(&[0, 1, 2, 3]))));
    let wrong = ConsumerGroupHeartbeat { subscribed_topic_regex: pattern("(?=t)"), ..beat("a", 4) };
    assert_eq!(stage.epoch(wrong), Err(ErrorCode::InvalidRegularExpression));
}

#[test]
fn each_mistake_has_its_error() {
    let mut stage = Stage::new();
    let no_topics = ConsumerGroupHeartbeat { subscribed_topic_names: None, ..join("a") };
    let regex =
        ConsumerGroupHeartbeat { subscribed_topic_regex: Some("t[".to_owned()), ..join("a") };
    let assignor = ConsumerGroupHeartbeat { server_assignor: Some("mine".to_owned()), ..join("a") };
    let cases = [
        (
            ConsumerGroupHeartbeat { group_id: String::new(), ..join("a") },
            ErrorCode::InvalidRequest,
        ),
        (
            ConsumerGroupHeartbeat { instance_id: Some(String::new()), ..join("a") },
            ErrorCode::InvalidRequest,
        ),
        (
            ConsumerGroupHeartbeat { rebalance_timeout_ms: -1, ..join("a") },
            ErrorCode::InvalidRequest,
        ),
        (ConsumerGroupHeartbeat { topic_partitions: None, ..join("a") }, ErrorCode::InvalidRequest),
        (
            ConsumerGroupHeartbeat { topic_partitions: Some(t(&[1])), ..join("a") },
            ErrorCode::InvalidRequest,
        ),
        (no_topics, ErrorCode::InvalidRequest),
        (join(""), ErrorCode::InvalidRequest),
        (beat("a", -3), ErrorCode::InvalidRequest),
        (beat("a", -2), ErrorCode::InvalidRequest),
        (regex, ErrorCode::InvalidRegularExpression),
        (assignor, ErrorCode::UnsupportedAssignor),
    ];
    for (request, code) in cases {
        assert_eq!(stage.epoch(request.clone()), Err(code), "{request:?}");
    }
    let old = ConsumerGroupHeartbeat { requires_member_id: false, ..join("") };
    assert_eq!(stage.beats(old).member_id.unwrap().len(), 22, "version 0 gets an id");
    stage.refuse = Some(ErrorCode::NotLeaderOrFollower);
    assert_eq!(stage.epoch(join("b")), Err(ErrorCode::NotCoordinator));
    stage.refuse = None;
    assert_eq!(stage.epoch(beat("b", 2)), Err(ErrorCode::UnknownMemberId));
}
