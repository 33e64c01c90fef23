//! One member's next step towards its target: first give back, then take.
//!
//! ```text
//!            target changed, something to give back                the member has let go of it
//!  Stable ─────────────────────────────────► UnrevokedPartitions ───────────────┐
//!    ▲  ▲                                                                       │
//!    │  └────────── everything of the target is its own ────────────────────────┤
//!    └───── the last one is free ───── UnreleasedPartitions ◄── others still have some of it
//! ```
//!
//! The member's epoch becomes the target's when it has nothing more to give back.

use headwater_protocol::error_code::ErrorCode;

use crate::broker::groups::records::assignment::{
    CurrentAssignment, MemberState, OwnedPartitions, Partitions,
};
use crate::model::TopicId;

/// Where a member goes.
pub(super) struct Target<'a> {
    pub(super) epoch: i32,
    /// What it shall have.
    pub(super) partitions: &'a Partitions,
}

/// The member's next assignment; the same when it cannot move. `reported` is what the member says it has, none
/// when it does not say. `is_free` tells whether nobody, or only this member, has a partition.
pub(super) fn next(
    current: &CurrentAssignment,
    target: &Target<'_>,
    reported: Option<&Partitions>,
    is_free: impl Fn(TopicId, i32) -> bool,
) -> Result<CurrentAssignment, ErrorCode> {
    match current.state {
        MemberState::Stable if current.epoch == target.epoch => Ok(current.clone()),
        MemberState::UnrevokedPartitions if still_has(reported, &current.revoking) => {
            Ok(current.clone())
        }
        // Something that only a newer broker knows: the member begins again with nothing.
        MemberState::Unknown if reported.is_none_or(|all| !all.is_empty()) => {
            Err(ErrorCode::FencedMemberEpoch)
        }
        _ => Ok(towards(current, target, reported, is_free)),
    }
}

fn towards(
    current: &CurrentAssignment,
    target: &Target<'_>,
    reported: Option<&Partitions>,
    is_free: impl Fn(TopicId, i32) -> bool,
) -> CurrentAssignment {
    let (mut assigned, mut revoking) = (OwnedPartitions::new(), OwnedPartitions::new());
    for (topic, owned) in &current.assigned {
        for (partition, epoch) in owned {
            let stays = target.partitions.get(topic).is_some_and(|all| all.contains(partition));
            let to = if stays { &mut assigned } else { &mut revoking };
            to.entry(*topic).or_default().insert(*partition, *epoch);
        }
    }
    if !revoking.is_empty() && still_has(reported, &revoking) {
        let state = MemberState::UnrevokedPartitions;
        return CurrentAssignment { state, assigned, revoking, ..*current };
    }
    let mut state = MemberState::Stable;
    for (topic, partitions) in target.partitions {
        for partition in partitions {
            if assigned.get(topic).is_some_and(|owned| owned.contains_key(partition)) {
                continue;
            }
            if is_free(*topic, *partition) {
                assigned.entry(*topic).or_default().insert(*partition, target.epoch);
            } else {
                state = MemberState::UnreleasedPartitions;
            }
        }
    }
    let moved = current.epoch != target.epoch;
    let previous_epoch = if moved { current.epoch } else { current.previous_epoch };
    let revoking = OwnedPartitions::new();
    CurrentAssignment { epoch: target.epoch, previous_epoch, state, assigned, revoking }
}

