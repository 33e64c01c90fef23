//! From settings to running cores: choose a backend, claim the directory, open everything, start one
//! thread for each shard. And the way back.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use headwater_io::buffer::BufferPool;
use headwater_io::cpu;
use headwater_io::driver::{Backend, Driver};
use headwater_io::file::{Access, Fs};
use headwater_io::mailbox::{Sender, mailbox};
use headwater_io::probe::{self, Choice, DirectIo};
use headwater_io::sim::rng::Rng;
use headwater_io::socket::Listener;

use crate::api::Node;
use crate::broker::controller::Place;
use crate::broker::identity::Claimed;
use crate::broker::start::{self, Opened, StartError};
use crate::config::broker::{BackendName, BrokerConfig, DurabilityPath};
use crate::log::Log;
use crate::model::{LeaderEpoch, ShardId};
use crate::net::limits::Limits;
use crate::shard::Shard;
use crate::worker::mail::{BOX_LETTERS, Letter, Mail};
use crate::worker::{Parts, Worker};

/// The most memory taken when nothing is said, in bytes. More would keep more of the tail hot; but each
/// first touch of memory is a page fault, and what was touched before is reused.
const MEMORY_MAX: u64 = 512 << 20;
/// Of the pool, this much at least is never hot bytes: room for what is on its way to the disk.
const IN_FLIGHT_BYTES_MIN: usize = 24 << 20;
/// What waking a sleeping thread costs on the machines this was measured on.
const SPIN: Duration = Duration::from_micros(50);
/// On few processors the kernel's workers and the clients need the time, too.
const SPIN_FEW: Duration = Duration::from_micros(25);

/// With no more processors than this, threads are left where the scheduler puts them: a disk with one
/// queue interrupts one processor, and its completions wait behind whoever is pinned there
/// (`engine/docs/notes/2026-11-26-where-threads-run.md`).
pub const FEW_CPUS: usize = 2;

/// How long an address that is taken is tried again.
const BIND_PATIENCE: Duration = Duration::from_millis(1500);

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
    threads: Vec<JoinHandle<Vec<Log>>>,
    data_dir: std::path::PathBuf,
    /// Keeps the directory ours until everything is stopped.
    _claimed: Claimed,
}

/// Why a start failed; each says what to do.
#[derive(Debug)]
pub enum BootError {
    /// The data directory.
    Start(StartError),
    /// The address to listen on.
    Listen(String, io::Error),
    /// A thread or its ring.
    Backend(Backend, io::Error),
    /// Anything else, with what was being done.
    Io(&'static str, io::Error),
}

impl fmt::Display for BootError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BootError::Start(e) => e.fmt(f),
            BootError::Listen(addr, e) if e.kind() == io::ErrorKind::AddrInUse => {
                write!(
                    f,
                    "{addr} is in use by another process: stop that one, or choose another port with --listen"
                )
            }
            BootError::Listen(addr, e) => {
                write!(f, "cannot listen on {addr}: {e}; choose another address with --listen")
            }
            BootError::Backend(backend, e) => write!(
                f,
                "backend {backend} cannot be used: {e}; `headwater doctor` says why, --backend posix works everywhere"
            ),
            BootError::Io(what, e) => write!(f, "{what}: {e}{}", start::advice(e)),
        }
    }
}

impl std::error::Error for BootError {}

impl From<StartError> for BootError {
    fn from(e: StartError) -> Self {
        BootError::Start(e)
    }
}

/// Starts everything. With `listen`, clients may connect to `config.listen`.
///
/// # Errors
/// The first thing that does not work; nothing is left running.
pub fn boot(config: BrokerConfig, listen: bool) -> Result<Running, BootError> {
    probe::raise_open_files();
    let fs = Fs::os();
    let choice = probe::choose(config.backend.map(|name| match name {
        BackendName::Uring => Backend::Uring,
        BackendName::Posix => Backend::Posix,
    }));
    let claimed =
        start::claim(&fs, &config.data_dir, config.node_id, [random_hex()?, random_hex()?])?;
    let shards = shard_count(&config);
    let direct = use_direct_io(&config)?;
    let memory = memory_bytes(&config) / shards;
    let pools: Vec<BufferPool> = (0..shards).map(|_| BufferPool::new(memory, memory)).collect();
    let config = Arc::new(config);
    let place = Place {
        data_dir: config.data_dir.clone(),
        config: Arc::clone(&config),
        direct,
        epoch: LeaderEpoch(0),
        pools: pools.clone(),
    };
    // The address first: to find it taken only after reading everything would waste the time.
    let listeners = if listen { bind(&config, shards)? } else { Vec::new() };
    let bound = listeners.first().map(Listener::local_addr).transpose();
    let bound = bound.map_err(|e| BootError::Io("the listener's address", e))?;
    let opened = start::open(&fs, claimed, place)?;
    let node = Arc::new(node(&config, &opened, bound, shards));
    launch(Launch { config, choice, opened, pools, memory, listeners, node, bound })
}

