//! Random requests, clocks, refusals and restarts. Whatever happens: a replay gives what the records said,
//! a partition has one owner, epochs never go back, and everybody who waits gets an answer. Members that behave
//! end up with all partitions, each with one of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use headwater_io::sim::rng::Rng;
use headwater_protocol::error_code::ErrorCode;

use super::consumer::{beat, join as join_new, owning};
use super::stage::*;
use crate::broker::groups::group::Group;
use crate::broker::groups::records::assignment::Partitions;
use crate::broker::groups::rpc::classic::*;
use crate::broker::groups::rpc::consumer::ConsumerGroupHeartbeat;
use crate::broker::groups::rpc::offsets::*;
use crate::broker::groups::rpc::{Answer, Request, admin};
use crate::broker::groups::turn::Producer;

const GROUP: &str = "g";

/// A life of the group: its protocol, whether somebody is in it, and its generation or epoch.
type Life = (&'static str, bool, i32);

/// What must hold at any time; returns the group's life.
fn check(stage: &Stage, what: &str) -> Option<Life> {
    let group = stage.groups.groups.get(GROUP)?;
    let in_use = !group.is_empty();
    match group {
        Group::Classic(classic) => Some(("classic", in_use, classic.generation())),
        Group::Consumer(consumer) => {
            let mut owned = BTreeSet::new();
            for (id, member) in &consumer.members {
                let current = &member.current;
                assert!(current.epoch <= consumer.target_epoch.epoch, "{what}: {id} is ahead");
                for (topic, partitions) in current.assigned.iter().chain(&current.revoking) {
                    for partition in partitions.keys() {
                        assert!(owned.insert((*topic, *partition)), "{what}: two owners");
                        assert_eq!(consumer.owner(*topic, *partition), Some(id.as_str()), "{what}");
                    }
                }
            }
            assert!(consumer.target_epoch.epoch <= consumer.epoch.epoch, "{what}");
            Some(("consumer", in_use, consumer.epoch.epoch))
        }
    }
}

/// Generations and epochs only grow, unless a group that nobody is in changes its protocol.
fn assert_grows(before: Option<Life>, now: Option<Life>, what: &str) {
    let (Some(before), Some(now)) = (before, now) else { return };
    let same_life = before.0 == now.0 || before.1;
    assert!(!same_life || now.2 >= before.2, "{what}: from {before:?} to {now:?}");
}

/// Requests of every kind, sensible and not.
struct Chaos {
    rng: Rng,
    /// Ids that were given out.
    ids: Vec<String>,
    waiting: BTreeSet<u32>,
}

impl Chaos {
    fn id(&mut self) -> String {
        match self.rng.below(10) {
            0 => String::new(),
            1 => "nobody".to_owned(),
            n if n < 5 || self.ids.is_empty() => format!("n{}", self.rng.below(4)),
            _ => self.rng.pick(&self.ids).clone(),
        }
    }

    fn instance(&mut self) -> Option<String> {
        self.rng.chance(25).then(|| format!("i{}", self.rng.below(2)))
    }

    fn generation(&mut self, stage: &Stage) -> i32 {
        let now = check(stage, "").map_or(0, |(_, _, generation)| generation);
        now - self.rng.below(2) as i32 * self.rng.below(3) as i32
    }

    fn request(&mut self, stage: &Stage) -> Request {
        let (id, instance) = (self.id(), self.instance());
        let group_id = GROUP.to_owned();
        match self.rng.below(20) {
            0..5 => Request::JoinGroup(JoinGroup {
                group_instance_id: instance,
                requires_known_member_id: self.rng.chance(70),
                ..join(GROUP, &id)
            }),
            5..8 => {
                let generation_id = self.generation(stage);
                let assignments = vec![(id.clone(), Bytes::from_static(b"x"))];
                let member_id = id;
                let sync = SyncGroup {
                    group_id,
                    generation_id,
                    member_id,
                    assignments,
                    ..Default::default()
                };
                Request::SyncGroup(SyncGroup { group_instance_id: instance, ..sync })
            }
            8..10 => Request::Heartbeat(Heartbeat {
                group_id,
                generation_id: self.generation(stage),
                member_id: id,
                group_instance_id: instance,
            }),
            10 => {
                let member =
                    MemberIdentity { member_id: id, group_instance_id: instance, reason: None };
                Request::LeaveGroup(LeaveGroup { group_id, members: vec![member] })
            }
            11..16 => Request::ConsumerGroupHeartbeat(self.beat(stage, &id, instance)),
            16 | 17 => self.commit(stage, id),
            18 => Request::OffsetFetch(OffsetFetch {
                group_id,
                member_epoch: -1,
                ..Default::default()
            }),
            _ if self.rng.chance(20) => {
                Request::DeleteGroups(admin::DeleteGroups { groups: vec![group_id] })
            }
            _ => Request::OffsetDelete(OffsetDelete {
                group_id,
                topics: vec![("t".to_owned(), vec![0])],
            }),
        }
    }

    fn beat(
        &mut self,
        stage: &Stage,
        id: &str,
        instance_id: Option<String>,
    ) -> ConsumerGroupHeartbeat {
        let epoch = self.generation(stage);
        let request = match self.rng.below(8) {
            0 => beat(id, -1),
            1 => beat(id, -2),
            2..5 => join_new(id),
            5 => owning(id, epoch, &Partitions::new()),
            _ => beat(id, epoch),
        };
        ConsumerGroupHeartbeat { instance_id, ..request }
    }

    fn commit(&mut self, stage: &Stage, member_id: String) -> Request {
        let committed_offset = self.rng.below(100) as i64;
        let partition = CommitPartition { committed_offset, ..CommitPartition::default() };
        let partitions =
            vec![CommitPartition { partition_index: self.rng.below(2) as i32, ..partition }];
        let topics = vec![CommitTopic { name: "t".to_owned(), topic_id: topic_id(1), partitions }];
        let generation = if self.rng.chance(50) { -1 } else { self.generation(stage) };
        let (group_id, group_instance_id) = (GROUP.to_owned(), None);
        if self.rng.chance(50) {
            return Request::TxnOffsetCommit(TxnOffsetCommit {
                group_id,
                producer_id: self.rng.below(3) as i64,
                producer_epoch: 0,
                generation_id: generation,
                member_id: if generation < 0 { String::new() } else { member_id },
                group_instance_id,
                topics,
            });
        }
        Request::OffsetCommit(OffsetCommit {
            group_id,
            generation_id_or_member_epoch: generation,
            member_id,
            group_instance_id,
            retention_time_ms: -1,
            topics,
            knows_member_epochs: self.rng.chance(80),
        })
    }

    /// One thing happens; true for a restart, which forgets generations that were never assigned.
    fn step(&mut self, stage: &mut Stage) -> bool {
        let what = self.rng.below(100);
        match what {
            0..3 => {
                stage.restart();
                self.waiting.clear();
            }
            3..6 => stage.refuse = self.rng.chance(50).then_some(ErrorCode::NotEnoughReplicas),
            6..10 => stage
                .marker(Producer { id: self.rng.below(3) as i64, epoch: 0 }, self.rng.chance(60)),
            10..13 => {
                let topics = vec![topic("t", 1, 1 + self.rng.below(6) as i32)];
                stage.topics = Arc::new(topics.into_iter().collect());
                stage.groups.set_topics(Arc::clone(&stage.topics));
            }
            13..30 => stage.pass(Duration::from_millis(self.rng.below(9_000))),
            30 => stage.pass(Duration::from_secs(self.rng.below(100))),
            _ => {
                let request = self.request(stage);
                let waiter = stage.send(request);
                self.waiting.insert(waiter);
            }
        }
        for (waiter, answer) in std::mem::take(&mut stage.answers) {
            assert!(self.waiting.remove(&waiter), "somebody else's answer: {answer:?}");
            if let Answer::JoinGroup(joined) = answer
                && !joined.member_id.is_empty()
            {
                self.ids.push(joined.member_id);
            }
        }
        what < 3
    }
}

#[test]
fn whatever_clients_send_the_log_tells_the_truth_and_everybody_is_answered() {
    for seed in 0..60 {
        let mut stage = Stage::new();
        let mut chaos = Chaos { rng: Rng::new(seed), ids: Vec::new(), waiting: BTreeSet::new() };
        let mut before = None;
        for n in 0..400 {
            let what = format!("seed {seed}, step {n}");
            let restarted = chaos.step(&mut stage);
            let now = check(&stage, &what);
            if !restarted {
                assert_grows(before, now, &what);
            }
            before = now;
            if n % 16 == 0 {
                stage.assert_replayable();
            }
        }
        stage.assert_replayable();
        stage.refuse = None;
        stage.pass(Duration::from_secs(3600));
        let left: Vec<u32> =
            chaos.waiting.iter().copied().filter(|w| stage.take(*w).is_none()).collect();
        assert!(left.is_empty(), "seed {seed}: {left:?} wait for ever");
        // Any prefix of the log can be read.
        for end in 0..stage.log.len() {
            if end % 7 == 0 {
                stage.replayed(&stage.log[..end]);
            }
        }
    }
}

/// A consumer that behaves: what it reads, and what it was told to read.
#[derive(Default)]
struct Reader {
    epoch: i32,
    reads: Partitions,
    told: Partitions,
    /// The last answer did not arrive: it says everything again.
    missed: bool,
}

impl Reader {
    /// One heartbeat; `lost` when the answer does not arrive.
    fn beat(&mut self, id: &str, stage: &mut Stage, lost: bool) {
        let request = match self.epoch {
            0 => join_new(id),
            epoch if self.missed => {
                let (member_epoch, topic_partitions) = (epoch, Some(self.may_read()));
                ConsumerGroupHeartbeat { member_epoch, topic_partitions, ..join_new(id) }
            }
            epoch => owning(id, epoch, &self.may_read()),
        };
        let answer = stage.beats(request);
        self.missed = lost;
        if lost {
            return;
        }
        if !answer.error_code.is_none() {
            *self = Reader::default();
            return;
        }
        self.epoch = answer.member_epoch;
        if let Some(told) = answer.assignment {
            self.told = told;
        }
    }

    /// What it reads, or will begin to read when it gets round to what it was told.
    fn may_read(&self) -> Partitions {
        let mut all = self.reads.clone();
        for (topic, partitions) in &self.told {
            all.entry(*topic).or_default().extend(partitions);
        }
        all
    }

    /// Lets go of what it shall not read; later it begins to read the rest.
    fn process(&mut self, whole: bool) {
        let told = &self.told;
        if whole {
            self.reads = told.clone();
        } else {
            self.reads.retain(|topic, partitions| {
                partitions.retain(|p| told.get(topic).is_some_and(|all| all.contains(p)));
                !partitions.is_empty()
            });
        }
    }
}

/// No partition is read by two members of the group.
fn assert_exclusive(stage: &Stage, readers: &BTreeMap<String, Reader>, what: &str) {
    let Some(Group::Consumer(consumer)) = stage.groups.groups.get(GROUP) else { return };
    let mut read = BTreeMap::new();
    for (id, reader) in readers.iter().filter(|(id, _)| consumer.members.contains_key(*id)) {
        for (topic, partition) in
            reader.reads.iter().flat_map(|(t, ps)| ps.iter().map(|p| (*t, *p)))
        {
            let other = read.insert((topic, partition), id);
            assert!(other.is_none(), "{what}: {id} and {other:?} read {partition}");
        }
    }
}

#[test]
fn readers_never_share_a_partition_and_in_the_end_have_all_of_them() {
    for seed in 0..60 {
        let mut rng = Rng::new(seed);
        let mut stage =
            Stage::with(Default::default(), vec![topic("t", 1, 1 + rng.below(12) as i32)]);
        let mut readers: BTreeMap<String, Reader> = BTreeMap::new();
        for n in 0..300 {
            let what = format!("seed {seed}, step {n}");
            let id = format!("r{}", rng.below(6));
            match rng.below(100) {
                0..4 => drop(readers.remove(&id)),
                4..7 if readers.remove(&id).is_some() => drop(stage.beats(beat(&id, -1))),
                7..10 => stage.restart(),
                10..20 => stage.pass(Duration::from_secs(rng.below(8))),
                20..45 => {
                    let whole = rng.chance(50);
                    readers.entry(id).or_default().process(whole);
                }
                _ => {
                    let lost = rng.chance(10);
                    if !readers.contains_key(&id) && rng.chance(70) {
                        continue;
                    }
                    readers.entry(id.clone()).or_default().beat(&id, &mut stage, lost);
                }
            }
            assert_exclusive(&stage, &readers, &what);
            check(&stage, &what);
        }
        stage.assert_replayable();
        settle(&mut stage, &mut readers, seed);
    }
}

/// Everybody goes on for a while and nothing else happens.
fn settle(stage: &mut Stage, readers: &mut BTreeMap<String, Reader>, seed: u64) {
    readers.entry("last".to_owned()).or_default();
    for _ in 0..40 {
        stage.pass(Duration::from_secs(5));
        for (id, reader) in readers.iter_mut() {
            reader.beat(id, stage, false);
            reader.process(true);
        }
        assert_exclusive(stage, readers, "settling");
    }
    assert_eq!(stage.consumer_state(), "Stable", "seed {seed}");
    let counts: Vec<usize> =
        readers.values().map(|reader| reader.reads.values().map(BTreeSet::len).sum()).collect();
    let all = stage.topics.by_name("t").unwrap().partitions as usize;
    assert_eq!(counts.iter().sum::<usize>(), all, "seed {seed}");
    assert!(
        counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1,
        "seed {seed}: {counts:?}"
    );
}
