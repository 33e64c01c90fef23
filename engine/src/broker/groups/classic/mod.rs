//! A group of the classic protocol: the members agree, the leader assigns, the broker keeps time.
//!
//! ```text
//!            join                  all joined, or time is up          the leader's assignment is in the log
//!  Empty ───────────► PreparingRebalance ───────► CompletingRebalance ───────► Stable
//!    ▲                  │        ▲ ▲                     │                       │
//!    └── nobody left ───┘        │ └── join, leave, lost ┘                       │
//!                                └── join, leave, lost ──────────────────────────┘
//! ```
//!
//! Only what the last completed rebalance decided is in the log ([`stored`]). Members that wait, and
//! generations without an assignment, are lost with the process: clients join again.

mod join;
mod leave;
mod member;
mod offsets;
mod rebalance;
mod stored;
pub(super) mod subscription;
mod sync;

use std::collections::{BTreeMap, BTreeSet};

use headwater_protocol::error_code::ErrorCode;

use super::records::group_metadata::GroupMetadata;
use super::rpc::classic::Protocol;
use member::Member;
pub(super) use stored::Stored;

/// The protocol type of consumers, whose metadata the broker can read.
pub(super) const CONSUMER: &str = "consumer";

/// Where a group is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Empty,
    PreparingRebalance,
    CompletingRebalance,
    Stable,
}

/// Every move that is allowed.
const MOVES: &[(State, State)] = &[
    (State::Empty, State::PreparingRebalance),
    (State::Stable, State::PreparingRebalance),
    (State::CompletingRebalance, State::PreparingRebalance),
    (State::PreparingRebalance, State::CompletingRebalance),
    (State::PreparingRebalance, State::Empty),
    (State::CompletingRebalance, State::Stable),
];

impl State {
    /// Kafka's word.
    pub(super) fn name(self) -> &'static str {
        match self {
            State::Empty => "Empty",
            State::PreparingRebalance => "PreparingRebalance",
            State::CompletingRebalance => "CompletingRebalance",
            State::Stable => "Stable",
        }
    }
}

/// The time that a first rebalance still has: it waits in steps, as long as members keep coming.
#[derive(Clone, Copy, Debug)]
struct First {
    step_ms: i32,
    left_ms: i32,
    somebody_came: bool,
}

/// A classic group.
#[derive(Debug)]
pub(super) struct Classic<W> {
    pub(super) id: String,
    /// What the log says; none for a group that only commits, or that has not come so far.
    pub(super) stored: Option<GroupMetadata>,
    state: State,
    /// Wall clock; none when it is not known.
    state_since_ms: Option<i64>,
    generation: i32,
    protocol_type: Option<String>,
    protocol: Option<String>,
    leader: Option<String>,
    members: BTreeMap<String, Member<W>>,
    /// Member ids by instance id.
    statics: BTreeMap<String, String>,
    /// Ids that were given out to members that have not yet come back with them.
    promised: BTreeSet<String>,
    /// Members of this generation that have not asked for their assignment.
    unsynced: BTreeSet<String>,
    /// Set while a group that was empty prepares its first rebalance.
    first: Option<First>,
}

impl<W: Copy> Classic<W> {
    /// A group without members, and without anything in the log.
    pub(super) fn new(id: &str) -> Self {
        Classic {
            id: id.to_owned(),
            stored: None,
            state: State::Empty,
            state_since_ms: None,
            generation: 0,
            protocol_type: None,
            protocol: None,
            leader: None,
            members: BTreeMap::new(),
            statics: BTreeMap::new(),
            promised: BTreeSet::new(),
            unsynced: BTreeSet::new(),
            first: None,
        }
    }

    pub(super) fn state(&self) -> State {
        self.state
    }

    pub(super) fn generation(&self) -> i32 {
        self.generation
    }

    pub(super) fn protocol_type(&self) -> &str {
        self.protocol_type.as_deref().unwrap_or_default()
    }

    fn is_leader(&self, member: &str) -> bool {
        self.leader.as_deref() == Some(member)
    }

    /// Whether nothing would be lost if this group was forgotten.
    pub(super) fn is_bare(&self) -> bool {
        self.stored.is_none() && self.members.is_empty() && self.promised.is_empty()
    }

    /// Whether an id was given out that has not come back.
    pub(super) fn is_promised(&self) -> bool {
        !self.promised.is_empty()
    }

    fn go(&mut self, state: State, unix_ms: i64) {
        let allowed = MOVES.contains(&(self.state, state));
        assert!(allowed, "group {}: from {:?} to {state:?}", self.id, self.state);
        self.state = state;
        self.state_since_ms = Some(unix_ms);
    }

    fn is_consumer(&self) -> bool {
        self.protocol_type() == CONSUMER
    }

    /// The protocols that every member knows.
    fn common_protocols(&self) -> BTreeSet<&str> {
        let mut all = self.members.values().map(Member::protocol_names);
        let first: BTreeSet<&str> = all.next().unwrap_or_default();
        all.fold(first, |common, names| common.intersection(&names).copied().collect())
    }

    /// Whether a member with these protocols can be in the group.
    fn supports(&self, protocol_type: &str, protocols: &[Protocol]) -> bool {
        if self.state == State::Empty {
            return !protocol_type.is_empty() && !protocols.is_empty();
        }
        let common = self.common_protocols();
        self.protocol_type() == protocol_type
            && protocols.iter().any(|protocol| common.contains(protocol.name.as_str()))
    }

    /// Every member votes for the first one in its list that all know; the most votes win.
    fn select_protocol(&self) -> Option<String> {
        let common = self.common_protocols();
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for member in self.members.values() {
            *votes.entry(member.vote(&common)?).or_default() += 1;
        }
        let most = votes.values().max().copied()?;
        votes.iter().find(|(_, count)| **count == most).map(|(name, _)| (*name).to_owned())
    }

    /// Whether this is a member, and a static member under its newest id.
    fn check_member(&self, member: &str, instance: Option<&str>) -> Result<(), ErrorCode> {
        if let Some(instance) = instance {
            let known = self.statics.get(instance).ok_or(ErrorCode::UnknownMemberId)?;
            if known != member {
                return Err(ErrorCode::FencedInstanceId);
            }
        }
        self.members.contains_key(member).then_some(()).ok_or(ErrorCode::UnknownMemberId)
    }

    pub(super) fn member_count(&self) -> usize {
        self.members.len()
    }

    /// The longest time that a member wants a rebalance to wait.
    fn rebalance_timeout_ms(&self) -> i32 {
        self.members.values().map(|member| member.rebalance_timeout_ms).max().unwrap_or(0)
    }

    /// Topics that members read; none when that cannot be known.
    fn subscribed_topics(&self) -> Option<BTreeSet<String>> {
        if !self.is_consumer() {
            return None;
        }
        if self.members.is_empty() {
            return Some(BTreeSet::new());
        }
        let protocol = self.protocol.as_deref()?;
        let mut all = BTreeSet::new();
        for member in self.members.values() {
            all.extend(subscription::topics(&member.metadata(protocol)?)?);
        }
        Some(all)
    }

    /// Whether a topic's offsets are in use. Consumers whose subscription cannot be read may use any.
    pub(super) fn is_subscribed(&self, topic: &str) -> bool {
        match self.subscribed_topics() {
            Some(topics) => topics.contains(topic),
            None => self.is_consumer(),
        }
    }
}