struct Launch {
    config: Arc<BrokerConfig>,
    choice: Choice,
    opened: Opened,
    pools: Vec<BufferPool>,
    memory: usize,
    listeners: Vec<Listener>,
    node: Arc<Node>,
    bound: Option<SocketAddr>,
}

/// What a thread gets once all threads have their rings.
struct Seed {
    /// Where its random identities start.
    ids: [u8; 16],
    peers: Vec<Sender<Letter>>,
    shard: Shard,
    listener: Option<Listener>,
    controller: Option<crate::broker::controller::Controller>,
    catalog: Arc<crate::broker::catalog::Catalog>,
}

fn launch(launch: Launch) -> Result<Running, BootError> {
    let Launch { config, choice, opened, pools, memory, mut listeners, node, bound } = launch;
    let shards = pools.len();
    let spin = spin(&config, shards);
    let limits = Limits::of(&config, shards, memory);
    let (mut threads, mut seeds, mut peers) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..shards {
        let (seed_to, seed) = mpsc::channel::<Seed>();
        let (made_to, made) = mpsc::channel();
        let (config, node, backend) = (Arc::clone(&config), Arc::clone(&node), choice.backend);
        let run = move || {
            run_shard(ShardId(n as u16), backend, spin, config, node, limits, &seed, &made_to)
        };
        let thread = std::thread::Builder::new().name(format!("hw-shard-{n}")).spawn(run);
        threads.push(thread.map_err(|e| BootError::Io("a thread cannot be started", e))?);
        let made: io::Result<Sender<Letter>> =
            made.recv().expect("a shard says whether it has a ring");
        peers.push(made.map_err(|e| BootError::Backend(backend, e))?);
        seeds.push(seed_to);
    }
    let hot_max = hot_bytes(&config, memory);
    let mut parts: Vec<Shard> = pools
        .into_iter()
        .enumerate()
        .map(|(n, pool)| Shard::new(ShardId(n as u16), pool, hot_max))
        .collect();
    for (shard, key, settings, log) in opened.logs {
        parts[usize::from(shard.0)].adopt(key, settings, log);
    }
    let mut controller = Some(opened.controller);
    listeners.reverse();
    for (shard, seed) in parts.into_iter().zip(seeds) {
        let seed_of = Seed {
            ids: new_id(),
            peers: peers.clone(),
            shard,
            listener: listeners.pop(),
            controller: controller.take(),
            catalog: Arc::clone(&opened.catalog),
        };
        seed.send(seed_of)
            .map_err(|_| BootError::Io("a shard ended at once", io::ErrorKind::Other.into()))?;
    }
    let data_dir = config.data_dir.clone();
    let memory_bytes = memory * shards;
    Ok(Running {
        peers,
        listen: bound,
        choice,
        node,
        memory_bytes,
        threads,
        data_dir,
        _claimed: opened.claimed,
    })
}

