//! The coordinators of this shard: one for each partition of an internal topic that it owns.
//!
//! `host` runs one of them, `load` reads its records back, `machine` makes the two kinds look alike; here
//! they meet the shard: questions come in, records are appended, answers go out.

mod agenda;
mod host;
mod load;
mod machine;
pub(in crate::worker) mod measure;
mod settings;
mod transactions;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use headwater_io::clock::Nanos;
use headwater_io::op::Op;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::wire::uuid::Uuid;

use super::mail::Letter;
use super::{JobOwner, Worker};
use crate::broker::catalog::Catalog;
use crate::broker::coordination::{Kind, Place, Question, Reply};
use crate::broker::groups::Groups;
use crate::broker::groups::topics::{Topic, Topics};
use crate::broker::groups::turn::Moment;
use crate::broker::txn::Transactions;
use crate::broker::txn::requests::TopicPartition;
use crate::broker::txn::turn::{Markers, Parked};
use crate::log::read::Piece;
use crate::log::record_set::RecordSet;
use crate::model::{Offset, PartitionKey, ShardId};
use crate::shard::Shard;
use crate::shard::letters::{Answer, Ask, ReadAnswer, ReadAsk, Refusal, ReplyTo};
use crate::shard::serve;
use agenda::Agenda;
use host::{Event, Host};
use machine::Machine;
use transactions::Errands;

/// Who waits for an answer of a machine: a place in its host's list.
pub type Waiter = u32;

/// A write that found no room is tried again this often.
const BLOCKED_RETRY: Duration = Duration::from_millis(1);
/// The ticket under which a host reads its records.
const LOAD: u64 = u64::MAX >> 1;

/// The coordinators of one shard.
#[derive(Default)]
pub(super) struct Coordinators {
    hosts: BTreeMap<Place, Host>,
    agenda: Agenda,
    places: HashMap<PartitionKey, Place>,
    /// The topics as groups see them.
    topics: Arc<Topics>,
    /// What was asked for on behalf of transactions.
    errands: Errands,
}

/// What a host may use, and what it leaves to be done.
pub struct Outside<'a> {
    at: serve::Moment,
    id: ShardId,
    shards: usize,
    shard: &'a mut Shard,
    catalog: &'a Catalog,
    new_id: &'a mut dyn FnMut() -> [u8; 16],
    replies: Vec<(ReplyTo<Reply>, Reply)>,
    markers: Vec<(Place, Markers)>,
    parked: Vec<(Place, Parked<Waiter>)>,
}

impl Outside<'_> {
    fn moment(&mut self) -> Moment {
        let fresh_id = Uuid((self.new_id)());
        Moment { now: self.at.now, unix_ms: self.at.unix_ms, fresh_id }
    }

    /// Whether what is appended to `partition` is never durable before what a coordinator's log has already.
    fn keeps_order(&self, log: PartitionKey, partition: &TopicPartition) -> bool {
        let found = self.catalog.by_name(&partition.topic);
        found.filter(|topic| topic.has(partition.partition)).is_some_and(|topic| {
            topic.shard(partition.partition, self.shards) == self.id
                && self.shard.keeps_order(log, topic.key(partition.partition))
        })
    }

    fn reply(&mut self, reply_to: ReplyTo<Reply>, reply: Reply) {
        self.replies.push((reply_to, reply));
    }

    /// Appends at once, or not at all; `None`: there is no room yet. That it is durable is told under
    /// `ticket`.
    fn append(
        &mut self,
        key: PartitionKey,
        set: &RecordSet,
        ticket: u64,
    ) -> Option<Result<Offset, Refusal>> {
        let reply_to = ReplyTo::Coordinator { shard: self.id, partition: key, ticket };
        self.shard.append_own(key, set, self.at, reply_to)
    }
}

impl Coordinators {
    /// When they must be run although nobody asks.
    pub(super) fn deadline(&self) -> Option<Nanos> {
        self.agenda.next()
    }

