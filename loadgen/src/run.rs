//! One run from start to end: a thread with a driver of its own, tied to a processor, while the
//! calling thread shows progress and may end it early.
//!
//! This is the only place that knows about threads, processors and the operating system's sockets.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use headwater_io::driver::{Backend, Driver};
use headwater_io::socket::Socket;
use headwater_io::{cpu, probe};

use crate::client::network::{Connect, Network};
use crate::client::setup::SetupError;
use crate::input::Input;
use crate::latency::Latencies;
use crate::payload::mix;
use crate::progress::{Outside, Progress};
use crate::result::RunResult;
use crate::session::Session;
use crate::session::outcome::Machine;
use crate::spec::{Cpu, RunSpec, Target};
use crate::spec_rules::{self, SpecError};

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
    /// This is not built yet.
    NotBuilt(&'static str),
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
            RunError::NotBuilt(what) => write!(f, "{what} is not available in this build"),
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
    let Target::Network(address) = &spec.target else {
        return Err(RunError::NotBuilt("--embedded"));
    };
    let backend = probe::choose(spec.backend).backend;
    let usable = cpu::usable();
    let can_spin = usable.len() > 1 && spec.spin != Some(Duration::ZERO);
    let spin = spec.spin.unwrap_or(if can_spin { SPIN } else { Duration::ZERO });
    // Before pinning: the driver's own threads should be free to run anywhere.
    let driver = Driver::open(backend, spin).map_err(|e| RunError::Driver(backend, e))?;
    let network = Network::new(driver, connect(), spec.client_id.clone(), spec.request_timeout);
    let machine = Machine { backend: backend.to_string(), spin, cpu: pin(spec.cpu, &usable) };

    let seed = spec.seed.unwrap_or_else(draw_seed);
    let (spec, outside) = (spec.clone(), Arc::clone(outside));
    let mut session = Session::new(spec, seed, network, address.clone(), input, outside, can_spin);
    while !session.turn()? {}
    Ok(session.outcome(&machine))
}

/// Ties this thread to a processor. Not being able to is no reason not to run.
fn pin(wanted: Cpu, usable: &[usize]) -> Option<usize> {
    let number = match wanted {
        Cpu::Last if usable.len() > 1 => *usable.last()?,
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
