//! What is known of transactions outside the broker: what each attempt sent, what came of it, and where
//! groups go on. Every part of an attempt must have the same fate, whoever tells it.
//!
//! `output` keeps what was told of a partition, `audit` compares whole logs, `offsets` groups.

pub mod audit;
pub mod offsets;
pub mod output;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use bytes::Bytes;
use headwater_io::clock::Nanos;
use headwater_protocol::batch::header::{self, BatchHeader};

use crate::model::Violation;
use crate::plan::Plan;
use offsets::Committer;
use output::Output;

/// Timestamps of batches name them: this one and those after it.
const FIRST_TIMESTAMP_MS: i64 = 1_700_000_000_000;

/// Something that must not be.
pub fn violation(checker: &'static str, facts: String) -> Violation {
    Violation { checker, facts }
}

/// One try of a processor to process some input, in one transaction.
#[derive(Debug)]
pub struct Attempt {
    /// Which processor.
    pub processor: usize,
    /// Its producer id and epoch.
    pub producer: (i64, i16),
    /// When its first request was sent.
    pub begun: Nanos,
    /// What it takes from the input: partition, first offset, the offset after the last.
    pub ranges: Vec<(i32, i64, i64)>,
    /// What it writes.
    pub batches: Vec<u64>,
    /// When its commit was sent first.
    pub commit_sent: Option<Nanos>,
    /// When its end was acknowledged.
    pub answered: Option<Nanos>,
    /// Whether it counts, and who said so first.
    fate: Option<(bool, String)>,
    /// Another instance had taken over by then.
    fenced: Option<Nanos>,
}

impl Attempt {
    /// One that has only been begun.
    pub fn new(
        processor: usize,
        producer: (i64, i16),
        begun: Nanos,
        ranges: Vec<(i32, i64, i64)>,
    ) -> Self {
        Attempt {
            processor,
            producer,
            begun,
            ranges,
            batches: Vec::new(),
            commit_sent: None,
            answered: None,
            fate: None,
            fenced: None,
        }
    }

    /// Whether it counts, as far as anybody has said.
    pub fn fate(&self) -> Option<bool> {
        self.fate.as_ref().map(|(counts, _)| *counts)
    }
}

/// A batch of an attempt.
#[derive(Debug)]
pub struct Sent {
    /// Whose.
    pub attempt: usize,
    /// Which partition of the outputs.
    pub partition: usize,
    /// As it is sent.
    pub bytes: Bytes,
    /// Its first sequence number.
    pub sequence: i32,
    /// When it was sent first.
    pub first_sent: Option<Nanos>,
    /// Where it was acknowledged.
    pub acknowledged: Option<i64>,
}

/// What is known of a transactional id.
#[derive(Debug, Default)]
pub struct Known {
    /// InitProducerIds that were sent.
    pub inits: u64,
    /// How many of them are on their way.
    pub inits_flying: u64,
    /// One of them was not answered in this life of the broker: it may still be served.
    pub loose_init: Option<u64>,
    /// The newest instance: its producer id and epoch, and when it was told.
    newest: Option<(i64, i16, Nanos)>,
    /// Where its group was said to go on, nothing being open, by partition of the input.
    stable: BTreeMap<i32, (i64, Nanos)>,
}

/// All of it.
pub struct Ledger {
    /// By number.
    pub attempts: Vec<Attempt>,
    /// By name.
    pub sent: Vec<Sent>,
    /// Partitions of outputs, in the plan's order.
    pub outputs: Vec<Output>,
    /// Transactional ids, in the plan's order.
    pub known: Vec<Known>,
    /// Groups without members.
    pub committers: Vec<Committer>,
    /// Which life of the broker this is.
    pub life: u64,
}

impl Ledger {
    /// Nothing done yet.
    pub fn new(plan: &Plan) -> Self {
        let transactional = plan.transactional.as_ref();
        let outputs = transactional.into_iter().flat_map(|of| {
            of.partitions().map(|(n, index)| Output::new(&of.outputs[n], index as i32))
        });
        let processors = transactional.map_or(0, |of| of.processors.len());
        let committers = transactional.map_or(0, |of| of.committers);
        Ledger {
            attempts: Vec::new(),
            sent: Vec::new(),
            outputs: outputs.collect(),
            known: (0..processors).map(|_| Known::default()).collect(),
            committers: (0..committers).map(|_| Committer::default()).collect(),
            life: 0,
        }
    }

    /// A life of the broker has ended.
    pub fn broker_gone(&mut self, now: Nanos) {
        self.life += 1;
        self.outputs.iter_mut().for_each(Output::broker_gone);
        self.committers.iter_mut().for_each(|committer| committer.broker_gone(now));
    }

    /// Transactions that count, as far as anybody knows.
    pub fn committed(&self) -> usize {
        self.attempts.iter().filter(|attempt| attempt.fate() == Some(true)).count()
    }