/// Who says nothing has what it had.
fn still_has(reported: Option<&Partitions>, revoking: &OwnedPartitions) -> bool {
    let Some(reported) = reported else { return true };
    reported.iter().any(|(topic, partitions)| {
        let revoking = revoking.get(topic);
        revoking
            .is_some_and(|owned| partitions.iter().any(|partition| owned.contains_key(partition)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: TopicId = headwater_protocol::wire::uuid::Uuid([1; 16]);

    fn owned(partitions: &[i32]) -> OwnedPartitions {
        let all = partitions.iter().map(|partition| (*partition, 1)).collect();
        [(T, all)]
            .into_iter()
            .filter(|(_, all): &(_, std::collections::BTreeMap<_, _>)| !all.is_empty())
            .collect()
    }

    fn set(partitions: &[i32]) -> Partitions {
        let all: std::collections::BTreeSet<i32> = partitions.iter().copied().collect();
        [(T, all)].into_iter().filter(|(_, all)| !all.is_empty()).collect()
    }

    #[test]
    fn every_step() {
        use MemberState::*;
        type Has<'a> = (MemberState, i32, &'a [i32], &'a [i32]);
        type Row<'a> = (Has<'a>, &'a [i32], Option<&'a [i32]>, &'a [i32], Has<'a>);
        // has (state, epoch, assigned, revoking) | target, at epoch 2 | reported | free | becomes
        #[rustfmt::skip]
        let table: &[Row<'_>] = &[
            ((Stable, 2, &[0, 1], &[]), &[0, 1], None, &[], (Stable, 2, &[0, 1], &[])),
            ((Stable, 1, &[0, 1], &[]), &[0, 1], None, &[], (Stable, 2, &[0, 1], &[])),
            ((Stable, 1, &[0, 1], &[]), &[0], None, &[], (UnrevokedPartitions, 1, &[0], &[1])),
            ((Stable, 1, &[0, 1], &[]), &[0], Some(&[0, 1]), &[], (UnrevokedPartitions, 1, &[0], &[1])),
            ((Stable, 1, &[0, 1], &[]), &[0], Some(&[0]), &[], (Stable, 2, &[0], &[])),
            ((Stable, 1, &[0], &[]), &[0, 3], None, &[3], (Stable, 2, &[0, 3], &[])),
            ((Stable, 1, &[0], &[]), &[0, 3, 4], None, &[3], (UnreleasedPartitions, 2, &[0, 3], &[])),
            ((Stable, 1, &[0], &[]), &[3], None, &[3], (UnrevokedPartitions, 1, &[], &[0])),
            ((Stable, 0, &[], &[]), &[3], Some(&[]), &[], (UnreleasedPartitions, 2, &[], &[])),
            ((UnrevokedPartitions, 1, &[0], &[1]), &[0], None, &[], (UnrevokedPartitions, 1, &[0], &[1])),
            ((UnrevokedPartitions, 1, &[0], &[1]), &[0], Some(&[0, 1]), &[], (UnrevokedPartitions, 1, &[0], &[1])),
            ((UnrevokedPartitions, 1, &[0], &[1]), &[0, 2], Some(&[0]), &[2], (Stable, 2, &[0, 2], &[])),
            ((UnrevokedPartitions, 1, &[0], &[1]), &[2], Some(&[0]), &[2], (UnrevokedPartitions, 1, &[], &[0])),
            ((UnreleasedPartitions, 2, &[0], &[]), &[0, 3], None, &[], (UnreleasedPartitions, 2, &[0], &[])),
            ((UnreleasedPartitions, 2, &[0], &[]), &[0, 3], None, &[3], (Stable, 2, &[0, 3], &[])),
            ((Unknown, 1, &[], &[]), &[0], Some(&[]), &[0], (Stable, 2, &[0], &[])),
        ];
        for (n, (has, target, reported, free, becomes)) in table.iter().enumerate() {
            let current = CurrentAssignment {
                epoch: has.1,
                previous_epoch: 0,
                state: has.0,
                assigned: owned(has.2),
                revoking: owned(has.3),
            };
            let target = Target { epoch: 2, partitions: &set(target) };
            let reported = reported.map(set);
            let next =
                next(&current, &target, reported.as_ref(), |_, p| free.contains(&p)).unwrap();
            let keys = |owned: &OwnedPartitions| {
                owned.values().flat_map(|all| all.keys().copied()).collect::<Vec<_>>()
            };
            let found = (next.state, next.epoch, keys(&next.assigned), keys(&next.revoking));
            assert_eq!(
                found,
                (becomes.0, becomes.1, becomes.2.to_vec(), becomes.3.to_vec()),
                "row {n}"
            );
        }
    }

    #[test]
    fn a_member_in_a_state_of_the_future_begins_again() {
        let current = CurrentAssignment { state: MemberState::Unknown, ..Default::default() };
        let target = Target { epoch: 2, partitions: &set(&[]) };
        let result = next(&current, &target, None, |_, _| true);
        assert_eq!(result, Err(ErrorCode::FencedMemberEpoch));
    }
}
