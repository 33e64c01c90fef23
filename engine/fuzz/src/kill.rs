//! Real processes, a real disk, and SIGKILL: a broker is killed at random moments under load and started again on the
//! same directory, while one client goes on; at the end everything that was ever acknowledged is read back.
//!
//! The client is the load generator, idempotent, acks=all; its ledger counts what is lost, twice, out of order, altered
//! or at another offset than was acknowledged. A kill is not a power cut: the page cache survives it.

mod broker;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use headwater_io::driver::Backend;
use headwater_io::sim::rng::Rng;
use headwater_loadgen::progress::{Progress, Snapshot};
use headwater_loadgen::result::RunResult;
use headwater_loadgen::run;
use headwater_loadgen::spec::{Acks, RunSpec};

use broker::Broker;

/// Records per second: enough for many segments, and for commits on their way at every moment.
const RATE_PER_S: f64 = 20_000.0;
/// Time between a start and the next kill.
const LIFE_MS_MAX: u64 = 500;
/// The load ends when the kills are over; this only bounds it.
const DURATION_MAX: Duration = Duration::from_secs(3600);

/// What is done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// A program that is a broker when its first argument is `serve`.
    pub program: PathBuf,
    /// How it does its I/O.
    pub backend: Backend,
    /// Settings, as `name=value`.
    pub settings: Vec<String>,
    /// How often it is killed.
    pub kills: u32,
    /// Decides when, and what the records are.
    pub seed: u64,
    /// An empty folder on a disk.
    pub dir: PathBuf,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What the client saw.
    pub result: RunResult,
    /// Kills that hit a running broker.
    pub kills: u32,
}

/// Kills, and reads everything back.
///
/// # Errors
/// In words: a broker that does not start again, a client that gave up, a promise that was broken.
pub fn run(plan: &Plan) -> Result<Outcome, String> {
    let data = plan.dir.join("data");
    let mut broker = Broker::start(plan, &data, "127.0.0.1:0")?;
    let address = broker.address().to_owned();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let (spec, until) = (spec(plan, &address), Until(&over));
        let client = scope.spawn(move || run::run(&spec, &mut { until }));
        let killed =
            kill_again_and_again(plan, &data, &address, &mut broker, || client.is_finished());
        over.store(true, Ordering::Relaxed);
        let result = client.join().map_err(|_| "the client panicked".to_owned())?;
        let result = result.map_err(|error| format!("the client has ended: {error}"))?;
        killed?;
        let outcome = Outcome { result, kills: plan.kills };
        judge(&outcome).map(|()| outcome)
    })
}

fn kill_again_and_again(
    plan: &Plan,
    data: &Path,
    address: &str,
    broker: &mut Broker,
    client_ended: impl Fn() -> bool,
) -> Result<(), String> {
    let mut rng = Rng::new(plan.seed);
    for _ in 0..plan.kills {
        thread::sleep(Duration::from_millis(5 + rng.below(LIFE_MS_MAX)));
        if client_ended() {
            return Err("the client ended before the last kill".to_owned());
        }
        broker.kill();
        *broker = Broker::start(plan, data, address)?;
    }
    thread::sleep(Duration::from_millis(LIFE_MS_MAX));
    Ok(())
}

fn spec(plan: &Plan, address: &str) -> RunSpec {
    RunSpec::network(address).with(|spec| {
        spec.topic = "kills".into();
        spec.partitions = Some(4);
        spec.topic_config = vec![("segment.bytes".into(), "1048576".into())];
        spec.duration = Some(DURATION_MAX);
        spec.rate_per_s = Some(RATE_PER_S);
        spec.record_bytes = 300;
        spec.acks = Acks::All;
        spec.linger = Duration::from_millis(1);
        spec.producers = 2;
        spec.idempotent = true;
        spec.verify = true;
        spec.seed = Some(plan.seed);
        spec.request_timeout = Duration::from_secs(10);
    })
}

/// The load ends when this is set.
struct Until<'a>(&'a AtomicBool);

impl Progress for Until<'_> {
    fn update(&mut self, _: &Snapshot) {}

    fn stop_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

fn judge(outcome: &Outcome) -> Result<(), String> {
    let RunResult { verify, errors, .. } = &outcome.result;
    let counts = verify.as_ref().ok_or("nothing was read back")?;
    if counts.wrong(false) > 0 || errors.records_failed > 0 {
        return Err(format!("promises were broken: {counts:?}, {errors:?}"));
    }
    if counts.records_acked == 0 || errors.disconnects < u64::from(outcome.kills) {
        return Err(format!("the kills met no load: {counts:?}, {errors:?}"));
    }
    Ok(())
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.result.verify.clone().unwrap_or_default();
        write!(
            f,
            "{} kills: {} records acknowledged, all there once and in order; {} more are there that were not \
             acknowledged, {} batches were sent again",
            self.kills,
            counts.records_acked,
            counts.unacknowledged_present,
            self.result.errors.batches_retried
        )
    }
}
