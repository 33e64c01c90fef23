//! Which cells are measured, how often and in which order.
//!
//! Repeats are interleaved: every cell is run once before any is run again, each round in a new order
//! drawn from the seed. Whatever drifts in those minutes then hits all cells alike.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::setting::{Acks, PATH_SETTING, Path, Setting};

/// Everything that will be run, as stored in `plan.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Which command made it: `limits`, `compare`, `tune`, `figures`, `journal`, `eos`, `scale`.
    pub scenario: String,
    /// Decides the order.
    pub seed: u64,
    /// How often each cell is run.
    pub repeats: u32,
    /// Passes over the limits: 2 is once before and once after.
    pub limit_passes: u32,
    /// Seconds for each limit.
    pub limit_item_s: f64,
    /// What is run.
    pub cells: Vec<Cell>,
    /// `tune`: the goal for the 99th percentile.
    pub p99_ms_goal: Option<f64>,
    /// What was wanted and could not be run here, each with its reason.
    #[serde(default)]
    pub left_out: Vec<String>,
}

/// One thing that is run, again and again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Its name, unlike any other in the plan.
    pub id: String,
    /// Cells of one series differ in their load only.
    pub series: String,
    /// The durability setting in force.
    pub setting: Setting,
    /// The broker it is run against.
    pub broker: BrokerSetup,
    /// The load.
    pub client: ClientSetup,
    /// Seconds that are measured.
    pub run_s: f64,
    /// Seconds at the start that are not.
    pub warmup_s: f64,
    /// A limit that is measured again directly before each run, because a figure is defined by it.
    pub beside: Option<Beside>,
    /// What is done with the broker.
    #[serde(default)]
    pub act: Act,
    /// For [`Load::Half`]: the cell whose throughput, as fast as it goes, is halved.
    #[serde(default)]
    pub half_of: Option<String>,
}

/// What is done with the broker of a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Load is offered and measured.
    #[default]
    Load,
    /// One record goes to each partition, the broker stops in order and is started again.
    Restart,
    /// Everything up to `bytes_max` is written, the broker is killed under load and started again.
    Kill,
}

/// Where the engine runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Where {
    /// A process of its own that the bench starts and stops.
    Beside,
    /// The library, inside the bench: no socket, no protocol.
    InProcess,
    /// A broker that is running already and is left alone.
    Running,
}

/// How the broker is set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BrokerSetup {
    /// Where it runs.
    pub place: Where,
    /// Settings in the form `name=value`, beyond those that the durability setting needs.
    pub set: Vec<String>,
    /// Number of shards; the broker decides when not said.
    pub shards: Option<u32>,
    /// Settings of the topic, beyond those that the durability setting needs.
    pub topic_config: Vec<(String, String)>,
}

/// What the client does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClientSetup {
    /// Producers, each with a connection; 0 only reads.
    pub producers: usize,
    /// Consumers, each with a connection.
    pub consumers: usize,
    /// Partitions of the topic.
    pub partitions: u32,
    /// How much is offered.
    pub load: Load,
    /// Bytes of each value.
    pub record_bytes: usize,
    /// Largest batch.
    pub batch_bytes: usize,
    /// Exactly so many records a batch.
    pub batch_records: Option<u32>,
    /// Each request holds one batch for every partition.
    #[serde(default)]
    pub round: bool,
    /// Batches are numbered.
    #[serde(default)]
    pub idempotent: bool,
    /// Records go in transactions, each committed after so long.
    #[serde(default)]
    pub commit_ms: Option<f64>,
    /// How long a batch waits for more.
    pub linger_ms: f64,
    /// Unanswered requests on each connection.
    pub in_flight: usize,
    /// Bytes asked for in one fetch.
    pub fetch_bytes: usize,
    /// Bytes that are written before a reading run, for it to read.
    pub prefill_bytes: u64,
    /// The run ends when it has written this much, so that a fast disk does not fill.
    pub bytes_max: u64,
}

