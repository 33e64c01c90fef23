//! A whole log, as it is read after a start, compared with the model.

use std::collections::{BTreeMap, BTreeSet};

use super::{Loss, Model, Violation};
use crate::plan::End;

impl Model {
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
}
