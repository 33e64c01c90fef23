//! From settings to running cores: choose a backend, claim the directory, open everything, start one
//! thread for each shard. And the way back.
//!
//! `machine` says what there is to take, `listen` binds the address, `cores` opens the directory: that part
//! a simulated machine shares.

pub mod cores;
mod error;
mod listen;
mod machine;
mod metrics;
mod scrape;

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use headwater_io::cpu;
use headwater_io::driver::{Backend, Driver};
use headwater_io::file::Fs;
use headwater_io::mailbox::{Sender, mailbox};
use headwater_io::probe::{self, Choice};
use headwater_io::socket::Listener;

use crate::api::Node;
use crate::broker::identity::Claimed;
use crate::broker::start;
use crate::config::broker::{BackendName, BrokerConfig};
use crate::log::Log;
use crate::model::ShardId;
use crate::worker::mail::{BOX_LETTERS, Letter};
use cores::{Core, Cores, Site};
pub use error::BootError;
pub use machine::{FEW_CPUS, new_id, partitions_carried};
use metrics::{About, Endpoint};

/// Cores that are running.
pub struct Running {
    /// The boxes of all shards.
    pub peers: Vec<Sender<Letter>>,
    /// Where clients connect, if they may.
    pub listen: Option<SocketAddr>,
    /// The backend, and why.
    pub choice: Choice,
    /// What clients are told about this node.
    pub node: Arc<Node>,
    /// Memory of all shards' pools, in bytes.
    pub memory_bytes: usize,
    /// Descriptors that this process may open.
    pub open_files: u64,
    /// Idle partitions of one segment that these carry beside all connections.
    pub partitions_carried: u64,
    /// Hands out metrics, if somebody wants them.
    metrics: Option<Endpoint>,
    threads: Vec<JoinHandle<Vec<Log>>>,
    data_dir: std::path::PathBuf,
    /// Keeps the directory ours until everything is stopped.
    _claimed: Claimed,
}

/// Starts everything. With `listen`, clients may connect to `config.listen`.
///
/// # Errors
/// The first thing that does not work; nothing is left running.
pub fn boot(config: BrokerConfig, listen: bool) -> Result<Running, BootError> {
    let open_files = probe::raise_open_files();
    let fs = Fs::os();
    let choice = probe::choose(config.backend.map(|name| match name {
        BackendName::Uring => Backend::Uring,
        BackendName::Posix => Backend::Posix,
    }));
    let fresh_ids = [machine::random_hex()?, machine::random_hex()?];
    let claimed = start::claim(&fs, &config.data_dir, config.node_id, fresh_ids)?;
    let shards = machine::shard_count(&config);
    let direct = machine::use_direct_io(&config)?;
    let memory_bytes = machine::memory_bytes(&config) / shards;
    let config = Arc::new(config);
    // The address first: to find it taken only after reading everything would waste the time.
    let listeners = if listen { listen::bind(&config, shards)? } else { Vec::new() };
    let bound = listeners.first().map(Listener::local_addr).transpose();
    let bound = bound.map_err(|e| BootError::Io("the listener's address", e))?;
    let scraped = config.metrics_listen.as_ref().map(scrape::bind).transpose()?;
    let site = Site {
        config: Arc::clone(&config),
        claimed,
        direct,
        shards,
        memory_bytes,
        listeners,
        bound,
        new_id: Box::new(new_id),
    };
    let Cores { cores, node, claimed, recovered } = site.open(&fs)?;
    let (threads, peers) = launch(&config, choice.backend, cores)?;
    let about = About { backend: choice.backend, recovered };
    let start = |listener| Endpoint::start(listener, peers.clone(), &config, about);
    let metrics = scraped.map(start).transpose()?;
    Ok(Running {
        peers,
        listen: bound,
        choice,
        node,
        memory_bytes: memory_bytes * shards,
        open_files,
        partitions_carried: partitions_carried(open_files, config.connections_max as u64),
        metrics,
        threads,
        data_dir: config.data_dir.clone(),
        _claimed: claimed,
    })
}

/// What a thread gets once all threads have their rings.
type Seed = (Core, Vec<Sender<Letter>>);
type Threads = Vec<JoinHandle<Vec<Log>>>;

fn launch(
    config: &Arc<BrokerConfig>,
    backend: Backend,
    cores: Vec<Core>,
) -> Result<(Threads, Vec<Sender<Letter>>), BootError> {
    let spin = machine::spin(config, cores.len());
    let (mut threads, mut seeds, mut peers) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..cores.len() {
        let (seed_to, seed) = mpsc::channel::<Seed>();
        let (made_to, made) = mpsc::channel();
        let (config, id) = (Arc::clone(config), ShardId(n as u16));
        let run = move || run_shard(id, backend, spin, &config, &seed, &made_to);
        let thread = std::thread::Builder::new().name(format!("hw-shard-{n}")).spawn(run);
        threads.push(thread.map_err(|e| BootError::Io("a thread cannot be started", e))?);
        let made: io::Result<Sender<Letter>> =
            made.recv().expect("a shard says whether it has a ring");
        peers.push(made.map_err(|e| BootError::Backend(backend, e))?);
        seeds.push(seed_to);
    }
    for (core, seed) in cores.into_iter().zip(seeds) {
        seed.send((core, peers.clone()))
            .map_err(|_| BootError::Io("a shard ended at once", io::ErrorKind::Other.into()))?;
    }
    Ok((threads, peers))
}

fn run_shard(
    id: ShardId,
    backend: Backend,
    spin: Duration,
    config: &BrokerConfig,
    seed: &mpsc::Receiver<Seed>,
    made_to: &mpsc::Sender<io::Result<Sender<Letter>>>,
) -> Vec<Log> {
    let io = match Driver::open(backend, spin) {
        Ok(io) => io,
        Err(e) => {
            drop(made_to.send(Err(e)));
            return Vec::new();
        }
    };
    let _guard = AbortOnPanic(id);
    // After the ring: its I/O threads must be free to run elsewhere.
    machine::pin(config, id);
    cpu::yield_to_short_work();
    let (sender, inbox) = mailbox(BOX_LETTERS, io.waker());
    drop(made_to.send(Ok(sender)));
    let Ok((core, peers)) = seed.recv() else { return Vec::new() };
    core.worker(io, inbox, peers).run()
}

/// A shard that has panicked holds acknowledged data that nobody serves and questions that nobody will
/// answer. Ending the process is the one thing that clients, and whoever supervises it, understand.
struct AbortOnPanic(ShardId);

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "headwater: shard {} has panicked; the process ends, the next start recovers",
                self.0.0
            );
            std::process::abort();
        }
    }
}

impl Running {
    /// The data directory.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Where metrics are handed out, if they are.
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(Endpoint::addr)
    }

    /// Stops everything: requests in service are answered, logs flushed, the clean end written down.
    ///
    /// # Errors
    /// When the clean end cannot be written; nothing is lost, the next start reads more.
    pub fn stop(self) -> io::Result<()> {
        for peer in &self.peers {
            let mut letter = Letter::Stop;
            while let Err(back) = peer.send(letter) {
                letter = back;
                std::thread::yield_now();
            }
        }
        if let Some(metrics) = self.metrics {
            metrics.stop();
        }
        let mut logs = Vec::new();
        let mut crashed = false;
        for thread in self.threads {
            match thread.join() {
                Ok(of_shard) => logs.extend(of_shard),
                Err(_) => crashed = true,
            }
        }
        if crashed {
            return Err(io::Error::other("a shard has crashed; its message is above"));
        }
        start::stop(&Fs::os(), &self.data_dir, &logs)
    }
}
