//! What transactions need of others: markers in all their partitions, and producer ids.
//!
//! A marker in a partition of `__consumer_offsets` also ends a transaction for the groups in it. They hear
//! of it when it is durable and before the transaction's coordinator does, who lets the producer's next
//! transaction begin.

use std::collections::{HashMap, VecDeque};

use headwater_protocol::batch::control::Marker;
use headwater_protocol::error_code::ErrorCode;

use super::host::Event;
use super::{Coordinators, Waiter};
use crate::broker::controller::{self, Command, Outcome};
use crate::broker::coordination::{Kind, Place};
use crate::broker::groups::turn::Producer;
use crate::broker::txn::requests::TopicPartition;
use crate::broker::txn::turn::{Marked, Markers, Parked};
use crate::log::producers::transactions::MarkerOf;
use crate::model::PartitionKey;
use crate::shard::letters::{Answer, AppendAnswer, Ask, Refusal, ReplyTo};
use crate::worker::Worker;

/// The tickets of errands have this bit, those of a host's own writes have not.
const ERRAND: u64 = 1 << 63;

/// What was asked for and has not come yet.
#[derive(Default)]
pub struct Errands {
    last: u64,
    open: HashMap<u64, Errand>,
    /// Decisions that wait for a producer id.
    parked: VecDeque<(Place, Parked<Waiter>)>,
    /// The controller has been asked for ids.
    ids_asked: bool,
}

enum Errand {
    /// A marker of a transaction that is coordinated here.
    Marker { place: Place, transactional_id: String, partition: TopicPartition },
    /// A marker, from wherever, in a partition whose groups are kept here.
    GroupsMarker { producer: Producer, marker: Marker, reply_to: ReplyTo },
}

impl Errands {
    /// Whether a ticket is one of an errand.
    pub fn is(ticket: u64) -> bool {
        ticket & ERRAND != 0
    }

    fn begin(&mut self, errand: Errand) -> u64 {
        self.last += 1;
        let ticket = ERRAND | self.last;
        self.open.insert(ticket, errand);
        ticket
    }
}

impl Coordinators {
    fn keeps_groups(&self, key: PartitionKey) -> bool {
        matches!(self.places.get(&key), Some((Kind::Groups, _)))
    }
}

impl Worker {
    /// Sends markers to the partitions of transactions.
    pub(super) fn send_markers(&mut self, markers: Vec<(Place, Markers)>) {
        for (place, markers) in markers {
            for partition in &markers.partitions {
                self.send_marker(place, &markers, partition);
            }
        }
    }

    fn send_marker(&mut self, place: Place, markers: &Markers, partition: &TopicPartition) {
        let found = self.catalog.by_name(&partition.topic);
        let found = found.filter(|topic| topic.has(partition.partition)).cloned();
        let id = markers.transactional_id.clone();
        let host = self.coordinators.hosts.get(&place).map(|host| host.key);
        let (Some(topic), Some(host)) = (found, host) else {
            let gone = Err(ErrorCode::UnknownTopicOrPartition);
            return self.marked(place, id, partition.clone(), gone);
        };
        let errand = Errand::Marker { place, transactional_id: id, partition: partition.clone() };
        let ticket = self.coordinators.errands.begin(errand);
        let ask = Ask::Marker {
            partition: topic.key(partition.partition),
            of: MarkerOf {
                producer_id: markers.producer_id,
                producer_epoch: markers.producer_epoch,
                coordinator_epoch: markers.coordinator_epoch,
                transaction_version: markers.transaction_version,
            },
            marker: if markers.commit { Marker::Commit } else { Marker::Abort },
        };
        let to = ReplyTo::Coordinator { shard: self.id, partition: host, ticket };
        self.ask(topic.shard(partition.partition, self.node.shards), ask, to);
    }

    /// A marker for a partition of this shard, from anybody: when groups are kept in it they hear first.
    pub(in crate::worker) fn before_marker(&mut self, ask: &Ask, reply_to: ReplyTo) -> ReplyTo {
        let Ask::Marker { partition, of, marker } = ask else { return reply_to };
        if !self.coordinators.keeps_groups(*partition) {
            return reply_to;
        }
        let producer = Producer { id: of.producer_id, epoch: of.producer_epoch };
        let errand = Errand::GroupsMarker { producer, marker: *marker, reply_to };
        let ticket = self.coordinators.errands.begin(errand);
        ReplyTo::Coordinator { shard: self.id, partition: *partition, ticket }
    }

    /// A marker is durable, or refused.
    pub(super) fn errand_done(
        &mut self,
        key: PartitionKey,
        ticket: u64,
        result: Result<AppendAnswer, Refusal>,
    ) {
        match self.coordinators.errands.open.remove(&ticket) {
            Some(Errand::Marker { place, transactional_id, partition }) => {
                let marked = result.map(drop).map_err(|refusal| refusal.code());
                self.marked(place, transactional_id, partition, marked);
            }
            Some(Errand::GroupsMarker { producer, marker, reply_to }) => {
                if result.is_ok() {
                    self.with_host(key, |host, _| host.machine.ended(producer, marker));
                }
                self.answers.push((reply_to, Answer::Appended(result)));
            }
            None => unreachable!("an errand ends once"),
        }
    }

    fn marked(&mut self, place: Place, id: String, partition: TopicPartition, marked: Marked) {
        self.with_coordinators(|coordinators, outside| {
            coordinators.visit(place, outside, |host, outside| {
                host.hear(Event::Marked(id, partition, marked), outside);
            });
        });
    }

    /// Gets a producer id for each decision that waits for one.
    pub(super) fn find_producer_ids(&mut self, parked: Vec<(Place, Parked<Waiter>)>) {
        self.coordinators.errands.parked.extend(parked);
        while !self.coordinators.errands.parked.is_empty() {
            let Some(id) = self.producer_ids.next() else { return self.ask_for_ids() };
            let waits = self.coordinators.errands.parked.pop_front();
            let (place, parked) = waits.expect("just seen");
            self.take_producer_id(place, parked, Ok(id));
        }
    }

    fn ask_for_ids(&mut self) {
        if std::mem::replace(&mut self.coordinators.errands.ids_asked, true) {
            return;
        }
        let Some(host) = self.coordinators.hosts.values().next().map(|host| host.key) else {
            return;
        };
        let to = ReplyTo::Coordinator { shard: self.id, partition: host, ticket: ERRAND };
        self.command(Command::ProducerId, to);
    }

    /// The controller has given out producer ids, or cannot.
    pub(in crate::worker) fn ids_for_coordinators(&mut self, outcome: Outcome) {
        self.coordinators.errands.ids_asked = false;
        match outcome {
            Outcome::ProducerId(Ok(first)) => {
                self.producer_ids = controller::producer_id_block(first);
                self.find_producer_ids(Vec::new());
            }
            Outcome::ProducerId(Err(fault)) => {
                for (place, parked) in std::mem::take(&mut self.coordinators.errands.parked) {
                    self.take_producer_id(place, parked, Err(fault.code));
                }
            }
            _ => unreachable!("ids were asked for"),
        }
    }

    fn take_producer_id(
        &mut self,
        place: Place,
        parked: Parked<Waiter>,
        id: Result<i64, ErrorCode>,
    ) {
        self.with_coordinators(|coordinators, outside| {
            coordinators.visit(place, outside, |host, outside| {
                host.hear(Event::ProducerId(parked, id), outside);
            });
        });
    }
}
