//! What is counted of transactions: their states, and how long the oldest has been open. Reads only.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::Transactions;

/// What some transactional ids come to.
#[derive(Debug, Default)]
pub struct Measured {
    /// How many there are in each state, by its name.
    pub states: BTreeMap<&'static str, u64>,
    /// The longest that a transaction of them has been open.
    pub oldest_ms: u64,
    /// The last id, if there are more.
    pub next: Option<String>,
}

impl<W: Copy> Transactions<W> {
    /// Transactional ids after this one, as long as `left` lasts.
    pub fn measure(&self, after: Option<&str>, left: &mut usize, unix_ms: i64) -> Measured {
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut measured = Measured::default();
        for (id, entry) in self.entries.range::<str, _>((after, Bound::Unbounded)) {
            let transaction = &entry.transaction;
            *measured.states.entry(transaction.state.name()).or_default() += 1;
            if !transaction.state.is_idle() {
                let open_ms = unix_ms.saturating_sub(transaction.started_ms).max(0) as u64;
                measured.oldest_ms = measured.oldest_ms.max(open_ms);
            }
            *left = left.saturating_sub(1);
            if *left == 0 {
                measured.next = Some(id.clone());
                break;
            }
        }
        measured
    }
}
