//! Groups are measured in portions that leave nobody out and count nobody twice.

use super::stage::*;
use crate::broker::groups::rpc::offsets::*;
use crate::metrics::facts::GroupFacts;
use crate::model::Offset;

fn commit(stage: &mut Stage, group: &str, offset: i64) {
    let partition = CommitPartition {
        partition_index: 0,
        committed_offset: offset,
        committed_leader_epoch: -1,
        committed_metadata: None,
    };
    let (name, topic_id) = ("t".to_owned(), topic_id(1));
    stage.commit(OffsetCommit {
        group_id: group.to_owned(),
        generation_id_or_member_epoch: -1,
        member_id: String::new(),
        group_instance_id: None,
        retention_time_ms: -1,
        topics: vec![CommitTopic { name, topic_id, partitions: vec![partition] }],
        knows_member_epochs: true,
    });
}

/// Everything, with so much in each portion, and how many portions it took.
fn measured(stage: &Stage, portion: usize) -> (Vec<GroupFacts>, usize) {
    let (mut all, mut after, mut portions) = (Vec::new(), None, 0);
    loop {
        let mut left = portion;
        after = stage.groups.facts(after.as_deref(), &mut left, &mut all);
        portions += 1;
        if after.is_none() {
            return (all, portions);
        }
    }
}

#[test]
fn portions_of_any_size_make_the_same_whole() {
    let mut stage = Stage::new();
    for (n, group) in ["a", "b", "c", "d", "e"].into_iter().enumerate() {
        commit(&mut stage, group, n as i64);
    }
    stage.stable("joined", 2);
    // A group counts as one, and so does each of its offsets.
    for (portion, portions) in [(1, 7), (3, 4), (4, 3), (100, 1)] {
        let (all, took) = measured(&stage, portion);
        assert_eq!(took, portions, "portions of {portion}");
        let names: Vec<&str> = all.iter().map(|facts| facts.group.as_str()).collect();
        assert_eq!(names, ["a", "b", "c", "d", "e", "joined"]);
        assert_eq!(all[2].committed, [("t".to_owned(), 0, Offset(2))]);
        let joined = &all[5];
        assert_eq!((joined.protocol, joined.state, joined.members), ("classic", "Stable", 2));
    }
}
