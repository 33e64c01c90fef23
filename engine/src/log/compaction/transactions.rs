//! What of transactions a cleaning meets on its way through a log, batch by batch: whose records are void, and
//! which markers say nothing about anything any more. The rules are those of Kafka's `CleanedTransactionMetadata`.
//!
//! Pure. A marker stays as long as a batch of its transaction was met, even one that is thrown away now: whoever
//! reads the log while it is cleaned may have seen that batch, and must see the marker.

use std::collections::{BTreeMap, HashMap, HashSet};

use headwater_protocol::batch::control::{End, Marker};
use headwater_protocol::batch::header::BatchHeader;

use crate::log::aborted::Aborted;
use crate::model::Offset;

/// Transactions on the way.
#[derive(Debug, Default)]
pub struct Transactions {
    /// Aborted ones that begin further on, by first offset and producer.
    ahead: BTreeMap<(Offset, i64), Aborted>,
    /// Aborted ones that have begun; whether a batch of theirs was met.
    aborted: HashMap<i64, (Aborted, bool)>,
    /// Producers of batches that were not aborted.
    committed: HashSet<i64>,
    /// Aborted ones whose marker has to stay, in the order of the markers.
    still_aborted: Vec<Aborted>,
}

impl Transactions {
    /// These were aborted on the way that comes now.
    pub fn expect(&mut self, aborted: &[Aborted]) {
        self.ahead.extend(aborted.iter().map(|one| ((one.first_offset, one.producer_id), *one)));
    }

    /// A batch of records; whether they are void.
    pub fn batch(&mut self, header: &BatchHeader) -> bool {
        self.begin_upto(header);
        if !header.attributes.is_transactional {
            return false;
        }
        match self.aborted.get_mut(&header.producer_id) {
            Some((_, met)) => {
                *met = true;
                true
            }
            None => {
                self.committed.insert(header.producer_id);
                false
            }
        }
    }

    /// A control batch and what it is the marker of; whether nothing depends on it any more.
    pub fn marker(&mut self, header: &BatchHeader, end: Option<End>) -> bool {
        self.begin_upto(header);
        match end.map(|end| end.marker) {
            Some(Marker::Abort) => match self.aborted.remove(&header.producer_id) {
                Some((aborted, true)) => {
                    self.still_aborted.push(aborted);
                    false
                }
                _ => true,
            },
            Some(Marker::Commit) => !self.committed.remove(&header.producer_id),
            // One that was emptied earlier; not one of a kind that is none of ours.
            None => header.record_count == 0,
        }
    }

    /// Takes the aborted transactions that readers still have to know, of the markers since the last time.
    pub fn take_still_aborted(&mut self) -> Vec<Aborted> {
        std::mem::take(&mut self.still_aborted)
    }

    fn begin_upto(&mut self, header: &BatchHeader) {
        while let Some(entry) = self.ahead.first_entry() {
            if entry.key().0.0 > header.last_offset() {
                break;
            }
            let aborted = entry.remove();
            self.aborted.entry(aborted.producer_id).or_insert((aborted, false));
        }
    }
}
