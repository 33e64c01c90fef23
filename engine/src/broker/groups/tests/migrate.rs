//! A group whose members change from one protocol to the other, one by one.

use headwater_protocol::error_code::ErrorCode;

use super::consumer::{beat, join as join_new, owning, t};
use super::stage::*;
use crate::broker::groups::classic::subscription::encode_assignment;
use crate::broker::groups::rpc::classic::*;
use crate::broker::groups::rpc::{Answer, Request};
use crate::broker::groups::settings::{MigrationPolicy, Settings};

const GROUP: &str = "g";

/// A stable classic group of two, which have partitions 0, 1 and 2, 3.
fn classic_group(stage: &mut Stage) -> Vec<Joined> {
    let joined = stage.stable(GROUP, 2);
    let leader = stage.send(Request::JoinGroup(join(GROUP, &joined[0].member_id)));
    let other = stage.send(Request::JoinGroup(join(GROUP, &joined[1].member_id)));
    let joined = vec![stage.take_joined(leader), stage.take_joined(other)];
    let share = |partitions: &[i32]| encode_assignment(1, &[("t".to_owned(), partitions.to_vec())]);
    let assignments = vec![
        (joined[0].member_id.clone(), share(&[0, 1])),
        (joined[1].member_id.clone(), share(&[2, 3])),
    ];
    let synced = stage.synced(SyncGroup { assignments, ..sync(GROUP, &joined[0], &[]) });
    assert_eq!(synced.error_code, ErrorCode::None);
    stage.synced(sync(GROUP, &joined[1], &[]));
    joined
}

#[test]
fn a_classic_group_is_upgraded_by_the_first_new_member_and_downgraded_by_the_last() {
    let mut stage = Stage::new();
    let classic = classic_group(&mut stage);
    let ids: Vec<&str> = classic.iter().map(|joined| joined.member_id.as_str()).collect();
    let new = stage.beats(join_new("n"));
    assert_eq!((new.error_code, new.member_epoch), (ErrorCode::None, 3));
    assert_eq!(stage.consumer_state(), "Reconciling");
    stage.assert_replayable();
    stage.restart();
    // Whoever has to give something back hears of a rebalance, joins with what it has, and then with less.
    for id in &ids {
        assert_eq!(stage.beat(GROUP, 2, id), ErrorCode::RebalanceInProgress);
        let joined = stage.joined(join(GROUP, id));
        assert_eq!((joined.error_code, joined.generation_id), (ErrorCode::None, 3));
        let synced = stage.synced(sync(GROUP, &joined, &[]));
        assert_eq!(synced.error_code, ErrorCode::None);
        assert!(!synced.assignment.is_empty());
        assert_eq!(stage.beat(GROUP, 3, id), ErrorCode::None);
    }
    let given = stage.beats(beat("n", 3)).assignment.unwrap();
    assert_eq!(given.values().map(|all| all.len()).sum::<usize>(), 1, "{given:?}");
    assert_eq!(stage.consumer_state(), "Stable");
    assert_eq!(stage.state(GROUP), "Dead", "as a classic group it is not there");

    // The last new member leaves: the others join as in a classic group.
    assert_eq!(stage.beats(beat("n", -1)).error_code, ErrorCode::None);
    assert_eq!(stage.state(GROUP), "PreparingRebalance");
    let one = stage.send(Request::JoinGroup(join(GROUP, ids[0])));
    let two = stage.send(Request::JoinGroup(join(GROUP, ids[1])));
    let (one, two) = (stage.take_joined(one), stage.take_joined(two));
    assert_eq!((one.generation_id, two.generation_id), (5, 5), "generations never go back");
    stage.assert_replayable();
}

#[test]
fn what_cannot_be_upgraded_stays_as_it_is() {
    let settings = Settings { migration_policy: MigrationPolicy::Disabled, ..Settings::default() };
    let mut stage = Stage::with(settings, vec![topic("t", 1, 4)]);
    classic_group(&mut stage);
    assert_eq!(stage.beats(join_new("n")).error_code, ErrorCode::GroupIdNotFound);
    assert_eq!(stage.state(GROUP), "Stable");
}

#[test]
fn an_empty_group_changes_its_protocol_without_ado() {
    let mut stage = Stage::new();
    let joined = stage.stable(GROUP, 1);
    stage.leave(GROUP, &joined[0].member_id, None);
    assert_eq!(stage.beats(join_new("n")).assignment, Some(t(&[0, 1, 2, 3])));
    stage.assert_replayable();
    stage.beats(beat("n", -1));
    assert_eq!(stage.stable(GROUP, 1).len(), 1);
    assert_eq!(stage.state(GROUP), "Stable");
    stage.assert_replayable();
}

#[test]
fn classic_members_of_a_consumer_group_come_and_go() {
    let mut stage = Stage::new();
    stage.beats(join_new("n"));
    let promised = stage.joined(join(GROUP, ""));
    assert_eq!(promised.error_code, ErrorCode::MemberIdRequired);
    let joined = stage.joined(join(GROUP, &promised.member_id));
    assert_eq!((joined.error_code, joined.generation_id), (ErrorCode::None, 2));
    assert_eq!(stage.beat(GROUP, 1, &joined.member_id), ErrorCode::IllegalGeneration);
    stage.beats(owning("n", 1, &t(&[0, 1])));
    assert_eq!(stage.beat(GROUP, 2, &joined.member_id), ErrorCode::RebalanceInProgress);
    stage.joined(join(GROUP, &joined.member_id));
    let Answer::SyncGroup(synced) = stage.ask(Request::SyncGroup(sync(GROUP, &joined, &[]))) else {
        panic!()
    };
    let expected = encode_assignment(3, &[("t".to_owned(), vec![2, 3])]);
    assert_eq!(synced.assignment, expected);
    let left = stage.leave(GROUP, &joined.member_id, None);
    assert_eq!(left.members[0].2, ErrorCode::None);
    assert_eq!(stage.beats(beat("n", 2)).assignment, Some(t(&[0, 1, 2, 3])));
    stage.assert_replayable();
}
