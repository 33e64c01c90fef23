//! Scenes of the classic protocol.

use std::time::Duration;

use headwater_protocol::error_code::ErrorCode;

use super::stage::*;
use crate::broker::groups::rpc::classic::*;
use crate::broker::groups::rpc::{Answer, Request};

const GROUP: &str = "g";

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[test]
fn a_new_member_gets_its_id_first_and_members_that_come_soon_are_one_rebalance() {
    let mut stage = Stage::new();
    let first = stage.joined(join(GROUP, ""));
    assert_eq!(first.error_code, ErrorCode::MemberIdRequired);
    assert!(first.member_id.starts_with("c-00000000-0000-0000-0000-"), "{}", first.member_id);
    let one = stage.send(Request::JoinGroup(join(GROUP, &first.member_id)));
    stage.pass(seconds(2));
    let (other, two) = stage.send_join(GROUP);
    stage.pass(seconds(3));
    assert!(stage.answers.is_empty(), "a member came, so the wait began anew");
    stage.pass(seconds(2));
    let (one, two) = (stage.take_joined(one), stage.take_joined(two));
    assert_eq!((one.generation_id, two.generation_id), (1, 1));
    assert_eq!((one.leader.clone(), two.leader), (first.member_id.clone(), first.member_id));
    assert_eq!((one.members.len(), two.members.len()), (2, 0));
    assert_eq!(one.protocol_name.as_deref(), Some("range"));
    assert_eq!(two.member_id, other);
    assert_eq!(stage.state(GROUP), "CompletingRebalance");
}

#[test]
fn the_leaders_assignment_holds_when_it_is_in_the_log() {
    let mut stage = Stage::new();
    let (_, one) = stage.send_join(GROUP);
    let (_, two) = stage.send_join(GROUP);
    stage.pass(seconds(7));
    let (one, two) = (stage.take_joined(one), stage.take_joined(two));
    let waits = stage.send(Request::SyncGroup(sync(GROUP, &two, &[])));
    assert!(stage.take(waits).is_none());
    assert!(stage.log.is_empty());
    stage.refuse = Some(ErrorCode::KafkaStorageError);
    let given = [(one.member_id.as_str(), b"a".as_slice()), (two.member_id.as_str(), b"b")];
    assert_eq!(stage.synced(sync(GROUP, &one, &given)).error_code, ErrorCode::NotCoordinator);
    let Some(Answer::SyncGroup(refused)) = stage.take(waits) else { panic!() };
    assert_eq!(refused.error_code, ErrorCode::NotCoordinator);
    assert_eq!(stage.state(GROUP), "PreparingRebalance");
    stage.refuse = None;
    let again = stage.send(Request::JoinGroup(join(GROUP, &one.member_id)));
    let joined = stage.send(Request::JoinGroup(join(GROUP, &two.member_id)));
    let (one, two) = (stage.take_joined(again), stage.take_joined(joined));
    assert_eq!(one.generation_id, 2);
    assert_eq!(&stage.synced(sync(GROUP, &one, &given)).assignment[..], b"a");
    assert_eq!(&stage.synced(sync(GROUP, &two, &[])).assignment[..], b"b");
    assert_eq!((stage.state(GROUP), stage.log.len()), ("Stable", 1));
    stage.assert_replayable();
}

#[test]
fn a_silent_member_is_out_and_the_rest_share() {
    let mut stage = Stage::new();
    let joined = stage.stable(GROUP, 2);
    let (stays, goes) = (&joined[0].member_id, &joined[1].member_id);
    for _ in 0..2 {
        stage.pass(seconds(4));
        assert_eq!(stage.beat(GROUP, 1, stays), ErrorCode::None);
    }
    stage.pass(seconds(4));
    assert_eq!(stage.beat(GROUP, 1, stays), ErrorCode::RebalanceInProgress);
    assert_eq!(stage.beat(GROUP, 1, goes), ErrorCode::UnknownMemberId);
    let alone = stage.joined(join(GROUP, stays));
    assert_eq!((alone.generation_id, alone.members.len()), (2, 1));
    assert_eq!(stage.beat(GROUP, 1, stays), ErrorCode::IllegalGeneration);
}

#[test]
fn who_does_not_join_again_in_time_is_out() {
    let mut stage = Stage::new();
    let joined = stage.stable(GROUP, 2);
    let leader = stage.send(Request::JoinGroup(join(GROUP, &joined[0].member_id)));
    for _ in 0..9 {
        stage.pass(seconds(6));
        assert_eq!(stage.beat(GROUP, 1, &joined[1].member_id), ErrorCode::RebalanceInProgress);
    }
    assert!(stage.take(leader).is_none());
    stage.pass(seconds(7));
    assert_eq!(stage.take_joined(leader).members.len(), 1);
    // And who joins but does not ask for its assignment is out, too.
    for _ in 0..9 {
        stage.pass(seconds(7));
        stage.beat(GROUP, 2, &joined[0].member_id);
    }
    assert_eq!(stage.state(GROUP), "Empty");
    stage.assert_replayable();
}

