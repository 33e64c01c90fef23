//! What the coordinators of a shard say when they are measured: some of them at a time, and of one with many groups or
//! transactional ids, some of those.

use super::machine::Machine;
use crate::broker::coordination::{Kind, Place};
use crate::metrics::table::Metric;
use crate::worker::Worker;
use crate::worker::measure::{Measured, PORTION};

/// Before every place.
const FIRST: Place = (Kind::Groups, i32::MIN);

/// How far a measurement has come: the coordinator that is next, and after which of its names.
#[derive(Debug, Default)]
pub struct Cursor {
    place: Option<Place>,
    after: Option<String>,
}

impl Worker {
    /// Says a portion, and where to go on.
    pub(in crate::worker) fn say_coordinators(
        &self,
        from: Cursor,
        measured: &mut Measured,
    ) -> Option<Cursor> {
        let unix_ms = self.moment().unix_ms;
        let mut left = PORTION;
        let mut after = from.after;
        // An age of nothing, so that the metric is there when there is no transaction.
        measured.sheet.add(Metric::TransactionAge, &[], 0);
        for (&place, host) in self.coordinators.hosts.range(from.place.unwrap_or(FIRST)..) {
            if from.place != Some(place) {
                after = None;
            }
            if left == 0 {
                return Some(Cursor { place: Some(place), after: None });
            }
            let next = match &host.machine {
                Machine::Groups(groups) => {
                    groups.facts(after.as_deref(), &mut left, &mut measured.groups)
                }
                Machine::Transactions(transactions) => {
                    let found = transactions.measure(after.as_deref(), &mut left, unix_ms);
                    for (state, count) in &found.states {
                        measured.sheet.add(Metric::Transactions, &[state], *count);
                    }
                    let oldest_nanos = found.oldest_ms.saturating_mul(1_000_000);
                    measured.sheet.add(Metric::TransactionAge, &[], oldest_nanos);
                    found.next
                }
            };
            if next.is_some() {
                return Some(Cursor { place: Some(place), after: next });
            }
        }
        None
    }
}
