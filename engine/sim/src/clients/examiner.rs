//! The client that reads all outputs and asks for all offsets after a start, and hands them to the ledger.

use bytes::Bytes;
use headwater_io::clock::Nanos;
use headwater_protocol::error_code::ErrorCode;

use super::reader::{self, Found};
use super::{Role, Shared, Turn, committer};
use crate::ledger::audit::Entry;
use crate::ledger::output::Marks;
use crate::ledger::violation;
use crate::model::Violation;
use crate::requests::{self, groups};

/// Its number among readers.
const READER: usize = usize::MAX;
/// A coordinator that is being loaded is asked again.
const AGAIN_NS: u64 = 3_000_000;

/// What it does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Reads what counts of an output.
    Committed(usize),
    /// Reads all of it.
    All(usize),
    /// Asks for the offsets of a processor.
    Processor(usize),
    /// Asks for those of a group without members.
    Committer(usize),
    Done,
}

/// See the module.
pub struct Examiner {
    /// Nobody has done anything for a while, and nothing may be open.
    quiet: bool,
    stage: Stage,
    position: i64,
    committed: Vec<(i64, u64)>,
    /// Up to where these were read.
    stable: i64,
    log: Vec<(i64, Entry)>,
    asked: Option<Nanos>,
    wake: Nanos,
}

impl Examiner {
    /// At the first output.
    pub fn new(quiet: bool) -> Self {
        Examiner {
            quiet,
            stage: Stage::Committed(0),
            position: 0,
            committed: Vec::new(),
            stable: 0,
            log: Vec::new(),
            asked: None,
            wake: Nanos(0),
        }
    }

    fn request(&self, correlation: i32, shared: &Shared) -> Bytes {
        let input = &shared.plan.topics[0];
        let fetch = |n: usize, committed| {
            let output = &shared.ledger.outputs[n];
            let place = (&output.topic[..], output.index, self.position);
            requests::fetch_as(correlation, 0, requests::FETCH_BYTES, committed, &[place])
        };
        match self.stage {
            Stage::Committed(n) => fetch(n, true),
            Stage::All(n) => fetch(n, false),
            Stage::Processor(n) => {
                let of = shared.plan.transactional.as_ref().expect("a plan of transactions");
                let of = &of.processors[n];
                groups::fetch_offsets(correlation, &of.id, &input.name, &of.inputs, self.quiet)
            }
            Stage::Committer(n) => {
                let all: Vec<i32> = (0..input.partitions as i32).collect();
                groups::fetch_offsets(correlation, &committer::group(n), &input.name, &all, false)
            }
            Stage::Done => unreachable!("it asks nothing any more"),
        }
    }

    fn to(&mut self, stage: Stage, shared: &Shared) {
        let ledger = &shared.ledger;
        self.position = 0;
        self.stage = match stage {
            Stage::Committed(n) if n == ledger.outputs.len() => Stage::Processor(0),
            stage => stage,
        };
        if self.stage == Stage::Processor(ledger.known.len()) {
            self.stage = Stage::Committer(0);
        }
        if self.stage == Stage::Committer(ledger.committers.len()) {
            self.stage = Stage::Done;
        }
    }

    fn heard_records(
        &mut self,
        n: usize,
        answer: &Bytes,
        turn: &mut Turn<'_>,
    ) -> Result<(), Violation> {
        let unreadable = || violation("answers can be read", "a fetch response cannot".to_owned());
        let response = requests::fetched(answer).ok_or_else(unreadable)?;
        let topic = response.topics.first().ok_or_else(unreadable)?;
        let got = topic.partitions.first().ok_or_else(unreadable)?;
        let committed = self.stage == Stage::Committed(n);
        let marks = reader::marks(got);
        match got.error_code {
            ErrorCode::None => {}
            // Deleted: it begins later.
            ErrorCode::OffsetOutOfRange if marks.start > self.position => {
                self.position = marks.start;
                if committed {
                    self.committed.clear()
                } else {
                    self.log.clear()
                }
                return Ok(());
            }
            code => {
                let folder = turn.shared.ledger.outputs[n].folder();
                let facts =
                    format!("{folder}: reading from {} was answered {code:?}", self.position);
                return Err(violation("everything can be read", facts));
            }
        }
        turn.shared.ledger.outputs[n].tell(READER, marks)?;
        let found = reader::entries_of(n, self.position, committed, got, &turn.shared.ledger)?;
        let end = if committed { marks.stable } else { marks.high };
        if found.is_empty() && self.position < end {
            let folder = turn.shared.ledger.outputs[n].folder();
            let facts = format!("{folder}: nothing at {} below {end}", self.position);
            return Err(violation("everything can be read", facts));
        }
        for Found { at, next, entry, left_out } in found {
            self.position = next;
            match entry {
                Entry::Batch(id) if committed && !left_out => self.committed.push((at, id)),
                entry if !committed => self.log.push((at, entry)),
                _ => {}
            }
        }
        if self.position < end {
            return Ok(());
        }
        match committed {
            true => {
                self.stable = marks.stable;
                self.to(Stage::All(n), turn.shared);
            }
            false => {
                self.compare(n, marks, turn)?;
                self.to(Stage::Committed(n + 1), turn.shared);
            }
        }
        Ok(())
    }

