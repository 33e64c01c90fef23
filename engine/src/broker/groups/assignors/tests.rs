//! What every assignor promises, on random members and topics; and what only one of them does.

use std::collections::{BTreeMap, BTreeSet};

use headwater_io::sim::rng::Rng;

use super::{Candidate, Sizes};
use crate::broker::groups::records::assignment::Partitions;
use crate::broker::groups::settings::Assignor;
use crate::model::TopicId;

fn topic(n: u8) -> TopicId {
    TopicId([n; 16])
}

fn member(id: &str, topics: &[u8]) -> Candidate {
    let topics = topics.iter().map(|n| topic(*n)).collect();
    Candidate { id: id.to_owned(), topics, ..Candidate::default() }
}

fn count(partitions: &Partitions) -> usize {
    partitions.values().map(BTreeSet::len).sum()
}

fn random(rng: &mut Rng, alike: bool) -> (Vec<Candidate>, Sizes) {
    let topics = 1 + rng.below(5) as u8;
    let sizes: Sizes = (0..topics).map(|n| (topic(n), 1 + rng.below(12) as i32)).collect();
    let all: Vec<u8> = (0..topics).collect();
    let some = |rng: &mut Rng| all.iter().copied().filter(|_| rng.chance(60)).collect::<Vec<_>>();
    let members = (0..1 + rng.below(9)).map(|n| {
        let topics = if alike { all.clone() } else { some(rng) };
        member(&format!("m{n}"), &topics)
    });
    (members.collect(), sizes)
}

/// Each partition that somebody wants has one owner, who wants it.
fn assert_sound(members: &[Candidate], sizes: &Sizes, targets: &[Partitions], what: &str) {
    assert_eq!(members.len(), targets.len());
    let mut owned = BTreeSet::new();
    for (member, target) in members.iter().zip(targets) {
        for (topic, partitions) in target {
            assert!(member.topics.contains(topic) && !partitions.is_empty(), "{what}");
            for partition in partitions {
                assert!((0..sizes[topic]).contains(partition), "{what}");
                assert!(owned.insert((*topic, *partition)), "{what}: two owners");
            }
        }
    }
    let wanted = sizes.iter().filter(|(topic, _)| members.iter().any(|m| m.topics.contains(topic)));
    assert_eq!(owned.len(), wanted.map(|(_, size)| *size as usize).sum::<usize>(), "{what}");
}

/// No partition could move and make two members more alike.
fn assert_balanced(members: &[Candidate], targets: &[Partitions], what: &str) {
    for target in targets {
        for topic in target.keys() {
            let others = members.iter().zip(targets).filter(|(m, _)| m.topics.contains(topic));
            for (_, other) in others {
                assert!(count(target) <= count(other) + 1, "{what}: {targets:?}");
            }
        }
    }
}

#[test]
fn assignors_give_each_partition_one_owner_and_uniform_is_fair() {
    for seed in 0..400 {
        let mut rng = Rng::new(seed);
        let (mut members, sizes) = random(&mut rng, seed % 2 == 0);
        let what = format!("seed {seed}");
        for assignor in [Assignor::Uniform, Assignor::Range] {
            let targets = assignor.assign(&members, &sizes);
            assert_sound(&members, &sizes, &targets, &what);
            assert_eq!(targets, assignor.assign(&members, &sizes), "{what}");
        }
        let targets = Assignor::Uniform.assign(&members, &sizes);
        assert_balanced(&members, &targets, &what);
        for (member, target) in members.iter_mut().zip(&targets) {
            member.had = target.clone();
        }
        assert_eq!(Assignor::Uniform.assign(&members, &sizes), targets, "{what}: nothing to do");
        // Somebody goes: nobody else loses anything.
        let gone = rng.below(members.len() as u64) as usize;
        members.remove(gone);
        let after = Assignor::Uniform.assign(&members, &sizes);
        assert_sound(&members, &sizes, &after, &what);
        assert_balanced(&members, &after, &what);
        if seed % 2 == 0 {
            for (member, target) in members.iter().zip(&after) {
                let kept = member
                    .had
                    .iter()
                    .all(|(t, ps)| target.get(t).is_some_and(|new| ps.is_subset(new)));
                assert!(kept, "{what}: {member:?} got {target:?}");
            }
        }
    }
}

#[test]
fn a_member_that_comes_takes_its_share_and_no_more() {
    let sizes: Sizes = [(topic(1), 12)].into();
    let mut members: Vec<_> = ["a", "b", "c"].iter().map(|id| member(id, &[1])).collect();
    let targets = Assignor::Uniform.assign(&members, &sizes);
    for (member, target) in members.iter_mut().zip(targets) {
        member.had = target;
    }
    members.push(member("d", &[1]));
    let after = Assignor::Uniform.assign(&members, &sizes);
    let moved: usize = after[3].values().map(BTreeSet::len).sum();
    assert_eq!((moved, count(&after[0]), count(&after[2])), (3, 3, 3));
    for n in 0..3 {
        assert!(after[n][&topic(1)].is_subset(&members[n].had[&topic(1)]));
    }
}

#[test]
fn twelve_members_on_eight_partitions_leave_four_idle() {
    let sizes: Sizes = [(topic(1), 8)].into();
    let members: Vec<_> = (0..12).map(|n| member(&format!("m{n:02}"), &[1])).collect();
    for assignor in [Assignor::Uniform, Assignor::Range] {
        let targets = assignor.assign(&members, &sizes);
        assert_eq!(targets.iter().filter(|target| target.is_empty()).count(), 4);
    }
}

#[test]
fn range_cuts_topics_of_one_size_at_the_same_places_static_members_first() {
    let sizes: Sizes = [(topic(1), 5), (topic(2), 5), (topic(3), 2)].into();
    let mut members: Vec<_> = ["a", "b", "c"].iter().map(|id| member(id, &[1, 2, 3])).collect();
    members[2].instance = Some("i".to_owned());
    let targets = Assignor::Range.assign(&members, &sizes);
    let expected: [&[(u8, &[i32])]; 3] = [
        &[(1, &[2, 3]), (2, &[2, 3]), (3, &[1])],
        &[(1, &[4]), (2, &[4])],
        &[(1, &[0, 1]), (2, &[0, 1]), (3, &[0])],
    ];
    for (target, expected) in targets.iter().zip(expected) {
        let expected: BTreeMap<_, BTreeSet<i32>> =
            expected.iter().map(|(n, ps)| (topic(*n), ps.iter().copied().collect())).collect();
        assert_eq!(*target, expected);
    }
}
