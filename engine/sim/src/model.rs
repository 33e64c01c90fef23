//! Kafka's log as it should be, in memory: every batch that was sent, what was promised of it, and what
//! consumers have seen. All checkers that compare the broker with it are here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bytes::Bytes;
use headwater_io::clock::Nanos;
use headwater_io::sim::disk::SimDisk;
use headwater_protocol::batch::header::{self, BatchHeader};

use crate::plan::{End, Plan};

/// The timestamp of batch 0; that of batch n is n later. So a batch carries its name.
const FIRST_TIMESTAMP_MS: i64 = 1_600_000_000_000;

/// How safe something is, weakest first; Headwater's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// In memory.
    Appended,
    /// Accepted by the device: survives a kill.
    Written,
    /// Flushed: survives a power cut.
    Durable,
}

impl Level {
    /// As it is written in settings.
    pub fn name(self) -> &'static str {
        match self {
            Level::Appended => "appended",
            Level::Written => "written",
            Level::Durable => "durable",
        }
    }

    fn survives(self, end: End) -> bool {
        match end {
            End::Cut => self >= Level::Durable,
            End::Kill | End::Stop => self >= Level::Written,
        }
    }
}

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

/// A batch that a producer has sent, or will.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Which producer.
    pub producer: usize,
    /// Its producer id; -1 without idempotence.
    pub identity: i64,
    /// Its first sequence number; -1 without idempotence.
    pub sequence: i32,
    /// Which partition, counted over all topics.
    pub partition: usize,
    /// As it is sent.
    pub bytes: Bytes,
    /// How many records are in it.
    pub records: i64,
    /// How often it was sent.
    pub attempts: u32,
    /// The connection on which it was sent first.
    pub connection: u64,
    /// What was promised of it.
    pub ack: Option<Ack>,
    /// It was acknowledged, could be lost, and was.
    pub lost: bool,
}

/// A promise.
#[derive(Clone, Copy, Debug)]
pub struct Ack {
    /// Where it is.
    pub offset: Option<i64>,
    /// What it survives; `None` promises nothing.
    pub level: Option<Level>,
    /// When it was given.
    pub at: Nanos,
}

/// A partition as clients know it.
#[derive(Clone, Debug)]
pub struct Partition {
    /// Its topic.
    pub topic: usize,
    /// Its number there.
    pub index: usize,
    /// Its folder.
    pub folder: String,
    /// What its topic's acks=all waits for, and what consumers see.
    pub durability: Level,
    /// Damaged and offline, or damaged in a way that clients have seen: not compared any more.
    pub given_up: bool,
    /// What consumers have seen: base offset and batch.
    seen: BTreeMap<i64, u64>,
    high_watermark: i64,
}

/// An acknowledged batch that was lost where that is allowed.
#[derive(Clone, Copy, Debug)]
pub struct Loss {
    /// Records in it.
    pub records: i64,
    /// Its size.
    pub bytes: u64,
    /// How long before the end of that life it was acknowledged, in nanoseconds.
    pub age_ns: u64,
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

    /// A partition's whole log after a start: base offset and batch, in order.
    ///
    /// # Errors
    /// What any checker has to say about it.
    pub fn audit(
        &mut self,
        partition: usize,
        log: &[(i64, u64)],
        end: i64,
        how: Option<End>,
    ) -> Result<(), Violation> {
        let checked = self.once_and_in_order(partition, log);
        let checked = checked.and_then(|()| self.promises(partition, log, how));
        let checked = checked.and_then(|()| self.seen_is_there(partition, log, end, how));
        checked.or_else(|Violation { checker, facts }| self.violated(partition, checker, facts))
    }

    fn once_and_in_order(&self, partition: usize, log: &[(i64, u64)]) -> Result<(), Violation> {
        let folder = &self.partitions[partition].folder;
        let mut times: BTreeMap<u64, u32> = BTreeMap::new();
        let mut last: BTreeMap<(i64, u64), (i64, u64)> = BTreeMap::new();
        for &(offset, id) in log {
            let batch = &self.batches[id as usize];
            let n = times.entry(id).or_default();
            *n += 1;
            let most = if batch.identity >= 0 { 1 } else { batch.attempts };
            if *n > most {
                let checker =
                    if batch.identity >= 0 { "idempotence" } else { "no more than was sent" };
                let facts = format!(
                    "{folder}: batch {id}, sent {} times, is there {n} times, lastly at offset {offset}",
                    batch.attempts
                );
                return Err(Violation { checker, facts });
            }
            // Without idempotence only what went over one connection, once, has an order.
            let (lane, place) = match batch.identity {
                -1 if batch.attempts > 1 => continue,
                -1 => ((-1 - batch.producer as i64, batch.connection), id as i64),
                identity => ((identity, 0), i64::from(batch.sequence)),
            };
            if let Some((before, at)) = last.insert(lane, (place, id))
                && before >= place
            {
                let facts =
                    format!("{folder}: batch {id} at offset {offset} comes after batch {at}");
                return Err(Violation { checker: "in order", facts });
            }
        }
        Ok(())
    }

