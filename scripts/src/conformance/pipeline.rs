//! The exactly-once pipeline on real input: flights are written to a topic, and two workers (`pipeline.py`) count them for
//! each airport into a compacted one, while broker and workers are killed at moments drawn from a seed. In the end the table is
//! what the file says, to the last unit, whatever was killed in the middle of what; and compaction, which goes on all the while,
//! leaves one record for each airport.

use super::cases::{Case, case};
use super::clients;
use super::lab::Lab;
use super::process::{Running, wait_until};
use super::sums::{self, Table};
use super::tools::Tool::Python;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

const SOURCE: &str = "flights";
const TABLE: &str = "airports";
const PARTITIONS: u32 = 6;
const WORKERS: usize = 2;
/// Each of the broker, of a worker, or of both.
const KILLS: u32 = 24;
/// Draws who is killed and when; another one can be told by the environment.
const SEED: u64 = 2001;
const SEED_NAME: &str = "HEADWATER_PIPELINE_SEED";
/// A kill comes up to this long after as many flights as were drawn are committed: anywhere in a transaction.
const STRAY_MS: u64 = 40;
/// Kills are drawn over this share of the flights, so that none comes after the last.
const SHARE: f64 = 0.9;
/// Workers that may give up by themselves before the case does.
const GIVE_UPS_MAX: usize = 10;
/// For all of it, on a machine that does other things too.
const LIMIT: Duration = Duration::from_secs(300);
/// Until markers are written and everything is shown.
const SHOWN: Duration = Duration::from_secs(10);
/// Segments of the table are closed when they are older; compaction begins with what is closed.
const OLD_ENOUGH: Duration = Duration::from_millis(1_500);
/// Until everything is clean.
const CLEAN: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(5);

/// Cleaned as soon as may be: segments are short, and a little dirt is enough.
const CLEANED: &[&str] = &[
    "cleanup.policy=compact",
    "min.cleanable.dirty.ratio=0.01",
    "segment.ms=1000",
    "max.compaction.lag.ms=1000",
    "delete.retention.ms=0",
];

/// The case.
pub fn all() -> Vec<Case> {
    vec![case("exactly-once", &[Python], Box::new(run))]
}

fn run(lab: &mut Lab) -> Result<String, String> {
    let expected = sums::of_lines(&lab.input.text)?;
    clients::create_topic_of(lab, SOURCE, PARTITIONS, &[])?;
    clients::create_topic_of(lab, TABLE, PARTITIONS, CLEANED)?;
    let seed = std::env::var(SEED_NAME).ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    let start = Instant::now();
    let mut pipeline = Pipeline::start(lab)?;
    pipeline.kill_all(lab, &mut Random(seed))?;
    let ran = pipeline.finish(lab)?;
    let took = start.elapsed();
    let is_right = |table: &Table| sums::compare(&expected, &table.sums);
    let table = shown(lab, SHOWN, is_right)?;
    Ok(format!(
        "{} flights, {} airports; {ran}, seed {seed}, {:.0} s; {}",
        lab.input.text.lines().count(),
        expected.len(),
        took.as_secs_f64(),
        cleaned(lab, &table, is_right)?
    ))
}

/// Who is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    Broker,
    Worker(usize),
    Both(usize),
}

/// One kill.
#[derive(Debug)]
struct Moment {
    /// After so many flights are committed,
    flights: u64,
    /// and so long after that was seen.
    stray: Duration,
    victim: Victim,
}

/// Spread over the way to `flights`, in order.
fn moments(random: &mut Random, flights: u64) -> Vec<Moment> {
    let between = flights as f64 * SHARE / f64::from(KILLS);
    let moment = |number: u32| {
        let place = f64::from(number) + random.below(1_000) as f64 / 1_000.0;
        let worker = random.below(WORKERS as u64) as usize;
        let victim = match number % 5 {
            0 | 2 => Victim::Broker,
            1 | 3 => Victim::Worker(worker),
            _ => Victim::Both(worker),
        };
        let stray = Duration::from_millis(random.below(STRAY_MS));
        Moment { flights: (place * between) as u64, stray, victim }
    };
    (0..KILLS).map(moment).collect()
}

