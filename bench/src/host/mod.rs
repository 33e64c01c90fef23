//! What the measurements were taken on: processor, memory, kernel, file system, device, and how
//! noisy it was. Read from `/proc` and `/sys`, nothing is changed.
//!
//! Nothing here names the machine or its user: a results folder is meant to be published.

pub mod device;
pub mod process;
pub mod weather;

use std::fs;
use std::path::Path;

use headwater_io::probe;
use serde::{Deserialize, Serialize};

use device::Device;

/// The machine, as stored in `host.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Host {
    /// Model name of the processor.
    pub cpu_model: String,
    /// Processors this process may use.
    pub cpus: usize,
    /// Memory of the machine.
    pub memory_bytes: u64,
    /// Kernel release.
    pub kernel: String,
    /// Backend that `headwater-io` chooses here, and why.
    pub io_backend: String,
    /// File system of the data directory.
    pub file_system: String,
    /// Whether `O_DIRECT` works in the data directory.
    pub direct_io: bool,
    /// The device below it; `None` when it cannot be told (tmpfs, network).
    pub device: Option<DeviceFacts>,
    /// Version of the bench, which is the version of the engine beside it.
    pub headwater_version: String,
    /// Commit the bench was run from, when it was run inside a git checkout.
    pub commit: Option<String>,
    /// Debug builds measure nothing: reports say so.
    pub release_build: bool,
}

/// What the kernel says about the device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceFacts {
    /// Kernel name, such as `nvme0n1`.
    pub name: String,
    /// Model, when it has one.
    pub model: Option<String>,
    /// `write back`: a flush is needed before data survives power loss.
    pub write_cache: Option<String>,
    /// Whether one write can be forced through the cache without a flush.
    pub fua: Option<bool>,
    /// Spinning disk.
    pub rotational: Option<bool>,
}

impl Host {
    /// Looks at this machine and at the directory that will be measured.
    ///
    /// # Errors
    /// When `data_dir` cannot be written.
    pub fn probe(data_dir: &Path) -> std::io::Result<Host> {
        let report = probe::report(Some(data_dir))?;
        let device = Device::holding(data_dir);
        Ok(Host {
            cpu_model: cpu_model(&read("/proc/cpuinfo")),
            cpus: report.cpus.len(),
            memory_bytes: memory_bytes(&read("/proc/meminfo")),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            io_backend: report.choice.to_string(),
            file_system: device::file_system(data_dir).unwrap_or_else(|| "unknown".to_owned()),
            direct_io: report.dir.is_some_and(|(direct, _)| direct == probe::DirectIo::Works),
            device: device.map(|device| device.facts()),
            headwater_version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: commit(),
            release_build: !cfg!(debug_assertions),
        })
    }

    /// A short name for folders, which says what kind of machine it was and not which one:
    /// `2cpu-linux6.18`.
    pub fn kind(&self) -> String {
        let numbers: Vec<&str> = self.kernel.split(['.', '-']).take(2).collect();
        format!("{}cpu-linux{}", self.cpus, numbers.join("."))
    }

    /// One line for people.
    pub fn line(&self) -> String {
        let gib = self.memory_bytes as f64 / (1u64 << 30) as f64;
        let disk = self.device.as_ref().map_or_else(
            || "unknown device".to_owned(),
            |device| {
                let cache = device.write_cache.as_deref().unwrap_or("unknown");
                let fua = if device.fua == Some(true) { ", FUA" } else { ", no FUA" };
                format!("{} ({cache} cache{fua})", device.name)
            },
        );
        let (cpus, model, kernel) = (self.cpus, &self.cpu_model, &self.kernel);
        format!("{cpus} x {model}, {gib:.0} GiB, Linux {kernel}, {} on {disk}", self.file_system)
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn cpu_model(cpuinfo: &str) -> String {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"));
    let model = line.and_then(|line| line.split_once(':')).map(|(_, model)| model.trim());
    model.unwrap_or(std::env::consts::ARCH).to_owned()
}

fn memory_bytes(meminfo: &str) -> u64 {
    let line = meminfo.lines().find(|line| line.starts_with("MemTotal:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)).and_then(|n| n.parse().ok());
    kib.unwrap_or(0u64) * 1024
}

/// The commit of the checkout, with a mark when files differ from it. A run without git is fine.
fn commit() -> Option<String> {
    let git = |args: &[&str]| {
        let output = std::process::Command::new("git").args(args).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    // Only inside a checkout of this project does the commit say anything about what was measured.
    git(&["ls-files", "--error-unmatch", ":/bench/Cargo.toml"])?;
    let commit = git(&["rev-parse", "--short=10", "HEAD"])?;
    let clean = git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    Some(if clean { commit } else { format!("{commit} with local changes") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_from_proc() {
        assert_eq!(cpu_model("processor: 0\nmodel name\t: AMD EPYC\nmodel name\t: x"), "AMD EPYC");
        assert_eq!(cpu_model(""), std::env::consts::ARCH);
        assert_eq!(memory_bytes("MemTotal:       24000 kB\nMemFree: 1 kB"), 24_576_000);
    }

    #[test]
    fn the_kind_names_no_machine() {
        let dir = tempfile::tempdir().unwrap();
        let mut host = Host::probe(dir.path()).unwrap();
        host.kernel = "6.18.44-custom-build7".to_owned();
        host.cpus = 2;
        assert_eq!(host.kind(), "2cpu-linux6.18");
    }
}