    /// Lets one of them do something, if it is here; the only way to one that may lead to work.
    fn visit(
        &mut self,
        place: Place,
        outside: &mut Outside<'_>,
        run: impl FnOnce(&mut Host, &mut Outside<'_>),
    ) {
        let Some(host) = self.hosts.get_mut(&place) else { return };
        run(host, outside);
        let due = match host.is_blocked() {
            true => Some(outside.at.now.after(BLOCKED_RETRY)),
            false => host.deadline(),
        };
        self.agenda.set(place, due);
    }
}

impl Worker {
    /// Lets coordinators do their work: what they leave to be done is done afterwards.
    fn with_coordinators<T>(
        &mut self,
        run: impl FnOnce(&mut Coordinators, &mut Outside<'_>) -> T,
    ) -> T {
        let at = self.moment();
        let mut outside = Outside {
            at,
            id: self.id,
            shards: self.node.shards,
            shard: &mut self.shard,
            catalog: &self.catalog,
            new_id: &mut *self.new_id,
            replies: Vec::new(),
            markers: Vec::new(),
            parked: Vec::new(),
        };
        let result = run(&mut self.coordinators, &mut outside);
        let Outside { replies, markers, parked, .. } = outside;
        for (reply_to, reply) in replies {
            self.coordinated(reply_to, reply);
        }
        self.send_markers(markers);
        self.find_producer_ids(parked);
        result
    }

    /// Asks the coordinator of a partition, wherever it is.
    pub(super) fn coordinate(&mut self, shard: ShardId, question: Question, to: ReplyTo<Reply>) {
        if shard != self.id {
            return self.mail.send(shard, Letter::Coordinate(question, to));
        }
        self.with_coordinators(|coordinators, outside| {
            let place = question.place();
            if !coordinators.hosts.contains_key(&place) {
                return outside.reply(to, question.refuse(ErrorCode::NotCoordinator));
            }
            coordinators.visit(place, outside, |host, outside| {
                host.hear(Event::Ask(question, to), outside);
            });
        });
    }

    /// Takes a coordinator's answer to whoever asked.
    fn coordinated(&mut self, reply_to: ReplyTo<Reply>, reply: Reply) {
        match reply_to {
            ReplyTo::Call { shard, call, part } if shard == self.id => {
                self.coordinated_call(call, part, reply)
            }
            ReplyTo::Call { shard, call, part } => {
                self.mail.send(shard, Letter::Coordinated(call, part, reply))
            }
            ReplyTo::Program(completer) => completer.complete(reply),
            ReplyTo::Coordinator { .. } | ReplyTo::Nobody => {}
        }
    }

    /// Does what is due.
    pub(super) fn run_coordinators(&mut self) {
        let due = self.coordinators.agenda.due(self.now());
        if due.is_empty() {
            return;
        }
        self.with_coordinators(|coordinators, outside| {
            for place in due {
                coordinators.visit(place, outside, Host::run);
            }
        });
    }

    /// The topics have changed, or the worker begins: hosts for what this shard owns of internal topics.
    pub(super) fn place_coordinators(&mut self) {
        let mut found = Vec::new();
        for topic in self.catalog.topics() {
            let Some(kind) = Kind::of_topic(&topic.name) else { continue };
            let indexes = (0..topic.partitions)
                .filter(|&index| topic.shard(index, self.node.shards) == self.id);
            found.extend(indexes.map(|index| ((kind, index), topic.key(index))));
        }
        let topics = Arc::new(topics_for_groups(&self.catalog));
        let gone = deleted(&self.coordinators.topics, &topics);
        self.coordinators.topics = Arc::clone(&topics);
        let places: HashMap<_, _> = found.iter().map(|&(place, key)| (key, place)).collect();
        let Coordinators { hosts, agenda, .. } = &mut self.coordinators;
        for (place, _) in hosts.extract_if(.., |_, host| !places.contains_key(&host.key)) {
            agenda.set(place, None);
        }
        self.coordinators.places = places;
        self.tell_groups(&topics, &gone);
        for (place, key) in found {
            if !self.coordinators.hosts.contains_key(&place) {
                let host = Host::new(place, key, self.machine(place.0));
                self.coordinators.hosts.insert(place, host);
                if place.0 == Kind::Transactions {
                    self.shard.lead(key);
                }
                self.load_on(key);
            }
        }
    }

    fn machine(&self, kind: Kind) -> Machine {
        let config = &self.config.coordination;
        match kind {
            Kind::Groups => {
                let topics = Arc::clone(&self.coordinators.topics);
                Machine::Groups(Box::new(Groups::new(settings::groups(config), topics)))
            }
            Kind::Transactions => {
                let epoch = self.node.epoch.0;
                let settings = settings::transactions(config);
                Machine::Transactions(Box::new(Transactions::new(settings, epoch)))
            }
        }
    }

    /// Groups hear which topics there are, and of each that is gone.
    fn tell_groups(&mut self, topics: &Arc<Topics>, gone: &[String]) {
        self.with_coordinators(|coordinators, outside| {
            let places: Vec<Place> = coordinators.hosts.keys().copied().collect();
            for place in places {
                coordinators.visit(place, outside, |host, outside| {
                    let Machine::Groups(groups) = &mut host.machine else { return };
                    groups.set_topics(Arc::clone(topics));
                    for name in gone {
                        host.hear(Event::TopicDeleted(name.clone()), outside);
                    }
                });
            }
        });
    }

    /// Reads on in the records of a host, if it is being loaded.
    fn load_on(&mut self, key: PartitionKey) {
        let Some(offset) = self.host(key).and_then(|host| host.loads_from()) else { return };
        let read = ReadAsk { offset, bytes_max: load::READ_BYTES, ..ReadAsk::all(key) };
        let ask = Ask::Read { reads: vec![read], bytes_max: load::READ_BYTES };
        let to = ReplyTo::Coordinator { shard: self.id, partition: key, ticket: LOAD };
        self.ask(self.id, ask, to);
    }

    fn host(&mut self, key: PartitionKey) -> Option<&mut Host> {
        let place = self.coordinators.places.get(&key)?;
        self.coordinators.hosts.get_mut(place)
    }

    fn with_host(&mut self, key: PartitionKey, run: impl FnOnce(&mut Host, &mut Outside<'_>)) {
        self.with_coordinators(|coordinators, outside| {
            if let Some(&place) = coordinators.places.get(&key) {
                coordinators.visit(place, outside, run);
            }
        });
    }

    /// A shard has answered a coordinator: its records, that a write is durable, or a marker.
    pub(super) fn answer_coordinator(&mut self, key: PartitionKey, ticket: u64, answer: Answer) {
        match answer {
            Answer::Read(mut reads) if ticket == LOAD => {
                match reads.pop().expect("one partition was read") {
                    Ok(read) => self.read_back(key, read),
                    Err(refusal) => self.cannot_read(key, refusal),
                }
            }
            Answer::Appended(result) if Errands::is(ticket) => {
                self.errand_done(key, ticket, result);
            }
            Answer::Appended(result) => {
                let result = result.map(drop);
                self.with_host(key, |host, outside| host.stable(ticket, result, outside));
            }
            _ => unreachable!("not what a coordinator asks"),
        }
    }

    /// Records of a host have been found, perhaps in a file.
    fn read_back(&mut self, key: PartitionKey, read: ReadAnswer) {
        let end = read.high_watermark;
        if self.host(key).and_then(|host| host.loads_from()).is_none_or(|next| next >= end) {
            return self.with_host(key, Host::open);
        }
        let job = Op::Job(Box::new(move |fs| Box::new(Piece::gather(fs, &read.pieces))));
        self.submit_job(job, JobOwner::Coordinator(key));
    }

    /// They are in memory.
    pub(super) fn gathered(&mut self, key: PartitionKey, bytes: std::io::Result<Vec<u8>>) {
        let Some(host) = self.host(key) else { return };
        let Some(from) = host.loads_from() else { return };
        let result = bytes.map_err(|error| error.to_string());
        let result = result.and_then(|bytes| load::replay(&mut host.machine, &bytes, from));
        match result {
            Ok(next) if next > from => {
                host.loaded_to(next);
                self.load_on(key);
            }
            Ok(_) => self.cannot_load(key, "no whole batch is where one should be"),
            Err(why) => self.cannot_load(key, &why),
        }
    }

    fn cannot_read(&mut self, key: PartitionKey, refusal: Refusal) {
        match refusal {
            // The log does not begin at 0 any more.
            Refusal::OutOfRange { log_start, .. }
                if self.host(key).and_then(|host| host.loads_from()) < Some(log_start) =>
            {
                if let Some(host) = self.host(key) {
                    host.loaded_to(log_start);
                }
                self.load_on(key);
            }
            refusal => self.cannot_load(key, &format!("{refusal:?}")),
        }
    }

    fn cannot_load(&mut self, key: PartitionKey, why: &str) {
        let place = self.coordinators.places.get(&key).copied();
        tracing::error!(
            ?place,
            why,
            "a coordinator cannot read its records and serves nothing: see `headwater verify`"
        );
        self.with_host(key, Host::fail);
    }
}

/// Names that were there and are not any more, or belong to another topic now.
fn deleted(before: &Topics, after: &Topics) -> Vec<String> {
    let is_gone = |topic: &&Topic| after.by_id(topic.id).is_none();
    before.all().filter(is_gone).map(|topic| topic.name.clone()).collect()
}

fn topics_for_groups(catalog: &Catalog) -> Topics {
    let topic = |topic: &crate::broker::catalog::Topic| Topic {
        name: topic.name.clone(),
        id: topic.id,
        partitions: topic.partitions,
    };
    catalog.topics().map(|one| topic(one)).collect()
}
