//! A request from its frame to its answer: what it asks, what it has heard, when it goes on.

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use headwater_io::clock::Nanos;
use headwater_protocol::wire::errors::Errors;

use super::Worker;
use super::measure::Asked;
use crate::api::{self, Context, Step, Work};
use crate::broker::controller::Outcome;
use crate::broker::coordination::Reply;
use crate::log::read::Piece;
use crate::model::ShardId;
use crate::shard::letters::{Answer, Ask, CallId, Refusal, ReplyTo};

/// A request in progress.
pub struct CallState {
    connection: u32,
    work: Work,
    /// Answers that are still to come.
    open: usize,
    /// Waiting for something to change, at the latest until then.
    parked: Option<Nanos>,
    /// What it has asked for may bring this many bytes that must be sent.
    promised_bytes: u64,
    /// What is told of it when it is answered.
    asked: Asked,
    /// Nothing of its connection may overtake it now.
    holds_back: bool,
}

impl Worker {
    /// Begins to serve a frame of a connection.
    pub(super) fn begin_call(&mut self, connection: u32, frame: &Bytes) {
        self.next_call += 1;
        let call = CallId(self.next_call);
        self.held_bytes += frame.len();
        self.connections[connection as usize].begin(call, frame.len());
        let asked = self.asked(connection, frame);
        let principal = self.principal.clone();
        let (work, step) =
            self.with_context(connection, |context| api::begin(frame, &principal, context));
        let state = CallState {
            connection,
            work,
            open: 0,
            parked: None,
            promised_bytes: 0,
            asked,
            holds_back: false,
        };
        self.calls.insert(call, state);
        self.take_step(call, step);
    }

