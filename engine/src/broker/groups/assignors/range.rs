//! Neighbouring partitions together: of each topic, the first member gets the first partitions, and so on.
//!
//! Topics with as many partitions and the same subscribers are cut at the same places, so that partition 3 of
//! one and partition 3 of the other meet in one member. Static members come first, in the order of their
//! instance ids, so that a restart changes nothing.

use super::{Candidate, Sizes};
use crate::broker::groups::records::assignment::Partitions;

pub(super) fn assign(members: &[Candidate], sizes: &Sizes) -> Vec<Partitions> {
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|n| {
        let Candidate { instance, id, .. } = &members[*n];
        (instance.is_none(), instance, id)
    });
    let mut targets = vec![Partitions::new(); members.len()];
    for (topic, size) in sizes {
        let subscribers: Vec<usize> =
            order.iter().copied().filter(|n| members[*n].topics.contains(topic)).collect();
        let Some(each) = (*size as usize).checked_div(subscribers.len()) else { continue };
        let with_one_more = *size as usize % subscribers.len();
        let mut next = 0;
        for (place, member) in subscribers.into_iter().enumerate() {
            let count = each + usize::from(place < with_one_more);
            let range = next..next + count as i32;
            next = range.end;
            if !range.is_empty() {
                targets[member].insert(*topic, range.collect());
            }
        }
    }
    targets
}