#[test]
fn the_last_one_out_leaves_an_empty_group_in_the_log() {
    let mut stage = Stage::new();
    let joined = stage.stable(GROUP, 1);
    let left = stage.leave(GROUP, &joined[0].member_id, None);
    assert_eq!(left.members[0].2, ErrorCode::None);
    assert_eq!(stage.state(GROUP), "Empty");
    assert_eq!(
        stage.leave(GROUP, &joined[0].member_id, None).members[0].2,
        ErrorCode::UnknownMemberId
    );
    stage.restart();
    assert_eq!(stage.state(GROUP), "Empty");
    assert_eq!(stage.stable(GROUP, 1)[0].generation_id, 3, "generations go on");
}

#[test]
fn after_a_restart_members_go_on_as_if_nothing_had_been() {
    let mut stage = Stage::new();
    let joined = stage.stable(GROUP, 3);
    stage.restart();
    assert_eq!(stage.state(GROUP), "Stable");
    for member in &joined {
        assert_eq!(stage.beat(GROUP, 1, &member.member_id), ErrorCode::None);
    }
    assert_eq!(&stage.synced(sync(GROUP, &joined[2], &[])).assignment[..], b"mine");
    stage.pass(seconds(11));
    // All were silent: one after the other is out.
    assert_eq!(stage.state(GROUP), "Empty");
}

fn static_join(id: &str) -> JoinGroup {
    JoinGroup { group_instance_id: Some("i".to_owned()), ..join(GROUP, id) }
}

#[test]
fn a_static_member_comes_back_without_a_rebalance_and_fences_its_former_self() {
    let mut stage = Stage::new();
    let waiter = stage.send(Request::JoinGroup(static_join("")));
    stage.pass(seconds(4));
    let old = stage.take_joined(waiter);
    assert!(old.member_id.starts_with("i-"));
    stage.synced(SyncGroup {
        group_instance_id: Some("i".to_owned()),
        ..sync(GROUP, &old, &[(&old.member_id, b"mine")])
    });
    let new = stage.joined(static_join(""));
    assert_eq!((new.generation_id, new.skip_assignment), (1, true));
    assert_eq!((&new.leader, new.members.len()), (&new.member_id, 1));
    assert_eq!(&stage.synced(sync(GROUP, &new, &[])).assignment[..], b"mine");
    assert_eq!(stage.joined(static_join(&old.member_id)).error_code, ErrorCode::FencedInstanceId);
    assert_eq!(stage.beat(GROUP, 1, &old.member_id), ErrorCode::UnknownMemberId);
    stage.assert_replayable();

    stage.refuse = Some(ErrorCode::NotEnoughReplicas);
    assert_eq!(stage.joined(static_join("")).error_code, ErrorCode::CoordinatorNotAvailable);
    stage.refuse = None;
    assert_eq!(stage.beat(GROUP, 1, &new.member_id), ErrorCode::None, "it is still itself");
    // An operator removes it by its instance id.
    assert_eq!(stage.leave(GROUP, "", Some("i")).members[0].2, ErrorCode::None);
    assert_eq!(stage.state(GROUP), "Empty");
}

#[test]
fn each_mistake_has_its_error() {
    let mut stage = Stage::new();
    let other_type = JoinGroup { protocol_type: "connect".to_owned(), ..join(GROUP, "") };
    let unknown = vec![Protocol { name: "x".to_owned(), metadata: Default::default() }];
    let other_protocol = JoinGroup { protocols: unknown, ..join(GROUP, "") };
    stage.stable(GROUP, 1);
    let cases = [
        (join("", ""), ErrorCode::InvalidGroupId),
        (JoinGroup { session_timeout_ms: 5, ..join(GROUP, "") }, ErrorCode::InvalidSessionTimeout),
        (join("none", "who"), ErrorCode::UnknownMemberId),
        (join(GROUP, "who"), ErrorCode::UnknownMemberId),
        (static_join("who"), ErrorCode::UnknownMemberId),
        (other_type, ErrorCode::InconsistentGroupProtocol),
        (other_protocol, ErrorCode::InconsistentGroupProtocol),
    ];
    for (request, code) in cases {
        assert_eq!(stage.joined(request.clone()).error_code, code, "{request:?}");
    }
    assert_eq!(stage.beat("none", 1, "who"), ErrorCode::UnknownMemberId);
    assert_eq!(stage.state("none"), "Dead");
}

#[test]
fn a_full_group_takes_nobody() {
    let mut stage = Stage::new();
    stage.settings.members_max = 2;
    stage = Stage::with(stage.settings, vec![]);
    stage.stable(GROUP, 2);
    assert_eq!(stage.joined(join(GROUP, "")).error_code, ErrorCode::GroupMaxSizeReached);
}

#[test]
fn a_promised_id_that_does_not_come_back_leaves_nothing() {
    let mut stage = Stage::new();
    stage.joined(join(GROUP, ""));
    assert_eq!(stage.state(GROUP), "Empty");
    stage.pass(seconds(11));
    assert_eq!(stage.state(GROUP), "Dead");
}

#[test]
fn a_member_that_joins_again_unchanged_disturbs_nobody_unless_it_leads() {
    let mut stage = Stage::new();
    let joined = stage.stable(GROUP, 2);
    let same = stage.joined(join(GROUP, &joined[1].member_id));
    assert_eq!((same.generation_id, same.error_code), (1, ErrorCode::None));
    assert_eq!(stage.state(GROUP), "Stable");
    stage.send(Request::JoinGroup(join(GROUP, &joined[0].member_id)));
    assert_eq!(stage.state(GROUP), "PreparingRebalance");
}
