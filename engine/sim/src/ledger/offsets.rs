//! Where groups go on: those of processors with their transactions, the others with what was acknowledged.

use headwater_io::clock::Nanos;

use super::{Attempt, Ledger, violation};
use crate::model::Violation;

/// A commit of a group without members, for one partition.
#[derive(Clone, Copy, Debug)]
pub struct Commit {
    /// Partition of the input.
    pub partition: i32,
    /// Where to go on; no two commits say the same.
    pub offset: i64,
    /// When it was sent.
    pub sent: Nanos,
    /// When it was answered, or could not take effect any more.
    pub over: Option<Nanos>,
    /// It was acknowledged.
    pub acknowledged: bool,
}

/// What a group without members has committed.
#[derive(Debug, Default)]
pub struct Committer {
    /// In the order of sending.
    pub commits: Vec<Commit>,
}

impl Committer {
    /// A life of the broker has ended: what it did not hear by now it will not hear.
    pub fn broker_gone(&mut self, now: Nanos) {
        for commit in &mut self.commits {
            commit.over.get_or_insert(now);
        }
    }

    /// Whether the group may go on here.
    ///
    /// # Errors
    /// When a later commit was acknowledged, or nobody said so.
    pub fn check(&self, partition: i32, offset: i64) -> Result<(), Violation> {
        let of = || self.commits.iter().filter(move |commit| commit.partition == partition);
        let checker = "committed offsets are kept";
        let mut acknowledged = of().filter(|commit| commit.acknowledged);
        if offset < 0 {
            return match acknowledged.next() {
                None => Ok(()),
                Some(first) => Err(violation(checker, format!("{first:?} is gone"))),
            };
        }
        let Some(found) = of().find(|commit| commit.offset == offset) else {
            let facts = format!("offset {offset} of partition {partition} was never committed");
            return Err(violation(checker, facts));
        };
        let newer = acknowledged.find(|one| found.over.is_some_and(|over| one.sent > over));
        match newer {
            None => Ok(()),
            Some(newer) => {
                Err(violation(checker, format!("{newer:?} is gone, {found:?} is there")))
            }
        }
    }
}

impl Ledger {
    /// A processor's group goes on here when nothing is open; asked for at `asked`.
    ///
    /// # Errors
    /// When that is not the end of a transaction that may count, or not of the last one that does.
    pub fn stable_offset(
        &mut self,
        processor: usize,
        partition: i32,
        offset: i64,
        asked: Nanos,
        now: Nanos,
    ) -> Result<(), Violation> {
        self.may_go_on(processor, partition, offset)?;
        let ends = self.of(processor).filter_map(|attempt| {
            let is_over = attempt.answered.is_some_and(|at| at < asked);
            let counts = attempt.fate() == Some(true) && is_over;
            ends_at(attempt, partition).filter(|_| counts)
        });
        let least = ends.max().unwrap_or(-1);
        let (before, told) =
            *self.known[processor].stable.get(&partition).unwrap_or(&(-1, Nanos(0)));
        if offset < least || (asked > told && offset < before) {
            let facts = format!(
                "processor {processor} goes on at {offset} in partition {partition}: {least} is committed, \
                 and {before} was the last answer"
            );
            return Err(violation("offsets move with their records", facts));
        }
        if offset > before {
            self.known[processor].stable.insert(partition, (offset, now));
        }
        Ok(())
    }

    /// A processor's group goes on here, whatever is open.
    ///
    /// # Errors
    /// When that is not the end of a transaction that may count.
    pub fn may_go_on(
        &self,
        processor: usize,
        partition: i32,
        offset: i64,
    ) -> Result<(), Violation> {
        let may_be = |attempt: &Attempt| {
            let committed = attempt.commit_sent.is_some() && attempt.fate() != Some(false);
            committed && ends_at(attempt, partition) == Some(offset)
        };
        if offset < 0 || self.of(processor).any(may_be) {
            return Ok(());
        }
        let facts = format!(
            "processor {processor} goes on at {offset} in partition {partition}: no transaction that counts \
             ends there"
        );
        Err(violation("offsets move with their records", facts))
    }

    /// Nothing is open any more, and the group goes on here: everything before was processed exactly once.
    ///
    /// # Errors
    /// When it was not.
    pub fn exactly_once(
        &self,
        processor: usize,
        partition: i32,
        offset: i64,
    ) -> Result<(), Violation> {
        let range = |attempt: &Attempt| {
            attempt
                .ranges
                .iter()
                .find(|(of, ..)| *of == partition)
                .map(|(_, from, to)| (*from, *to))
        };
        let counts = self.of(processor).filter(|attempt| attempt.fate() == Some(true));
        let mut ranges: Vec<(i64, i64)> = counts.filter_map(range).collect();
        ranges.sort_unstable();
        let in_doubt: Vec<(i64, i64)> = self
            .of(processor)
            .filter(|attempt| self.is_forgotten(attempt))
            .filter_map(range)
            .collect();
        let mut at = 0;
        let end = (offset.max(0), i64::MAX);
        for (from, to) in ranges.iter().copied().chain([end]) {
            while at < from {
                let Some((_, next)) = in_doubt.iter().find(|(first, _)| *first == at) else {
                    break;
                };
                at = *next;
            }
            if at != from {
                let facts = format!(
                    "processor {processor}, partition {partition}, group at {offset}: input from {at} to {from} \
                     was processed {}; these count: {ranges:?}",
                    if at < from { "by nobody" } else { "twice" }
                );
                return Err(violation("exactly once", facts));
            }
            at = to;
        }
        Ok(())
    }

    /// Nobody can tell any more whether it counts: its records are deleted.
    fn is_forgotten(&self, attempt: &Attempt) -> bool {
        let deleted = |id: &u64| {
            let sent = &self.sent[*id as usize];
            let start = self.outputs[sent.partition].told.start;
            sent.acknowledged.is_some_and(|offset| offset < start)
        };
        attempt.fate().is_none()
            && attempt.commit_sent.is_some()
            && attempt.batches.iter().all(deleted)
    }

    fn of(&self, processor: usize) -> impl Iterator<Item = &Attempt> {
        self.attempts.iter().filter(move |attempt| attempt.processor == processor)
    }
}

fn ends_at(attempt: &Attempt, partition: i32) -> Option<i64> {
    attempt.ranges.iter().find(|(of, ..)| *of == partition).map(|(_, _, to)| *to)
}