    fn promises(
        &mut self,
        partition: usize,
        log: &[(i64, u64)],
        how: Option<End>,
    ) -> Result<(), Violation> {
        let there: BTreeMap<u64, i64> =
            log.iter().rev().map(|(offset, id)| (*id, *offset)).collect();
        let places: BTreeSet<(i64, u64)> = log.iter().copied().collect();
        let folder = self.partitions[partition].folder.clone();
        for (id, batch) in self.batches.iter_mut().enumerate() {
            let id = id as u64;
            let Some(ack) = batch.ack.filter(|_| batch.partition == partition && !batch.lost)
            else {
                continue;
            };
            let kept = match ack.offset {
                Some(offset) => places.contains(&(offset, id)),
                None => there.contains_key(&id),
            };
            if kept {
                continue;
            }
            let must = ack.level.is_some_and(|level| how.is_none_or(|how| level.survives(how)));
            // A repetition without a name may have been acknowledged where only the first copy stayed.
            if must || (there.contains_key(&id) && batch.identity >= 0) {
                let facts = format!(
                    "{folder}: batch {id} of {} records was acknowledged at offset {:?} ({:?}), and is {}",
                    batch.records,
                    ack.offset,
                    ack.level,
                    there.get(&id).map_or("gone".to_owned(), |at| format!("at offset {at}")),
                );
                return Err(Violation { checker: "acknowledged is kept", facts });
            }
            batch.lost = true;
            let bytes = batch.bytes.len() as u64;
            let age_ns = self.ended.0.saturating_sub(ack.at.0);
            self.losses.push(Loss { records: batch.records, bytes, age_ns });
        }
        Ok(())
    }

    fn seen_is_there(
        &mut self,
        partition: usize,
        log: &[(i64, u64)],
        end: i64,
        how: Option<End>,
    ) -> Result<(), Violation> {
        let there: BTreeMap<i64, u64> = log.iter().copied().collect();
        let known = &mut self.partitions[partition];
        let must = how.is_none_or(|how| known.durability.survives(how));
        let gone = known.seen.iter().find(|(offset, id)| there.get(offset) != Some(id));
        if let Some((offset, id)) = gone.filter(|_| must) {
            let facts = format!("{}: batch {id} at offset {offset} is gone", known.folder);
            return Err(Violation { checker: "what was seen stays", facts });
        }
        if must && end < known.high_watermark {
            let facts = format!("{}: ends at {end}, was {}", known.folder, known.high_watermark);
            return Err(Violation { checker: "watermarks never go back", facts });
        }
        known.seen.retain(|offset, id| there.get(offset) == Some(id));
        known.high_watermark = end;
        self.told.retain(|(_, told_of), _| *told_of != partition);
        Ok(())
    }

    /// A partition says that it is offline right after a start.
    ///
    /// # Errors
    /// When nothing of it was damaged.
    pub fn quarantined(&mut self, partition: usize) -> Result<(), Violation> {
        let facts = "offline after a start".to_owned();
        self.violated(partition, "quarantine only where there is damage", facts)
    }

    /// A checker has spoken: an error, unless the partition's files were damaged on purpose.
    ///
    /// # Errors
    /// Just that.
    pub fn violated(
        &mut self,
        partition: usize,
        checker: &'static str,
        facts: String,
    ) -> Result<(), Violation> {
        let folder = self.partitions[partition].folder.clone();
        if !self.is_damaged(&folder) {
            let facts = match facts.starts_with(&folder) {
                true => facts,
                false => format!("{folder}: {facts}"),
            };
            return Err(Violation { checker, facts });
        }
        self.excused.push(format!("{folder}: {checker}"));
        self.partitions[partition].given_up = true;
        Ok(())
    }

    /// Whether bytes of its files, or of a journal that speaks for them, were damaged.
    fn is_damaged(&self, folder: &str) -> bool {
        self.disk.damages().iter().any(|damage| {
            let name = |path: Option<&std::path::Path>| {
                path.and_then(|path| path.file_name())
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned()
            };
            let (file, of) = (name(Some(&damage.path)), name(damage.path.parent()));
            of == folder || file.starts_with("journal-")
        })
    }
}
