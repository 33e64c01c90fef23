//! Transactions of the fake broker: which partitions a producer has written to since the last end, and the markers that
//! end it there.

use std::collections::HashMap;

use headwater_protocol::batch::control::{Marker, marker_batch};
use headwater_protocol::batch::header::BatchHeader;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::end_txn::{EndTxnRequest, EndTxnResponse};
use headwater_protocol::messages::fetch::response::AbortedTransaction;

use super::log::Topics;

/// By transactional id: who may produce under it.
pub type Transactions = HashMap<String, (i64, i16)>;

/// An aborted transaction in a partition, and where its marker is.
#[derive(Clone)]
pub struct Void {
    pub first_offset: i64,
    pub producer_id: i64,
    marker_at: i64,
}

impl Topics {
    /// A new epoch for a transactional id; what was open under it is aborted.
    pub fn register(&mut self, id: &str) -> (i64, i16) {
        let known = self.transactions.get(id).copied();
        let (producer_id, epoch) = match known {
            Some((producer_id, epoch)) => {
                self.end(producer_id, epoch, Marker::Abort);
                (producer_id, epoch + 1)
            }
            None => {
                self.next_producer_id += 1;
                (self.next_producer_id, 0)
            }
        };
        self.transactions.insert(id.to_owned(), (producer_id, epoch));
        (producer_id, epoch)
    }

    pub fn end_txn(&mut self, request: &EndTxnRequest<'_>) -> EndTxnResponse {
        let id = request.transactional_id;
        let (producer_id, epoch) = self.transactions[id];
        if (producer_id, epoch) == (request.producer_id, request.producer_epoch) {
            let marker = if request.committed { Marker::Commit } else { Marker::Abort };
            self.end(producer_id, epoch, marker);
            self.transactions.insert(id.to_owned(), (producer_id, epoch + 1));
        } else if (producer_id, epoch) != (request.producer_id, request.producer_epoch + 1) {
            let error_code = ErrorCode::InvalidProducerEpoch;
            return EndTxnResponse { error_code, ..EndTxnResponse::default() };
        }
        let (producer_id, producer_epoch) = self.transactions[id];
        EndTxnResponse { producer_id, producer_epoch, ..EndTxnResponse::default() }
    }

    fn end(&mut self, producer_id: i64, epoch: i16, marker: Marker) {
        for partition in self.by_name.values_mut().flatten() {
            let Some(first_offset) = partition.open.remove(&producer_id) else { continue };
            let marker_at = partition.next_offset;
            if marker == Marker::Abort {
                partition.voids.push(Void { first_offset, producer_id, marker_at });
            }
            partition.append_unchecked(marker_batch(marker, producer_id, epoch, 0, 0));
        }
    }
}

/// A batch was appended at `offset`.
pub fn note(open: &mut HashMap<i64, i64>, header: &BatchHeader, offset: i64) {
    if header.attributes.is_transactional {
        open.entry(header.producer_id).or_insert(offset);
    }
}

/// Those that a fetch from `offset` on must know of.
pub fn aborted(voids: &[Void], offset: i64) -> Vec<AbortedTransaction> {
    let near = voids.iter().filter(|void| void.marker_at >= offset);
    near.map(|void| AbortedTransaction {
        producer_id: void.producer_id,
        first_offset: void.first_offset,
    })
    .collect()
}
