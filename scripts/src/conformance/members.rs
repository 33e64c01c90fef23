//! Groups whose members come, work and are killed: each member is a process, which says what it does (see
//! [`super::history`]), and records are written all the while.

use super::clients;
use super::history::{self, History, Partitions};
use super::lab::Lab;
use super::process::Running;
use super::programs::Client;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::ChildStdin;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Until the group is at rest: longer than any session here, on a machine that does other things too.
const REST: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(100);

/// How a group comes and goes.
#[derive(Clone, Copy)]
pub struct Plan {
    /// Of the topic.
    pub partitions: u32,
    /// At first.
    pub members: usize,
    /// Once those are at rest.
    pub more: usize,
    /// Once these are at rest too, as many of those with partitions are killed.
    pub killed: usize,
}

/// Runs a group after a plan; tells what was seen.
pub fn run(lab: &Lab, client: &Client, protocol: &str, plan: Plan) -> Result<String, String> {
    let name = format!("{}-group-{protocol}-{}", client.name, plan.members);
    clients::create_topic_of(lab, &name, plan.partitions, &[])?;
    let mut group = Group { lab, client, protocol, plan, name, members: Vec::new() };
    let feed = Feed::start(lab, &group.name)?;
    group.start(plan.members)?;
    group.rest()?;
    if plan.more > 0 {
        group.start(plan.more)?;
        group.rest()?;
    }
    let took_over = group.kill_workers()?;
    let ends = feed.stop()?;
    let read = group.read_all(&ends)?;
    group.history().check_begins()?;
    Ok(format!(
        "{} members, {} killed, taken over in {:.1} s, {} records, {} read again",
        plan.members + plan.more,
        plan.killed,
        took_over.as_secs_f64(),
        read.records,
        read.again
    ))
}

/// See the file's head.
struct Group<'a> {
    lab: &'a Lab,
    client: &'a Client,
    protocol: &'a str,
    plan: Plan,
    name: String,
    members: Vec<Member>,
}

struct Member {
    running: Running,
    is_alive: bool,
    log: PathBuf,
}

impl Group<'_> {
    fn start(&mut self, count: usize) -> Result<(), String> {
        for _ in 0..count {
            let log = self.lab.file(&format!("{}-{}.log", self.name, self.members.len()));
            let mut command = self.client.command(self.lab, &self.lab.broker.address);
            command.args(["--topic", &self.name, "--group", &self.name]);
            command.args(["--protocol", self.protocol, "member"]);
            let running = Running::start(&mut command, &log)?;
            self.members.push(Member { running, is_alive: true, log });
        }
        Ok(())
    }

    /// Waits until each partition is exactly one living member's, and as many work as can.
    fn rest(&mut self) -> Result<(), String> {
        let start = Instant::now();
        loop {
            let told = self.told()?;
            if self.is_at_rest(&told) {
                return Ok(());
            }
            if start.elapsed() > REST {
                return Err(format!("not at rest after {} s: {told:?}", REST.as_secs()));
            }
            sleep(LOOK);
        }
    }

    fn is_at_rest(&self, told: &[Option<Partitions>]) -> bool {
        let workers = told.iter().flatten().filter(|partitions| !partitions.is_empty()).count();
        let owned: Vec<u32> = told.iter().flatten().flatten().copied().collect();
        let distinct: Partitions = owned.iter().copied().collect();
        let all = self.plan.partitions as usize;
        workers == told.len().min(all) && owned.len() == all && distinct.len() == all
    }

    /// What each living member says that it has.
    fn told(&mut self) -> Result<Vec<Option<Partitions>>, String> {
        let mut told = Vec::new();
        for (number, member) in self.members.iter_mut().enumerate() {
            if member.is_alive {
                if !member.running.is_running() {
                    return Err(member.running.told(&format!("member {number} is gone")));
                }
                told.push(history::assigned(&member.said()));
            }
        }
        Ok(told)
    }

    /// `kill -9`, and waits until others have what these had; the time that took.
    fn kill_workers(&mut self) -> Result<Duration, String> {
        let start = Instant::now();
        let works = |member: &&mut Member| {
            history::assigned(&member.said()).is_some_and(|partitions| !partitions.is_empty())
        };
        for member in self.members.iter_mut().filter(works).take(self.plan.killed) {
            member.running.kill();
            member.is_alive = false;
        }
        self.rest()?;
        Ok(start.elapsed())
    }

    fn read_all(&mut self, ends: &BTreeMap<u32, u64>) -> Result<history::Read, String> {
        let start = Instant::now();
        loop {
            let read = self.history().check_read(ends);
            if read.is_ok() || start.elapsed() > REST {
                return read;
            }
            sleep(LOOK);
        }
    }

    fn history(&self) -> History {
        let logs: Vec<String> = self.members.iter().map(Member::said).collect();
        History::of(&logs)
    }
}

impl Member {
    fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

/// Records are written to all partitions until it is told to stop.
struct Feed {
    running: Running,
    input: ChildStdin,
    log: PathBuf,
}

impl Feed {
    fn start(lab: &Lab, topic: &str) -> Result<Self, String> {
        let log = lab.file(&format!("{topic}-feed.log"));
        let mut command = clients::python_feed(lab, topic);
        let (running, input) = Running::start_with_input(&mut command, &log)?;
        Ok(Self { running, input, log })
    }

    /// Where each partition ends.
    fn stop(self) -> Result<BTreeMap<u32, u64>, String> {
        drop(self.input);
        self.running.finish(REST)?;
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let ends = text.lines().map(|line| {
            let (partition, end) = line.split_once(' ')?;
            Some((partition.parse().ok()?, end.parse().ok()?))
        });
        ends.collect::<Option<_>>().ok_or_else(|| format!("the feed printed {text}"))
    }
}