    fn compare(&mut self, n: usize, marks: Marks, turn: &mut Turn<'_>) -> Result<(), Violation> {
        if self.quiet {
            turn.shared.ledger.is_quiet(n, marks)?;
        }
        // Some may have been deleted after they were read.
        self.committed.retain(|(at, _)| *at >= marks.start);
        self.log.retain(|(at, _)| *at >= marks.start);
        let numbers = [n as i64, marks.start, self.stable, marks.high, self.log.len() as i64];
        turn.shared.trace.event(turn.now, "examined", &numbers);
        let marks = Marks { stable: self.stable, ..marks };
        turn.shared.ledger.audit(n, &self.log, &self.committed, marks)?;
        self.log.clear();
        self.committed.clear();
        Ok(())
    }

    fn heard_offsets(&mut self, answer: &Bytes, turn: &mut Turn<'_>) -> Result<(), Violation> {
        let unreadable =
            || violation("answers can be read", "an offset fetch response cannot".to_owned());
        let offsets = match groups::offsets_fetched(answer).ok_or_else(unreadable)? {
            Ok(offsets) => offsets,
            Err(
                ErrorCode::CoordinatorLoadInProgress
                | ErrorCode::CoordinatorNotAvailable
                | ErrorCode::UnstableOffsetCommit,
            ) => {
                self.wake = turn.soon(AGAIN_NS);
                return Ok(());
            }
            Err(code) => {
                let facts = format!("asking for offsets was answered {code:?}");
                return Err(violation("errors make sense", facts));
            }
        };
        let ledger = &mut turn.shared.ledger;
        for (partition, offset) in offsets {
            turn.shared.trace.event(turn.now, "offset", &[i64::from(partition), offset]);
            match self.stage {
                Stage::Processor(n) if self.quiet => {
                    ledger.stable_offset(n, partition, offset, turn.now, turn.now)?;
                    ledger.exactly_once(n, partition, offset)?;
                }
                Stage::Processor(n) => ledger.may_go_on(n, partition, offset)?,
                Stage::Committer(n) => ledger.committers[n].check(partition, offset)?,
                _ => unreachable!("offsets were asked for"),
            }
        }
        let next = match self.stage {
            Stage::Processor(n) => Stage::Processor(n + 1),
            Stage::Committer(n) => Stage::Committer(n + 1),
            stage => stage,
        };
        self.to(next, turn.shared);
        Ok(())
    }
}

impl Role for Examiner {
    fn work(&mut self, turn: &mut Turn<'_>) -> Result<(), Violation> {
        if self.asked.is_some() || turn.now < self.wake {
            return Ok(());
        }
        let correlation = turn.wire.next_correlation();
        let request = self.request(correlation, turn.shared);
        turn.wire.send(request, turn.io);
        self.asked = Some(turn.now);
        Ok(())
    }

    fn answer(&mut self, answer: &Bytes, turn: &mut Turn<'_>) -> Result<(), Violation> {
        self.asked = None;
        match self.stage {
            Stage::Committed(n) | Stage::All(n) => self.heard_records(n, answer, turn),
            _ => self.heard_offsets(answer, turn),
        }
    }

    fn broken(&mut self, _: &mut Shared) {
        self.asked = None;
    }

    fn wake(&self) -> Nanos {
        if self.asked.is_some() { Nanos(u64::MAX) } else { self.wake }
    }

    fn waiting_since(&self) -> Option<Nanos> {
        self.asked
    }

    fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }
}