/// How much is offered.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Load {
    /// As fast as it goes.
    Saturation,
    /// This many records a second at a fixed schedule.
    Rate(f64),
    /// Half of what another cell reached as fast as it goes, at a fixed schedule.
    Half,
}

/// A limit that is measured next to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Beside {
    /// Sequential write, 1 MiB, depth 8.
    SequentialWrite,
    /// 4 KiB write and fdatasync.
    WriteSync4k,
}

/// One run of one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Index of the cell.
    pub cell: usize,
    /// Which time it is, from 0.
    pub repeat: u32,
}

impl Plan {
    /// All runs in their order.
    pub fn steps(&self) -> Vec<Step> {
        let mut random = Random(self.seed);
        let mut steps = Vec::with_capacity(self.cells.len() * self.repeats as usize);
        for repeat in 0..self.repeats {
            let mut round: Vec<Step> =
                (0..self.cells.len()).map(|cell| Step { cell, repeat }).collect();
            random.shuffle(&mut round);
            // What is halved must be known first.
            round.sort_by_key(|step| self.cells[step.cell].client.load == Load::Half);
            steps.extend(round);
        }
        steps
    }

    /// About how long all of it takes, for people who wait.
    pub fn estimate(&self, limit_items: usize) -> Duration {
        const AROUND_PASS_S: f64 = 0.5;
        let runs: f64 = self.cells.iter().map(Cell::estimate_s).sum();
        let pass = limit_items as f64 * self.limit_item_s + AROUND_PASS_S;
        let total = runs * f64::from(self.repeats) + pass * f64::from(self.limit_passes);
        Duration::from_secs_f64(total)
    }

    /// Whether a cell is run on this path.
    pub fn has_path(&self, path: Path) -> bool {
        self.cells.iter().any(|cell| cell.setting.path == path)
    }

    /// Gives up the cells of a path, and keeps why.
    pub fn leave_out(&mut self, path: Path, why: &str) {
        self.cells.retain(|cell| cell.setting.path != path);
        self.left_out.push(format!("path {path}: the broker refuses it ({why})"));
    }

    /// The cell with this name.
    pub fn cell(&self, id: &str) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.id == id)
    }
}

impl Cell {
    fn estimate_s(&self) -> f64 {
        // Starting, stopping and cleaning up after a broker.
        const AROUND_RUN_S: f64 = 0.3;
        // A guess at a disk.
        const FILL_BYTES_PER_S: f64 = 5e8;
        const PARTITIONS_PER_S: f64 = 200.0;
        AROUND_RUN_S
            + match self.act {
                Act::Load => self.run_s + self.warmup_s,
                Act::Restart => f64::from(self.client.partitions) / PARTITIONS_PER_S,
                Act::Kill => self.client.bytes_max as f64 / FILL_BYTES_PER_S,
            }
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Load::Saturation => f.write_str("as fast as it goes"),
            Load::Rate(rate) => write!(f, "{}/s offered", crate::number::thousands(*rate)),
            Load::Half => f.write_str("half of saturation"),
        }
    }
}

impl ClientSetup {
    /// Records after which a run ends by itself, if it is not out of time before.
    pub fn records_max(&self) -> u64 {
        (self.bytes_max / self.record_bytes.max(1) as u64).max(1)
    }

    /// Load as Kafka's clients are used by default: 1 KiB records, one producer, one partition, five
    /// requests in flight.
    pub fn usual() -> ClientSetup {
        ClientSetup {
            producers: 1,
            consumers: 0,
            partitions: 1,
            load: Load::Saturation,
            record_bytes: 1024,
            batch_bytes: 16 << 10,
            batch_records: None,
            round: false,
            idempotent: false,
            commit_ms: None,
            linger_ms: 0.0,
            in_flight: 5,
            fetch_bytes: 1 << 20,
            prefill_bytes: 0,
            bytes_max: 1 << 30,
        }
    }
}