/// Everything that runs beside the broker.
struct Pipeline {
    flights: u64,
    feed: Option<Running>,
    workers: Vec<Worker>,
    give_ups: usize,
    killed: BTreeMap<&'static str, u32>,
    give_up: Instant,
}

/// A program under a name that it keeps, however often it is started.
struct Worker {
    name: String,
    running: Running,
    logs: Vec<PathBuf>,
}

impl Pipeline {
    fn start(lab: &Lab) -> Result<Self, String> {
        let acked = lab.file("exactly-once.acked");
        let mut feed = clients::python_produce(lab, SOURCE, "none", &acked);
        let feed = Running::start(&mut feed, &lab.file("exactly-once-feed.log"))?;
        let workers = (0..WORKERS).map(|number| Worker::start(lab, format!("worker-{number}")));
        Ok(Self {
            flights: lab.input.text.lines().count() as u64,
            feed: Some(feed),
            workers: workers.collect::<Result<_, _>>()?,
            give_ups: 0,
            killed: BTreeMap::new(),
            give_up: Instant::now() + LIMIT,
        })
    }

    fn kill_all(&mut self, lab: &mut Lab, random: &mut Random) -> Result<(), String> {
        for moment in moments(random, self.flights) {
            self.wait_for(lab, moment.flights)?;
            sleep(moment.stray);
            self.kill(lab, moment.victim)?;
        }
        Ok(())
    }

    fn kill(&mut self, lab: &mut Lab, victim: Victim) -> Result<(), String> {
        let (broker, worker) = match victim {
            Victim::Broker => (true, None),
            Victim::Worker(worker) => (false, Some(worker)),
            Victim::Both(worker) => (true, Some(worker)),
        };
        if broker {
            lab.broker.kill();
            *self.killed.entry("broker").or_default() += 1;
        }
        if let Some(worker) = worker {
            self.workers[worker].running.kill();
            *self.killed.entry("worker").or_default() += 1;
        }
        if broker {
            lab.broker.start_again()?;
        }
        worker.map_or(Ok(()), |worker| self.workers[worker].start_again(lab))
    }

    /// Waits until so many flights are committed; starts workers that give up by themselves.
    fn wait_for(&mut self, lab: &mut Lab, flights: u64) -> Result<(), String> {
        loop {
            let done = self.committed();
            if done >= flights {
                return Ok(());
            }
            if Instant::now() > self.give_up {
                return Err(format!("{done} of {} flights after {LIMIT:?}", self.flights));
            }
            if !lab.broker.is_running() {
                return Err("the broker is gone".to_owned());
            }
            self.revive(lab)?;
            sleep(LOOK);
        }
    }

    fn revive(&mut self, lab: &Lab) -> Result<(), String> {
        for worker in &mut self.workers {
            if worker.running.is_running() {
                continue;
            }
            self.give_ups += 1;
            if self.give_ups > GIVE_UPS_MAX {
                return Err(worker.running.told("workers give up again and again"));
            }
            println!("      {}", worker.running.told("gave up, is started again"));
            worker.start_again(lab)?;
        }
        Ok(())
    }

    /// Flights up to which the group has come.
    fn committed(&self) -> u64 {
        let mut ends: BTreeMap<u32, u64> = BTreeMap::new();
        for log in self.workers.iter().flat_map(|worker| &worker.logs) {
            let text = fs::read_to_string(log).unwrap_or_default();
            for (partition, at) in text.lines().filter_map(place) {
                let end = ends.entry(partition).or_default();
                *end = at.max(*end);
            }
        }
        ends.values().sum()
    }

