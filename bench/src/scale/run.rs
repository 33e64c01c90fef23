//! One repeat, step by step, and all of them into a results folder.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use headwater::cli::client::Client;
use headwater_io::cpu;

use super::{ScaleRow, Settings, ask, world};
use crate::args::Broker;
use crate::evidence::{Evidence, Folder, Row};
use crate::host::process::Process;
use crate::host::weather::Ticks;
use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::runner::unix_ms;
use crate::target::answer;
use crate::target::launch::{Child, Launcher};

/// Longest time until a broker answers.
const PATIENCE: Duration = Duration::from_secs(120);

/// Does all repeats, each with a row; stops early when it is asked to.
///
/// # Errors
/// When a broker does not do what it is asked, in one line.
pub fn run(
    launcher: &Launcher,
    broker: &Broker,
    settings: &Settings,
    scratch: &Path,
    (folder, evidence): (&Folder, &mut Evidence),
    interrupt: &Interrupt,
) -> Result<(), String> {
    let progress = Progress::new(settings.repeats as usize);
    for repeat in 0..settings.repeats {
        if interrupt.requested() {
            return Ok(());
        }
        let dir = scratch.join(format!("scale-{repeat}"));
        let one = Repeat { launcher, broker, settings, dir: &dir, progress: &progress };
        let row = Row::Scale(one.measure(repeat)?);
        folder.add(&row).map_err(|e| e.to_string())?;
        evidence.rows.push(row);
        // What cannot be removed now goes with the scratch folder.
        drop(fs::remove_dir_all(&dir));
        progress.step();
    }
    Ok(())
}

/// A broker from its first start to its last.
struct Repeat<'a> {
    launcher: &'a Launcher,
    broker: &'a Broker,
    settings: &'a Settings,
    dir: &'a Path,
    progress: &'a Progress,
}

/// A broker that runs.
struct Running {
    child: Child,
    client: Client,
    began: Instant,
    start_ms: f64,
}

impl Repeat<'_> {
    fn measure(&self, repeat: u32) -> Result<ScaleRow, String> {
        let (ticks, own_ns, started_unix_ms) = (Ticks::now(), cpu::process_cpu_ns(), unix_ms());
        let (sizes, mut brokers_ns) = (self.settings.sizes, 0);
        self.progress.say("making topics and groups");
        let mut empty = self.start()?;
        let (start_empty_ms, resident_empty_bytes) = (empty.start_ms, self.resident(&empty));
        let topics_made_ms = timed(|| world::make_topics(&mut empty.client, sizes))?;
        let groups_made_ms = timed(|| world::make_groups(&mut empty.client, sizes))?;
        let resident_made_bytes = self.resident(&empty);
        brokers_ns += cpu_ns(&empty);
        stop(empty)?;

        self.progress.say("started again, and asked");
        let mut started = self.start()?;
        world::hear_groups(&mut started.client, sizes).map_err(|e| e.to_string())?;
        let (start_ms, groups_answered_ms) = (started.start_ms, since(started.began));
        let resident_started_bytes = self.resident(&started);
        let open_files = open_files(started.child.process());
        let questions = ask::all(&mut started.client, self.settings).map_err(|e| e.to_string())?;
        brokers_ns += cpu_ns(&started);
        // Dropped without having been stopped, it is killed.
        drop(started);

        self.progress.say("killed, and started again");
        let mut killed = self.start()?;
        world::hear_groups(&mut killed.client, sizes).map_err(|e| e.to_string())?;
        let (start_killed_ms, groups_answered_killed_ms) = (killed.start_ms, since(killed.began));
        brokers_ns += cpu_ns(&killed);
        stop(killed)?;
        Ok(ScaleRow {
            repeat,
            started_unix_ms,
            sizes,
            topics_made_ms,
            groups_made_ms,
            start_empty_ms,
            start_ms,
            groups_answered_ms,
            start_killed_ms,
            groups_answered_killed_ms,
            resident_empty_bytes,
            resident_made_bytes,
            resident_started_bytes,
            open_files,
            questions,
            weather: ticks.until_now(cpu::process_cpu_ns() - own_ns + brokers_ns),
        })
    }

    fn start(&self) -> Result<Running, String> {
        let Broker { shards, set, spin_us, .. } = self.broker;
        let spin = spin_us.map(|us| format!("spin.us={us}"));
        let settings: Vec<String> = set.iter().cloned().chain(spin).collect();
        let arguments = self.launcher.plain_arguments(self.dir, *shards, &settings);
        let began = Instant::now();
        let child = self.launcher.start(&arguments, self.dir).map_err(|e| e.to_string())?;
        answer::wait_for(&child.address, PATIENCE).map_err(|e| e.to_string())?;
        let start_ms = since(began);
        let client = Client::connect(&child.address).map_err(|e| e.to_string())?;
        Ok(Running { child, client, began, start_ms })
    }

    /// Once it is idle.
    fn resident(&self, running: &Running) -> u64 {
        thread::sleep(Duration::from_secs_f64(self.settings.settle_s));
        running.child.process().resident_bytes().unwrap_or(0)
    }
}

fn stop(running: Running) -> Result<(), String> {
    let Running { child, client, .. } = running;
    drop(client);
    child.stop().map_err(|e| e.to_string())
}

fn cpu_ns(running: &Running) -> u64 {
    running.child.process().cpu_ns().unwrap_or(0)
}

fn since(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1e3
}

fn timed<E: std::fmt::Display>(work: impl FnOnce() -> Result<(), E>) -> Result<f64, String> {
    let began = Instant::now();
    work().map_err(|e| e.to_string())?;
    Ok(since(began))
}

fn open_files(process: Process) -> u64 {
    let files = fs::read_dir(format!("/proc/{}/fd", process.0));
    files.map_or(0, |files| files.count() as u64)
}
