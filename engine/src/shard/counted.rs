//! What is counted of a partition, and when its commits passed their stages: for as long as it takes to tell those who
//! waited for them.

use headwater_io::clock::Nanos;

use super::letters::AppendAnswer;
use super::partition::Partition;
use crate::log::append::Appended;
use crate::log::record_set::RecordSet;
use crate::metrics::stages::{Commit, Stamps};
use crate::model::Offset;

/// Commits that have come further and of which nobody was told yet, in log order.
#[derive(Default)]
pub(super) struct CommitStages(Vec<Passed>);

struct Passed {
    /// The mark that it moved, and to where.
    durable: bool,
    end: Offset,
    begun: Nanos,
    written: Nanos,
}

impl CommitStages {
    /// An append is answered now: puts the stages of its commit on the answer.
    pub(super) fn stamp(
        &self,
        answer: AppendAnswer,
        is_journaled: bool,
        now: Nanos,
    ) -> AppendAnswer {
        let end = answer.appended.end;
        let reaching = |passed: &&Passed| passed.end >= end;
        let durable = self.0.iter().filter(|passed| passed.durable).find(reaching);
        let commit = match durable.or_else(|| self.0.iter().find(reaching)) {
            Some(&Passed { begun, written, durable, .. }) => {
                Commit::Write { begun, written, durable }
            }
            // A repetition of what was there already waits for no commit.
            None if is_journaled || answer.appended.duplicate => Commit::None,
            None => Commit::Whole,
        };
        let stamps = Stamps { commit, answered: now, ..answer.stamps };
        AppendAnswer { stamps, ..answer }
    }

    /// Everybody who waited for them was told.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Partition {
    /// A commit that carried something of this log has moved a mark.
    pub(super) fn commit_passed(&mut self, begun: Nanos, written: Nanos, durable: bool) {
        let marks = self.log.marks();
        let end = if durable { marks.durable() } else { marks.written() }.offset;
        self.stages.0.push(Passed { durable, end, begun, written });
    }

    /// Something was appended, unless it was there already.
    pub(super) fn count_append(&mut self, set: &RecordSet, appended: &Appended) {
        if !appended.duplicate {
            let records = appended.end.0 - appended.base_offset.0;
            self.flow.appended(set.bytes().len(), records);
        }
    }
}
