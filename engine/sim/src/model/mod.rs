//! Kafka's log as it should be, in memory: every batch that was sent, what was promised of it, and what
//! consumers have seen. All checkers that compare the broker with it are here.
//!
//! | module | what it does |
//! | --- | --- |
//! | `history` | what is remembered |
//! | `audit` | compares a whole log with it, after a start |
//! | `damage` | says what damage excuses, and what it does not |

mod audit;
mod damage;
mod history;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use headwater_io::clock::Nanos;
use headwater_io::sim::disk::SimDisk;
use headwater_protocol::batch::header::{self, BatchHeader};

pub use self::damage::Fate;
pub use self::history::{Ack, Batch, Level, Loss, Partition};
use crate::plan::Plan;

/// The timestamp of batch 0; that of batch n is n later. So a batch carries its name.
const FIRST_TIMESTAMP_MS: i64 = 1_600_000_000_000;

/// What a checker found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which one.
    pub checker: &'static str,
    /// What it saw.
    pub facts: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.checker, self.facts)
    }
}
/// Everything that is known outside the broker.
pub struct Model {
    /// By name.
    pub batches: Vec<Batch>,
    /// In the plan's order.
    pub partitions: Vec<Partition>,
    /// Lost where that is allowed.
    pub losses: Vec<Loss>,
    /// When the last life of the broker ended.
    pub ended: Nanos,
    /// Records that were acknowledged.
    pub acknowledged: u64,
    /// Partitions that were found damaged where damage had been done.
    pub excused: Vec<String>,
    /// There is a journal, which knows what was acknowledged.
    journaled: bool,
    identities: BTreeSet<i64>,
    /// The last high watermark that each consumer was told of each partition. What two of them are told
    /// may cross on the way.
    told: BTreeMap<(usize, usize), i64>,
    disk: SimDisk,
}

impl Model {
    /// Nothing sent yet.
    pub fn new(plan: &Plan, disk: SimDisk) -> Self {
        let partitions = plan.partitions().map(|(topic, index)| Partition {
            topic,
            index,
            folder: format!("{}-{index}", plan.topics[topic].name),
            durability: plan.topics[topic].durability,
            given_up: false,
            seen: BTreeMap::new(),
            high_watermark: 0,
        });
        Model {
            batches: Vec::new(),
            partitions: partitions.collect(),
            losses: Vec::new(),
            ended: Nanos(0),
            acknowledged: 0,
            excused: Vec::new(),
            journaled: plan.path == "journal",
            identities: BTreeSet::new(),
            told: BTreeMap::new(),
            disk,
        }
    }

    /// The timestamp of the next batch.
    pub fn next_timestamp_ms(&self) -> i64 {
        FIRST_TIMESTAMP_MS + self.batches.len() as i64
    }

    /// A batch was acknowledged.
    ///
    /// # Errors
    /// When it was before, somewhere else.
    pub fn acknowledged(&mut self, id: u64, ack: Ack) -> Result<(), Violation> {
        let batch = &mut self.batches[id as usize];
        let before = batch.ack.and_then(|before| before.offset);
        let (partition, twice) = (batch.partition, before.is_some() && before != ack.offset);
        if batch.ack.is_none() {
            self.acknowledged += batch.records as u64;
        }
        batch.ack = Some(ack);
        if twice && batch.identity >= 0 {
            let facts = format!("batch {id} acknowledged at {before:?} and at {:?}", ack.offset);
            return self.violated(partition, "idempotence", facts);
        }
        Ok(())
    }

    /// A producer was given this id.
    ///
    /// # Errors
    /// When another one was.
    pub fn identified(&mut self, identity: i64) -> Result<(), Violation> {
        match self.identities.insert(identity) {
            true => Ok(()),
            false => Err(Violation {
                checker: "producer ids",
                facts: format!("{identity} was given to two producers"),
            }),
        }
    }

    /// The batch that these bytes are, as they lie in a log.
    ///
    /// # Errors
    /// When they are none that was sent to this partition.
    pub fn recognise(
        &self,
        partition: usize,
        header: &BatchHeader,
        bytes: &[u8],
    ) -> Result<u64, Violation> {
        let id = header.base_timestamp - FIRST_TIMESTAMP_MS;
        let sent = usize::try_from(id).ok().and_then(|id| self.batches.get(id));
        let same = sent.is_some_and(|sent| {
            let mut bytes = bytes.to_vec();
            // The only two things that a broker sets.
            header::set_base_offset(&mut bytes, 0);
            header::set_leader_epoch(&mut bytes, -1);
            let mut sent_bytes = sent.bytes.to_vec();
            header::set_base_offset(&mut sent_bytes, 0);
            header::set_leader_epoch(&mut sent_bytes, -1);
            sent.partition == partition && sent.attempts > 0 && bytes == sent_bytes
        });
        match same {
            true => Ok(id as u64),
            false => Err(Violation {
                checker: "byte for byte",
                facts: format!(
                    "{} holds at offset {} what nobody sent there",
                    self.partitions[partition].folder, header.base_offset
                ),
            }),
        }
    }

    /// A consumer was told this high watermark.
    ///
    /// # Errors
    /// When it goes back.
    pub fn high_watermark(
        &mut self,
        consumer: usize,
        partition: usize,
        told: i64,
    ) -> Result<(), Violation> {
        let known = &mut self.partitions[partition].high_watermark;
        *known = told.max(*known);
        let before = self.told.insert((consumer, partition), told).unwrap_or(0);
        if told < before {
            let facts = format!("high watermark {told} after {before}");
            return self.violated(partition, "watermarks never go back", facts);
        }
        Ok(())
    }

    /// A consumer has got this batch.
    ///
    /// # Errors
    /// When there was another one at its place.
    pub fn saw(&mut self, partition: usize, offset: i64, id: u64) -> Result<(), Violation> {
        match self.partitions[partition].seen.insert(offset, id) {
            Some(before) if before != id => {
                let facts = format!("offset {offset} was batch {before}, now it is batch {id}");
                self.violated(partition, "what was seen stays", facts)
            }
            _ => Ok(()),
        }
    }
}
