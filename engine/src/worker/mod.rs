//! One core's loop: reap, read sockets, serve, append, submit. The only place that knows sockets, shards
//! and the controller together, so that none of them needs to know another.
//!
//! `sockets` moves bytes and frames, `calls` carries requests from their frame to their answer, `mail`
//! is how shards talk, `publish` how all of them hear of new topics, `pressure` who may go on when memory
//! is short.

pub mod calls;
mod coordinators;
pub mod mail;
pub mod measure;
mod pressure;
pub mod publish;
mod sockets;
mod stepped;
mod stop;
mod throttle;

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use headwater_io::clock::Nanos;
use headwater_io::driver::Driver;
use headwater_io::op::{Completion, Done, Op};
use headwater_io::socket::Listener;
use slab::Slab;

use crate::api::Node;
use crate::api::access::Principal;
use crate::broker::catalog::Catalog;
use crate::broker::controller::{Controller, Worked};
use crate::broker::fetch_sessions::FetchSessions;
use crate::config::broker::BrokerConfig;
use crate::log::compaction::plan::Policy;
use crate::log::retention::Retention;
use crate::model::{PartitionKey, ShardId};
use crate::net::connection::Connection;
use crate::net::limits::Limits;
use crate::shard::Shard;
use crate::shard::compaction::Pace as CleanerPace;
use crate::shard::letters::{Answer, CallId, Refusal, ReplyTo};
use crate::shard::scrub::Pace;
use crate::shard::serve::{Moment, Refuse};
use crate::token::Owner;
use calls::CallState;
use coordinators::Coordinators;
use mail::Mail;
use pressure::Favoured;
use publish::Announced;

/// How often producers are looked for that write nothing any more.
const FORGET_PRODUCERS: Duration = Duration::from_secs(600);
/// How often connections are looked at for silence.
const IDLE_SWEEP: Duration = Duration::from_secs(5);

/// Everything one core works with.
pub struct Worker {
    id: ShardId,
    io: Driver,
    shard: Shard,
    mail: Mail,
    listener: Option<Listener>,
    connections: Slab<Connection>,
    /// Connections that may have something to do at the end of this tick.
    touched: Vec<u32>,
    calls: HashMap<CallId, CallState>,
    next_call: u64,
    /// When parked calls go on in any case.
    deadlines: BTreeSet<(Nanos, CallId)>,
    /// Who waits for a job.
    jobs: Slab<JobOwner>,
    catalog: Arc<Catalog>,
    config: Arc<BrokerConfig>,
    node: Arc<Node>,
    sessions: FetchSessions,
    producer_ids: Range<i64>,
    new_id: Box<dyn FnMut() -> [u8; 16]>,
    principal: Principal,
    limits: Limits,
    /// Bytes of requests in service.
    held_bytes: usize,
    /// Bytes of answers that clients have not taken yet.
    unsent_bytes: u64,
    /// Bytes that reads in progress may bring.
    promised_bytes: u64,
    was_pressed: bool,
    /// The connection that may complete a large request although memory is short.
    favoured: Option<Favoured>,
    controller: Option<Controller>,
    /// On the first shard: what not all shards have heard of yet.
    announced: Announced,
    /// Connections that are not read for their clients' quotas, and until when.
    throttled: BTreeSet<(Nanos, u32)>,
    next_sweep: Nanos,
    /// When producers are looked for that write nothing any more.
    forget_producers_at: Nanos,
    /// When to accept again after a failure.
    accept_again: Option<Nanos>,
    /// Of groups and transactions, for the internal partitions of this shard.
    coordinators: Coordinators,
    completions: Vec<Completion>,
    answers: Vec<(ReplyTo, Answer)>,
    stop: stop::Stop,
    /// What requests and connections have come to.
    counted: measure::Counted,
    /// Shards that have answered their clients and will ask nothing more.
    drained_shards: usize,
}

/// What a worker is made of.
pub struct Parts {
    /// Which shard.
    pub id: ShardId,
    /// Its ring.
    pub io: Driver,
    /// Its partitions.
    pub shard: Shard,
    /// Its mailbox and those of the others.
    pub mail: Mail,
    /// Where clients connect, if they may.
    pub listener: Option<Listener>,
    /// The topics.
    pub catalog: Arc<Catalog>,
    /// The settings.
    pub config: Arc<BrokerConfig>,
    /// What clients are told.
    pub node: Arc<Node>,
    /// The limits of connections.
    pub limits: Limits,
    /// On the first shard.
    pub controller: Option<Controller>,
    /// Makes random ids.
    pub new_id: Box<dyn FnMut() -> [u8; 16]>,
}

