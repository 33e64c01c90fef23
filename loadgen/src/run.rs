//! One run from start to end: a thread with a driver of its own, tied to a processor, while the
//! calling thread shows progress and may end it early.
//!
//! This is the only place that knows about threads, processors and the operating system's sockets.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use headwater::config::broker::BrokerConfig;
use headwater::config::parse::Assignment;
use headwater::embedded::Engine;
use headwater_io::driver::{Backend, Driver};
use headwater_io::socket::Socket;
use headwater_io::{cpu, probe};

use crate::client::embedded::Embedded;
use crate::client::network::{Connect, Network};
use crate::client::setup::SetupError;
use crate::client::sink::Sink;
use crate::input::Input;
use crate::latency::Latencies;
use crate::payload::mix;
use crate::progress::{Outside, Progress};
use crate::result::RunResult;
use crate::session::Session;
use crate::session::outcome::Machine;
use crate::spec::{Cpu, RunSpec, Target};
use crate::spec_rules::{self, SpecError};

/// How long it looks when there are few processors and the broker, or the kernel, needs them too.
const SPIN_FEW: Duration = Duration::from_micros(20);

/// With no more processors than this, the thread keeps away from the one that the disk interrupts
/// (`engine/docs/notes/2026-11-26-where-threads-run.md`).
const FEW_CPUS: usize = 2;

/// With a processor to itself, the thread looks for work this long before it sleeps: long enough to
/// bridge the time between two answers under load, because waking up costs more than most answers
/// take; short enough to leave the processor to a broker that has more threads than processors.
const SPIN: Duration = Duration::from_micros(100);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Why there is no result.
#[derive(Debug)]
pub enum RunError {
    /// The settings make no sense together.
    Spec(SpecError),
    /// The input file cannot be read.
    Input {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Sockets cannot be driven at all.
    Driver(Backend, io::Error),
    /// The topic is not there and cannot be made ready.
    Setup(SetupError),
    /// The brokers that lead the topic cannot be reached.
    Unreachable(String),
    /// What was written cannot be read back.
    ReadBack(SetupError),
    /// The engine in this process cannot be opened, or not be closed cleanly.
    Engine(PathBuf, String),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::Spec(e) => write!(f, "{e}"),
            RunError::Input { path, error } => {
                write!(f, "cannot use --input {}: {error}", path.display())
            }
            RunError::Driver(backend, e) => {
                write!(f, "cannot use backend {backend}: {e}; try another --backend")
            }
            RunError::Setup(SetupError::Call(e)) => {
                write!(f, "{e}; is a broker running there, and is --target right?")
            }
            RunError::Setup(e) => write!(f, "{e}"),
            RunError::Unreachable(why) => {
                write!(
                    f,
                    "cannot reach the brokers that lead the topic, at the addresses they advertise: {why}"
                )
            }
            RunError::ReadBack(e) => write!(f, "cannot read everything back: {e}"),
            RunError::Engine(dir, why) => write!(f, "the engine on {}: {why}", dir.display()),
        }
    }
}

impl std::error::Error for RunError {}

/// A result and the whole distribution behind its main latency.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The result.
    pub result: RunResult,
    /// Of records in an open loop, of requests in saturation, of fetches when only reading.
    pub latencies: Latencies,
}

/// Does one run.
///
/// # Errors
/// When there is no result at all; a run that had errors on the way has a result that counts them.
pub fn run(spec: &RunSpec, progress: &mut dyn Progress) -> Result<RunResult, RunError> {
    run_recorded(spec, progress).map(|recorded| recorded.result)
}

