//! The client that looks for every acknowledged record of damaged partitions, one by one: each is there,
//! or refused, or the model says what is wrong.

use bytes::Bytes;
use headwater_io::clock::Nanos;
use headwater_protocol::batch::header::{self, Batch};
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::fetch::response::FetchPartitionResponse;

use super::{Role, Shared, Turn};
use crate::model::{Fate, Violation};
use crate::plan::End;
use crate::requests;

/// A batch is sent whole, however little is asked for.
const FETCH_BYTES: i32 = 1;

/// Looks into one damaged partition after the other.
pub struct Assessor {
    /// How the life before ended.
    how: Option<End>,
    /// The scrubber has been round.
    scrubbed: bool,
    /// Damaged partitions that are left, the present one last.
    left: Vec<usize>,
    /// What is left to look for in the present one.
    wanted: Option<Vec<(i64, u64)>>,
    fates: Vec<(i64, u64, Fate)>,
    asked: Option<Nanos>,
}

impl Assessor {
    /// Of all partitions that are damaged.
    pub fn new(shared: &Shared, how: Option<End>, scrubbed: bool) -> Self {
        let partitions = shared.model.partitions.iter().enumerate();
        let left = partitions.filter(|(_, partition)| partition.given_up).map(|(n, _)| n);
        let (wanted, fates) = (None, Vec::new());
        Assessor { how, scrubbed, left: left.collect(), wanted, fates, asked: None }
    }

    /// What to look for next: partition, offset, batch.
    fn next(&mut self, shared: &mut Shared) -> Result<Option<(usize, i64, u64)>, Violation> {
        while let Some(&partition) = self.left.last() {
            let wanted = self.wanted.get_or_insert_with(|| shared.model.acknowledged_in(partition));
            if let Some(&(offset, id)) = wanted.last() {
                return Ok(Some((partition, offset, id)));
            }
            let fates = std::mem::take(&mut self.fates);
            shared.model.assess(partition, &fates, self.how, self.scrubbed)?;
            self.wanted = None;
            self.left.pop();
        }
        Ok(None)
    }
}

impl Role for Assessor {
    fn work(&mut self, turn: &mut Turn<'_>) -> Result<(), Violation> {
        if self.asked.is_some() {
            return Ok(());
        }
        let Some((partition, offset, _)) = self.next(turn.shared)? else { return Ok(()) };
        let correlation = turn.wire.next_correlation();
        let (topic, index) = turn.shared.name(partition);
        let request = requests::fetch(correlation, 0, FETCH_BYTES, &[(topic, index, offset)]);
        turn.wire.send(request, turn.io);
        self.asked = Some(turn.now);
        Ok(())
    }

    fn answer(&mut self, answer: &Bytes, turn: &mut Turn<'_>) -> Result<(), Violation> {
        self.asked = None;
        let Some((partition, offset, id)) = self.next(turn.shared)? else { return Ok(()) };
        let unreadable = || Violation {
            checker: "answers can be read",
            facts: "a fetch response cannot".to_owned(),
        };
        let response = requests::fetched(answer).ok_or_else(unreadable)?;
        let topic = response.topics.first().ok_or_else(unreadable)?;
        let got = topic.partitions.first().ok_or_else(unreadable)?;
        let fate = fate(partition, offset, id, got, turn.shared);
        let numbers = [partition as i64, offset, id as i64, fate as i64];
        turn.shared.trace.event(turn.now, "assessed", &numbers);
        self.fates.push((offset, id, fate));
        self.wanted.as_mut().expect("it was asked for").pop();
        self.next(turn.shared).map(|_| ())
    }

    fn broken(&mut self, _: &mut Shared) {
        self.asked = None;
    }

    fn wake(&self) -> Nanos {
        Nanos(if self.asked.is_some() { u64::MAX } else { 0 })
    }

    fn waiting_since(&self) -> Option<Nanos> {
        self.asked
    }

    fn is_done(&self) -> bool {
        self.left.is_empty()
    }
}

fn fate(
    partition: usize,
    offset: i64,
    id: u64,
    got: &FetchPartitionResponse<'_>,
    shared: &Shared,
) -> Fate {
    match got.error_code {
        ErrorCode::None if offset >= got.high_watermark => return Fate::Missing,
        ErrorCode::None => {}
        ErrorCode::OffsetOutOfRange => return Fate::Missing,
        _ => return Fate::Refused,
    }
    let first = header::batches(got.records.inline().unwrap_or_default()).next();
    let Some(Ok(Batch { header, bytes })) = first else { return Fate::Broken };
    if header::check(bytes).is_err() {
        return Fate::Broken;
    }
    match shared.model.recognise(partition, &header, bytes) {
        Ok(found) if found == id && header.base_offset == offset => Fate::There,
        // No checksum covers where a batch says it is.
        Ok(found) if found == id => Fate::Broken,
        Ok(_) if header.next_offset() <= offset => Fate::Broken,
        _ => Fate::Replaced,
    }
}
