//! What one call leads to: answers, and records to append.

use std::time::Duration;

use bytes::Bytes;
use headwater_io::clock::Nanos;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::wire::uuid::Uuid;

use super::records::Entry;
use super::rpc::Answer;
use super::rpc::classic::{JoinGroup, Protocol};
use super::settings::Settings;
use super::timers::{Timer, Timers};

/// When something happens, and the chance that it may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The monotonic clock.
    pub now: Nanos,
    /// The wall clock.
    pub unix_ms: i64,
    /// A random id that was not handed in before: the next member's, if there is a new one.
    pub fresh_id: Uuid,
}

/// What one call leads to. `W` says who waits for an answer; a waiter that has gone may be answered, too.
#[derive(Debug)]
#[must_use = "answers and records get lost"]
pub struct Turn<W> {
    /// May go out when everything appended so far, including `write`, is durable.
    pub answers: Vec<(W, Answer)>,
    /// To be appended at once as one batch, and then `Groups::appended` or `Groups::refused`, before anything
    /// else is handled.
    pub write: Option<Write<W>>,
}

/// Records of one batch, and what follows when they are in the log.
#[derive(Debug)]
pub struct Write<W> {
    pub(super) entries: Vec<Entry>,
    pub(super) then: Vec<Then<W>>,
    /// Set when the batch belongs to a transaction.
    pub producer: Option<Producer>,
}

/// The producer of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Producer {
    /// Its id.
    pub id: i64,
    /// Its epoch.
    pub epoch: i16,
}

/// What follows a write.
#[derive(Clone, Debug)]
pub(super) enum Then<W> {
    /// This is the answer; with the error of the write when it failed.
    Answer(W, Answer),
    /// The leader's assignment holds.
    Assigned { group: String, generation: i32, assignments: Vec<(String, Bytes)> },
    /// A static member came back under a new id.
    Returned { group: String, waiter: W, before: Box<Before> },
    /// An empty consumer group made room for the classic group that somebody joins.
    Join(Box<JoinGroup>, W),
    /// A consumer group has become a classic one, and its members must join again.
    Downgraded { group: String, rebalance: bool },
    /// A member of a consumer group was heard: its timers start.
    Heard { group: String, member: String },
}

/// A static member as it was before it came back.
#[derive(Clone, Debug)]
pub(super) struct Before {
    pub(super) old_id: String,
    pub(super) new_id: String,
    pub(super) leader: Option<String>,
    pub(super) protocols: Vec<Protocol>,
    pub(super) rebalance_timeout_ms: i32,
    pub(super) session_timeout_ms: i32,
    pub(super) skips_assignment: bool,
}

impl<W> Write<W> {
    /// Key and value of each record; without a value it is a tombstone.
    pub fn records(&self) -> impl Iterator<Item = (Bytes, Option<Bytes>)> + '_ {
        self.entries.iter().map(Entry::encode)
    }

    /// How many records.
    pub fn count(&self) -> usize {
        self.entries.len()
    }
}

/// A turn in the making.
pub(super) struct Step<'a, W> {
    pub(super) at: Moment,
    pub(super) settings: &'a Settings,
    pub(super) timers: &'a mut Timers,
    pub(super) answers: Vec<(W, Answer)>,
    pub(super) entries: Vec<Entry>,
    pub(super) then: Vec<Then<W>>,
    pub(super) producer: Option<Producer>,
}

impl<'a, W> Step<'a, W> {
    pub(super) fn new(settings: &'a Settings, timers: &'a mut Timers, at: Moment) -> Self {
        let (answers, entries, then) = (Vec::new(), Vec::new(), Vec::new());
        Step { at, settings, timers, answers, entries, then, producer: None }
    }

    pub(super) fn answer(&mut self, waiter: W, answer: Answer) {
        self.answers.push((waiter, answer));
    }

    /// Answers when the records are in the log; at once when there are none.
    pub(super) fn answer_after(&mut self, waiter: W, answer: Answer) {
        if self.entries.is_empty() {
            self.answer(waiter, answer);
        } else {
            self.then.push(Then::Answer(waiter, answer));
        }
    }

    pub(super) fn set(&mut self, timer: Timer, after_ms: i32) {
        self.timers.set(timer, self.after(after_ms));
    }

    /// The time so many milliseconds from now; a negative number is none.
    pub(super) fn after(&self, ms: i32) -> Nanos {
        self.at.now.after(Duration::from_millis(u64::try_from(ms).unwrap_or(0)))
    }

    pub(super) fn finish(self) -> Turn<W> {
        let Step { answers, entries, then, producer, .. } = self;
        assert!(!entries.is_empty() || then.is_empty(), "nothing is written, nothing follows");
        let write = (!entries.is_empty()).then_some(Write { entries, then, producer });
        Turn { answers, write }
    }
}

/// What a member hears when a write failed: what it can act on.
pub(super) fn as_coordinator(code: ErrorCode) -> ErrorCode {
    use ErrorCode::*;
    match code {
        UnknownTopicOrPartition
        | NotEnoughReplicas
        | NotEnoughReplicasAfterAppend
        | RequestTimedOut => CoordinatorNotAvailable,
        NotLeaderOrFollower | KafkaStorageError => NotCoordinator,
        MessageTooLarge | RecordListTooLarge | InvalidFetchSize => UnknownServerError,
        other => other,
    }
}

/// The same for offsets, whose records are as large as the client wants.
pub(super) fn as_commit(code: ErrorCode) -> ErrorCode {
    use ErrorCode::*;
    match code {
        MessageTooLarge | RecordListTooLarge | InvalidFetchSize => InvalidCommitOffsetSize,
        other => as_coordinator(other),
    }
}
