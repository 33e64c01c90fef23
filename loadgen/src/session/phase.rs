//! The phases of a run: what each does in a turn, and when it is over.

use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use headwater_io::clock::Nanos;
use headwater_io::cpu;
use headwater_protocol::messages::list_offsets::{EARLIEST_TIMESTAMP, LATEST_TIMESTAMP};

use super::Session;
use crate::client::cluster::Cluster;
use crate::client::control::{Control, Task};
use crate::client::identity::{self, Registration};
use crate::client::setup::{self, SetupError, TopicSpec};
use crate::consumer::{Assignment, Consumer};
use crate::input::Input;
use crate::meter::{Meter, Window};
use crate::producer::Producer;
use crate::progress::Stage;
use crate::result::VerifyCounts;
use crate::run::RunError;
use crate::schedule::Schedule;
use crate::source;
use crate::spec::{RunSpec, StartAt};
use crate::verify::{Ledger, read_back};

/// Connections that cannot be made for this long end the run.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// Given to what waits in the buffers when time is up; then it is dropped and counted as unsent.
const DRAIN_GRACE: Duration = Duration::from_secs(1);
/// Given to consumers to reach the end of what was produced.
const CATCH_UP_PATIENCE: Duration = Duration::from_secs(10);

/// See the parent module.
pub enum Phase {
    /// Finding out what there is.
    Setup(Task<Result<Prepared, SetupError>>),
    /// Making connections.
    Connecting { give_up: Nanos },
    /// Offering load, or reading.
    Load,
    /// Waiting for the last answers.
    Drain { is_trimmed: bool },
    /// Waiting for consumers to read what was produced last.
    CatchUp { ends: Option<Task<Result<Vec<i64>, SetupError>>>, give_up: Nanos },
    /// Reading everything back.
    Verify(Task<Result<VerifyCounts, SetupError>>),
    /// Over.
    Done,
}

impl Phase {
    pub fn stage(&self) -> Stage {
        match self {
            Phase::Setup(_) | Phase::Connecting { .. } => Stage::Setup,
            Phase::Load => Stage::Load,
            Phase::Drain { .. } | Phase::CatchUp { .. } => Stage::Drain,
            Phase::Verify(_) | Phase::Done => Stage::Verify,
        }
    }
}

/// What setup found.
#[derive(Default)]
pub struct Prepared {
    pub cluster: Cluster,
    /// Of each partition, before anything was sent.
    pub earliest: Vec<i64>,
    /// See `earliest`.
    pub latest: Vec<i64>,
    /// Of each producer, if they are idempotent.
    pub registrations: Vec<Registration>,
}

pub fn setup_task(
    control: &Control,
    bootstrap: &str,
    spec: &RunSpec,
) -> Task<Result<Prepared, SetupError>> {
    let (control, bootstrap, spec) = (control.clone(), bootstrap.to_owned(), spec.clone());
    Task::new(async move {
        let topic = TopicSpec {
            name: spec.topic.clone(),
            partitions: spec.partitions.unwrap_or(1),
            replication_factor: spec.replication_factor,
            config: spec.topic_config.clone(),
        };
        let cluster = setup::topic(&control, &bootstrap, &topic, !spec.read_only).await?;
        let mut prepared = Prepared { cluster, ..Prepared::default() };
        let at = async |timestamp| {
            setup::offsets(&control, &prepared.cluster, &spec.topic, timestamp).await
        };
        (prepared.earliest, prepared.latest) =
            (at(EARLIEST_TIMESTAMP).await?, at(LATEST_TIMESTAMP).await?);
        let numbered = spec.is_idempotent() && !spec.read_only;
        for producer in 0..if numbered { spec.producers } else { 0 } {
            let id = spec.transactional_id(producer);
            prepared.registrations.push(identity::register(&control, &bootstrap, id).await?);
        }
        Ok(prepared)
    })
}

/// The ledger of a run that is to be verified.
pub fn ledger(spec: &RunSpec, seed: u64, input: Option<Rc<Input>>) -> Option<Ledger> {
    spec.verify.then(|| match input {
        Some(input) => Ledger::lines(input),
        None => Ledger::generated(source::pool(spec, seed), seed, spec.producers),
    })
}

impl Session {
    /// What the present phase does in a turn; true when it could go on at once.
    pub(super) fn advance(&mut self, now: Nanos) -> Result<bool, RunError> {
        match &mut self.phase {
            Phase::Setup(task) => {
                if let Some(prepared) = task.poll() {
                    self.begin_connecting(prepared.map_err(RunError::Setup)?, now);
                }
                Ok(false)
            }
            Phase::Connecting { give_up } => {
                let give_up = *give_up;
                self.connect(now, give_up)
            }
            Phase::Load => Ok(self.load(now)),
            Phase::Drain { .. } => {
                self.drain(now);
                Ok(false)
            }
            Phase::CatchUp { .. } => self.catch_up(now),
            Phase::Verify(task) => {
                if let Some(counts) = task.poll() {
                    self.tally.verify = Some(counts.map_err(RunError::ReadBack)?);
                    self.phase = Phase::Done;
                }
                Ok(false)
            }
            Phase::Done => Ok(false),
        }
    }