enum JobOwner {
    Nobody,
    Controller,
    /// Something is looked for in files.
    Search {
        reply_to: ReplyTo,
        refuse: Refuse,
    },
    Scrub,
    /// Records of a coordinator are read.
    Coordinator(PartitionKey),
}

impl Worker {
    /// A worker that is ready to run.
    pub fn new(mut parts: Parts) -> Self {
        let session_seed =
            i32::from_be_bytes((parts.new_id)()[..4].try_into().expect("four bytes")) & 0x3fff_ffff;
        let now = parts.io.clock().now();
        parts.shard.scrub_at(Pace::of(&parts.config, parts.node.shards));
        let sweep = Duration::from_millis(parts.config.retention_check_ms);
        parts.shard.sweep_every(sweep, now);
        if parts.config.cleaner_enable {
            let pace = CleanerPace::of(&parts.config, parts.node.shards);
            parts.shard.clean_at(pace, now);
        }
        Worker {
            id: parts.id,
            io: parts.io,
            shard: parts.shard,
            mail: parts.mail,
            listener: parts.listener,
            connections: Slab::new(),
            touched: Vec::new(),
            calls: HashMap::new(),
            next_call: 0,
            deadlines: BTreeSet::new(),
            jobs: Slab::new(),
            catalog: parts.catalog,
            sessions: FetchSessions::new(
                parts.config.fetch_sessions_max.div_ceil(parts.node.shards),
                session_seed,
            ),
            config: parts.config,
            node: parts.node,
            producer_ids: 0..0,
            new_id: parts.new_id,
            principal: Principal::anonymous(),
            limits: parts.limits,
            held_bytes: 0,
            unsent_bytes: 0,
            promised_bytes: 0,
            was_pressed: false,
            favoured: None,
            controller: parts.controller,
            announced: Announced::default(),
            throttled: BTreeSet::new(),
            next_sweep: now.after(IDLE_SWEEP),
            forget_producers_at: now.after(FORGET_PRODUCERS),
            accept_again: None,
            coordinators: Coordinators::default(),
            completions: Vec::with_capacity(256),
            answers: Vec::with_capacity(256),
            stop: stop::Stop::default(),
            counted: measure::Counted::default(),
            drained_shards: 0,
        }
    }

    /// Runs until it is told to stop; what its logs were.
    pub fn run(mut self) -> Vec<crate::log::Log> {
        self.begin();
        while !self.has_stopped() {
            self.tick();
        }
        self.into_logs()
    }

    /// One round: what has come in, what it leads to, what goes out.
    pub fn tick(&mut self) {
        let until = self.deadline();
        let mut completions = std::mem::take(&mut self.completions);
        self.io.wait(&mut completions, until);
        for completion in completions.drain(..) {
            self.complete(completion);
        }
        self.completions = completions;
        self.read_mail();
        self.resume_expired();
        self.end_throttles();
        self.serve_touched();
        self.run_controller();
        self.run_coordinators();
        // Appends of this tick share one write; answers that are ready at once go out at once.
        let now = self.now();
        self.shard.pump(&mut self.io, now);
        self.deliver();
        self.serve_touched();
        self.mail.flush();
        self.look_at_pressure();
        self.bury_dead();
        self.scrub();
        self.sweep_logs();
        self.clean_logs();
        self.retry_accept();
        self.sweep();
        self.advance_stop();
    }

    fn now(&self) -> Nanos {
        self.io.clock().now()
    }

    fn moment(&self) -> Moment {
        let clock = self.io.clock();
        Moment { now: clock.now(), unix_ms: clock.unix_ms() }
    }

    fn deadline(&self) -> Nanos {
        if self.mail.is_backed_up() || !self.touched.is_empty() {
            return Nanos(0);
        }
        let call = self.deadlines.first().map(|(at, _)| *at);
        let throttle = self.throttled.first().map(|(at, _)| *at);
        let stop = self.stop.deadline();
        let coordinators = self.coordinators.deadline();
        [
            self.shard.deadline(),
            call,
            throttle,
            stop,
            self.accept_again,
            self.turn_end(),
            coordinators,
        ]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(self.next_sweep)
        .min(self.next_sweep)
    }

