//! Topics in memory, with Kafka's rule for sequence numbers.

use std::collections::HashMap;

use headwater_protocol::batch::header;
use headwater_protocol::error_code::ErrorCode;

use super::transactions::{self, Transactions, Void};

#[derive(Default)]
pub struct Topics {
    pub by_name: HashMap<String, Vec<Partition>>,
    pub next_producer_id: i64,
    pub transactions: Transactions,
}

#[derive(Default, Clone)]
pub struct Partition {
    pub batches: Vec<(i64, Vec<u8>)>,
    pub next_offset: i64,
    /// By producer id: the first offset of its open transaction.
    pub open: HashMap<i64, i64>,
    pub voids: Vec<Void>,
    /// By producer id and epoch.
    producers: HashMap<(i64, i16), Known>,
}

/// What is known of a producer.
#[derive(Default, Clone)]
struct Known {
    next_sequence: i32,
    /// The last batches: base sequence and offset.
    remembered: Vec<(i32, i64)>,
}

impl Topics {
    pub fn create(&mut self, name: &str, partitions: usize) {
        self.by_name.insert(name.to_owned(), vec![Partition::default(); partitions]);
    }

    pub fn records(&self, name: &str) -> i64 {
        self.by_name[name].iter().map(|partition| partition.next_offset).sum()
    }

    pub fn forget_producers(&mut self) {
        for partition in self.by_name.values_mut().flatten() {
            partition.producers.clear();
        }
    }
}

impl Partition {
    pub fn append(&mut self, batch: &[u8]) -> Result<i64, ErrorCode> {
        let header = header::validate(batch).map_err(|_| ErrorCode::CorruptMessage)?;
        let offset = self.next_offset;
        if header.producer_id >= 0 {
            let first_seen = header.base_sequence != 0;
            let id = (header.producer_id, header.producer_epoch);
            if first_seen && !self.producers.contains_key(&id) {
                return Err(ErrorCode::UnknownProducerId);
            }
            let known = self.producers.entry(id).or_default();
            let mut remembered = known.remembered.iter();
            if let Some((_, offset)) = remembered.find(|(base, _)| *base == header.base_sequence) {
                return Ok(*offset);
            }
            if header.base_sequence != known.next_sequence {
                return Err(ErrorCode::OutOfOrderSequenceNumber);
            }
            known.next_sequence = header.last_sequence() + 1;
            known.remembered.push((header.base_sequence, offset));
            if known.remembered.len() > 5 {
                known.remembered.remove(0);
            }
        }
        transactions::note(&mut self.open, &header, offset);
        self.append_unchecked(batch.to_vec());
        Ok(offset)
    }

    pub fn append_unchecked(&mut self, mut batch: Vec<u8>) {
        header::set_base_offset(&mut batch, self.next_offset);
        let records = header::BatchHeader::parse(&batch).unwrap().record_count;
        self.batches.push((self.next_offset, batch));
        self.next_offset += i64::from(records);
    }

    pub fn read(&self, offset: i64, bytes_max: usize) -> Vec<u8> {
        let first = self.batches.partition_point(|(base, _)| *base <= offset).saturating_sub(1);
        let mut found = Vec::new();
        if offset < self.next_offset {
            for (_, batch) in &self.batches[first..] {
                if !found.is_empty() && found.len() + batch.len() > bytes_max {
                    break;
                }
                found.extend_from_slice(batch);
            }
        }
        found
    }
}
