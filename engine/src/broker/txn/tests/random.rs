//! Chance: producers of both generations, successors that fence them, slow and refused markers, logs that
//! refuse records, time that passes, and crashes that keep any prefix of what was appended.
//!
//! What must hold, whatever happens:
//! - a transaction that was answered as committed is committed in all its partitions in the end, one that
//!   was answered as aborted in none, and no transaction has both kinds of markers;
//! - a producer whose successor was answered never gets a success again;
//! - the identities that are handed out for a transactional id only grow;
//! - a replay of the log gives what `appended` gave.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use headwater_io::sim::rng::Rng;

use super::model::Partitions;
use super::records::Record;
use super::*;

const IDS: [&str; 3] = ["tx-0", "tx-1", "tx-2"];
const TOPICS: [&str; 2] = ["a", "b"];
const STEPS: u64 = 1500;
const SEEDS: u64 = 150;

/// One instance of a program.
#[derive(Clone, Debug)]
struct Client {
    id: &'static str,
    /// Instances of the same transactional id are numbered.
    instance: u64,
    who: Option<ProducerIdAndEpoch>,
    version: TransactionVersion,
    /// The transaction that it is in: its number, and the partitions that are in it.
    open: Option<(u64, BTreeSet<TopicPartition>)>,
    /// The end that it has asked for and not heard of: it asks for the same until it does.
    ending: Option<EndTxn>,
}

/// Something that leaves when the log is durable up to its length then.
enum Held {
    Answer(u64, Answer),
    Markers(Markers),
}

