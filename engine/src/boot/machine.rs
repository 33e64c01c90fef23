//! What this machine offers and what of it is taken: processors, memory, direct I/O, chance.

use std::io;
use std::path::Path;
use std::time::Duration;

use headwater_io::cpu;
use headwater_io::file::{Access, Fs};
use headwater_io::probe::{self, DirectIo};

use super::BootError;
use crate::config::broker::{BrokerConfig, DurabilityPath};
use crate::model::ShardId;

/// The most memory taken when nothing is said, in bytes. More would keep more of the tail hot; but each
/// first touch of memory is a page fault, and what was touched before is reused.
const MEMORY_MAX: u64 = 512 << 20;
/// What waking a sleeping thread costs on the machines this was measured on.
const SPIN: Duration = Duration::from_micros(50);
/// On few processors the kernel's workers and the clients need the time, too.
const SPIN_FEW: Duration = Duration::from_micros(25);

/// With no more processors than this, threads are left where the scheduler puts them: a disk with one
/// queue interrupts one processor, and its completions wait behind whoever is pinned there
/// (`engine/docs/notes/2026-11-26-where-threads-run.md`).
pub const FEW_CPUS: usize = 2;

/// Descriptors for journals, rings, the cluster's metadata, files that are opened for a moment.
const OTHER_FILES: u64 = 128;

/// How many idle partitions of one segment there are descriptors for, beside so many connections.
pub fn partitions_carried(open_files: u64, connections: u64) -> u64 {
    open_files.saturating_sub(connections + OTHER_FILES)
}

/// One core is left to those who use the engine, as long as there are few.
pub(super) fn shard_count(config: &BrokerConfig) -> usize {
    let cpus = cpu::usable().len();
    match config.shards {
        0 if cpus <= 4 => cpus.saturating_sub(1).max(1),
        0 => cpus,
        n => n as usize,
    }
}

/// Looking for work costs nothing on a core of its own; with as many shards as processors it would take
/// the time of those who have some.
pub(super) fn spin(config: &BrokerConfig, shards: usize) -> Duration {
    match config.spin_us {
        Some(us) => Duration::from_micros(us),
        None if shards >= cpu::usable().len() => Duration::ZERO,
        None if cpu::usable().len() <= FEW_CPUS => SPIN_FEW,
        None => SPIN,
    }
}

pub(super) fn pin(config: &BrokerConfig, id: ShardId) {
    let cpus = cpu::usable();
    if config.pin && cpus.len() > FEW_CPUS {
        let cpu = cpus[(config.cpu_first + usize::from(id.0)) % cpus.len()];
        if let Err(error) = cpu::pin(cpu) {
            tracing::warn!(cpu, %error, "a shard could not be pinned");
        }
    }
}

pub(super) fn use_direct_io(config: &BrokerConfig) -> Result<bool, BootError> {
    if config.path == DurabilityPath::Buffered {
        return Ok(false);
    }
    match probe::direct_io(&config.data_dir) {
        Ok(DirectIo::Works) => Ok(true),
        Ok(DirectIo::Refused) => {
            let dir = config.data_dir.display();
            tracing::warn!(%dir, "the file system refuses direct I/O: writes go through the page cache");
            Ok(false)
        }
        Err(e) => Err(BootError::Io("the data directory cannot be written", e)),
    }
}

pub(super) fn memory_bytes(config: &BrokerConfig) -> usize {
    let auto = || (physical_memory_bytes() / 4).min(MEMORY_MAX);
    config.memory_bytes.unwrap_or_else(auto) as usize
}

fn physical_memory_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = total.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kib.map_or(MEMORY_MAX, |kib| kib * 1024)
}

/// A random identity.
///
/// # Panics
/// When the random device, which was readable at start, no longer is.
pub fn new_id() -> [u8; 16] {
    random_bytes().expect("the random device was readable at start")
}

fn random_bytes() -> io::Result<[u8; 16]> {
    let fs = Fs::os();
    let device = fs.open(Path::new("/dev/urandom"), Access::Read)?;
    let mut bytes = [0; 16];
    fs.read_at(&device, 0, &mut bytes)?;
    Ok(bytes)
}

pub(super) fn random_hex() -> Result<String, BootError> {
    let bytes = random_bytes().map_err(|e| BootError::Io("/dev/urandom", e))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
