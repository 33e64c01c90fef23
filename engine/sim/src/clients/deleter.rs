//! Somebody who deletes the oldest records of outputs now and then.

use bytes::Bytes;
use headwater_io::clock::Nanos;
use headwater_protocol::error_code::ErrorCode;

use super::{Role, Shared, Turn};
use crate::ledger::violation;
use crate::model::Violation;
use crate::requests::groups;

const PAUSE_NS: u64 = 60_000_000;

/// See the module.
pub struct Deleter {
    pace: u64,
    /// Which output, up to where, and when it was asked.
    asked: Option<(usize, i64, Nanos)>,
    wake: Nanos,
    finishing: bool,
}

impl Deleter {
    /// One who has not begun.
    pub fn new(pace: u64) -> Self {
        Deleter { pace, asked: None, wake: Nanos(0), finishing: false }
    }
}

impl Role for Deleter {
    fn work(&mut self, turn: &mut Turn<'_>) -> Result<(), Violation> {
        if self.asked.is_some() || turn.now < self.wake || self.finishing {
            return Ok(());
        }
        let correlation = turn.wire.next_correlation();
        let n = turn.shared.rng.below(turn.shared.ledger.outputs.len() as u64) as usize;
        let output = &mut turn.shared.ledger.outputs[n];
        let upto = turn.shared.rng.below(1 + output.told.high as u64) as i64;
        output.asked_start = output.asked_start.max(upto);
        let request = groups::delete_records(correlation, &output.topic, output.index, upto);
        turn.wire.send(request, turn.io);
        self.asked = Some((n, upto, turn.now));
        Ok(())
    }

    fn answer(&mut self, answer: &Bytes, turn: &mut Turn<'_>) -> Result<(), Violation> {
        let Some((n, upto, _)) = self.asked.take() else { return Ok(()) };
        self.wake = turn.soon(PAUSE_NS * self.pace);
        let deleted = groups::records_deleted(answer);
        let output = &mut turn.shared.ledger.outputs[n];
        let facts = format!("{}: deleting up to {upto} was answered {deleted:?}", output.folder());
        turn.shared.trace.event(turn.now, &facts, &[]);
        match deleted {
            Some(Ok(start)) if start >= upto => {
                output.floor = output.floor.max(start);
                output.told.start = output.told.start.max(start);
                Ok(())
            }
            Some(Err(ErrorCode::KafkaStorageError | ErrorCode::RequestTimedOut)) => {
                turn.shared.storage_errors += 1;
                Ok(())
            }
            _ => Err(violation("a log starts where it was told to", facts)),
        }
    }

    fn broken(&mut self, _: &mut Shared) {
        self.asked = None;
    }

    fn wake(&self) -> Nanos {
        if self.asked.is_some() { Nanos(u64::MAX) } else { self.wake }
    }

    fn waiting_since(&self) -> Option<Nanos> {
        self.asked.map(|(.., at)| at)
    }

    fn is_done(&self) -> bool {
        self.finishing && self.asked.is_none()
    }

    fn finish(&mut self) {
        self.finishing = true;
    }
}
