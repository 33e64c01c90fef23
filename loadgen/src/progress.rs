//! What a person sees while a run lasts: a bar on standard error, and only if that is a terminal.
//!
//! The run itself knows nothing of bars. Its thread writes a few numbers into [`Outside`]; the thread
//! that started it looks at them ten times a second and shows them to a [`Progress`].

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::spec::RunSpec;

/// What another thread may see of a run, and ask of it.
#[derive(Debug, Default)]
pub struct Outside {
    /// Ask it to end early.
    pub stop: AtomicBool,
    /// Records acknowledged.
    pub acked: AtomicU64,
    /// Records consumed.
    pub consumed: AtomicU64,
    /// The [`Stage`] it is in.
    pub stage: AtomicU64,
    over: Mutex<bool>,
    over_changed: Condvar,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Finding topic and brokers.
    Setup,
    /// Sending or reading.
    Load,
    /// Waiting for the last answers.
    Drain,
    /// Reading back.
    Verify,
}

/// A run at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// How far it is.
    pub stage: Stage,
    /// Records acknowledged so far.
    pub acked: u64,
    /// Records consumed so far.
    pub consumed: u64,
}

impl Outside {
    /// Says that the run has ended.
    pub fn end(&self) {
        *self.over.lock().expect("a flag") = true;
        self.over_changed.notify_all();
    }

    /// Waits for the end, but not longer than `patience`; whether it has come.
    pub fn wait_for_end(&self, patience: Duration) -> bool {
        let over = self.over.lock().expect("a flag");
        let waited = self.over_changed.wait_timeout_while(over, patience, |over| !*over);
        *waited.expect("a flag").0
    }

    /// The run at this moment.
    pub fn snapshot(&self) -> Snapshot {
        let stage = match self.stage.load(Ordering::Relaxed) {
            0 => Stage::Setup,
            1 => Stage::Load,
            2 => Stage::Drain,
            _ => Stage::Verify,
        };
        Snapshot {
            stage,
            acked: self.acked.load(Ordering::Relaxed),
            consumed: self.consumed.load(Ordering::Relaxed),
        }
    }
}

/// Watches a run and may end it.
pub trait Progress {
    /// Called about ten times a second.
    fn update(&mut self, snapshot: &Snapshot);

    /// True to end the run now, with a result of what has happened.
    fn stop_requested(&self) -> bool {
        false
    }
}

/// Watches nothing.
pub struct Silent;

impl Progress for Silent {
    fn update(&mut self, _: &Snapshot) {}
}

/// A bar on a terminal, and the user's Ctrl-C.
pub struct Terminal {
    bar: ProgressBar,
    goal: Goal,
    reads: bool,
    loading_since: Option<Instant>,
    last: (Instant, u64),
    stop: Arc<AtomicBool>,
}

enum Goal {
    Records(u64),
    Duration(Duration),
    Unknown,
}

impl Terminal {
    /// For a run of `spec`; `stop` becomes true when the user wants it to end.
    pub fn new(spec: &RunSpec, stop: Arc<AtomicBool>) -> Self {
        let goal = match (spec.records, spec.effective_duration()) {
            (_, Some(duration)) => Goal::Duration(duration),
            (Some(records), None) => Goal::Records(records),
            (None, None) => Goal::Unknown,
        };
        let bar = match std::io::stderr().is_terminal() {
            true => ProgressBar::new(1000),
            false => ProgressBar::hidden(),
        };
        let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}");
        bar.set_style(style.expect("a constant template"));
        let last = (Instant::now(), 0);
        Terminal { bar, goal, reads: spec.read_only, loading_since: None, last, stop }
    }

    /// Clears the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn share(&self, records: u64) -> f64 {
        match (&self.goal, self.loading_since) {
            (Goal::Records(goal), _) => records as f64 / *goal as f64,
            (Goal::Duration(goal), Some(since)) => since.elapsed().div_duration_f64(*goal),
            _ => 0.0,
        }
    }
}

impl Progress for Terminal {
    fn update(&mut self, snapshot: &Snapshot) {
        if self.bar.is_hidden() {
            return;
        }
        let records = if self.reads { snapshot.consumed } else { snapshot.acked };
        if snapshot.stage == Stage::Load && self.loading_since.is_none() {
            self.loading_since = Some(Instant::now());
        }
        let (then, before) = std::mem::replace(&mut self.last, (Instant::now(), records));
        let rate = records.saturating_sub(before) as f64 / then.elapsed().as_secs_f64().max(1e-3);
        self.bar.set_position((self.share(records).min(1.0) * 1000.0) as u64);
        self.bar.set_message(match snapshot.stage {
            Stage::Setup => "connecting".to_owned(),
            Stage::Load => format!("{records} records, {rate:.0}/s"),
            Stage::Drain => format!("{records} records, waiting for the last answers"),
            Stage::Verify => "reading everything back".to_owned(),
        });
    }

    fn stop_requested(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