impl Setting {
    /// Settings of the broker that put this one in force.
    pub fn broker_settings(self) -> Vec<String> {
        let mut set = vec![format!("{PATH_SETTING}={}", self.path)];
        if self.acks == Acks::All {
            set.push(format!("durability={}", self.durability));
        }
        set
    }
}

/// splitmix64: small, and the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, (self.next() % (last as u64 + 1)) as usize);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::setting::Durability;

    pub(crate) fn cell(id: &str) -> Cell {
        let setting =
            Setting { acks: Acks::All, durability: Durability::Durable, path: Path::Direct };
        let (set, topic_config) = (Vec::new(), Vec::new());
        Cell {
            id: id.to_owned(),
            series: id.to_owned(),
            setting,
            broker: BrokerSetup { place: Where::Beside, set, shards: None, topic_config },
            client: ClientSetup::usual(),
            run_s: 1.0,
            warmup_s: 0.0,
            beside: None,
            act: Act::Load,
            half_of: None,
        }
    }

    pub(crate) fn plan(seed: u64, repeats: u32, cells: Vec<Cell>) -> Plan {
        let scenario = "compare".to_owned();
        let (limit_passes, limit_item_s, p99_ms_goal) = (2, 0.1, None);
        let left_out = Vec::new();
        Plan { scenario, seed, repeats, limit_passes, limit_item_s, cells, p99_ms_goal, left_out }
    }

    fn lettered(n: u8) -> Vec<Cell> {
        (0..n).map(|i| cell(&char::from(b'a' + i).to_string())).collect()
    }

    #[test]
    fn every_cell_runs_once_before_any_runs_again() {
        let plan = plan(7, 3, lettered(10));
        let steps = plan.steps();
        assert_eq!(steps.len(), 30);
        for (repeat, round) in steps.chunks(10).enumerate() {
            assert!(round.iter().all(|step| step.repeat == repeat as u32));
            let mut cells: Vec<usize> = round.iter().map(|step| step.cell).collect();
            cells.sort();
            assert_eq!(cells, (0..10).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_seed_decides_the_order_and_rounds_differ() {
        let order = |seed| plan(seed, 2, lettered(10)).steps();
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
        let steps = order(1);
        let cells = |round: &[Step]| round.iter().map(|step| step.cell).collect::<Vec<_>>();
        assert_ne!(cells(&steps[..10]), cells(&steps[10..]));
    }

    #[test]
    fn what_is_halved_runs_first() {
        let mut cells = lettered(6);
        cells[0].client.load = Load::Half;
        cells[3].client.load = Load::Half;
        for round in plan(3, 2, cells).steps().chunks(6) {
            let mut last: Vec<usize> = round[4..].iter().map(|step| step.cell).collect();
            last.sort();
            assert_eq!(last, [0, 3]);
        }
    }

    #[test]
    fn a_path_that_is_refused_is_left_out_and_said() {
        let mut cells = lettered(3);
        cells[1].setting.path = Path::Journal;
        let mut plan = plan(1, 1, cells);
        assert!(plan.has_path(Path::Journal));
        plan.leave_out(Path::Journal, "unknown value");
        assert_eq!((plan.cells.len(), plan.has_path(Path::Journal)), (2, false));
        assert_eq!(plan.left_out, ["path journal: the broker refuses it (unknown value)"]);
    }

    #[test]
    fn a_plan_survives_its_file() {
        let plan = plan(1, 2, lettered(2));
        let text = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
    }

    #[test]
    fn runs_are_bounded_in_bytes() {
        let client = ClientSetup { bytes_max: 1 << 20, ..ClientSetup::usual() };
        assert_eq!(client.records_max(), 1024);
        assert!(plan(1, 3, lettered(4)).estimate(10).as_secs_f64() > 12.0);
    }
}