    fn begin_connecting(&mut self, prepared: Prepared, now: Nanos) {
        self.shop.cluster = prepared.cluster.clone();
        if !self.shop.spec.read_only {
            let producer = |index| {
                Producer::new(index, &self.shop, prepared.registrations.get(index).cloned())
            };
            self.producers = (0..self.shop.spec.producers).map(producer).collect();
        }
        self.consumers =
            (0..self.shop.spec.consumers).map(|index| self.consumer(index, &prepared)).collect();
        self.prepared = prepared;
        self.phase = Phase::Connecting { give_up: now.after(CONNECT_PATIENCE) };
    }

    fn consumer(&self, index: usize, prepared: &Prepared) -> Consumer {
        let spec = &self.shop.spec;
        let assignment = |partition: u32| {
            let at = partition as usize;
            let (earliest, latest) = (prepared.earliest[at], prepared.latest[at]);
            let start = match spec.from {
                StartAt::Earliest if spec.read_only => earliest,
                StartAt::Offset(offset) if spec.read_only => offset.clamp(earliest, latest),
                _ => latest,
            };
            let follows = !spec.read_only || spec.from == StartAt::Latest;
            Assignment { partition, start, end: (!follows).then_some(latest) }
        };
        let partitions = Consumer::assigned(index, spec.consumers, prepared.cluster.partitions());
        let assigned: Vec<Assignment> = partitions.into_iter().map(assignment).collect();
        let is_stamped = !spec.read_only && spec.input.is_none();
        Consumer::new(index, &assigned, is_stamped.then_some(self.seed))
    }

    fn connect(&mut self, now: Nanos, give_up: Nanos) -> Result<bool, RunError> {
        for producer in &mut self.producers {
            producer.send(&mut self.shop, now);
        }
        for consumer in &mut self.consumers {
            consumer.ask(&mut self.shop, now, false);
        }
        let connected = self.producers.iter().all(Producer::is_connected)
            && self.consumers.iter().all(|consumer| consumer.is_connected(&self.shop));
        if connected {
            self.begin_load();
            return Ok(true);
        }
        if now >= give_up {
            let why = self.tally.last_failure.take().unwrap_or_else(|| "no answer".into());
            return Err(RunError::Unreachable(why));
        }
        Ok(false)
    }

    fn begin_load(&mut self) {
        let spec = &self.shop.spec;
        let start = self.shop.sink.clock().now();
        let window = Window {
            start: start.after(spec.warmup),
            end: spec.effective_duration().map_or(Nanos(u64::MAX), |length| start.after(length)),
        };
        let burst = spec.batch_records.unwrap_or(1);
        let schedule =
            spec.rate_per_s.map(|rate| Schedule::new(start, rate, spec.producers, burst));
        let errors = std::mem::take(&mut self.shop.meter.errors);
        self.shop.meter = Meter { errors, ..Meter::new(window, schedule) };
        self.tally.started_unix_ms = self.shop.sink.clock().unix_ms();
        self.phase = Phase::Load;
    }

    fn load(&mut self, now: Nanos) -> bool {
        let Window { start, end } = self.shop.meter.window;
        if self.tally.cpu_ns_at_start.is_none() && now >= start {
            self.tally.cpu_ns_at_start = Some(cpu::thread_cpu_ns());
        }
        let unix_ms = self.shop.sink.clock().unix_ms();
        let mut has_more = false;
        for producer in &mut self.producers {
            has_more |= producer.fill(&mut self.shop, now, end, unix_ms);
            producer.send(&mut self.shop, now);
        }
        for consumer in &mut self.consumers {
            consumer.ask(&mut self.shop, now, true);
        }
        let stopped = self.outside.stop.load(Ordering::Relaxed) || self.is_hopeless(now);
        if now >= end || stopped || self.is_through() {
            self.end_load(now, stopped && now < end);
        }
        has_more
    }

    /// Records are being given up, and none has been acknowledged for as long as one may take.
    fn is_hopeless(&self, now: Nanos) -> bool {
        let meter = &self.shop.meter;
        let since = meter.last_ack.max(meter.window.start);
        meter.errors.records_failed > 0 && now >= since.after(self.shop.spec.delivery_timeout)
    }

