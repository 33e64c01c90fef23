//! Which batches of one answer to a fetch were aborted. A broker sends them all the same, with a list of the aborted
//! transactions among them: each from its first offset up to its abort marker.

use std::collections::HashSet;

use headwater_protocol::batch::control::{End, Marker};
use headwater_protocol::batch::header::Batch;
use headwater_protocol::messages::fetch::response::AbortedTransaction;

/// See the module.
pub struct Aborted {
    /// Those that come later, the next one last.
    ahead: Vec<AbortedTransaction>,
    /// Producers whose batches are void at this point.
    open: HashSet<i64>,
}

impl Aborted {
    /// From the list.
    pub fn of(list: &[AbortedTransaction]) -> Self {
        let mut ahead = list.to_vec();
        ahead.sort_by_key(|transaction| std::cmp::Reverse(transaction.first_offset));
        Aborted { ahead, open: HashSet::new() }
    }

    /// Whether the records of this batch are void. Batches must come in their order, markers included.
    pub fn voids(&mut self, batch: &Batch<'_>) -> bool {
        let header = &batch.header;
        while let Some(next) = self.ahead.pop_if(|next| next.first_offset < header.next_offset()) {
            self.open.insert(next.producer_id);
        }
        if End::of(header, batch.bytes).is_some_and(|end| end.marker == Marker::Abort) {
            self.open.remove(&header.producer_id);
        }
        header.attributes.is_transactional && self.open.contains(&header.producer_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_protocol::batch::attributes::Attributes;
    use headwater_protocol::batch::builder::{BatchBuilder, Producer};
    use headwater_protocol::batch::compression::Compression;
    use headwater_protocol::batch::control::marker_batch;
    use headwater_protocol::batch::header;

    fn sent(producer_id: i64) -> Vec<u8> {
        let mut builder = BatchBuilder::new(Compression::None);
        builder.push(0, None, Some(b"x"));
        let producer = Producer { id: producer_id, epoch: 0, base_sequence: 0 };
        let attributes = Attributes { is_transactional: true, ..Attributes::default() };
        builder.finish_with(producer, attributes).to_vec()
    }

    #[test]
    fn a_transaction_is_void_from_its_first_offset_to_its_marker() {
        let marker = |marker, id| marker_batch(marker, id, 0, 0, 0);
        let log = [
            sent(1),
            sent(2),
            marker(Marker::Abort, 1),
            sent(1),
            marker(Marker::Commit, 1),
            sent(2),
            marker(Marker::Abort, 2),
            sent(2),
        ];
        let list = [(2, 1), (1, 0)];
        let list = list
            .map(|(producer_id, first_offset)| AbortedTransaction { producer_id, first_offset });
        let mut aborted = Aborted::of(&list);
        let voids = (0..).zip(log).filter_map(|(offset, mut bytes)| {
            header::set_base_offset(&mut bytes, offset);
            let batch = header::batches(&bytes).next().unwrap().unwrap();
            aborted.voids(&batch).then_some(offset)
        });
        assert_eq!(voids.collect::<Vec<i64>>(), [0, 1, 5]);
    }
}
