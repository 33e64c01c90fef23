//! What is counted of groups: their states, their members, what they have committed. Reads only.

use std::ops::Bound;

use super::Groups;
use super::group::Group;
use crate::metrics::facts::GroupFacts;
use crate::model::Offset;

impl<W: Copy> Groups<W> {
    /// Groups after this one, as long as `left` lasts, counted in groups and their offsets; the last of them if there
    /// are more.
    pub fn facts(
        &self,
        after: Option<&str>,
        left: &mut usize,
        into: &mut Vec<GroupFacts>,
    ) -> Option<String> {
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        for (id, group) in self.groups.range::<str, _>((after, Bound::Unbounded)) {
            let facts = self.facts_of(id, group);
            *left = left.saturating_sub(1 + facts.committed.len());
            into.push(facts);
            if *left == 0 {
                return Some(id.clone());
            }
        }
        None
    }

    fn facts_of(&self, id: &str, group: &Group<W>) -> GroupFacts {
        let listed = group.listed(id);
        let committed =
            self.offsets.of(id).into_iter().flatten().flat_map(|(topic, partitions)| {
                let offset = |(&index, committed): (&i32, &super::offsets::Committed)| {
                    (topic.clone(), index, Offset(committed.value.offset))
                };
                partitions.iter().map(offset)
            });
        GroupFacts {
            group: id.to_owned(),
            protocol: listed.group_type,
            state: listed.group_state,
            members: group.member_count(),
            committed: committed.collect(),
        }
    }
}
