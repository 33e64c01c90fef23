//! What a power cut costs: for each acks, durability and path, acknowledged records that are gone after
//! it, and how old they were at most.

use std::fmt::Write;

use serde::Serialize;

use crate::faults::{Fault, Faults};
use crate::model::Level;
use crate::plan::Wish;
use crate::run;

/// One line of the table.
#[derive(Debug, Serialize)]
pub struct Line {
    /// What producers wait for: -1 is all.
    pub acks: i16,
    /// `durability` of the topics.
    pub durability: &'static str,
    /// `durability.path` of the broker.
    pub path: String,
    /// Runs, each with one or more power cuts.
    pub runs: u64,
    /// Records that were acknowledged (with acks=0: sent).
    pub acknowledged: u64,
    /// Of them, gone.
    pub lost: u64,
    /// Their bytes.
    pub lost_bytes: u64,
    /// The most that one run lost.
    pub lost_max: u64,
    /// The oldest of them had been acknowledged so long before the cut.
    pub window_ms: f64,
}

/// All lines, each from so many seeds.
///
/// # Errors
/// When a checker speaks: then the figures mean nothing.
pub fn table(seeds: u64) -> Result<Vec<Line>, String> {
    let mut lines = Vec::new();
    for path in ["journal", "direct", "buffered"] {
        for acks in [0, 1, -1] {
            for durability in [Level::Durable, Level::Written, Level::Appended] {
                lines.push(line(acks, durability, path, seeds)?);
            }
        }
    }
    Ok(lines)
}

fn line(acks: i16, durability: Level, path: &str, seeds: u64) -> Result<Line, String> {
    let mut line = Line {
        acks,
        durability: durability.name(),
        path: path.to_owned(),
        runs: seeds,
        acknowledged: 0,
        lost: 0,
        lost_bytes: 0,
        lost_max: 0,
        window_ms: 0.0,
    };
    for seed in 0..seeds {
        let wish = Wish {
            path: Some(path.to_owned()),
            faults: Faults::NONE.with(Fault::PowerCut),
            always: true,
            durability: Some(durability),
            acks: Some(acks),
            ..Wish::of(seed)
        };
        let outcome = run::run(&wish)?;
        if let Some(violation) = outcome.violation {
            return Err(format!("seed {seed}, acks={acks}, path {path}: {violation}"));
        }
        line.acknowledged += outcome.acknowledged;
        let lost = outcome.losses.iter().map(|loss| loss.records as u64).sum();
        line.lost += lost;
        line.lost_max = line.lost_max.max(lost);
        line.lost_bytes += outcome.losses.iter().map(|loss| loss.bytes).sum::<u64>();
        let oldest = outcome.losses.iter().map(|loss| loss.age_ns).max().unwrap_or(0);
        line.window_ms = line.window_ms.max(oldest as f64 / 1e6);
    }
    Ok(line)
}

/// The table for people.
pub fn text(lines: &[Line]) -> String {
    let mut out = format!(
        "{:<9} {:<5} {:<11} {:>5} {:>13} {:>8} {:>11} {:>12} {:>10}\n",
        "path",
        "acks",
        "durability",
        "runs",
        "acknowledged",
        "lost",
        "lost bytes",
        "most in one",
        "window ms"
    );
    for line in lines {
        let acks = if line.acks == -1 { "all".to_owned() } else { line.acks.to_string() };
        let Line { path, durability, runs, acknowledged, lost, .. } = line;
        let Line { lost_bytes, lost_max, window_ms, .. } = line;
        writeln!(
            out,
            "{path:<9} {acks:<5} {durability:<11} {runs:>5} {acknowledged:>13} {lost:>8} {lost_bytes:>11} {lost_max:>12} {window_ms:>10.3}",
        )
        .expect("a string takes everything");
    }
    out
}
