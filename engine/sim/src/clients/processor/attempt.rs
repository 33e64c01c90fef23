//! What a processor makes of its input: each record becomes one or two in outputs that follow from its place.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use headwater_protocol::batch::attributes::Attributes;
use headwater_protocol::batch::builder::{BatchBuilder, Producer as Name};
use headwater_protocol::batch::compression::Compression;
use headwater_protocol::batch::header;
use headwater_protocol::messages::fetch::response::FetchPartitionResponse;

use super::{Open, Processor};
use crate::clients::Turn;
use crate::ledger::{Attempt, Ledger, Sent};
use crate::requests::transactions as wire;

/// Some records of one input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    /// Which.
    pub partition: i32,
    /// The first.
    pub from: i64,
    /// The one after the last.
    pub to: i64,
}

/// The end of the whole batches that were fetched from an input; the input's own checkers look at them.
pub(super) fn end_of(got: &FetchPartitionResponse<'_>, from: i64) -> i64 {
    let batches = header::batches(got.records.inline().unwrap_or_default());
    let ends = batches.filter_map(Result::ok).map(|batch| batch.header.next_offset());
    ends.last().unwrap_or(from).max(from)
}

impl Processor {
    /// Begins a transaction about these records.
    pub(super) fn begin(&mut self, taken: Vec<Taken>, turn: &mut Turn<'_>) {
        let attempt = turn.shared.ledger.attempts.len();
        let mut values: BTreeMap<usize, Vec<Vec<u8>>> = BTreeMap::new();
        for Taken { partition, from, to } in &taken {
            for offset in *from..*to {
                for copy in 0..1 + offset % 2 {
                    let (output, value) = self.made_of(*partition, offset, copy, turn);
                    values.entry(output).or_default().push(value);
                }
            }
        }
        let ledger = &mut turn.shared.ledger;
        ledger.attempts.push(Attempt::new(
            self.number,
            self.producer,
            turn.now,
            taken.iter().map(|taken| (taken.partition, taken.from, taken.to)).collect(),
        ));
        let ids =
            values.into_iter().map(|(output, values)| self.batch(attempt, output, &values, ledger));
        let ids: Vec<u64> = ids.collect();
        ledger.attempts[attempt].batches.clone_from(&ids);
        // One request for all, or one for each.
        let rounds: VecDeque<Vec<u64>> = match turn.shared.rng.chance(50) {
            true => [ids].into(),
            false => ids.into_iter().map(|id| vec![id]).collect(),
        };
        self.open = Some(Open { attempt, rounds });
    }

    /// Where a copy of an input record goes, and what it is.
    fn made_of(
        &self,
        partition: i32,
        offset: i64,
        copy: i64,
        turn: &mut Turn<'_>,
    ) -> (usize, Vec<u8>) {
        let outputs = turn.shared.ledger.outputs.len() as i64;
        let output = (i64::from(partition) * 7 + offset * 3 + copy * 5) % outputs;
        let mut value = Vec::new();
        value.extend(i64::from(partition).to_be_bytes());
        value.extend(offset.to_be_bytes());
        value.extend(copy.to_be_bytes());
        let more = turn.shared.rng.below(self.plan.value_bytes_max) as usize;
        value.resize(value.len() + more, offset as u8);
        (output as usize, value)
    }

    fn batch(
        &mut self,
        attempt: usize,
        partition: usize,
        values: &[Vec<u8>],
        ledger: &mut Ledger,
    ) -> u64 {
        let id = ledger.sent.len() as u64;
        let mut builder = BatchBuilder::new(Compression::None);
        for value in values {
            builder.push(ledger.next_timestamp_ms(), None, Some(value));
        }
        let next = self.sequences.entry(partition).or_default();
        let sequence = *next;
        *next += values.len() as i32;
        let (id_of, epoch) = self.producer;
        let name = Name { id: id_of, epoch, base_sequence: sequence };
        let attributes = Attributes { is_transactional: true, ..Attributes::default() };
        let bytes = Bytes::copy_from_slice(builder.finish_with(name, attributes));
        ledger.sent.push(Sent {
            attempt,
            partition,
            bytes,
            sequence,
            first_sent: None,
            acknowledged: None,
        });
        id
    }

    /// The outputs that the present transaction reaches.
    pub(super) fn outputs(&self, ledger: &Ledger) -> Vec<usize> {
        let batches = ledger.attempts[self.attempt()].batches.iter();
        batches.map(|id| ledger.sent[*id as usize].partition).collect()
    }

    /// The next batches.
    pub(super) fn produce(&self, correlation: i32, turn: &mut Turn<'_>) -> Bytes {
        let open = self.open.as_ref().expect("a transaction is open");
        let round = open.rounds.front().expect("something is to be written");
        let ledger = &mut turn.shared.ledger;
        for id in round {
            ledger.sent[*id as usize].first_sent.get_or_insert(turn.now);
        }
        let parts: Vec<(&str, i32, &[u8])> = round
            .iter()
            .map(|id| {
                let sent = &ledger.sent[*id as usize];
                let output = &ledger.outputs[sent.partition];
                (&output.topic[..], output.index, &sent.bytes[..])
            })
            .collect();
        wire::produce(correlation, self.who(), &parts)
    }
}