#[expect(clippy::too_many_arguments, reason = "the body of a thread: everything it is given")]
fn run_shard(
    id: ShardId,
    backend: Backend,
    spin: Duration,
    config: Arc<BrokerConfig>,
    node: Arc<Node>,
    limits: Limits,
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
    pin(&config, id);
    cpu::yield_to_short_work();
    let (sender, inbox) = mailbox(BOX_LETTERS, io.waker());
    drop(made_to.send(Ok(sender)));
    let Ok(seed) = seed.recv() else { return Vec::new() };
    let parts = Parts {
        id,
        io,
        shard: seed.shard,
        mail: Mail::new(inbox, seed.peers),
        listener: seed.listener,
        catalog: seed.catalog,
        config,
        node,
        limits,
        controller: seed.controller,
        new_id: Box::new(ids(seed.ids)),
    };
    Worker::new(parts).run()
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

/// One core is left to those who use the engine, as long as there are few.
fn shard_count(config: &BrokerConfig) -> usize {
    let cpus = cpu::usable().len();
    match config.shards {
        0 if cpus <= 4 => cpus.saturating_sub(1).max(1),
        0 => cpus,
        n => n as usize,
    }
}

/// Looking for work costs nothing on a core of its own; with as many shards as processors it would take
/// the time of those who have some.
fn spin(config: &BrokerConfig, shards: usize) -> Duration {
    match config.spin_us {
        Some(us) => Duration::from_micros(us),
        None if shards >= cpu::usable().len() => Duration::ZERO,
        None if cpu::usable().len() <= FEW_CPUS => SPIN_FEW,
        None => SPIN,
    }
}

fn pin(config: &BrokerConfig, id: ShardId) {
    let cpus = cpu::usable();
    if config.pin && cpus.len() > FEW_CPUS {
        let cpu = cpus[(config.cpu_first + usize::from(id.0)) % cpus.len()];
        if let Err(error) = cpu::pin(cpu) {
            tracing::warn!(cpu, %error, "a shard could not be pinned");
        }
    }
}

fn use_direct_io(config: &BrokerConfig) -> Result<bool, BootError> {
    if config.path == DurabilityPath::Buffered {
        return Ok(false);
    }
    match probe::direct_io(&config.data_dir) {
        Ok(DirectIo::Works) => Ok(true),
        Ok(DirectIo::Refused) => {
            let dir = config.data_dir.display();
            tracing::warn!(%dir, "the file system refuses direct I/O: writes go through the page cache");
            Ok(false)
        }
        Err(e) => Err(BootError::Io("the data directory cannot be written", e)),
    }
}

fn memory_bytes(config: &BrokerConfig) -> usize {
    let auto = || (physical_memory_bytes() / 4).min(MEMORY_MAX);
    config.memory_bytes.unwrap_or_else(auto) as usize
}

fn physical_memory_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = total.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kib.map_or(MEMORY_MAX, |kib| kib * 1024)
}

fn hot_bytes(config: &BrokerConfig, memory: usize) -> usize {
    let share = memory / 100 * config.hot_percent as usize;
    share.min(memory.saturating_sub(IN_FLIGHT_BYTES_MIN))
}

fn bind(config: &BrokerConfig, shards: usize) -> Result<Vec<Listener>, BootError> {
    let name = format!("{}:{}", config.listen.host, config.listen.port);
    let fail = |e| BootError::Listen(name.clone(), e);
    let resolved =
        (config.listen.host.as_str(), config.listen.port).to_socket_addrs().map_err(fail)?;
    let addr =
        resolved.into_iter().next().ok_or_else(|| fail(io::ErrorKind::AddrNotAvailable.into()))?;
    // Held alone for a moment: sharing a port with another process of ours must be an error, too.
    let alone = bind_alone(addr).map_err(fail)?;
    let addr = alone.local_addr().map_err(fail)?;
    drop(alone);
    (0..shards).map(|_| Listener::bind(addr, true).map_err(fail)).collect()
}

/// A ring that was killed with its process gives its sockets back a moment later: the data directory is
/// ours already, so an address that is still taken may be our own from before.
fn bind_alone(addr: SocketAddr) -> io::Result<Listener> {
    let deadline = std::time::Instant::now() + BIND_PATIENCE;
    loop {
        match Listener::bind(addr, false) {
            Err(e)
                if e.kind() == io::ErrorKind::AddrInUse && std::time::Instant::now() < deadline =>
            {
                std::thread::sleep(Duration::from_millis(20));
            }
            other => return other,
        }
    }
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

/// A random identity.
///
/// # Panics
/// When the random device, which was readable at start, no longer is.
pub fn new_id() -> [u8; 16] {
    random_bytes().expect("the random device was readable at start")
}

fn random_bytes() -> io::Result<[u8; 16]> {
    let fs = Fs::os();
    let device = fs.open(Path::new("/dev/urandom"), Access::Read)?;
    let mut bytes = [0; 16];
    fs.read_at(&device, 0, &mut bytes)?;
    Ok(bytes)
}

fn random_hex() -> Result<String, BootError> {
    let bytes = random_bytes().map_err(|e| BootError::Io("/dev/urandom", e))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
