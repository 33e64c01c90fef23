//! Every client against every feature, several at once, for most of the time is waiting.
//!
//! What came out is compared with `scripts/conformance/matrix.tsv`, from which the table in `engine/docs/KAFKA.md` is
//! made: a client that could do something must still do it. `--write-matrix` writes that file.

use super::features::{FEATURES, Feature, How};
use super::lab::Lab;
use super::lossy::Lossy;
use super::members::{self, Plan};
use super::process;
use super::programs::{CLIENTS, Client};
use super::served;
use super::tools::Tool;
use crate::repo;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Checks at the same time.
const WORKERS: usize = 4;
const LIMIT: Duration = Duration::from_secs(120);

/// A group small enough to be quick: two members, a third, and one of them is killed.
const PLAN: Plan = Plan { partitions: 4, members: 2, more: 1, killed: 1 };

/// A client and a feature.
pub struct Cell {
    client: &'static Client,
    feature: &'static Feature,
}

/// What became of a cell.
pub enum Verdict {
    /// As it should.
    Pass(String),
    /// The client has no such thing.
    Cannot(String),
    /// Not as it should.
    Fail(String),
    /// Not tried: this is not there.
    Missing(Tool),
    /// Not tried: the broker has no such API yet.
    NotServed(&'static str),
}

/// Cells and what became of them.
pub type Outcomes = Vec<(Cell, Verdict)>;

/// The cells whose names are wanted, long ones first: groups, what waits for its turn, and a machine of Java for each step.
pub fn cells(wanted: impl Fn(&str) -> bool) -> Vec<Cell> {
    let all = FEATURES
        .iter()
        .flat_map(|feature| CLIENTS.iter().map(move |client| Cell { client, feature }));
    let mut cells: Vec<Cell> = all.filter(|cell| wanted(&cell.name())).collect();
    cells.sort_by_key(|cell| match cell.feature.how {
        How::Group(_) => 0,
        How::Lossy => 1,
        How::Program if cell.client.name == "kafka-tools" => 2,
        How::Program => 3,
    });
    cells
}

impl Cell {
    /// For `--only`.
    pub fn name(&self) -> String {
        format!("{}-{}", self.client.name, self.feature.name)
    }
}

/// Runs cells and prints each as it ends.
pub fn run(lab: &Lab, cells: Vec<Cell>) -> Result<Outcomes, String> {
    let served = served::ask(&lab.broker.address)?;
    let lossy = Mutex::new(Lossy::start(&lab.broker, lab.file("lossy"))?);
    let bench = Bench { lab, served, lossy };
    let (next, verdicts) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(cell) = cells.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let start = Instant::now();
                    let verdict = bench.check(cell);
                    verdict.print(&cell.name(), start.elapsed());
                    if let Ok(mut verdicts) = verdicts.lock() {
                        verdicts.push((cell.name(), verdict));
                    }
                }
            });
        }
    });
    let mut verdicts = verdicts.into_inner().map_err(|_| "a check went down")?;
    let take = |cell: Cell| {
        let at = verdicts.iter().position(|(name, _)| *name == cell.name())?;
        Some((cell, verdicts.swap_remove(at).1))
    };
    Ok(cells.into_iter().filter_map(take).collect())
}

/// What every check uses.
struct Bench<'a> {
    lab: &'a Lab,
    served: BTreeSet<i16>,
    lossy: Mutex<Lossy>,
}