    /// The work is done before the time is up, or there is no time limit.
    fn is_through(&self) -> bool {
        if !self.shop.spec.read_only {
            return self.producers.iter().all(Producer::is_through);
        }
        let enough = self.shop.spec.records.is_some_and(|n| self.shop.meter.consumed.records >= n);
        enough || (!self.shop.spec.repeat && self.consumers.iter().all(Consumer::is_through))
    }

    fn end_load(&mut self, now: Nanos, interrupted: bool) {
        self.tally.interrupted = interrupted;
        self.tally.load_ended_at = now;
        let end = self.shop.meter.window.end.min(now);
        let meter = &mut self.shop.meter;
        if now < meter.window.end {
            // Through before the time was up: the last answers belong to what is measured.
            let by_count = !interrupted && !self.shop.spec.read_only;
            meter.window.end = if by_count { Nanos(u64::MAX) } else { now };
        }
        self.tally.acked_at_end = meter.acked_total;
        for producer in &self.producers {
            let due = producer.due_by(&self.shop, end);
            self.tally.offered += due;
            self.tally.records_unsent += due - producer.taken();
            self.shop.meter.never_acked(producer.index(), producer.taken()..due, now);
        }
        self.tally.cpu_ns_at_end = Some(cpu::thread_cpu_ns());
        self.producers.iter_mut().for_each(|producer| producer.flush(&self.shop));
        self.phase = Phase::Drain { is_trimmed: false };
    }

    fn drain(&mut self, now: Nanos) {
        for producer in &mut self.producers {
            producer.send(&mut self.shop, now);
        }
        let still_reads = !self.shop.spec.read_only;
        for consumer in &mut self.consumers {
            consumer.ask(&mut self.shop, now, still_reads);
        }
        let ended_at = self.tally.load_ended_at;
        // Who asked for a number of records wants them all; who asked for a time wants it to end.
        let all_wanted = self.producers.iter().all(Producer::is_through) && !self.tally.interrupted;
        let Phase::Drain { is_trimmed } = &mut self.phase else { unreachable!("draining") };
        if !all_wanted && !*is_trimmed && now >= ended_at.after(DRAIN_GRACE) {
            *is_trimmed = true;
            for producer in &mut self.producers {
                self.tally.records_unsent += producer.drop_unsent(&mut self.shop, now);
            }
        }
        let is_over = !all_wanted && now >= ended_at.after(self.shop.spec.request_timeout);
        if is_over {
            for producer in &mut self.producers {
                producer.abandon(&mut self.shop, now);
            }
        }
        if is_over || self.producers.iter().all(Producer::is_idle) {
            self.end_drain(now);
        }
    }

    fn end_drain(&mut self, now: Nanos) {
        let window = &mut self.shop.meter.window;
        if window.end == Nanos(u64::MAX) {
            window.end = self.shop.meter.last_ack.max(self.tally.load_ended_at);
            self.tally.cpu_ns_at_end = Some(cpu::thread_cpu_ns());
        }
        let needs_ends = !self.consumers.is_empty() && !self.shop.spec.read_only;
        if needs_ends {
            self.phase = Phase::CatchUp {
                ends: Some(self.offsets_task(LATEST_TIMESTAMP)),
                give_up: now.after(CATCH_UP_PATIENCE),
            };
        } else {
            self.begin_verify();
        }
    }

    fn catch_up(&mut self, now: Nanos) -> Result<bool, RunError> {
        let Phase::CatchUp { ends, give_up } = &mut self.phase else { unreachable!("catching up") };
        let is_over = now >= *give_up;
        if let Some(found) = ends.as_mut().and_then(Task::poll) {
            *ends = None;
            let ends = found.map_err(RunError::Setup)?;
            self.consumers.iter_mut().for_each(|consumer| consumer.end_at(&ends));
        }
        for consumer in &mut self.consumers {
            consumer.ask(&mut self.shop, now, true);
        }
        if is_over || self.consumers.iter().all(Consumer::is_through) {
            self.begin_verify();
        }
        Ok(false)
    }

    fn offsets_task(&self, timestamp: i64) -> Task<Result<Vec<i64>, SetupError>> {
        let (control, cluster) = (self.control.clone(), self.shop.cluster.clone());
        let topic = self.shop.spec.topic.clone();
        Task::new(async move { setup::offsets(&control, &cluster, &topic, timestamp).await })
    }

    fn begin_verify(&mut self) {
        let Some(ledger) = self.shop.ledger.take() else {
            self.phase = Phase::Done;
            return;
        };
        let task = read_back::all(
            self.control.clone(),
            self.shop.cluster.clone(),
            self.shop.spec.topic.clone(),
            self.prepared.latest.clone(),
            self.shop.spec.commit_interval.is_some(),
            ledger,
        );
        self.phase = Phase::Verify(Task::new(task));
    }
}
