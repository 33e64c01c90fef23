//! What a run will be like, drawn from its seed before anything happens: the broker, its topics, its
//! clients, and what goes wrong.

pub mod transactional;

use std::collections::BTreeMap;
use std::sync::Arc;

use headwater::config::broker::BrokerConfig;
use headwater::config::parse::Assignment;
use headwater_io::sim::rng::Rng;

use crate::faults::{Fault, Faults};
use crate::model::Level;
use transactional::Transactional;

/// Where the broker's data is, on the simulated disk.
pub const DATA_DIR: &str = "/data";

/// What somebody wants of a run.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Decides everything that is left open.
    pub seed: u64,
    /// What clients do.
    pub workload: Workload,
    /// `durability.path`; one of [`PATHS`] is drawn when there is none.
    pub path: Option<String>,
    /// Faults that it may have.
    pub faults: Faults,
    /// It has all of them, instead of some.
    pub always: bool,
    /// Only topics of this durability.
    pub durability: Option<Level>,
    /// Only producers with these acks.
    pub acks: Option<i16>,
    /// Print every event.
    pub printed: bool,
}

/// What clients do. A seed means another run in each; within one it keeps its meaning when others are added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// They produce and consume records.
    Records,
    /// They consume, process and produce in transactions, commit offsets, delete records.
    Transactions,
}

impl Workload {
    /// All of them.
    pub const ALL: [Workload; 2] = [Workload::Records, Workload::Transactions];

    /// That of a seed of which nothing else is said. It is drawn apart from everything else, so that a run is
    /// the same whether it was drawn or named.
    pub fn drawn(seed: u64) -> Self {
        *Rng::new(seed.wrapping_mul(0xd134_2543_de82_ef95)).pick(&Workload::ALL)
    }

    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Workload::Records => "records",
            Workload::Transactions => "transactions",
        }
    }
}

impl Wish {
    /// Everything left to the seed.
    pub fn of(seed: u64) -> Self {
        Wish {
            seed,
            workload: Workload::Records,
            path: None,
            faults: Faults::ALL,
            always: false,
            durability: None,
            acks: None,
            printed: false,
        }
    }
}

/// Ways to the device that are simulated, as in `durability.path`.
pub const PATHS: &[&str] = &["journal", "journal", "direct", "buffered"];

/// A topic of a run.
#[derive(Clone, Debug)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// How many partitions.
    pub partitions: usize,
    /// What acks=all waits for.
    pub durability: Level,
    /// `segment.bytes`: small, so that segments roll.
    pub segment_bytes: u64,
    /// `retention.bytes`.
    pub retention_bytes: Option<u64>,
}

/// A producer of a run.
#[derive(Clone, Copy, Debug)]
pub struct Producer {
    /// -1, 0 or 1.
    pub acks: i16,
    /// Whether it numbers its batches.
    pub idempotent: bool,
    /// Requests that it has on their way at once.
    pub in_flight: usize,
    /// Its largest value, in bytes.
    pub value_bytes_max: u64,
    /// Partitions that one request covers.
    pub partitions: u64,
}

/// How a life of the broker ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The power is cut.
    Cut,
    /// The process is killed.
    Kill,
    /// It is asked to stop.
    Stop,
}

/// A run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its seed.
    pub seed: u64,
    /// `durability.path`.
    pub path: String,
    /// Cores of the broker.
    pub shards: usize,
    /// The broker's settings.
    pub config: Arc<BrokerConfig>,
    /// Its topics.
    pub topics: Vec<Topic>,
    /// Its producers.
    pub producers: Vec<Producer>,
    /// Its consumers.
    pub consumers: usize,
    /// How each life ends but the last, which is verified.
    pub ends: Vec<End>,
    /// What goes wrong.
    pub faults: Faults,
    /// Requests that all producers send in one life, about.
    pub requests: u64,
    /// Print every event.
    pub printed: bool,
    /// What else there is when clients work in transactions.
    pub transactional: Option<Transactional>,
}

