//! The whole log of an output, as it is read after a start, compared with what was sent and promised.

use std::collections::{BTreeMap, BTreeSet};

use super::output::Marks;
use super::{Ledger, violation};
use crate::model::Violation;

/// What lies in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A batch that was sent, by name.
    Batch(u64),
    /// The end of a transaction: of which producer id and epoch, and whether it counts.
    Marker(i64, i16, bool),
}

impl Ledger {
    /// A whole log, each entry with its first offset: everything that is in it, and what a reader of committed
    /// records gets.
    ///
    /// # Errors
    /// What any checker has to say about it.
    pub fn audit(
        &mut self,
        partition: usize,
        log: &[(i64, Entry)],
        committed: &[(i64, u64)],
        marks: Marks,
    ) -> Result<(), Violation> {
        self.in_order(partition, log)?;
        self.is_kept(partition, log, marks)?;
        let counting = self.fates(partition, log, marks)?;
        if counting != committed {
            let folder = self.outputs[partition].folder();
            let differs = counting.iter().zip(committed).find(|(one, other)| one != other);
            let facts = format!(
                "{folder}: {} batches count, readers of committed records get {}; the first difference is {differs:?}",
                counting.len(),
                committed.len(),
            );
            return Err(violation("isolation", facts));
        }
        Ok(())
    }

    /// Each producer's epochs and sequences only grow, and nothing comes from a producer that was fenced.
    fn in_order(&self, partition: usize, log: &[(i64, Entry)]) -> Result<(), Violation> {
        let folder = self.outputs[partition].folder();
        let mut last: BTreeMap<i64, (i16, i32)> = BTreeMap::new();
        for (offset, entry) in log {
            let (id, place, what) = match *entry {
                Entry::Marker(id, epoch, _) => (id, (epoch, -1), "a marker".to_owned()),
                Entry::Batch(batch) => {
                    let sent = &self.sent[batch as usize];
                    let of = &self.attempts[sent.attempt];
                    let late =
                        of.fenced.is_some_and(|at| sent.first_sent.is_some_and(|sent| sent > at));
                    if late {
                        let facts = format!(
                            "{folder}: batch {batch} at {offset} was sent when its producer was fenced"
                        );
                        return Err(violation("fencing", facts));
                    }
                    (of.producer.0, (of.producer.1, sent.sequence), format!("batch {batch}"))
                }
            };
            let before = last.get(&id).copied().unwrap_or((-1, -1));
            let is_marker = matches!(entry, Entry::Marker(..));
            let grows = place > before || (is_marker && place.0 >= before.0);
            if !grows {
                let facts =
                    format!("{folder}: {what} at {offset} ({place:?}) comes after {before:?}");
                return Err(violation("idempotence", facts));
            }
            // A marker of the same epoch goes on with its sequences.
            if !is_marker || place.0 > before.0 {
                last.insert(id, place);
            }
        }
        Ok(())
    }

    fn is_kept(
        &self,
        partition: usize,
        log: &[(i64, Entry)],
        marks: Marks,
    ) -> Result<(), Violation> {
        let there: BTreeSet<(i64, u64)> = log
            .iter()
            .filter_map(|(offset, entry)| match entry {
                Entry::Batch(id) => Some((*offset, *id)),
                Entry::Marker(..) => None,
            })
            .collect();
        for (id, sent) in self.sent.iter().enumerate() {
            let Some(offset) = sent.acknowledged.filter(|_| sent.partition == partition) else {
                continue;
            };
            if offset >= marks.start && !there.contains(&(offset, id as u64)) {
                let folder = self.outputs[partition].folder();
                let facts = format!(
                    "{folder}: batch {id} of attempt {} was acknowledged at {offset}, and is gone",
                    sent.attempt
                );
                return Err(violation("acknowledged is kept", facts));
            }
        }
        Ok(())
    }

    /// What each marker says of the batches before it; those that count and are stable, in order.
    fn fates(
        &mut self,
        partition: usize,
        log: &[(i64, Entry)],
        marks: Marks,
    ) -> Result<Vec<(i64, u64)>, Violation> {
        let folder = self.outputs[partition].folder();
        let mut open: BTreeMap<i64, Vec<(i64, u64)>> = BTreeMap::new();
        let mut counting = Vec::new();
        for &(offset, entry) in log {
            match entry {
                Entry::Batch(id) => {
                    let attempt = self.sent[id as usize].attempt;
                    let (producer, _) = self.attempts[attempt].producer;
                    open.entry(producer).or_default().push((offset, id));
                }
                Entry::Marker(producer, _, counts) => {
                    for (at, id) in open.remove(&producer).unwrap_or_default() {
                        let who = format!("a marker at {offset} of {folder}");
                        let attempt = self.sent[id as usize].attempt;
                        self.settle(attempt, counts, &who)?;
                        if counts && at < marks.stable {
                            counting.push((at, id));
                        }
                    }
                }
            }
        }
        let first_open = open.values().flatten().map(|(offset, _)| *offset).min();
        if let Some(first) = first_open.filter(|first| *first < marks.stable) {
            let facts =
                format!("{folder}: open from {first} on, and stable up to {}", marks.stable);
            return Err(violation("isolation", facts));
        }
        counting.sort_unstable();
        Ok(counting)
    }

    /// After a while in which nobody did anything: nothing is open.
    ///
    /// # Errors
    /// When something is.
    pub fn is_quiet(&self, partition: usize, marks: Marks) -> Result<(), Violation> {
        if marks.stable == marks.high {
            return Ok(());
        }
        let folder = self.outputs[partition].folder();
        Err(violation("no transaction hangs", format!("{folder}: {marks:?}")))
    }
}