struct World {
    rng: Rng,
    now_ms: u64,
    machine: Transactions<u64>,
    log: Vec<Record>,
    /// Batches: lengths of the log that a crash may leave.
    ends: Vec<usize>,
    durable: usize,
    held: VecDeque<(usize, Held)>,
    marking: Vec<(Markers, TopicPartition)>,
    parked: Vec<Parked<u64>>,
    next_producer_id: i64,
    partitions: Partitions,
    clients: Vec<Client>,
    /// Who asked what, by waiter.
    asked: BTreeMap<u64, (usize, Request)>,
    waiters: u64,
    numbers: u64,
    instances: u64,
    /// The newest identity that was answered, and its instance.
    newest: BTreeMap<&'static str, (ProducerIdAndEpoch, u64)>,
    /// Transactions that were answered as ended: how, and where.
    told: BTreeMap<u64, (bool, BTreeSet<TopicPartition>)>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut world = World {
            rng: Rng::new(seed),
            now_ms: 0,
            machine: Transactions::new(Settings::default(), 0),
            log: Vec::new(),
            ends: vec![0],
            durable: 0,
            held: VecDeque::new(),
            marking: Vec::new(),
            parked: Vec::new(),
            next_producer_id: 1,
            partitions: Partitions::default(),
            clients: Vec::new(),
            asked: BTreeMap::new(),
            waiters: 0,
            numbers: 0,
            instances: 0,
            newest: BTreeMap::new(),
            told: BTreeMap::new(),
        };
        if seed % 2 == 1 {
            world.begin_with_old_ids();
        }
        world
    }

    /// Transactional ids with few epochs left.
    fn begin_with_old_ids(&mut self) {
        for (id, producer_id) in IDS.into_iter().zip(1..) {
            let old = producer(producer_id, LAST_EPOCH - 4);
            let idle = Transaction { producer: old, ..transaction(CompleteCommit) };
            self.log.push(records::encode(id, Some(&idle)));
        }
        self.durable = self.log.len();
        self.ends = vec![self.durable];
        self.next_producer_id = 10;
        self.machine = self.replayed();
        drop(self.machine.loaded(self.at()));
    }

    fn at(&self) -> Moment {
        at(self.now_ms)
    }

    fn step(&mut self) {
        match self.rng.below(100) {
            0..50 => self.request(),
            50..65 => self.flush(),
            65..85 => self.mark_one(),
            85..90 => self.producer_id(),
            90..97 => {
                let most = if self.rng.chance(20) { 70_000 } else { 300 };
                self.now_ms += self.rng.below(most);
                let turn = self.machine.expire(self.at());
                self.take(turn);
            }
            _ => self.crash(),
        }
    }

    fn request(&mut self) {
        if self.clients.len() < 2 || (self.clients.len() < 5 && self.rng.chance(2)) {
            return self.new_client();
        }
        let n = self.rng.below(self.clients.len() as u64) as usize;
        // An honest client has one request at a time.
        if self.asked.values().any(|(client, _)| *client == n) {
            return;
        }
        let Some(who) = self.clients[n].who else { return self.ask_for_identity(n) };
        if let Some(same) = self.clients[n].ending.clone() {
            return self.ask(n, Request::EndTxn(same));
        }
        match self.rng.below(20) {
            0..11 => self.ask_for_partitions(n, who),
            11..19 => {
                let (committed, client) = (self.rng.chance(60), self.clients[n].version);
                let transactional_id = self.clients[n].id.to_owned();
                let end = EndTxn { transactional_id, producer: who, committed, client };
                self.clients[n].ending = Some(end.clone());
                self.ask(n, Request::EndTxn(end));
            }
            _ => self.ask_for_identity(n),
        }
    }

    fn new_client(&mut self) {
        let id = *self.rng.pick(&IDS);
        let version = *self.rng.pick(&[TransactionVersion::V0, TransactionVersion::V2]);
        self.instances += 1;
        let instance = self.instances;
        self.clients.push(Client { id, instance, who: None, version, open: None, ending: None });
        self.ask_for_identity(self.clients.len() - 1);
    }

    fn ask_for_identity(&mut self, n: usize) {
        let claimed = self.clients[n].who.unwrap_or(ProducerIdAndEpoch::NONE);
        let request = InitProducerId {
            transactional_id: self.clients[n].id.to_owned(),
            transaction_timeout_ms: 60_000,
            producer_id: claimed.producer_id,
            producer_epoch: claimed.producer_epoch,
        };
        self.ask(n, Request::InitProducerId(request));
    }

    fn ask_for_partitions(&mut self, n: usize, who: ProducerIdAndEpoch) {
        let count = 1 + self.rng.below(3);
        let each = |rng: &mut Rng| {
            let topic = *rng.pick(&TOPICS);
            p(topic, rng.below(3) as i32)
        };
        let request = AddPartitionsToTxn {
            transactional_id: self.clients[n].id.to_owned(),
            producer: who,
            verify_only: false,
            then_appends: false,
            partitions: (0..count).map(|_| each(&mut self.rng)).collect(),
            client: self.clients[n].version,
        };
        self.ask(n, Request::AddPartitionsToTxn(request));
    }

    fn ask(&mut self, client: usize, request: Request) {
        self.waiters += 1;
        self.asked.insert(self.waiters, (client, request.clone()));
        let turn = self.machine.handle(request, self.waiters, self.at());
        self.take(turn);
    }

    /// Carries a turn as far as memory goes.
    fn take(&mut self, mut turn: Turn<u64>) {
        if let Some(write) = turn.write.take() {
            let more = if self.rng.chance(5) {
                self.machine.refused(write, ErrorCode::KafkaStorageError)
            } else {
                self.log.extend(write.records.iter().cloned());
                self.ends.push(self.log.len());
                self.machine.appended(write)
            };
            self.take(more);
        }
        let end = self.log.len();
        self.parked.extend(turn.parked);
        let answers = turn.answers.into_iter().map(|(waiter, said)| Held::Answer(waiter, said));
        let markers = turn.markers.into_iter().map(Held::Markers);
        self.held.extend(answers.chain(markers).map(|held| (end, held)));
    }

    fn flush(&mut self) {
        let open: Vec<usize> =
            self.ends.iter().copied().filter(|end| *end >= self.durable).collect();
        self.durable = *self.rng.pick(&open);
        while self.held.front().is_some_and(|(end, _)| *end <= self.durable) {
            match self.held.pop_front().expect("there is one").1 {
                Held::Answer(waiter, answer) => self.hear(waiter, answer),
                Held::Markers(markers) => {
                    let each = markers.partitions.clone().into_iter();
                    self.marking.extend(each.map(|partition| (markers.clone(), partition)));
                }
            }
        }
    }

    fn mark_one(&mut self) {
        if self.marking.is_empty() {
            return;
        }
        let n = self.rng.below(self.marking.len() as u64) as usize;
        let (markers, partition) = self.marking.swap_remove(n);
        let refused = self.rng.chance(10);
        // A partition that says no may have written it all the same.
        if !refused || self.rng.chance(50) {
            self.partitions.mark(&markers, &partition);
        }
        let marked = if refused { Err(ErrorCode::NotLeaderOrFollower) } else { Ok(()) };
        let id = &markers.transactional_id;
        let turn = self.machine.marked(id, &partition, marked, self.at());
        self.take(turn);
    }

    fn producer_id(&mut self) {
        let Some(parked) = self.parked.pop() else { return };
        let new = if self.rng.chance(10) {
            Err(ErrorCode::CoordinatorLoadInProgress)
        } else {
            self.next_producer_id += 1;
            Ok(self.next_producer_id)
        };
        let turn = self.machine.resume(parked, new, self.at());
        self.take(turn);
    }

    /// A client hears an answer.
    fn hear(&mut self, waiter: u64, answer: Answer) {
        let (n, request) = self.asked.remove(&waiter).expect("it was asked");
        match (request, answer) {
            (_, Answer::InitProducerId(Ok(who))) => self.hear_identity(n, who),
            (Request::AddPartitionsToTxn(r), Answer::AddPartitionsToTxn(each)) => {
                if each.iter().all(|(_, code)| code.is_none()) {
                    self.must_be_newest(n);
                    self.write(n, r);
                } else if each.iter().any(|(_, code)| !code.is_retriable()) {
                    self.start_again(n);
                }
            }
            (Request::EndTxn(r), Answer::EndTxn(Ok(who))) => {
                self.must_be_newest(n);
                let client = &mut self.clients[n];
                client.ending = None;
                if r.client.raises_epoch() {
                    client.who = Some(who);
                    let (id, instance) = (client.id, client.instance);
                    self.note_newest(id, who, instance);
                }
                if let Some((number, partitions)) = self.clients[n].open.take() {
                    self.told.insert(number, (r.committed, partitions));
                }
            }
            // Another instance, or the broker itself, has ended what was open: a new life.
            (_, Answer::InitProducerId(Err(code)) | Answer::EndTxn(Err(code)))
                if !code.is_retriable() =>
            {
                self.start_again(n);
            }
            _ => {}
        }
    }

    /// As another instance: of the one before, nobody hears again.
    fn start_again(&mut self, n: usize) {
        self.instances += 1;
        let Client { id, version, .. } = self.clients[n];
        let instance = self.instances;
        let fresh = Client { id, instance, version, who: None, open: None, ending: None };
        self.clients[n] = fresh;
    }

    fn hear_identity(&mut self, n: usize, who: ProducerIdAndEpoch) {
        let Client { id, instance, .. } = self.clients[n];
        self.note_newest(id, who, instance);
        self.clients[n].who = Some(who);
        self.clients[n].open = None;
    }

    fn note_newest(&mut self, id: &'static str, who: ProducerIdAndEpoch, instance: u64) {
        let pair = |who: ProducerIdAndEpoch| (who.producer_id, who.producer_epoch);
        if let Some((before, _)) = self.newest.get(id) {
            assert!(pair(who) >= pair(*before), "{id}: {who:?} came after {before:?}");
        }
        self.newest.insert(id, (who, instance));
    }

    /// Nobody else has been given this transactional id since.
    fn must_be_newest(&self, n: usize) {
        let Client { id, instance, .. } = self.clients[n];
        assert_eq!(self.newest[id].1, instance, "{id}: a fenced producer had success");
    }

    /// The client writes to the partitions that it has added.
    fn write(&mut self, n: usize, request: AddPartitionsToTxn) {
        self.numbers += u64::from(self.clients[n].open.is_none());
        let fresh = (self.numbers, BTreeSet::new());
        let (number, mut written) = self.clients[n].open.take().unwrap_or(fresh);
        for partition in request.partitions {
            // As the broker checks it before an append (KIP-890): the transaction is still this one.
            let found = self.machine.entries.get(request.transactional_id.as_str());
            let is_in = found.is_some_and(|entry| {
                entry.transaction.state == Ongoing
                    && entry.transaction.producer == request.producer
                    && entry.transaction.partitions.contains(&partition)
            });
            if is_in && self.partitions.write(&partition, request.producer, number) {
                written.insert(partition);
            }
        }
        self.clients[n].open = Some((number, written));
    }

    /// The broker dies; the log keeps what was durable, and perhaps more.
    fn crash(&mut self) {
        let may: Vec<usize> = self.ends.iter().copied().filter(|e| *e >= self.durable).collect();
        let kept = *self.rng.pick(&may);
        if kept == self.log.len() {
            self.check_replay();
        }
        self.log.truncate(kept);
        self.ends.retain(|end| *end <= kept);
        self.durable = kept;
        // Nobody hears anything any more; clients ask again.
        self.held.clear();
        self.parked.clear();
        self.marking.clear();
        self.asked.clear();
        self.machine = self.replayed();
        let turn = self.machine.loaded(self.at());
        self.take(turn);
    }

    fn replayed(&self) -> Transactions<u64> {
        let mut machine = Transactions::new(Settings::default(), self.log.len() as i32);
        for Record { key, value } in &self.log {
            machine.replay(key, value.as_deref()).expect("we wrote it");
        }
        machine
    }

    fn check_replay(&self) {
        let records = |machine: &Transactions<u64>| -> Vec<_> {
            machine.transactions().map(|(id, value)| records::encode(id, Some(value))).collect()
        };
        assert_eq!(records(&self.replayed()), records(&self.machine));
    }

    /// No more crashes and no more requests: everything comes to its end, and the books are right.
    fn settle(&mut self) {
        self.check_replay();
        for _ in 0..2000 {
            self.now_ms += 1000;
            let turn = self.machine.expire(self.at());
            self.take(turn);
            self.durable = self.log.len();
            self.flush();
            while !self.marking.is_empty() {
                self.mark_one();
            }
            if self.machine.transactions().all(|(_, value)| value.state.is_idle()) {
                break;
            }
        }
        assert!(self.machine.transactions().all(|(_, value)| value.state.is_idle()));
        self.check_replay();
        assert!(self.partitions.open.is_empty(), "left open: {:?}", self.partitions.open);
        for (number, (committed, partitions)) in &self.told {
            let nowhere = BTreeSet::new();
            let ended = |commit| self.partitions.ended.get(&(*number, commit)).unwrap_or(&nowhere);
            assert_eq!(ended(*committed), partitions, "transaction {number}: {committed}");
            assert_eq!(ended(!*committed), &nowhere, "transaction {number} is torn");
        }
        for (number, _) in self.partitions.ended.keys() {
            let both = [true, false].map(|c| self.partitions.ended.contains_key(&(*number, c)));
            assert_ne!(both, [true, true], "transaction {number} is torn");
        }
    }
}

#[test]
fn whatever_happens_transactions_are_whole() {
    let (mut commits, mut aborts) = (0, 0);
    for seed in 0..SEEDS {
        println!("seed {seed}");
        let mut world = World::new(seed);
        (0..STEPS).for_each(|_| world.step());
        world.settle();
        commits += world.told.values().filter(|(committed, _)| *committed).count();
        aborts += world.told.values().filter(|(committed, _)| !*committed).count();
    }
    // Chance was given something to break.
    assert!(commits > 400 && aborts > 400, "{commits} commits, {aborts} aborts");
}