    /// Partitions of which records were deleted: by clients, and because there were too many.
    pub fn shortened(&self) -> [u64; 2] {
        let count = |is: fn(&Output) -> bool| self.outputs.iter().filter(|one| is(one)).count();
        let by_clients = count(|output| output.floor > 0);
        let by_size = count(|output| output.told.start > output.asked_start);
        [by_clients as u64, by_size as u64]
    }

    /// The timestamp that names the next batch.
    pub fn next_timestamp_ms(&self) -> i64 {
        FIRST_TIMESTAMP_MS + self.sent.len() as i64
    }

    /// The partition of that name.
    pub fn output(&self, topic: &str, index: i32) -> Option<usize> {
        self.outputs.iter().position(|output| output.topic == topic && output.index == index)
    }

    /// An instance was told that it is the newest one: all before it can do nothing from now on.
    ///
    /// # Errors
    /// When a newer one was told so before it even asked.
    pub fn took_over(
        &mut self,
        processor: usize,
        (id, epoch): (i64, i16),
        asked: Nanos,
        now: Nanos,
    ) -> Result<(), Violation> {
        let known = &mut self.known[processor];
        if let Some((newest_id, newest, at)) = known.newest {
            if id == newest_id && epoch <= newest && asked > at {
                let facts = format!("processor {processor}: epoch {epoch} after epoch {newest}");
                return Err(violation("fencing", facts));
            }
            if id == newest_id && epoch < newest {
                return Ok(());
            }
        }
        known.newest = Some((id, epoch, now));
        for attempt in self.attempts.iter_mut().filter(|attempt| attempt.processor == processor) {
            let is_older = attempt.producer.0 != id || attempt.producer.1 < epoch;
            if is_older && attempt.fenced.is_none() {
                attempt.fenced = Some(now);
            }
        }
        Ok(())
    }

    /// A request of an attempt that was sent at `sent` has succeeded.
    ///
    /// # Errors
    /// When it had been fenced by then.
    pub fn succeeded(&self, attempt: usize, sent: Nanos, what: &str) -> Result<(), Violation> {
        let of = &self.attempts[attempt];
        match of.fenced {
            Some(fenced) if sent > fenced => {
                let facts = format!(
                    "{what} of attempt {attempt}, sent at {sent:?} under epoch {}, succeeded: its processor {} \
                     was taken over at {fenced:?}",
                    of.producer.1, of.processor
                );
                Err(violation("fencing", facts))
            }
            _ => Ok(()),
        }
    }

    /// Somebody says whether an attempt counts.
    ///
    /// # Errors
    /// When it was never to count, or the opposite has been said.
    pub fn settle(&mut self, attempt: usize, counts: bool, who: &str) -> Result<(), Violation> {
        let of = &mut self.attempts[attempt];
        if counts && of.commit_sent.is_none() {
            let facts = format!("attempt {attempt} counts ({who}), and nobody committed it");
            return Err(violation("isolation", facts));
        }
        match &of.fate {
            Some((before, first)) if *before != counts => {
                let word = |counts| if counts { "committed" } else { "aborted" };
                let facts = format!(
                    "attempt {attempt} is {} ({first}) and {} ({who})",
                    word(*before),
                    word(counts)
                );
                Err(violation("atomicity", facts))
            }
            Some(_) => Ok(()),
            None => {
                of.fate = Some((counts, who.to_owned()));
                Ok(())
            }
        }
    }

    /// A batch was acknowledged.
    ///
    /// # Errors
    /// When it was before, somewhere else.
    pub fn acknowledged(&mut self, id: u64, offset: i64) -> Result<(), Violation> {
        let sent = &mut self.sent[id as usize];
        match sent.acknowledged.replace(offset) {
            Some(before) if before != offset => {
                let facts = format!("batch {id} was acknowledged at {before} and at {offset}");
                Err(violation("idempotence", facts))
            }
            _ => Ok(()),
        }
    }

    /// The batch that these bytes are, as they lie in the log of an output.
    ///
    /// # Errors
    /// When they are none that was sent there.
    pub fn recognise(
        &self,
        partition: usize,
        header: &BatchHeader,
        bytes: &[u8],
    ) -> Result<u64, Violation> {
        let id = header.base_timestamp - FIRST_TIMESTAMP_MS;
        let sent = usize::try_from(id).ok().and_then(|id| self.sent.get(id));
        let plain = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            // The only two things that a broker sets.
            header::set_base_offset(&mut bytes, 0);
            header::set_leader_epoch(&mut bytes, -1);
            bytes
        };
        let same = sent.is_some_and(|sent| {
            let was_sent = sent.partition == partition && sent.first_sent.is_some();
            was_sent && plain(&sent.bytes) == plain(bytes)
        });
        match same {
            true => Ok(id as u64),
            false => {
                let folder = self.outputs[partition].folder();
                let facts =
                    format!("{folder} holds at {} what nobody sent there", header.base_offset);
                Err(violation("byte for byte", facts))
            }
        }
    }
}