    fn with_context<T>(&mut self, connection: u32, run: impl FnOnce(&mut Context<'_>) -> T) -> T {
        let moment = self.moment();
        let peer = self.connections.get(connection as usize).map(|connection| connection.peer.ip());
        let mut context = Context {
            catalog: &self.catalog,
            config: &self.config,
            node: &self.node,
            sessions: &mut self.sessions,
            producer_ids: &mut self.producer_ids,
            fetch_bytes: self.limits.fetch_bytes(self.unsent_bytes + self.promised_bytes),
            new_id: &mut *self.new_id,
            peer: peer.unwrap_or(IpAddr::from([0, 0, 0, 0])),
            throttled: Duration::ZERO,
            now: moment.now,
            unix_ms: moment.unix_ms,
        };
        let done = run(&mut context);
        let throttled = context.throttled;
        self.throttle(connection, throttled, moment.now);
        done
    }

    fn take_step(&mut self, call: CallId, step: Step) {
        match step {
            Step::Reply(parts, errors) => self.finish_call(call, parts, &errors),
            Step::Silent => self.finish_call(call, Vec::new(), &Errors::default()),
            Step::Ask(asks) => self.ask_all(call, asks),
            Step::Command(command) => {
                self.set_open(call, 1);
                self.command(command, ReplyTo::Call { shard: self.id, call, part: 0 });
            }
            Step::Coordinate(questions) => {
                self.set_open(call, questions.len());
                self.hold_back(call);
                for (part, (shard, question)) in questions.into_iter().enumerate() {
                    let to = ReplyTo::Call { shard: self.id, call, part: part as u32 };
                    self.coordinate(shard, question, to);
                }
            }
            Step::Park { until, watches } => self.park(call, until, watches),
            Step::Close(why) => {
                let Some(state) = self.calls.remove(&call) else { return };
                self.count_closed(&state.asked);
                self.close_connection(state.connection, &why);
            }
        }
    }

    /// Records that wait for the coordinator of their transaction come before those behind them, which have
    /// nothing to wait for once the transaction has begun. Kafka has one request of a connection in service.
    fn hold_back(&mut self, call: CallId) {
        let Some(state) = self.calls.get_mut(&call).filter(|state| !state.holds_back) else {
            return;
        };
        if let (Work::Produce(_), Some(connection)) =
            (&state.work, self.connections.get_mut(state.connection as usize))
        {
            state.holds_back = true;
            connection.hold_back();
        }
    }

    /// It has asked for what it waited to ask: others may follow.
    fn let_go(&mut self, connection: u32) {
        if let Some(held) = self.connections.get_mut(connection as usize) {
            held.let_go();
            self.touched.push(connection);
        }
    }

    fn reply_to(&self, call: CallId, part: u32) -> ReplyTo {
        ReplyTo::Call { shard: self.id, call, part }
    }

    fn set_open(&mut self, call: CallId, open: usize) {
        if let Some(state) = self.calls.get_mut(&call) {
            state.open = open;
        }
    }

    fn ask_all(&mut self, call: CallId, asks: Vec<(ShardId, Ask)>) {
        self.set_open(call, asks.len());
        self.promise(call);
        for (part, (shard, ask)) in asks.into_iter().enumerate() {
            let reply_to = self.reply_to(call, part as u32);
            self.ask(shard, ask, reply_to);
        }
    }

    /// Counts what a call may read before it has read it: the next one, perhaps of the same tick, gets
    /// accordingly less.
    fn promise(&mut self, call: CallId) {
        let Some(state) = self.calls.get_mut(&call) else { return };
        state.promised_bytes = state.work.read_bytes_max();
        self.promised_bytes += state.promised_bytes;
    }

    /// Whatever the call has read is known, or it is over.
    fn keep_promise(&mut self, state: &mut CallState) {
        self.promised_bytes -= std::mem::take(&mut state.promised_bytes);
    }

    fn park(&mut self, call: CallId, until: Nanos, watches: Vec<(ShardId, Ask)>) {
        let now = self.now();
        let Some(state) = self.calls.get_mut(&call) else { return };
        state.asked.parks(now);
        state.parked = Some(until);
        self.deadlines.insert((until, call));
        for (shard, watch) in watches {
            let reply_to = self.reply_to(call, 0);
            self.ask(shard, watch, reply_to);
        }
    }

    /// An answer has come for a call; calls that are over are not there any more.
    pub(super) fn answer_call(&mut self, call: CallId, part: u32, answer: Answer) {
        let Some(state) = self.calls.get_mut(&call) else { return };
        if let Answer::Moved = answer {
            if state.parked.is_some() {
                self.resume(call);
            }
            return;
        }
        state.asked.hears(&answer);
        let takes_longer = matches!(answer, Answer::Appended(Err(Refusal::Unverified(_))));
        state.work.answer(part, answer);
        if takes_longer {
            self.hold_back(call);
        }
        self.part_done(call);
    }

    /// A coordinator has answered a call.
    pub(super) fn coordinated_call(&mut self, call: CallId, part: u32, reply: Reply) {
        let Some(state) = self.calls.get_mut(&call) else { return };
        state.work.coordinated(part, reply);
        self.part_done(call);
    }

    /// The controller has answered a call.
    pub(super) fn outcome_of_call(&mut self, call: CallId, outcome: Outcome) {
        let Some(state) = self.calls.get_mut(&call) else { return };
        state.work.outcome(outcome);
        self.part_done(call);
    }

    fn part_done(&mut self, call: CallId) {
        let Some(state) = self.calls.get_mut(&call) else { return };
        state.open -= 1;
        if state.open > 0 {
            return;
        }
        // Taken out while it runs, so that it may look at everything else.
        let mut state = self.calls.remove(&call).expect("just seen");
        self.keep_promise(&mut state);
        let (connection, held) = (state.connection, std::mem::take(&mut state.holds_back));
        let step = self.with_context(connection, |context| state.work.advance(context));
        self.calls.insert(call, state);
        self.take_step(call, step);
        if held {
            self.let_go(connection);
        }
    }

    /// A parked call goes on.
    fn resume(&mut self, call: CallId) {
        let now = self.now();
        let Some(state) = self.calls.get_mut(&call) else { return };
        if let Some(until) = state.parked.take() {
            self.deadlines.remove(&(until, call));
        }
        state.asked.goes_on(now);
        let fetch_bytes = self.limits.fetch_bytes(self.unsent_bytes + self.promised_bytes);
        let step = state.work.resume(fetch_bytes);
        let watched = state.work.watched();
        for (shard, keys) in watched {
            self.ask(shard, Ask::Unwatch(keys, call), ReplyTo::Nobody);
        }
        self.take_step(call, step);
    }

    /// Lets a parked call go on now as if its time were up.
    pub(super) fn end_wait(&mut self, call: CallId) {
        if let Some(Work::Fetch(fetch)) = self.calls.get_mut(&call).map(|state| &mut state.work) {
            fetch.wait_no_longer();
        }
        self.resume(call);
    }

    /// The connections of members that wait for others.
    pub(super) fn waiting_members(&self) -> Vec<u32> {
        let waiting = self.calls.values().filter(|state| state.work.waits_for_members());
        let mut waiting: Vec<u32> = waiting.map(|state| state.connection).collect();
        // A run of the simulator must not depend on the order of a hash table.
        waiting.sort_unstable();
        waiting
    }

    /// Goes on with calls whose time is up.
    pub(super) fn resume_expired(&mut self) {
        let now = self.now();
        while let Some(&(until, call)) = self.deadlines.first().filter(|(until, _)| *until <= now) {
            self.deadlines.remove(&(until, call));
            self.resume(call);
        }
    }

    fn finish_call(&mut self, call: CallId, parts: Vec<Piece>, errors: &Errors) {
        let Some(state) = self.calls.remove(&call) else { return };
        self.count_answered(&state.asked, &parts, errors);
        if let Some(connection) = self.connections.get_mut(state.connection as usize) {
            self.held_bytes -= connection.answer(call, parts);
            self.touched.push(state.connection);
            self.count_held(state.connection);
        }
    }

    /// A connection is gone: its calls go too, and nothing watches for them any more.
    pub(super) fn drop_calls(&mut self, calls: Vec<CallId>) {
        for call in calls {
            let Some(mut state) = self.calls.remove(&call) else { continue };
            self.keep_promise(&mut state);
            if let Some(until) = state.parked {
                self.deadlines.remove(&(until, call));
                for (shard, keys) in state.work.watched() {
                    self.ask(shard, Ask::Unwatch(keys, call), ReplyTo::Nobody);
                }
            }
        }
    }
}
