//! Runs a plan: limits, then every step with a broker and a folder of its own, then limits again.
//!
//! A run that fails is a row with its error, not a gap: what is missing from a report must be seen.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use headwater_io::cpu;
use headwater_loadgen::progress::{Progress as LoadgenProgress, Snapshot};
use headwater_loadgen::result::RunResult;
use headwater_loadgen::run;
use headwater_loadgen::spec::{RunSpec, Target as LoadTarget};

use crate::evidence::{BrokerUse, Evidence, EvidenceError, Folder, LimitPass, Row, RunRow};
use crate::host::device::{Device, DeviceCounters};
use crate::host::process::Process;
use crate::host::weather::Ticks;
use crate::interrupt::Interrupt;
use crate::limits::items::{self, Item};
use crate::limits::{self, Limit, LimitError};
use crate::plan::{Act, Beside, Cell, Load, Step, Where};
use crate::progress::Progress;
use crate::scratch::ScratchDir;
use crate::stats::Stat;
use crate::target::{Broker, Target};

mod restart;
mod spec;

/// A limit that a figure is defined by is measured longer than one in a list: its 99th percentile
/// counts.
const BESIDE_TIMES: u32 = 3;

/// What a plan is run with.
pub struct Runner<'a> {
    /// The disk to measure.
    pub scratch: &'a ScratchDir,
    /// The brokers to measure; `None` for a plan without cells.
    pub target: Option<&'a Target>,
    /// Limits to measure in each pass.
    pub items: &'a [Item],
    /// How they are measured.
    pub limit_settings: limits::Settings,
    /// Where rows are kept.
    pub folder: &'a Folder,
    /// Whether to end early.
    pub interrupt: &'a Interrupt,
    /// What a person sees.
    pub progress: &'a Progress,
}

