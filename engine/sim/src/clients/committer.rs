//! A group without members: commits offsets of the input now and then, each a new number.

use bytes::Bytes;
use headwater_io::clock::Nanos;
use headwater_protocol::error_code::ErrorCode;

use super::{Role, Shared, Turn};
use crate::ledger::offsets::Commit;
use crate::ledger::violation;
use crate::model::Violation;
use crate::requests::groups;

const PAUSE_NS: u64 = 8_000_000;

/// See the module.
pub struct Committer {
    number: usize,
    pace: u64,
    /// The commit that it waits for, by place, and when it was sent.
    asked: Option<(usize, Nanos)>,
    wake: Nanos,
    finishing: bool,
}

/// The name of a committer's group.
pub fn group(number: usize) -> String {
    format!("g{number}")
}

impl Committer {
    /// The one of that number.
    pub fn new(number: usize, pace: u64) -> Self {
        Committer { number, pace, asked: None, wake: Nanos(0), finishing: false }
    }
}

impl Role for Committer {
    fn work(&mut self, turn: &mut Turn<'_>) -> Result<(), Violation> {
        if self.asked.is_some() || turn.now < self.wake || self.finishing {
            return Ok(());
        }
        let correlation = turn.wire.next_correlation();
        let input = &turn.shared.plan.topics[0];
        let partition = turn.shared.rng.below(input.partitions as u64) as i32;
        let commits = &mut turn.shared.ledger.committers[self.number].commits;
        let (place, offset) = (commits.len(), commits.len() as i64 + 1);
        let sent = turn.now;
        commits.push(Commit { partition, offset, sent, over: None, acknowledged: false });
        let group = group(self.number);
        let request = groups::commit_offset(correlation, &group, &input.name, partition, offset);
        turn.wire.send(request, turn.io);
        self.asked = Some((place, turn.now));
        Ok(())
    }

    fn answer(&mut self, answer: &Bytes, turn: &mut Turn<'_>) -> Result<(), Violation> {
        let Some((place, _)) = self.asked.take() else { return Ok(()) };
        self.wake = turn.soon(PAUSE_NS * self.pace);
        let code = groups::offset_committed(answer);
        let numbers =
            [self.number as i64, place as i64, code.map_or(-1, |code| code.code()).into()];
        turn.shared.trace.event(turn.now, "offset committed", &numbers);
        let commit = &mut turn.shared.ledger.committers[self.number].commits[place];
        match code {
            Some(ErrorCode::None) => {
                commit.acknowledged = true;
                commit.over = Some(turn.now);
            }
            // Refused or not: a coordinator whose log has failed does not know what is in it.
            Some(
                ErrorCode::CoordinatorLoadInProgress
                | ErrorCode::CoordinatorNotAvailable
                | ErrorCode::NotCoordinator
                | ErrorCode::KafkaStorageError
                | ErrorCode::RequestTimedOut,
            ) => turn.shared.storage_errors += 1,
            code => {
                let facts = format!("a commit was answered {code:?}");
                return Err(violation("errors make sense", facts));
            }
        }
        Ok(())
    }

    fn broken(&mut self, _: &mut Shared) {
        self.asked = None;
    }

    fn wake(&self) -> Nanos {
        if self.asked.is_some() { Nanos(u64::MAX) } else { self.wake }
    }

    fn waiting_since(&self) -> Option<Nanos> {
        self.asked.map(|(_, at)| at)
    }

    fn is_done(&self) -> bool {
        self.finishing && self.asked.is_none()
    }

    fn finish(&mut self) {
        self.finishing = true;
    }
}
