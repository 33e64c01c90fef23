//! The results folder: everything that was measured, as raw rows, written while it is measured and
//! read back by `report`. Folders are only ever added.
//!
//! `host.json` the machine · `plan.json` what was to be run · `runs.jsonl` one line for each run and
//! each pass over the limits · `README.md`, `summary.md`, `report.html` made from those.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use headwater_loadgen::result::RunResult;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::host::Host;
use crate::host::device::DeviceCounters;
use crate::host::weather::Weather;
use crate::limits::{Limit, Limits};
use crate::plan::Plan;
use crate::scale::ScaleRow;

/// Version of the rows; goes up when a field changes its meaning.
pub const SCHEMA_VERSION: u32 = 1;

/// Everything in a results folder.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// How it came about.
    pub about: About,
    /// On what.
    pub host: Host,
    /// What was to be run.
    pub plan: Plan,
    /// What was.
    pub rows: Vec<Row>,
}

/// How a folder came about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// Version of the rows.
    pub schema_version: u32,
    /// The command line.
    pub command: String,
    /// When it began, in milliseconds since 1970.
    pub started_unix_ms: i64,
}

/// One line of `runs.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "a few hundred rows, nearly all of them runs")]
pub enum Row {
    /// A pass over the limits.
    Limits(LimitPass),
    /// A run of a cell.
    Run(RunRow),
    /// A repeat of `scale`.
    Scale(ScaleRow),
}

/// One pass over the limits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LimitPass {
    /// 0 is before all runs.
    pub pass: u32,
    /// When it began, in milliseconds since 1970.
    pub started_unix_ms: i64,
    /// What was measured.
    pub limits: Limits,
    /// How noisy it was.
    pub weather: Weather,
}

/// One run of one cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRow {
    /// Name of the cell in the plan.
    pub cell: String,
    /// Which time it was, from 0.
    pub repeat: u32,
    /// Place in the order of all runs, from 0.
    pub order: u32,
    /// When it began, in milliseconds since 1970.
    pub started_unix_ms: i64,
    /// Why there is no result.
    pub error: Option<String>,
    /// What the load generator measured.
    pub result: Option<RunResult>,
    /// What the device did meanwhile.
    pub device: Option<DeviceCounters>,
    /// What it did until the broker had stopped: with what is written later, behind the load.
    #[serde(default)]
    pub device_to_stop: Option<DeviceCounters>,
    /// What the broker used.
    pub broker: Option<BrokerUse>,
    /// The limit that was measured directly before, if the cell wants one.
    pub beside: Option<Limit>,
    /// How noisy it was.
    pub weather: Weather,
}

/// What the broker used, seen from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BrokerUse {
    /// From starting the process until its first answer.
    pub start_ms: Option<f64>,
    /// Resident memory before the first record.
    pub idle_resident_bytes: Option<u64>,
    /// Resident memory after the last.
    pub resident_bytes: Option<u64>,
    /// Processor time from the first record to the last. Of the library: of the whole process, the
    /// load generator included.
    pub cpu_ns: Option<u64>,
    /// Segment files at the end.
    #[serde(default)]
    pub segments: Option<u64>,
    /// Bytes that they occupy.
    #[serde(default)]
    pub segment_bytes: Option<u64>,
    /// Started again on the same directory: from starting the process until its first answer.
    #[serde(default)]
    pub restart_ms: Option<f64>,
    /// From starting it until a record sent to it was durable.
    #[serde(default)]
    pub serve_ms: Option<f64>,
    /// Resident memory after the first answer.
    #[serde(default)]
    pub restart_resident_bytes: Option<u64>,
}

/// Why a folder cannot be written or read.
#[derive(Debug)]
pub struct EvidenceError {
    path: PathBuf,
    error: io::Error,
}

impl fmt::Display for EvidenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "results folder: {}: {}", self.path.display(), self.error)
    }
}

impl std::error::Error for EvidenceError {}

/// A folder that is being filled.
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes the folder with what is known at the start.
    ///
    /// # Errors
    /// When it cannot be made, or holds results already.
    pub fn create(path: &Path, evidence: &Evidence) -> Result<Folder, EvidenceError> {
        let folder = Folder { path: path.to_owned() };
        folder.at("", |path| fs::create_dir_all(path))?;
        folder.at("runs.jsonl", |path| {
            let made = OpenOptions::new().write(true).create_new(true).open(path);
            made.map(drop).map_err(|e| match e.kind() {
                io::ErrorKind::AlreadyExists => {
                    io::Error::other("results are there already: name another folder with --out")
                }
                _ => e,
            })
        })?;
        folder.write_json("about.json", &evidence.about)?;
        folder.write_json("host.json", &evidence.host)?;
        folder.write_json("plan.json", &evidence.plan)?;
        Ok(folder)
    }

    /// Adds a row; it is in the file when this returns.
    pub fn add(&self, row: &Row) -> Result<(), EvidenceError> {
        self.at("runs.jsonl", |path| {
            let mut file = OpenOptions::new().append(true).open(path)?;
            let line = serde_json::to_string(row).map_err(io::Error::other)?;
            writeln!(file, "{line}")
        })
    }

    /// Writes a rendered file, replacing the one before.
    pub fn write(&self, name: &str, text: &str) -> Result<(), EvidenceError> {
        self.at(name, |path| fs::write(path, text))
    }

    /// An existing folder.
    pub fn existing(path: &Path) -> Folder {
        Folder { path: path.to_owned() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Everything that was measured.
    pub fn read(&self) -> Result<Evidence, EvidenceError> {
        let text = self.at("runs.jsonl", |path| fs::read_to_string(path))?;
        let rows = text.lines().map(|line| self.at("runs.jsonl", |_| parse(line)));
        Ok(Evidence {
            about: self.read_json("about.json")?,
            host: self.read_json("host.json")?,
            plan: self.read_json("plan.json")?,
            rows: rows.collect::<Result<_, _>>()?,
        })
    }

    fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), EvidenceError> {
        let text = serde_json::to_string_pretty(value).expect("plain data");
        self.write(name, &(text + "\n"))
    }

    fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<T, EvidenceError> {
        self.at(name, |path| parse(&fs::read_to_string(path)?))
    }

    fn at<T>(
        &self,
        name: &str,
        work: impl FnOnce(&Path) -> io::Result<T>,
    ) -> Result<T, EvidenceError> {
        let path = if name.is_empty() { self.path.clone() } else { self.path.join(name) };
        work(&path).map_err(|error| EvidenceError { path, error })
    }
}

fn parse<T: DeserializeOwned>(text: &str) -> io::Result<T> {
    serde_json::from_str(text).map_err(io::Error::other)
}

/// `results/2026-11-26-2cpu-linux6.18-compare`, or the next free number after it.
pub fn new_path(results: &Path, unix_ms: i64, host_kind: &str, scenario: &str) -> PathBuf {
    let name = format!("{}-{host_kind}-{scenario}", date(unix_ms));
    let mut path = results.join(&name);
    let mut number = 2;
    while path.exists() {
        path = results.join(format!("{name}-{number}"));
        number += 1;
    }
    path
}

/// The day in UTC (civil-from-days, after Howard Hinnant).
pub fn date(unix_ms: i64) -> String {
    let days = unix_ms.div_euclid(86_400_000) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests;
