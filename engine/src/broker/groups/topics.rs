//! The topics as groups need them: which partitions there are to assign, and which of them a pattern means.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::matches::Matches;
use crate::model::TopicId;

/// One topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: TopicId,
    /// Partitions, counted from 0.
    pub partitions: i32,
}

/// All topics at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topics {
    by_name: BTreeMap<String, Topic>,
    names: BTreeMap<TopicId, String>,
    matches: Matches,
}

impl Topics {
    /// A topic by name.
    pub fn by_name(&self, name: &str) -> Option<&Topic> {
        self.by_name.get(name)
    }

    /// A topic by id.
    pub fn by_id(&self, id: TopicId) -> Option<&Topic> {
        self.by_name(self.names.get(&id)?)
    }

    /// All of them, by name.
    pub fn all(&self) -> impl Iterator<Item = &Topic> {
        self.by_name.values()
    }

    /// The names that a pattern matches, in order; none if it is no pattern.
    pub fn matching(&self, pattern: &str) -> Arc<[String]> {
        self.matches.of(pattern, self.by_name.keys())
    }

    /// A digest of these topics as they are, so that a change shows: FNV-1a over names, ids and partitions.
    /// Never 0, which stands for unknown.
    pub(super) fn hash<'a>(&self, names: impl Iterator<Item = &'a String>) -> i64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut add = |bytes: &[u8]| {
            for byte in bytes {
                hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
        };
        for topic in names.filter_map(|name| self.by_name(name)) {
            add(topic.name.as_bytes());
            add(&topic.id.0);
            add(&topic.partitions.to_be_bytes());
        }
        (hash | 1) as i64
    }
}

impl FromIterator<Topic> for Topics {
    fn from_iter<T: IntoIterator<Item = Topic>>(topics: T) -> Self {
        let by_name: BTreeMap<_, _> =
            topics.into_iter().map(|topic| (topic.name.clone(), topic)).collect();
        let names = by_name.values().map(|topic| (topic.id, topic.name.clone())).collect();
        Topics { by_name, names, matches: Matches::default() }
    }
}
