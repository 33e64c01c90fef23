//! A consumer: follows all partitions from where it is, and compares what it gets with the model.

use bytes::Bytes;
use headwater_io::clock::Nanos;
use headwater_protocol::batch::header;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::fetch::response::FetchPartitionResponse;

use super::{Role, Shared, Turn};
use crate::model::{Level, Violation};
use crate::requests;

const PAUSE_NS: u64 = 6_000_000;

/// A consumer of everything.
pub struct Consumer {
    number: usize,
    positions: Vec<i64>,
    asked: Option<Nanos>,
    wake: Nanos,
    finishing: bool,
}

impl Consumer {
    /// At the start of all partitions.
    pub fn new(number: usize, partitions: usize) -> Self {
        Consumer {
            number,
            positions: vec![0; partitions],
            asked: None,
            wake: Nanos(0),
            finishing: false,
        }
    }
}

impl Role for Consumer {
    fn work(&mut self, turn: &mut Turn<'_>) -> Result<(), Violation> {
        if self.asked.is_some() || turn.now < self.wake {
            return Ok(());
        }
        let correlation = turn.wire.next_correlation();
        let wait_ms = turn.shared.rng.below(40) as i32;
        let followed = self.positions.iter().enumerate();
        let followed = followed.filter(|(n, _)| !turn.shared.model.partitions[*n].given_up);
        let partitions: Vec<(&str, i32, i64)> = followed
            .map(|(n, offset)| {
                let (topic, index) = turn.shared.name(n);
                (topic, index, *offset)
            })
            .collect();
        if partitions.is_empty() {
            self.finishing = true;
            return Ok(());
        }
        let request = requests::fetch(correlation, wait_ms, requests::FETCH_BYTES, &partitions);
        turn.wire.send(request, turn.io);
        self.asked = Some(turn.now);
        Ok(())
    }

    fn answer(&mut self, answer: &Bytes, turn: &mut Turn<'_>) -> Result<(), Violation> {
        self.asked = None;
        self.wake = turn.soon(PAUSE_NS);
        let response = requests::fetched(answer).ok_or_else(|| Violation {
            checker: "answers can be read",
            facts: "a fetch response cannot".to_owned(),
        })?;
        for topic in &response.topics {
            for partition in &topic.partitions {
                let Some(n) = turn.shared.partition(&topic.name, partition.index) else { continue };
                self.positions[n] = self.take(n, partition, turn)?;
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

impl Consumer {
    /// Compares what came of one partition; the new position.
    fn take(
        &self,
        n: usize,
        got: &FetchPartitionResponse<'_>,
        turn: &mut Turn<'_>,
    ) -> Result<i64, Violation> {
        let position = self.positions[n];
        let Turn { shared, now, .. } = turn;
        let code = got.error_code;
        shared.trace.event(
            *now,
            "fetched",
            &[n as i64, i64::from(code.code()), got.high_watermark],
        );
        match code {
            ErrorCode::None => {}
            ErrorCode::KafkaStorageError => {
                shared.storage_errors += 1;
                return Ok(position);
            }
            // What was only written may be gone after a cut; the consumer goes back.
            ErrorCode::OffsetOutOfRange
                if shared.model.partitions[n].durability < Level::Durable =>
            {
                return Ok(got.high_watermark.clamp(0, position));
            }
            code => {
                let facts = format!("a fetch from {position} was answered {code:?}");
                shared.model.violated(n, "what was seen stays", facts)?;
                return Ok(position);
            }
        }
        shared.model.high_watermark(self.number, n, got.high_watermark)?;
        let found = batches_of(n, position, got, shared)?;
        let mut position = position;
        for (offset, next, id) in found {
            shared.model.saw(n, offset, id)?;
            position = next;
        }
        Ok(position)
    }
}

/// The batches of a fetched partition: base offset, next offset and name; checked one by one.
pub fn batches_of(
    n: usize,
    position: i64,
    got: &FetchPartitionResponse<'_>,
    shared: &mut Shared,
) -> Result<Vec<(i64, i64, u64)>, Violation> {
    let (mut expected, mut found) = (position, Vec::new());
    for batch in header::batches(got.records.inline().unwrap_or_default()) {
        // A last one that was cut by a limit of the fetch.
        let Ok(batch) = batch else { break };
        let (base, next) = (batch.header.base_offset, batch.header.next_offset());
        if let Err(error) = header::check(batch.bytes) {
            shared.model.violated(n, "byte for byte", format!("offset {base}: {error:?}"))?;
            return Ok(found);
        }
        let continues =
            if found.is_empty() { base <= expected && next > expected } else { base == expected };
        if !continues {
            let facts = format!("offset {base} came where {expected} was expected");
            shared.model.violated(n, "in order", facts)?;
            return Ok(found);
        }
        if next > got.high_watermark {
            let facts = format!("up to {next} shown, high watermark {}", got.high_watermark);
            shared.model.violated(n, "nothing above the high watermark", facts)?;
        }
        match shared.model.recognise(n, &batch.header, batch.bytes) {
            Ok(id) => found.push((base, next, id)),
            Err(Violation { checker, facts }) => {
                shared.model.violated(n, checker, facts)?;
                return Ok(found);
            }
        }
        expected = next;
    }
    Ok(found)
}
