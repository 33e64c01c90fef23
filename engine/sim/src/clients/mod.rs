//! Clients of a simulated broker: each with one connection that it makes again when it breaks, all on one
//! driver, stepped like the broker's cores.

pub mod assessor;
pub mod auditor;
pub mod committer;
pub mod consumer;
pub mod deleter;
pub mod examiner;
pub mod lane;
pub mod processor;
pub mod producer;
pub mod reader;
pub mod setup;
pub mod wire;

use std::time::Duration;

use bytes::Bytes;
use headwater_io::clock::Nanos;
use headwater_io::driver::Driver;
use headwater_io::sim::World;
use headwater_io::sim::rng::Rng;

use crate::ledger::Ledger;
use crate::model::{Model, Violation};
use crate::plan::Plan;
use crate::trace::Trace;
use wire::Wire;

/// An answer that takes longer than this will not come.
const PATIENCE: Duration = Duration::from_secs(3);
/// Before connecting again.
const RECONNECT_NS: u64 = 4_000_000;

/// What all clients of a run share.
pub struct Shared {
    /// The run.
    pub plan: Plan,
    /// What is known outside the broker.
    pub model: Model,
    /// What is known of transactions.
    pub ledger: Ledger,
    /// What happened.
    pub trace: Trace,
    /// Chance.
    pub rng: Rng,
    /// Answers that said that the disk does not work.
    pub storage_errors: u64,
}

impl Shared {
    /// The topic and index of a partition, as requests name it.
    pub fn name(&self, partition: usize) -> (&str, i32) {
        let known = &self.model.partitions[partition];
        (&self.plan.topics[known.topic].name, known.index as i32)
    }

    /// The partition of that name.
    pub fn partition(&self, topic: &str, index: i32) -> Option<usize> {
        (0..self.model.partitions.len()).find(|&n| self.name(n) == (topic, index))
    }
}

/// Everything that a client may use in its turn.
pub struct Turn<'a> {
    /// Its connection.
    pub wire: &'a mut Wire,
    /// To send.
    pub io: &'a mut Driver,
    /// Now.
    pub now: Nanos,
    /// What it shares with the others.
    pub shared: &'a mut Shared,
}

impl Turn<'_> {
    /// A moment after now, up to `ns_max` away.
    pub fn soon(&mut self, ns_max: u64) -> Nanos {
        Nanos(self.now.0 + 1 + self.shared.rng.below(ns_max))
    }
}

/// What a client does.
pub trait Role {
    /// The connection is up or has a turn because its time has come: sends what it likes.
    ///
    /// # Errors
    /// What a checker has to say.
    fn work(&mut self, turn: &mut Turn<'_>) -> Result<(), Violation>;
    /// An answer has come.
    ///
    /// # Errors
    /// What a checker has to say.
    fn answer(&mut self, answer: &Bytes, turn: &mut Turn<'_>) -> Result<(), Violation>;
    /// The connection is gone, and with it all answers that were to come.
    fn broken(&mut self, shared: &mut Shared);
    /// When it wants another turn although nothing happens.
    fn wake(&self) -> Nanos;
    /// Since when it has been waiting for an answer.
    fn waiting_since(&self) -> Option<Nanos>;
    /// Whether it wants nothing more.
    fn is_done(&self) -> bool;
    /// From now on: finish what was begun, begin nothing new.
    fn finish(&mut self) {}
}

/// One client.
pub struct Client<R: ?Sized = dyn Role> {
    wire: Wire,
    connect_at: Nanos,
    /// What it does.
    pub role: Box<R>,
}

/// Some clients on one driver.
pub struct Clients {
    world: World,
    io: Driver,
    clients: Vec<Client>,
}

impl Clients {
    /// Clients that are not connected yet.
    pub fn new(world: &World, roles: Vec<Box<dyn Role>>) -> Self {
        let clients = roles.into_iter().enumerate();
        let clients =
            clients.map(|(n, role)| Client { wire: Wire::new(n), connect_at: Nanos(0), role });
        Clients { world: world.clone(), io: world.driver(), clients: clients.collect() }
    }

    /// The broker is gone, and all connections with it.
    pub fn broker_gone(&mut self, shared: &mut Shared) {
        self.io = self.world.driver();
        for client in &mut self.clients {
            client.wire.hang_up();
            client.role.broken(shared);
            client.connect_at = Nanos(0);
        }
    }

    /// Nothing new from now on.
    pub fn finish(&mut self) {
        self.clients.iter_mut().for_each(|client| client.role.finish());
    }

    /// Whether nobody wants anything more.
    pub fn are_done(&self) -> bool {
        self.clients.iter().all(|client| client.role.is_done())
    }

    /// When somebody has something to do.
    pub fn due(&self) -> Nanos {
        let clients = self.clients.iter().map(Client::due);
        clients.chain(self.io.next_due()).min().unwrap_or(Nanos(u64::MAX))
    }

    /// What has come back, and whoever's time has come.
    ///
    /// # Errors
    /// What a checker has to say.
    pub fn step(&mut self, shared: &mut Shared) -> Result<(), Violation> {
        let now = self.world.clock().now();
        let mut completions = Vec::new();
        self.io.poll(&mut completions);
        for completion in completions {
            let client = &mut self.clients[wire::client_of(completion.token)];
            if !client.wire.complete(completion, &mut self.io) {
                client.lost(now, shared);
            }
            while let Some(answer) = client.wire.answer() {
                let mut turn = Turn { wire: &mut client.wire, io: &mut self.io, now, shared };
                client.role.answer(&answer, &mut turn)?;
            }
        }
        for client in &mut self.clients {
            if client.due() > now || client.role.is_done() {
                continue;
            }
            if client.role.waiting_since().is_some_and(|since| now >= since.after(PATIENCE)) {
                client.lost(now, shared);
                continue;
            }
            if !client.wire.is_up() && !client.wire.connect(&self.world, &mut self.io) {
                client.connect_at = Nanos(now.0 + 1 + shared.rng.below(RECONNECT_NS));
                continue;
            }
            let mut turn = Turn { wire: &mut client.wire, io: &mut self.io, now, shared };
            client.role.work(&mut turn)?;
        }
        Ok(())
    }
}

impl Client {
    fn due(&self) -> Nanos {
        if self.role.is_done() {
            return Nanos(u64::MAX);
        }
        if !self.wire.is_up() {
            return self.connect_at;
        }
        let patience = self.role.waiting_since().map(|since| since.after(PATIENCE));
        patience.map_or(self.role.wake(), |end| end.min(self.role.wake()))
    }

    fn lost(&mut self, now: Nanos, shared: &mut Shared) {
        shared.trace.event(now, "connection lost", &[self.wire.connection() as i64]);
        self.wire.hang_up();
        self.role.broken(shared);
        self.connect_at = Nanos(now.0 + 1 + shared.rng.below(RECONNECT_NS));
    }
}
