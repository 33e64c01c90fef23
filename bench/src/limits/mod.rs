//! What this disk and this machine allow at best, measured with the engine's own ring, files and
//! buffers and with no log in between. Every result of `compare` is shown as a share of these.
//!
//! [`measure`] runs a list of [`Item`]s once; callers run it before and after their work, because a
//! limit is only worth something beside figures of the same minutes.

pub mod disk;
pub mod items;
pub mod latency;
pub mod loopback;
pub mod processor;

use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

use headwater_io::driver::Backend;
use headwater_io::probe;
use serde::{Deserialize, Serialize};

use disk::Scratch;
use items::{Item, What};
use latency::LatencyUs;

/// One limit, measured once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    /// Which item; stable, for programs.
    pub id: String,
    /// What it is, for people.
    pub name: String,
    /// Group in tables: `disk`, `network`, `processor`.
    pub group: String,
    /// Operations per second.
    pub per_s: f64,
    /// Bytes moved by one operation; 0 where an operation has no size.
    pub bytes: u64,
    /// Millions of bytes per second; `null` where an operation has no size.
    pub mb_per_s: Option<f64>,
    /// Time of one operation; `null` where it was not taken one by one.
    pub latency_us: Option<LatencyUs>,
    /// Processor time of one operation (for the network: on the receiving side), spinning included.
    pub cpu_us_per_op: f64,
}

/// All limits of one pass, in the order of the items.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Limits(pub Vec<Limit>);

impl Limits {
    /// The limit of an item, if it was among those measured.
    pub fn get(&self, what: What) -> Option<&Limit> {
        let id = what.id();
        self.0.iter().find(|limit| limit.id == id)
    }
}

/// How limits are measured.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Time for each item.
    pub item_time: Duration,
    /// Size of the file that is written and read.
    pub file_bytes: u64,
    /// How long a thread looks for a completion before it sleeps.
    pub spin: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            item_time: Duration::from_millis(300),
            file_bytes: 256 << 20,
            spin: Duration::from_micros(200),
        }
    }
}

/// Why a limit could not be measured.
#[derive(Debug)]
pub struct LimitError {
    /// What was being measured.
    pub what: String,
    /// What the system said.
    pub error: io::Error,
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot measure {}: {}", self.what, self.error)
    }
}

impl std::error::Error for LimitError {}

/// Measures each item once, in order. `progress` is told what comes next.
///
/// # Errors
/// The first item that fails; a limit that cannot be measured makes every share meaningless.
pub fn measure(
    items: &[Item],
    dir: &Path,
    settings: Settings,
    progress: &mut dyn FnMut(&str),
) -> Result<Limits, LimitError> {
    let fail = |what: &str| {
        let what = what.to_owned();
        move |error| LimitError { what, error }
    };
    let backend = probe::choose(None).backend;
    let needs_disk = items.iter().any(|item| item.what.group() == "disk");
    let mut scratch = None;
    if needs_disk {
        progress("writing a file to measure on");
        let made = Scratch::create(dir, settings.file_bytes, backend);
        scratch = Some(made.map_err(fail("the disk: writing a file failed"))?);
    }
    let mut limits = Vec::with_capacity(items.len());
    for item in items {
        let name = item.what.name();
        progress(&name);
        let sample = run(item.what, scratch.as_mut(), backend, settings).map_err(fail(&name))?;
        limits.push(sample.into_limit(item.what));
    }
    Ok(Limits(limits))
}

fn run(
    what: What,
    scratch: Option<&mut Scratch>,
    backend: Backend,
    settings: Settings,
) -> io::Result<Sample> {
    match what {
        What::Disk(job) => scratch.expect("made for disk items").run(job, settings),
        What::RoundTrip { in_flight, spins } => {
            let spin = if spins { settings.spin } else { Duration::ZERO };
            loopback::round_trips(backend, spin, in_flight, settings.item_time)
        }
        What::Stream { chunk_bytes } => loopback::stream(backend, chunk_bytes, settings.item_time),
        What::Crc { bytes } => Ok(processor::crc(bytes, settings.item_time)),
        What::Copy { bytes } => Ok(processor::copy(bytes, settings.item_time)),
        What::Enter => processor::enter(backend, settings.item_time),
    }
}

/// What one item yielded before it is given its name.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Operations that completed.
    pub ops: u64,
    /// In this time.
    pub elapsed: Duration,
    /// Bytes of one operation.
    pub bytes: u64,
    /// Processor time of all of them.
    pub cpu_ns: u64,
    /// Time of one.
    pub latency_us: Option<LatencyUs>,
}

impl Sample {
    fn into_limit(self, what: What) -> Limit {
        let per_s = self.ops as f64 / self.elapsed.as_secs_f64();
        Limit {
            id: what.id(),
            name: what.name(),
            group: what.group().to_owned(),
            per_s,
            bytes: self.bytes,
            mb_per_s: (self.bytes > 0).then_some(per_s * self.bytes as f64 / 1e6),
            latency_us: self.latency_us,
            cpu_us_per_op: self.cpu_ns as f64 / 1e3 / self.ops.max(1) as f64,
        }
    }
}

#[cfg(test)]
mod tests;
