//! Which topics a pattern matches (KIP-848): found once for each pattern and picture of the topics.
//!
//! A heartbeat asks for it each time, and a pattern is looked for in the name of every topic: so what was found is
//! kept beside the topics, of which it is a part that is worked out late. A new picture of the topics begins with none.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::broker::pattern;

/// Patterns, and names that they match, that are kept; with more of either all are forgotten, and found again when
/// they are needed. A few megabytes.
const KEPT_MAX: usize = 100_000;

/// What was found so far.
#[derive(Default)]
pub(super) struct Matches(Mutex<Found>);

#[derive(Default)]
struct Found {
    by_pattern: BTreeMap<String, Arc<[String]>>,
    /// Patterns and names in all.
    kept: usize,
}

impl Matches {
    /// Those of these names that a pattern matches, in their order.
    pub(super) fn of<'a>(
        &self,
        pattern: &str,
        names: impl Iterator<Item = &'a String>,
    ) -> Arc<[String]> {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = found.by_pattern.get(pattern) {
            return Arc::clone(known);
        }
        // One that is in the records and no pattern here was written by somebody who knows others.
        let matching: Arc<[String]> = match pattern::whole(pattern) {
            Ok(regex) => names.filter(|name| regex.is_match(name)).cloned().collect(),
            Err(_) => Arc::new([]),
        };
        if found.kept + 1 + matching.len() > KEPT_MAX {
            *found = Found::default();
        }
        found.kept += 1 + matching.len();
        found.by_pattern.insert(pattern.to_owned(), Arc::clone(&matching));
        matching
    }
}

// It follows from the topics: two that are equal have equal ones.
impl PartialEq for Matches {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Matches {}

impl Clone for Matches {
    fn clone(&self) -> Self {
        Matches::default()
    }
}

impl fmt::Debug for Matches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Matches")
    }
}
