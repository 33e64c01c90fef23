//! One run as a state machine: events in, records out, phase by phase, a turn at a time.
//!
//! ```text
//! Setup -> Connecting -> Load -> Drain -> CatchUp -> Verify -> Done
//! ```
//!
//! A turn takes in what happened, lets producers and consumers act, and moves to the next phase when
//! the present one is over. Between turns the thread may wait, but never past the next record that is
//! due. Nothing in here knows which driver it runs on, so a simulator can take the turns.

pub mod outcome;
mod phase;
mod side;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use headwater_io::clock::Nanos;

use crate::client::connection::Closed;
use crate::client::control::{Control, Task};
use crate::client::identity::Registration;
use crate::client::network::{Event, Owner, What};
use crate::client::setup::SetupError;
use crate::client::sink::Sink;
use crate::consumer::Consumer;
use crate::input::Input;
use crate::meter::{Meter, Window};
use crate::producer::{Producer, Shop};
use crate::progress::Outside;
use crate::result::VerifyCounts;
use crate::run::RunError;
use crate::source::Source;
use crate::spec::{RunSpec, Target};
use phase::{Phase, Prepared};

/// Slept between turns at most, so that time limits are seen.
const WAIT_MAX: Duration = Duration::from_millis(10);
/// With a processor to itself the thread is awake this long before the next record is due.
const AWAKE_BEFORE: Duration = Duration::from_micros(200);
/// How often limits that are counted in seconds are looked at.
const HOUSEKEEPING_EVERY: Duration = Duration::from_millis(20);

/// See the module.
pub struct Session {
    shop: Shop,
    control: Control,
    bootstrap: String,
    seed: u64,
    phase: Phase,
    producers: Vec<Producer>,
    consumers: Vec<Consumer>,
    prepared: Prepared,
    events: Vec<Event>,
    side: side::SideTasks,
    outside: Arc<Outside>,
    can_spin: bool,
    next_housekeeping: Nanos,
    tally: Tally,
}

/// What the result needs besides the meter.
#[derive(Default)]
struct Tally {
    started_unix_ms: i64,
    interrupted: bool,
    load_ended_at: Nanos,
    /// Open loop: records due by the end of load.
    offered: u64,
    /// Open loop: of these, acknowledged when load ended.
    acked_at_end: u64,
    records_unsent: u64,
    cpu_ns_at_start: Option<u64>,
    cpu_ns_at_end: Option<u64>,
    verify: Option<VerifyCounts>,
    /// Why a connection could not be made, for the error if it never can.
    last_failure: Option<String>,
}

impl Session {
    /// A run on `sink`, which leads to `spec.target`. `can_spin` says that the thread
    /// has a processor to itself.
    pub fn new(
        spec: RunSpec,
        seed: u64,
        sink: Sink,
        input: Option<std::rc::Rc<Input>>,
        outside: Arc<Outside>,
        can_spin: bool,
    ) -> Self {
        let control = Control::default();
        let bootstrap = match &spec.target {
            Target::Network(address) => address.clone(),
            Target::Embedded(_) => String::new(),
        };
        let never = Window { start: Nanos(u64::MAX), end: Nanos(u64::MAX) };
        let ledger = phase::ledger(&spec, seed, input.clone());
        let shop = Shop {
            source: Source::new(&spec, seed, input),
            cluster: Default::default(),
            buffers: Default::default(),
            meter: Meter::new(never, None),
            ledger,
            cluster_is_stale: false,
            refused: None,
            sink,
            spec,
        };
        let phase = Phase::Setup(phase::setup_task(&control, &bootstrap, &shop.spec));
        Session {
            shop,
            control,
            bootstrap,
            seed,
            phase,
            producers: Vec::new(),
            consumers: Vec::new(),
            prepared: Prepared::default(),
            events: Vec::new(),
            side: side::SideTasks::default(),
            outside,
            can_spin,
            next_housekeeping: Nanos(0),
            tally: Tally::default(),
        }
    }

    /// One turn; true when the run is over.
    pub fn turn(&mut self) -> Result<bool, RunError> {
        let now = self.now();
        self.dispatch(now);
        self.control.carry(&mut self.shop.sink, now);
        if now >= self.next_housekeeping {
            self.next_housekeeping = now.after(HOUSEKEEPING_EVERY);
            self.housekeeping(now)?;
        }
        let has_more = self.advance(now)?;
        if matches!(self.phase, Phase::Done) {
            return Ok(true);
        }
        self.rest(has_more);
        Ok(false)
    }

    fn now(&self) -> Nanos {
        self.shop.sink.clock().now()
    }

    /// Hands what happened to whom it concerns.
    fn dispatch(&mut self, now: Nanos) {
        let mut events = std::mem::take(&mut self.events);
        for event in events.drain(..) {
            if let What::Closed(why) = &event.what {
                self.shop.meter.errors.timeouts += u64::from(matches!(why, Closed::TimedOut));
                self.tally.last_failure = Some(why.to_string());
            }
            match event.owner {
                Owner::Control => self.control.take_in(event),
                Owner::Producer(index) => self.producers[index].take_in(&mut self.shop, event, now),
                Owner::Consumer(index) => self.consumers[index].take_in(&mut self.shop, event, now),
            }
        }
        self.events = events;
    }

    /// Polls, or waits if there is nothing to do until later.
    fn rest(&mut self, has_more: bool) {
        let now = self.now();
        // Only these phases give producers a turn; in the others nothing of theirs is ever due.
        let takes_records = matches!(self.phase, Phase::Load);
        let is_sending = takes_records || matches!(self.phase, Phase::Drain { .. });
        let sending = self.producers.iter().filter(|_| is_sending);
        let due = sending.map(|producer| producer.next_due(&self.shop, takes_records)).min();
        let until = due.unwrap_or(Nanos(u64::MAX)).min(now.after(WAIT_MAX));
        let wake_at = match self.can_spin {
            true => Nanos(until.0.saturating_sub(AWAKE_BEFORE.as_nanos() as u64)),
            false => until,
        };
        match has_more || wake_at <= now {
            true => {
                self.shop.sink.poll(&mut self.events);
                if !has_more {
                    // Awake for the schedule only: whoever needs this processor may have it.
                    std::thread::yield_now();
                }
            }
            false => self.shop.sink.wait(&mut self.events, wake_at),
        }
    }

    fn housekeeping(&mut self, now: Nanos) -> Result<(), RunError> {
        self.shop.sink.expire(&mut self.events);
        if let Some(why) = self.shop.refused.take() {
            return Err(RunError::Setup(why.into()));
        }
        self.side.run(&mut self.shop, &self.control, &self.bootstrap, &mut self.producers, now)?;
        let outside = &self.outside;
        outside.acked.store(self.shop.meter.acked_total, Ordering::Relaxed);
        outside.consumed.store(self.shop.meter.consumed.records, Ordering::Relaxed);
        outside.stage.store(self.phase.stage() as u64, Ordering::Relaxed);
        Ok(())
    }
}

type IdentityTask = Task<Result<Registration, SetupError>>;
