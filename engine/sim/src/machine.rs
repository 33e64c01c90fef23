//! A whole broker on a simulated machine: all cores on one thread, stepped in an order that the seed
//! decides.
//!
//! The code is the production code from the claim of the directory to the ring; only driver, file system
//! and clock are simulated.

use std::path::Path;
use std::sync::Arc;

use headwater::boot::cores::{Cores, Site};
use headwater::broker::identity::Claimed;
use headwater::broker::start::{self, StartError};
use headwater::config::broker::{BrokerConfig, DurabilityPath};
use headwater::worker::Worker;
use headwater::worker::mail::{BOX_LETTERS, Letter};
use headwater_io::clock::Nanos;
use headwater_io::file::Fs;
use headwater_io::mailbox::{Sender, mailbox};
use headwater_io::sim::World;
use headwater_io::sim::rng::Rng;

/// Where the broker's clients connect.
pub const ADDR: &str = "10.0.0.1:9092";
/// Memory of each shard, in bytes.
const MEMORY_BYTES: usize = 16 << 20;

/// A running broker.
pub struct Broker {
    workers: Vec<Worker>,
    peers: Vec<Sender<Letter>>,
    _claimed: Claimed,
}

impl Broker {
    /// Starts on what the disk holds: recovery and all.
    ///
    /// # Errors
    /// As a real start.
    pub fn start(
        world: &World,
        config: &Arc<BrokerConfig>,
        shards: usize,
        rng: &mut Rng,
    ) -> Result<Self, StartError> {
        let fs = Fs::sim(world.disk().clone());
        let ids = ["cluster".to_owned(), format!("{:032x}", rng.next_u64())];
        let claimed = start::claim(&fs, &config.data_dir, config.node_id, ids)?;
        let addr = ADDR.parse().expect("an address");
        let mut ids = rng.clone();
        let site = Site {
            config: Arc::clone(config),
            claimed,
            direct: config.path != DurabilityPath::Buffered,
            shards,
            memory_bytes: MEMORY_BYTES,
            listeners: (0..shards).map(|_| world.net().listen(addr)).collect(),
            bound: Some(addr),
            new_id: Box::new(move || {
                let mut id = [0; 16];
                id[..8].copy_from_slice(&ids.next_u64().to_be_bytes());
                id[8..].copy_from_slice(&ids.next_u64().to_be_bytes());
                id
            }),
        };
        let Cores { cores, claimed, .. } = site.open(&fs)?;
        let drivers: Vec<_> = cores.iter().map(|_| world.driver()).collect();
        let boxes = drivers.iter().map(|io| mailbox(BOX_LETTERS, io.waker()));
        let (peers, inboxes): (Vec<_>, Vec<_>) = boxes.unzip();
        let parts = cores.into_iter().zip(drivers).zip(inboxes);
        let mut workers: Vec<Worker> =
            parts.map(|((core, io), inbox)| core.worker(io, inbox, peers.clone())).collect();
        workers.iter_mut().for_each(Worker::begin);
        Ok(Broker { workers, peers, _claimed: claimed })
    }

    /// How many cores it has.
    pub fn cores(&self) -> usize {
        self.workers.len()
    }

    /// When a core has something to do.
    pub fn due(&self, core: usize) -> Nanos {
        match self.workers[core].has_stopped() {
            true => Nanos(u64::MAX),
            false => self.workers[core].due(),
        }
    }

    /// One tick of one core.
    pub fn step(&mut self, core: usize) {
        self.workers[core].tick();
    }

    /// Asks it to stop cleanly.
    pub fn begin_stop(&self) {
        for peer in &self.peers {
            drop(peer.send(Letter::Stop));
        }
    }

    /// Whether all cores have stopped.
    pub fn has_stopped(&self) -> bool {
        self.workers.iter().all(Worker::has_stopped)
    }

    /// Writes down the clean end.
    ///
    /// # Errors
    /// When the disk refuses; nothing is lost by that.
    pub fn end(self, world: &World, data_dir: &Path) -> std::io::Result<()> {
        let logs: Vec<_> = self.workers.into_iter().flat_map(Worker::into_logs).collect();
        start::stop(&Fs::sim(world.disk().clone()), data_dir, &logs)
    }
}
