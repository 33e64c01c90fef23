//! A whole shard on a simulated machine, started from whatever its disk holds. One thread, no waiting: a machine costs
//! about a millisecond, so that each input can have its own.
//!
//! Knows the broker only as its users do: a directory, a clean stop, a kill, a power cut, and what [`client`] asks.

pub mod client;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use headwater::boot::cores::Site;
use headwater::broker::identity::Claimed;
use headwater::broker::start::{self, StartError};
use headwater::config::broker::{BrokerConfig, DurabilityPath};
use headwater::config::parse::Assignment;
use headwater::worker::Worker;
use headwater::worker::mail::{BOX_LETTERS, Letter};
use headwater_io::driver::Driver;
use headwater_io::file::{Access, Fs};
use headwater_io::mailbox::{Sender, mailbox};
use headwater_io::op::{Done, Op, Token};
use headwater_io::sim::World;
use headwater_io::sim::rng::Rng;
use headwater_io::socket::Socket;
use headwater_protocol::frame;

/// Where its data are.
pub const DATA: &str = "/data";
const ADDR: &str = "127.0.0.1:9092";
const MEMORY_BYTES: usize = 32 << 20;
/// Whoever waits longer for an answer waits for ever.
const TICKS_MAX: usize = 100_000;
/// Tokens of what clients send; those of what they receive are their numbers.
const SENT: u64 = 1 << 32;

/// A file of an image: its path and its bytes.
pub type ImageFile = (PathBuf, Vec<u8>);

/// See the module.
pub struct Machine {
    world: World,
    worker: Worker,
    /// What clients do happens between ticks, at the same virtual time.
    io: Driver,
    mailbox: Sender<Letter>,
    clients: Vec<Client>,
    _claimed: Claimed,
}

struct Client {
    socket: Socket,
    received: BytesMut,
    closed: bool,
}

impl Machine {
    /// Starts on what the disk of this world holds, with settings as `name=value`.
    ///
    /// # Errors
    /// When the broker refuses the directory.
    ///
    /// # Panics
    /// When a setting is not one.
    pub fn start(world: World, settings: &[&str]) -> Result<Self, StartError> {
        let config = Arc::new(config(settings).expect("settings"));
        let io = world.driver();
        let ids = ["cluster".to_owned(), "0123456789abcdef0123456789abcdef".to_owned()];
        let claimed = start::claim(&io.fs(), Path::new(DATA), config.node_id, ids)?;
        let addr = ADDR.parse().expect("an address");
        let mut rng = Rng::new(7);
        let site = Site {
            direct: config.path != DurabilityPath::Buffered,
            config,
            claimed,
            shards: 1,
            memory_bytes: MEMORY_BYTES,
            listeners: vec![world.net().listen(addr)],
            bound: Some(addr),
            new_id: Box::new(move || {
                let mut id = [0; 16];
                id[..8].copy_from_slice(&rng.next_u64().to_be_bytes());
                id
            }),
        };
        let cores = site.open(&io.fs())?;
        let core = cores.cores.into_iter().next().expect("one shard");
        let (mailbox, inbox) = mailbox(BOX_LETTERS, io.waker());
        let mut worker = core.worker(io, inbox, vec![mailbox.clone()]);
        worker.accept();
        let (io, clients) = (world.driver(), Vec::new());
        Ok(Machine { io, world, worker, mailbox, clients, _claimed: cores.claimed })
    }

    /// Stops it as an init system does, and writes down where every log ends.
    ///
    /// # Panics
    /// When that fails, which a disk without faults gives no reason for.
    pub fn stop(self) -> World {
        let stopping = self.mailbox.send(Letter::Stop).is_ok();
        assert!(stopping, "the box of an idle shard has room");
        let fs = self.io.fs();
        let logs = self.worker.run();
        start::stop(&fs, Path::new(DATA), &logs).expect("a clean stop");
        self.world
    }

    /// Kills the process: everything that it wrote is still seen by the next one.
    pub fn kill(self) -> World {
        self.world.clone()
    }

    /// Cuts the power: of what was not synced, a random part is lost.
    pub fn cut(self) -> World {
        let world = self.kill();
        world.power_cut();
        world
    }