impl Runner<'_> {
    /// Runs everything and adds the rows to `evidence`; ends early when asked to.
    ///
    /// # Errors
    /// When a limit cannot be measured or a row cannot be written. Failed runs are rows.
    pub fn run(&self, evidence: &mut Evidence) -> Result<(), RunError> {
        let plan = evidence.plan.clone();
        let after = u32::from(plan.limit_passes > 1 && !plan.cells.is_empty());
        for pass in 0..plan.limit_passes - after {
            self.limit_pass(pass, evidence)?;
        }
        for (order, step) in plan.steps().into_iter().enumerate() {
            if self.interrupt.requested() {
                return Ok(());
            }
            let cell = &plan.cells[step.cell];
            let row = self.step(cell, step, order as u32, &evidence.rows)?;
            self.add(Row::Run(row), evidence)?;
        }
        if after == 1 {
            self.limit_pass(plan.limit_passes - 1, evidence)?;
        }
        Ok(())
    }

    fn limit_pass(&self, pass: u32, evidence: &mut Evidence) -> Result<(), RunError> {
        if self.interrupt.requested() {
            return Ok(());
        }
        let (ticks, started_unix_ms) = (Ticks::now(), unix_ms());
        let cpu_before_ns = cpu::process_cpu_ns();
        let say = &mut |what: &str| self.progress.say(what);
        let limits = limits::measure(self.items, self.scratch.path(), self.limit_settings, say);
        let limits = limits.map_err(RunError::Limit)?;
        self.progress.step();
        let weather = ticks.until_now(cpu::process_cpu_ns() - cpu_before_ns);
        let pass = LimitPass { pass, started_unix_ms, limits, weather };
        self.add(Row::Limits(pass), evidence)
    }

    fn add(&self, row: Row, evidence: &mut Evidence) -> Result<(), RunError> {
        self.folder.add(&row).map_err(RunError::Evidence)?;
        evidence.rows.push(row);
        Ok(())
    }

    fn step(
        &self,
        cell: &Cell,
        step: Step,
        order: u32,
        before: &[Row],
    ) -> Result<RunRow, RunError> {
        let beside = cell.beside.map(|beside| self.beside(beside)).transpose()?;
        self.progress.say(&cell.id);
        let mut row = RunRow {
            cell: cell.id.clone(),
            repeat: step.repeat,
            order,
            started_unix_ms: unix_ms(),
            error: None,
            result: None,
            device: None,
            device_to_stop: None,
            broker: None,
            beside,
            weather: Default::default(),
        };
        let dir = self.scratch.path().join(format!("run-{order}"));
        let (ticks, cpu_before_ns) = (Ticks::now(), cpu::process_cpu_ns());
        let topic = format!("bench-{}-{order}", std::process::id());
        let ran = with_rate(cell, before).and_then(|cell| match (cell.act, cell.broker.place) {
            (Act::Load, Where::InProcess) => self.in_process(&cell, &topic, &dir, &mut row),
            (Act::Load, _) => self.with_broker(&cell, &topic, &dir, &mut row),
            (Act::Restart, Where::Beside) => self.stopped(&cell, &topic, &dir, &mut row),
            (Act::Kill, Where::Beside) => self.killed(&cell, &topic, &dir, &mut row),
            (Act::Restart | Act::Kill, _) => {
                Err("only a broker that the bench starts can be started again".to_owned())
            }
        });
        row.error = ran.err();
        // Inside this process, the engine's time is ours already.
        let beside = |row: &RunRow| match cell.broker.place {
            Where::InProcess => 0,
            _ => row.broker.and_then(|broker| broker.cpu_ns).unwrap_or(0),
        };
        let own_ns = cpu::process_cpu_ns() - cpu_before_ns + beside(&row);
        row.weather = ticks.until_now(own_ns);
        // A broker that could not be stopped in order has been killed; the folder can go either way.
        drop(fs::remove_dir_all(&dir));
        self.progress.step();
        Ok(row)
    }

    fn beside(&self, beside: Beside) -> Result<Limit, RunError> {
        let what = match beside {
            Beside::SequentialWrite => items::SEQUENTIAL_WRITE,
            Beside::WriteSync4k => items::WRITE_SYNC_4K,
        };
        let items = [Item { what, in_short_list: true }];
        let item_time = self.limit_settings.item_time * BESIDE_TIMES;
        let settings = limits::Settings { item_time, ..self.limit_settings };
        let say = &mut |what: &str| self.progress.say(what);
        let limits = limits::measure(&items, self.scratch.path(), settings, say);
        let limits = limits.map_err(RunError::Limit)?;
        Ok(limits.0.into_iter().next().expect("one item was asked for"))
    }

    fn with_broker(
        &self,
        cell: &Cell,
        topic: &str,
        dir: &Path,
        row: &mut RunRow,
    ) -> Result<(), String> {
        let broker = self.broker(cell, dir)?;
        row.broker = Some(BrokerUse {
            start_ms: broker.start_ms,
            idle_resident_bytes: broker.process.and_then(Process::resident_bytes),
            ..BrokerUse::default()
        });
        let target = LoadTarget::Network(broker.address.clone());
        let measured = self.measured_run(cell, topic, &target, broker.process, row);
        // A topic that cannot be deleted is in its owner's way, but it does not make the run a bad one.
        drop(broker.forget(topic));
        let stopped = broker.stop();
        let device_before = measured?;
        stopped.map_err(|e| e.to_string())?;
        if cell.broker.place == Where::Beside {
            row.device_to_stop = self.device_since(device_before);
            self.look_at_segments(dir, row);
        }
        Ok(())
    }

    fn broker(&self, cell: &Cell, dir: &Path) -> Result<Broker, String> {
        let target = self.target.expect("a plan with cells has a target");
        target.broker(cell, dir).map_err(|e| e.to_string())
    }

    fn device_since(&self, before: Option<DeviceCounters>) -> Option<DeviceCounters> {
        let now = Device::holding(self.scratch.path()).as_ref().and_then(Device::counters);
        now.zip(before).map(|(now, before)| now.since(&before))
    }

    fn in_process(
        &self,
        cell: &Cell,
        topic: &str,
        dir: &Path,
        row: &mut RunRow,
    ) -> Result<(), String> {
        let target = LoadTarget::Embedded(dir.join("data"));
        let this = Process(std::process::id());
        self.measured_run(cell, topic, &target, Some(this), row).map(drop)
    }

    /// Makes the topic ready first: what that costs is not the load's bill. Returns what the device had
    /// done by then.
    fn measured_run(
        &self,
        cell: &Cell,
        topic: &str,
        target: &LoadTarget,
        process: Option<Process>,
        row: &mut RunRow,
    ) -> Result<Option<DeviceCounters>, String> {
        self.load(&spec::prepare(cell, target, topic))?;
        let device_before = self.settled();
        let cpu_before_ns = process.and_then(Process::cpu_ns);
        let result = self.load(&spec::measured(cell, target, topic))?;
        let cpu_after_ns = process.and_then(Process::cpu_ns);
        row.device = self.device_since(device_before);
        row.broker = Some(BrokerUse {
            resident_bytes: process.and_then(Process::resident_bytes),
            cpu_ns: cpu_before_ns.zip(cpu_after_ns).map(|(then, now)| now.saturating_sub(then)),
            ..row.broker.unwrap_or_default()
        });
        let failed = refused(&result);
        row.result = Some(result);
        failed.map_or(Ok(device_before), Err)
    }

    /// What the device has done once it is nearly quiet.
    fn settled(&self) -> Option<DeviceCounters> {
        let device = Device::holding(self.scratch.path())?;
        settle(&device);
        device.counters()
    }

    fn load(&self, spec: &RunSpec) -> Result<RunResult, String> {
        run::run(spec, &mut Watch(self.interrupt)).map_err(|e| e.to_string())
    }
}

