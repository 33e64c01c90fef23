//! Who shall have which partition: pure functions from members and topics to a target assignment.
//!
//! Every partition of a topic that somebody subscribes to goes to exactly one of its subscribers. The same
//! input gives the same output, and members that come and go move as little as the assignor can help.

mod range;
mod uniform;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::records::assignment::Partitions;
use super::settings::Assignor;
use crate::model::TopicId;

/// A member as assignors see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) id: String,
    /// Set for a static member.
    pub(super) instance: Option<String>,
    /// The topics that it reads, as far as they exist.
    pub(super) topics: BTreeSet<TopicId>,
    /// What it was to have so far.
    pub(super) had: Partitions,
}

/// Partitions of each topic.
pub(super) type Sizes = BTreeMap<TopicId, i32>;

impl Assignor {
    /// What each member shall have, in the members' order.
    pub(super) fn assign(self, members: &[Candidate], sizes: &Sizes) -> Vec<Partitions> {
        match self {
            Assignor::Uniform => uniform::assign(members, sizes),
            Assignor::Range => range::assign(members, sizes),
        }
    }
}
