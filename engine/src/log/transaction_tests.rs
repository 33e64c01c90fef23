//! Transactions in one log on a simulated disk: random producers, markers, rolls, restarts and power cuts,
//! against a list of what was appended.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use headwater_protocol::batch::attributes::Attributes;
use headwater_protocol::batch::builder::{BatchBuilder, Producer};
use headwater_protocol::batch::compression::Compression;
use headwater_protocol::batch::control::{End, Marker};
use headwater_protocol::batch::header;

use super::super::producers::transactions::MarkerOf;
use super::*;

/// What a client knows of its transaction in this log.
#[derive(Clone, Copy, Default)]
struct Client {
    epoch: i16,
    sequence: i32,
}

fn transactional(id: i64, client: Client, value: &[u8]) -> Bytes {
    let mut builder = BatchBuilder::new(Compression::None);
    builder.push(1000, Some(b"key"), Some(value));
    let producer = Producer { id, epoch: client.epoch, base_sequence: client.sequence };
    let attributes = Attributes { is_transactional: true, ..Attributes::default() };
    Bytes::copy_from_slice(builder.finish_with(producer, attributes))
}

impl Bench {
    fn append_transactional(&mut self, id: i64, clients: &mut BTreeMap<i64, Client>) {
        let client = clients.entry(id).or_default();
        let len = 1 + self.rng.below(4000) as usize;
        let set =
            RecordSet::check(transactional(id, *client, &vec![b'v'; len]), BATCH_MAX).unwrap();
        client.sequence += 1;
        loop {
            match self.log.append(&set, self.now(), true) {
                Err(AppendError::NotYet) => self.turn(),
                other => {
                    other.unwrap();
                    return;
                }
            }
        }
    }

    fn end_transaction(&mut self, id: i64, clients: &mut BTreeMap<i64, Client>) {
        let client = clients.entry(id).or_default();
        *client = Client { epoch: client.epoch + 1, sequence: 0 };
        let marker = if self.rng.chance(50) { Marker::Abort } else { Marker::Commit };
        let of = MarkerOf {
            producer_id: id,
            producer_epoch: client.epoch,
            coordinator_epoch: 3,
            transaction_version: 2,
        };
        let set = RecordSet::marker(&of, marker, 2000);
        loop {
            match self.log.append_marker(&set, self.now(), &of) {
                Err(AppendError::NotYet) => self.turn(),
                other => {
                    other.unwrap();
                    return;
                }
            }
        }
    }

    /// What the bytes of the log say: the offsets of committed records, and the start of the oldest open
    /// transaction.
    fn truth(&mut self, visible: Mark) -> (BTreeSet<i64>, Offset) {
        let (mut committed, mut open) = (BTreeSet::new(), BTreeMap::<i64, Vec<i64>>::new());
        let bytes = self.read_from(Offset(0), visible);
        for batch in header::batches(&bytes).map(Result::unwrap) {
            let id = batch.header.producer_id;
            match End::of(&batch.header, batch.bytes) {
                None => open.entry(id).or_default().push(batch.header.base_offset),
                Some(End { marker, .. }) => {
                    let records = open.remove(&id).unwrap_or_default();
                    if marker == Marker::Commit {
                        committed.extend(records);
                    }
                }
            }
        }
        let first = open.values().filter_map(|records| records.first()).min();
        (committed, first.map_or(visible.offset, |first| Offset(*first)))
    }

    /// What a consumer of committed records gets who reads from `from` on: as clients do it, by what the
    /// answers list as aborted.
    fn consume(&mut self, from: Offset, stable: Mark) -> BTreeSet<i64> {
        let mut got = BTreeSet::new();
        let bytes = self.read_from(from, stable);
        let listed = self.log.aborted_in(from, stable.offset);
        let mut waiting: Vec<_> = listed.into_iter().rev().collect();
        waiting.sort_by_key(|aborted| std::cmp::Reverse(aborted.first_offset));
        let mut void = BTreeSet::new();
        for batch in header::batches(&bytes).map(Result::unwrap) {
            let header = batch.header;
            while waiting.last().is_some_and(|next| next.first_offset.0 <= header.last_offset()) {
                void.insert(waiting.pop().unwrap().producer_id);
            }
            match End::of(&header, batch.bytes) {
                Some(End { marker: Marker::Abort, .. }) => drop(void.remove(&header.producer_id)),
                Some(_) => {}
                None if void.contains(&header.producer_id) => {}
                None => drop(got.insert(header.base_offset)),
            }
        }
        got
    }

