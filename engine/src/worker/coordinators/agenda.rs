//! When each coordinator of a shard must be run although nobody asks: told after every visit, so that a
//! tick with a hundred coordinators and nothing to do looks at one entry.

use std::collections::{BTreeMap, BTreeSet};

use headwater_io::clock::Nanos;

use crate::broker::coordination::Place;

/// See the module.
#[derive(Default)]
pub struct Agenda {
    by_time: BTreeSet<(Nanos, Place)>,
    of: BTreeMap<Place, Nanos>,
}

impl Agenda {
    /// A coordinator must be run at `due`, or not at all; what was said of it before is forgotten.
    pub fn set(&mut self, place: Place, due: Option<Nanos>) {
        let before = match due {
            Some(at) => self.of.insert(place, at),
            None => self.of.remove(&place),
        };
        if before == due {
            return;
        }
        if let Some(at) = before {
            self.by_time.remove(&(at, place));
        }
        self.by_time.extend(due.map(|at| (at, place)));
    }

    /// The first time at which something is due.
    pub fn next(&self) -> Option<Nanos> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// Who is due by `now`, the longest overdue first.
    pub fn due(&self, now: Nanos) -> Vec<Place> {
        let overdue = self.by_time.iter().take_while(|(at, _)| *at <= now);
        overdue.map(|(_, place)| *place).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::coordination::Kind;

    #[test]
    fn the_last_word_on_a_coordinator_counts() {
        let mut agenda = Agenda::default();
        let (a, b) = ((Kind::Groups, 1), (Kind::Transactions, 1));
        assert_eq!(agenda.next(), None);
        agenda.set(a, Some(Nanos(30)));
        agenda.set(b, Some(Nanos(20)));
        agenda.set(a, Some(Nanos(10)));
        assert_eq!((agenda.next(), agenda.due(Nanos(20))), (Some(Nanos(10)), vec![a, b]));
        agenda.set(a, None);
        agenda.set(a, None);
        assert_eq!((agenda.due(Nanos(19)), agenda.due(Nanos(20))), (vec![], vec![b]));
        agenda.set(b, None);
        assert_eq!(agenda.next(), None);
        assert!(agenda.of.is_empty() && agenda.by_time.is_empty());
    }
}
