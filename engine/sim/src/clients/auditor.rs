//! The client that reads everything after a start and hands it to the model.

use bytes::Bytes;
use headwater_io::clock::Nanos;
use headwater_protocol::error_code::ErrorCode;

use super::consumer::batches_of;
use super::{Role, Shared, Turn};
use crate::model::Violation;
use crate::plan::End;
use crate::requests;

/// Reads one partition after the other from its start to its end.
pub struct Auditor {
    /// How the life before ended.
    how: Option<End>,
    partition: usize,
    position: i64,
    log: Vec<(i64, u64)>,
    asked: Option<Nanos>,
    partitions: usize,
}

impl Auditor {
    /// At the start of the first partition.
    pub fn new(partitions: usize, how: Option<End>) -> Self {
        Auditor { how, partition: 0, position: 0, log: Vec::new(), asked: None, partitions }
    }

    fn next(&mut self) {
        self.partition += 1;
        self.position = 0;
        self.log.clear();
    }
}

impl Role for Auditor {
    fn work(&mut self, turn: &mut Turn<'_>) -> Result<(), Violation> {
        while !self.is_done() && turn.shared.model.partitions[self.partition].given_up {
            self.next();
        }
        if self.is_done() || self.asked.is_some() {
            return Ok(());
        }
        let correlation = turn.wire.next_correlation();
        let (topic, index) = turn.shared.name(self.partition);
        let request = requests::fetch(
            correlation,
            0,
            requests::FETCH_BYTES,
            &[(topic, index, self.position)],
        );
        turn.wire.send(request, turn.io);
        self.asked = Some(turn.now);
        Ok(())
    }

    fn answer(&mut self, answer: &Bytes, turn: &mut Turn<'_>) -> Result<(), Violation> {
        self.asked = None;
        let n = self.partition;
        let unreadable = || Violation {
            checker: "answers can be read",
            facts: "a fetch response cannot".to_owned(),
        };
        let response = requests::fetched(answer).ok_or_else(unreadable)?;
        let topic = response.topics.first().ok_or_else(unreadable)?;
        let got = topic.partitions.first().ok_or_else(unreadable)?;
        match got.error_code {
            ErrorCode::None => {}
            ErrorCode::KafkaStorageError => {
                turn.shared.model.quarantined(n)?;
                self.next();
                return Ok(());
            }
            code => {
                let facts = format!("reading from {} was answered {code:?}", self.position);
                turn.shared.model.violated(n, "everything can be read", facts)?;
                self.next();
                return Ok(());
            }
        }
        let found = batches_of(n, self.position, got, turn.shared)?;
        if found.is_empty() && self.position < got.high_watermark {
            let facts = format!("nothing at {} below {}", self.position, got.high_watermark);
            turn.shared.model.violated(n, "everything can be read", facts)?;
        }
        for (offset, next, id) in found {
            self.log.push((offset, id));
            self.position = next;
        }
        if turn.shared.model.partitions[n].given_up {
            self.next();
        } else if self.position >= got.high_watermark {
            let numbers = [n as i64, self.position, self.log.len() as i64];
            turn.shared.trace.event(turn.now, "audited", &numbers);
            turn.shared.model.audit(n, &self.log, got.high_watermark, self.how)?;
            self.next();
        }
        Ok(())
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
        self.partition >= self.partitions
    }
}
