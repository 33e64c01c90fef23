//! As many for each as for every other, with as few changes as possible.
//!
//! First everybody keeps what it had, as far as it may. Then there are two ways. When all subscribe to the same
//! topics, each has a quota, who has more lets go of the rest, and who has less takes it. When they do not,
//! what is free goes to the subscriber with the least, and partitions move one by one as long as a move makes
//! two members more alike: each move makes the sum of the squares of all counts smaller, so there is an end.

use std::collections::{BTreeMap, BTreeSet};

use super::{Candidate, Sizes};
use crate::broker::groups::records::assignment::Partitions;
use crate::model::TopicId;

type Partition = (TopicId, i32);

pub(super) fn assign(members: &[Candidate], sizes: &Sizes) -> Vec<Partitions> {
    let Some(first) = members.first() else { return Vec::new() };
    let mut held = keep(members, sizes);
    if members.iter().all(|member| member.topics == first.topics) {
        by_quota(&mut held, all_of(&first.topics, sizes));
    } else {
        by_load(&mut held, members, sizes);
    }
    held.into_iter().map(grouped).collect()
}

/// What each had, still exists and is still wanted; if two had the same, the first one keeps it.
fn keep(members: &[Candidate], sizes: &Sizes) -> Vec<BTreeSet<Partition>> {
    let mut taken = BTreeSet::new();
    let one = |member: &Candidate| {
        let had = member.had.iter().flat_map(|(t, ps)| ps.iter().map(|p| (*t, *p)));
        had.filter(|(topic, partition)| {
            let size = sizes.get(topic).copied().unwrap_or(0);
            member.topics.contains(topic) && (0..size).contains(partition)
        })
        .filter(|partition| taken.insert(*partition))
        .collect()
    };
    members.iter().map(one).collect()
}

fn all_of(topics: &BTreeSet<TopicId>, sizes: &Sizes) -> BTreeSet<Partition> {
    let wanted = sizes.iter().filter(|(topic, _)| topics.contains(topic));
    wanted.flat_map(|(topic, size)| (0..*size).map(|partition| (*topic, partition))).collect()
}

fn by_quota(held: &mut [BTreeSet<Partition>], mut free: BTreeSet<Partition>) {
    let (each, one_more) = (free.len() / held.len(), free.len() % held.len());
    // Who has most gets the larger quotas: it then lets go of less.
    let mut order: Vec<usize> = (0..held.len()).collect();
    order.sort_by_key(|n| std::cmp::Reverse(held[*n].len()));
    let mut short = Vec::new();
    for (place, member) in order.into_iter().enumerate() {
        let quota = each + usize::from(place < one_more);
        while held[member].len() > quota {
            held[member].pop_last();
        }
        for partition in &held[member] {
            free.remove(partition);
        }
        if held[member].len() < quota {
            short.push((member, quota));
        }
    }
    short.sort_unstable();
    // In turns, so that each gets some of every topic.
    while !free.is_empty() {
        for (member, _) in &short {
            held[*member].extend(free.pop_first());
        }
        short.retain(|(member, quota)| held[*member].len() < *quota);
        assert!(!short.is_empty() || free.is_empty(), "the quotas add up to all partitions");
    }
}

fn by_load(held: &mut [BTreeSet<Partition>], members: &[Candidate], sizes: &Sizes) {
    let mut subscribers: BTreeMap<TopicId, Vec<usize>> = BTreeMap::new();
    for (n, member) in members.iter().enumerate() {
        for topic in &member.topics {
            subscribers.entry(*topic).or_default().push(n);
        }
    }
    let mut owners: BTreeMap<Partition, usize> = BTreeMap::new();
    for (n, own) in held.iter().enumerate() {
        owners.extend(own.iter().map(|partition| (*partition, n)));
    }
    let least = |held: &[BTreeSet<Partition>], topic: &TopicId| {
        subscribers[topic]
            .iter()
            .copied()
            .min_by_key(|n| (held[*n].len(), *n))
            .expect("subscribers")
    };
    // Topics with few subscribers first: they have the least choice.
    let mut topics: Vec<&TopicId> = subscribers.keys().filter(|t| sizes.contains_key(*t)).collect();
    topics.sort_by_key(|topic| subscribers[topic].len());
    let all: Vec<Partition> =
        topics.into_iter().flat_map(|topic| (0..sizes[topic]).map(|p| (*topic, p))).collect();
    for partition in &all {
        if !owners.contains_key(partition) {
            let to = least(held, &partition.0);
            held[to].insert(*partition);
            owners.insert(*partition, to);
        }
    }
    let mut moved = true;
    while moved {
        moved = false;
        for partition in &all {
            let (from, to) = (owners[partition], least(held, &partition.0));
            if held[from].len() > held[to].len() + 1 {
                held[from].remove(partition);
                held[to].insert(*partition);
                owners.insert(*partition, to);
                moved = true;
            }
        }
    }
}

fn grouped(held: BTreeSet<Partition>) -> Partitions {
    let mut partitions = Partitions::new();
    for (topic, partition) in held {
        partitions.entry(topic).or_default().insert(partition);
    }
    partitions
}
