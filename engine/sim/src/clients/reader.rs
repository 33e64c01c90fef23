//! A reader of outputs: of everything, or of what counts, as a consumer with `read_committed` does it. What
//! it gets and is told goes into the ledger.

use std::collections::BTreeSet;

use bytes::Bytes;
use headwater_io::clock::Nanos;
use headwater_protocol::batch::control::{End, Marker};
use headwater_protocol::batch::header;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::fetch::response::FetchPartitionResponse;

use super::{Role, Shared, Turn};
use crate::ledger::audit::Entry;
use crate::ledger::output::Marks;
use crate::ledger::{Ledger, violation};
use crate::model::Violation;
use crate::requests;

const PAUSE_NS: u64 = 6_000_000;

/// A reader of all outputs.
pub struct Reader {
    number: usize,
    committed: bool,
    pace: u64,
    positions: Vec<i64>,
    asked: Option<Nanos>,
    wake: Nanos,
    finishing: bool,
}

impl Reader {
    /// At the start of all outputs.
    pub fn new(number: usize, committed: bool, outputs: usize, pace: u64) -> Self {
        let positions = vec![0; outputs];
        Reader { number, committed, pace, positions, asked: None, wake: Nanos(0), finishing: false }
    }

    fn take(
        &mut self,
        n: usize,
        got: &FetchPartitionResponse<'_>,
        turn: &mut Turn<'_>,
    ) -> Result<(), Violation> {
        let marks = marks(got);
        let numbers = [n as i64, i64::from(got.error_code.code()), marks.stable, marks.high];
        turn.shared.trace.event(turn.now, "read", &numbers);
        match got.error_code {
            ErrorCode::None => {}
            ErrorCode::KafkaStorageError => {
                turn.shared.storage_errors += 1;
                return Ok(());
            }
            // Deleted meanwhile.
            ErrorCode::OffsetOutOfRange if marks.start > self.positions[n] => {
                self.positions[n] = marks.start;
                return Ok(());
            }
            code => {
                let facts = format!("a fetch from {} was answered {code:?}", self.positions[n]);
                return Err(violation("what was seen stays", facts));
            }
        }
        let ledger = &mut turn.shared.ledger;
        ledger.outputs[n].tell(self.number, marks)?;
        let found = entries_of(n, self.positions[n], self.committed, got, ledger)?;
        for found in &found {
            let Entry::Batch(id) = found.entry else { continue };
            let attempt = ledger.sent[id as usize].attempt;
            if self.committed {
                let who = format!("read_committed, {} at {}", ledger.outputs[n].folder(), found.at);
                ledger.settle(attempt, !found.left_out, &who)?;
            }
        }
        self.positions[n] = found.last().map_or(self.positions[n], |found| found.next);
        Ok(())
    }
}

/// What an answer says of a partition.
pub fn marks(got: &FetchPartitionResponse<'_>) -> Marks {
    Marks { start: got.log_start_offset, stable: got.last_stable_offset, high: got.high_watermark }
}

/// A batch that was fetched.
pub struct Found {
    /// Its first offset.
    pub at: i64,
    /// The offset after it.
    pub next: i64,
    /// What it is.
    pub entry: Entry,
    /// The answer says that it was aborted.
    pub left_out: bool,
}

/// The batches of a fetched output, checked one by one.
///
/// # Errors
/// When one is not what was sent, or not where it may be.
pub fn entries_of(
    n: usize,
    position: i64,
    committed: bool,
    got: &FetchPartitionResponse<'_>,
    ledger: &Ledger,
) -> Result<Vec<Found>, Violation> {
    let mut aborted = got.aborted_transactions.clone().unwrap_or_default();
    aborted.sort_by_key(|aborted| std::cmp::Reverse(aborted.first_offset));
    let mut leaving_out: BTreeSet<i64> = BTreeSet::new();
    let end = if committed { got.last_stable_offset } else { got.high_watermark };
    let (mut expected, mut all) = (position, Vec::new());
    for batch in header::batches(got.records.inline().unwrap_or_default()) {
        // A last one that was cut by a limit of the fetch.
        let Ok(batch) = batch else { break };
        let header = batch.header;
        let (at, next) = (header.base_offset, header.next_offset());
        let folder = ledger.outputs[n].folder();
        header::check(batch.bytes)
            .map_err(|error| violation("byte for byte", format!("{folder} at {at}: {error:?}")))?;
        let follows =
            if all.is_empty() { at <= expected && next > expected } else { at == expected };
        if !follows {
            let facts = format!("{folder}: {at} came where {expected} was expected");
            return Err(violation("in order", facts));
        }
        if next > end {
            let facts = format!("{folder}: up to {next} shown, committed {committed}, end {end}");
            return Err(violation("nothing above the high watermark", facts));
        }
        let id = header.producer_id;
        while let Some(one) = aborted.pop_if(|one| one.first_offset < next) {
            leaving_out.insert(one.producer_id);
        }
        let (entry, left_out) = match End::of(&header, batch.bytes) {
            Some(end) => {
                leaving_out.remove(&id);
                let counts = end.marker == Marker::Commit;
                (Entry::Marker(id, header.producer_epoch, counts), false)
            }
            None => {
                let batch = ledger.recognise(n, &header, batch.bytes)?;
                (Entry::Batch(batch), leaving_out.contains(&id))
            }
        };
        all.push(Found { at, next, entry, left_out });
        expected = next;
    }
    Ok(all)
}

impl Role for Reader {
    fn work(&mut self, turn: &mut Turn<'_>) -> Result<(), Violation> {
        if self.asked.is_some() || turn.now < self.wake {
            return Ok(());
        }
        let correlation = turn.wire.next_correlation();
        let wait_ms = turn.shared.rng.below(40) as i32;
        let outputs = turn.shared.ledger.outputs.iter().zip(&self.positions);
        let places = outputs.map(|(output, position)| (&output.topic[..], output.index, *position));
        let places: Vec<_> = places.collect();
        let bytes = requests::FETCH_BYTES;
        let request = requests::fetch_as(correlation, wait_ms, bytes, self.committed, &places);
        turn.wire.send(request, turn.io);
        self.asked = Some(turn.now);
        Ok(())
    }

    fn answer(&mut self, answer: &Bytes, turn: &mut Turn<'_>) -> Result<(), Violation> {
        self.asked = None;
        self.wake = turn.soon(PAUSE_NS * self.pace);
        let response = requests::fetched(answer).ok_or_else(|| {
            violation("answers can be read", "a fetch response cannot".to_owned())
        })?;
        for topic in &response.topics {
            for partition in &topic.partitions {
                let n = turn.shared.ledger.output(&topic.name, partition.index);
                if let Some(n) = n {
                    self.take(n, partition, turn)?;
                }
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
        self.asked
    }

    fn is_done(&self) -> bool {
        self.finishing && self.asked.is_none()
    }

    fn finish(&mut self) {
        self.finishing = true;
    }
}
