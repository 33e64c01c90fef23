//! `headwater doctor`: what this machine allows, found out by doing each thing once, and how to get the rest.
//!
//! The probing is `headwater_io::probe`'s; here each fact gets a verdict and, where something is missing, advice.

use super::args::DoctorArgs;
use super::error::CliError;
use super::print::{Printer, columns};
use crate::boot::partitions_carried;
use crate::config::broker::BrokerConfig;
use headwater_io::driver::Backend;
use headwater_io::probe::{self, DirectIo, Report};
use serde::Serialize;

/// Less would make a segment fail to be allocated at once.
const FREE_BYTES_WANTED: u64 = 1 << 30;
/// A broker of 10,000 connections, and its files.
const OPEN_FILES_WANTED: u64 = 16_384;

/// What was found.
#[derive(Debug, Serialize)]
struct Findings {
    backend: String,
    cpus: usize,
    memlock_bytes: u64,
    ring_bytes: u64,
    open_files_max: u64,
    direct_io: Option<bool>,
    free_bytes: Option<u64>,
    facts: Vec<Fact>,
}

/// A fact with its verdict.
#[derive(Debug, Serialize)]
struct Fact {
    about: &'static str,
    found: String,
    good: bool,
    advice: Option<String>,
}

/// Probes and prints.
///
/// # Errors
/// When the directory cannot be written.
pub fn run(args: &DoctorArgs, printer: &mut Printer) -> Result<(), CliError> {
    let report = probe::report(args.data_dir.as_deref()).map_err(|error| CliError::File {
        path: args.data_dir.clone().unwrap_or_default(),
        error,
    })?;
    Ok(printer.print(&Findings::new(&report), Findings::text)?)
}

impl Findings {
    fn new(report: &Report) -> Self {
        let mut facts = vec![backend(report), cpus(report), memlock(report), open_files(report)];
        if let Some((direct_io, free_bytes)) = report.dir {
            facts.extend([direct(direct_io), free(free_bytes)]);
        }
        Self {
            backend: report.choice.backend.to_string(),
            cpus: report.cpus.len(),
            memlock_bytes: report.memlock_bytes,
            ring_bytes: report.ring_bytes,
            open_files_max: report.open_files,
            direct_io: report.dir.map(|(direct_io, _)| direct_io == DirectIo::Works),
            free_bytes: report.dir.map(|(_, free_bytes)| free_bytes),
            facts,
        }
    }

    fn text(&self) -> String {
        let rows: Vec<Vec<String>> = self
            .facts
            .iter()
            .map(|fact| {
                let verdict = if fact.good { "ok" } else { "--" };
                let advice = fact.advice.clone().unwrap_or_default();
                vec![verdict.to_owned(), fact.about.to_owned(), fact.found.clone(), advice]
            })
            .collect();
        columns(&rows)
    }
}

fn fact(about: &'static str, found: String, good: bool, advice: &str) -> Fact {
    Fact { about, found, good, advice: (!good).then(|| advice.to_owned()) }
}

fn backend(report: &Report) -> Fact {
    let is_uring = report.choice.backend == Backend::Uring;
    fact("backend", report.choice.to_string(), is_uring, "works, with more CPU for each operation")
}

fn cpus(report: &Report) -> Fact {
    let count = report.cpus.len();
    let found = format!("{count} usable: {:?}", report.cpus);
    fact(
        "processors",
        found,
        count >= 2,
        "a load generator beside the broker takes its only processor",
    )
}

fn memlock(report: &Report) -> Fact {
    let rings = report.memlock_bytes / report.ring_bytes.max(1);
    let found = match report.memlock_bytes {
        u64::MAX => "no limit".to_owned(),
        bytes => format!("{bytes} bytes, enough for {rings} rings of {} bytes", report.ring_bytes),
    };
    let good = rings >= report.cpus.len() as u64;
    fact("lockable memory", found, good, "raise `ulimit -l`, or take fewer shards")
}

fn open_files(report: &Report) -> Fact {
    let good = report.open_files >= OPEN_FILES_WANTED;
    let connections = BrokerConfig::default().connections_max as u64;
    let partitions = partitions_carried(report.open_files, connections);
    let found = format!(
        "{}, enough for {partitions} idle partitions beside {connections} connections",
        report.open_files
    );
    let advice = "raise `ulimit -Hn`: each connection and each segment takes one";
    fact("open files", found, good, advice)
}

fn direct(direct_io: DirectIo) -> Fact {
    match direct_io {
        DirectIo::Works => {
            fact("direct I/O", "works with blocks of 4096 bytes".to_owned(), true, "")
        }
        DirectIo::Refused => {
            let advice = "set durability.path=buffered, or put the data directory on ext4 or xfs";
            fact("direct I/O", "refused by this file system".to_owned(), false, advice)
        }
    }
}

fn free(free_bytes: u64) -> Fact {
    let good = free_bytes >= FREE_BYTES_WANTED;
    fact("free space", format!("{free_bytes} bytes"), good, "make room: a full disk refuses writes")
}
