//! One run: a broker lives, is ended, starts again on what the disk kept, and is compared with the model;
//! several times, and at last without faults until everything is answered.

use std::path::Path;
use std::time::Duration;

use headwater::config::broker::BrokerConfig;
use headwater_io::clock::Nanos;
use headwater_io::sim::World;
use headwater_io::sim::rng::Rng;

use crate::clients::assessor::Assessor;
use crate::clients::auditor::Auditor;
use crate::clients::committer::Committer;
use crate::clients::consumer::Consumer;
use crate::clients::deleter::Deleter;
use crate::clients::examiner::Examiner;
use crate::clients::processor::Processor;
use crate::clients::producer::Producer;
use crate::clients::reader::Reader;
use crate::clients::setup::Setup;
use crate::clients::{Clients, Role, Shared};
use crate::faults::Fault;
use crate::ledger::Ledger;
use crate::machine::Broker;
use crate::model::{Loss, Model, Violation};
use crate::plan::transactional::Transactional;
use crate::plan::{DATA_DIR, End, Plan, Wish};
use crate::trace::Trace;
use crate::weather::Weather;

/// A phase that takes more turns than this hangs.
const TURNS_MAX: u64 = 2_000_000;
/// So does one that takes longer than this.
const PHASE_MAX: Duration = Duration::from_secs(120);
/// After this everything is flushed that nobody waits for, and the scrubber has been round.
const REST: Duration = Duration::from_secs(3);
/// So is every transaction that was abandoned aborted, and its markers are written.
const REST_FROM_TRANSACTIONS: Duration = Duration::from_secs(7);
const NO_PANIC: &str = "no panic";
/// A start that is cut this often is then left alone.
const RECOVERY_CUTS_MAX: u64 = 3;

/// What a run came to.
#[derive(Debug)]
pub struct Outcome {
    /// What was planned.
    pub plan: Plan,
    /// What a checker had to say.
    pub violation: Option<Violation>,
    /// Two runs of one seed have the same.
    pub trace_hash: u64,
    /// Events that went into it.
    pub events: u64,
    /// How long it took, on the simulated clock.
    pub simulated: Duration,
    /// Records that were acknowledged.
    pub acknowledged: u64,
    /// Transactions that count.
    pub transactions: u64,
    /// Partitions of which records were deleted, by clients or because there were too many.
    pub shortened: [u64; 2],
    /// What was lost where that is allowed.
    pub losses: Vec<Loss>,
    /// What was found damaged where damage had been done.
    pub excused: Vec<String>,
    /// Starts that were cut themselves.
    pub recoveries_cut: u64,
}

/// Runs a wish.
///
/// # Errors
/// When it cannot be planned; what goes wrong in a run is in its outcome.
pub fn run(wish: &Wish) -> Result<Outcome, String> {
    let world = World::new(wish.seed);
    world.hold_clock();
    let mut rng = Rng::new(wish.seed.wrapping_mul(0x9e37_79b9).wrapping_add(17));
    let plan = Plan::draw(wish, &mut rng)?;
    let shared = Shared {
        model: Model::new(&plan, world.disk().clone()),
        ledger: Ledger::new(&plan),
        trace: Trace::new(wish.printed),
        rng: Rng::new(rng.next_u64()),
        storage_errors: 0,
        plan,
    };
    let mut run = Run { world, shared, rng, broker: None, recoveries_cut: 0 };
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run.lives()));
    let violation = result.unwrap_or_else(|panic| Err(panicked(&*panic))).err();
    let Run { world, mut shared, recoveries_cut, .. } = run;
    let violation = violation.filter(|violation| !is_excused(violation, &mut shared));
    Ok(Outcome {
        violation,
        trace_hash: shared.trace.hash(),
        events: shared.trace.events(),
        simulated: Duration::from_nanos(world.clock().now().0),
        acknowledged: shared.model.acknowledged,
        transactions: shared.ledger.committed() as u64,
        shortened: shared.ledger.shortened(),
        losses: shared.model.losses,
        excused: shared.model.excused,
        plan: shared.plan,
        recoveries_cut,
    })
}