    fn assert_isolated(&mut self) {
        let visible = self.log.marks().durable();
        let (committed, first_open) = self.truth(visible);
        let stable = self.log.stable(visible, None);
        // Without the markers that nobody can see, the log may know that more has ended.
        assert!(stable.offset >= first_open, "{stable:?} before {first_open}");
        if visible == self.log.marks().appended() {
            assert_eq!(stable.offset, first_open, "last stable offset");
            let from = Offset(self.rng.below(stable.offset.0 as u64 + 1) as i64);
            for from in [Offset(0), from] {
                let committed = committed.range(from.0..stable.offset.0).copied();
                assert_eq!(self.consume(from, stable), committed.collect(), "from {from}");
            }
        }
    }
}

#[test]
fn committed_records_and_no_others_are_read_across_restarts_and_power_cuts() {
    for seed in 0..60 {
        println!("seed {seed}");
        let mut b = Bench::new(seed);
        let mut clients = BTreeMap::new();
        for life in 2..5 {
            for _ in 0..b.rng.below(250) {
                let id = b.rng.below(6) as i64;
                match b.rng.below(100) {
                    0..70 => b.append_transactional(id, &mut clients),
                    70..90 => b.end_transaction(id, &mut clients),
                    _ => b.turn(),
                }
                if b.rng.chance(30) {
                    let end = b.log.marks().appended().offset;
                    b.log.want_durable(end);
                }
            }
            if b.rng.chance(50) {
                b.settle();
                b.assert_isolated();
            }
            let (clean, kept) = (b.log.clean_end(), b.log.producers.clone());
            if clean.is_none() || !b.log.is_idle() || b.rng.chance(50) {
                b.world.power_cut();
                b.io = b.world.driver();
                b.log = open(&b.io, life, None);
            } else {
                b.log = open(&b.io, life, clean);
            }
            assert_eq!(b.log.health(), &Health::Serving);
            if clean.is_some() {
                assert_eq!(b.log.producers, kept, "rebuilt and kept");
            }
            b.assert_isolated();
            clients.clear();
            for state in b.log.producers().describe() {
                let client =
                    Client { epoch: state.producer_epoch, sequence: state.last_sequence + 1 };
                clients.insert(state.producer_id, client);
            }
        }
    }
}

#[test]
fn a_list_of_aborted_transactions_that_is_gone_or_rotten_is_made_again() {
    for damage in [true, false] {
        let mut b = Bench::new(7);
        let mut clients = BTreeMap::new();
        while b.log.segments.len() < 4 {
            let id = b.rng.below(3) as i64;
            match b.rng.chance(80) {
                true => b.append_transactional(id, &mut clients),
                false => b.end_transaction(id, &mut clients),
            }
            b.turn();
        }
        b.settle();
        let end = b.log.marks().appended().offset;
        let listed = b.log.aborted_in(Offset(0), end);
        assert!(listed.len() > 3, "{listed:?}");
        let lists: Vec<_> = b.io.fs().list(Path::new(DIR)).unwrap();
        let lists = lists.into_iter().filter(|entry| entry.name.ends_with(".txnindex"));
        let paths: Vec<_> = lists.map(|entry| Path::new(DIR).join(entry.name)).collect();
        assert!(paths.len() >= 2, "{paths:?}");
        for path in &paths {
            match damage {
                true => b.world.disk().rot(path, 12, 1),
                false => b.io.fs().remove_file(path).unwrap(),
            }
        }
        b.log = open(&b.io, 2, None);
        assert_eq!(b.log.aborted_in(Offset(0), end), listed);
        b.assert_isolated();
        for path in &paths {
            let bytes = b.io.fs().read(path).unwrap();
            assert!(crate::log::aborted::file::decode(&bytes).is_some_and(|all| !all.is_empty()));
        }
    }
}