/// As [`run`], with the distribution of latencies.
///
/// # Errors
/// As [`run`].
pub fn run_recorded(spec: &RunSpec, progress: &mut dyn Progress) -> Result<Recorded, RunError> {
    spec_rules::check(spec).map_err(RunError::Spec)?;
    let outside = Arc::new(Outside::default());
    thread::scope(|scope| {
        let work = || {
            // Ends the wait below also when the run panics.
            let _over = EndOnDrop(&outside);
            on_this_thread(spec, &outside)
        };
        let builder = thread::Builder::new().name("loadgen".into());
        let worker = builder.spawn_scoped(scope, work).expect("a thread can be started");
        while !outside.wait_for_end(LOOK_EVERY) {
            progress.update(&outside.snapshot());
            if progress.stop_requested() {
                outside.stop.store(true, Ordering::Relaxed);
            }
        }
        worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

struct EndOnDrop<'a>(&'a Outside);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

fn on_this_thread(spec: &RunSpec, outside: &Arc<Outside>) -> Result<Recorded, RunError> {
    let input = match &spec.input {
        None => None,
        Some(path) => {
            let input = Input::read(path, spec.producers, spec.records);
            let input = input.map_err(|error| RunError::Input { path: path.clone(), error })?;
            Some(Rc::new(input))
        }
    };
    let usable = cpu::usable();
    let can_spin = usable.len() > 1 && spec.spin != Some(Duration::ZERO);
    let few = usable.len() <= FEW_CPUS;
    let spin = spec.spin.unwrap_or(match (can_spin, few) {
        (false, _) => Duration::ZERO,
        (true, true) => SPIN_FEW,
        (true, false) => SPIN,
    });
    // Before pinning: threads that are started here should be free to run anywhere.
    let (sink, backend) = open(spec, spin)?;
    let machine = Machine { backend, spin, cpu: pin(spec.cpu, &usable) };
    cpu::yield_to_short_work();

    let seed = spec.seed.unwrap_or_else(draw_seed);
    let mut session = Session::new(spec.clone(), seed, sink, input, Arc::clone(outside), can_spin);
    let ended = loop {
        match session.turn() {
            Ok(false) => {}
            Ok(true) => break Ok(()),
            Err(e) => break Err(e),
        }
    };
    let (recorded, sink) = session.outcome(&machine);
    let closed = close(spec, sink);
    ended.and(closed).map(|()| recorded)
}

/// The way to the target, and by what it is driven.
fn open(spec: &RunSpec, spin: Duration) -> Result<(Sink, String), RunError> {
    match &spec.target {
        Target::Network(_) => {
            let backend = probe::choose(spec.backend).backend;
            let driver = Driver::open(backend, spin).map_err(|e| RunError::Driver(backend, e))?;
            let network =
                Network::new(driver, connect(), spec.client_id.clone(), spec.request_timeout);
            Ok((Sink::Network(Box::new(network)), backend.to_string()))
        }
        Target::Embedded(dir) => {
            let engine = open_engine(spec, dir);
            let engine = engine.map_err(|why| RunError::Engine(dir.clone(), why))?;
            // It says why as well; that belongs on its own log line, not in a result.
            let backend = engine.backend();
            let backend = backend.strip_prefix("backend=").unwrap_or(&backend);
            let backend = backend.split(' ').next().unwrap_or_default().to_owned();
            Ok((Sink::Embedded(Box::new(Embedded::new(engine, spin))), backend))
        }
    }
}

fn open_engine(spec: &RunSpec, dir: &Path) -> Result<Engine, String> {
    let assign = |(name, value): &(String, String)| Assignment::stated(name, value);
    let mut assignments: Vec<Assignment> = spec.engine_settings.iter().map(assign).collect();
    if let Some(backend) = spec.backend {
        assignments.push(Assignment::stated("backend", &backend.to_string()));
    }
    let config = BrokerConfig::from_sources(&assignments).map_err(|e| e.to_string())?;
    Engine::open(dir, config).map_err(|e| e.to_string())
}

fn close(spec: &RunSpec, sink: Sink) -> Result<(), RunError> {
    match (sink, &spec.target) {
        (Sink::Embedded(embedded), Target::Embedded(dir)) => {
            let closed = embedded.into_engine().close();
            closed.map_err(|e| RunError::Engine(dir.clone(), format!("not closed cleanly: {e}")))
        }
        _ => Ok(()),
    }
}

/// Ties this thread to a processor. Not being able to is no reason not to run.
fn pin(wanted: Cpu, usable: &[usize]) -> Option<usize> {
    let number = match wanted {
        Cpu::Last if usable.len() > FEW_CPUS => *usable.last()?,
        // With few, away from the one that the disk interrupts.
        Cpu::Last if usable.len() > 1 => cpu::least_interrupted()?,
        Cpu::Last | Cpu::Unpinned => return None,
        Cpu::Number(number) => number,
    };
    cpu::pin(number).ok().map(|()| number)
}

/// Connects by the operating system, to the first address of a name that answers.
fn connect() -> Connect {
    Arc::new(|address| {
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for resolved in address.to_socket_addrs()?.collect::<Vec<SocketAddr>>() {
            match Socket::connect(resolved) {
                Ok(socket) => return Ok(socket),
                Err(e) => last = e,
            }
        }
        Err(last)
    })
}

fn draw_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    mix(now.as_nanos() as u64 ^ u64::from(std::process::id()) << 40)
}
