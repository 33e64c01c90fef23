//! From facts to values: what each topic and each group comes to, over all shards. Pure, and off their threads.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::bounded::Bounded;
use super::counters::Flow;
use super::facts::{GroupFacts, PartitionFacts};
use super::sheet::Sheet;
use super::table::Metric;
use crate::model::{Offset, PartitionKey, TopicId};

/// Who has series of their own.
#[derive(Debug)]
pub struct Overview {
    topics: Bounded,
    groups: Bounded,
}

/// The topics by their identity, and back.
pub trait Names {
    /// The name of a topic.
    fn name(&self, id: TopicId) -> Option<&str>;
    /// The topic of a name.
    fn id(&self, name: &str) -> Option<TopicId>;
}

#[derive(Default)]
struct OfTopic {
    flow: Flow,
    log_bytes: u64,
}

impl Overview {
    /// Nobody yet; so many topics, and so many groups, may have series of their own.
    pub fn new(labels_max: usize) -> Self {
        Overview { topics: Bounded::new(labels_max), groups: Bounded::new(labels_max) }
    }

    /// Says what the facts come to.
    pub fn say(
        &mut self,
        names: &impl Names,
        partitions: &[PartitionFacts],
        groups: &[GroupFacts],
        sheet: &mut Sheet,
    ) {
        self.topics.keep(|name| names.id(name).is_some());
        let there: HashSet<&str> = groups.iter().map(|group| group.group.as_str()).collect();
        self.groups.keep(|name| there.contains(name));
        self.say_topics(names, partitions, sheet);
        let ends = partitions.iter().map(|facts| (facts.key, facts.high_watermark)).collect();
        for group in groups {
            self.say_group(names, &ends, group, sheet);
        }
    }

    fn say_topics(&mut self, names: &impl Names, partitions: &[PartitionFacts], sheet: &mut Sheet) {
        // In the order of their names, so that which ones are first is no chance.
        let mut topics: BTreeMap<&str, OfTopic> = BTreeMap::new();
        for facts in partitions {
            let Some(name) = names.name(facts.key.topic) else { continue };
            let topic = topics.entry(name).or_default();
            topic.flow.add(facts.flow);
            topic.log_bytes += facts.log_bytes;
        }
        for (name, OfTopic { flow, log_bytes }) in topics {
            let labels = [self.topics.label(name)];
            sheet.add(Metric::ProducedBytes, &labels, flow.produced_bytes);
            sheet.add(Metric::ProducedRecords, &labels, flow.produced_records);
            sheet.add(Metric::ReadBytes, &labels, flow.read_bytes);
            sheet.add(Metric::LogBytes, &labels, log_bytes);
        }
    }

    fn say_group(
        &mut self,
        names: &impl Names,
        ends: &HashMap<PartitionKey, Offset>,
        facts: &GroupFacts,
        sheet: &mut Sheet,
    ) {
        let group = self.groups.label(&facts.group);
        sheet.add(Metric::Groups, &[facts.protocol, facts.state], 1);
        sheet.add(Metric::GroupMembers, &[group], facts.members as u64);
        for (name, index, committed) in &facts.committed {
            let key = names.id(name).map(|topic| PartitionKey { topic, index: *index });
            let Some(end) = key.and_then(|key| ends.get(&key)) else { continue };
            // Committed behind the end: the end is of a moment ago, or the log has lost something.
            let lag = end.0.saturating_sub(committed.0).max(0) as u64;
            sheet.add(Metric::GroupLag, &[group, self.topics.label(name)], lag);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::text;

    struct Three;

    impl Names for Three {
        fn name(&self, id: TopicId) -> Option<&str> {
            ["a", "b", "c"].get(usize::from(id.0[0])).copied()
        }

        fn id(&self, name: &str) -> Option<TopicId> {
            let n = ["a", "b", "c"].iter().position(|known| *known == name)?;
            Some(topic(n as u8))
        }
    }

    fn topic(n: u8) -> TopicId {
        let mut id = TopicId::default();
        id.0[0] = n;
        id
    }

    fn partition(n: u8, index: i32, end: i64) -> PartitionFacts {
        PartitionFacts {
            key: PartitionKey { topic: topic(n), index },
            high_watermark: Offset(end),
            log_bytes: 10,
            flow: Flow { produced_bytes: 100, produced_records: end as u64, read_bytes: 1 },
            is_offline: false,
        }
    }

    #[test]
    fn lag_is_told_by_group_and_topic_and_the_rest_is_other() {
        let partitions =
            [partition(0, 0, 10), partition(0, 1, 20), partition(1, 0, 5), partition(2, 0, 7)];
        let committed = vec![
            ("a".to_owned(), 0, Offset(4)),
            ("a".to_owned(), 1, Offset(20)),
            ("b".to_owned(), 0, Offset(9)),
            ("c".to_owned(), 0, Offset(0)),
            ("gone".to_owned(), 0, Offset(0)),
        ];
        let (protocol, state) = ("classic", "Stable");
        let group = "g".to_owned();
        let groups = [GroupFacts { group, protocol, state, members: 2, committed }];
        let mut sheet = Sheet::default();
        Overview::new(2).say(&Three, &partitions, &groups, &mut sheet);
        let text = text::write(&sheet);
        for line in [
            r#"headwater_topic_produced_records_total{topic="a"} 30"#,
            r#"headwater_topic_produced_records_total{topic="other"} 7"#,
            r#"headwater_topic_log_bytes{topic="a"} 20"#,
            r#"headwater_groups{protocol="classic",state="Stable"} 1"#,
            r#"headwater_group_members{group="g"} 2"#,
            r#"headwater_group_lag_records{group="g",topic="a"} 6"#,
            r#"headwater_group_lag_records{group="g",topic="b"} 0"#,
            r#"headwater_group_lag_records{group="g",topic="other"} 7"#,
        ] {
            assert!(text.lines().any(|found| found == line), "no {line} in\n{text}");
        }
        assert!(!text.contains("gone"), "a topic that is gone has no series");
    }
}