    /// Everything is committed; what was done on the way.
    fn finish(mut self, lab: &mut Lab) -> Result<String, String> {
        self.wait_for(lab, self.flights)?;
        if let Some(feed) = self.feed.take() {
            feed.finish(clients::LIMIT)?;
        }
        let (kills, ends) = (self.killed.values().sum::<u32>(), self.committed());
        if ends != self.flights {
            return Err(format!("the group is at {ends}, {} were written", self.flights));
        }
        let count = |who| self.killed.get(who).copied().unwrap_or_default();
        let gave_up = match self.give_ups {
            0 => String::new(),
            count => format!(", {count} times a worker gave up"),
        };
        Ok(format!(
            "{kills} kills: broker {}, worker {}{gave_up}",
            count("broker"),
            count("worker")
        ))
    }
}

impl Worker {
    fn start(lab: &Lab, name: String) -> Result<Self, String> {
        let (running, log) = Self::launch(lab, &name, 0)?;
        Ok(Self { name, running, logs: vec![log] })
    }

    fn start_again(&mut self, lab: &Lab) -> Result<(), String> {
        let (running, log) = Self::launch(lab, &self.name, self.logs.len())?;
        self.running = running;
        self.logs.push(log);
        Ok(())
    }

    fn launch(lab: &Lab, name: &str, start: usize) -> Result<(Running, PathBuf), String> {
        let log = lab.file(&format!("exactly-once-{name}-{start}.log"));
        let mut command = clients::python_pipeline(lab, SOURCE, TABLE, name);
        Ok((Running::start(&mut command, &log)?, log))
    }
}

/// `at PARTITION OFFSET`.
fn place(line: &str) -> Option<(u32, u64)> {
    let (partition, at) = line.strip_prefix("at ")?.split_once(' ')?;
    Some((partition.parse().ok()?, at.parse().ok()?))
}

/// The table, once it is right; or what is wrong with it when it should be.
fn shown(
    lab: &Lab,
    patience: Duration,
    is_right: impl Fn(&Table) -> Result<(), String>,
) -> Result<Table, String> {
    let out = lab.file("exactly-once.table");
    let mut found = Err("nothing was read".to_owned());
    wait_until(patience, || {
        found = clients::python_consume(lab, TABLE, &out).and_then(|()| {
            let text = fs::read_to_string(&out).map_err(|e| format!("{}: {e}", out.display()))?;
            let table = sums::of_table(&text)?;
            is_right(&table).map(|()| table)
        });
        found.is_ok()
    });
    found
}

/// Compaction leaves one record for each airport, and it is the right one.
fn cleaned(
    lab: &Lab,
    before: &Table,
    is_right: impl Fn(&Table) -> Result<(), String>,
) -> Result<String, String> {
    clients::python_roll(lab, TABLE, OLD_ENOUGH)?;
    let start = Instant::now();
    let after = shown(lab, CLEAN, |table| match (table.records, table.sums.len()) {
        (records, airports) if records == airports => is_right(table),
        (records, airports) => Err(format!("not clean: {records} records of {airports} airports")),
    })?;
    let took = start.elapsed().as_secs_f64();
    let (from, to) = (before.records, after.records);
    Ok(format!("compacted from {from} records to {to} in {took:.1} s"))
}

/// splitmix64: the same moments from the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_follow_each_other_and_each_victim_has_its_turn() {
        let drawn = moments(&mut Random(SEED), 500_000);
        assert!(drawn.windows(2).all(|pair| pair[0].flights <= pair[1].flights));
        assert!(drawn.last().unwrap().flights < 450_000);
        let count = |is: fn(Victim) -> bool| drawn.iter().filter(|m| is(m.victim)).count();
        assert!(count(|victim| victim == Victim::Broker) >= 9);
        assert!(count(|victim| matches!(victim, Victim::Worker(_))) >= 9);
        assert!(count(|victim| matches!(victim, Victim::Both(_))) >= 4);
    }

    #[test]
    fn a_worker_says_where_the_group_is() {
        assert_eq!(place("at 3 17"), Some((3, 17)));
        assert_eq!(place("at 3 "), None);
        assert_eq!(place("abort _FENCED"), None);
    }
}