    /// A new connection; its number.
    ///
    /// # Panics
    /// When nobody listens.
    pub fn connect(&mut self) -> usize {
        let socket =
            self.world.net().connect(ADDR.parse().expect("an address")).expect("a listener");
        self.clients.push(Client { socket, received: BytesMut::new(), closed: false });
        self.receive(self.clients.len() - 1);
        self.clients.len() - 1
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, client: usize, bytes: Bytes) {
        let socket = self.clients[client].socket.clone();
        self.io.submit(Op::Send { socket, parts: vec![bytes] }, Token(SENT | client as u64));
    }

    /// Sends a whole request and waits for its answer; `None` when the connection ends instead.
    ///
    /// # Panics
    /// When there is neither.
    pub fn call(&mut self, client: usize, request: Bytes) -> Option<Bytes> {
        self.send(client, request);
        for _ in 0..TICKS_MAX {
            if let Some(answer) = whole_frame(&mut self.clients[client].received) {
                return Some(answer);
            }
            if self.clients[client].closed {
                return None;
            }
            self.tick();
        }
        panic!("neither an answer nor the end of the connection");
    }

    /// One round of the shard and of everything its clients hear.
    pub fn tick(&mut self) {
        self.worker.tick();
        let mut completions = Vec::new();
        self.io.poll(&mut completions);
        for completion in completions {
            let number = (completion.token.0 & !SENT) as usize;
            match completion.result {
                Ok(Done::Received(bytes, 1..)) => {
                    self.clients[number].received.extend_from_slice(&bytes);
                    self.receive(number);
                }
                Ok(Done::Received(_, 0)) | Err(_) => self.clients[number].closed = true,
                Ok(_) => {}
            }
        }
    }

    fn receive(&mut self, client: usize) {
        let socket = self.clients[client].socket.clone();
        let buf = BytesMut::with_capacity(16 << 10);
        self.io.submit(Op::Recv { socket, buf }, Token(client as u64));
    }
}

/// The settings, if they are; a release without one of them refuses it.
pub fn config(settings: &[&str]) -> Option<BrokerConfig> {
    let assignments: Result<Vec<_>, _> =
        settings.iter().map(|text| Assignment::from_command_line(text)).collect();
    let mut config = BrokerConfig::from_sources(&assignments.ok()?).ok()?;
    config.data_dir = PathBuf::from(DATA);
    // Records here are older than a week.
    config.topic_defaults.retention_ms = None;
    Some(config)
}

fn whole_frame(received: &mut BytesMut) -> Option<Bytes> {
    let len = frame::frame_len(received, usize::MAX).ok()??;
    (received.len() >= 4 + len).then(|| received.split_to(4 + len).freeze().slice(4..))
}

/// Every file of the data directory.
///
/// # Panics
/// When one cannot be read.
pub fn files_of(world: &World) -> Vec<ImageFile> {
    let fs = world.driver().fs();
    let (mut files, mut dirs) = (Vec::new(), vec![PathBuf::from(DATA)]);
    while let Some(dir) = dirs.pop() {
        for entry in fs.list(&dir).expect("a directory") {
            let path = dir.join(&entry.name);
            if entry.is_dir {
                dirs.push(path);
            } else {
                files.push((path.clone(), fs.read(&path).expect("a file")));
            }
        }
    }
    files.sort();
    files
}

/// A machine with these files on its disk, durably, and nothing else.
///
/// # Panics
/// When one cannot be written.
pub fn world_with(seed: u64, files: &[ImageFile]) -> World {
    let world = World::new(seed);
    let fs = world.driver().fs();
    for (path, bytes) in files {
        put(&fs, path, bytes);
    }
    world
}

fn put(fs: &Fs, path: &Path, bytes: &[u8]) {
    let dir = path.parent().expect("inside the data directory");
    fs.create_dir_all(dir).expect("a directory");
    let file = fs.create_new(path, Access::Write).expect("a new file");
    fs.write_all_at(&file, 0, bytes).expect("bytes");
    fs.sync(&file).expect("a sync");
    fs.sync_dir(dir).expect("a sync");
}
