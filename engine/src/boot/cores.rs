//! From a claimed directory to one [`Core`] for each shard: everything a worker is made of but its ring and
//! its mailbox, which belong to its thread.
//!
//! Knows neither threads nor the machine: a simulated machine is started with the same code.

use std::net::SocketAddr;
use std::sync::Arc;

use headwater_io::buffer::BufferPool;
use headwater_io::driver::Driver;
use headwater_io::file::Fs;
use headwater_io::mailbox::{Receiver, Sender};
use headwater_io::sim::rng::Rng;
use headwater_io::socket::Listener;

use crate::api::Node;
use crate::broker::catalog::Catalog;
use crate::broker::controller::{Controller, Place};
use crate::broker::identity::Claimed;
use crate::broker::start::{self, Opened, Reading, StartError};
use crate::config::broker::BrokerConfig;
use crate::log::folder::Folders;
use crate::model::{LeaderEpoch, ShardId};
use crate::net::limits::Limits;
use crate::shard::Shard;
use crate::worker::mail::{Letter, Mail};
use crate::worker::{Parts, Worker};

/// Of the pool, this much at least is never hot bytes: room for what is on its way to the disk.
const IN_FLIGHT_BYTES_MIN: usize = 24 << 20;

/// What cores are made from.
pub struct Site {
    /// The settings.
    pub config: Arc<BrokerConfig>,
    /// The directory, which is ours.
    pub claimed: Claimed,
    /// Whether logs are written past the page cache.
    pub direct: bool,
    /// How many cores.
    pub shards: usize,
    /// Memory of each, in bytes.
    pub memory_bytes: usize,
    /// One for each core, or none.
    pub listeners: Vec<Listener>,
    /// The address they are bound to.
    pub bound: Option<SocketAddr>,
    /// Random identities.
    pub new_id: Box<dyn FnMut() -> [u8; 16]>,
}

/// All cores of a broker, ready for their threads.
pub struct Cores {
    /// In order of their shards.
    pub cores: Vec<Core>,
    /// What clients are told.
    pub node: Arc<Node>,
    /// Keeps the directory ours until everything is stopped.
    pub claimed: Claimed,
    /// What opening it took.
    pub recovered: Reading,
}

/// What one worker is made of, but for its ring and its mail.
pub struct Core {
    id: ShardId,
    /// Where its random identities start.
    ids: [u8; 16],
    shard: Shard,
    listener: Option<Listener>,
    controller: Option<Controller>,
    catalog: Arc<Catalog>,
    config: Arc<BrokerConfig>,
    node: Arc<Node>,
    limits: Limits,
}

impl Site {
    /// Opens everything in the directory.
    ///
    /// # Errors
    /// The first thing that cannot be opened.
    pub fn open(self, fs: &Fs) -> Result<Cores, StartError> {
        let Site { config, claimed, direct, shards, memory_bytes, listeners, bound, mut new_id } =
            self;
        let pools: Vec<BufferPool> =
            (0..shards).map(|_| BufferPool::new(memory_bytes, memory_bytes)).collect();
        let place = Place {
            data_dir: config.data_dir.clone(),
            config: Arc::clone(&config),
            direct,
            epoch: LeaderEpoch(0),
            pools: pools.clone(),
            folders: Folders::default(),
        };
        let opened = start::open(fs, claimed, place)?;
        let config = opened.config.clone();
        let node = Arc::new(node(&config, &opened, bound, shards));
        let limits = Limits::of(&config, shards, memory_bytes);
        let hot_max = hot_bytes(&config, memory_bytes);
        let mut of_shards: Vec<Shard> = pools
            .into_iter()
            .zip(opened.journals)
            .enumerate()
            .map(|(n, (pool, journal))| Shard::new(ShardId(n as u16), pool, hot_max, journal))
            .collect();
        for (shard, key, settings, log) in opened.logs {
            of_shards[usize::from(shard.0)].adopt(key, settings, log);
        }
        let mut controller = Some(opened.controller);
        let mut listeners = listeners.into_iter();
        let cores = of_shards.into_iter().enumerate().map(|(n, shard)| Core {
            id: ShardId(n as u16),
            ids: new_id(),
            shard,
            listener: listeners.next(),
            controller: controller.take(),
            catalog: Arc::clone(&opened.catalog),
            config: Arc::clone(&config),
            node: Arc::clone(&node),
            limits,
        });
        let cores = cores.collect();
        Ok(Cores { cores, node, claimed: opened.claimed, recovered: opened.recovered })
    }
}

impl Core {
    /// The worker, on its own ring, with its mailbox and those of all shards in order.
    pub fn worker(self, io: Driver, inbox: Receiver<Letter>, peers: Vec<Sender<Letter>>) -> Worker {
        Worker::new(Parts {
            id: self.id,
            io,
            shard: self.shard,
            mail: Mail::new(inbox, peers),
            listener: self.listener,
            catalog: self.catalog,
            config: self.config,
            node: self.node,
            limits: self.limits,
            controller: self.controller,
            new_id: Box::new(ids(self.ids)),
        })
    }
}

fn hot_bytes(config: &BrokerConfig, memory: usize) -> usize {
    let share = memory / 100 * config.hot_percent as usize;
    share.min(memory.saturating_sub(IN_FLIGHT_BYTES_MIN))
}

fn node(config: &BrokerConfig, opened: &Opened, bound: Option<SocketAddr>, shards: usize) -> Node {
    let (host, port) = match (&config.advertise, bound) {
        (Some(address), _) => (address.host.clone(), address.port),
        (None, Some(addr)) if addr.ip().is_unspecified() => ("127.0.0.1".to_owned(), addr.port()),
        (None, Some(addr)) => (addr.ip().to_string(), addr.port()),
        (None, None) => (String::new(), 0),
    };
    let identity = &opened.claimed.identity;
    Node {
        id: identity.node_id,
        cluster_id: identity.cluster_id.clone(),
        host,
        port: i32::from(port),
        shards,
        epoch: opened.epoch,
    }
}

/// Random identities without asking the system again: a shard's thread must not.
fn ids(seed: [u8; 16]) -> impl FnMut() -> [u8; 16] {
    let halves = seed.split_at(8);
    let half = |bytes: &[u8]| u64::from_be_bytes(bytes.try_into().expect("eight bytes"));
    let (mut high, mut low) = (Rng::new(half(halves.0)), Rng::new(half(halves.1)));
    move || {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&high.next_u64().to_be_bytes());
        id[8..].copy_from_slice(&low.next_u64().to_be_bytes());
        id
    }
}