/// The cell with half of what another reached as its rate, if that is what it asks for.
fn with_rate(cell: &Cell, before: &[Row]) -> Result<Cell, String> {
    let mut cell = cell.clone();
    if cell.client.load == Load::Half {
        let of = cell.half_of.as_deref().unwrap_or_default();
        let reached = before.iter().filter_map(|row| match row {
            Row::Run(run) if run.cell == of => Some(run.result.as_ref()?.produce.as_ref()?),
            _ => None,
        });
        let full = Stat::of(reached.map(|produced| produced.records_per_s).filter(|&r| r > 0.0));
        let full =
            full.ok_or_else(|| format!("no run of {of:?} worked, so nothing can be halved"))?;
        cell.client.load = Load::Rate(full.median / 2.0);
    }
    Ok(cell)
}

fn refused(result: &RunResult) -> Option<String> {
    match result.errors.records_failed {
        0 => None,
        n => Some(format!("{n} records were refused or not acknowledged in time")),
    }
}

/// Waits until the device is nearly quiet: a broker lays out space when a topic is made, and goes on
/// doing so for a moment after it has answered. Others may keep the device busy, so not for ever.
fn settle(device: &Device) {
    const LOOK_EVERY: Duration = Duration::from_millis(10);
    const LOOKS_MAX: u32 = 50;
    const QUIET_LOOKS: u32 = 3;
    const QUIET_BYTES: u64 = 256 << 10;
    let mut before = device.counters();
    let mut quiet = 0;
    for _ in 0..LOOKS_MAX {
        std::thread::sleep(LOOK_EVERY);
        let now = device.counters();
        let moved = now.zip(before).map_or(0, |(now, before)| now.since(&before).written_bytes);
        quiet = if moved <= QUIET_BYTES { quiet + 1 } else { 0 };
        if quiet == QUIET_LOOKS {
            return;
        }
        before = now;
    }
}

struct Watch<'a>(&'a Interrupt);

impl LoadgenProgress for Watch<'_> {
    fn update(&mut self, _: &Snapshot) {}

    fn stop_requested(&self) -> bool {
        self.0.requested()
    }
}

/// Now, in milliseconds since 1970.
pub fn unix_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or(Duration::ZERO).as_millis() as i64
}

/// Why a plan could not be carried through.
#[derive(Debug)]
pub enum RunError {
    /// A limit cannot be measured.
    Limit(LimitError),
    /// A row cannot be kept.
    Evidence(EvidenceError),
}

impl std::fmt::Display for RunError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            RunError::Limit(e) => write!(f, "{e}"),
            RunError::Evidence(e) => write!(f, "{e}"),
        }
    }
}

impl std::error::Error for RunError {}