impl Bench<'_> {
    fn check(&self, cell: &Cell) -> Verdict {
        if let Some(tool) = cell.client.needs.iter().find(|tool| !self.lab.tools.has(**tool)) {
            return Verdict::Missing(*tool);
        }
        let missing = cell.feature.needs.iter().find(|(key, _)| !self.served.contains(key));
        if let Some((_, api)) = missing {
            return Verdict::NotServed(api);
        }
        match cell.feature.how {
            How::Program => self.program(cell, &self.lab.broker.address),
            How::Lossy => self.lossy(cell),
            How::Group(protocol) => self.group(cell, protocol),
        }
    }

    fn program(&self, cell: &Cell, address: &str) -> Verdict {
        let name = cell.name();
        let mut command = cell.client.command(self.lab, address);
        command.args(["--prefix", &name, cell.feature.name]);
        let log = self.lab.file(&format!("{name}.log"));
        match process::run(&mut command, &log, LIMIT) {
            Ok(()) => Verdict::parse(&fs::read_to_string(&log).unwrap_or_default()),
            Err(why) => Verdict::Fail(why),
        }
    }

    fn lossy(&self, cell: &Cell) -> Verdict {
        let Ok(lossy) = self.lossy.lock() else {
            return Verdict::Fail("another check went down".to_owned());
        };
        let before = lossy.lost();
        let verdict = self.program(cell, &lossy.address);
        match (verdict, lossy.lost() - before) {
            (Verdict::Pass(_), 0) => Verdict::Fail("no answer was lost".to_owned()),
            (Verdict::Pass(_), lost) => Verdict::Pass(format!("{lost} answers lost")),
            (verdict, _) => verdict,
        }
    }

    /// A client that has no such members says so itself.
    fn group(&self, cell: &Cell, protocol: &str) -> Verdict {
        match self.program(cell, &self.lab.broker.address) {
            Verdict::Pass(_) => match members::run(self.lab, cell.client, protocol, PLAN) {
                Ok(detail) => Verdict::Pass(detail),
                Err(why) => Verdict::Fail(why),
            },
            verdict => verdict,
        }
    }
}

impl Verdict {
    /// From the last line that a program printed.
    fn parse(text: &str) -> Self {
        let line = text.lines().last().unwrap_or_default();
        let value: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
        let detail = value["detail"].as_str().unwrap_or_default().to_owned();
        match value["result"].as_str() {
            Some("pass") => Verdict::Pass(detail),
            Some("cannot") => Verdict::Cannot(detail),
            Some("fail") => Verdict::Fail(detail),
            _ => Verdict::Fail(format!("the program printed `{line}`")),
        }
    }

    /// The word for it, and what there is to say.
    fn words(&self) -> (&'static str, String) {
        match self {
            Verdict::Pass(detail) => ("pass", detail.clone()),
            Verdict::Cannot(why) => ("cannot", why.clone()),
            Verdict::Fail(why) => ("FAIL", why.clone()),
            Verdict::Missing(tool) => {
                ("SKIP", format!("{} is missing: {}", tool.name(), tool.advice()))
            }
            Verdict::NotServed(api) => ("SKIP", format!("not served yet: {api}")),
        }
    }

    /// One line of the run.
    pub fn print(&self, name: &str, took: Duration) {
        let (word, detail) = self.words();
        println!("{word:6}{:6.1} s  {name:30} {detail}", took.as_secs_f64());
    }
}

/// The committed outcome of a run.
pub fn file() -> PathBuf {
    repo::root().join("scripts/conformance/matrix.tsv")
}

/// Lines of client, feature, outcome and detail; only what is the same in every run.
pub fn text(outcomes: &Outcomes) -> String {
    let mut lines = String::new();
    for feature in FEATURES {
        for client in CLIENTS {
            let of = |(cell, _): &&(Cell, Verdict)| {
                cell.client.name == client.name && cell.feature.name == feature.name
            };
            if let Some((_, verdict)) = outcomes.iter().find(of) {
                lines.push_str(&line(client, feature, verdict));
            }
        }
    }
    lines
}

fn line(client: &Client, feature: &Feature, verdict: &Verdict) -> String {
    let (word, detail) = match verdict {
        Verdict::Pass(_) if feature.name != "version" => ("pass", String::new()),
        verdict => verdict.words(),
    };
    format!("{}\t{}\t{word}\t{detail}\n", client.name, feature.says)
}

/// What differs from the committed outcome: whether that is a loss, and the words for it. What fails is told already.
pub fn compare(outcomes: &Outcomes) -> Vec<(bool, String)> {
    let committed = fs::read_to_string(file()).unwrap_or_default();
    let known: BTreeSet<&str> = committed.lines().filter_map(outcome).collect();
    let mut differences = Vec::new();
    for (cell, verdict) in outcomes {
        let line = line(cell.client, cell.feature, verdict);
        let new = outcome(&line).unwrap_or_default();
        let passed = format!("{}\t{}\tpass", cell.client.name, cell.feature.says);
        let is_told = matches!(verdict, Verdict::Fail(_) | Verdict::Missing(_));
        if !is_told && !known.contains(new) {
            differences.push((known.contains(&*passed), new.replace('\t', ", ")));
        }
    }
    differences
}

/// Client, feature and outcome: versions and reasons may change.
fn outcome(line: &str) -> Option<&str> {
    line.rfind('\t').map(|end| &line[..end])
}