    fn complete(&mut self, completion: Completion) {
        let result = completion.result;
        match Owner::of(completion.token) {
            Owner::Listener => self.accepted(result),
            Owner::Receive(slot) => self.received(slot, result),
            Owner::Send(slot) => self.sent(slot, result),
            Owner::Log(slot, op) => {
                let now = self.now();
                self.shard.complete(slot, op, result, now, &mut self.io);
            }
            Owner::Job(slot) => self.job_done(slot, result),
            Owner::Journal(op) => {
                let now = self.now();
                self.shard.complete_journal(op, result, now, &mut self.io);
            }
        }
    }

    fn submit_job(&mut self, op: Op, owner: JobOwner) {
        let slot = self.jobs.insert(owner) as u32;
        self.io.submit(op, Owner::Job(slot).token());
    }

    fn job_done(&mut self, slot: u32, result: std::io::Result<Done>) {
        let owner = self.jobs.remove(slot as usize);
        let answer = match result {
            Ok(Done::Job(answer)) => answer,
            Ok(_) => unreachable!("a job ends as a job"),
            Err(error) => return self.job_failed(owner, &error),
        };
        match owner {
            JobOwner::Nobody => {}
            JobOwner::Controller => {
                self.publish(*answer.downcast::<Worked>().expect("the controller's work"))
            }
            JobOwner::Scrub => {
                let passed = *answer.downcast().expect("a passage that was read");
                self.shard.scrubbed(Some(passed), self.now());
            }
            JobOwner::Coordinator(key) => {
                let bytes = *answer.downcast().expect("records that were read");
                self.gathered(key, bytes);
            }
            JobOwner::Search { reply_to, .. } => {
                let found = *answer.downcast::<Answer>().expect("what a search has found");
                self.answers.push((reply_to, found));
            }
        }
    }

    fn job_failed(&mut self, owner: JobOwner, error: &std::io::Error) {
        match owner {
            JobOwner::Nobody => {}
            JobOwner::Scrub => self.shard.scrubbed(None, self.now()),
            JobOwner::Coordinator(key) => {
                self.gathered(key, Err(std::io::Error::other(error.to_string())));
            }
            // Its store is gone with it: without one no topic can be created, so better to be restarted.
            JobOwner::Controller => panic!("the controller's work failed: {error}"),
            JobOwner::Search { reply_to, refuse } => {
                self.answers.push((reply_to, refuse(Refusal::Offline)));
            }
        }
    }

    /// Closes the logs of deleted partitions elsewhere.
    fn bury_dead(&mut self) {
        let dead = self.shard.take_dead();
        if !dead.is_empty() {
            let job = Op::Job(Box::new(move |_| {
                drop(dead);
                Box::new(())
            }));
            self.submit_job(job, JobOwner::Nobody);
        }
    }

    /// Reads a little more of what was written long ago.
    fn scrub(&mut self) {
        if let Some(passage) = self.shard.scrub(self.now()) {
            let job = Op::Job(Box::new(move |fs| Box::new(passage.run(fs))));
            self.submit_job(job, JobOwner::Scrub);
        }
    }

    /// Lets go of old segments, as their topics say now.
    fn sweep_logs(&mut self) {
        let (at, catalog) = (self.moment(), &self.catalog);
        let retention_of =
            |key: PartitionKey| Some(Retention::of(&catalog.by_id(key.topic)?.config));
        self.shard.sweep(at, &retention_of);
    }

    /// Compacts a little more, as topics say now.
    fn clean_logs(&mut self) {
        let (at, catalog) = (self.moment(), &self.catalog);
        let pace = CleanerPace::of(&self.config, self.node.shards);
        let policy_of = |key: PartitionKey| Policy::of(&catalog.by_id(key.topic)?.config);
        self.shard.clean(at, pace, &policy_of, &mut self.io);
    }

    fn run_controller(&mut self) {
        let Some(work) = self.controller.as_mut().and_then(Controller::next_work) else { return };
        let job = Op::Job(Box::new(move |fs| Box::new(work.run(fs))));
        self.submit_job(job, JobOwner::Controller);
    }

    fn sweep(&mut self) {
        let now = self.now();
        if now < self.next_sweep {
            return;
        }
        self.next_sweep = now.after(IDLE_SWEEP);
        self.close_idle(now);
        if now >= self.forget_producers_at {
            self.forget_producers_at = now.after(FORGET_PRODUCERS);
            let idle_ms_max = self.config.producer_id_expiration_ms as i64;
            self.shard.forget_idle_producers(self.moment().unix_ms, idle_ms_max);
        }
    }
}

#[cfg(test)]
mod tests;