impl Plan {
    /// Draws what the wish leaves open.
    ///
    /// # Errors
    /// When the path is none that this broker knows.
    pub fn draw(wish: &Wish, rng: &mut Rng) -> Result<Self, String> {
        if wish.workload == Workload::Transactions {
            return transactional::draw(wish, rng);
        }
        let drawn = (*rng.pick(PATHS)).to_owned();
        let path = wish.path.clone().unwrap_or(drawn);
        let drawn = wish.faults.drawn(rng);
        let faults = if wish.always { wish.faults } else { drawn };
        let topics = (0..1 + rng.below(2)).map(|n| topic(n, wish, rng)).collect();
        let producers = (0..1 + rng.below(3)).map(|_| producer(wish, rng)).collect();
        let ends = (0..1 + rng.below(3)).map(|_| end(faults, rng)).collect();
        Ok(Plan {
            seed: wish.seed,
            config: Arc::new(config(&path, &[], rng)?),
            path,
            shards: 2 + rng.below(2) as usize,
            topics,
            producers,
            consumers: 1 + rng.below(2) as usize,
            ends,
            faults,
            requests: 10 + rng.below(60),
            printed: wish.printed,
            transactional: None,
        })
    }

    /// All partitions as (topic, index), in order.
    pub fn partitions(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let topics = self.topics.iter().enumerate();
        topics.flat_map(|(n, topic)| (0..topic.partitions).map(move |index| (n, index)))
    }
}

fn config(
    path: &str,
    more: &[(&'static str, &str)],
    rng: &mut Rng,
) -> Result<BrokerConfig, String> {
    let mut stated = BTreeMap::from([
        ("durability.path", path.to_owned()),
        ("log.dirs", DATA_DIR.to_owned()),
        ("auto.create.topics.enable", "false".to_owned()),
        // Its records are older than a week, and its model forgets nothing.
        ("log.retention.ms", "-1".to_owned()),
        ("commit.flush.ms", rng.pick(&["1", "5", "20"]).to_string()),
        ("commit.unit.bytes", "65536".to_owned()),
        ("commit.depth", rng.pick(&["1", "2", "4"]).to_string()),
        // So fast that it has been round when a run ends.
        ("scrub.bytes.per.second", (1_u64 << 30).to_string()),
        ("commit.linger.us", rng.pick(&["0", "0", "300"]).to_string()),
    ]);
    stated.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let stated: Vec<Assignment> =
        stated.iter().map(|(name, value)| Assignment::stated(name, value)).collect();
    let mut config = BrokerConfig::from_sources(&stated).map_err(|error| error.to_string())?;
    // Smaller than anybody may set it, so that it goes round; not so small that an increment never fits
    // into a frame (shard/journal/commit.rs).
    config.journal_file_bytes = *rng.pick(&[320 << 10, 640 << 10]);
    config.journal_files = 2 + rng.below(3) as usize;
    Ok(config)
}

fn topic(n: u64, wish: &Wish, rng: &mut Rng) -> Topic {
    let drawn = *rng.pick(&[Level::Durable, Level::Durable, Level::Durable, Level::Written]);
    Topic {
        name: format!("t{n}"),
        partitions: 1 + rng.below(3) as usize,
        durability: wish.durability.unwrap_or(drawn),
        segment_bytes: *rng.pick(&[16 << 10, 48 << 10, 1 << 20]),
        retention_bytes: None,
    }
}

fn producer(wish: &Wish, rng: &mut Rng) -> Producer {
    let acks = *rng.pick(&[-1, -1, -1, 1, 0]);
    let acks = wish.acks.unwrap_or(acks);
    Producer {
        acks,
        idempotent: acks == -1 && rng.chance(70),
        in_flight: 1 + rng.below(5) as usize,
        value_bytes_max: *rng.pick(&[40, 900, 900, 9000, 9000, 90_000]),
        partitions: 1 + rng.below(3),
    }
}

fn end(faults: Faults, rng: &mut Rng) -> End {
    let kinds =
        [(Fault::PowerCut, End::Cut), (Fault::CutAtOperation, End::Cut), (Fault::Kill, End::Kill)];
    let mut ends: Vec<End> =
        kinds.iter().filter(|(fault, _)| faults.has(*fault)).map(|(_, end)| *end).collect();
    if ends.is_empty() || rng.chance(10) {
        ends.push(End::Stop);
    }
    *rng.pick(&ends)
}