/// A transaction is all over the disk, and so is what damage to any of it excuses: everything but a panic.
fn is_excused(violation: &Violation, shared: &mut Shared) -> bool {
    let excused = shared.plan.transactional.is_some()
        && shared.model.is_damaged()
        && violation.checker != NO_PANIC;
    if excused {
        shared.model.excused.push(violation.to_string());
    }
    excused
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Violation {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    Violation { checker: NO_PANIC, facts: text.unwrap_or_default() }
}

/// Clients that work in transactions, and those that look at what comes of it.
fn transactional_roles(plan: &Transactional) -> Vec<Box<dyn Role>> {
    let (pace, outputs) = (plan.pace, plan.partitions().count());
    let mut roles: Vec<Box<dyn Role>> = Vec::new();
    for (n, processor) in plan.processors.iter().enumerate() {
        for _ in 0..processor.instances {
            roles.push(Box::new(Processor::new(n, processor.clone(), pace)));
        }
    }
    for (n, committed) in [true, false].into_iter().enumerate() {
        roles.push(Box::new(Reader::new(n, committed, outputs, pace)));
    }
    for n in 0..plan.committers {
        roles.push(Box::new(Committer::new(n, pace)));
    }
    if plan.deletes {
        roles.push(Box::new(Deleter::new(pace)));
    }
    roles
}

struct Run {
    world: World,
    shared: Shared,
    rng: Rng,
    broker: Option<Broker>,
    recoveries_cut: u64,
}

impl Run {
    fn lives(&mut self) -> Result<(), Violation> {
        self.start(None)?;
        self.alone(Box::new(Setup::default()))?;
        let roles = self.roles();
        let mut clients = Clients::new(&self.world, roles);
        let ends = self.shared.plan.ends.clone();
        for end in ends {
            let end = self.live(&mut clients, end)?;
            clients.broker_gone(&mut self.shared);
            let end = self.start(Some(end))?;
            self.audit(end, false)?;
        }
        self.drain(&mut clients)?;
        clients.broker_gone(&mut self.shared);
        self.rest()?;
        self.audit(None, true)?;
        if self.shared.plan.transactional.is_none() {
            return Ok(());
        }
        // What coordinators keep was compacted meanwhile: it is read back once more.
        self.end(End::Kill)?;
        let end = self.start(Some(End::Kill))?;
        self.audit(end, false)
    }

    fn roles(&mut self) -> Vec<Box<dyn Role>> {
        let plan = &self.shared.plan;
        let partitions = plan.partitions().count();
        // All lives together; the last one takes what is left.
        let requests = plan.requests * (1 + plan.ends.len() as u64) / plan.producers.len() as u64;
        let mut roles: Vec<Box<dyn Role>> = Vec::new();
        for (n, producer) in plan.producers.iter().enumerate() {
            roles.push(Box::new(Producer::new(n, *producer, partitions, requests.max(3))));
        }
        for n in 0..plan.consumers {
            roles.push(Box::new(Consumer::new(n, partitions)));
        }
        roles.extend(plan.transactional.iter().flat_map(transactional_roles));
        roles
    }

    fn now(&self) -> Nanos {
        self.world.clock().now()
    }

    fn config(&self) -> std::sync::Arc<BrokerConfig> {
        std::sync::Arc::clone(&self.shared.plan.config)
    }

    /// Starts the broker; some starts are cut themselves, and tried again. How the life before ended, all
    /// in all.
    fn start(&mut self, before: Option<End>) -> Result<Option<End>, Violation> {
        let mut before = before;
        let cuts = before.is_some() && self.shared.plan.faults.has(Fault::CutInRecovery);
        let mut cuts_left = if cuts { self.rng.below(1 + RECOVERY_CUTS_MAX) } else { 0 };
        loop {
            if cuts_left > 0 {
                cuts_left -= 1;
                self.world.disk().silence_after(1 + self.rng.below(60));
            }
            let (config, shards) = (self.config(), self.shared.plan.shards);
            let started = Broker::start(&self.world, &config, shards, &mut self.rng);
            let silent = self.world.disk().is_silent();
            self.shared.trace.event(self.now(), "start", &[i64::from(silent)]);
            match started {
                _ if silent => {
                    self.recoveries_cut += 1;
                    self.world.power_cut();
                    before = Some(End::Cut);
                }
                Ok(broker) => {
                    self.world.disk().answer_again();
                    self.broker = Some(broker);
                    return Ok(before);
                }
                Err(error) => {
                    return Err(Violation { checker: "a start works", facts: error.to_string() });
                }
            }
        }
    }

    /// A life under load, with everything that the plan says goes wrong, and its end.
    fn live(&mut self, clients: &mut Clients, end: End) -> Result<End, Violation> {
        let (now, storage_errors) = (self.now(), self.shared.storage_errors);
        let failed_syncs = self.world.disk().failed_syncs();
        let mut weather = Weather::draw(&self.shared.plan, end, now, &mut self.rng);
        weather.begin(&self.world, &mut self.rng);
        self.drive(clients, |run, clients| {
            weather.pass(run.now(), &run.world, &mut run.rng);
            let hopeless = run.shared.storage_errors > storage_errors + 30;
            let over = run.now() >= weather.end() || clients.are_done() || hopeless;
            (over || run.world.disk().is_silent(), weather.next())
        })?;
        // Whatever a sync that failed was to write nobody writes any more: only a cut tells the truth.
        let failed = self.world.disk().failed_syncs() > failed_syncs;
        let end = if failed || self.world.disk().is_silent() { End::Cut } else { end };
        self.end(end)?;
        Weather::clear(&self.world);
        Ok(end)
    }

    fn end(&mut self, end: End) -> Result<(), Violation> {
        let now = self.now();
        self.shared.trace.event(now, "end", &[end as i64]);
        self.shared.model.ended = now;
        self.shared.ledger.broker_gone(now);
        if end == End::Stop {
            Weather::clear(&self.world);
            self.broker.as_ref().expect("it lives").begin_stop();
            let mut nobody = Clients::new(&self.world, Vec::new());
            self.drive(&mut nobody, |run, _| {
                (run.broker.as_ref().is_some_and(Broker::has_stopped), None)
            })?;
            let broker = self.broker.take().expect("it lived");
            let ended = broker.end(&self.world, Path::new(DATA_DIR));
            let failed = |error: std::io::Error| Violation {
                checker: "a stop works",
                facts: error.to_string(),
            };
            ended.map_err(failed)?;
            self.world.kill();
            return Ok(());
        }
        self.broker = None;
        match end {
            End::Cut => self.world.power_cut(),
            End::Kill | End::Stop => self.world.kill(),
        }
        Ok(())
    }

    /// Without faults, until everything is answered.
    fn drain(&mut self, clients: &mut Clients) -> Result<(), Violation> {
        let enough = self.now().after(Duration::from_millis(50));
        let mut finishing = false;
        self.drive(clients, |run, clients| {
            if !finishing && run.now() >= enough {
                finishing = true;
                clients.finish();
            }
            (finishing && clients.are_done(), Some(enough))
        })
    }

    /// Until what nobody waits for is durable as well.
    fn rest(&mut self) -> Result<(), Violation> {
        let rest = match self.shared.plan.transactional {
            Some(_) => REST_FROM_TRANSACTIONS,
            None => REST,
        };
        let until = self.now().after(rest);
        let mut nobody = Clients::new(&self.world, Vec::new());
        self.drive(&mut nobody, |run, _| (run.now() >= until, Some(until)))
    }

    /// Everything is read and compared; `scrubbed` when the scrubber has been round.
    fn audit(&mut self, how: Option<End>, scrubbed: bool) -> Result<(), Violation> {
        let partitions = self.shared.model.partitions.len();
        self.alone(Box::new(Auditor::new(partitions, how)))?;
        let assessor = Assessor::new(&self.shared, how, scrubbed);
        self.alone(Box::new(assessor))?;
        match self.shared.plan.transactional {
            Some(_) => self.alone(Box::new(Examiner::new(how.is_none() && scrubbed))),
            None => Ok(()),
        }
    }

    /// One client has the broker for itself until it is done.
    fn alone(&mut self, role: Box<dyn Role>) -> Result<(), Violation> {
        let mut clients = Clients::new(&self.world, vec![role]);
        self.drive(&mut clients, |_, clients| (clients.are_done(), None))
    }

    /// Turns until `over` says so; it also says when it wants to be asked again at the latest.
    fn drive(
        &mut self,
        clients: &mut Clients,
        mut over: impl FnMut(&mut Run, &mut Clients) -> (bool, Option<Nanos>),
    ) -> Result<(), Violation> {
        let limit = self.now().after(PHASE_MAX);
        for _ in 0..TURNS_MAX {
            let (is_over, ask_again) = over(self, clients);
            if is_over {
                return Ok(());
            }
            if self.now() >= limit {
                break;
            }
            self.turn(clients, ask_again)?;
        }
        let broker = self.broker.as_ref().expect("it lives");
        let cores: Vec<Nanos> = (0..broker.cores()).map(|n| broker.due(n)).collect();
        let facts = format!(
            "now {:?}, cores are due at {cores:?}, clients at {:?}",
            self.now(),
            clients.due()
        );
        Err(Violation { checker: "something is answered at last", facts })
    }

    /// One turn of whoever is due, drawn by chance; or the clock moves to the next event.
    fn turn(&mut self, clients: &mut Clients, ask_again: Option<Nanos>) -> Result<(), Violation> {
        let now = self.now();
        let broker = self.broker.as_mut().expect("it lives");
        let dues: Vec<Nanos> =
            (0..broker.cores()).map(|n| broker.due(n)).chain([clients.due()]).collect();
        let due: Vec<usize> = (0..dues.len()).filter(|n| dues[*n] <= now).collect();
        if due.is_empty() {
            let next = dues.into_iter().chain(ask_again.filter(|at| *at > now)).min();
            self.world.advance_to(next.unwrap_or(now).max(Nanos(now.0 + 1)));
            return Ok(());
        }
        match *self.rng.pick(&due) {
            n if n < broker.cores() => broker.step(n),
            _ => return clients.step(&mut self.shared),
        }
        Ok(())
    }
}
