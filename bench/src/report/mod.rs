//! Evidence to something people read: tables on a terminal, `summary.md` and `README.md`, and one HTML
//! file with plots that opens from disk with no network.
//!
//! Never measures and never asks the machine anything, so that an old folder can be rendered again.

pub mod html;
pub mod markdown;
pub mod plots;
pub mod sections;
pub mod svg;
pub mod terminal;

use std::path::PathBuf;

use serde::Serialize;

use crate::analysis::Analysis;
use crate::eos;
use crate::evidence::{Evidence, EvidenceError, Folder};
use crate::figures;
use crate::figures::verdict::{self, Verdict};
use crate::gate::{self, GateLine};
use crate::journal;
use crate::scale::{self, Figure};
use crate::tune::frontier::{self, Point};

/// Everything that is concluded from evidence: what `--json` prints.
#[derive(Clone, Debug, Serialize)]
pub struct Conclusion {
    /// Medians, spreads and shares.
    pub analysis: Analysis,
    /// Whether the measurement can be trusted.
    pub gate: Vec<GateLine>,
    /// `tune`: all points, by throughput.
    pub points: Vec<Point>,
    /// `tune`: the best of them for the goal.
    pub best: Option<Point>,
    /// `figures`: goals and what came out.
    pub verdicts: Vec<Verdict>,
    /// `scale`: start and memory.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scale: Vec<Figure>,
}

impl Conclusion {
    /// Thinks about the evidence.
    pub fn of(evidence: &Evidence) -> Conclusion {
        let analysis = Analysis::of(evidence);
        let goal = evidence.plan.p99_ms_goal;
        let points = goal.map(|_| frontier::points(&analysis.cells)).unwrap_or_default();
        let best = goal.and_then(|goal| frontier::best(&points, goal).cloned());
        let verdicts = match evidence.plan.scenario.as_str() {
            "figures" => verdict::verdicts(&figures::goals(), &analysis),
            "eos" => verdict::verdicts(&eos::goals(), &analysis),
            "journal" => verdict::verdicts(&journal::goals(&evidence.plan), &analysis),
            _ => Vec::new(),
        };
        let (gate, scale) = (gate::check(evidence, &analysis), scale::figures(evidence));
        Conclusion { gate, points, best, verdicts, scale, analysis }
    }
}

/// Writes every rendered file into the folder and returns the path of the HTML report.
///
/// # Errors
/// When a file cannot be written.
pub fn write(
    folder: &Folder,
    evidence: &Evidence,
    conclusion: &Conclusion,
) -> Result<PathBuf, EvidenceError> {
    folder.write("summary.md", &markdown::summary(evidence, conclusion))?;
    folder.write("report.html", &html::page(evidence, conclusion))?;
    for plot in plots::all(evidence, conclusion) {
        folder.write(&format!("{}.svg", plot.file), &svg::standalone(&plot.svg))?;
    }
    // A person may have added to it what surprised; rendering again must not take that away.
    if !folder.path().join("README.md").exists() {
        folder.write("README.md", &markdown::readme(evidence, conclusion))?;
    }
    Ok(folder.path().join("report.html"))
}

#[cfg(test)]
mod tests;
